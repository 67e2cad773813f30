//! One task's command: started in a process group of its own, fed, listened to, signalled, reaped.

use super::control::Notice;
use super::input::input_of;
use super::progress::Screen;
use super::tail::Tail;
use super::worker::Shared;
use crate::command::globals::ROOT_VARIABLE;
use crate::command::json::AttributesJson;
use crate::command::process::{Reach, Started};
use leasehold::ClaimedTask;
use leasehold_core::limits::PAYLOAD_BYTES_MAX;
use rustix::process::Signal;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the pipes of an ended command may still be held open by processes that it left behind.
const PIPES_GRACE: Duration = Duration::from_secs(1);

/// What a command tells of itself while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildEvent {
    /// It ended, and waits to be reaped.
    Ended,
    /// It wrote more to standard output than can be kept.
    TooMuchOutput,
}

/// A command that runs, in a process group of its own.
pub(crate) struct Running {
    started: Started,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Tail>>,
    /// Closes when the readers have read all.
    readers: Receiver<()>,
}

/// What a command left.
pub(crate) struct Remains {
    pub(crate) status: ExitStatus,
    /// Standard output, where it was to be kept.
    pub(crate) stdout: Vec<u8>,
    /// The end of standard error.
    pub(crate) last_words: String,
}

impl Running {
    /// Starts the command for `task`. Its events carry `number`, so that those of an earlier one can be told apart.
    pub(crate) fn start(
        task: &mut ClaimedTask,
        number: u64,
        events: &Sender<Notice>,
        shared: &Shared,
    ) -> io::Result<Self> {
        let started = Started::start(&mut command(shared, task)?, Reach::OwnGroup, shared.guard.clone())?;
        let (finished, readers) = channel();
        let mut running = Self { started, stdout: Arc::default(), stderr: Arc::default(), readers };
        match running.attend(number, events, &shared.screen, finished) {
            Ok(()) => Ok(running),
            Err(error) => {
                running.signal(Signal::KILL);
                running.started.reap()?;
                Err(error)
            }
        }
    }

    /// Starts the threads that read its pipes and wait for its end.
    fn attend(
        &mut self,
        number: u64,
        events: &Sender<Notice>,
        screen: &Arc<Screen>,
        finished: Sender<()>,
    ) -> io::Result<()> {
        if let Some(pipe) = self.started.child.stdout.take() {
            let (kept, events, finished) = (self.stdout.clone(), events.clone(), finished.clone());
            spawn(move || {
                keep_output(pipe, &kept, || {
                    let _ = events.send(Notice::Child(number, ChildEvent::TooMuchOutput));
                });
                drop(finished);
            })?;
        }
        if let Some(pipe) = self.started.child.stderr.take() {
            let (tail, screen) = (self.stderr.clone(), screen.clone());
            spawn(move || {
                pass_on(pipe, &tail, &screen);
                drop(finished);
            })?;
        }
        let events = events.clone();
        self.started.when_ended(move || {
            let _ = events.send(Notice::Child(number, ChildEvent::Ended));
        })
    }

    /// Sends a signal to the command and all that it started.
    pub(crate) fn signal(&self, signal: Signal) {
        self.started.signal(signal);
    }

    /// Reaps the command, once it has ended.
    pub(crate) fn reap(mut self) -> io::Result<Remains> {
        let status = self.started.reap()?;
        // The readers never send; their end closes the channel.
        let _ = self.readers.recv_timeout(PIPES_GRACE);
        let stdout = std::mem::take(&mut *self.stdout.lock().unwrap_or_else(PoisonError::into_inner));
        let last_words = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).text();
        Ok(Remains { status, stdout, last_words })
    }
}

fn command(shared: &Shared, task: &mut ClaimedTask) -> io::Result<Command> {
    let plan = &shared.plan;
    let mut command = Command::new(&plan.program);
    // The payload is not needed after this; its memory goes with the file.
    let input = input_of(&std::mem::take(&mut task.payload))?;
    let attributes = serde_json::to_string(&AttributesJson(&task.attributes))?;
    command
        .args(&plan.arguments)
        .env("LEASEHOLD_ID", &task.id)
        .env("LEASEHOLD_TOKEN", task.token.to_string())
        .env("LEASEHOLD_ATTEMPT", task.attempt.to_string())
        .env("LEASEHOLD_MAX_ATTEMPTS", task.max_attempts.to_string())
        .env("LEASEHOLD_QUEUE", &plan.queue)
        .env("LEASEHOLD_RECEIPT", &task.receipt)
        .env("LEASEHOLD_ATTRIBUTES", attributes)
        .env(ROOT_VARIABLE, &plan.root)
        .stdin(input)
        .stderr(Stdio::piped());
    if plan.keep {
        command.stdout(Stdio::piped());
    } else if plan.json {
        // Standard output is for our own lines.
        command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
    }
    Ok(command)
}

/// Reads standard output to its end, and keeps it up to the limit. Reads on past the limit, so that the command can
/// be stopped in order.
fn keep_output(mut pipe: ChildStdout, kept: &Mutex<Vec<u8>>, too_much: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    let mut over = false;
    while let Some(count) = read(&mut pipe, &mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + count <= PAYLOAD_BYTES_MAX {
            kept.extend_from_slice(&buffer[..count]);
        } else if !over {
            over = true;
            too_much();
        }
    }
}

/// Passes standard error on as it comes, and keeps its end.
fn pass_on(mut pipe: ChildStderr, tail: &Mutex<Tail>, screen: &Screen) {
    let mut buffer = vec![0; 8 * 1024];
    while let Some(count) = read(&mut pipe, &mut buffer) {
        tail.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..count]);
        screen.pass(&buffer[..count]);
    }
}

/// Reads some bytes; `None` at the end.
fn read(pipe: &mut impl Read, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match pipe.read(buffer) {
            Ok(0) => return None,
            Ok(count) => return Some(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

fn spawn(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // These threads only copy: a small stack is enough.
    std::thread::Builder::new().stack_size(128 * 1024).spawn(job).map(drop)
}
