//! The name of a task: its whole mutable state, one grammar wherever it stands.
//!
//! ```text
//! <due><seq>.<nonce>.<token>.<tries>.<max>.<enqueued>.<size>.<crc>.<priority>.<note>.<place>
//!
//! size:   <payload>                            in a file of its own
//!         <payload>-<length>-<at>-<pack>       in a pack
//!         +<left>-<length>-<at>-<pack>         of a group: which of its tasks are left
//! place:  p                                    pending
//!         c.<holder>.<epoch>.<set-at>.<for>    claimed
//!         d.<at>                               done, record kept
//!         x.<at>.<cause>                       dead
//!         t                                    tombstone (only of a given id)
//! ```
//!
//! Names in `pending` so sort in the order of claiming. A task without a given id is one file that moves from
//! directory to directory under such names; a task with a given id is a ref under `ids/` whose token file
//! is named so. The longest name is 248 bytes, well under the 255 of every file system.

use super::group::Group;
use crate::name::{Key, Nonce, Text, fields, number};
use crate::reference::Rank;
use crate::store::{Extent, read_size, write_size};
use alloc::string::String;

/// Digits of a sequence number within one millisecond.
const SEQ_DIGITS: usize = 4;
/// How many tasks one instance can order within one millisecond.
pub(crate) const SEQ_LIMIT: u32 = 1 << 20;
const CRC_DIGITS: usize = 7;
const NO_NOTE: &str = "-";

/// Why a task is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its last attempt failed.
    Failed,
    /// Its last claim ended without a word.
    Abandoned,
    /// Somebody buried it.
    Buried,
    /// Its content is not what was pushed.
    Damaged,
}

impl Cause {
    const ALL: [(Cause, &'static str); 4] =
        [(Cause::Failed, "f"), (Cause::Abandoned, "a"), (Cause::Buried, "b"), (Cause::Damaged, "d")];

    /// What is told where no better reason was given.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Cause::Failed => "its last attempt failed",
            Cause::Abandoned => "its last claim ran out, or its holder died",
            Cause::Buried => "it was buried",
            Cause::Damaged => "its content cannot be read, or does not match its checksum",
        }
    }
}

/// Where a task is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Pending,
    Claimed { holder: Key, epoch: u64, set_ms: u64, for_ms: u64 },
    Done { at_ms: u64 },
    Dead { at_ms: u64, cause: Cause },
    Tomb,
}

impl Place {
    /// What has ended comes after what lives, and a claim after waiting.
    pub(crate) fn rank(&self) -> (u64, u64) {
        match self {
            Place::Done { .. } | Place::Tomb => (2, 0),
            Place::Dead { .. } => (1, 0),
            Place::Claimed { .. } => (0, 1),
            Place::Pending => (0, 0),
        }
    }
}

/// A task, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// From when on it can be claimed, in milliseconds since 1970.
    pub(crate) due_ms: u64,
    /// Order within that millisecond.
    pub(crate) seq: u32,
    /// Drawn at its birth; for a given id, names the content.
    pub(crate) nonce: Nonce,
    /// Raised by every claim.
    pub(crate) token: u64,
    /// Attempts begun.
    pub(crate) tries: u32,
    pub(crate) max: u32,
    pub(crate) enqueued_ms: u64,
    /// Length of the payload; what follows it are attributes. Of a group, of all of it.
    pub(crate) size: u64,
    /// Where in a pack both stand; `None` if they are a whole file.
    pub(crate) extent: Option<Extent>,
    /// Which tasks it stands for, if it is a group.
    pub(crate) group: Option<Group>,
    /// CRC-32 of both; of a group, of its index.
    pub(crate) crc: u32,
    pub(crate) priority: u8,
    /// What is known beside the content, see [`super::note`].
    pub(crate) note: Option<Nonce>,
    pub(crate) place: Place,
}

impl Entry {
    pub(crate) fn text(&self) -> String {
        self.written().finish()
    }

    /// The name, to be gone on with.
    pub(crate) fn written(&self) -> Text {
        let mut out = Text::with_capacity(160);
        self.write_order(&mut out);
        out.push('.');
        self.nonce.write(&mut out);
        for value in [self.token, self.tries.into(), self.max.into(), self.enqueued_ms] {
            out.push('.');
            number::write(&mut out, value);
        }
        out.push('.');
        match (&self.group, &self.extent) {
            (Some(group), Some(extent)) => group.write_size(&mut out, extent),
            _ => write_size(&mut out, self.size, self.extent.as_ref()),
        }
        out.push('.');
        number::write_fixed(&mut out, self.crc.into(), CRC_DIGITS);
        out.push('.');
        number::write(&mut out, self.priority.into());
        out.push('.');
        match self.note {
            Some(note) => note.write(&mut out),
            None => out.push_str(NO_NOTE),
        }
        out.push('.');
        self.write_place(&mut out);
        out
    }

