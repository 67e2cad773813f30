//! The directories of one queue.

use crate::capability::Directory;
use crate::error::Result;
use crate::store::{Floor, TMP, ensure_dir};

/// What `<name>-queue/` holds. None of these is ever removed by Leasehold.
#[derive(Debug)]
pub(crate) struct Layout<D> {
    /// The queue's own directory; its floor and its pause stand here.
    pub(crate) queue: D,
    /// Buckets of what waits: `<priority>/<window>-<shard>/`.
    pub(crate) pending: D,
    pub(crate) claimed: D,
    pub(crate) done: D,
    pub(crate) dead: D,
    /// Notes of tasks without a given id.
    pub(crate) notes: D,
    /// The refs of tasks with a given id.
    pub(crate) ids: D,
    pub(crate) tmp: D,
}

/// The directories' names, as they stand in the queue's.
pub(crate) const DIRECTORIES: [&str; 7] = ["pending", "claimed", "done", "dead", "notes", "ids", TMP];
/// Its presence pauses the queue.
pub(crate) const PAUSED: &str = "paused";

impl<D: Directory> Layout<D> {
    /// Opens the directories in `queue`, making those that are not there.
    pub(crate) fn ensure(queue: D) -> Result<Self> {
        Ok(Layout {
            pending: ensure_dir(&queue, "pending")?,
            claimed: ensure_dir(&queue, "claimed")?,
            done: ensure_dir(&queue, "done")?,
            dead: ensure_dir(&queue, "dead")?,
            notes: ensure_dir(&queue, "notes")?,
            ids: ensure_dir(&queue, "ids")?,
            tmp: ensure_dir(&queue, TMP)?,
            queue,
        })
    }

    pub(crate) fn floor(&self) -> Floor<'_, D> {
        Floor::of(&self.queue)
    }
}
