//! Parting: a group becomes a task each, because somebody wants one of them and not all.
//!
//! All of it happens in the directory in which the group stands, its bucket or `claimed`:
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | begin | `<g>` → `<g>.s.<attempt>` | the rename | that name |
//! | name each | a second name of its file each: `<nonce>.w.<attempt>.<place>` | – | those names |
//! | take over | `<g>.s.<attempt>` → `<g>.s.<attempt'>` | the rename | names of the older attempt, which are debris |
//! | done, meanwhile | `<g>.s.<attempt>` → the same without some tasks | the rename | names of those, which are debris |
//! | settle | `<g>.s.<attempt>` → `<g>.m.<attempt>`, once the names are on the disk | the rename | that name |
//! | go | each name → what the task is called alone | each rename | the others |
//! | end | `<g>.m.<attempt>` is unlinked, once they are on the disk | the unlink | – |
//!
//! Only who made an attempt makes its names, and settles it: whoever takes over makes an attempt of its own, under which a
//! slow one's names mean nothing. So once it is settled each name stands exactly once, nobody makes another, and
//! anyone may send it on its way: of several who try one wins each rename. A name without its `.m.` means nothing.
//!
//! A cut can leave such a name beside the task that it became: sent once more, the task would be done twice. Reconciling
//! removes it, since no task stands alone before its name has gone.

use super::Queue;
use super::content;
use super::entry::{Cause, Entry, Place};
use super::finish::move_file;
use super::group::{self, Member};
use super::layout::Layout;
use super::scan::Found;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Nonce, Text, fields, number};
use crate::reference::ignore_gone;
use crate::store::{create_file, for_each_entry, read_from, sync_all};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

const BEGUN: &str = "s";
const SETTLED: &str = "m";
const NAMED: &str = "w";
/// An attempt's number is the time in units of 32 ms, how many there were before it (up to seven), and random bits.
const ATTEMPT_DIGITS: usize = 6;
const TIME_SHIFT: u32 = 5;
const TIME_MASK: u64 = (1 << 20) - 1;
const LOW_BITS: u32 = 10;
const BEFORE_SHIFT: u32 = 7;
const BEFORE_MAX: u64 = 7;
/// After so many of those units somebody else takes over, after twice as many for each attempt before: who was only slow loses
/// no more than the work, and where the disk is slow somebody comes to an end.
const SLOW_UNITS: u64 = 4;
/// How many groups' directories one sweep keeps open.
const SWEPT_DIRECTORIES_MAX: usize = 128;
/// How many groups one look helps to part.
pub(crate) const HELPED_MAX: usize = 1_000;

/// A group that is parting, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parting {
    /// The group, in the state that each of its tasks will have.
    pub(crate) entry: Entry,
    pub(crate) is_settled: bool,
    pub(crate) attempt: u64,
}

impl Parting {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (rest, attempt) = name.rsplit_once('.')?;
        let (text, step) = rest.rsplit_once('.')?;
        let is_settled = match step {
            BEGUN => false,
            SETTLED => true,
            _ => return None,
        };
        let attempt = number::read_fixed(attempt, ATTEMPT_DIGITS)?;
        let entry = Entry::parse(text).filter(|entry| entry.group.is_some())?;
        let may_part = matches!(entry.place, Place::Pending | Place::Claimed { .. });
        may_part.then_some(Parting { entry, is_settled, attempt })
    }

    pub(crate) fn text(&self) -> String {
        let mut out = self.entry.written();
        out.push('.');
        out.push_str(if self.is_settled { SETTLED } else { BEGUN });
        out.push('.');
        number::write_fixed(&mut out, self.attempt, ATTEMPT_DIGITS);
        out.finish()
    }

    /// The name of the task at `place` meanwhile.
    pub(crate) fn name_of(&self, place: u32) -> String {
        Part { nonce: self.entry.nonce, attempt: self.attempt, place }.text()
    }

    /// Whether the name is that of a task that is left, of this attempt.
    pub(crate) fn is_of(&self, part: &Part) -> bool {
        let is_left = self.entry.group.is_some_and(|group| group.contains(part.place));
        (self.entry.nonce, self.attempt) == (part.nonce, part.attempt) && is_left
    }

    /// The same without some tasks; `None` if none is left.
    pub(crate) fn without(&self, places: u128) -> Option<Self> {
        Some(Parting { entry: self.entry.without(places)?, ..*self })
    }

    /// Whether somebody else may take over.
    pub(crate) fn is_slow(&self, now_ms: u64) -> bool {
        units_since(self.attempt, now_ms) >= SLOW_UNITS << attempts_before(self.attempt)
    }
}

