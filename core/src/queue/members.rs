//! What the holder of a group does with its tasks.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | done, some | `claimed/<g>` → `claimed/<g>` without them | the rename | – |
//! | done, the last | `claimed/<g>` → gone | the unlink | – |
//! | done all that are left | `claimed/<g>` → gone | the unlink | – |
//! | done, while it parts | `claimed/<g>.s.<attempt>` → the same without them, or gone | the rename, or the unlink | – |
//! | anything else | the group parts, see [`super::part`], and the task goes its own way | – | – |
//!
//! Between reading a receipt and the rename others of its holder may have finished tasks of the group (fewer are left: it is
//! looked for and tried again), or parted it (each task is looked for under the same token), or it may have been taken back
//! (another token: `lost`).

use super::Queue;
use super::entry::{Entry, Place};
use super::finish::{Act, move_file};
use super::group::Group;
use super::layout::Layout;
use super::part::{Part, Parting};
use super::receipt::Receipt;
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::{BATCH_TASKS_MAX, TRIES_MAX};
use crate::store::{is_sync, list_entries, open_or_absent, sync_all};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// How often one who parts the group just now is waited for.
pub(crate) const PATIENT_TRIES: u32 = 16;

/// Where a claimed group was found.
enum Standing {
    Whole(Entry),
    Parting(Parting),
    /// Nowhere: it is over, or its tasks stand alone.
    Gone,
}

impl<D: Directory> Queue<D> {
    /// Finishes several tasks, up to 65,536, without outcomes: those that were pushed and claimed together together. Answers
    /// the places among `receipts` of those whose claim is over, which are not finished.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a receipt, [`Error::TooLarge`], before anything is changed. [`Error::Io`]: some may be
    /// finished, and which is told by asking again.
    pub fn done_all(&self, receipts: &[&str], durability: Durability) -> Result<Vec<usize>> {
        if receipts.len() > BATCH_TASKS_MAX {
            return Err(Error::TooLarge(format!(
                "{} receipts in one call, use at most {BATCH_TASKS_MAX}",
                receipts.len()
            )));
        }
        let (groups, parsed) = parse_all(receipts)?;
        let sync = is_sync(durability, false);
        let layout = self.layout()?;
        let mut lost = Vec::new();
        let mut at = 0;
        while let Some(first) = parsed.get(at) {
            let Some((number, _)) = first else {
                match self.done(receipts[at], None, durability) {
                    Ok(()) => {}
                    Err(Error::Lost(_)) => lost.push(at),
                    Err(error) => return Err(error),
                }
                at += 1;
                continue;
            };
            // Those of one group stand one after the other where a claim has answered them.
            let places = || {
                parsed[at..].iter().map_while(|one| one.filter(|(other, _)| other == number).map(|(_, place)| place))
            };
            let gone = match &layout {
                Some(layout) => self.finish_members(layout, &groups[*number].1, bits(places()), sync)?,
                None => u128::MAX,
            };
            let mut seen = 0;
            let mut count = 0;
            for place in places() {
                let bit = 1u128 << place;
                // One that is given twice is lost the second time, as with two calls.
                if (gone | seen) & bit != 0 {
                    lost.push(at + count);
                }
                seen |= bit;
                count += 1;
            }
            at += count;
        }
        Ok(lost)
    }

    /// Finishes the tasks at `places` of a claimed group; answers those that were over.
    pub(crate) fn finish_members(
        &self,
        layout: &Rc<Layout<D>>,
        claimed: &Entry,
        places: u128,
        sync: bool,
    ) -> Result<u128> {
        // Those that are known to stand alone need no search.
        let alone = self.known_alone(claimed, places);
        let mut over_alone = 0;
        if alone != 0 {
            over_alone = self.finish_alone(layout, claimed, alone, sync)?;
        }
        let places = places & !alone;
        if places == 0 {
            return Ok(over_alone);
        }
        self.finish_grouped(layout, claimed, places, sync).map(|over| over | over_alone)
    }

