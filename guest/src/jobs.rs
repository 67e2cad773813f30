//! `leasehold:store/jobs`.

use crate::Component;
use crate::bindings::exports::leasehold::store::jobs as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::stores;
use alloc::string::String;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};

impl wit::Guest for Component {
    fn create(spec: wit::JobSpec, limit: Option<u32>, durability: Durability) -> Result<String, Error> {
        Ok(stores::jobs()?.create(&spec.into(), limit, durability.into())?)
    }

    fn start(
        id: String,
        process: wit::Process,
        supervisor: wit::Process,
        durability: Durability,
    ) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.start(&id, process.into(), supervisor.into(), durability.into())?.into())
    }

    fn adopt(
        id: String,
        found: Option<wit::Process>,
        supervisor: wit::Process,
        durability: Durability,
    ) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.adopt(&id, found.map(Into::into), supervisor.into(), durability.into())?.into())
    }

    fn kill(id: String, reason: wit::Reason, durability: Durability) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.kill(&id, reason.into(), durability.into())?.into())
    }

    fn settle(id: String, gone: bool, durability: Durability) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.settle(&id, gone, durability.into())?.into())
    }

    fn fail(id: String, reason: wit::Reason, durability: Durability) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.fail(&id, reason.into(), durability.into())?.into())
    }

    fn get(id: String) -> Result<Option<wit::Job>, Error> {
        Ok(stores::jobs()?.get(&id)?.map(Into::into))
    }

    fn list(state: Option<wit::JobState>, cursor: Option<String>, limit: u32) -> Result<wit::JobPage, Error> {
        Ok(stores::jobs()?.list(state.map(Into::into), cursor.as_deref(), limit)?.into())
    }

    fn events(cursor: Option<String>, limit: u32) -> Result<wit::JobPage, Error> {
        Ok(stores::jobs()?.events(cursor.as_deref(), limit)?.into())
    }

    fn acknowledge(id: String, durability: Durability) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.acknowledge(&id, durability.into())?.into())
    }

    fn promote(id: String, durability: Durability) -> Result<wit::Job, Error> {
        Ok(stores::jobs()?.promote(&id, durability.into())?.into())
    }

    fn collect(older_than: u64) -> Result<u64, Error> {
        Ok(stores::jobs()?.collect(older_than)?)
    }
}

impl From<wit::JobSpec> for JobSpec {
    fn from(spec: wit::JobSpec) -> Self {
        Self {
            command: spec.command,
            dir: spec.dir,
            timeout_ms: spec.timeout,
            output_bytes_max: spec.output_bytes_max,
            pty: spec.pty,
            notify: spec.notify,
        }
    }
}

impl From<JobSpec> for wit::JobSpec {
    fn from(spec: JobSpec) -> Self {
        Self {
            command: spec.command,
            dir: spec.dir,
            timeout: spec.timeout_ms,
            output_bytes_max: spec.output_bytes_max,
            pty: spec.pty,
            notify: spec.notify,
        }
    }
}

impl From<wit::Process> for Process {
    fn from(process: wit::Process) -> Self {
        Self { pid: process.pid, started: process.started }
    }
}

impl From<Process> for wit::Process {
    fn from(process: Process) -> Self {
        Self { pid: process.pid, started: process.started }
    }
}

impl From<wit::JobState> for JobState {
    fn from(value: wit::JobState) -> Self {
        match value {
            wit::JobState::Starting => Self::Starting,
            wit::JobState::Running => Self::Running,
            wit::JobState::Killing => Self::Killing,
            wit::JobState::Completed => Self::Completed,
            wit::JobState::Failed => Self::Failed,
            wit::JobState::Killed => Self::Killed,
            wit::JobState::TimedOut => Self::TimedOut,
        }
    }
}

impl From<JobState> for wit::JobState {
    fn from(value: JobState) -> Self {
        match value {
            JobState::Starting => Self::Starting,
            JobState::Running => Self::Running,
            JobState::Killing => Self::Killing,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Killed => Self::Killed,
            JobState::TimedOut => Self::TimedOut,
        }
    }
}

impl From<wit::Reason> for Reason {
    fn from(value: wit::Reason) -> Self {
        match value {
            wit::Reason::None => Self::None,
            wit::Reason::Asked => Self::Asked,
            wit::Reason::Timeout => Self::Timeout,
            wit::Reason::Output => Self::Output,
            wit::Reason::Spawn => Self::Spawn,
            wit::Reason::Lost => Self::Lost,
            wit::Reason::Terminal => Self::Terminal,
        }
    }
}

impl From<Reason> for wit::Reason {
    fn from(value: Reason) -> Self {
        match value {
            Reason::None => Self::None,
            Reason::Asked => Self::Asked,
            Reason::Timeout => Self::Timeout,
            Reason::Output => Self::Output,
            Reason::Spawn => Self::Spawn,
            Reason::Lost => Self::Lost,
            Reason::Terminal => Self::Terminal,
        }
    }
}

impl From<Job> for wit::Job {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            spec: job.spec.into(),
            created: job.created_ms,
            state: job.state.into(),
            since: job.since_ms,
            exit_code: job.exit_code,
            reason: job.reason.into(),
            process: job.process.map(Into::into),
            supervisor: job.supervisor.map(Into::into),
            notice_due: job.is_notice_due,
            directory: job.directory,
        }
    }
}

impl From<JobPage> for wit::JobPage {
    fn from(page: JobPage) -> Self {
        Self { jobs: page.jobs.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}
