//! The calls on jobs, handed to the component.

use super::Sandbox;
use crate::Result;
use crate::engine::convert::jobs::job_spec;
use crate::session::backend::JobBackend;
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};

impl<D: Directory + 'static> JobBackend for Sandbox<D> {
    fn job_create(&mut self, spec: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String> {
        let command: Vec<&str> = spec.command.iter().map(String::as_str).collect();
        let spec = job_spec(spec, &command);
        self.call(|exports, store| exports.jobs(store)?.call_create(store, spec, limit, durability.into()))
    }

    fn job_start(&mut self, id: &str, process: Process, supervisor: Process, durability: Durability) -> Result<Job> {
        Ok(self
            .call(|exports, store| {
                exports.jobs(store)?.call_start(store, id, process.into(), supervisor.into(), durability.into())
            })?
            .into())
    }

    fn job_adopt(
        &mut self,
        id: &str,
        found: Option<Process>,
        supervisor: Process,
        durability: Durability,
    ) -> Result<Job> {
        Ok(self
            .call(|exports, store| {
                exports.jobs(store)?.call_adopt(store, id, found.map(Into::into), supervisor.into(), durability.into())
            })?
            .into())
    }

    fn job_kill(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        Ok(self
            .call(|exports, store| exports.jobs(store)?.call_kill(store, id, reason.into(), durability.into()))?
            .into())
    }

    fn job_settle(&mut self, id: &str, gone: bool, durability: Durability) -> Result<Job> {
        Ok(self.call(|exports, store| exports.jobs(store)?.call_settle(store, id, gone, durability.into()))?.into())
    }

    fn job_fail(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        Ok(self
            .call(|exports, store| exports.jobs(store)?.call_fail(store, id, reason.into(), durability.into()))?
            .into())
    }

    fn job_get(&mut self, id: &str) -> Result<Option<Job>> {
        Ok(self.call(|exports, store| exports.jobs(store)?.call_get(store, id))?.map(Into::into))
    }

    fn job_list(&mut self, state: Option<JobState>, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        Ok(self
            .call(|exports, store| exports.jobs(store)?.call_list(store, state.map(Into::into), cursor, limit))?
            .into())
    }

    fn job_events(&mut self, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        Ok(self.call(|exports, store| exports.jobs(store)?.call_events(store, cursor, limit))?.into())
    }

    fn job_acknowledge(&mut self, id: &str, durability: Durability) -> Result<Job> {
        Ok(self.call(|exports, store| exports.jobs(store)?.call_acknowledge(store, id, durability.into()))?.into())
    }

    fn job_promote(&mut self, id: &str, durability: Durability) -> Result<Job> {
        Ok(self.call(|exports, store| exports.jobs(store)?.call_promote(store, id, durability.into()))?.into())
    }

    fn job_collect(&mut self, older_than_ms: u64) -> Result<u64> {
        self.call(|exports, store| exports.jobs(store)?.call_collect(store, older_than_ms))
    }
}
