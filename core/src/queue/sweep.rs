//! Removing what killed processes left behind.
//!
//! Debris is never told by its age alone: what stands in `tmp` is renamed away before it is removed; a note, a
//! ticket or a blob must also be named by nobody, and (where it carries a token) be built on one that has passed.

use super::Queue;
use super::adopt::NEW;
use super::bucket::{parse_any_priority_dir, parse_priority_dir};
use super::content;
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::part::{Part, Parts};
use super::reconcile::Tickets;
use super::scan::Found;
use super::ticket::{Ticket, move_ticket, place_ticket, remove_void};
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use crate::reference::ignore_gone;
use crate::store::{Swept, TMP, Trash, list_entries};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::rc::Rc;

impl<D: Directory> Queue<D> {
    /// Removes debris at least `older_than_ms` old.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        let Some(Some(layout)) = swept.kept(self.layout()) else { return };
        Trash::sweep(&layout.queue, TMP, older_than_ms, self.environment(), swept);
        self.sweep_reserved(&layout, older_than_ms, swept);
        let notes = self.sweep_notes(&layout, older_than_ms, swept);
        swept.kept(notes);
        let tickets = self.sweep_tickets(&layout, older_than_ms, swept);
        swept.kept(tickets);
        let placed = swept.kept(Tickets::of(&layout));
        let given = layout.for_each_in("ids", &mut |found| {
            if let Some((key, _)) = Key::from_file_name(&found.name) {
                let removed = self.sweep_given(&layout, &key, placed.as_ref(), swept);
                swept.kept(removed);
            }
            Ok(())
        });
        swept.kept(given);
        swept.kept(sweep_moved(&layout));
    }

    fn sweep_notes(&self, layout: &Rc<Layout<D>>, older_than_ms: u64, swept: &mut Swept) -> Result<()> {
        let mut old = BTreeSet::new();
        layout.for_each_in("notes", &mut |found| {
            let modified_ms = layout.notes.metadata(&found.name).ok().and_then(|metadata| metadata.modified_ms);
            let age_ms = modified_ms.and_then(|at_ms| self.environment().now_ms().checked_sub(at_ms));
            let is_old = age_ms.is_some_and(|age_ms| age_ms >= older_than_ms);
            if let Some(nonce) = Nonce::read(&found.name).filter(|_| is_old) {
                old.insert(nonce);
            }
            Ok(())
        })?;
        // Twice, since a task that moves from directory to directory can be missed by one look.
        for _ in 0..2 {
            if old.is_empty() {
                return Ok(());
            }
            self.keep_notes(layout, &mut old)?;
        }
        for nonce in &old {
            let removed = ignore_gone(layout.notes.unlink(&nonce.text()));
            swept.note(removed.map(|()| true).map_err(|error| Error::at("a note", &error)));
        }
        Ok(())
    }

    /// Leaves out what a name names, or can still come to name: whoever wrote a note may only be slow.
    fn keep_notes(&self, layout: &Rc<Layout<D>>, old: &mut BTreeSet<Nonce>) -> Result<()> {
        let mut look = |found: Found<D>| {
            if found.is_unreadable {
                return Err(Error::Damaged(format!(
                    "{}: cannot be looked into, so no note is swept",
                    found.full_path()
                )));
            }
            if found.kind != Kind::File {
                return Ok(());
            }
            match Entry::parse(&found.name) {
                Some(entry) => {
                    entry.note.map(|note| old.remove(&note));
                    if let Place::Claimed { .. } = entry.place {
                        old.retain(|note| note.base_token() != entry.token);
                    }
                }
                // A file that waits to be adopted.
                None if found.priority.is_none() => old.retain(|note| note.base_token() != NEW),
                None => {}
            }
            Ok(())
        };
        layout.for_each_pending(&mut look)?;
        layout.for_each_fixed(&mut look)
    }

    /// Tickets whose task is over or was never born, and those that a crash left behind where they were; and names that
    /// tasks had while their group parted, and that mean nothing any more.
    fn sweep_tickets(&self, layout: &Rc<Layout<D>>, older_than_ms: u64, swept: &mut Swept) -> Result<()> {
        let mut parts = Parts::older_than(older_than_ms, self.environment().now_ms());
        let mut look = |found: Found<D>| {
            if let Some(part) = Part::parse(&found.name) {
                parts.add(part, found);
            } else if let Some(ticket) = Ticket::parse(&found.name).filter(|_| found.kind == Kind::File) {
                swept.note(sweep_ticket(layout, &found, &ticket));
            }
            Ok(())
        };
        layout.for_each_pending(&mut look)?;
        layout.for_each_fixed(&mut look)?;
        for part in parts.void(layout)? {
            let removed = ignore_gone(part.dir.unlink(&part.name));
            swept.note(removed.map(|()| true).map_err(|error| Error::at("a group", &error)));
        }
        Ok(())
    }

    /// A tombstone, a task that lost its ticket, or blobs that no name names and no name can name any more.
    fn sweep_given(
        &self,
        layout: &Rc<Layout<D>>,
        key: &Key,
        tickets: Option<&Tickets>,
        swept: &mut Swept,
    ) -> Result<()> {
        let given = match Given::read(layout, key) {
            Ok(Some(given)) => given,
            Ok(None) | Err(Error::Damaged(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if given.entry.place == Place::Tomb {
            swept.note(given.remove(layout).map(|()| true));
            return Ok(());
        }
        if tickets.is_some_and(|tickets| !tickets.contain(key, &given.entry)) {
            swept.note(place_ticket(layout, key, &given.entry, false).map(|_| true));
        }
        let Some(blobs) = given.reference.content()? else { return Ok(()) };
        for (blob, _) in list_entries(&blobs).map_err(|error| Error::at("content", &error))? {
            let Some(nonce) = Nonce::read(&blob) else { continue };
            if content::is_debris(&given.entry, nonce) {
                swept.note(match blobs.unlink(&blob) {
                    Ok(()) => Ok(true),
                    Err(FsError::NotFound) => Ok(false),
                    Err(error) => Err(Error::at("content", &error)),
                });
            }
        }
        Ok(())
    }
}

/// Removes the directories of priorities that were moved by mistake, where the kernel agrees that they are empty.
fn sweep_moved<D: Directory>(layout: &Layout<D>) -> Result<()> {
    let listed = list_entries(&layout.pending).map_err(|error| Error::at("pending", &error))?;
    for (name, kind) in listed {
        if kind == Kind::Directory && parse_any_priority_dir(&name).is_some() && parse_priority_dir(&name).is_none() {
            let _ = layout.pending.remove_dir(&name);
        }
    }
    Ok(())
}

fn sweep_ticket<D: Directory>(layout: &Layout<D>, found: &Found<D>, ticket: &Ticket) -> Result<bool> {
    let given = match Given::read(layout, &ticket.key) {
        Ok(Some(given)) if given.entry.nonce == ticket.nonce => given,
        Ok(_) => return remove_void(layout, &found.dir, &found.name, ticket),
        Err(Error::Damaged(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let belongs = match given.entry.place {
        Place::Pending => "pending",
        Place::Claimed { .. } => "claimed",
        Place::Done { .. } => "done",
        Place::Dead { .. } => "dead",
        Place::Tomb => return Ok(false),
    };
    if found.path.split('/').next() == Some(belongs) {
        return Ok(false);
    }
    move_ticket(layout, &found.dir, &found.name, &ticket.key, &given.entry).map(|_| true)
}
