//! The process that starts a job's command by way of its waiter, watches its time and its output, stops it, and says
//! how it ended. When it is killed, the command lives on, and the next command that looks at the job starts another.

use super::attend::{Attendant, STANDARD, age};
use super::files::{JobFiles, no_proc};
use super::order::Order;
use super::stop::{WAITER_GRACE, is_about_to_tell, stop};
use super::waiter::WAITER_COMMAND;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::process::{identify, is_alive, this_process, this_program_apart, wait_for_end};
use clap::Args;
use leasehold::Durability;
use leasehold::job::{Job, JobState, Process, Reason};
use std::io::{self, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The hidden command that is the supervisor.
pub(crate) const SUPERVISOR_COMMAND: &str = "supervisor-of-job";
/// How often the record and the output are looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// How often while the command has only begun, or writes much.
const PERIOD_MIN: Duration = Duration::from_millis(5);
/// How long until what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// How often it is tried to say how a job ended, before that is left to who looks at it next.
const TRIES_MAX: u32 = 40;

#[derive(Debug, Args)]
pub(crate) struct Supervisor {
    /// The job
    id: String,
}

impl Supervisor {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let this = this_process().ok_or_else(|| Failure::io("this process", no_proc()))?;
        // Nobody's directory is kept busy; every path that is used from here on is absolute.
        drop(std::env::set_current_dir("/"));
        let Some(job) = attendant.session.job_get(&self.id)? else { return Ok(()) };
        match job.state {
            JobState::Starting if job.supervisor.is_none() => launch(&mut attendant, &job, this),
            JobState::Running | JobState::Killing if !job.supervisor.is_some_and(is_alive) => {
                // Of those who adopt it at the same time one goes on.
                let job = attendant.session.job_adopt(&self.id, job.supervisor, this, Durability::Unsynced)?;
                watch(&mut attendant, job, None)
            }
            _ => Ok(()),
        }
    }
}

/// Starts the waiter, records it, and lets it start the command: in this order, so that nothing runs that is not on
/// record.
fn launch(attendant: &mut Attendant, job: &Job, this: Process) -> Result<(), Failure> {
    let job = attendant.session.job_adopt(&job.id, None, this, Durability::Unsynced)?;
    let order = serde_json::to_vec(&Order::of(&job.spec)).unwrap_or_default();
    let mut waiter = match start_waiter(attendant, &job) {
        Ok(waiter) => waiter,
        Err(error) => {
            attendant.session.job_fail(&job.id, Reason::Spawn, STANDARD)?;
            return Err(Failure::io("the waiter", error));
        }
    };
    // It cannot be reaped by anybody else, so this is the very process.
    let process = identify(waiter.id()).ok_or_else(|| Failure::io("the waiter", no_proc()));
    let started = process.and_then(|process| Ok(attendant.session.job_start(&job.id, process, this, STANDARD)?));
    let pipe = waiter.stdin.take();
    match started {
        Ok(job) => {
            // Where it is dead already, it has run nothing.
            drop(pipe.map(|mut pipe| pipe.write_all(&order)));
            watch(attendant, job, Some(waiter))
        }
        Err(failure) => {
            // It was killed before it ran, or that it runs could not be recorded: the waiter runs nothing.
            drop(pipe);
            drop(waiter.wait());
            let job = attendant.session.job_settle(&job.id, false, STANDARD)?;
            match job.state {
                JobState::Killing => attendant.session.job_settle(&job.id, true, STANDARD)?,
                _ => attendant.session.job_fail(&job.id, Reason::Spawn, STANDARD)?,
            };
            Err(failure)
        }
    }
}

fn start_waiter(attendant: &Attendant, job: &Job) -> io::Result<Child> {
    let mut command = this_program_apart()?;
    command.arg(WAITER_COMMAND).args(attendant.place_arguments()).arg(&job.directory);
    command.stdin(Stdio::piped()).spawn()
}