    /// Due time and sequence: what names sort by.
    pub(crate) fn write_order(&self, out: &mut Text) {
        write_order(out, self.due_ms, self.seq);
    }

    fn write_place(&self, out: &mut Text) {
        let numbers = |out: &mut Text, values: &[u64]| {
            for value in values {
                out.push('.');
                number::write(out, *value);
            }
        };
        match &self.place {
            Place::Pending => out.push('p'),
            Place::Claimed { holder, epoch, set_ms, for_ms } => {
                out.push_str("c.");
                out.push_str(holder.as_str());
                numbers(out, &[*epoch, *set_ms, *for_ms]);
            }
            Place::Done { at_ms } => {
                out.push('d');
                numbers(out, &[*at_ms]);
            }
            Place::Dead { at_ms, cause } => {
                out.push('x');
                numbers(out, &[*at_ms]);
                out.push('.');
                out.push_str(Cause::ALL.iter().find(|(c, _)| c == cause).map_or("", |(_, text)| text));
            }
            Place::Tomb => out.push('t'),
        }
    }

    /// Reads a name; `None` for whatever [`Entry::text`] does not write.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let (due_ms, seq) = parse_order(fields.next()?)?;
        let nonce = Nonce::read(fields.next()?)?;
        // Moments, and tokens, which are moments or little more: a greater one would leave no room for the next.
        let moment = |text: Option<&str>| number::read_plain(text?).filter(|value| *value <= number::MOMENT_MAX);
        let token = moment(fields.next())?;
        let tries = u32::try_from(number::read_plain(fields.next()?)?).ok()?;
        let max = u32::try_from(number::read_plain(fields.next()?)?).ok()?;
        let enqueued_ms = moment(fields.next())?;
        let size = fields.next()?;
        let (size, extent, group) = match size.strip_prefix('+') {
            Some(text) => {
                let (group, extent) = Group::read_size(text)?;
                (extent.length, Some(extent), Some(group))
            }
            None => {
                let (size, extent) = read_size(size)?;
                (size, extent, None)
            }
        };
        let crc = u32::try_from(number::read_fixed(fields.next()?, CRC_DIGITS)?).ok()?;
        let priority = u8::try_from(number::read_plain(fields.next()?)?).ok()?;
        let note = match fields.next()? {
            NO_NOTE => None,
            // Nothing is noted of a group.
            _ if group.is_some() => return None,
            text => Some(Nonce::read(text)?),
        };
        if group.is_some() && !nonce.is_group() {
            return None;
        }
        let place = match fields.next()? {
            // No claim could raise it.
            "p" if token == number::MOMENT_MAX => return None,
            "p" => Place::Pending,
            "c" => Place::Claimed {
                holder: Key::from_file_name(fields.next()?)?.0,
                epoch: moment(fields.next())?,
                set_ms: moment(fields.next())?,
                for_ms: moment(fields.next())?,
            },
            "d" => Place::Done { at_ms: moment(fields.next())? },
            "x" => {
                let at_ms = moment(fields.next())?;
                let cause = fields.next()?;
                Place::Dead { at_ms, cause: Cause::ALL.iter().find(|(_, text)| *text == cause)?.0 }
            }
            "t" => Place::Tomb,
            _ => return None,
        };
        // What has ended stands alone.
        if group.is_some() && matches!(place, Place::Done { .. } | Place::Tomb) {
            return None;
        }
        // One state has one name: each field is read as it is written and no other way, and there are no more.
        let is_all = fields.next().is_none();
        is_all.then_some(Entry {
            due_ms,
            seq,
            nonce,
            token,
            tries,
            max,
            enqueued_ms,
            size,
            extent,
            group,
            crc,
            priority,
            note,
            place,
        })
    }

    /// Of two states of a task with a given id the higher token comes later, since an id can be pushed again; then what
    /// has ended.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let entry = Self::parse(text)?;
        let (has_ended, is_claimed) = entry.place.rank();
        Some((entry.token, has_ended, is_claimed))
    }

    /// The task as `holder` claims it: one more attempt, a higher token.
    pub(crate) fn claimed(&self, holder: &Key, epoch: u64, now_ms: u64, for_ms: u64, floor: u64) -> Self {
        Entry {
            token: self.token.saturating_add(1).max(now_ms).max(floor.saturating_add(1)),
            tries: self.tries.saturating_add(1),
            place: Place::Claimed { holder: holder.clone(), epoch, set_ms: now_ms, for_ms },
            ..self.clone()
        }
    }

    /// The task as it goes back to wait until `due_ms`.
    pub(crate) fn pending(&self, due_ms: u64) -> Self {
        Entry { due_ms, place: Place::Pending, ..self.clone() }
    }

    /// The task as it goes back to where it was; the attempt does not count.
    pub(crate) fn released(&self) -> Self {
        Entry { tries: self.tries.saturating_sub(1), place: Place::Pending, ..self.clone() }
    }

    /// The task as it comes back from a claim that ended without a word: dead if that was its last attempt.
    pub(crate) fn abandoned(&self, now_ms: u64) -> Self {
        if self.tries >= self.max {
            return self.dead(now_ms, Cause::Abandoned);
        }
        self.pending(self.due_ms)
    }

    /// The task given up.
    pub(crate) fn dead(&self, now_ms: u64, cause: Cause) -> Self {
        Entry { place: Place::Dead { at_ms: now_ms, cause }, ..self.clone() }
    }

    /// The same in a pack.
    pub(crate) fn in_pack(&self, extent: Extent) -> Self {
        let size = if self.group.is_some() { extent.length } else { self.size };
        Entry { size, extent: Some(extent), ..self.clone() }
    }

    /// The group without some of its tasks; `None` if none is left, or it is none.
    pub(crate) fn without(&self, places: u128) -> Option<Self> {
        let group = self.group?.without(places)?;
        Some(Entry { group: Some(group), ..self.clone() })
    }

    /// How many tasks it stands for.
    pub(crate) fn tasks(&self) -> usize {
        self.group.as_ref().map_or(1, Group::len)
    }

    /// The nonces of the tasks that it stands for, which are their ids.
    pub(crate) fn nonces(&self) -> impl Iterator<Item = Nonce> {
        let nonce = self.nonce;
        let alone = self.group.is_none().then_some(nonce);
        alone.into_iter().chain(self.group.into_iter().flat_map(Group::places).map(move |place| nonce.member(place)))
    }

    /// What is known of one of its tasks without its content: enough to find it under the same token.
    pub(crate) fn alone(&self, place: u32) -> Self {
        Entry {
            nonce: self.nonce.member(place),
            seq: self.seq.saturating_add(place),
            size: 0,
            group: None,
            ..self.clone()
        }
    }

    /// Whether it stands for the task of that nonce.
    pub(crate) fn stands_for(&self, nonce: Nonce) -> bool {
        match &self.group {
            Some(group) => nonce.of_group() == self.nonce && nonce.place().is_some_and(|place| group.contains(place)),
            None => nonce == self.nonce,
        }
    }

    /// The task with another note.
    pub(crate) fn noted(&self, note: Option<Nonce>) -> Self {
        Entry { note, ..self.clone() }
    }
}

