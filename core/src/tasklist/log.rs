//! Reading a list: from the head back to what is known already, or to a snapshot.

use super::entry::{self, Draft, Entry, Header};
use super::name::{EntryName, ListName};
use super::state::State;
use super::{Author, Lists};
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::{LIST_BYTES_MAX, LISTS_KEPT_MAX, LISTS_KEPT_WEIGHT_MAX, TRIES_MAX};
use crate::name::{Key, Nonce};
use crate::reference::{Ref, busy};
use crate::store::{read_file, read_from};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How many changes behind what is known is still worth more than reading a snapshot.
const NEAR: u64 = 1_024;

/// A list in memory.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Which list it is: its birth, and the entry that was applied last.
    pub(crate) at: Option<(Nonce, EntryName)>,
    pub(crate) state: State,
    /// The last snapshot, whoever made it.
    pub(crate) snapshot: Option<EntryName>,
    /// How many entries, and bytes, stand since that, and how long it is.
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) snapshot_bytes: usize,
    /// What the name said of the history then.
    pub(crate) forgotten: u64,
    pub(crate) kept: u64,
}

impl Loaded {
    /// It is the list of that name.
    pub(crate) fn is_at(&mut self, name: &ListName) {
        self.at = Some((name.birth, name.head));
        (self.forgotten, self.kept) = (name.forgotten, name.kept);
    }

    /// Applies a change that follows, of `bytes` in the log.
    pub(crate) fn apply(&mut self, draft: Draft, bytes: usize) {
        self.entries += 1;
        self.bytes += bytes;
        self.state.apply(draft);
    }
}

/// A list as it was read.
#[derive(Debug)]
pub(crate) struct Opened<D> {
    pub(crate) key: Key,
    pub(crate) reference: Ref<D>,
    pub(crate) name: ListName,
    pub(crate) content: D,
}

impl<D: Directory> Lists<D> {
    /// Reads a list, and lets `act` see it; `None` if there is none.
    pub(crate) fn with_loaded<T>(
        &self,
        list: &str,
        act: &mut dyn FnMut(&Opened<D>, &mut Loaded) -> Result<T>,
    ) -> Result<Option<T>> {
        self.with_key_loaded(list, &Key::of(list)?, act)
    }

    pub(crate) fn with_key_loaded<T>(
        &self,
        list: &str,
        key: &Key,
        act: &mut dyn FnMut(&Opened<D>, &mut Loaded) -> Result<T>,
    ) -> Result<Option<T>> {
        for _ in 0..TRIES_MAX {
            let Some(opened) = self.open(list, key)? else { return Ok(None) };
            // Taken out, so that what fails half-way is not kept.
            let known = self.take(key);
            let Some(mut loaded) = self.catch_up(list, &opened, known)? else { continue };
            let result = act(&opened, &mut loaded);
            self.keep(key, loaded);
            return result.map(Some);
        }
        Err(busy("list", list))
    }

    /// What is known of a list. What is known of others must leave room to change all of it.
    pub(crate) fn take(&self, key: &Key) -> Option<Loaded> {
        let mut kept = self.loaded.borrow_mut();
        let known = kept.remove(key.as_str());
        let others: usize = kept.values().map(|loaded| loaded.state.weight).sum();
        if kept.len() >= LISTS_KEPT_MAX || others > LISTS_KEPT_WEIGHT_MAX {
            kept.clear();
        }
        known
    }

