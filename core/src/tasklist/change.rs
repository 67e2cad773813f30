//! The one transition of a list: a change, planned on what the list is, made if it still is that.

use super::entry::{self, Draft, Header};
use super::log::{Opened, author};
use super::name::{EntryName, ListName};
use super::record::{About, Event, EventKind};
use super::state::State;
use super::working::Working;
use super::{Author, Lists};
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::{LIST_BYTES_MAX, LIST_TRIES_MAX, LIST_WEIGHT_MAX};
use crate::name::{Key, Nonce};
use crate::reference::busy;
use crate::store::{is_sync, sync_all};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What plans a change. It is asked again on what the list has become, where somebody else was first.
pub(crate) type Plan<'a, T> = dyn FnMut(&mut Working<'_>) -> Result<T> + 'a;

impl<D: Directory> Lists<D> {
    /// Makes a change of a list that is there. Synced by default.
    pub(crate) fn change<T>(
        &self,
        list: &str,
        by: Author<'_>,
        durability: Durability,
        plan: &mut Plan<'_, T>,
    ) -> Result<T> {
        let key = Key::of(list)?;
        let by = author(by)?;
        let sync = is_sync(durability, true);
        for _ in 0..LIST_TRIES_MAX {
            let Some(opened) = self.open(list, &key)? else { return Err(no_list(list)) };
            if let Some(made) = self.try_change(list, opened, by.as_ref(), sync, plan)? {
                return Ok(made);
            }
        }
        Err(busy("list", list))
    }

    /// Makes a change, of a new list if there is none.
    pub(crate) fn change_or_make<T>(
        &self,
        list: &str,
        by: Author<'_>,
        durability: Durability,
        plan: &mut Plan<'_, T>,
    ) -> Result<T> {
        let key = Key::of(list)?;
        let by = author(by)?;
        let sync = is_sync(durability, true);
        for _ in 0..LIST_TRIES_MAX {
            let made = match self.open(list, &key)? {
                Some(opened) => self.try_change(list, opened, by.as_ref(), sync, plan)?,
                None => {
                    // What cannot be done makes no list.
                    let (nothing, now_ms) = (State::default(), self.refs.environment.now_ms());
                    let mut working = Working::new(&nothing, 0, 1, now_ms);
                    plan(&mut working)?;
                    if let Some(draft) = working.into_draft() {
                        entry_content(&Header { events: draft.events.clone(), ..Header::default() }, &draft)?;
                    }
                    self.give_birth(list, &key, by.as_ref(), sync)?;
                    None
                }
            };
            if let Some(made) = made {
                return Ok(made);
            }
        }
        Err(busy("list", list))
    }

    /// `None` if somebody else was first.
    fn try_change<T>(
        &self,
        list: &str,
        mut opened: Opened<D>,
        by: Option<&String>,
        sync: bool,
        plan: &mut Plan<'_, T>,
    ) -> Result<Option<T>> {
        let known = self.take(&opened.key);
        let Some(mut loaded) = self.catch_up(list, &opened, known)? else { return Ok(None) };
        let now_ms = self.refs.environment.now_ms();
        // The floor is read after the ref, see [`crate::store::Floor`].
        let revision = self.refs.next_token(opened.name.revision)?;
        let mut working = Working::new(&loaded.state, revision, opened.name.next_id, now_ms);
        let planned = plan(&mut working);
        let next_id = working.next_id;
        let draft = working.into_draft();
        let (planned, draft) = match (planned, draft) {
            (Ok(planned), Some(draft)) => (planned, draft),
            (planned, _) => {
                self.keep(&opened.key, loaded);
                let planned = planned?;
                let is_there = !sync || self.sync_found(&opened)?;
                return Ok(is_there.then_some(planned));
            }
        };
        if let Err(error) = check_weight(list, &loaded.state, &draft) {
            self.keep(&opened.key, loaded);
            return Err(error);
        }
        let previous = Some(opened.name.head.text());
        let header = Header {
            revision,
            at_ms: now_ms,
            by: by.cloned(),
            previous,
            events: draft.events.clone(),
            ..Header::default()
        };
        let content = entry_content(&header, &draft)?;
        let next = ListName { revision, next_id, kept: opened.name.kept.saturating_add(1), ..opened.name };
        if !self.swap_onto(&mut opened, &content, sync, next)? {
            self.keep(&opened.key, loaded);
            return Ok(None);
        }
        loaded.apply(draft, content.len());
        loaded.is_at(&opened.name);
        // A snapshot is for those to come: where it cannot be made, the change is made nevertheless.
        let _ = self.tidy(list, &mut opened, &mut loaded);
        self.keep(&opened.key, loaded);
        Ok(Some(planned))
    }

