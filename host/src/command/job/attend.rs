//! What any command does for the jobs that it looks at: says what is true of them now, and finds those that run and
//! that nobody watches somebody who does.

use super::files::{JobFiles, no_proc};
use super::stop::{is_over, stop};
use super::supervisor::SUPERVISOR_COMMAND;
use crate::command::failure::{Failure, is_lost};
use crate::command::globals::Globals;
use crate::command::process::{is_alive, this_process, this_program_apart};
use crate::command::stores::{self, JOBS};
use leasehold::job::{Job, JobState, Reason};
use leasehold::{Durability, Session, Store};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a job may be about to get its supervisor.
const UNSUPERVISED_MAX: Duration = Duration::from_secs(10);
/// How long a supervisor may need to adopt a job, before another is started.
const ADOPTION: Duration = Duration::from_secs(5);
/// How many jobs are asked of the store at a time.
const PAGE: u32 = 1_000;
/// What jobs are changed with: all of their changes are synced.
pub(super) const STANDARD: Durability = Durability::Standard;

/// The jobs of one command.
pub(super) struct Attendant {
    pub(super) session: Session,
    globals: Globals,
    store: PathBuf,
    /// The jobs for which a supervisor was started, and when.
    called: HashMap<String, (Instant, Child)>,
    /// The jobs that were seen without one while they were about to start, and since when.
    uncalled: HashMap<String, Instant>,
}

impl Attendant {
    /// For a command that was given the ids `ids`.
    pub(super) fn open(globals: &Globals, ids: &[&str]) -> Result<Self, Failure> {
        let session = stores::open(globals, JOBS, ids)?;
        let grants = globals.grants(&[Store::Jobs])?;
        let store = grants.path(Store::Jobs).map(std::path::absolute);
        let store = store.ok_or_else(|| Failure::usage("the jobs are nowhere"))?;
        let store = store.map_err(|error| Failure::io("the jobs", error))?;
        Ok(Self { session, globals: globals.clone(), store, called: HashMap::new(), uncalled: HashMap::new() })
    }

    /// The job as it is now.
    pub(super) fn look(&mut self, id: &str) -> Result<Job, Failure> {
        let job = self.session.job_get(id)?.ok_or_else(|| no_job(id))?;
        self.attend(job)
    }

    /// Lets `tell` know all jobs as they are now, the earliest first. One that cannot be attended to is as it was, and
    /// stops no other: the first such failure is answered.
    pub(super) fn look_at_all(
        &mut self,
        state: Option<JobState>,
        tell: &mut dyn FnMut(&Job) -> Result<(), Failure>,
    ) -> Result<Option<Failure>, Failure> {
        let mut failed = None;
        let mut cursor = None;
        loop {
            let page = self.session.job_list(state, cursor.as_deref(), PAGE)?;
            for found in page.jobs {
                match self.attend(found.clone()) {
                    Ok(job) => tell(&job)?,
                    Err(failure) => {
                        failed.get_or_insert(failure);
                        tell(&found)?;
                    }
                }
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(failed);
            }
        }
    }

    /// Says what is true of all jobs that have not ended; the first failure to do so is answered.
    pub(super) fn attend_to_all(&mut self) -> Result<Option<Failure>, Failure> {
        let mut failed = None;
        for state in [JobState::Starting, JobState::Running, JobState::Killing] {
            let failure = self.look_at_all(Some(state), &mut |_| Ok(()))?;
            failed = failed.or(failure);
        }
        Ok(failed)
    }

    /// What names the same places to another process.
    pub(super) fn place_arguments(&self) -> Vec<OsString> {
        self.globals.arguments()
    }

    pub(super) fn files(&self, job: &Job) -> Result<JobFiles, Failure> {
        JobFiles::open(&self.store, &job.directory).map_err(|error| Failure::io(format!("job {}", job.id), error))
    }

    /// Its files; `None` where somebody removed their directory.
    pub(super) fn files_if_there(&self, job: &Job) -> Result<Option<JobFiles>, Failure> {
        match JobFiles::open(&self.store, &job.directory) {
            Ok(files) => Ok(Some(files)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io(format!("job {}", job.id), error)),
        }
    }

