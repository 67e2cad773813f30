//! One process of a contender, and what it answers.

use crate::peers::protocol::{Answer, Ready, Request};
use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// After which a process that does not answer is ended.
const PATIENCE: Duration = Duration::from_secs(40);

/// A process that was started, and is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    pub(crate) version: String,
}

impl Process {
    /// Starts it and waits until everything it needs is open.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.with_context(|| command.get_program().display().to_string())?;
        let output = child.stdout.take().context("no pipe")?;
        let (lines, answers) = channel();
        // A thread of its own, since a pipe is read without a time limit.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let mut process = Self { child, input, answers, version: String::new() };
        let ready: Ready = process.answer()?;
        process.version = ready.version;
        Ok(process)
    }

    /// Tells it what is to be done, and waits until it has made everything ready.
    pub(crate) fn prepare(&mut self, request: Request) -> Result<()> {
        let line = serde_json::to_string(&request)?;
        self.say(&line)?;
        self.answer::<Value>().map(drop)
    }

    pub(crate) fn go(&mut self) -> Result<()> {
        self.say("go")
    }

    pub(crate) fn outcome(&mut self) -> Result<Answer> {
        self.answer()
    }

    fn say(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the process was ended")?;
        writeln!(input, "{line}").context("the process has ended")
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line = match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => bail!("no answer within {} s", PATIENCE.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("ended with {}", self.child.wait()?),
        };
        let answer: Value = serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))?;
        if let Some(error) = answer.get("error") {
            bail!("{}", error.as_str().unwrap_or("an error that it did not name"));
        }
        serde_json::from_value(answer).with_context(|| format!("it said {line:?}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without input it ends by itself; where it does not, nothing is lost.
        drop(self.input.take());
        let is_ended = |child: &mut Child| matches!(child.try_wait(), Ok(Some(_)));
        for _ in 0..100 {
            if is_ended(&mut self.child) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
