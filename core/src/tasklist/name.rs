//! The token file's name of a list: `<revision>.<state>.<since>.<birth>.<head>.<snapshot or ->.<next id>.<forgotten>.<kept>`.

use crate::name::{Nonce, Text, fields, number};
use crate::reference::Rank;
use crate::store::Extent;
use alloc::string::String;

/// The file name of one entry of the log: `<nonce>-<crc>`, and `-<length>-<at>-<pack>` behind it where it stands in a pack.
/// The nonce carries the revision that the entry was built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryName {
    pub(crate) nonce: Nonce,
    pub(crate) crc: u32,
    /// Where in a pack the entry stands; `None` if it is a whole file.
    pub(crate) extent: Option<Extent>,
}

impl EntryName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(48);
        self.write(&mut out);
        out.finish()
    }

    fn write(&self, out: &mut Text) {
        self.nonce.write(out);
        out.push('-');
        number::write_fixed(out, self.crc.into(), 7);
        if let Some(extent) = &self.extent {
            out.push('-');
            extent.write(out);
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (nonce, rest) = text.split_once('-')?;
        let (crc, extent) = match rest.split_once('-') {
            Some((crc, extent)) => (crc, Some(Extent::read(extent)?)),
            None => (rest, None),
        };
        let crc = u32::try_from(number::read_fixed(crc, 7)?).ok()?;
        let name = EntryName { nonce: Nonce::read(nonce)?, crc, extent };
        (name.text() == text).then_some(name)
    }
}

/// The state of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListName {
    /// Grows with each swap, so no name comes back.
    pub(crate) revision: u64,
    /// Whether it is on its way out; nothing may follow then.
    pub(crate) is_tomb: bool,
    /// In milliseconds since 1970.
    pub(crate) since_ms: u64,
    pub(crate) birth: Nonce,
    /// The last change.
    pub(crate) head: EntryName,
    /// All tasks as they were at the revision that its nonce carries; changes after it come on top.
    pub(crate) snapshot: Option<EntryName>,
    /// The id of the next task. It only grows, so an id is never used twice, whatever becomes of the log.
    pub(crate) next_id: u64,
    /// The revision of the last change that the history does not have any more; 0 while it has all.
    pub(crate) forgotten: u64,
    /// How many changes it has.
    pub(crate) kept: u64,
}

impl ListName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(128);
        number::write(&mut out, self.revision);
        out.push_str(if self.is_tomb { ".tomb." } else { ".live." });
        number::write(&mut out, self.since_ms);
        out.push('.');
        self.birth.write(&mut out);
        out.push('.');
        self.head.write(&mut out);
        out.push('.');
        match &self.snapshot {
            Some(snapshot) => snapshot.write(&mut out),
            None => out.push('-'),
        }
        for number in [self.next_id, self.forgotten, self.kept] {
            out.push('.');
            number::write(&mut out, number);
        }
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let revision = number::read_token(fields.next()?)?;
        let is_tomb = match fields.next()? {
            "live" => false,
            "tomb" => true,
            _ => return None,
        };
        let since_ms = number::read(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let head = EntryName::parse(fields.next()?)?;
        let snapshot = match fields.next()? {
            "-" => None,
            snapshot => Some(EntryName::parse(snapshot)?),
        };
        let mut number = || number::read(fields.next()?);
        let (next_id, forgotten, kept) = (number()?, number()?, number()?);
        let name = ListName { revision, is_tomb, since_ms, birth, head, snapshot, next_id, forgotten, kept };
        (name.text() == text).then_some(name)
    }

    /// Each change is a revision of its own.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let name = Self::parse(text)?;
        Some((name.revision, u64::from(name.is_tomb), 0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(revision in 0..=number::MOMENT_MAX, since_ms: u64, crc: u32, next_id: u64, forgotten: u64, kept: u64, is_tomb: bool, with: bool, is_packed: bool) {
            let birth = Nonce::read("0123456789abcdef").unwrap();
            let extent = is_packed.then_some(Extent { pack: since_ms >> 24, at: next_id >> 25, length: kept >> 25 });
            let head = EntryName { nonce: birth, crc, extent };
            let snapshot = with.then_some(head);
            let name = ListName { revision, is_tomb, since_ms, birth, head, snapshot, next_id, forgotten, kept };
            prop_assert!(name.text().len() <= 240);
            prop_assert_eq!(ListName::parse(&name.text()), Some(name));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "[0-9a-v]{1,3}\\.(live|x)\\.[0-9]{1,4}\\.[0-9a-w]{16}\\.[0-9a-v]{16}-[0-9a-v]{7}\\.(-|x)\\.[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}") {
            if let Some(name) = ListName::parse(&text) {
                prop_assert_eq!(name.text(), text);
            }
        }
    }
}
