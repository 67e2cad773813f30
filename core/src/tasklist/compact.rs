//! Keeping a list short to read, and its history as long as it is meant to be.
//!
//! Neither hinders who changes the list meanwhile, nor is undone by it: a snapshot says what the list was at one revision,
//! and is as good under a later one, with the changes since on top; and what is too old now stays so.

use super::entry::{self, Header};
use super::log::{Loaded, Opened, read_header};
use super::name::{EntryName, ListName};
use super::{Lists, Upkeep};
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::LIST_BYTES_MAX;
use crate::name::Nonce;
use crate::reference::unlink_if_there;
use crate::store::{create_file, list_entries, sync_all};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// How many times longer than it should be a log is, where nobody leaves it to others.
const OVERDUE: usize = 4;
/// How often a swap is tried while others change the list.
const TRIES: u32 = 16;
/// What it costs to open one more file, in bytes that could be read instead.
const FILE_BYTES: usize = 1_024;

impl Loaded {
    /// Whether reading it costs `times` as much as it should.
    fn is_long(&self, upkeep: &Upkeep, times: usize) -> bool {
        let cost = self.bytes.saturating_add(self.entries.saturating_mul(FILE_BYTES));
        self.entries >= times.saturating_mul(upkeep.changes_min)
            && cost.saturating_mul(2) / times >= self.snapshot_bytes
    }
}

impl<D: Directory> Lists<D> {
    /// After a change: makes a snapshot where there are many changes since the last, and forgets the oldest changes where
    /// there are many.
    pub(crate) fn tidy(&self, list: &str, opened: &mut Opened<D>, loaded: &mut Loaded) -> Result<()> {
        let is_due = loaded.is_long(&self.upkeep, 1);
        if !is_due || !(loaded.is_long(&self.upkeep, OVERDUE) || self.is_turn()) {
            return Ok(());
        }
        let revision = opened.name.revision;
        if let Some(made) = self.make_snapshot(list, opened, loaded)?
            && opened.name.kept > self.upkeep.history_max
        {
            self.forget(list, opened, made, revision)?;
            loaded.forgotten = opened.name.forgotten;
            loaded.kept = opened.name.kept;
        }
        Ok(())
    }

    /// Whether this one does what is due: else all who change the list would do it at once.
    fn is_turn(&self) -> bool {
        self.upkeep.turns <= 1 || self.refs.environment.random.next_u64().is_multiple_of(self.upkeep.turns)
    }

    /// Reads the list again, which somebody has changed; whether it is still that list, with that snapshot.
    fn read_again(&self, list: &str, opened: &mut Opened<D>, snapshot: Option<EntryName>) -> Result<bool> {
        let Some(now) = self.open(list, &opened.key)? else { return Ok(false) };
        let is_same = now.name.birth == opened.name.birth && now.name.snapshot == snapshot;
        *opened = now;
        Ok(is_same)
    }

    /// Makes a snapshot of what is known, which is the list at the revision that was opened. `None` where somebody else has
    /// made one.
    fn make_snapshot(&self, list: &str, opened: &mut Opened<D>, loaded: &mut Loaded) -> Result<Option<EntryName>> {
        let at = |error: FsError| Error::at("a task list", &error);
        let (revision, before) = (opened.name.revision, opened.name.snapshot);
        if !opened.reference.still_stands() && !self.read_again(list, opened, before)? {
            return Ok(None);
        }
        let earlier = before.and_then(|before| read_header(&opened.content, before).ok().flatten());
        let header = Header {
            revision,
            at_ms: self.refs.environment.now_ms(),
            unknown: earlier.map(|earlier| earlier.unknown).unwrap_or_default(),
            ..Header::default()
        };
        let content = entry::write_snapshot(&header, &loaded.state)?;
        // It could not be read.
        if content.len() > LIST_BYTES_MAX {
            return Ok(None);
        }
        let name_on = |revision| EntryName {
            nonce: Nonce::draw_on(revision, &self.refs.environment),
            crc: crc32fast::hash(&content),
            extent: None,
        };
        let mut name = name_on(opened.name.revision);
        let file = match create_file(&opened.content, &name.text(), &[&content]) {
            Ok(file) => file,
            // Gone means that the list is being removed.
            Err(FsError::NotFound | FsError::Exists) => return Ok(None),
            Err(error) => return Err(at(error)),
        };
        file.sync().map_err(at)?;
        for _ in 0..TRIES {
            sync_all(&[(&opened.content, "a task list")])?;
            if self.swap_to(opened, &|now| ListName { snapshot: Some(name), ..now })? {
                loaded.snapshot = Some(name);
                (loaded.entries, loaded.bytes, loaded.snapshot_bytes) = (0, 0, content.len());
                // It was named once, so nobody can come to name it. What is left here is debris.
                if let Some(before) = before {
                    unlink_if_there(&opened.content, &before.text(), "a task list")?;
                }
                return Ok(Some(name));
            }
            if !self.read_again(list, opened, before)? {
                break;
            }
            // A sweep takes what was built on a revision that has passed: it is built on this one from now on.
            let again = name_on(opened.name.revision);
            match opened.content.rename(&name.text(), &opened.content, &again.text()) {
                Ok(()) => name = again,
                // A sweep was first.
                Err(FsError::NotFound) => return Ok(None),
                Err(error) => return Err(at(error)),
            }
        }
        let _ = opened.content.unlink(&name.text());
        Ok(None)
    }

    /// Forgets the oldest changes, all of which are in the snapshot `made`, of what the list was at `revision`. Their names
    /// tell which they are: none is read.
    fn forget(&self, list: &str, opened: &mut Opened<D>, made: EntryName, revision: u64) -> Result<()> {
        let at = |error: FsError| Error::at("a task list", &error);
        let listed = list_entries(&opened.content).map_err(at)?;
        let entries: Vec<EntryName> =
            listed.iter().filter_map(|(name, _)| EntryName::parse(name)).filter(|name| *name != made).collect();
        // Of those that were built on one revision, one is a change.
        let bases: BTreeSet<u64> =
            entries.iter().map(|name| name.nonce.base_token()).filter(|base| *base >= opened.name.forgotten).collect();
        let Some(earliest) = bases.iter().nth_back(self.upkeep.history_min.saturating_sub(1)) else { return Ok(()) };
        // Who has read the snapshot reads the changes on top of it.
        let earliest = revision.min(*earliest);
        let gone = bases.range(..earliest).count() as u64;
        for _ in 0..TRIES {
            let forgotten = |now: ListName| ListName {
                forgotten: earliest.max(now.forgotten),
                kept: now.kept.saturating_sub(gone),
                ..now
            };
            if self.swap_to(opened, &forgotten)? {
                for name in entries.iter().filter(|name| name.nonce.base_token() < earliest) {
                    unlink_if_there(&opened.content, &name.text(), "a task list")?;
                }
                return Ok(());
            }
            if !self.read_again(list, opened, Some(made))? {
                break;
            }
        }
        Ok(())
    }

    /// Changes the name of a list and nothing of its tasks; `false` if somebody was first. Synced: a power cut must not
    /// forget this and keep the unlinks after it.
    fn swap_to(&self, opened: &mut Opened<D>, next: &dyn Fn(ListName) -> ListName) -> Result<bool> {
        let next = ListName { revision: self.refs.next_token(opened.name.revision)?, ..next(opened.name) };
        if !opened.reference.swap(next.text())? {
            return Ok(false);
        }
        opened.name = next;
        self.refs.sync(&opened.reference)?;
        Ok(true)
    }
}
