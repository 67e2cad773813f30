//! Which queues there are, and what they are called.
//!
//! A queue is a directory `<key>-queue` of the store. Where its name was too long for a key, that stands in the file
//! `name` in it, written before a push is acknowledged:
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | tell the name | `tmp/n` → `name` | the rename | `tmp/n`, which a sweep takes |
//!
//! Whoever else does so at the same time writes the same text, so replacing it silently is harmless.

use super::layout::Layout;
use super::{FORMAT, Queue, Queues, SUFFIX};
use crate::capability::{Directory, File, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::NAME_BYTES_MAX;
use crate::name::{Decoded, Key, Nonce};
use crate::order::sort;
use crate::store::{Damage, create_file, list_entries, read_file};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Holds the full name of a queue whose key was shortened.
pub(crate) const NAME_FILE: &str = "name";

impl<D: Directory> Queues<D> {
    /// The names of all queues. One that was cut short, and that nothing tells any more, is left out.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn list(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> =
            self.directories()?.iter().filter_map(|(directory, key)| self.name_of(directory, key)).collect();
        sort(&mut names);
        Ok(names)
    }

    /// All queues, also those that have lost their name: they go by what is left of it, and nothing is pushed to them.
    pub(crate) fn each(&self) -> Result<Vec<Queue<D>>> {
        let queues = self.directories()?.into_iter().map(|(directory, key)| {
            let name = self.name_of(&directory, &key).unwrap_or_else(|| String::from(key.as_str()));
            self.queue_in(name, directory)
        });
        Ok(queues.collect())
    }

    /// What is named as a queue, and is none.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        let mut damages = Vec::new();
        let store = Rc::new(self.dir.clone());
        for (name, kind) in self.entries()? {
            let Some(stem) = name.strip_suffix(SUFFIX) else { continue };
            if kind != Kind::Directory {
                damages.push(Damage::foreign(Rc::clone(&store), name.clone(), name, "not the directory of a queue"));
            } else if Key::from_file_name(stem).is_none() {
                let problem = "not the name of a queue as it stands on the disk: nobody works on it, rename it";
                damages.push(Damage::in_place(name, problem));
            }
        }
        Ok(damages)
    }

    fn entries(&self) -> Result<Vec<(String, Kind)>> {
        FORMAT.is_marked(&self.dir)?;
        list_entries(&self.dir).map_err(|error| Error::at(".aristo", &error))
    }

    fn directories(&self) -> Result<Vec<(String, Key)>> {
        let entries = self.entries()?.into_iter().filter(|(_, kind)| *kind == Kind::Directory);
        let keyed = entries.filter_map(|(name, _)| {
            let (key, _) = Key::from_file_name(name.strip_suffix(SUFFIX)?)?;
            Some((name, key))
        });
        Ok(keyed.collect())
    }

    fn name_of(&self, directory: &str, key: &Key) -> Option<String> {
        match Key::from_file_name(key.as_str())? {
            (_, Decoded::Name(name)) => Some(name),
            (_, Decoded::Shortened) => read_name(&self.dir.open_dir(directory).ok()?, key),
        }
    }
}

impl<D: Directory> Queue<D> {
    /// Whether the name can be told from the directory alone, or from the file in it.
    pub(crate) fn tells_its_name(&self, queue: &D) -> bool {
        match self.directory.strip_suffix(SUFFIX).and_then(Key::from_file_name) {
            Some((key, Decoded::Shortened)) => read_name(queue, &key).is_some(),
            _ => true,
        }
    }

    /// Sees to it that the full name stands in the queue, on the disk, where its directory does not tell it; `false`
    /// if somebody removed the directories meanwhile, or swept.
    pub(crate) fn ensure_name(&self, layout: &Layout<D>) -> Result<bool> {
        if !self.is_named.get() {
            self.is_named.set(self.tells_its_name(&layout.queue) || self.write_name(layout)?);
        }
        Ok(self.is_named.get())
    }

    fn write_name(&self, layout: &Layout<D>) -> Result<bool> {
        let temporary = Nonce::draw(self.environment()).text();
        let written = create_file(&layout.tmp, &temporary, &[self.name.as_bytes()])
            .and_then(|file| file.sync())
            .and_then(|()| layout.tmp.rename(&temporary, &layout.queue, NAME_FILE))
            .and_then(|()| layout.queue.sync());
        match written {
            Ok(()) => Ok(true),
            Err(FsError::NotFound) => {
                layout.doubt();
                Ok(false)
            }
            Err(error) => {
                let _ = layout.tmp.unlink(&temporary);
                Err(match error {
                    FsError::IsDirectory | FsError::Exists | FsError::NotEmpty => {
                        Error::Damaged(format!("{NAME_FILE}: a directory stands here, move it away"))
                    }
                    error => Error::at(NAME_FILE, &error),
                })
            }
        }
    }
}

/// What the file says, where that is the name which the key was made from.
fn read_name<D: Directory>(queue: &D, key: &Key) -> Option<String> {
    let file = queue.open(NAME_FILE).ok()?;
    let name = String::from_utf8(read_file(&file, NAME_BYTES_MAX).ok()??).ok()?;
    (Key::of(&name).as_ref() == Ok(key)).then_some(name)
}
