//! Where the races are run: the disk, and memory.

use leasehold::{Durability, Engine, Grants, NewTask, OnDuplicate, Session};
use rustix::fs::{FsWord, statfs};
use std::path::Path;
use tempfile::TempDir;

/// A directory for one race.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) kind: &'static str,
}

const TMPFS_MAGIC: FsWord = 0x0102_1994;
const EXT4_MAGIC: FsWord = 0xef53;

impl Place {
    /// On the disk that holds the target folder.
    pub(crate) fn on_disk() -> Self {
        Self::beneath(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    /// In memory, where there is a tmpfs.
    pub(crate) fn in_memory() -> Option<Self> {
        let place = Path::new("/dev/shm").is_dir().then(|| Self::beneath(Path::new("/dev/shm")));
        let place = place.filter(|place| place.kind == "tmpfs");
        if place.is_none() {
            println!("skipped: there is no tmpfs at /dev/shm");
        }
        place
    }

    fn beneath(parent: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("race").tempdir_in(parent).unwrap();
        let kind = match statfs(dir.path()).unwrap().f_type {
            TMPFS_MAGIC => "tmpfs",
            EXT4_MAGIC => "ext4",
            _ => "another file system",
        };
        Place { dir, kind }
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn session(&self) -> Session {
        Engine::new().unwrap().open(&Grants::beneath(self.root())).unwrap()
    }
}

/// The payload of a task that tells whether it is whole.
pub(crate) fn payload_of(label: &str) -> Vec<u8> {
    format!("{label}|").repeat(1 + label.len() % 7).into_bytes()
}

/// Pushes tasks named `<prefix>-<n>`, every tenth with that name as its given id, and answers their ids.
pub(crate) fn push(session: &mut Session, prefix: &str, count: u64) -> Vec<String> {
    let mut ids = Vec::new();
    let labels: Vec<String> = (0..count).map(|n| format!("{prefix}-{n}")).collect();
    let payloads: Vec<Vec<u8>> = labels.iter().map(|label| payload_of(label)).collect();
    let (mut given, mut others) = (Vec::new(), Vec::new());
    for (n, payload) in payloads.iter().enumerate() {
        let task = NewTask { payload, max_attempts: Some(1_000), ..NewTask::default() };
        if n % 10 == 0 {
            given.push(NewTask { id: Some(&labels[n]), ..task });
        } else {
            others.push(task);
        }
    }
    let mut queue = session.queue("race").unwrap();
    for part in others.chunks(100) {
        // One at a time as well as in batches.
        let (one, rest) = part.split_at(1);
        ids.extend(queue.push(one, OnDuplicate::Refuse, Durability::Unsynced).unwrap());
        ids.extend(queue.push(rest, OnDuplicate::Refuse, Durability::Unsynced).unwrap());
    }
    for part in given.chunks(100) {
        ids.extend(queue.push(part, OnDuplicate::Refuse, Durability::Unsynced).unwrap());
    }
    ids
}

/// A number from the environment, or what the tests use.
pub(crate) fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}