    fn finish_grouped(&self, layout: &Rc<Layout<D>>, claimed: &Entry, places: u128, sync: bool) -> Result<u128> {
        let mut current = self.known_group(claimed);
        for _ in 0..TRIES_MAX {
            let Some(group) = current.group else { return Ok(places) };
            let left = group.among(places);
            if left != 0 {
                let next = current.without(left).unwrap_or_else(|| Entry { place: Place::Tomb, ..current.clone() });
                if move_file(layout, &layout.claimed, &current, &next, sync)? {
                    if next.place != Place::Tomb {
                        self.know_claim(next);
                    }
                    return Ok(places & !left);
                }
            }
            match find_group(layout, claimed)? {
                Standing::Whole(_) if left == 0 => return Ok(places),
                Standing::Whole(found) => current = found,
                Standing::Parting(parting) if parting.is_settled => {
                    self.help_part(layout, &layout.claimed, parting, false)?;
                }
                Standing::Parting(parting) => {
                    if let Some(over) = leave_out(layout, &parting, places, sync)? {
                        return Ok(over);
                    }
                }
                Standing::Gone => return self.finish_alone(layout, claimed, places, sync),
            }
        }
        Err(self.exhausted())
    }

    /// Finishes those of the tasks that stand alone; answers those that were over.
    fn finish_alone(&self, layout: &Rc<Layout<D>>, claimed: &Entry, places: u128, sync: bool) -> Result<u128> {
        let mut over = 0;
        for place in (0..u128::BITS).filter(|place| places >> place & 1 == 1) {
            let next = |entry: &Entry| Entry { place: Place::Tomb, ..entry.clone() };
            let act = Act { next: &next, note: None, is_done: true, sync };
            if self.act_on_file(layout, claimed.alone(place), act)?.is_none() {
                over |= 1 << place;
            }
        }
        Ok(over)
    }

    /// Lets a task of a group go its own way, and acts on it. `None` if the claim is over.
    pub(crate) fn act_on_member(
        &self,
        layout: &Rc<Layout<D>>,
        claimed: &Entry,
        place: u32,
        act: Act<'_>,
    ) -> Result<Option<Entry>> {
        if self.known_alone(claimed, 1 << place) != 0 {
            return self.act_on_file(layout, claimed.alone(place), act);
        }
        let mut current = self.known_group(claimed);
        for tried in 0..TRIES_MAX {
            if current.group.is_some_and(|group| group.contains(place))
                && let Some(tasks) = self.part(layout, &layout.claimed, &current)?
            {
                let nonce = claimed.nonce.member(place);
                let task = tasks.into_iter().find(|task| task.nonce == nonce);
                return self.act_on_file(layout, task.unwrap_or_else(|| claimed.alone(place)), act);
            }
            match find_group(layout, claimed)? {
                Standing::Whole(found) if !found.group.is_some_and(|group| group.contains(place)) => return Ok(None),
                Standing::Whole(found) => current = found,
                Standing::Parting(parting) => {
                    if !self.help_part(layout, &layout.claimed, parting, tried >= PATIENT_TRIES)? {
                        // Somebody is at it, and waits for the disk as well.
                        sync_all(&[(&layout.claimed, "claimed")])?;
                    }
                }
                Standing::Gone => return self.act_on_file(layout, claimed.alone(place), act),
            }
        }
        Err(self.exhausted())
    }

    /// Gives back what is claimed of a group, however it stands: that which cannot be is over with its holder.
    pub(crate) fn release_members(&self, layout: &Rc<Layout<D>>, claimed: &Entry) {
        for place in claimed.group.into_iter().flat_map(Group::places) {
            let act = Act { next: &Entry::released, note: None, is_done: false, sync: false };
            let _ = self.act_on_member(layout, claimed, place, act);
        }
    }

    /// Those of the places whose tasks this instance knows to stand alone under that claim.
    fn known_alone(&self, claimed: &Entry, places: u128) -> u128 {
        let known = self.extended.borrow();
        let is_known =
            |place: u32| known.get(&claimed.nonce.member(place)).is_some_and(|entry| entry.token == claimed.token);
        (0..u128::BITS)
            .filter(|place| places >> place & 1 == 1 && is_known(*place))
            .fold(0, |bits, place| bits | 1 << place)
    }

    /// The group under the name that it has as far as this instance knows.
    fn known_group(&self, claimed: &Entry) -> Entry {
        let known = self.extended.borrow_mut().remove(&claimed.nonce);
        known.filter(|known| known.token == claimed.token).unwrap_or_else(|| claimed.clone())
    }
}

