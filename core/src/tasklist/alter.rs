//! Changes of more than one task, and of the list itself.

use super::change::no_list;
use super::metadata::{object, patch};
use super::name::ListName;
use super::record::{EventKind, Record, Status};
use super::update::check_revision;
use super::{Author, Lists};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::{NAME_BYTES_MAX, SEEN_MAX, TRIES_MAX};
use crate::name::Key;
use crate::reference::busy;
use crate::store::is_sync;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Map;

impl<D: Directory> Lists<D> {
    /// Deletes a task; answers the ids of those that waited for it, which do not any more. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there; [`Error::Held`] if a holder that lives has it, without its token;
    /// [`Error::Lost`] as [`Lists::update`]; [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`],
    /// [`Error::Io`].
    pub fn delete(
        &self,
        list: &str,
        id: u64,
        token: Option<u64>,
        if_revision: Option<u64>,
        by: Author<'_>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        self.change(list, by, durability, &mut |working| {
            let task = working.living(list, id)?.clone();
            check_revision(list, &task, if_revision)?;
            if let Some(token) = token {
                self.check_token(list, &task, token)?;
            }
            if !task.status.is_terminal() {
                self.check_may_end(list, &task, token)?;
            }
            let freed: Vec<u64> = working.state().blocked_on(id).collect();
            for other in &freed {
                if working.unblock(list, *other, id)? {
                    working.note(*other, EventKind::Updated, alloc::vec![String::from("blocked-by")]);
                }
            }
            // What it was is in the history of whoever has read it; its id and subject say that it was.
            let gone = Record {
                status: Status::Deleted,
                description: String::new(),
                active_form: None,
                blocked_by: Vec::new(),
                metadata: Map::new(),
                ..task
            };
            working.put(gone, EventKind::Deleted, Vec::new());
            Ok(freed)
        })
    }

    /// Removes all tasks, whoever has them; ids go on from where they are. Answers how many. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such list; [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`],
    /// [`Error::Io`].
    pub fn reset(&self, list: &str, by: Author<'_>, durability: Durability) -> Result<u64> {
        self.change(list, by, durability, &mut |working| {
            let count = working.state().tasks.values().filter(|task| task.status != Status::Deleted).count();
            if !working.state().tasks.is_empty() {
                working.reset();
            }
            Ok(count as u64)
        })
    }

    /// Makes the list where there is none; patches its metadata with a JSON object, and notes who uses it. Synced by
    /// default.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for metadata that is no JSON object; [`Error::TooLarge`], [`Error::InvalidName`],
    /// [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn ensure(
        &self,
        list: &str,
        metadata: Option<&str>,
        seen: Option<&str>,
        by: Author<'_>,
        durability: Durability,
    ) -> Result<()> {
        let metadata = metadata.map(object).transpose()?;
        if let Some(seen) = seen.filter(|seen| seen.len() > NAME_BYTES_MAX) {
            return Err(Error::TooLarge(format!("a name of {} bytes, use at most {NAME_BYTES_MAX}", seen.len())));
        }
        self.change_or_make(list, by, durability, &mut |working| {
            let mut about = working.about().clone();
            let mut fields = Vec::new();
            if let Some(metadata) = &metadata
                && patch(&mut about.metadata, metadata)?
            {
                fields.push(String::from("metadata"));
            }
            if let Some(seen) = seen
                && about.seen.last().is_none_or(|last| last != seen)
            {
                about.seen.retain(|known| known != seen);
                about.seen.push(String::from(seen));
                let surplus = about.seen.len().saturating_sub(SEEN_MAX);
                about.seen.drain(..surplus);
                fields.push(String::from("seen"));
            }
            if !fields.is_empty() {
                working.put_about(about, fields);
            }
            Ok(())
        })
    }

    /// Removes the list with its history; a list of that name made later begins anew. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`],
    /// [`Error::Io`].
    pub fn remove(&self, list: &str, durability: Durability) -> Result<()> {
        let key = Key::of(list)?;
        for _ in 0..TRIES_MAX {
            let Some((mut reference, name)) = self.read(&key)? else { return Err(no_list(list)) };
            if name.is_tomb {
                self.refs.remove(&reference, &key, name.revision)?;
                continue;
            }
            let gone = ListName { is_tomb: true, since_ms: self.refs.environment.now_ms(), ..name };
            if reference.swap(gone.text())? {
                self.refs.sync_if(is_sync(durability, true), &reference)?;
                self.loaded.borrow_mut().remove(key.as_str());
                return self.refs.remove(&reference, &key, name.revision);
            }
        }
        Err(busy("list", list))
    }
}
