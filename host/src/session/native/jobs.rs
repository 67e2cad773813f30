//! The calls on jobs, without a sandbox.

use super::Native;
use crate::Result;
use crate::session::backend::JobBackend;
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};

impl<D: Directory> JobBackend for Native<D> {
    fn job_create(&mut self, spec: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String> {
        Ok(self.jobs()?.create(spec, limit, durability)?)
    }

    fn job_start(&mut self, id: &str, process: Process, supervisor: Process, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.start(id, process, supervisor, durability)?)
    }

    fn job_adopt(
        &mut self,
        id: &str,
        found: Option<Process>,
        supervisor: Process,
        durability: Durability,
    ) -> Result<Job> {
        Ok(self.jobs()?.adopt(id, found, supervisor, durability)?)
    }

    fn job_kill(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.kill(id, reason, durability)?)
    }

    fn job_settle(&mut self, id: &str, gone: bool, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.settle(id, gone, durability)?)
    }

    fn job_fail(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.fail(id, reason, durability)?)
    }

    fn job_get(&mut self, id: &str) -> Result<Option<Job>> {
        Ok(self.jobs()?.get(id)?)
    }

    fn job_list(&mut self, state: Option<JobState>, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        Ok(self.jobs()?.list(state, cursor, limit)?)
    }

    fn job_events(&mut self, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        Ok(self.jobs()?.events(cursor, limit)?)
    }

    fn job_acknowledge(&mut self, id: &str, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.acknowledge(id, durability)?)
    }

    fn job_promote(&mut self, id: &str, durability: Durability) -> Result<Job> {
        Ok(self.jobs()?.promote(id, durability)?)
    }

    fn job_collect(&mut self, older_than_ms: u64) -> Result<u64> {
        Ok(self.jobs()?.collect(older_than_ms)?)
    }
}
