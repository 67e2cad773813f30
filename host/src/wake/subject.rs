//! What is waited for.

use super::bell::Bell;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What is waited for, and by whom; shared by all of a process who wait for the same.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) id: u64,
    pub(super) what: What,
    pub(super) bell: Bell,
    /// How many are about to sleep, or do.
    pub(super) present: AtomicUsize,
    /// Whether anybody was since this was last asked.
    pub(super) was_wanted: AtomicBool,
    /// Whether its directories are watched, as far as they can be.
    pub(super) is_armed: AtomicBool,
    /// Held while its directories are looked through.
    pub(super) walking: Mutex<()>,
    /// The directories that are watched for it.
    pub(super) watched: Mutex<Vec<PathBuf>>,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Something to claim.
    Queue {
        /// Where the queue's directory stands, or will.
        store: PathBuf,
        /// Its name there.
        name: String,
    },
    /// Any change of a ref.
    Ref {
        /// Where the ref stands, or will.
        store: PathBuf,
        /// Its name there.
        name: String,
        /// Whether those who leave its line are of interest.
        has_line: bool,
    },
}

impl Subject {
    pub(super) fn new(what: What) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            what,
            bell: Bell::default(),
            present: AtomicUsize::new(0),
            was_wanted: AtomicBool::new(false),
            is_armed: AtomicBool::new(false),
            walking: Mutex::new(()),
            watched: Mutex::new(Vec::new()),
        }
    }
}
