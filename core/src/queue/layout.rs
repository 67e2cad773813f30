//! The directories of one queue.

use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::store::{Floor, TMP, ensure_dir, open_or_absent};
use alloc::format;
use alloc::vec::Vec;
use core::cell::Cell;

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
    is_doubted: Cell<bool>,
    /// Which directories are not there, in a queue that is only looked at: the queue's own stands in for each.
    absent: Vec<&'static str>,
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
            is_doubted: Cell::new(false),
            absent: Vec::new(),
        })
    }

    /// Opens the directories in `queue` to look at them, and makes none.
    pub(crate) fn look(queue: D) -> Result<Self> {
        let mut absent = Vec::new();
        let mut open = |name| {
            let opened = open_or_absent(&queue, name)?;
            Ok::<D, Error>(opened.unwrap_or_else(|| {
                absent.push(name);
                queue.clone()
            }))
        };
        Ok(Layout {
            pending: open("pending")?,
            claimed: open("claimed")?,
            done: open("done")?,
            dead: open("dead")?,
            notes: open("notes")?,
            ids: open("ids")?,
            tmp: open(TMP)?,
            queue,
            is_doubted: Cell::new(false),
            absent,
        })
    }

    /// Whether a directory is not there, in a queue that is only looked at.
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.absent.contains(&name)
    }

    /// Whether all directories are there, and what is opened here may be worked on.
    pub(crate) fn is_whole(&self) -> bool {
        self.absent.is_empty()
    }

    /// The directory of a state that has one for all its tasks.
    pub(crate) fn fixed(&self, name: &str) -> &D {
        match name {
            "claimed" => &self.claimed,
            "done" => &self.done,
            "dead" => &self.dead,
            "ids" => &self.ids,
            _ => &self.notes,
        }
    }

    /// Opens one of the directories again by its name, after somebody removed the one that was open.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if the queue itself was removed.
    pub(crate) fn reopen(&self, name: &str) -> Result<D> {
        self.doubt();
        ensure_dir(&self.queue, name)
    }

    /// Renames `from/name` to `target` in the directory of a state, and answers that; `None` if the source is not there.
    pub(crate) fn rename_to(&self, state: &str, from: &D, name: &str, target: &str) -> Result<Option<D>> {
        let mut dir = self.fixed(state).clone();
        for _ in 0..TRIES_MAX {
            match from.rename(name, &dir, target) {
                Ok(()) => return Ok(Some(dir)),
                // Which of the two is gone? If it is the target, there is, or will be, another by its name.
                Err(FsError::NotFound) => match from.metadata(name) {
                    Ok(_) => dir = self.reopen(state)?,
                    Err(FsError::NotFound) => return Ok(None),
                    Err(error) => return Err(Error::at(name, &error)),
                },
                Err(error) => return Err(Error::at(state, &error)),
            }
        }
        Err(Error::Exhausted(format!("{state} is removed as fast as it is made, try again")))
    }

    /// Something looked as it does where somebody removed a directory: the next call opens all again by name.
    pub(crate) fn doubt(&self) {
        self.is_doubted.set(true);
    }

    pub(crate) fn is_doubted(&self) -> bool {
        self.is_doubted.get()
    }

    pub(crate) fn floor(&self) -> Floor<'_, D> {
        Floor::of(&self.queue)
    }
}