/// Watches a job until it has ended, and says how.
fn watch(attendant: &mut Attendant, job: Job, mut child: Option<Child>) -> Result<(), Failure> {
    let mut watch = Watch::new(attendant, job)?;
    while let Some(waiter) = watch.job.process.filter(|waiter| is_alive(*waiter)) {
        match watch.look(attendant) {
            Ok(true) => break,
            Ok(false) => {}
            // It may pass; and while this process lives, nobody else looks.
            Err(failure) => {
                tracing::warn!(%failure, "the job could not be looked at, or not be stopped");
                watch.pause = TRY_AGAIN;
            }
        }
        watch.rest(waiter);
    }
    if let Some(child) = &mut child {
        drop(child.wait());
    }
    for _ in 1..TRIES_MAX {
        if attendant.finish(&watch.job).is_ok() {
            return Ok(());
        }
        std::thread::sleep(PERIOD);
    }
    attendant.finish(&watch.job).map(drop)
}

struct Watch {
    job: Job,
    files: Option<JobFiles>,
    begun: Instant,
    /// How long the command may still run.
    left: Option<Duration>,
    /// How much it had written at the last look.
    written: u64,
    pause: Duration,
    /// Since when the command is known to have ended.
    ended: Option<Instant>,
}

impl Watch {
    fn new(attendant: &Attendant, job: Job) -> Result<Self, Failure> {
        let files = attendant.files_if_there(&job)?;
        let timeout = job.spec.timeout_ms.map(Duration::from_millis);
        // While it runs its state does not change, so its age is how long it has run.
        let left = timeout.map(|timeout| timeout.saturating_sub(age(&job)));
        Ok(Self { job, files, begun: Instant::now(), left, written: 0, pause: PERIOD_MIN, ended: None })
    }

    /// Stops the command if it is to be stopped; whether it was.
    fn look(&mut self, attendant: &mut Attendant) -> Result<bool, Failure> {
        match attendant.session.job_get(&self.job.id) {
            Ok(Some(job)) => self.know(job),
            // Somebody has removed the record: there is nothing to be said any more.
            Ok(None) => return Ok(false),
            // What is to be run may be damaged meanwhile; its state is not.
            Err(_) => self.know(attendant.session.job_settle(&self.job.id, false, STANDARD)?),
        }
        if self.job.state == JobState::Running
            && let Some(reason) = self.reason_to_stop()
            && !self.ends_by_itself()?
        {
            self.know(attendant.session.job_kill(&self.job.id, reason, STANDARD)?);
        }
        if self.job.state == JobState::Killing {
            stop(&self.job, self.files.as_ref())?;
        }
        Ok(self.job.state != JobState::Running)
    }

    /// What is to be run never changes.
    fn know(&mut self, job: Job) {
        let spec = std::mem::take(&mut self.job.spec);
        self.job = Job { spec, ..job };
    }

    /// Whether the command has ended, and its waiter is about to leave the exit code.
    fn ends_by_itself(&mut self) -> Result<bool, Failure> {
        if is_about_to_tell(&self.job, self.files.as_ref())?.is_none() {
            return Ok(false);
        }
        Ok(self.ended.get_or_insert_with(Instant::now).elapsed() < WAITER_GRACE)
    }

    fn reason_to_stop(&mut self) -> Option<Reason> {
        self.pause = (self.pause * 2).min(PERIOD);
        if self.left.is_some_and(|left| self.begun.elapsed() >= left) {
            return Some(Reason::Timeout);
        }
        let max = self.job.spec.output_bytes_max?;
        let written = self.files.as_ref().map_or(0, JobFiles::output_bytes);
        if written.saturating_sub(self.written) > max / 8 {
            self.pause = PERIOD_MIN;
        }
        self.written = written;
        (written > max).then_some(Reason::Output)
    }

    /// Waits for the end of the waiter, or until it is time to look again.
    fn rest(&self, waiter: Process) {
        let left = self.left.map_or(PERIOD, |left| left.saturating_sub(self.begun.elapsed()));
        // What failed is not tried all the time.
        let least = if self.pause == TRY_AGAIN { TRY_AGAIN } else { Duration::from_millis(1) };
        let pause = left.clamp(least, self.pause);
        wait_for_end(waiter, pause);
    }
}
