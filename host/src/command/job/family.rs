//! What runs of a job: its command, and all that it started and that stayed in its session.

use super::files::JobFiles;
use super::waiter::JOB_VARIABLE;
use crate::command::failure::Failure;
use crate::command::process::{Listed, list_processes};
use leasehold::job::{Job, Process};
use std::collections::HashSet;

/// The processes of a job. They are told by their session, which leaves nobody out whatever becomes of its group and its
/// environment. The number of a session is believed while one who is known of the job is in it: its waiter, its
/// command, whom either was seen with, or who carries the job's mark in its environment.
#[derive(Debug)]
pub(super) struct Family {
    id: String,
    /// Who waits, or waited, for the command.
    waiter: Option<Process>,
    /// Who was found before.
    known: HashSet<Process>,
}

impl Family {
    pub(super) fn of(job: &Job) -> Self {
        Self { id: job.id.clone(), waiter: job.process, known: HashSet::new() }
    }

    /// Who of it runs now, but for the waiter. What went into a session of its own did so in order to live on.
    ///
    /// # Errors
    /// Where that cannot be known; then any may run.
    pub(super) fn find(&mut self, files: Option<&JobFiles>) -> Result<Vec<Listed>, Failure> {
        let failed = |error| Failure::io(format!("job {}: which process it is", self.id), error);
        let command = files.map_or(Ok(None), JobFiles::command).map_err(failed)?;
        let all = list_processes().map_err(failed)?;
        let find = |process: Option<Process>| all.iter().find(|one| Some(one.process) == process);
        let (waiter, leader) = (find(self.waiter), find(command));
        // Nobody but the command is a child of the waiter.
        let children = all.iter().filter(|one| waiter.is_some_and(|waiter| one.parent == waiter.process.pid));
        let mut sessions: HashSet<u32> = children.chain(waiter).chain(leader).map(|one| one.session).collect();
        let candidates = [self.waiter, command].into_iter().flatten().map(|process| process.pid);
        for session in candidates {
            let mut members = all.iter().filter(|one| one.session == session);
            if members.any(|one| self.known.contains(&one.process) || one.has_variable(JOB_VARIABLE, &self.id)) {
                sessions.insert(session);
            }
        }
        let found: Vec<Listed> = all
            .iter()
            .filter(|one| sessions.contains(&one.session) && !one.is_over && Some(one.process) != self.waiter)
            .copied()
            .collect();
        self.known.extend(found.iter().map(|one| one.process));
        Ok(found)
    }

    /// Who waits for the command, while it lives.
    pub(super) fn waiter(&self) -> Option<Process> {
        self.waiter.filter(|waiter| crate::command::process::is_alive(*waiter))
    }
}
