//! `leasehold job run` and `leasehold job wait` as somebody at a shell finds them.

use crate::command::spread;
use crate::report::JobRuns;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

const RUNS: usize = 10;
/// Runs for so long that `job wait` looks at it as rarely as it ever does, then leaves a file.
const LONG: [&str; 4] = ["sh", "-c", "sleep \"$1\"; : > \"$2\"", "sh"];

/// Measures how long `job run` takes to answer, and how soon `job wait` knows of an end.
pub(crate) fn job_runs(command: &Path, root: &Path) -> Result<Vec<JobRuns>> {
    let sides = [Side { command, root, more: &[] }, Side { command, root, more: &["--native"] }];
    let mut runs = Vec::new();
    let mut measure = |action, run: &dyn Fn(&Side<'_>, usize) -> Result<Duration>| -> Result<()> {
        let mut times = [Vec::new(), Vec::new()];
        // The first of each reads the program from the disk, and is not counted.
        for round in 0..=RUNS {
            for (side, times) in sides.iter().zip(&mut times) {
                let time = run(side, round).with_context(|| format!("{action}, round {round}"))?;
                if round > 0 {
                    times.push(time.as_secs_f64() * 1_000.0);
                }
            }
        }
        let [sandboxed, native] = &times;
        runs.push(JobRuns { action, sandboxed: spread(sandboxed), native: spread(native) });
        Ok(())
    };
    measure("`job run -- true`, start to its id", &|side, _| {
        let (id, time) = side.start(&["true"])?;
        side.wait(&id)?;
        Ok(time)
    })?;
    measure("`job run -- true`, then `job wait`, start to finish", &|side, _| {
        let begun = Instant::now();
        let (id, _) = side.start(&["true"])?;
        side.wait(&id)?;
        Ok(begun.elapsed())
    })?;
    measure("the end of a command of one second to that of `job wait`", &|side, round| {
        // Each run ends at another moment between two looks, which are 250 ms apart.
        let seconds = format!("1.{:03}", 25 * round);
        let mark = root.join("ended");
        let path = mark.to_str().context("the folder has no UTF-8 path")?;
        let (id, _) = side.start(&[&LONG[..], &[seconds.as_str(), path]].concat())?;
        side.wait(&id)?;
        let noticed = SystemTime::now();
        let ended = fs::metadata(&mark)?.modified()?;
        fs::remove_file(&mark)?;
        // The file system's clock may tick more coarsely.
        Ok(noticed.duration_since(ended).unwrap_or_default())
    })?;
    Ok(runs)
}

/// The command, with the component or without.
struct Side<'a> {
    command: &'a Path,
    root: &'a Path,
    more: &'a [&'a str],
}

impl Side<'_> {
    fn job(&self, action: &str) -> Command {
        let mut process = Command::new(self.command);
        process.arg("--root").arg(self.root).args(self.more).args(["job", action]).stdin(Stdio::null());
        process
    }

    /// Starts a job; answers its id, and after how long that was printed.
    fn start(&self, what: &[&str]) -> Result<(String, Duration)> {
        let begun = Instant::now();
        let mut process = self.job("run").arg("--").args(what).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no pipe")?).read_line(&mut line)?;
        let elapsed = begun.elapsed();
        let status = process.wait()?;
        let id = line.trim_end();
        ensure!(status.success() && !id.is_empty(), "`job run` answered {line:?}, and ended with {status}");
        Ok((id.to_owned(), elapsed))
    }

    /// Waits for a job, which has to end well.
    fn wait(&self, id: &str) -> Result<()> {
        let output = self.job("wait").args([id, "--timeout", "1m", "--json"]).output()?;
        ensure!(output.status.success(), "`job wait` failed: {}", String::from_utf8_lossy(&output.stderr));
        let job: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let told = (job.get("id"), job.get("exit_code"));
        ensure!(told == (Some(&id.into()), Some(&0.into())), "`job wait` answered {job}, not the end of {id}");
        Ok(())
    }
}
