//! Naming what stands in a queue and is not understood, and moving it aside.

use super::Queue;
use super::adopt::{may_be_task, why_not_adopted};
use super::bucket::parse_priority_dir;
use super::entry::{Cause, Entry, Place};
use super::given::Given;
use super::layout::{DIRECTORIES, Layout, PAUSED};
use super::named::NAME_FILE;
use super::part::{Part, Parting};
use super::reconcile::Tickets;
use super::reserve::{RESERVED, parse_name};
use super::scan::Found;
use super::ticket::Ticket;
use crate::capability::{Directory, Kind};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use crate::store::{Damage, QUARANTINE, list_entries, open_or_absent};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// Everything that is not as it should be, and the queue's directory; `None` if the queue is not there.
    pub(crate) fn damages(&self) -> Result<Option<(D, Vec<Damage<D>>)>> {
        let Some(queue) = open_or_absent(&self.queues.dir, &self.directory)? else { return Ok(None) };
        let mut damages = Vec::new();
        self.damages_beside(&queue, &mut damages)?;
        self.damages_within(&mut damages)?;
        Ok(Some((queue, damages)))
    }

    fn damages_within(&self, damages: &mut Vec<Damage<D>>) -> Result<()> {
        // What stands where a directory should is among those, and once it is moved aside the others are found.
        let layout = match self.look() {
            Ok(Some(layout)) => layout,
            Ok(None) => return Ok(()),
            Err(Error::Damaged(_)) if !damages.is_empty() => return Ok(()),
            Err(error) => return Err(error),
        };
        layout.for_each_pending(&mut |found| {
            match pending_problem(&found) {
                Some(Problem::Foreign(problem)) => damages.push(foreign(found, problem)),
                Some(Problem::Passing(problem)) => damages.push(Damage::in_place(found.full_path(), problem)),
                None => {}
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
        let reserved = match open_or_absent(&layout.queue, RESERVED) {
            // It is among those that stand beside already.
            Err(Error::Damaged(_)) if !damages.is_empty() => None,
            other => other?,
        };
        if let Some(reserved) = reserved {
            let reserved = Rc::new(reserved);
            for (name, kind) in list_entries(&*reserved).map_err(|error| Error::at(RESERVED, &error))? {
                if kind != Kind::File || parse_name(&name).is_none() {
                    let path = format!("{RESERVED}/{name}");
                    damages.push(Damage::foreign(Rc::clone(&reserved), name, path, "not part of a reserve"));
                }
            }
        }
        self.damages_of_given(&layout, damages)
    }

    fn damages_beside(&self, queue: &D, damages: &mut Vec<Damage<D>>) -> Result<()> {
        let queue = Rc::new(queue.clone());
        for (name, kind) in list_entries(&*queue).map_err(|error| Error::at(self.directory(), &error))? {
            let is_own = match kind {
                Kind::Directory => {
                    DIRECTORIES.contains(&name.as_str()) || ["floor", RESERVED, QUARANTINE].contains(&name.as_str())
                }
                Kind::File => name == PAUSED || name == NAME_FILE,
                Kind::Link | Kind::Other => false,
            };
            if !is_own {
                let path = name.clone();
                damages.push(Damage::foreign(Rc::clone(&queue), name, path, "not part of a queue"));
            }
        }
        if !self.tells_its_name(&queue) {
            let problem = "does not tell the name of this queue, which the next push does";
            damages.push(Damage::in_place(String::from(NAME_FILE), problem));
        }
        Ok(())
    }

    fn damages_of_given(&self, layout: &Rc<Layout<D>>, damages: &mut Vec<Damage<D>>) -> Result<()> {
        let tickets = Tickets::of(layout)?;
        layout.for_each_in("ids", &mut |found| {
            let Some((key, _)) = Key::from_file_name(&found.name) else {
                damages.push(foreign(found, "not the name of a task"));
                return Ok(());
            };
            match Given::read(layout, &key) {
                Ok(Some(given)) if given.entry.place == Place::Tomb => {}
                Ok(Some(given)) => {
                    if !tickets.contain(&key, &given.entry) {
                        let problem = "a task without a ticket (or one that moves just now): reconcile";
                        damages.push(Damage::in_place(found.full_path(), problem));
                    }
                    // One that a claim has set aside stands among the dead.
                    let is_set_aside = matches!(given.entry.place, Place::Dead { cause: Cause::Damaged, .. });
                    if !is_set_aside && let Err(error) = given.reference.open_content(&given.entry.nonce.text()) {
                        let problem = format!("its content cannot be read ({error}): push it again, or purge it");
                        damages.push(Damage::in_place(found.full_path(), &problem));
                    }
                    let looked = given.reference.for_each_foreign(Entry::rank, &mut |dir, name| {
                        let path = format!("{}/{name}", found.full_path());
                        damages.push(Damage::foreign(dir, String::from(name), path, "not part of a task"));
                    });
                    if let Err(error) = looked {
                        damages.push(Damage::failed(found.full_path(), &error));
                    }
                }
                Ok(None) => {}
                Err(Error::Damaged(_)) => {
                    let path = found.full_path();
                    damages.push(Damage::unknown(found.dir, found.name, path, "not a task; it counts as claimed"));
                }
                Err(error) => damages.push(Damage::failed(found.full_path(), &error)),
            }
            Ok(())
        })
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
    if directory == "claimed" && is_parting(&found.name) {
        return true;
    }
    Entry::parse(&found.name).is_some_and(|entry| {
        matches!(
            (directory, entry.place),
            ("claimed", Place::Claimed { .. }) | ("done", Place::Done { .. }) | ("dead", Place::Dead { .. })
        )
    })
}

/// Whether it is a name of a group that parts, or of one of its tasks.
fn is_parting(name: &str) -> bool {
    Parting::parse(name).is_some() || Part::parse(name).is_some()
}

/// What is wrong with something in `pending`.
enum Problem {
    /// Moving it aside is the cure.
    Foreign(&'static str),
    /// It is not.
    Passing(&'static str),
}

fn pending_problem<D: Directory>(found: &Found<D>) -> Option<Problem> {
    if found.is_unreadable {
        return Some(Problem::Foreign("cannot be looked into: see to its permissions"));
    }
    if found.priority.is_some() {
        let is_task = found.kind == Kind::File
            && (Ticket::parse(&found.name).is_some()
                || is_parting(&found.name)
                || Entry::parse(&found.name).is_some_and(|entry| entry.place == Place::Pending));
        return (!is_task).then_some(Problem::Foreign("not a task of a bucket"));
    }
    if found.kind == Kind::File {
        // Dotfiles and what editors leave are nobody's business; a dropped file is a task to be.
        if !may_be_task(&found.name, found.kind) {
            return None;
        }
        if let Some(problem) = why_not_adopted(&*found.dir, &found.name) {
            return Some(Problem::Foreign(problem));
        }
        return parse_priority_dir(&found.name).map(|_| {
            Problem::Passing("a file where the directory of a priority belongs: the next push or claim moves it away")
        });
    }
    (!found.name.starts_with('.')).then_some(Problem::Foreign("neither a bucket nor a file"))
}
