//! What a host calls: naming damage, putting right what a power cut left, sweeping debris.

use crate::capability::Directory;
use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::holder::Holders;
use crate::lease::Leases;
use crate::limits::SWEEP_MS_MIN;
use crate::queue::Queues;
use crate::reference::Refs;
use crate::store::Damage;
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

/// Maintenance of all stores that were granted.
#[derive(Debug)]
pub struct Maintenance<D> {
    queues: Option<Queues<D>>,
    leases: Option<Leases<D>>,
    checkpoints: Option<Checkpoints<D>>,
    lists: Option<Lists<D>>,
    holders: Option<Holders<D>>,
}

/// Damage, and the store that it is in.
struct Stored<'a, D> {
    store: &'static str,
    refs: &'a Refs<D>,
    damage: Damage<D>,
}

impl<D> Stored<'_, D> {
    fn finding(self) -> Finding {
        Finding { path: format!("{}/{}", self.store, self.damage.path), problem: self.damage.problem }
    }
}

impl<D: Directory> Maintenance<D> {
    /// Over the stores that are there.
    #[must_use]
    pub fn new(queues: Option<Queues<D>>, holders: Option<Holders<D>>) -> Self {
        Maintenance { queues, leases: None, checkpoints: None, lists: None, holders }
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

    /// The damage in the stores that are directories of refs.
    fn damages_of_refs(&self) -> Result<Vec<Stored<'_, D>>> {
        let mut all = Vec::new();
        if let Some(leases) = &self.leases {
            let refs = &leases.refs;
            all.extend(leases.damages()?.into_iter().map(|damage| Stored { store: "claims", refs, damage }));
        }
        if let Some(checkpoints) = &self.checkpoints {
            let refs = &checkpoints.refs;
            let damages = checkpoints.damages()?.into_iter();
            all.extend(damages.map(|damage| Stored { store: "checkpoint", refs, damage }));
        }
        if let Some(lists) = &self.lists {
            let refs = &lists.refs;
            all.extend(lists.damages()?.into_iter().map(|damage| Stored { store: "tasks", refs, damage }));
        }
        Ok(all)
    }

    /// Names every entry that cannot be understood or has lost its counterpart. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn check(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        if let Some(holders) = &self.holders {
            for damage in holders.damages()? {
                findings.push(Finding { path: format!("holders/{}", damage.path), problem: damage.problem });
            }
        }
        findings.extend(self.damages_of_refs()?.into_iter().map(Stored::finding));
        if let Some(queues) = &self.queues {
            for name in queues.list()? {
                let queue = queues.queue(&name)?;
                for damage in queue.damages()? {
                    let path = format!(".aristo/{}/{}", queue.directory(), damage.path);
                    findings.push(Finding { path, problem: damage.problem });
                }
            }
        }
        Ok(findings)
    }

    /// Puts right what a power cut may have left; answers what it was. To be called once after a restart
    /// of the machine; safe while others work.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn reconcile(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let Some(queues) = &self.queues else { return Ok(findings) };
        for name in queues.list()? {
            let queue = queues.queue(&name)?;
            queue.reconcile(&mut |path, problem| {
                findings.push(Finding { path: format!(".aristo/{}/{path}", queue.directory()), problem });
            })?;
        }
        Ok(findings)
    }

    /// Removes debris, and the records of holders that ended, where at least `older_than_ms` old; answers how many.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for less than a minute; [`Error::Unsupported`], [`Error::Io`].
    pub fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        if older_than_ms < SWEEP_MS_MIN {
            return Err(Error::InvalidArgument(format!(
                "sweeping what is {older_than_ms} ms old takes from the living, use at least {SWEEP_MS_MIN} ms"
            )));
        }
        let mut count = 0;
        if let Some(queues) = &self.queues {
            for name in queues.list()? {
                count += queues.queue(&name)?.sweep(older_than_ms)?;
            }
        }
        if let Some(leases) = &self.leases {
            count += leases.sweep(older_than_ms)?;
        }
        if let Some(checkpoints) = &self.checkpoints {
            count += checkpoints.sweep(older_than_ms)?;
        }
        if let Some(lists) = &self.lists {
            count += lists.sweep(older_than_ms)?;
        }
        if let Some(holders) = &self.holders {
            count += holders.sweep(older_than_ms)?;
        }
        Ok(count)
    }

    /// Moves every entry that cannot be understood into its store's (or queue's) `quarantine`; answers them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn quarantine(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        if let Some(holders) = &self.holders {
            for damage in holders.damages()? {
                if damage.move_aside(&holders.dir, &holders.environment)? {
                    findings.push(Finding { path: format!("holders/{}", damage.path), problem: damage.problem });
                }
            }
        }
        for stored in self.damages_of_refs()? {
            if stored.damage.move_aside(&stored.refs.dir, &stored.refs.environment)? {
                findings.push(stored.finding());
            }
        }
        let Some(queues) = &self.queues else { return Ok(findings) };
        for name in queues.list()? {
            let queue = queues.queue(&name)?;
            for damage in queue.damages()? {
                if queue.quarantine(&damage)? {
                    let path = format!(".aristo/{}/{}", queue.directory(), damage.path);
                    findings.push(Finding { path, problem: damage.problem });
                }
            }
        }
        Ok(findings)
    }
}