    pub(crate) fn keep(&self, key: &Key, loaded: Loaded) {
        let mut kept = self.loaded.borrow_mut();
        kept.insert(String::from(key.as_str()), loaded);
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<(Ref<D>, ListName)>> {
        self.refs.read_state(key, "list", ListName::parse)
    }

    /// Reads the ref; finishes its removal where that is under way.
    pub(crate) fn open(&self, list: &str, key: &Key) -> Result<Option<Opened<D>>> {
        for _ in 0..TRIES_MAX {
            let Some((reference, name)) = self.read(key)? else { return Ok(None) };
            if name.is_tomb {
                self.refs.remove(&reference, key, name.revision)?;
                continue;
            }
            match reference.content()? {
                Some(content) => return Ok(Some(Opened { key: key.clone(), reference, name, content })),
                None if reference.still_stands() => return Err(damaged(list, "its log is gone")),
                None => {}
            }
        }
        Err(busy("list", list))
    }

    /// Brings what is known up to the head; `None` if the list has moved on meanwhile.
    pub(crate) fn catch_up(&self, list: &str, opened: &Opened<D>, known: Option<Loaded>) -> Result<Option<Loaded>> {
        let name = &opened.name;
        let in_snapshot = name.snapshot.map_or(0, |snapshot| snapshot.nonce.base_token());
        // Changes are read back to what is known or, where that is not near, to the snapshot.
        let known = known.and_then(|known| {
            let (birth, at) = known.at.filter(|(birth, _)| *birth == name.birth)?;
            // What follows it was built on later revisions, so none of that is forgotten where it is not itself.
            let is_reached = at.nonce.base_token() >= name.forgotten && name.kept.saturating_sub(known.kept) <= NEAR;
            let is_near = is_reached || at.nonce.base_token() >= in_snapshot;
            (birth == name.birth && is_near).then_some((known, at))
        });
        let is_known = known.is_some();
        let (mut loaded, until, bound) = match (known, name.snapshot) {
            (Some((known, at)), _) => (known, Some(at), at.nonce.base_token().saturating_add(1)),
            (None, None) => (Loaded::default(), None, 0),
            (None, Some(snapshot)) => {
                let Some(entry) = read_entry(&opened.content, snapshot)? else {
                    return missing(list, opened, snapshot);
                };
                let mut loaded = Loaded { snapshot: Some(snapshot), snapshot_bytes: entry.bytes, ..Loaded::default() };
                loaded.state.apply(entry.draft);
                // The changes since may have been made before it was named.
                (loaded, None, entry.header.revision)
            }
        };
        let mut unread = Vec::new();
        let mut next = Some(name.head);
        // Each change has a lower revision than the one after it, so this comes to an end.
        let mut later = u64::MAX;
        while let Some(entry_name) = next.filter(|next| Some(*next) != until && next.nonce.base_token() >= bound) {
            // How far it is was not known where changes were forgotten meanwhile.
            if is_known && unread.len() as u64 > NEAR && entry_name.nonce.base_token() < in_snapshot {
                return self.catch_up(list, opened, None);
            }
            let entry = self.read_change(&opened.content, entry_name)?.filter(|entry| entry.header.revision < later);
            match entry {
                Some(entry) => {
                    next = entry.header.previous();
                    later = entry.header.revision;
                    unread.push((entry_name, entry));
                }
                // What is known may have been left behind.
                None if is_known => return self.catch_up(list, opened, None),
                None => return missing(list, opened, entry_name),
            }
        }
        if is_known && next != until {
            return self.catch_up(list, opened, None);
        }
        if let Some(snapshot) = name.snapshot.filter(|_| loaded.snapshot != name.snapshot) {
            // Somebody else has made one: it serves this instance as well, which need not make another.
            let bytes = opened.content.metadata(&snapshot.text()).map_or(0, |metadata| metadata.size);
            loaded.snapshot_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            (loaded.snapshot, loaded.entries, loaded.bytes) = (Some(snapshot), 0, 0);
        }
        for (entry_name, entry) in unread.into_iter().rev() {
            if entry_name.nonce.base_token() > in_snapshot {
                loaded.apply(entry.draft, entry.bytes);
            } else {
                loaded.state.apply(entry.draft);
            }
        }
        loaded.is_at(name);
        Ok(Some(loaded))
    }

    /// Reads a change, from a pack that is open already if it stands in one.
    fn read_change(&self, dir: &D, name: EntryName) -> Result<Option<Entry>> {
        let recalled = name.extent.and_then(|extent| self.packs.recall(&extent, LIST_BYTES_MAX));
        if let Some(content) = recalled.filter(|content| crc32fast::hash(content) == name.crc) {
            return Ok(entry::read(&content));
        }
        let Some((content, file)) = read_content(dir, name)? else { return Ok(None) };
        if let Some(extent) = name.extent {
            self.packs.keep(extent.pack, file);
        }
        Ok(entry::read(&content))
    }

    /// The changes that are kept from the head back, until `visit` answers `false`; `false` if one of them is gone.
    pub(crate) fn for_each_change(
        &self,
        opened: &Opened<D>,
        visit: &mut dyn FnMut(EntryName, Header) -> bool,
    ) -> Result<bool> {
        let mut next = Some(opened.name.head);
        let mut later = u64::MAX;
        // A change that is forgotten was built on an earlier revision than the last of those.
        while let Some(name) = next.filter(|next| next.nonce.base_token() >= opened.name.forgotten) {
            let header = read_header(&opened.content, name)?.filter(|header| header.revision < later);
            let Some(header) = header else { return Ok(false) };
            (next, later) = (header.previous(), header.revision);
            if !visit(name, header) {
                break;
            }
        }
        Ok(true)
    }
}

/// What was compacted while it was read is no damage.
fn missing<D: Directory, T>(list: &str, opened: &Opened<D>, entry: EntryName) -> Result<Option<T>> {
    if opened.reference.still_stands() {
        return Err(damaged(list, &format!("entry {} of its log is missing or not what was written", entry.text())));
    }
    Ok(None)
}

pub(crate) fn damaged(list: &str, why: &str) -> Error {
    Error::Damaged(format!("list {list:?}: {why}; put it back or remove the list"))
}

/// The author's name, checked.
pub(crate) fn author(author: Author<'_>) -> Result<Option<String>> {
    match author.by {
        Some(by) if by.len() > crate::limits::NAME_BYTES_MAX => {
            Err(Error::TooLarge(format!("an author of {} bytes, use at most 255", by.len())))
        }
        by => Ok(by.map(String::from)),
    }
}

fn read_content<D: Directory>(dir: &D, name: EntryName) -> Result<Option<(Vec<u8>, D::File)>> {
    let at = |error: FsError| Error::at("a task list", &error);
    let file = match dir.open(&name.text()) {
        Ok(file) => file,
        Err(FsError::NotFound | FsError::IsDirectory | FsError::Link | FsError::NotDirectory) => return Ok(None),
        Err(error) => return Err(at(error)),
    };
    let content = match &name.extent {
        Some(extent) => read_from(&file, extent.at, extent.length, LIST_BYTES_MAX),
        None => read_file(&file, LIST_BYTES_MAX),
    };
    let content = content.map_err(at)?;
    Ok(content.filter(|content| crc32fast::hash(content) == name.crc).map(|content| (content, file)))
}

/// The first line of an entry that is whole.
pub(crate) fn read_header<D: Directory>(dir: &D, name: EntryName) -> Result<Option<Header>> {
    Ok(read_content(dir, name)?.and_then(|(content, _)| entry::read_header(&content)))
}

fn read_entry<D: Directory>(dir: &D, name: EntryName) -> Result<Option<Entry>> {
    Ok(read_content(dir, name)?.and_then(|(content, _)| entry::read(&content)))
}
