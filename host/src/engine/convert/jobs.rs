//! `jobs`.

use crate::bindings::exports::leasehold::store::jobs as wit;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};

/// What is to be run, with nothing copied; `command` are its words.
pub(in crate::engine) fn job_spec<'a>(spec: &'a JobSpec, command: &'a [&'a str]) -> wit::JobSpecParam<'a> {
    wit::JobSpecParam {
        command,
        dir: spec.dir.as_deref(),
        timeout: spec.timeout_ms,
        output_bytes_max: spec.output_bytes_max,
        pty: spec.pty,
        notify: spec.notify,
    }
}

impl From<wit::JobSpecResult> for JobSpec {
    fn from(spec: wit::JobSpecResult) -> Self {
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

impl From<wit::Job> for Job {
    fn from(job: wit::Job) -> Self {
        Self {
            id: job.id,
            spec: job.spec.into(),
            created_ms: job.created,
            state: job.state.into(),
            since_ms: job.since,
            exit_code: job.exit_code,
            reason: job.reason.into(),
            process: job.process.map(Into::into),
            supervisor: job.supervisor.map(Into::into),
            is_notice_due: job.notice_due,
            directory: job.directory,
        }
    }
}

impl From<wit::JobPage> for JobPage {
    fn from(page: wit::JobPage) -> Self {
        Self { jobs: page.jobs.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}
