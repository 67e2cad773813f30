//! Parting: a group becomes a task each, because somebody wants one of them and not all.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | begin | `pending/<bucket>/<g>` or `claimed/<g>` → `claimed/<g>.s.<attempt>` | the rename | that name |
//! | name each | a second name of its file each: `claimed/<nonce>.w.<attempt>.<place>` | – | those names |
//! | take over | `<g>.s.<attempt>` → `<g>.s.<attempt'>` | the rename | names of the older attempt, which are debris |
//! | settle | `<g>.s.<attempt>` → `<g>.m.<attempt>`, once the names are on the disk | the rename | that name |
//! | go | each name → what the task is called alone, in `pending/<bucket>` or `claimed` | each rename | the others |
//! | end | `<g>.m.<attempt>` is unlinked, once they are on the disk | the unlink | – |
//!
//! Only who made an attempt makes its names, and settles it: whoever takes over makes an attempt of its own, under which a
//! slow one's names mean nothing. So once it is settled each name stands exactly once, nobody makes another, and
//! anyone may send it on its way: of several who try one wins each rename. A name without its `.m.` means nothing.
//!
//! A cut can leave such a name beside the task that it became, where only the bucket had come to the disk: sent once more,
//! the task would be done twice. Reconciling removes it, since no task stands alone before its name has gone.

use super::Queue;
use super::bucket::{self, BucketName};
use super::content;
use super::entry::{Cause, Entry, Place};
use super::finish::move_file;
use super::group::{self, Member};
use super::layout::Layout;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::name::{Nonce, number};
use crate::reference::ignore_gone;
use crate::store::{create_file, read_from, sync_all};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

const BEGUN: &str = "s";
const SETTLED: &str = "m";
const NAMED: &str = "w";
/// An attempt's number is the time in units of 32 ms, and random bits.
const ATTEMPT_DIGITS: usize = 6;
const TIME_SHIFT: u32 = 5;
const TIME_MASK: u64 = (1 << 20) - 1;
const RANDOM_BITS: u32 = 10;
/// After so many of those units somebody else takes over: who was only slow loses no more than the work.
const SLOW_UNITS: u64 = 4;
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
        let mut out = self.entry.text();
        out.push('.');
        out.push_str(if self.is_settled { SETTLED } else { BEGUN });
        out.push('.');
        number::write_fixed(&mut out, self.attempt, ATTEMPT_DIGITS);
        out
    }

    fn name_of(&self, place: u32) -> String {
        Part { nonce: self.entry.nonce, attempt: self.attempt, place }.text()
    }

    /// Whether somebody else may take over.
    fn is_slow(&self, now_ms: u64) -> bool {
        let units = (now_ms >> TIME_SHIFT).wrapping_sub(self.attempt >> RANDOM_BITS) & TIME_MASK;
        units >= SLOW_UNITS
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
        let mut fields = name.split('.');
        let nonce = Nonce::read(fields.next()?).filter(Nonce::is_group)?;
        if fields.next()? != NAMED {
            return None;
        }
        let attempt = number::read_fixed(fields.next()?, ATTEMPT_DIGITS)?;
        let is_place = |place: &u64| *place < group::GROUP_TASKS_MAX as u64;
        let place = u32::try_from(number::read_plain(fields.next()?).filter(is_place)?).ok()?;
        fields.next().is_none().then_some(Part { nonce, attempt, place })
    }

    /// The nonce of the task.
    pub(crate) fn task(&self) -> Nonce {
        self.nonce.member(self.place)
    }

    fn text(&self) -> String {
        let mut out = self.nonce.text();
        out.push('.');
        out.push_str(NAMED);
        out.push('.');
        number::write_fixed(&mut out, self.attempt, ATTEMPT_DIGITS);
        out.push('.');
        number::write(&mut out, self.place.into());
        out
    }
}

