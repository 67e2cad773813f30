//! The calls on jobs.

use super::Session;
use crate::Result;
use leasehold_core::Durability;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};

/// Jobs: the record of a command's life. What starts, watches and stops the command is the caller's; here is kept
/// what is true of it. What is not told is synced where `Durability::Standard` is asked for. See [`crate::job`] for
/// what these calls take and answer.
impl Session {
    /// Records a job that is about to start, and answers its id. With `limit`, only while fewer jobs than that have not
    /// ended. Whoever calls this then starts, watches and stops the command, as `leasehold job run` does.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Exhausted`] if there are too many; [`leasehold_core::Error::InvalidArgument`],
    /// [`leasehold_core::Error::TooLarge`] for what cannot be run.
    pub fn job_create(&mut self, spec: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String> {
        self.backend().job_create(spec, limit, durability)
    }

    /// Says that the command runs: `process` waits for it, and will leave its exit code in the file `exit` of
    /// [`Job::directory`] by one rename; `supervisor` watches.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if it is not starting any more, or another supervisor has adopted it: then the
    /// command must not run.
    pub fn job_start(
        &mut self,
        id: &str,
        process: Process,
        supervisor: Process,
        durability: Durability,
    ) -> Result<Job> {
        self.backend().job_start(id, process, supervisor, durability)
    }

    /// Puts `supervisor` in the place of the one that was found dead, or of none; of racing adopters one. Standard
    /// durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if it has ended, or another has adopted it.
    pub fn job_adopt(
        &mut self,
        id: &str,
        found: Option<Process>,
        supervisor: Process,
        durability: Durability,
    ) -> Result<Job> {
        self.backend().job_adopt(id, found, supervisor, durability)
    }

    /// Says that the job is to be stopped, and why, before anything is signalled. One that has ended stays as it is;
    /// one whose exit code stands has ended by itself, and that is said instead.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`].
    pub fn job_kill(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        self.backend().job_kill(id, reason, durability)
    }

    /// Makes of a job what it is now: ended, if its exit code stands; else, if `gone` says that its process is dead or
    /// that there never was one, lost, or killed where it was being killed; else it stays as it is.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`].
    pub fn job_settle(&mut self, id: &str, gone: bool, durability: Durability) -> Result<Job> {
        self.backend().job_settle(id, gone, durability)
    }

    /// Says that the command could not be run, and why.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`].
    pub fn job_fail(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        self.backend().job_fail(id, reason, durability)
    }

    /// One job; `None` if there is none.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Unsupported`] for what a later version has made, which is left alone;
    /// [`leasehold_core::Error::Damaged`].
    pub fn job_get(&mut self, id: &str) -> Result<Option<Job>> {
        self.backend().job_get(id)
    }

    /// The jobs in one state (or all), the earliest first, `limit` (1 to 10,000) at a time, starting after `cursor`.
    /// What cannot be read is left out.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for a garbled cursor.
    pub fn job_list(&mut self, state: Option<JobState>, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        self.backend().job_list(state, cursor, limit)
    }

    /// The jobs that have ended and of which somebody is still to be told, `limit` (1 to 10,000) at a time, starting
    /// after `cursor`. Looking acknowledges nothing, so each is heard of at least once.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for a garbled cursor.
    pub fn job_events(&mut self, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        self.backend().job_events(cursor, limit)
    }

    /// Says that the end of a job was heard; again and again is the same.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`]; [`leasehold_core::Error::InvalidArgument`] if it has not ended.
    pub fn job_acknowledge(&mut self, id: &str, durability: Durability) -> Result<Job> {
        self.backend().job_acknowledge(id, durability)
    }

    /// From now on somebody is to be told of the job's end, also if it has ended, and was heard of before.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`].
    pub fn job_promote(&mut self, id: &str, durability: Durability) -> Result<Job> {
        self.backend().job_promote(id, durability)
    }

    /// Removes jobs that ended at least `older_than_ms` ago, with their output, and answers how many; never one of
    /// which somebody is still to be told.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn job_collect(&mut self, older_than_ms: u64) -> Result<u64> {
        self.backend().job_collect(older_than_ms)
    }
}
