//! What an operator does: cancel, revive, purge, pause, resume.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | cancel, purge | `<dir>/<t>` → gone | the unlink of the exact name | a note |
//! | revive | `dead/<t>` → `pending/<bucket>/<t>` | the rename | – |
//! | pause, resume | `paused` is made, is unlinked | that operation | – |

use super::Queue;
use super::entry::{Entry, Place};
use super::finish::{move_file, remove_note};
use super::layout::{Layout, PAUSED};
use super::locate::{GroupName, Located};
use super::members::PATIENT_TRIES;
use super::scan::Found;
use super::task::TaskState;
use super::ticket::{follow, place_ticket};
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::reference::ignore_gone;
use crate::store::{is_sync, sync_all};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// Removes a task that is ready or delayed. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is neither, [`Error::Held`] while it is claimed; [`Error::InvalidName`],
    /// [`Error::Io`].
    pub fn cancel(&self, id: &str, durability: Durability) -> Result<()> {
        let sync = is_sync(durability, true);
        for tried in 0..TRIES_MAX {
            let Some(layout) = self.layout()? else { return Err(self.no_task(id)) };
            let mut located = self.locate(&layout, id)?;
            match &located.entry().place {
                Place::Pending if self.let_go(&layout, &located, tried >= PATIENT_TRIES)? => {}
                Place::Pending => {
                    if self.remove_located(&layout, &mut located, sync)? {
                        return Ok(());
                    }
                }
                Place::Claimed { .. } if self.is_over(located.entry())? => {
                    self.take_back(&layout, &mut located, sync)?;
                }
                Place::Claimed { .. } => return Err(Error::Held(self.holding(located.entry()))),
                Place::Done { .. } | Place::Dead { .. } | Place::Tomb => {
                    return Err(Error::NotFound(format!(
                        "task {id} of queue {:?} is not waiting any more, purge removes records",
                        self.name()
                    )));
                }
            }
        }
        Err(self.exhausted())
    }

    /// Makes a dead task ready again, with all its attempts. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless it is dead; [`Error::InvalidName`], [`Error::Io`].
    pub fn revive(&self, id: &str, durability: Durability) -> Result<()> {
        let sync = is_sync(durability, true);
        self.candidates.borrow_mut().clear();
        for _ in 0..TRIES_MAX {
            let Some(layout) = self.layout()? else { return Err(self.no_task(id)) };
            let located = self.locate(&layout, id)?;
            let Place::Dead { .. } = located.entry().place else {
                return Err(Error::NotFound(format!("task {id} of queue {:?} is not dead", self.name())));
            };
            let (due_ms, seq) = self.take_order(1);
            let next = Entry { seq, tries: 0, ..located.entry().pending(due_ms) };
            let revived = match located {
                // Only all of it is ever dead: it is damaged.
                Located::Member { dir, group, .. } => {
                    let entry = group.entry();
                    let next = Entry { seq, tries: 0, ..entry.pending(due_ms) };
                    move_file(&layout, &dir, entry, &next, sync)?
                }
                Located::File { dir, entry } => move_file(&layout, &dir, &entry, &next, sync)?,
                Located::Given(mut given) => {
                    let before = given.entry.clone();
                    // First, as for every swap that makes a task pending: nobody looks for it in `dead`.
                    place_ticket(&layout, &given.key, &next, sync)?;
                    let swapped = given.swap(next.clone())?;
                    if swapped {
                        follow(&layout, &given.key, &before, &next, false);
                        if sync {
                            sync_all(&[(&given.reference.dir, "ids")])?;
                        }
                    }
                    swapped
                }
            };
            if revived {
                return Ok(());
            }
        }
        Err(self.exhausted())
    }

    /// Removes all tasks in `state` (not claimed) that have been so for `older_than_ms`, for good; answers how
    /// many. Synced by default.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for claimed tasks; [`Error::Io`].
    pub fn purge(&self, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64> {
        if state == TaskState::Claimed {
            return Err(Error::InvalidArgument(String::from("claimed tasks are not purged, reap or bury them")));
        }
        let Some(layout) = self.layout()? else { return Ok(0) };
        let sync = is_sync(durability, true);
        let now_ms = self.environment().now_ms();
        let mut count = 0;
        // Where something was removed: synced once, at the end.
        let mut changed: Vec<Rc<D>> = Vec::new();
        let mut visit = |found: Found<D>| {
            let dir = Rc::clone(&found.dir);
            let Some(mut located) = self.located(&layout, found)? else { return Ok(()) };
            let entry = located.entry();
            let (is_meant, since_ms) = match entry.place {
                Place::Pending if entry.due_ms <= now_ms => (state == TaskState::Ready, entry.enqueued_ms),
                Place::Pending => (state == TaskState::Delayed, entry.enqueued_ms),
                Place::Done { at_ms } => (state == TaskState::Done, at_ms),
                Place::Dead { at_ms, .. } => (state == TaskState::Dead, at_ms),
                Place::Claimed { .. } | Place::Tomb => (false, 0),
            };
            if !is_meant || now_ms.saturating_sub(since_ms) < older_than_ms {
                return Ok(());
            }
            if sync && let Located::File { dir, entry } = &located {
                sync_name(&**dir, &entry.text())?;
            }
            let tasks = located.entry().tasks() as u64;
            if self.remove_located(&layout, &mut located, false)? {
                count += tasks;
                if sync && !changed.last().is_some_and(|last| Rc::ptr_eq(last, &dir)) {
                    changed.push(dir);
                }
            }
            Ok(())
        };
        let visited = match state {
            TaskState::Done => layout.for_each_in("done", &mut visit),
            TaskState::Dead => layout.for_each_in("dead", &mut visit),
            _ => layout.for_each_pending(&mut visit),
        };
        // Also where it ended early: what was removed until then is not to come back.
        if sync && count > 0 {
            for dir in changed {
                sync_all(&[(&*dir, "a task")])?;
            }
            sync_all(&[(&layout.ids, "ids")])?;
        }
        visited.map(|()| count)
    }

    /// From now on claims answer [`Error::Paused`]; what is claimed goes on. Synced by default.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn pause(&self, durability: Durability) -> Result<()> {
        let layout = self.layout_made()?;
        match layout.queue.create(PAUSED) {
            Ok(_) | Err(FsError::Exists) => {}
            Err(error) => return Err(Error::at(PAUSED, &error)),
        }
        sync_if(is_sync(durability, true), &layout)
    }

    /// Ends a pause. Synced by default.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn resume(&self, durability: Durability) -> Result<()> {
        let Some(layout) = self.layout()? else { return Ok(()) };
        ignore_gone(layout.queue.unlink(PAUSED)).map_err(|error| Error::at(PAUSED, &error))?;
        sync_if(is_sync(durability, true), &layout)
    }

    /// Lets a task of a group go its own way; whether it was one of a group.
    fn let_go(&self, layout: &Rc<Layout<D>>, located: &Located<D>, is_urgent: bool) -> Result<bool> {
        match located {
            Located::Member { dir, group: GroupName::Whole(entry), .. } => {
                self.part(layout, &**dir, entry)?;
                Ok(true)
            }
            Located::Member { dir, group: GroupName::Parting(parting), .. } => {
                if !self.help_part(layout, &**dir, parting.clone(), is_urgent)? {
                    // Somebody is at it, and waits for the disk as well.
                    sync_all(&[(&**dir, "a group")])?;
                }
                Ok(true)
            }
            Located::File { .. } | Located::Given(_) => Ok(false),
        }
    }

    /// Removes a task from the very state it was found in; `false` if that has changed.
    fn remove_located(&self, layout: &Rc<Layout<D>>, located: &mut Located<D>, sync: bool) -> Result<bool> {
        match located {
            // It stands alone first.
            Located::Member { .. } => Ok(false),
            Located::Given(given) => given.bury_whole(layout, sync),
            Located::File { dir, entry } => {
                let gone = Entry { place: Place::Tomb, ..entry.clone() };
                let removed = move_file(layout, dir, entry, &gone, sync)?;
                if removed {
                    remove_note(layout, entry.note)?;
                }
                Ok(removed)
            }
        }
    }

    /// Takes back a claim that is over.
    fn take_back(&self, layout: &Rc<Layout<D>>, located: &mut Located<D>, sync: bool) -> Result<()> {
        match located {
            Located::Given(given) => self.abandon_given(layout, given, sync).map(|_| ()),
            Located::Member { group: GroupName::Whole(entry), .. } => {
                self.abandon_group(layout, entry, sync).map(|_| ())
            }
            Located::Member { .. } => self.let_go(layout, located, false).map(|_| ()),
            Located::File { dir, entry } => {
                let next = entry.abandoned(self.environment().now_ms());
                move_file(layout, dir, entry, &next, sync).map(|_| ())
            }
        }
    }
}

/// Brings a file to the disk under its present name, so that no earlier one comes back once that is removed.
fn sync_name<D: Directory>(dir: &D, name: &str) -> Result<()> {
    match dir.open(name).and_then(|file| file.sync()) {
        Ok(()) | Err(FsError::NotFound) => Ok(()),
        Err(error) => Err(Error::at("a task", &error)),
    }
}

fn sync_if<D: Directory>(sync: bool, layout: &Layout<D>) -> Result<()> {
    if sync {
        sync_all(&[(&layout.queue, "the queue")])?;
    }
    Ok(())
}
