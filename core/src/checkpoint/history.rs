//! The saves of a run: files in the ref's content directory, each with nothing but the content in it, or
//! among others.
//!
//! `<id>.<at>.<length>.<checksum>.<id of the save before, or ->`, and behind the length `-<length>-<at>-<pack>` where
//! the content stands in a pack, as names of which those saves are: the names alone say what is kept, in which order, and
//! whether a content is whole. An id carries the token that the save was built on.

use super::Save;
use super::name::RunName;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::name::{Nonce, Text, fields, number};
use crate::reference::unlink_if_there;
use crate::store::{Extent, list_entries, read_from, read_size, read_sized, write_size};
use alloc::string::String;
use alloc::vec::Vec;

/// The file name of one save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SaveName {
    pub(crate) id: Nonce,
    pub(crate) at_ms: u64,
    pub(crate) size: u64,
    /// Where in a pack the content stands; `None` if it is a whole file.
    pub(crate) extent: Option<Extent>,
    pub(crate) crc: u32,
    pub(crate) previous: Option<Nonce>,
}

impl SaveName {
    pub(crate) fn of(content: &[u8], id: Nonce, at_ms: u64, previous: Option<Nonce>) -> Self {
        SaveName { id, at_ms, size: content.len() as u64, extent: None, crc: crc32fast::hash(content), previous }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(64);
        self.id.write(&mut out);
        out.push('.');
        number::write(&mut out, self.at_ms);
        out.push('.');
        write_size(&mut out, self.size, self.extent.as_ref());
        out.push('.');
        number::write(&mut out, self.crc.into());
        out.push('.');
        match &self.previous {
            Some(previous) => previous.write(&mut out),
            None => out.push('-'),
        }
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let id = Nonce::read(fields.next()?)?;
        let at_ms = number::read(fields.next()?)?;
        let (size, extent) = read_size(fields.next()?)?;
        let crc = u32::try_from(number::read(fields.next()?)?).ok()?;
        let previous = match fields.next()? {
            "-" => None,
            previous => Some(Nonce::read(previous)?),
        };
        let name = SaveName { id, at_ms, size, extent, crc, previous };
        (name.text() == text).then_some(name)
    }

    pub(crate) fn view(&self) -> Save {
        Save { id: self.id.text(), at_ms: self.at_ms, size: self.size }
    }
}

/// The content directory of a run, as it was read.
#[derive(Debug)]
pub(crate) struct History<D> {
    pub(crate) dir: D,
    saves: Vec<SaveName>,
}

impl<D: Directory> History<D> {
    pub(crate) fn read(dir: D) -> Result<Self> {
        let entries = list_entries(&dir).map_err(|error| Error::at("the saves", &error))?;
        let saves = entries.iter().filter_map(|(name, _)| SaveName::parse(name)).collect();
        Ok(History { dir, saves })
    }

    pub(crate) fn len(&self) -> usize {
        self.saves.len()
    }

    pub(crate) fn find(&self, id: Nonce) -> Option<&SaveName> {
        self.saves.iter().find(|save| save.id == id)
    }

    /// The last save and those before it, `keep` at most.
    pub(crate) fn chain(&self, last: Option<Nonce>, keep: u32) -> Vec<&SaveName> {
        let mut chain = Vec::new();
        let mut next = last;
        while (chain.len() as u64) < u64::from(keep)
            && let Some(save) = next.and_then(|id| self.find(id))
        {
            chain.push(save);
            next = save.previous;
        }
        chain
    }

    /// What `state` keeps.
    pub(crate) fn kept(&self, state: &RunName) -> Vec<&SaveName> {
        match self.find(state.save) {
            Some(_) => self.chain(Some(state.save), state.keep),
            None => self.chain(state.previous, state.keep.saturating_sub(1)),
        }
    }

    /// What is debris beside `state`: not kept, and built on a token that has passed, so that no swap can come to name
    /// it (hole 1 in `docs/holes.md`). Nothing, where the last save itself is missing: it alone knows those before it.
    pub(crate) fn debris(&self, state: &RunName) -> Vec<&SaveName> {
        if self.find(state.save).is_none() {
            return Vec::new();
        }
        let kept = self.kept(state);
        self.saves.iter().filter(|save| save.id.base_token() < state.token && !kept.contains(save)).collect()
    }

    /// The content of a save; `None` if it is not what its name says.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be told.
    pub(crate) fn content(&self, save: &SaveName) -> Result<Option<Vec<u8>>> {
        let at = |error: FsError| Error::at("a save", &error);
        let file = match self.dir.open(&save.text()) {
            Ok(file) => file,
            Err(FsError::NotFound | FsError::IsDirectory | FsError::Link | FsError::NotDirectory) => return Ok(None),
            Err(error) => return Err(at(error)),
        };
        let content = match &save.extent {
            Some(extent) => read_from(&file, extent.at, extent.length, PAYLOAD_BYTES_MAX),
            None if file.metadata().map_err(at)?.size != save.size => return Ok(None),
            None => read_sized(&file, save.size, PAYLOAD_BYTES_MAX),
        };
        let content = content.map_err(at)?;
        Ok(content.filter(|content| content.len() as u64 == save.size && crc32fast::hash(content) == save.crc))
    }

    pub(crate) fn unlink(&self, save: &SaveName) -> Result<()> {
        unlink_if_there(&self.dir, &save.text(), "a save")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(at_ms: u64, content in proptest::collection::vec(0u8.., 0..99), follows: bool, is_packed: bool) {
            let id = Nonce::read("0123456789abcdef").unwrap();
            let extent = is_packed.then_some(Extent { pack: at_ms >> 24, at: at_ms >> 25, length: content.len() as u64 });
            let name = SaveName { extent, ..SaveName::of(&content, id, at_ms, follows.then_some(id)) };
            prop_assert_eq!(SaveName::parse(&name.text()), Some(name));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "[0-9a-w]{16}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9a-v]{1,7}\\.(-|[0-9a-v]{16}|x)") {
            if let Some(name) = SaveName::parse(&text) {
                prop_assert_eq!(name.text(), text);
            }
        }
    }
}