    /// Publishes an entry and makes it the head of what `next` says, if the list is still what was read; else leaves nothing.
    fn swap_onto(&self, opened: &mut Opened<D>, content: &[u8], sync: bool, next: ListName) -> Result<bool> {
        // Somebody may have been first already: then there is nothing to write, or to wait for the disk for.
        if !opened.reference.still_stands() {
            return Ok(false);
        }
        let nonce = Nonce::draw_on(opened.name.revision, &self.refs.environment);
        let crc = crc32fast::hash(content);
        let named = |extent| EntryName { nonce, crc, extent };
        let (head, published) = match self.refs.publish_unsynced(&opened.content, content, &named, EntryName::text) {
            Ok(made) => made,
            // Gone means that the list is being removed.
            Err(FsError::NotFound | FsError::Exists) => return Ok(false),
            Err(error) => return Err(Error::at("a task list", &error)),
        };
        // Where anything fails from here on, what was made is left as debris: the swap may have happened.
        let next = ListName { head, ..next };
        let is_first = opened.reference.still_stands();
        if is_first {
            // Always: a name that a power cut keeps must not lead to content that it does not, or all tasks are lost.
            self.refs.sync_content(&published).map_err(|error| Error::at("a task list", &error))?;
        }
        if is_first && sync {
            sync_all(&[(&opened.content, "a task list")])?;
        }
        if !is_first || !opened.reference.swap(next.text())? {
            let _ = opened.content.unlink(&head.text());
            return Ok(false);
        }
        opened.name = next;
        if sync {
            self.refs.sync(&opened.reference)?;
        }
        Ok(true)
    }

    /// Makes a list that has no tasks, unless somebody else makes it. The first change is one like any other, under a
    /// revision above the floor that is read *after* the list: a birth can be slow, and a list of that name have been and
    /// gone meanwhile.
    fn give_birth(&self, list: &str, key: &Key, by: Option<&String>, sync: bool) -> Result<()> {
        let now_ms = self.refs.environment.now_ms();
        let revision = self.refs.next_token(0)?;
        let events = alloc::vec![Event { id: 0, kind: EventKind::Updated, fields: Vec::new() }];
        let header = Header { revision, at_ms: now_ms, by: by.cloned(), events, ..Header::default() };
        let about = About { created_ms: now_ms, created_by: by.cloned(), ..About::default() };
        let content = entry_content(&header, &Draft { about: Some(about), ..Draft::default() })?;
        let birth = Nonce::draw(&self.refs.environment);
        let nonce = Nonce::draw_on(revision, &self.refs.environment);
        let head = EntryName { nonce, crc: crc32fast::hash(&content), extent: None };
        let name = ListName {
            revision,
            is_tomb: false,
            since_ms: now_ms,
            birth,
            head,
            snapshot: None,
            next_id: 1,
            forgotten: 0,
            kept: 1,
        };
        // Whether this one was first is seen by who looks at it again.
        self.refs.give_birth(key, list, (birth, name.text()), sync, &mut |unborn| {
            let (dir, file) = unborn.make_content(&head.text(), &[&content])?;
            file.sync().map_err(|error| Error::at("a task list", &error))?;
            if sync { sync_all(&[(&dir, "a task list")]) } else { Ok(()) }
        })?;
        Ok(())
    }

    /// Puts a list on the disk that was found as it was to be: who made it so may not have. `false` if somebody changes it.
    fn sync_found(&self, opened: &Opened<D>) -> Result<bool> {
        match opened.reference.dir.open(&opened.reference.token_name) {
            Ok(file) => file.sync().map_err(|error| Error::at("a task list", &error))?,
            Err(FsError::NotFound) => return Ok(false),
            Err(error) => return Err(Error::at("a task list", &error)),
        }
        sync_all(&[(&opened.content, "a task list")])?;
        self.refs.sync(&opened.reference)?;
        Ok(true)
    }
}

/// Refuses what would make a list grow beyond what can be read. What is there can be claimed nevertheless.
fn check_weight(list: &str, state: &State, draft: &Draft) -> Result<()> {
    let is_use = draft.events.iter().all(|event| matches!(event.kind, EventKind::Claimed | EventKind::Released));
    let most = if is_use { LIST_WEIGHT_MAX + LIST_WEIGHT_MAX / 4 } else { LIST_WEIGHT_MAX };
    let weight = state.weight_with(draft);
    if weight > most && weight > state.weight { Err(too_heavy(list)) } else { Ok(()) }
}

pub(crate) fn too_heavy(list: &str) -> Error {
    Error::TooLarge(format!(
        "list {list:?} would have more than the {} MiB that a list can have, reset it or use another",
        LIST_WEIGHT_MAX >> 20
    ))
}

fn entry_content(header: &Header, draft: &Draft) -> Result<Vec<u8>> {
    let content = entry::write(header, draft)?;
    if content.len() > LIST_BYTES_MAX {
        return Err(Error::TooLarge(format!("a change of {} bytes, use at most {LIST_BYTES_MAX}", content.len())));
    }
    Ok(content)
}

pub(crate) fn no_list(list: &str) -> Error {
    Error::NotFound(format!("no task list {list:?}"))
}