/// Appends what names sort by.
pub(crate) fn write_order(out: &mut Text, due_ms: u64, seq: u32) {
    number::write_fixed(out, due_ms, number::MOMENT_DIGITS);
    number::write_fixed(out, seq.into(), SEQ_DIGITS);
}

/// Reads what [`Entry::write_order`] writes.
pub(crate) fn parse_order(text: &str) -> Option<(u64, u32)> {
    if text.len() != number::MOMENT_DIGITS + SEQ_DIGITS || !text.is_ascii() {
        return None;
    }
    let (due, seq) = text.split_at(number::MOMENT_DIGITS);
    Some((number::read(due)?, u32::try_from(number::read(seq)?).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    fn place() -> impl Strategy<Value = Place> {
        let moment = 0..=number::MOMENT_MAX;
        prop_oneof![
            Just(Place::Pending),
            Just(Place::Tomb),
            (
                "[a-zA-Z0-9:.é]{1,255}".prop_filter("legal", |n| Key::of(n).is_ok()),
                moment.clone(),
                moment.clone(),
                moment.clone()
            )
                .prop_map(|(holder, epoch, set_ms, for_ms)| Place::Claimed {
                    holder: Key::of(&holder).unwrap(),
                    epoch,
                    set_ms,
                    for_ms
                }),
            moment.clone().prop_map(|at_ms| Place::Done { at_ms }),
            (moment, 0usize..4).prop_map(|(at_ms, cause)| Place::Dead { at_ms, cause: Cause::ALL[cause].0 }),
        ]
    }

    /// The size of a payload, and where in a pack it stands, if it does.
    fn content() -> impl Strategy<Value = (u64, Option<Extent>)> {
        let extent = (0u64..(1 << 10), 0u64..(1 << 26), 0u64..(1 << 40));
        (0u64..(1 << 24), proptest::option::of(extent))
            .prop_map(|(size, extent)| (size, extent.map(|(more, at, pack)| Extent { pack, at, length: size + more })))
    }

    /// A group with the longest of places in a pack.
    fn group() -> impl Strategy<Value = Entry> {
        let shortened = |place| match place {
            Place::Claimed { holder, epoch, set_ms, for_ms } => {
                Place::Claimed { holder, epoch, set_ms, for_ms: for_ms.min(crate::limits::DURATION_MS_MAX) }
            }
            other => other,
        };
        (entry(), 2usize..=100, any::<u128>(), 0u64..(1 << 19), 0u64..(1 << 19)).prop_filter_map(
            "some are left",
            move |(entry, count, gone, at, length)| {
                let group = Some(Group::of(count).unwrap().without(gone)?);
                let pack = entry.extent.map_or((1 << 40) - 1, |extent| extent.pack);
                let extent = Some(Extent { pack, at, length });
                let is_sound = !matches!(&entry.place, Place::Done { .. } | Place::Tomb);
                let (nonce, place) = (entry.nonce.of_group(), shortened(entry.place));
                is_sound.then_some(Entry { nonce, note: None, size: length, extent, group, place, ..entry })
            },
        )
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let moment = 0..=number::MOMENT_MAX;
        let nonce = "[0-9a-v]{16}".prop_map(|text| Nonce::read(&text).unwrap());
        (
            (moment.clone(), 0..SEQ_LIMIT, nonce.clone(), 0..number::MOMENT_MAX, 0u32..1000, 1u32..1000),
            (moment, content(), any::<u32>(), 0u8..10, proptest::option::of(nonce), place()),
        )
            .prop_map(
                |((due_ms, seq, nonce, token, tries, max), (enqueued_ms, content, crc, priority, note, place))| Entry {
                    due_ms,
                    seq,
                    nonce,
                    token,
                    tries,
                    max,
                    enqueued_ms,
                    size: content.0,
                    extent: content.1,
                    group: None,
                    crc,
                    priority,
                    note,
                    place,
                },
            )
    }

    #[test]
    fn a_name_with_a_moment_or_a_token_that_cannot_be_is_foreign() {
        let (most, over) = (number::MOMENT_MAX, number::MOMENT_MAX + 1);
        let name = |token, enqueued_ms, place| {
            let nonce = Nonce::read("0123456789abcdef").unwrap();
            let (tries, max, size, crc, priority) = (0, 5, 0, 0, 5);
            let (extent, group, note) = (None, None, None);
            let (due_ms, seq) = (1, 0);
            Entry {
                due_ms,
                seq,
                nonce,
                token,
                tries,
                max,
                enqueued_ms,
                size,
                extent,
                group,
                crc,
                priority,
                note,
                place,
            }
            .text()
        };
        let claimed = |epoch, set_ms, for_ms| {
            name(most, 1, Place::Claimed { holder: Key::of("a").unwrap(), epoch, set_ms, for_ms })
        };
        assert!(Entry::parse(&name(most - 1, most, Place::Pending)).is_some());
        assert!(Entry::parse(&claimed(most, most, most)).is_some());
        let foreign = [
            name(most, 1, Place::Pending),
            name(over, 1, Place::Tomb),
            name(u64::MAX, 1, Place::Tomb),
            name(1, over, Place::Pending),
            claimed(over, 1, 1),
            claimed(1, over, 1),
            claimed(1, 1, over),
            name(1, 1, Place::Done { at_ms: over }),
            name(1, 1, Place::Dead { at_ms: over, cause: Cause::Failed }),
        ];
        for name in foreign {
            assert!(Entry::parse(&name).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_reads_back_as_written_and_fits(entry in entry()) {
            let text = entry.text();
            prop_assert!(text.len() <= 255, "{} bytes", text.len());
            prop_assert_eq!(Entry::parse(&text), Some(entry));
        }

        #[test]
        fn a_group_reads_back_as_written_and_fits_with_what_marks_it_while_it_parts(entry in group()) {
            let text = entry.text();
            prop_assert!(text.len() <= 246, "{} bytes", text.len());
            prop_assert_eq!(entry.nonces().count(), entry.tasks());
            prop_assert!(entry.nonces().all(|nonce| entry.stands_for(nonce)));
            prop_assert_eq!(Entry::parse(&text), Some(entry));
        }

        #[test]
        fn names_of_pending_tasks_sort_as_the_tasks(a in entry(), b in entry()) {
            if (a.due_ms, a.seq) != (b.due_ms, b.seq) {
                prop_assert_eq!((a.due_ms, a.seq).cmp(&(b.due_ms, b.seq)), a.text().cmp(&b.text()));
            }
        }

        #[test]
        fn a_changed_name_is_another_task_or_none(entry in entry(), at in 0usize..120, with in "[0-9a-zA-Z.%-]") {
            let mut text = entry.text();
            let at = at % text.len();
            text.replace_range(at..=at, &with);
            if let Some(read) = Entry::parse(&text) {
                prop_assert_eq!(read.text(), text);
            }
        }
    }
}