/// The name of a task of a group that is parting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    nonce: Nonce,
    attempt: u64,
    place: u32,
}

impl Part {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut fields = fields(name, '.');
        let nonce = Nonce::read(fields.next()?).filter(Nonce::is_group)?;
        if fields.next()? != NAMED {
            return None;
        }
        let attempt = number::read_fixed(fields.next()?, ATTEMPT_DIGITS)?;
        let is_place = |place: &u64| *place < group::GROUP_TASKS_MAX as u64;
        let place = u32::try_from(number::read_plain(fields.next()?).filter(is_place)?).ok()?;
        fields.next().is_none().then_some(Part { nonce, attempt, place })
    }

    /// Whether its attempt began so long ago.
    fn is_older_than(&self, older_than_ms: u64, now_ms: u64) -> bool {
        units_since(self.attempt, now_ms) >= (older_than_ms >> TIME_SHIFT).min(TIME_MASK / 2)
    }

    /// The nonce of the task.
    pub(crate) fn task(&self) -> Nonce {
        self.nonce.member(self.place)
    }

    fn text(&self) -> String {
        let mut out = Text::with_capacity(32);
        self.nonce.write(&mut out);
        out.push('.');
        out.push_str(NAMED);
        out.push('.');
        number::write_fixed(&mut out, self.attempt, ATTEMPT_DIGITS);
        out.push('.');
        number::write(&mut out, self.place.into());
        out.finish()
    }
}

impl<D: Directory> Queue<D> {
    /// Makes a task each of the group that stands in `dir` as `entry`, and answers them; `None` if it does not stand there,
    /// or somebody else has taken over. One whose index is damaged is set aside as a whole.
    pub(crate) fn part(&self, layout: &Rc<Layout<D>>, dir: &D, entry: &Entry) -> Result<Option<Vec<Entry>>> {
        let parting = Parting { entry: entry.clone(), is_settled: false, attempt: self.draw_attempt(None) };
        match dir.rename(&entry.text(), dir, &parting.text()) {
            Ok(()) => self.go_on(layout, dir, parting),
            Err(FsError::NotFound) => Ok(None),
            Err(error) => Err(Error::at("a group", &error)),
        }
    }

    /// Finishes what somebody has begun in `dir` and not ended; whether that was needed, and done. Who is only slow is left
    /// alone, unless it `is_urgent`.
    pub(crate) fn help_part(
        &self,
        layout: &Rc<Layout<D>>,
        dir: &D,
        mut parting: Parting,
        is_urgent: bool,
    ) -> Result<bool> {
        if !parting.is_settled {
            if !is_urgent && !parting.is_slow(self.environment().now_ms()) {
                return Ok(false);
            }
            let mine = Parting { attempt: self.draw_attempt(Some(parting.attempt)), ..parting.clone() };
            match dir.rename(&parting.text(), dir, &mine.text()) {
                Ok(()) => parting = mine,
                Err(FsError::NotFound) => return Ok(false),
                Err(error) => return Err(Error::at("a group", &error)),
            }
        }
        Ok(self.go_on(layout, dir, parting)?.is_some())
    }

