//! Sessions: what an embedding program calls.

pub(crate) mod backend;
mod checkpoints;
mod client;
mod holder;
mod jobs;
mod leases;
mod native;
pub(crate) mod open_queues;
mod tasks;

pub use client::QueueClient;
pub use holder::Holder;

use crate::directory::NativeDirectory;
use crate::environment::system_environment;
use crate::{Error, Grants, Result, boot};
use backend::{Backend, HolderSlot, Joining};
use holder::Closed;
use leasehold_core::Durability;
use leasehold_core::capability::{Directory, Environment};
use leasehold_core::holder::HolderState;
use leasehold_core::maintenance::Finding;
use native::Native;
use std::fmt;

/// One instance with the directories that it was granted.
///
/// A session belongs to one thread: open one in each. Sessions of one program, and those of others, may share
/// directories. A process that forks must not use a session on both sides.
///
/// Every call that changes something takes a [`Durability`]; `Durability::Standard` is right unless you know
/// better, and each call says what it means.
pub struct Session {
    backend: Box<dyn Backend>,
    closed: Closed,
    holders_opened: u64,
}

impl Session {
    /// The same logic without WebAssembly, for comparison and where no sandbox is wanted.
    ///
    /// # Errors
    /// [`Error::Setup`] if a directory can not be opened or made.
    pub fn native(grants: &Grants) -> Result<Self> {
        let directories = open_directories(grants)?;
        let mut session = Self::native_over(directories.clone(), &system_environment());
        boot::reconcile_once(&directories, &mut session);
        Ok(session)
    }

    /// The same logic without WebAssembly over any directories, each with the name of its store
    /// ([`crate::Store::directory_name`]).
    #[must_use]
    pub fn native_over<D: Directory + 'static>(directories: Vec<(String, D)>, environment: &Environment) -> Self {
        Self::new(Box::new(Native::new(directories, environment)))
    }

    pub(crate) fn new(backend: Box<dyn Backend>) -> Self {
        Self { backend, closed: Closed::default(), holders_opened: 0 }
    }

    /// Starts a new epoch of the holder `name` that lives for `ttl_ms` (1 ms to 366 days) unless renewed.
    /// What an earlier epoch of this name held is given back. Standard durability: synced.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn holder_open(&mut self, name: &str, ttl_ms: u64, durability: Durability) -> Result<Holder> {
        self.join(Joining::Open { ttl_ms }, name, durability)
    }

    /// Joins the epoch of `name` that lives, and renews it. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if none lives.
    pub fn holder_attach(&mut self, name: &str, durability: Durability) -> Result<Holder> {
        self.join(Joining::Attach, name, durability)
    }

    /// Joins the epoch of `name` that lives, or opens one. Standard durability: synced where it opens.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn holder_ensure(&mut self, name: &str, ttl_ms: u64, durability: Durability) -> Result<Holder> {
        self.join(Joining::Ensure { ttl_ms }, name, durability)
    }

    fn join(&mut self, how: Joining, name: &str, durability: Durability) -> Result<Holder> {
        self.holders_opened += 1;
        let slot = HolderSlot(self.holders_opened);
        let epoch = self.backend().holder_join(slot, how, name, durability)?;
        Ok(Holder::new(name, epoch, slot, &self.closed))
    }

    /// The heartbeat: `holder` lives for another `ttl` from now. Answers until when (milliseconds since 1970).
    /// Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if it was ended or declared dead, or if a later epoch was opened.
    pub fn holder_renew(&mut self, holder: &Holder, durability: Durability) -> Result<u64> {
        let slot = holder.slot_in(&self.closed)?;
        self.backend().holder_renew(slot, durability)
    }

    /// Ends this epoch, and lets go of all that it holds. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if it was not alive any more.
    pub fn holder_end(&mut self, holder: &Holder, durability: Durability) -> Result<()> {
        let slot = holder.slot_in(&self.closed)?;
        self.backend().holder_end(slot, durability)
    }

    /// All holders, by name.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn holder_list(&mut self) -> Result<Vec<HolderState>> {
        self.backend().holder_list()
    }

    /// Drops the handle, and ends nothing; the same as dropping `holder`.
    pub fn holder_close(&mut self, holder: Holder) {
        drop(holder);
    }

    /// How many bytes of memory the instance has, which is the most that it has needed so far; `None` where it has none
    /// of its own, natively or after a trap.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<usize> {
        self.backend.memory_bytes()
    }

    /// The names of all queues.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn queue_list(&mut self) -> Result<Vec<String>> {
        self.backend().queue_list()
    }

    /// The queue `name`. Nothing is made on the disk; the first push does. The session keeps it open, so this
    /// is cheap to call each time.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidName`] or [`leasehold_core::Error::NotGranted`].
    pub fn queue(&mut self, name: &str) -> Result<QueueClient<'_>> {
        let queue = self.backend().queue(name)?;
        Ok(QueueClient::new(self, queue))
    }

    /// Names every entry that can not be understood or has lost its counterpart, and every queue and store that can not
    /// be looked at. Makes nothing, and changes no task.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn maintenance_check(&mut self) -> Result<Vec<Finding>> {
        self.backend().check()
    }

    /// Puts right what a power cut can leave behind, and answers what that was, and which queues could not be put
    /// right. Opening a session does this by itself where the machine was restarted since.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn maintenance_reconcile(&mut self) -> Result<Vec<Finding>> {
        self.backend().reconcile()
    }

    /// Removes debris of killed processes and records of holders that ended or whose time has passed, where older than
    /// `older_than_ms` (at least a minute), and answers how many.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn maintenance_sweep(&mut self, older_than_ms: u64) -> Result<u64> {
        self.backend().sweep(older_than_ms)
    }

    /// Moves every entry that can not be understood into the store's `quarantine`, and answers them.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Trapped`].
    pub fn maintenance_quarantine(&mut self) -> Result<Vec<Finding>> {
        self.backend().quarantine()
    }

    /// The backend, once it has let go of the holders that were dropped meanwhile.
    fn backend(&mut self) -> &mut dyn Backend {
        while let Some(slot) = self.closed.pop() {
            self.backend.holder_close(slot);
        }
        &mut *self.backend
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("holders_opened", &self.holders_opened).finish_non_exhaustive()
    }
}

/// Opens what was granted, and makes what is missing.
pub(crate) fn open_directories(grants: &Grants) -> Result<Vec<(String, NativeDirectory)>> {
    grants
        .iter()
        .map(|(store, path)| match NativeDirectory::open_ambient(path) {
            Ok(directory) => Ok((store.directory_name().to_owned(), directory)),
            Err(error) => {
                Err(Error::Setup(format!("the directory '{}' can not be opened or made: {error}", path.display())))
            }
        })
        .collect()
}
