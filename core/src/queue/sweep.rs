//! Removing what killed processes left behind.
//!
//! Debris is never told by its age alone: what stands in `tmp` is renamed away before it is removed; a note, a
//! ticket or a blob must also be named by nobody, and (where it carries a token) be built on one that has passed.

use super::Queue;
use super::adopt::NEW;
use super::content;
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::reconcile::ticket_names;
use super::scan::Found;
use super::ticket::{Ticket, move_ticket, place_ticket, remove_void, ticket_name};
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use crate::reference::ignore_gone;
use crate::store::{TMP, Trash, list_entries};
use alloc::collections::BTreeSet;
use alloc::rc::Rc;

impl<D: Directory> Queue<D> {
    /// Removes debris at least `older_than_ms` old; answers how many things.
    pub(crate) fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        let Some(layout) = self.layout()? else { return Ok(0) };
        let mut count = Trash::sweep(&layout.queue, TMP, older_than_ms, self.environment())?;
        count += self.sweep_notes(&layout, older_than_ms)?;
        count += self.sweep_tickets(&layout)?;
        count += self.sweep_given(&layout)?;
        Ok(count)
    }

    fn sweep_notes(&self, layout: &Rc<Layout<D>>, older_than_ms: u64) -> Result<u64> {
        let mut old = BTreeSet::new();
        for (name, _) in list_entries(&layout.notes).map_err(|error| Error::at("notes", &error))? {
            let modified_ms = layout.notes.metadata(&name).ok().and_then(|metadata| metadata.modified_ms);
            let age_ms = modified_ms.and_then(|at_ms| self.environment().now_ms().checked_sub(at_ms));
            if let Some(nonce) = Nonce::read(&name).filter(|_| age_ms.is_some_and(|age_ms| age_ms >= older_than_ms)) {
                old.insert(nonce);
            }
        }
        // Twice, since a task that moves from directory to directory can be missed by one look.
        for _ in 0..2 {
            if old.is_empty() {
                return Ok(0);
            }
            self.keep_notes(layout, &mut old)?;
        }
        for nonce in &old {
            ignore_gone(layout.notes.unlink(&nonce.text())).map_err(|error| Error::at("a note", &error))?;
        }
        Ok(old.len() as u64)
    }

    /// Leaves out what a name names, or can still come to name: whoever wrote a note may only be slow.
    fn keep_notes(&self, layout: &Rc<Layout<D>>, old: &mut BTreeSet<Nonce>) -> Result<()> {
        let mut look = |found: Found<D>| {
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
        for name in ["claimed", "done", "dead"] {
            layout.for_each_in(name, &mut look)?;
        }
        Ok(())
    }

    /// Tickets whose task is over or was never born, and those that a crash left behind where they were.
    fn sweep_tickets(&self, layout: &Rc<Layout<D>>) -> Result<u64> {
        let mut count = 0;
        let mut look = |found: Found<D>| {
            let Some(ticket) = Ticket::parse(&found.name).filter(|_| found.kind == Kind::File) else { return Ok(()) };
            match Given::read(layout, &ticket.key) {
                Ok(Some(given)) if given.entry.nonce == ticket.nonce => {
                    let belongs = match given.entry.place {
                        Place::Pending => "pending",
                        Place::Claimed { .. } => "claimed",
                        Place::Done { .. } => "done",
                        Place::Dead { .. } => "dead",
                        Place::Tomb => return Ok(()),
                    };
                    if found.path.split('/').next() != Some(belongs) {
                        move_ticket(layout, &found.dir, &found.name, &ticket.key, &given.entry)?;
                        count += 1;
                    }
                }
                Ok(_) => count += u64::from(remove_void(layout, &found.dir, &found.name, &ticket)?),
                Err(Error::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
            Ok(())
        };
        layout.for_each_pending(&mut look)?;
        for name in ["claimed", "done", "dead"] {
            layout.for_each_in(name, &mut look)?;
        }
        Ok(count)
    }

    /// Tombstones, tasks that lost their tickets, and blobs that no name names and no name can name any more.
    fn sweep_given(&self, layout: &Rc<Layout<D>>) -> Result<u64> {
        let tickets = ticket_names(layout)?;
        let mut count = 0;
        for (name, _) in list_entries(&layout.ids).map_err(|error| Error::at("ids", &error))? {
            let Some((key, _)) = Key::from_file_name(&name) else { continue };
            let given = match Given::read(layout, &key) {
                Ok(Some(given)) => given,
                Ok(None) | Err(Error::Damaged(_)) => continue,
                Err(error) => return Err(error),
            };
            if given.entry.place == Place::Tomb {
                given.remove(layout)?;
                count += 1;
                continue;
            }
            if !tickets.contains(&ticket_name(&key, &given.entry)) {
                place_ticket(layout, &key, &given.entry, false)?;
                count += 1;
            }
            // What cannot be looked into is left.
            let Ok(Some(blobs)) = given.reference.content() else { continue };
            let Ok(listed) = list_entries(&blobs) else { continue };
            for (blob, _) in listed {
                let Some(nonce) = Nonce::read(&blob) else { continue };
                if content::is_debris(&given.entry, nonce) {
                    match blobs.unlink(&blob) {
                        Ok(()) => count += 1,
                        Err(FsError::NotFound) => {}
                        Err(error) => return Err(Error::at("content", &error)),
                    }
                }
            }
        }
        Ok(count)
    }
}
