//! Groups: tasks that were pushed together, and are one name until one of them goes its own way.
//!
//! Their contents stand one after the other, then an index: for each task how long payload and attributes are
//! together, how long the payload is, and the checksum of both. The name tells where all of it lies, the checksum of the
//! index, and which tasks are left: finishing one is a rename to a name without it. What else may become of a task alone
//! takes a name for each, see [`super::part`].
//!
//! The nonce of the group ends in seven zero bits, in which that of each of its tasks has its place, from one.

use super::content::checksum;
use super::entry::Entry;
use super::push::Checked;
use crate::name::{Text, number};
use crate::store::{Extent, SEPARATOR};
use alloc::vec::Vec;

/// How many tasks are one group at most: so many that its name, with the longest of holders, is none too long.
pub(crate) const GROUP_TASKS_MAX: usize = 100;
/// No group lies beyond so many bytes of its file, which keeps the name short.
pub(crate) const END_MAX: usize = 1 << 20;
const NUMBER_DIGITS: usize = 5;
const CRC_DIGITS: usize = 7;
/// What the index says of one task, in bytes.
const RECORD_BYTES: usize = 2 * NUMBER_DIGITS + CRC_DIGITS;

/// Which tasks of a group are left: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    count: u32,
    left: u128,
}

impl Group {
    /// A group of `count` tasks (2 to 100), all of them left; `None` if there is none of so many.
    pub(crate) fn of(count: usize) -> Option<Self> {
        if !(2..=GROUP_TASKS_MAX).contains(&count) {
            return None;
        }
        Some(Group { count: u32::try_from(count).ok()?, left: (1 << count) - 1 })
    }

    /// How many tasks are left.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.left.count_ones()).unwrap_or(0)
    }

    /// The places of those that are left.
    pub(crate) fn places(self) -> impl Iterator<Item = u32> {
        (0..self.count).filter(move |place| self.left >> place & 1 == 1)
    }

    pub(crate) fn contains(&self, place: u32) -> bool {
        place < self.count && self.left >> place & 1 == 1
    }

    /// The group without some; `None` if none is left.
    pub(crate) fn without(&self, places: u128) -> Option<Self> {
        let left = self.left & !places;
        (left != 0).then_some(Group { left, ..*self })
    }

    /// Those of `places` that are left.
    pub(crate) fn among(&self, places: u128) -> u128 {
        self.left & places
    }

    /// Appends which are left, after a one.
    fn write(&self, out: &mut Text) {
        let bits = self.left | 1 << self.count;
        let mut shift = (u128::BITS - bits.leading_zeros()).div_ceil(5) * 5;
        while shift > 0 {
            shift -= 5;
            number::write(out, u64::try_from(bits >> shift & 31).unwrap_or(0));
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 21 || text.starts_with('0') || !text.is_ascii() {
            return None;
        }
        let mut bits: u128 = 0;
        for at in 0..text.len() {
            bits = bits << 5 | u128::from(number::read(&text[at..=at])?);
        }
        let count = u128::BITS.checked_sub(bits.leading_zeros() + 1)?;
        let left = bits & !(1 << count);
        let group = Group { count, left };
        (2..=GROUP_TASKS_MAX).contains(&usize::try_from(count).ok()?).then_some(group).filter(|_| left != 0)
    }

    /// Appends `+<left>-<length>-<at>-<pack>`.
    pub(crate) fn write_size(&self, out: &mut Text, extent: &Extent) {
        out.push('+');
        self.write(out);
        out.push('-');
        extent.write(out);
    }

    /// Reads what [`Group::write_size`] writes, without the plus.
    pub(crate) fn read_size(text: &str) -> Option<(Self, Extent)> {
        let (left, extent) = text.split_once('-')?;
        let (group, extent) = (Self::read(left)?, Extent::read(extent)?);
        let ends = extent.at.checked_add(extent.length).is_some_and(|end| end < END_MAX as u64);
        ends.then_some((group, extent))
    }

    fn index_bytes(&self) -> usize {
        usize::try_from(self.count).unwrap_or(0).saturating_mul(RECORD_BYTES)
    }
}

/// What the index says of a task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// Its place in the group.
    pub(crate) place: u32,
    /// Where in the group's content it begins.
    pub(crate) at: u64,
    length: u64,
    size: u64,
    crc: u32,
}