    /// As [`Queue::help_part`], for several; the first error, if none could be helped.
    pub(crate) fn help_all(&self, layout: &Rc<Layout<D>>, dir: &D, begun: Vec<Parting>) -> Result<bool> {
        let mut has_helped = false;
        let mut failed = None;
        for parting in begun {
            match self.help_part(layout, dir, parting, false) {
                Ok(is_helped) => has_helped |= is_helped,
                // One bad entry never stops the others.
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        match failed {
            Some(error) if !has_helped => Err(error),
            _ => Ok(has_helped),
        }
    }

    /// The number of an attempt that follows `last`, if there was one.
    fn draw_attempt(&self, last: Option<u64>) -> u64 {
        let time = self.environment().now_ms() >> TIME_SHIFT & TIME_MASK;
        let before = last.map_or(0, |last| (attempts_before(last) + 1).min(BEFORE_MAX));
        let random = self.environment().random.next_u64() & ((1 << BEFORE_SHIFT) - 1);
        let attempt = time << LOW_BITS | before << BEFORE_SHIFT | random;
        if last == Some(attempt) { attempt ^ 1 } else { attempt }
    }

    /// Goes on with an attempt of this instance's, or with one that is settled.
    fn go_on(&self, layout: &Rc<Layout<D>>, dir: &D, parting: Parting) -> Result<Option<Vec<Entry>>> {
        let at = |error: FsError| Error::at("a group", &error);
        let file = match dir.open(&parting.text()) {
            Ok(file) => file,
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(at(error)),
        };
        let read = content::read(&parting.entry, &file).map_err(at)?;
        let Some(members) = read.and_then(|content| group::members(&parting.entry, &content)) else {
            let dead = parting.entry.dead(self.environment().now_ms(), Cause::Damaged);
            layout.rename_to("dead", dir, &parting.text(), &dead.text())?;
            return Ok(Some(Vec::new()));
        };
        let settled = if parting.is_settled {
            parting
        } else {
            let prepared = prepare(dir, &parting, &members, &file);
            let settled = if let Ok(true) = prepared { settle(dir, &parting)? } else { None };
            let Some(settled) = settled else {
                // It failed before, or somebody has taken over: these names mean nothing.
                for member in &members {
                    let _ = dir.unlink(&parting.name_of(member.place));
                }
                return prepared.map(|_| None);
            };
            settled
        };
        let tasks = send_each(dir, &settled, &members)?;
        if settled.entry.place != Place::Pending {
            tasks.iter().for_each(|task| self.know_claim(task.clone()));
        }
        Ok(Some(tasks))
    }

    /// Takes back the claim of a group that is over: whole, unless that was the last attempt. Answers the ids.
    pub(crate) fn abandon_group(&self, layout: &Rc<Layout<D>>, entry: &Entry, sync: bool) -> Result<Vec<String>> {
        let now_ms = self.environment().now_ms();
        let next = entry.abandoned(now_ms);
        if next.place == Place::Pending {
            let moved = move_file(layout, &layout.claimed, entry, &next, sync)?;
            return Ok(if moved { entry.nonces().map(|nonce| nonce.text()).collect() } else { Vec::new() });
        }
        let mut ids = Vec::new();
        for task in self.part(layout, &layout.claimed, entry)?.unwrap_or_default() {
            if move_file(layout, &layout.claimed, &task, &task.abandoned(now_ms), sync)? {
                ids.push(task.nonce.text());
            }
        }
        Ok(ids)
    }
}

/// Makes the names of an attempt, and brings them to the disk; `false` if somebody else has taken over.
fn prepare<D: Directory>(dir: &D, parting: &Parting, members: &[Member], file: &D::File) -> Result<bool> {
    if !name_each(dir, parting, members, file)? {
        return Ok(false);
    }
    // What a power cut takes of the names must not be missed once they count; nor may an earlier name of what was claimed
    // come back under them.
    if parting.entry.token != 0 {
        file.sync().map_err(|error| Error::at("a group", &error))?;
    }
    sync_all(&[(dir, "a group")])?;
    Ok(true)
}

/// Gives each task a name; `false` if somebody else has taken over.
fn name_each<D: Directory>(dir: &D, parting: &Parting, members: &[Member], file: &D::File) -> Result<bool> {
    let group = parting.text();
    let mut copied = None;
    for member in members {
        let name = parting.name_of(member.place);
        let named = if copied.is_none() { dir.link(&group, dir, &name) } else { Err(FsError::Unsupported) };
        let named = match named {
            Err(FsError::NotFound) => return Ok(false),
            Ok(()) | Err(FsError::Exists) => Ok(()),
            Err(error) if copied.is_none() && !matches!(error, FsError::Unsupported | FsError::Denied) => Err(error),
            // Copied to where a file has one name only: each gets the file as far as the group goes.
            Err(_) => {
                if copied.is_none() {
                    let end = parting.entry.extent.map_or(0, |extent| extent.at.saturating_add(extent.length));
                    copied = read_from(file, 0, end, group::END_MAX).map_err(|error| Error::at("a group", &error))?;
                }
                let bytes = copied.as_deref().unwrap_or_default();
                create_file(dir, &name, &[bytes]).and_then(|made| made.sync())
            }
        };
        named.map_err(|error| Error::at("a task", &error))?;
    }
    Ok(true)
}

/// Makes the names of an attempt count; `None` if somebody else has taken over. Tasks that were done meanwhile are left out.
fn settle<D: Directory>(dir: &D, parting: &Parting) -> Result<Option<Parting>> {
    let at = |error: FsError| Error::at("a group", &error);
    let mut current = Some(parting.clone());
    for _ in 0..TRIES_MAX {
        let Some(mine) = current else { return Ok(None) };
        let settled = Parting { is_settled: true, ..mine.clone() };
        match dir.rename(&mine.text(), dir, &settled.text()) {
            Ok(()) => return Ok(Some(settled)),
            Err(FsError::NotFound) => {}
            Err(error) => return Err(at(error)),
        }
        current = None;
        for_each_entry(dir, &mut |name, _| {
            let is_mine = |found: &Parting| {
                (found.entry.nonce, found.attempt, found.is_settled) == (mine.entry.nonce, mine.attempt, false)
            };
            current = current.take().or_else(|| Parting::parse(name).filter(is_mine));
        })
        .map_err(at)?;
    }
    Ok(None)
}

/// Sends each task on its way, and ends the parting.
fn send_each<D: Directory>(dir: &D, settled: &Parting, members: &[Member]) -> Result<Vec<Entry>> {
    let mut tasks = Vec::with_capacity(members.len());
    let mut failed = None;
    for member in members {
        if !settled.entry.group.is_some_and(|group| group.contains(member.place)) {
            let _ = dir.unlink(&settled.name_of(member.place));
            continue;
        }
        let entry = member.entry(&settled.entry);
        match dir.rename(&settled.name_of(member.place), dir, &entry.text()) {
            // Or gone on already.
            Ok(()) | Err(FsError::NotFound) => tasks.push(entry),
            // It stops no other.
            Err(error) => drop(failed.get_or_insert(Error::at("a task", &error))),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    end(dir, settled)?;
    Ok(tasks)
}

/// Ends a parting whose tasks have all been sent on their way.
pub(crate) fn end<D: Directory>(dir: &D, settled: &Parting) -> Result<()> {
    // Without this name those that the tasks had mean nothing: no power cut may bring them back then.
    sync_all(&[(dir, "a group")])?;
    ignore_gone(dir.unlink(&settled.text())).map_err(|error| Error::at("a group", &error))
}

/// The names that tasks have while their group parts, gathered to see which of them mean nothing any more.
pub(crate) struct Parts<D> {
    found: Vec<(Part, Found<D>)>,
    directories: usize,
    older_than_ms: u64,
    now_ms: u64,
}

impl<D: Directory> Parts<D> {
    /// Gathers those of attempts that began so long ago.
    pub(crate) fn older_than(older_than_ms: u64, now_ms: u64) -> Self {
        Parts { found: Vec::new(), directories: 0, older_than_ms, now_ms }
    }

    /// Keeps what is such a name; of too many directories the next sweep takes the rest.
    pub(crate) fn add(&mut self, part: Part, found: Found<D>) {
        let is_new = !self.found.last().is_some_and(|(_, last)| Rc::ptr_eq(&last.dir, &found.dir));
        if part.is_older_than(self.older_than_ms, self.now_ms) && (!is_new || self.directories < SWEPT_DIRECTORIES_MAX)
        {
            self.directories += usize::from(is_new);
            self.found.push((part, found));
        }
    }

    /// Those that mean nothing any more: of attempts that somebody else took over, of tasks that were done meanwhile.
    pub(crate) fn void(mut self, layout: &Layout<D>) -> Result<Vec<Found<D>>> {
        // What gives a name its meaning stands before it does; a look can miss it while it is renamed, but an attempt so old is
        // not renamed again and again.
        for _ in 0..3 {
            if self.found.is_empty() {
                break;
            }
            for_each_beside_groups(layout, &mut |found| {
                if found.is_unreadable {
                    return Err(unreadable(&found));
                }
                if let Some(Parting { entry, attempt, .. }) = Parting::parse(&found.name) {
                    self.found.retain(|(part, _)| (part.nonce, part.attempt) != (entry.nonce, attempt));
                }
                Ok(())
            })?;
        }
        Ok(self.found.into_iter().map(|(_, found)| found).collect())
    }
}

/// What cannot be looked into may hold what gives others their meaning.
pub(crate) fn unreadable<D>(found: &Found<D>) -> Error {
    Error::Damaged(format!("{}: cannot be looked into, so nothing is judged by what is not seen", found.full_path()))
}

fn units_since(attempt: u64, now_ms: u64) -> u64 {
    (now_ms >> TIME_SHIFT).wrapping_sub(attempt >> LOW_BITS) & TIME_MASK
}

fn attempts_before(attempt: u64) -> u64 {
    attempt >> BEFORE_SHIFT & BEFORE_MAX
}

/// Visits everything in the directories in which groups part.
pub(crate) fn for_each_beside_groups<D: Directory>(
    layout: &Layout<D>,
    visit: &mut dyn FnMut(Found<D>) -> Result<()>,
) -> Result<()> {
    layout.for_each_pending(visit)?;
    layout.for_each_in("claimed", visit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn what_parts_reads_back_as_written() {
        let (_, entry) = super::super::push::tests::group_of(&[alloc::vec![1], alloc::vec![2]]);
        let parting = Parting { entry, is_settled: false, attempt: 77 };
        assert_eq!(Parting::parse(&parting.text()), Some(parting.clone()));
        let part = Part { nonce: parting.entry.nonce, attempt: 77, place: 1 };
        assert_eq!(Part::parse(&parting.name_of(1)), Some(part));
        assert_eq!((Parting::parse(&part.text()), Part::parse(&parting.text())), (None, None));
        assert_eq!(Entry::parse(&parting.text()), None);
        assert!(parting.text().len() <= 255);
    }

    #[test]
    fn an_attempt_is_slow_after_an_eighth_of_a_second_and_where_the_clock_was_put_back() {
        let (_, entry) = super::super::push::tests::group_of(&[alloc::vec![1], alloc::vec![2]]);
        let begun_ms: u64 = 1_700_000_000_000;
        let attempt = (begun_ms >> TIME_SHIFT & TIME_MASK) << LOW_BITS | 5;
        let parting = Parting { entry, is_settled: false, attempt };
        assert!(!parting.is_slow(begun_ms) && !parting.is_slow(begun_ms + 90));
        assert!(parting.is_slow(begun_ms + 160) && parting.is_slow(begun_ms - 1_000));
        // The eighth attempt has more time.
        let eighth = Parting { attempt: attempt | 7 << BEFORE_SHIFT, ..parting };
        assert!(!eighth.is_slow(begun_ms + 16_000) && eighth.is_slow(begun_ms + 17_000));
    }
}
