//! What the holder of a claim does with it: extend, done, retry, release, bury.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | extend | `claimed/<t>` → `claimed/<t>`, later deadline | the rename | – |
//! | done | `claimed/<t>` → gone, or `done/<t>` with its note | the unlink, or the rename | a note |
//! | retry | `claimed/<t>` → `pending/<bucket>/<t>`, or `dead/<t>` | the rename | a note |
//! | release | `claimed/<t>` → `pending/<bucket>/<t>` | the rename | – |
//! | bury | `claimed/<t>` → `dead/<t>` | the rename | a note |
//!
//! Between reading a receipt and the rename anyone may have extended the claim (same token: it is looked for and
//! tried again), or taken it back (another token: `lost`). An act so never changes a claim other than the
//! one that its receipt names.

use super::bucket::{self, BucketName};
use super::entry::{Cause, Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::note::Note;
use super::receipt::Receipt;
use super::ticket::{follow, remove_ticket};
use super::{Queue, check_duration};
use crate::Durability;
use crate::capability::{Directory, File, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::{PAYLOAD_BYTES_MAX, REASON_BYTES_MAX, TRIES_MAX};
use crate::name::{Key, Nonce};
use crate::reference::ignore_gone;
use crate::store::{is_sync, list_entries, open_or_absent, sync_all};
use alloc::borrow::Cow;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;

/// How many extended claims are kept in mind.
const EXTENDED_MAX: usize = 4_096;

/// What becomes of a claim.
pub(crate) struct Act<'a> {
    /// The state after it; [`Place::Tomb`] means gone.
    pub(crate) next: &'a dyn Fn(&Entry) -> Entry,
    /// What is to be noted with it.
    pub(crate) note: Option<Note<'a>>,
    /// Whether it counts as done if the task stands as done under the same token already.
    pub(crate) is_done: bool,
    pub(crate) sync: bool,
}

impl<D: Directory> Queue<D> {
    /// Makes the claim last `lasting_ms` from now; answers until when (milliseconds since 1970).
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim, or its holder, is over; [`Error::InvalidArgument`], [`Error::Io`].
    pub fn extend(&self, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64> {
        check_duration("a claim", lasting_ms, false)?;
        let now_ms = self.environment().now_ms();
        let after = self.act(
            receipt,
            Act {
                next: &|entry| match &entry.place {
                    Place::Claimed { holder, epoch, set_ms, .. } => Entry {
                        place: Place::Claimed {
                            holder: holder.clone(),
                            epoch: *epoch,
                            // No name comes back, also where a claim is extended twice in one millisecond.
                            set_ms: if set_ms.checked_sub(now_ms).is_some_and(|ahead_ms| ahead_ms < 1_000) {
                                set_ms.saturating_add(1)
                            } else {
                                now_ms
                            },
                            for_ms: lasting_ms,
                        },
                        ..entry.clone()
                    },
                    _ => entry.clone(),
                },
                note: None,
                is_done: false,
                sync: is_sync(durability, false),
            },
        )?;
        // The claim of a holder that is over is anybody's, however long it would last.
        if let Place::Claimed { holder, epoch, .. } = &after.place
            && self.holders().is_over(holder, *epoch)?
        {
            return Err(Error::Lost(format!(
                "task {}: its holder {:?} is over",
                self.shown(receipt),
                self.holders().name_behind(holder.as_str())
            )));
        }
        Ok(now_ms.saturating_add(lasting_ms))
    }

    /// Finishes the task. With an outcome its record is kept, and repeating the call succeeds.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim is over; [`Error::TooLarge`] for the outcome, [`Error::InvalidArgument`] for
    /// the receipt, [`Error::Io`].
    pub fn done(&self, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()> {
        if let Some(outcome) = outcome.filter(|outcome| outcome.len() > PAYLOAD_BYTES_MAX) {
            return Err(Error::TooLarge(format!(
                "an outcome of {} bytes, use at most {PAYLOAD_BYTES_MAX}",
                outcome.len()
            )));
        }
        let now_ms = self.environment().now_ms();
        let is_kept = outcome.is_some();
        self.act(
            receipt,
            Act {
                next: &|entry| Entry {
                    place: if is_kept { Place::Done { at_ms: now_ms } } else { Place::Tomb },
                    ..entry.clone()
                },
                note: outcome.map(|outcome| Note { outcome: Some(Cow::Borrowed(outcome)), ..Note::default() }),
                is_done: true,
                sync: is_sync(durability, false),
            },
        )
        .map(|_| ())
    }

    /// Gives the task back as failed, to be claimed again after `delay_ms`; `false` if it is dead now.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim is over; [`Error::TooLarge`] for the reason, [`Error::InvalidArgument`],
    /// [`Error::Io`].
    pub fn retry(&self, receipt: &str, delay_ms: u64, reason: &str, durability: Durability) -> Result<bool> {
        check_duration("a delay", delay_ms, true)?;
        let note = note_of_reason(reason)?;
        let now_ms = self.environment().now_ms();
        let (due_ms, seq) = self.take_order(1);
        let after = self.act(
            receipt,
            Act {
                next: &|entry| {
                    if entry.tries >= entry.max {
                        return entry.dead(now_ms, Cause::Failed);
                    }
                    Entry { seq, ..entry.pending(due_ms.saturating_add(delay_ms)) }
                },
                note,
                is_done: false,
                sync: is_sync(durability, false),
            },
        )?;
        Ok(after.place == Place::Pending)
    }

    /// Gives the task back where it was; the attempt does not count.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim is over; [`Error::InvalidArgument`], [`Error::Io`].
    pub fn release(&self, receipt: &str, durability: Durability) -> Result<()> {
        let act = Act { next: &Entry::released, note: None, is_done: false, sync: is_sync(durability, false) };
        self.act(receipt, act).map(|_| ())
    }

    /// Gives the task up: it is dead, whatever attempts it had left.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim is over; [`Error::TooLarge`] for the reason, [`Error::InvalidArgument`],
    /// [`Error::Io`].
    pub fn bury(&self, receipt: &str, reason: &str, durability: Durability) -> Result<()> {
        let note = note_of_reason(reason)?;
        let now_ms = self.environment().now_ms();
        self.act(
            receipt,
            Act {
                next: &|entry| entry.dead(now_ms, Cause::Buried),
                note,
                is_done: false,
                sync: is_sync(durability, false),
            },
        )
        .map(|_| ())
    }

    fn act(&self, receipt: &str, act: Act<'_>) -> Result<Entry> {
        let parsed = Receipt::parse(receipt)?;
        let lost = || Error::Lost(format!("task {}: the claim is over", self.shown(receipt)));
        let Some(layout) = self.layout()? else { return Err(lost()) };
        let after = match parsed {
            Receipt::Anonymous(entry) => self.act_on_file(&layout, entry, act)?,
            // Without an outcome nothing is left of it, which needs no name of its own.
            Receipt::Member { group, place } if act.is_done && act.note.is_none() => {
                let sync = act.sync;
                let over = self.finish_members(&layout, &group, 1 << place, sync)?;
                (over == 0).then_some(Entry { place: Place::Tomb, ..group })
            }
            Receipt::Member { group, place } => self.act_on_member(&layout, &group, place, act)?,
            Receipt::Given { key, birth, token } => self.act_on_given(&layout, &key, birth, token, act)?,
        };
        if after.as_ref().is_some_and(|after| after.place == Place::Pending) {
            // Its place in the order may be one that this instance has listed already.
            self.candidates.borrow_mut().clear();
        }
        after.ok_or_else(lost)
    }

    /// `None` if the claim is over.
    pub(crate) fn act_on_file(&self, layout: &Rc<Layout<D>>, claimed: Entry, act: Act<'_>) -> Result<Option<Entry>> {
        // An extended claim has another name than its receipt tells; where this instance extended it, it is known.
        let known = self.extended.borrow_mut().remove(&claimed.nonce).filter(|entry| entry.token == claimed.token);
        let mut current = known.unwrap_or_else(|| claimed.clone());
        let mut from = layout.claimed.clone();
        let note = self.merged_note(layout, &claimed, act.note);
        let written = match &note {
            Some(note) => Some(write_note(layout, note, claimed.token, self, act.sync)?),
            None => None,
        };
        for _ in 0..TRIES_MAX {
            let mut next = (act.next)(&current);
            if written.is_some() {
                next.note = written;
            }
            if move_file(layout, &from, &current, &next, act.sync)? {
                if let (Some(note), Some(nonce)) = (&note, written)
                    && layout.notes.metadata(&nonce.text()) == Err(FsError::NotFound)
                {
                    // Somebody removed the directory: it stands in a new one.
                    match note.write(&layout.reopen("notes")?, &nonce.text(), act.sync) {
                        Ok(()) | Err(Error::Exists(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                if let Place::Claimed { .. } = next.place {
                    self.know_claim(next.clone());
                }
                if current.note != next.note || next.place == Place::Tomb {
                    // The act is done; a note that is left is debris.
                    let _ = remove_note(layout, current.note);
                }
                return Ok(Some(next));
            }
            // It may have been extended.
            match find(layout, "claimed", &claimed)? {
                Some(found) => (from, current) = found,
                None => {
                    remove_note(layout, written)?;
                    let done = if act.is_done { find(layout, "done", &claimed)? } else { None };
                    return Ok(done.map(|(_, done)| done));
                }
            }
        }
        Err(self.exhausted())
    }

    /// Keeps in mind that a claim has another name than its receipt tells.
    pub(crate) fn know_claim(&self, entry: Entry) {
        let mut extended = self.extended.borrow_mut();
        if extended.len() >= EXTENDED_MAX {
            extended.clear();
        }
        extended.insert(entry.nonce, entry);
    }

    /// What the file's name was when it was dropped is kept beside the new reason.
    fn merged_note<'a>(&self, layout: &Layout<D>, entry: &Entry, note: Option<Note<'a>>) -> Option<Note<'a>> {
        let mut note = note?;
        if let Some(old) = entry.note {
            note.file = Note::read(&layout.notes, &old.text()).file;
        }
        Some(note)
    }

    /// `None` if the claim is over.
    fn act_on_given(
        &self,
        layout: &Layout<D>,
        key: &Key,
        birth: Nonce,
        token: u64,
        act: Act<'_>,
    ) -> Result<Option<Entry>> {
        let mut has_missed = false;
        for _ in 0..TRIES_MAX {
            let Some(mut given) = Given::read_anew(layout, key)? else { return Ok(None) };
            let before = given.entry.clone();
            // Without its content directory a ref does not tell its birth; the token does.
            if given.reference.birth.is_some_and(|found| found != birth) || before.token != token {
                return Ok(None);
            }
            match before.place {
                Place::Claimed { .. } => {}
                Place::Done { .. } if act.is_done => return Ok(Some(before)),
                _ => return Ok(None),
            }
            let mut next = (act.next)(&before);
            if let Some(note) = &act.note {
                match given.write_note(note, self, act.sync)? {
                    Some(nonce) => next.note = Some(nonce),
                    // It is being removed, which the swap will tell; or somebody removed its content, and why it
                    // failed has no place to stand.
                    None if note.outcome.is_none() => {}
                    None if has_missed => {
                        let id = given.id();
                        return Err(Error::Damaged(format!(
                            "task {id}: somebody removed its content, so no outcome can be kept, finish it without"
                        )));
                    }
                    None => {
                        has_missed = true;
                        continue;
                    }
                }
            }
            if !given.swap(next.clone())? {
                if next.note != before.note {
                    let _ = given.remove_blob(next.note);
                }
                continue;
            }
            if act.sync {
                sync_all(&[(&given.reference.dir, "ids")])?;
            }
            // Tidying after the act is no error of it; what is left is finished by whoever meets it.
            if next.place == Place::Tomb {
                let _ = given.remove(layout);
                let _ = remove_ticket(layout, key, &before);
            } else {
                if next.note != before.note {
                    let _ = given.remove_blob(before.note);
                }
                follow(layout, key, &before, &next, act.sync);
            }
            return Ok(Some(next));
        }
        Err(self.exhausted())
    }

    fn shown(&self, receipt: &str) -> String {
        match Receipt::parse(receipt) {
            Ok(Receipt::Member { group, place }) => {
                format!("{} of queue {:?}", group.nonce.member(place).text(), self.name())
            }
            Ok(Receipt::Anonymous(entry)) => format!("{} of queue {:?}", entry.nonce.text(), self.name()),
            Ok(Receipt::Given { key, .. }) => format!("{} of queue {:?}", key.as_str(), self.name()),
            Err(_) => String::new(),
        }
    }
}

fn note_of_reason(reason: &str) -> Result<Option<Note<'static>>> {
    if reason.len() > REASON_BYTES_MAX {
        return Err(Error::TooLarge(format!("a reason of {} bytes, use at most {REASON_BYTES_MAX}", reason.len())));
    }
    Ok((!reason.is_empty()).then(|| Note { reason: Some(String::from(reason)), ..Note::default() }))
}

/// Publishes a note of a task without a given id, to be named by a rename from the state at `token`. So a
/// sweeper knows how long it may still come to be named.
pub(crate) fn write_note<D: Directory>(
    layout: &Layout<D>,
    note: &Note<'_>,
    token: u64,
    queue: &Queue<D>,
    sync: bool,
) -> Result<Nonce> {
    let mut notes = layout.notes.clone();
    for _ in 0..TRIES_MAX {
        let nonce = Nonce::draw_on(token, queue.environment());
        match note.write(&notes, &nonce.text(), sync) {
            Ok(()) => return Ok(nonce),
            Err(Error::Exists(_)) => {}
            // Somebody removed the directory: by its name there is, or will be, another.
            Err(Error::NotFound(_)) => notes = layout.reopen("notes")?,
            Err(error) => return Err(error),
        }
    }
    Err(queue.exhausted())
}

/// Removes a note that no name names any more.
pub(crate) fn remove_note<D: Directory>(layout: &Layout<D>, note: Option<Nonce>) -> Result<()> {
    let Some(note) = note else { return Ok(()) };
    ignore_gone(layout.notes.unlink(&note.text())).map_err(|error| Error::at("a note", &error))
}

/// Renames a task's file in `from` to its next state, or unlinks it where that is the end; `false` if it is not there
/// under the name of state `current`.
pub(crate) fn move_file<D: Directory>(
    layout: &Layout<D>,
    from: &D,
    current: &Entry,
    next: &Entry,
    sync: bool,
) -> Result<bool> {
    let name = current.text();
    let at = |error: FsError| Error::at("a task", &error);
    // What a power cut must not bring back elsewhere is synced under its present name first.
    let file = if sync {
        match from.open(&name) {
            Ok(file) => Some(file),
            Err(FsError::NotFound) => return Ok(false),
            Err(error) => return Err(at(error)),
        }
    } else {
        None
    };
    let to = match &next.place {
        Place::Pending => {
            let bucket = BucketName::shared(next.priority, next.due_ms, 0);
            let Some(opened) = bucket::rename_into(from, &name, layout, &bucket, &next.text())? else {
                return Ok(false);
            };
            if sync {
                opened.sync(layout)?;
            }
            None
        }
        Place::Claimed { .. } => {
            if let Some(file) = &file {
                file.sync().map_err(at)?;
            }
            Some("claimed")
        }
        Place::Done { .. } => Some("done"),
        Place::Dead { .. } => Some("dead"),
        Place::Tomb => {
            if let Some(file) = &file {
                file.sync().map_err(at)?;
            }
            match from.unlink(&name) {
                Ok(()) => {}
                Err(FsError::NotFound) => return Ok(false),
                Err(error) => return Err(at(error)),
            }
            None
        }
    };
    if let Some(to) = to {
        let Some(dir) = layout.rename_to(to, from, &name, &next.text())? else { return Ok(false) };
        if sync {
            sync_all(&[(&dir, "a task")])?;
        }
    }
    if let Some(file) = file {
        // What is gone needs none, and what was synced before.
        if !matches!(next.place, Place::Tomb | Place::Claimed { .. }) {
            file.sync().map_err(at)?;
        }
        sync_all(&[(from, "a task")])?;
    }
    Ok(true)
}

/// Finds a task under the token of its claim, in the directory of a state, and answers that too.
fn find<D: Directory>(layout: &Layout<D>, state: &str, claimed: &Entry) -> Result<Option<(D, Entry)>> {
    let dir = layout.fixed(state);
    // A listing that overlaps a rename may miss both of its names: looked at twice.
    for _ in 0..2 {
        let listed = list_entries(dir).map_err(|error| Error::at(state, &error))?;
        if let Some(entry) = find_among(&listed, claimed) {
            return Ok(Some((dir.clone(), entry)));
        }
        if listed.is_empty() {
            break;
        }
    }
    // So looks one that somebody removed; by its name there may be another.
    let Some(dir) = open_or_absent(&layout.queue, state)? else { return Ok(None) };
    let listed = list_entries(&dir).map_err(|error| Error::at(state, &error))?;
    let Some(entry) = find_among(&listed, claimed) else { return Ok(None) };
    layout.doubt();
    Ok(Some((dir, entry)))
}

fn find_among(listed: &[(String, Kind)], claimed: &Entry) -> Option<Entry> {
    let nonce = claimed.nonce.text();
    listed
        .iter()
        .filter(|(name, _)| name.split('.').nth(1) == Some(nonce.as_str()))
        .filter_map(|(name, _)| Entry::parse(name))
        .find(|entry| entry.nonce == claimed.nonce && entry.token == claimed.token)
}
