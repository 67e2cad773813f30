//! Leasehold's side of the benchmark, as the peers' adapters are spoken to.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const CONTENDERS: [&str; 3] = ["component", "native", "raw"];

struct Contender {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Contender {
    fn start(section: &str, contender: &str, folder: &Path) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leasehold-bench"));
        command.args(["contend", section, contender]).arg(folder).arg("unsynced");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = child.stdin.take().context("no input")?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut contender = Self { child, input, lines };
        ensure!(contender.line()?.get("version").is_some(), "it did not say that it is ready");
        Ok(contender)
    }

    fn line(&mut self) -> Result<Value> {
        Ok(serde_json::from_str(&self.lines.next().context("it has ended")??)?)
    }

    fn request(&mut self, op: &str, first: usize, n: usize, batch: usize) -> Result<Value> {
        let request = json!({ "op": op, "first": first, "n": n, "most": n, "batch": batch, "payload": 180 });
        writeln!(self.input, "{request}")?;
        let prepared = self.line()?;
        ensure!(prepared == json!({ "prepared": true }), "it said {prepared}");
        writeln!(self.input, "go")?;
        self.line()
    }

    fn end(self) -> Result<bool> {
        let Self { mut child, input, .. } = self;
        drop(input);
        Ok(child.wait()?.success())
    }
}

fn numbers(answer: &Value) -> Result<BTreeSet<u64>> {
    let got = answer.get("got").and_then(Value::as_array).with_context(|| format!("no numbers in {answer}"))?;
    let numbers = got.iter().map(|number| number.as_u64().with_context(|| format!("{number} is no number")));
    let numbers: Vec<u64> = numbers.collect::<Result<_>>()?;
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    ensure!(distinct.len() == numbers.len(), "a number came twice: {answer}");
    Ok(distinct)
}

#[test]
fn what_was_pushed_comes_out_once_and_whole_singly_and_in_batches() -> Result<()> {
    for contender in CONTENDERS {
        for batch in [1, 7] {
            let folder = tempfile::TempDir::new()?;
            let mut process = Contender::start("queue", contender, folder.path())?;
            let pushed = process.request("push", 100, 20, batch)?;
            assert_eq!(numbers(&pushed)?, BTreeSet::new(), "{contender}");
            let worked = process.request("work", 100, 20, batch)?;
            assert_eq!(numbers(&worked)?, (100..120).collect(), "{contender}, {batch} a call");
            assert_eq!(worked.get("garbled"), Some(&json!(0)));
            let lived = process.request("life", 200, 15, batch)?;
            assert_eq!(numbers(&lived)?, (200..215).collect(), "{contender}, {batch} a call");
            assert!(process.end()?, "{contender}");
        }
    }
    Ok(())
}

#[test]
fn an_empty_queue_gives_nothing_out_and_ends() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let mut process = Contender::start("queue", "native", folder.path())?;
    let worked = process.request("work", 0, 5, 1)?;
    assert_eq!(numbers(&worked)?, BTreeSet::new());
    Ok(())
}

#[test]
fn two_processes_share_what_there_is() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let mut one = Contender::start("queue", "component", folder.path())?;
    let mut other = Contender::start("queue", "native", folder.path())?;
    one.request("push", 0, 10, 1)?;
    let worked = other.request("work", 0, 10, 1)?;
    assert_eq!(numbers(&worked)?, (0..10).collect());
    Ok(())
}

#[test]
fn leases_checkpoints_and_lists_do_what_they_are_told() -> Result<()> {
    for contender in ["component", "native"] {
        let folder = tempfile::TempDir::new()?;
        let mut lease = Contender::start("lease", contender, folder.path())?;
        lease.request("cycle", 0, 3, 1)?;
        let mut checkpoint = Contender::start("checkpoint", contender, folder.path())?;
        let loaded = checkpoint.request("cycle", 5, 3, 1)?;
        assert_eq!(numbers(&loaded)?, (5..8).collect());
        let mut list = Contender::start("list", contender, folder.path())?;
        for op in ["create", "claim", "complete"] {
            let answer = list.request(op, 0, 3, 1)?;
            assert!(answer.get("error").is_none(), "{op}: {answer}");
        }
    }
    Ok(())
}

#[test]
fn what_a_section_does_not_do_is_told_as_an_error() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let mut process = Contender::start("queue", "native", folder.path())?;
    let answer = process.request("cycle", 0, 1, 1)?;
    assert!(answer.get("error").is_some(), "{answer}");
    assert!(!process.end()?);
    Ok(())
}