    /// Settles what has ended, and starts a supervisor for what runs without one. Waits for nothing: whatever is to be
    /// stopped is stopped by a supervisor.
    fn attend(&mut self, job: Job) -> Result<Job, Failure> {
        if job.state.is_terminal() {
            return Ok(job);
        }
        // Its exit code is believed before anything that is seen of its processes.
        let job = self.session.job_settle(&job.id, false, STANDARD)?;
        match (job.state, job.process) {
            (state, _) if state.is_terminal() => Ok(job),
            (JobState::Starting, _) => self.attend_starting(job),
            (_, waiter) => {
                let files = self.files_if_there(&job)?;
                if !waiter.is_some_and(is_alive) && is_over(&job, files.as_ref())? {
                    return self.conclude(&job, files.as_ref());
                }
                if !job.supervisor.is_some_and(is_alive)
                    && let Err(failure) = self.call_supervisor(&job)
                {
                    // What is known of the job is true all the same.
                    tracing::warn!(%failure, "the job is not watched");
                }
                Ok(job)
            }
        }
    }

    /// Says that a job will never run whose supervisor is dead, or never came.
    fn attend_starting(&mut self, job: Job) -> Result<Job, Failure> {
        let is_abandoned = match job.supervisor {
            Some(supervisor) => !is_alive(supervisor),
            // Its age tells nothing where the clock was put back.
            None => {
                let seen = self.uncalled.entry(job.id.clone()).or_insert_with(Instant::now);
                age(&job) > UNSUPERVISED_MAX || seen.elapsed() > UNSUPERVISED_MAX
            }
        };
        if !is_abandoned {
            return Ok(job);
        }
        let this = this_process().ok_or_else(|| Failure::io("this process", no_proc()))?;
        // One who was only slow cannot start it any more, once it is adopted.
        match self.session.job_adopt(&job.id, job.supervisor, this, STANDARD) {
            Ok(_) => Ok(self.session.job_settle(&job.id, true, STANDARD)?),
            Err(error) if is_lost(&error) => self.session.job_get(&job.id)?.ok_or_else(|| no_job(&job.id)),
            Err(error) => Err(error.into()),
        }
    }

    /// Settles a job whose waiter is gone, or was never there and never will be. What is left of its command is ended
    /// before that is said, for nobody waits for it any more.
    pub(super) fn finish(&mut self, job: &Job) -> Result<Job, Failure> {
        let job = self.session.job_settle(&job.id, false, STANDARD)?;
        if job.state.is_terminal() {
            return Ok(job);
        }
        let files = self.files_if_there(&job)?;
        stop(&job, files.as_ref())?;
        self.conclude(&job, files.as_ref())
    }

    /// Says how a job ended of which nothing runs.
    fn conclude(&mut self, job: &Job, files: Option<&JobFiles>) -> Result<Job, Failure> {
        let reason = match job.state {
            JobState::Running if files.is_some_and(JobFiles::is_unstarted) => Some(Reason::Spawn),
            JobState::Running if job.spec.pty => Some(Reason::Terminal),
            _ => None,
        };
        Ok(match reason {
            Some(reason) => self.session.job_fail(&job.id, reason, STANDARD)?,
            None => self.session.job_settle(&job.id, true, STANDARD)?,
        })
    }

    /// Starts a process that watches the job, in a session of its own.
    pub(super) fn start_supervisor(&self, id: &str) -> Result<Child, Failure> {
        let failed = |error| Failure::io("the supervisor", error);
        let mut command = this_program_apart().map_err(failed)?;
        command.arg(SUPERVISOR_COMMAND).args(self.place_arguments()).arg(id);
        command.spawn().map_err(failed)
    }

    fn call_supervisor(&mut self, job: &Job) -> Result<(), Failure> {
        for (_, supervisor) in self.called.values_mut() {
            // One that ended is not left to be reaped.
            drop(supervisor.try_wait());
        }
        if self.called.get(&job.id).is_none_or(|(called, _)| called.elapsed() > ADOPTION) {
            let supervisor = self.start_supervisor(&job.id)?;
            self.called.insert(job.id.clone(), (Instant::now(), supervisor));
        }
        Ok(())
    }
}

/// For how long the job has been in its state.
pub(super) fn age(job: &Job) -> Duration {
    let since = UNIX_EPOCH + Duration::from_millis(job.since_ms);
    SystemTime::now().duration_since(since).unwrap_or_default()
}

pub(super) fn no_job(id: &str) -> Failure {
    Failure::Nothing(format!("there is no job {id:?}"))
}
