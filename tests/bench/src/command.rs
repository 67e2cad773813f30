//! `leasehold queue status` as somebody at a shell finds it: a process from start to finish.

use crate::report::{Spread, StatusRuns, median};
use anyhow::{Context, Result, ensure};
use leasehold::{Durability, Grants, NewTask, OnDuplicate, Session};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 50;
const QUEUE: &str = "bench";

/// Measures a short queue and a longer one.
pub(crate) fn status_runs(command: &Path, root: &Path) -> Result<Vec<StatusRuns>> {
    [10, 1_000].into_iter().map(|tasks| runs_with(command, &root.join(tasks.to_string()), tasks)).collect()
}

fn runs_with(command: &Path, root: &Path, tasks: usize) -> Result<StatusRuns> {
    let mut session = Session::native(&Grants::beneath(root))?;
    for _ in 0..tasks {
        let task = NewTask { payload: b"as many as there are", ..NewTask::default() };
        session.queue(QUEUE)?.push(&[task], OnDuplicate::Refuse, Durability::Unsynced)?;
    }
    let (mut sandboxed, mut native) = (Vec::new(), Vec::new());
    // The first of each reads the program from the disk, and is not counted.
    for run in 0..=RUNS {
        let times = (milliseconds(command, root, tasks, &[])?, milliseconds(command, root, tasks, &["--native"])?);
        if run > 0 {
            sandboxed.push(times.0);
            native.push(times.1);
        }
    }
    Ok(StatusRuns { tasks, sandboxed: spread(&sandboxed), native: spread(&native) })
}

fn milliseconds(command: &Path, root: &Path, tasks: usize, more: &[&str]) -> Result<f64> {
    let mut process = Command::new(command);
    process.arg("--root").arg(root).args(["queue", "status", QUEUE, "--json"]).args(more);
    let begun = Instant::now();
    let output = process.stdin(Stdio::null()).output().with_context(|| command.display().to_string())?;
    let elapsed = begun.elapsed();
    ensure!(output.status.success(), "`queue status` failed: {}", String::from_utf8_lossy(&output.stderr));
    let status: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(status.get("ready") == Some(&tasks.into()), "`queue status` answered {status}, not {tasks} ready");
    Ok(elapsed.as_secs_f64() * 1_000.0)
}

pub(crate) fn spread(times: &[f64]) -> Spread {
    Spread { runs: times.len(), median_ms: median(times), max_ms: times.iter().copied().fold(0.0, f64::max) }
}