/// The groups that receipts are of, by the names of their claims.
type Groups<'a> = Vec<(&'a str, Entry)>;
/// For each receipt the number of its group and its place in that, unless it is of no group.
type Places = Vec<Option<(usize, u32)>>;

/// Reads receipts. The many of one group are read once.
fn parse_all<'a>(receipts: &[&'a str]) -> Result<(Groups<'a>, Places)> {
    let mut groups: Groups<'a> = Vec::new();
    let mut parsed = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        if let (Some((place, name)), Some((known, group))) = (Receipt::member(receipt), groups.last())
            && *known == name
            && group.group.is_some_and(|group| group.contains(place))
        {
            parsed.push(Some((groups.len() - 1, place)));
            continue;
        }
        match (Receipt::parse(receipt)?, Receipt::member(receipt)) {
            (Receipt::Member { group, place }, Some((_, name))) => {
                groups.push((name, group));
                parsed.push(Some((groups.len() - 1, place)));
            }
            _ => parsed.push(None),
        }
    }
    Ok((groups, parsed))
}

fn bits(places: impl Iterator<Item = u32>) -> u128 {
    places.fold(0, |bits, place| bits | 1 << place)
}

fn is_part_of(name: &str, parting: &Parting) -> bool {
    Part::parse(name).is_some_and(|part| parting.is_of(&part))
}

/// Finishes tasks of a group that somebody parts just now, and has not settled: they are left out of it. Answers those that were
/// over; `None` if it has gone on meanwhile.
fn leave_out<D: Directory>(layout: &Layout<D>, parting: &Parting, places: u128, sync: bool) -> Result<Option<u128>> {
    let at = |error: FsError| Error::at("a group", &error);
    let left = parting.entry.group.map_or(0, |group| group.among(places));
    let over = places & !left;
    if left == 0 {
        return Ok(Some(over));
    }
    let name = parting.text();
    if sync {
        // So that no earlier name comes back.
        match layout.claimed.open(&name).and_then(|file| file.sync()) {
            Ok(()) => {}
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(at(error)),
        }
    }
    let done = match parting.without(left) {
        Some(rest) => layout.claimed.rename(&name, &layout.claimed, &rest.text()),
        None => layout.claimed.unlink(&name),
    };
    match done {
        Ok(()) => {}
        Err(FsError::NotFound) => return Ok(None),
        Err(error) => return Err(at(error)),
    }
    if sync {
        sync_all(&[(&layout.claimed, "claimed")])?;
    }
    Ok(Some(over))
}

/// Finds a group under the token of its claim.
fn find_group<D: Directory>(layout: &Layout<D>, claimed: &Entry) -> Result<Standing> {
    let nonce = claimed.nonce.text();
    let is_meant =
        |entry: &Entry| entry.group.is_some() && entry.nonce == claimed.nonce && entry.token == claimed.token;
    // A listing that overlaps a rename may miss both of its names: looked at twice. One that has parted meanwhile, and whose
    // tasks are still to be sent on their way, has been renamed twice.
    for _ in 0..3 {
        let mut listed = list_entries(&layout.claimed).map_err(|error| Error::at("claimed", &error))?;
        if listed.is_empty() {
            // So looks one that somebody removed; by its name there may be another.
            let Some(dir) = open_or_absent(&layout.queue, "claimed")? else { return Ok(Standing::Gone) };
            listed = list_entries(&dir).map_err(|error| Error::at("claimed", &error))?;
            if listed.iter().any(|(name, _)| name.split('.').nth(1) == Some(nonce.as_str())) {
                layout.doubt();
                return Err(Error::Exhausted(String::from("the directory of claims was made anew, try again")));
            }
            return Ok(Standing::Gone);
        }
        for (name, _) in listed.iter().filter(|(name, _)| name.split('.').nth(1) == Some(nonce.as_str())) {
            if let Some(entry) = Entry::parse(name).filter(is_meant) {
                return Ok(Standing::Whole(entry));
            }
            if let Some(parting) = Parting::parse(name).filter(|parting| is_meant(&parting.entry)) {
                // Once it is settled, and the tasks are sent on their way, they stand alone.
                if parting.is_settled && !listed.iter().any(|(name, _)| is_part_of(name, &parting)) {
                    return Ok(Standing::Gone);
                }
                return Ok(Standing::Parting(parting));
            }
        }
    }
    Ok(Standing::Gone)
}
