//! What a host calls: naming damage, putting right what a power cut left, sweeping debris.

use crate::capability::{Directory, Environment};
use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::holder::Holders;
use crate::job::Jobs;
use crate::lease::Leases;
use crate::limits::SWEEP_MS_MIN;
use crate::queue::{Queue, Queues};
use crate::store::{Damage, Swept};
use crate::tasklist::Lists;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The store's directory and the path beneath it.
    pub path: String,
    /// What is wrong, and what can be done.
    pub problem: String,
}

impl Finding {
    /// Whether this is an operation that failed, and may succeed when it is tried again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.problem.starts_with("i/o: ") || self.problem.starts_with("exhausted: ")
    }
}

/// Maintenance of all stores that were granted.
///
/// One store that fails, or one queue, is a finding, and stops no other.
#[derive(Debug)]
pub struct Maintenance<D: Directory> {
    queues: Option<Queues<D>>,
    leases: Option<Leases<D>>,
    checkpoints: Option<Checkpoints<D>>,
    lists: Option<Lists<D>>,
    jobs: Option<Jobs<D>>,
    holders: Option<Holders<D>>,
}

impl<D: Directory> Maintenance<D> {
    /// Over the stores that are there.
    #[must_use]
    pub fn new(queues: Option<Queues<D>>, holders: Option<Holders<D>>) -> Self {
        Maintenance { queues, leases: None, checkpoints: None, lists: None, jobs: None, holders }
    }

    /// Over the leases too.
    #[must_use]
    pub fn with_leases(self, leases: Option<Leases<D>>) -> Self {
        Maintenance { leases, ..self }
    }

    /// Over the checkpoints too.
    #[must_use]
    pub fn with_checkpoints(self, checkpoints: Option<Checkpoints<D>>) -> Self {
        Maintenance { checkpoints, ..self }
    }

    /// Over the task lists too.
    #[must_use]
    pub fn with_lists(self, lists: Option<Lists<D>>) -> Self {
        Maintenance { lists, ..self }
    }

    /// Over the jobs too.
    #[must_use]
    pub fn with_jobs(self, jobs: Option<Jobs<D>>) -> Self {
        Maintenance { jobs, ..self }
    }

    /// Names every entry that cannot be understood or has lost its counterpart, and every store that cannot be looked
    /// at. Changes nothing.
    ///
    /// # Errors
    /// None as yet.
    pub fn check(&self) -> Result<Vec<Finding>> {
        let mut failures = Vec::new();
        let mut findings = self.each_damage(&|_, _, _| Ok(true), &mut failures);
        findings.append(&mut failures);
        Ok(findings)
    }

    /// Puts right what a power cut may have left; answers what it was, and which queues could not be put right. To be
    /// called once after a restart of the machine; safe while others work.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`] where it cannot be listed.
    pub fn reconcile(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let Some(queues) = &self.queues else { return Ok(findings) };
        for queue in queues.each()? {
            let put_right = queue.reconcile(&mut |path, problem| {
                findings.push(Finding { path: format!("{}/{path}", path_of(&queue)), problem });
            });
            note_failure(&mut findings, path_of(&queue), put_right);
        }
        Ok(findings)
    }

    /// Removes debris, and the records of holders that ended, where at least `older_than_ms` old; answers how many.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for less than a minute. The first that came up, once all else is swept:
    /// [`Error::Unsupported`] for a store of another version, [`Error::Damaged`], [`Error::Io`].
    pub fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        if older_than_ms < SWEEP_MS_MIN {
            return Err(Error::InvalidArgument(format!(
                "sweeping what is {older_than_ms} ms old takes from the living, use at least {SWEEP_MS_MIN} ms"
            )));
        }
        let mut swept = Swept::default();
        if let Some(queues) = &self.queues {
            for queue in swept.kept(queues.each()).unwrap_or_default() {
                queue.sweep(older_than_ms, &mut swept);
            }
        }
        if let Some(leases) = &self.leases {
            leases.sweep(older_than_ms, &mut swept);
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.sweep(older_than_ms, &mut swept);
        }
        if let Some(lists) = &self.lists {
            lists.sweep(older_than_ms, &mut swept);
        }
        if let Some(jobs) = &self.jobs {
            jobs.sweep(older_than_ms, &mut swept);
        }
        if let Some(holders) = &self.holders {
            holders.sweep(older_than_ms, &mut swept);
        }
        swept.answer()
    }

    /// Moves every entry that cannot be understood into its store's (or queue's) `quarantine`; answers them.
    ///
    /// # Errors
    /// None as yet: what cannot be moved is among the findings of [`Maintenance::check`].
    pub fn quarantine(&self) -> Result<Vec<Finding>> {
        Ok(self.each_damage(&|damage, store, environment| damage.move_aside(store, environment), &mut Vec::new()))
    }

    /// Lets `act` see all damage, each with the directory of its store or queue; answers what it is `true` for, and
    /// adds to `failures` what could not be looked at, or acted on.
    fn each_damage(&self, act: Act<'_, D>, failures: &mut Vec<Finding>) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(holders) = &self.holders {
            let within = (&holders.dir, &holders.environment);
            act_on(holders.damages(), "holders", within, act, &mut findings, failures);
        }
        if let Some(leases) = &self.leases {
            act_on(leases.damages(), "claims", leases.refs.place(), act, &mut findings, failures);
        }
        if let Some(checkpoints) = &self.checkpoints {
            act_on(checkpoints.damages(), "checkpoint", checkpoints.refs.place(), act, &mut findings, failures);
        }
        if let Some(lists) = &self.lists {
            act_on(lists.damages(), "tasks", lists.refs.place(), act, &mut findings, failures);
        }
        if let Some(jobs) = &self.jobs {
            act_on(jobs.damages(), "jobs", jobs.refs.place(), act, &mut findings, failures);
        }
        let Some(queues) = &self.queues else { return findings };
        act_on(queues.damages(), ARISTO, (&queues.dir, &queues.environment), act, &mut findings, failures);
        // Where the store can not be listed, that is a failure already.
        for queue in queues.each().unwrap_or_default() {
            let path = path_of(&queue);
            match queue.damages() {
                Ok(Some((dir, damages))) => {
                    act_on(Ok(damages), &path, (&dir, &queues.environment), act, &mut findings, failures);
                }
                Ok(None) => {}
                Err(error) => note_failure(failures, path, Err(error)),
            }
        }
        findings
    }
}

/// What is done with damage: whether that is to be told.
type Act<'a, D> = &'a dyn Fn(&Damage<D>, &D, &Environment) -> Result<bool>;

const ARISTO: &str = ".aristo";

fn path_of<D: Directory>(queue: &Queue<D>) -> String {
    format!("{ARISTO}/{}", queue.directory())
}

fn note_failure(findings: &mut Vec<Finding>, path: String, result: Result<()>) {
    if let Err(error) = result {
        findings.push(Finding { path, problem: format!("{error}") });
    }
}

fn act_on<D: Directory>(
    damages: Result<Vec<Damage<D>>>,
    path: &str,
    (store, environment): (&D, &Environment),
    act: Act<'_, D>,
    findings: &mut Vec<Finding>,
    failures: &mut Vec<Finding>,
) {
    let damages = match damages {
        Ok(damages) => damages,
        Err(error) => return note_failure(failures, String::from(path), Err(error)),
    };
    for damage in damages {
        let path = format!("{path}/{}", damage.path);
        match act(&damage, store, environment) {
            Ok(true) => findings.push(Finding { path, problem: damage.problem }),
            Ok(false) => {}
            Err(error) => note_failure(failures, path, Err(error)),
        }
    }
}
