//! What others do with a reserve ([`super::reserve`]): publish what was pushed and has lost its name, sweep it.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | publish | `reserved/n.i`, its record whole → `pending/<bucket>/<name>` | the rename | – |
//! | the same, where the task stands elsewhere | `reserved/n.i` → gone | the unlink | – |
//! | sweep | `reserved/n` → gone, then as above, then what is left of `reserved/n.*` → gone | each | names without an anchor |
//!
//! A record that is not whole was never acknowledged. One that is may be that of a living pusher, between its sync and its
//! rename: it finds its task published. What a power cut left in both places (see [`super::reconcile`]) stands where it
//! came to later; of a group the tasks that stand elsewhere are left out.
//!
//! The anchor goes before any name that was not used. So whoever pushes, and finds its name gone and the anchor there, knows
//! that its task was published.

use super::Queue;
use super::bucket::{self, BucketName};
use super::content;
use super::entry::{Entry, Place};
use super::group;
use super::layout::Layout;
use super::part::{Parting, unreadable};
use super::reconcile::unlink;
use super::reserve::{HEADER_BYTES_MAX, NAMES_MAX, RESERVE_BYTES_MAX, RESERVED, name_of, parse_name};
use super::scan::Found;
use crate::capability::{Directory, File, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Nonce, unseal};
use crate::reference::ignore_gone;
use crate::store::{Extent, SEPARATOR, Swept, for_each_entry, open_or_absent, read_file};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Whoever has written to its reserve this lately is likely to go on, and needs no help.
const LATELY_MS: u64 = 2_000;

/// Reserves with the places whose names were not used.
type Listed = BTreeMap<Nonce, Vec<u32>>;
/// A record that is whole, and its reserved name.
type Whole = (String, Entry);