impl Member {
    /// The task as it stands alone, in the state of its group.
    pub(crate) fn entry(&self, group: &Entry) -> Entry {
        Entry {
            seq: group.seq.saturating_add(self.place),
            nonce: group.nonce.member(self.place),
            size: self.size,
            extent: group.extent.map(|extent| Extent {
                at: extent.at.saturating_add(self.at),
                length: self.length,
                ..extent
            }),
            crc: self.crc,
            group: None,
            ..group.clone()
        }
    }

    /// Its payload and attributes in the group's content.
    pub(crate) fn bytes<'a>(&self, content: &'a [u8]) -> Option<&'a [u8]> {
        let from = usize::try_from(self.at).ok()?;
        content.get(from..from.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

/// The index of some tasks, and its checksum.
pub(crate) fn index_of(tasks: &[Checked<'_>]) -> (Vec<u8>, u32) {
    let mut index = Text::with_capacity(tasks.len().saturating_mul(RECORD_BYTES));
    for task in tasks {
        number::write_fixed(&mut index, task.length() as u64, NUMBER_DIGITS);
        number::write_fixed(&mut index, task.payload.len() as u64, NUMBER_DIGITS);
        number::write_fixed(&mut index, checksum(task.payload, &task.trailer).into(), CRC_DIGITS);
    }
    let index = index.finish().into_bytes();
    let crc = crc32fast::hash(&index);
    (index, crc)
}

/// What the content of a group says of the tasks that are left; `None` if it is not what the name says.
pub(crate) fn members(entry: &Entry, content: &[u8]) -> Option<Vec<Member>> {
    let group = entry.group?;
    let index = content.get(content.len().checked_sub(group.index_bytes())?..)?;
    if crc32fast::hash(index) != entry.crc {
        return None;
    }
    let mut members = Vec::with_capacity(group.len());
    let mut at: u64 = 0;
    for (place, record) in (0..group.count).zip(index.chunks_exact(RECORD_BYTES)) {
        let record = core::str::from_utf8(record).ok()?;
        let number = |from: usize, digits: usize| number::read_fixed(record.get(from..from + digits)?, digits);
        let (length, size) = (number(0, NUMBER_DIGITS)?, number(NUMBER_DIGITS, NUMBER_DIGITS)?);
        let crc = u32::try_from(number(2 * NUMBER_DIGITS, CRC_DIGITS)?).ok()?;
        if group.contains(place) {
            members.push(Member { place, at, length, size, crc });
        }
        at = at.checked_add(length)?.checked_add(SEPARATOR.len() as u64)?;
    }
    let is_all = at.checked_add(index.len() as u64) == Some(content.len() as u64);
    is_all.then_some(members)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    fn text(group: &Group) -> alloc::string::String {
        let mut out = Text::with_capacity(32);
        group.write(&mut out);
        out.finish()
    }

    #[test]
    fn a_group_has_two_to_a_hundred_tasks() {
        assert_eq!((Group::of(1), Group::of(101)), (None, None));
        for count in 2..=100 {
            let group = Group::of(count).unwrap();
            assert_eq!(group.len(), count);
            assert_eq!(group.places().count(), count);
            assert!(text(&group).len() <= 21, "{}", text(&group));
        }
    }

    #[test]
    fn what_is_no_group_is_none() {
        for text in
            ["", "0", "1", "2", "3", "4", "03", "6.", "+6", "vvvvvvvvvvvvvvvvvvvvvv", "w", "g00000000000000000000"]
        {
            assert_eq!(Group::read(text), None, "{text}");
        }
        assert_eq!(Group::read("7"), Group::of(2));
    }

    proptest! {
        #[test]
        fn a_group_reads_back_as_written(count in 2usize..=100, gone: u128) {
            let Some(group) = Group::of(count).unwrap().without(gone) else { return Ok(()) };
            prop_assert_eq!(Group::read(&text(&group)), Some(group));
            prop_assert!(group.places().all(|place| group.contains(place) && gone >> place & 1 == 0));
        }

        #[test]
        fn an_index_with_any_byte_changed_is_none(at: usize, with: u8) {
            let payloads: Vec<Vec<u8>> = (0..5u8).map(|n| alloc::vec![n; usize::from(n) * 3]).collect();
            let (content, entry) = super::super::push::tests::group_of(&payloads);
            prop_assert_eq!(members(&entry, &content).unwrap().len(), 5);
            let index = content.len() - 5 * RECORD_BYTES;
            let mut other = content.clone();
            other[index + at % (5 * RECORD_BYTES)] = with;
            prop_assert_eq!(members(&entry, &other).is_some(), other == content);
            prop_assert!(members(&entry, &content[1..]).is_none());
        }
    }
}
