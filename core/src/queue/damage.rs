//! Naming what stands in a queue and is not understood, and moving it aside.

use super::Queue;
use super::adopt::may_be_task;
use super::entry::{Cause, Entry, Place};
use super::given::Given;
use super::layout::{DIRECTORIES, Layout, PAUSED};
use super::reconcile::ticket_names;
use super::scan::Found;
use super::ticket::{Ticket, ticket_name};
use crate::capability::{Directory, Kind};
use crate::error::{Error, Result};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::name::{Key, Nonce};
use crate::store::{Damage, QUARANTINE, list_entries};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        let mut damages = Vec::new();
        let Some(layout) = self.layout()? else { return Ok(damages) };
        self.damages_beside(&layout, &mut damages)?;
        layout.for_each_pending(&mut |found| {
            if let Some(problem) = pending_problem(&found) {
                damages.push(foreign(found, problem));
            }
            Ok(())
        })?;
        for name in ["claimed", "done", "dead"] {
            layout.for_each_in(name, &mut |found| {
                if !stands_in(&found, name) {
                    damages.push(foreign(found, "not a task of this directory"));
                }
                Ok(())
            })?;
        }
        layout.for_each_in("notes", &mut |found| {
            if found.kind != Kind::File || Nonce::read(&found.name).is_none() {
                damages.push(foreign(found, "not a note"));
            }
            Ok(())
        })?;
        self.damages_of_given(&layout, &mut damages)?;
        Ok(damages)
    }

    fn damages_beside(&self, layout: &Rc<Layout<D>>, damages: &mut Vec<Damage<D>>) -> Result<()> {
        let queue = Rc::new(layout.queue.clone());
        for (name, kind) in list_entries(&layout.queue).map_err(|error| Error::at(self.directory(), &error))? {
            let is_own = match kind {
                Kind::Directory => DIRECTORIES.contains(&name.as_str()) || name == "floor" || name == QUARANTINE,
                Kind::File => name == PAUSED || name == super::NAME_FILE,
                Kind::Link | Kind::Other => false,
            };
            if !is_own {
                let path = name.clone();
                damages.push(Damage::foreign(Rc::clone(&queue), name, path, "not part of a queue"));
            }
        }
        Ok(())
    }

    fn damages_of_given(&self, layout: &Rc<Layout<D>>, damages: &mut Vec<Damage<D>>) -> Result<()> {
        let tickets = ticket_names(layout)?;
        layout.for_each_in("ids", &mut |found| {
            let Some((key, _)) = Key::from_file_name(&found.name) else {
                damages.push(foreign(found, "not the name of a task"));
                return Ok(());
            };
            match Given::read(layout, &key) {
                Ok(Some(given)) if given.entry.place == Place::Tomb => {}
                Ok(Some(given)) => {
                    if !tickets.contains(&ticket_name(&key, &given.entry)) {
                        let problem = "a task without a ticket (or one that moves just now): reconcile";
                        damages.push(Damage::in_place(found.full_path(), problem));
                    }
                    // One that a claim has set aside stands among the dead.
                    let is_set_aside = matches!(given.entry.place, Place::Dead { cause: Cause::Damaged, .. });
                    if !is_set_aside && let Err(error) = given.reference.open_content(&given.entry.nonce.text()) {
                        let problem = format!("its content cannot be read ({error}): push it again, or purge it");
                        damages.push(Damage::in_place(found.full_path(), &problem));
                    }
                    given.reference.for_each_foreign(Entry::is_token, &mut |dir, name| {
                        let path = format!("{}/{name}", found.full_path());
                        damages.push(Damage::foreign(dir, String::from(name), path, "not part of a task"));
                    })?;
                }
                Ok(None) => {}
                Err(Error::Damaged(_)) => {
                    let path = found.full_path();
                    damages.push(Damage::unknown(found.dir, found.name, path, "not a task; it counts as claimed"));
                }
                Err(error) => return Err(error),
            }
            Ok(())
        })
    }

    /// Moves what is damaged into the queue's `quarantine`; `false` if it is gone.
    pub(crate) fn quarantine(&self, damage: &Damage<D>) -> Result<bool> {
        let Some(layout) = self.layout()? else { return Ok(false) };
        damage.move_aside(&layout.queue, self.environment())
    }
}

fn foreign<D: Directory>(found: Found<D>, problem: &str) -> Damage<D> {
    let path = found.full_path();
    Damage::foreign(found.dir, found.name, path, problem)
}

fn stands_in<D>(found: &Found<D>, directory: &str) -> bool {
    if found.kind != Kind::File {
        return false;
    }
    if Ticket::parse(&found.name).is_some() {
        return true;
    }
    Entry::parse(&found.name).is_some_and(|entry| {
        matches!(
            (directory, entry.place),
            ("claimed", Place::Claimed { .. }) | ("done", Place::Done { .. }) | ("dead", Place::Dead { .. })
        )
    })
}

fn pending_problem<D: Directory>(found: &Found<D>) -> Option<&'static str> {
    if found.is_unreadable {
        return Some("cannot be looked into: see to its permissions");
    }
    if found.priority.is_some() {
        let is_task = found.kind == Kind::File
            && (Ticket::parse(&found.name).is_some()
                || Entry::parse(&found.name).is_some_and(|entry| entry.place == Place::Pending));
        return (!is_task).then_some("not a task of a bucket");
    }
    if found.kind == Kind::File {
        // Dotfiles and what editors leave are nobody's business; a dropped file is a task to be.
        let is_too_large = may_be_task(&found.name, found.kind)
            && found.dir.metadata(&found.name).is_ok_and(|metadata| metadata.size > PAYLOAD_BYTES_MAX as u64);
        return is_too_large.then_some("a dropped file over the limit for payloads");
    }
    (!found.name.starts_with('.')).then_some("neither a bucket nor a file")
}
