//! Which directories an instance is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stores, each in a directory of its own, so that one can be granted without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Store {
    /// Work queues.
    Queues,
    /// Named leases.
    Leases,
    /// Checkpoints.
    Checkpoints,
    /// Task lists.
    Tasks,
    /// Background jobs.
    Jobs,
    /// Who holds what is held in the other five; needed with each of them.
    Holders,
}

impl Store {
    /// All of them.
    pub const ALL: [Store; 6] =
        [Store::Queues, Store::Leases, Store::Checkpoints, Store::Tasks, Store::Jobs, Store::Holders];

    /// The name under which a component sees the directory, and its name beneath a root.
    #[must_use]
    pub fn directory_name(self) -> &'static str {
        match self {
            Store::Queues => ".aristo",
            Store::Leases => "claims",
            Store::Checkpoints => "checkpoint",
            Store::Tasks => "tasks",
            Store::Jobs => "jobs",
            Store::Holders => "holders",
        }
    }
}

/// The directories that an instance is granted. It can reach nothing else.
///
/// ```
/// use leasehold::{Grants, Store};
///
/// // All stores beneath one root, but the queues on another disk.
/// let grants = Grants::beneath("/var/lib/app").grant(Store::Queues, "/fast/queues");
/// # assert_eq!(grants.path(Store::Queues), Some("/fast/queues".as_ref()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    paths: BTreeMap<Store, PathBuf>,
}

impl Grants {
    /// Nothing is granted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every store, at its [`Store::directory_name`] beneath `root`.
    #[must_use]
    pub fn beneath(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        let paths = Store::ALL.into_iter().map(|store| (store, root.join(store.directory_name()))).collect();
        Self { paths }
    }

    /// Grants the directory `path` as `store`, in place of what was granted as that before. The directory is
    /// made when a session opens, if it is missing.
    #[must_use]
    pub fn grant(mut self, store: Store, path: impl Into<PathBuf>) -> Self {
        self.paths.insert(store, path.into());
        self
    }

    /// What is granted as `store`.
    #[must_use]
    pub fn path(&self, store: Store) -> Option<&Path> {
        self.paths.get(&store).map(PathBuf::as_path)
    }

    /// All that is granted.
    pub fn iter(&self) -> impl Iterator<Item = (Store, &Path)> {
        self.paths.iter().map(|(store, path)| (*store, path.as_path()))
    }
}