impl<D: Directory> Queue<D> {
    /// Publishes what was pushed and has only its reserved name; answers those names. Unless `all`, looks only at reserves that
    /// nobody writes to, and at each of them once.
    pub(crate) fn publish_reserved(&self, layout: &Layout<D>, all: bool) -> Result<Vec<String>> {
        let dir = match open_or_absent(&layout.queue, RESERVED) {
            Ok(Some(dir)) => dir,
            // What else stands there is named by the doctor, and is no reserve.
            Ok(None) | Err(Error::Damaged(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let listed = list(&dir)?;
        self.reserves_seen.borrow_mut().retain(|nonce, _| listed.contains_key(nonce));
        let mut found = Vec::new();
        let mut failed = None;
        for (nonce, places) in listed {
            let looked = self.look_into_reserve(&dir, nonce, &places, all);
            match looked {
                Ok(whole) => found.extend(whole),
                // One bad entry never stops the others.
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        let mut published = Vec::new();
        let outcome = publish_all(layout, &dir, found, &mut published);
        match failed.map_or(outcome, Err) {
            Err(error) if published.is_empty() => Err(error),
            _ => Ok(published),
        }
    }

    fn look_into_reserve(&self, dir: &D, nonce: Nonce, places: &[u32], all: bool) -> Result<Vec<Whole>> {
        // What is left of it is the anchor.
        let Some(first) = places.first() else { return Ok(Vec::new()) };
        let modified_ms = match dir.metadata(&name_of(nonce, *first)) {
            Ok(metadata) => metadata.modified_ms,
            Err(FsError::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(Error::at(RESERVED, &error)),
        };
        let age_ms = modified_ms.and_then(|at_ms| self.environment().now_ms().checked_sub(at_ms));
        let is_written = age_ms.is_some_and(|age_ms| age_ms < LATELY_MS);
        if !all && (is_written || self.reserves_seen.borrow().get(&nonce) == Some(&modified_ms)) {
            return Ok(Vec::new());
        }
        let whole = whole_of(dir, nonce, places)?;
        if whole.is_empty() && !is_written {
            self.reserves_seen.borrow_mut().insert(nonce, modified_ms);
        }
        Ok(whole)
    }

    /// Ends the reserves that nobody has written to for so long, and publishes what only they tell of.
    pub(crate) fn sweep_reserved(&self, layout: &Layout<D>, older_than_ms: u64, swept: &mut Swept) {
        let Some(Some(dir)) = swept.kept(open_or_absent(&layout.queue, RESERVED)) else { return };
        for (nonce, places) in swept.kept(list(&dir)).unwrap_or_default() {
            let ended = self.end_reserve(layout, &dir, nonce, &places, older_than_ms);
            swept.note(ended);
        }
    }

    fn end_reserve(
        &self,
        layout: &Layout<D>,
        dir: &D,
        nonce: Nonce,
        places: &[u32],
        older_than_ms: u64,
    ) -> Result<bool> {
        let at = |error: FsError| Error::at(RESERVED, &error);
        let anchor = nonce.text();
        match dir.metadata(&anchor) {
            Ok(metadata) => {
                let age_ms = metadata.modified_ms.and_then(|at_ms| self.environment().now_ms().checked_sub(at_ms));
                if age_ms.is_none_or(|age_ms| age_ms < older_than_ms) {
                    return Ok(false);
                }
            }
            // Somebody else has begun to end it.
            Err(FsError::NotFound) => {}
            Err(error) => return Err(at(error)),
        }
        ignore_gone(dir.unlink(&anchor)).map_err(at)?;
        let whole = whole_of(dir, nonce, places)?;
        let names: Vec<String> = whole.iter().map(|(name, _)| name.clone()).collect();
        publish_all(layout, dir, whole, &mut Vec::new())?;
        for name in places.iter().map(|place| name_of(nonce, *place)).filter(|name| !names.contains(name)) {
            ignore_gone(dir.unlink(&name)).map_err(at)?;
        }
        Ok(true)
    }
}

fn list<D: Directory>(dir: &D) -> Result<Listed> {
    let mut listed = Listed::new();
    for_each_entry(dir, &mut |name, kind| {
        if let Some((nonce, place)) = parse_name(name).filter(|_| kind == Kind::File) {
            listed.entry(nonce).or_default().extend(place);
        }
    })
    .map_err(|error| Error::at(RESERVED, &error))?;
    Ok(listed)
}

/// The records of a reserve that are whole and have their reserved names.
fn whole_of<D: Directory>(dir: &D, nonce: Nonce, places: &[u32]) -> Result<Vec<Whole>> {
    for place in places {
        let bytes = match dir.open(&name_of(nonce, *place)).and_then(|file| read_file(&file, RESERVE_BYTES_MAX)) {
            Ok(bytes) => bytes.unwrap_or_default(),
            // Used meanwhile: it has others.
            Err(FsError::NotFound) => continue,
            Err(error) => return Err(Error::at(RESERVED, &error)),
        };
        let mut records = read_records(&bytes);
        let whole = places.iter().filter_map(|place| {
            let record = records.get_mut(usize::try_from(*place).ok()?)?;
            Some((name_of(nonce, *place), record.take()?))
        });
        return Ok(whole.collect());
    }
    Ok(Vec::new())
}

/// The records that were begun, in their order; `None` for one that is not whole.
fn read_records(bytes: &[u8]) -> Vec<Option<Entry>> {
    let mut records = Vec::new();
    let mut at = 0;
    while records.len() < usize::try_from(NAMES_MAX).unwrap_or(0)
        && let Some((entry, begins, ends)) = read_header(bytes, at)
    {
        let content = bytes.get(begins..ends);
        let is_ended = bytes.get(ends..).is_some_and(|rest| rest.starts_with(SEPARATOR));
        let is_whole = is_ended && content.is_some_and(|content| is_whole(&entry, content));
        records.push(is_whole.then_some(entry));
        at = ends.saturating_add(SEPARATOR.len());
    }
    records
}

/// What the record says that begins at `at`, and where its content begins and ends.
fn read_header(bytes: &[u8], at: usize) -> Option<(Entry, usize, usize)> {
    let rest = bytes.get(at..)?;
    let length = rest.iter().take(HEADER_BYTES_MAX).position(|byte| SEPARATOR.contains(byte))?;
    let text = core::str::from_utf8(rest.get(..length)?).ok()?;
    let entry = Entry::parse(unseal(text)?).filter(|entry| entry.place == Place::Pending)?;
    let extent = entry.extent.filter(|extent| extent.at == 0)?;
    let begins = at.checked_add(length)?.checked_add(SEPARATOR.len())?;
    let ends = begins.checked_add(usize::try_from(extent.length).ok()?)?;
    Some((entry.in_pack(Extent { at: begins as u64, ..extent }), begins, ends))
}

/// Whether the content is all that was pushed.
fn is_whole(entry: &Entry, content: &[u8]) -> bool {
    let is_sound = |entry: &Entry, bytes: &[u8]| content::split(entry, Vec::from(bytes)).is_some();
    match entry.group {
        None => is_sound(entry, content),
        Some(_) => group::members(entry, content).is_some_and(|members| {
            members
                .iter()
                .all(|member| member.bytes(content).is_some_and(|bytes| is_sound(&member.entry(entry), bytes)))
        }),
    }
}

fn publish_all<D: Directory>(
    layout: &Layout<D>,
    dir: &D,
    whole: Vec<Whole>,
    published: &mut Vec<String>,
) -> Result<()> {
    if whole.is_empty() {
        return Ok(());
    }
    let standing = standing_elsewhere(layout, &whole)?;
    let mut failed = None;
    for (name, entry) in whole {
        let places = standing.get(&entry.nonce).copied().unwrap_or(0);
        let left = match entry.group {
            Some(_) => entry.without(places),
            None => (places == 0).then_some(entry),
        };
        let outcome = match left {
            Some(entry) => publish(layout, dir, &name, &entry),
            None => unlink(dir, &name, RESERVED).map(|()| false),
        };
        match outcome {
            Ok(true) => published.push(name),
            Ok(false) => {}
            // One bad entry never stops the others.
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Which of these tasks stand elsewhere already, as they do where a power cut has kept a later name and an earlier one: all
/// bits are set of one that stands alone, those of their places for the tasks of a group.
fn standing_elsewhere<D: Directory>(layout: &Layout<D>, whole: &[Whole]) -> Result<BTreeMap<Nonce, u128>> {
    let mut standing: BTreeMap<Nonce, u128> = whole.iter().map(|(_, entry)| (entry.nonce, 0)).collect();
    let mut look = |found: Found<D>| {
        if found.is_unreadable {
            return Err(unreadable(&found));
        }
        let entry = Entry::parse(&found.name).or_else(|| Parting::parse(&found.name).map(|parting| parting.entry));
        for nonce in entry.iter().flat_map(Entry::nonces) {
            if let Some(places) = standing.get_mut(&nonce) {
                *places = u128::MAX;
            } else if let Some(place) = nonce.place()
                && let Some(places) = standing.get_mut(&nonce.of_group())
            {
                *places |= 1 << place;
            }
        }
        Ok(())
    };
    // Twice, since a task that moves from directory to directory can be missed by one look.
    for _ in 0..2 {
        layout.for_each_pending(&mut look)?;
        layout.for_each_fixed(&mut look)?;
    }
    Ok(standing)
}

/// Gives a record the name that it tells of; `false` if somebody was faster.
fn publish<D: Directory>(layout: &Layout<D>, dir: &D, name: &str, entry: &Entry) -> Result<bool> {
    let at = |error: FsError| Error::at(RESERVED, &error);
    // Whoever wrote it may have been killed before it was on the disk.
    match dir.open(name).and_then(|file| file.sync()) {
        Ok(()) => {}
        Err(FsError::NotFound) => return Ok(false),
        Err(error) => return Err(at(error)),
    }
    let bucket = BucketName::shared(entry.priority, entry.due_ms, 0);
    for _ in 0..TRIES_MAX {
        let opened = bucket::ensure(layout, &bucket)?;
        opened.anchor(layout)?;
        match dir.rename(name, &opened.dir, &entry.text()) {
            Ok(()) => return Ok(true),
            // Which of the two is gone? If it is the bucket, it is made again.
            Err(FsError::NotFound) => match dir.metadata(name) {
                Ok(_) => {}
                Err(FsError::NotFound) => return Ok(false),
                Err(error) => return Err(at(error)),
            },
            Err(error) => return Err(at(error)),
        }
    }
    Err(Error::Exhausted(format!("bucket {} is removed as fast as it is made, try again", bucket.text())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::super::push::tests::group_of;
    use super::super::reserve::record;
    use super::*;
    use proptest::prelude::*;

    fn records_of(batches: &[Vec<Vec<u8>>]) -> (Vec<u8>, Vec<Entry>) {
        let mut bytes = Vec::new();
        let mut entries = Vec::new();
        for payloads in batches {
            let (content, entry) = group_of(payloads);
            let header = record(&entry, &content).len() - content.len() - SEPARATOR.len();
            let extent = Extent { pack: 7, at: (bytes.len() + header) as u64, length: content.len() as u64 };
            entries.push(entry.in_pack(extent));
            bytes.extend(record(&entry, &content));
        }
        (bytes, entries)
    }

    fn batches() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
        let payloads = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 2..5);
        proptest::collection::vec(payloads, 1..4)
    }

    proptest! {
        #[test]
        fn records_read_back_as_written_whatever_follows(batches in batches(), zeros in 0usize..500) {
            let (mut bytes, entries) = records_of(&batches);
            bytes.resize(bytes.len() + zeros, 0);
            prop_assert_eq!(read_records(&bytes), entries.into_iter().map(Some).collect::<Vec<_>>());
        }

        #[test]
        fn what_is_not_all_on_the_disk_is_not_whole(batches in batches(), from: prop::sample::Index, to: prop::sample::Index) {
            let (bytes, entries) = records_of(&batches);
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let mut torn = bytes.clone();
            torn[from.min(to)..=from.max(to)].fill(0);
            let contents = |entry: &Entry, bytes: &[u8]| {
                let extent = entry.extent.unwrap();
                let content = &bytes[extent.at as usize..(extent.at + extent.length) as usize];
                let members = group::members(entry, content).unwrap();
                members.iter().map(|member| member.bytes(content).unwrap().to_vec()).collect::<Vec<_>>()
            };
            for (read, entry) in read_records(&torn).iter().zip(&entries) {
                let Some(read) = read else { continue };
                prop_assert_eq!(read, entry);
                prop_assert_eq!(contents(entry, &torn), contents(entry, &bytes));
            }
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(read_records(&bytes).iter().all(Option::is_none));
        }
    }
}