impl<D: Directory> Queue<D> {
    /// Makes a task each of the group that stands in `from` as `entry`, and answers them; `None` if it does not stand there,
    /// or somebody else has taken over. One whose index is damaged is set aside as a whole.
    pub(crate) fn part(&self, layout: &Rc<Layout<D>>, from: &D, entry: &Entry) -> Result<Option<Vec<Entry>>> {
        let parting = Parting { entry: entry.clone(), is_settled: false, attempt: self.draw_attempt(None) };
        match layout.rename_to("claimed", from, &entry.text(), &parting.text())? {
            Some(claimed) => self.go_on(layout, &claimed, parting, Some(from)),
            None => Ok(None),
        }
    }

    /// Finishes what others have begun and not ended; whether there was anything.
    pub(crate) fn help_part(&self, layout: &Rc<Layout<D>>, begun: Vec<Parting>) -> Result<bool> {
        let mut has_helped = false;
        let mut failed = None;
        for mut parting in begun {
            if !parting.is_settled {
                if !parting.is_slow(self.environment().now_ms()) {
                    continue;
                }
                let mine = Parting { attempt: self.draw_attempt(Some(parting.attempt)), ..parting.clone() };
                match layout.claimed.rename(&parting.text(), &layout.claimed, &mine.text()) {
                    Ok(()) => parting = mine,
                    Err(FsError::NotFound) => continue,
                    Err(error) => {
                        failed.get_or_insert(Error::at("a group", &error));
                        continue;
                    }
                }
            }
            match self.go_on(layout, &layout.claimed, parting, None) {
                Ok(tasks) => has_helped |= tasks.is_some(),
                // One bad entry never stops the others.
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        match failed {
            Some(error) if !has_helped => Err(error),
            _ => Ok(has_helped),
        }
    }

    fn draw_attempt(&self, not: Option<u64>) -> u64 {
        let time = self.environment().now_ms() >> TIME_SHIFT & TIME_MASK;
        let random = self.environment().random.next_u64() & ((1 << RANDOM_BITS) - 1);
        let attempt = time << RANDOM_BITS | random;
        if not == Some(attempt) { attempt ^ 1 } else { attempt }
    }

    /// Goes on with an attempt of this instance's, or with one that is settled.
    fn go_on(
        &self,
        layout: &Rc<Layout<D>>,
        claimed: &D,
        parting: Parting,
        from: Option<&D>,
    ) -> Result<Option<Vec<Entry>>> {
        let at = |error: FsError| Error::at("a group", &error);
        let name = parting.text();
        let file = match claimed.open(&name) {
            Ok(file) => file,
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(at(error)),
        };
        let read = content::read(&parting.entry, &file).map_err(at)?;
        let Some(members) = read.and_then(|content| group::members(&parting.entry, &content)) else {
            let dead = parting.entry.dead(self.environment().now_ms(), Cause::Damaged);
            layout.rename_to("dead", claimed, &name, &dead.text())?;
            return Ok(Some(Vec::new()));
        };
        let settled = if parting.is_settled {
            parting
        } else {
            if !name_each(claimed, &parting, &members, &file)? {
                return Ok(None);
            }
            // What a power cut takes of the names must not be missed once they count.
            file.sync().map_err(at)?;
            sync_all(&[(claimed, "claimed")])?;
            if let Some(from) = from {
                sync_all(&[(from, "a bucket")])?;
            }
            let settled = Parting { is_settled: true, ..parting.clone() };
            match claimed.rename(&name, claimed, &settled.text()) {
                Ok(()) => settled,
                Err(FsError::NotFound) => {
                    // Somebody has taken over: these names mean nothing.
                    for member in &members {
                        let _ = claimed.unlink(&parting.name_of(member.place));
                    }
                    return Ok(None);
                }
                Err(error) => return Err(at(error)),
            }
        };
        self.send_each(layout, claimed, &settled, &members, &file).map(Some)
    }

    /// Sends each task on its way, and ends the parting.
    fn send_each(
        &self,
        layout: &Rc<Layout<D>>,
        claimed: &D,
        settled: &Parting,
        members: &[Member],
        file: &D::File,
    ) -> Result<Vec<Entry>> {
        let bucket = match settled.entry.place {
            Place::Pending => {
                let name = BucketName::shared(settled.entry.priority, settled.entry.due_ms, 0);
                let opened = bucket::ensure(layout, &name)?;
                Some((name, opened))
            }
            _ => None,
        };
        let mut tasks = Vec::with_capacity(members.len());
        for member in members {
            let entry = member.entry(&settled.entry);
            let (name, target) = (settled.name_of(member.place), entry.text());
            let to = bucket.as_ref().map_or(claimed, |(_, opened)| &opened.dir);
            match (claimed.rename(&name, to, &target), &bucket) {
                (Ok(()), _) => {}
                // Gone on already; or the bucket is gone, which is made again.
                (Err(FsError::NotFound), Some((bucket, _))) => {
                    bucket::rename_into(claimed, &name, layout, bucket, &target)?;
                }
                (Err(FsError::NotFound), None) => {}
                (Err(error), _) => return Err(Error::at("a task", &error)),
            }
            tasks.push(entry);
        }
        file.sync().map_err(|error| Error::at("a task", &error))?;
        if let Some((name, opened)) = &bucket {
            opened.sync(layout)?;
            // It may be another by now.
            if let Some(again) = bucket::open(layout, name)? {
                again.sync(layout)?;
            }
        }
        sync_all(&[(claimed, "claimed")])?;
        ignore_gone(claimed.unlink(&settled.text())).map_err(|error| Error::at("a group", &error))?;
        self.candidates.borrow_mut().clear();
        Ok(tasks)
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

/// Gives each task a name; `false` if somebody else has taken over.
fn name_each<D: Directory>(claimed: &D, parting: &Parting, members: &[Member], file: &D::File) -> Result<bool> {
    let group = parting.text();
    let mut copied = None;
    for member in members {
        let name = parting.name_of(member.place);
        let named = if copied.is_none() { claimed.link(&group, claimed, &name) } else { Err(FsError::Unsupported) };
        let named = match named {
            Err(FsError::NotFound) => return Ok(false),
            Ok(()) | Err(FsError::Exists) => Ok(()),
            Err(error @ (FsError::NoSpace | FsError::ReadOnly)) => Err(error),
            // Copied to where a file has one name only: each gets the file as far as the group goes.
            Err(_) => {
                if copied.is_none() {
                    let end = parting.entry.extent.map_or(0, |extent| extent.at.saturating_add(extent.length));
                    copied = read_from(file, 0, end, group::END_MAX).map_err(|error| Error::at("a group", &error))?;
                }
                let bytes = copied.as_deref().unwrap_or_default();
                create_file(claimed, &name, &[bytes]).and_then(|made| made.sync())
            }
        };
        named.map_err(|error| Error::at("a task", &error))?;
    }
    Ok(true)
}

/// The names in `claimed` that mean nothing any more: those of attempts that somebody else took over.
pub(crate) fn void_parts<D: Directory>(layout: &Layout<D>) -> Result<Vec<String>> {
    let mut parts: Vec<(Part, String)> = Vec::new();
    layout.for_each_in("claimed", &mut |found| {
        parts.extend(Part::parse(&found.name).map(|part| (part, found.name)));
        Ok(())
    })?;
    // What gives a name its meaning stands before it does; one look can miss it while it is renamed, two cannot.
    for _ in 0..2 {
        if parts.is_empty() {
            break;
        }
        layout.for_each_in("claimed", &mut |found| {
            if let Some(Parting { entry, attempt, .. }) = Parting::parse(&found.name) {
                parts.retain(|(part, _)| (part.nonce, part.attempt) != (entry.nonce, attempt));
            }
            Ok(())
        })?;
    }
    Ok(parts.into_iter().map(|(_, name)| name).collect())
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
        let attempt = (begun_ms >> TIME_SHIFT & TIME_MASK) << RANDOM_BITS | 5;
        let parting = Parting { entry, is_settled: false, attempt };
        assert!(!parting.is_slow(begun_ms) && !parting.is_slow(begun_ms + 90));
        assert!(parting.is_slow(begun_ms + 160) && parting.is_slow(begun_ms - 1_000));
    }
}
