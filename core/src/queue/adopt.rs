//! Files that somebody dropped into `pending` by hand.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | adopt | `pending/<file>` → `pending/<bucket>/<t>` | the rename | a note |
//! | make way | `pending/<0 to 9>` → `pending/<0 to 9>.<nonce>` | the rename | a dropped file of that name |
//!
//! A file may be called as the directory of a priority is, which then cannot be made. It goes out of the way first,
//! and is a dropped file like any other under the name that this gives it.
//!
//! Whoever drops a file may still be writing it, so it is a task only once it has been unchanged for a second; its
//! length and checksum then stand in its name, and are looked at again when it is claimed. Of several
//! adopters one wins the rename; each gives it a nonce of its own, so no two files become one task.

use super::Queue;
use super::bucket::{self, BucketName};
use super::content::checksum;
use super::entry::{Entry, Place};
use super::finish::{remove_note, write_note};
use super::layout::Layout;
use super::note::Note;
use crate::capability::{Directory, File, FsError, FsResult, Kind, Metadata};
use crate::error::{Error, Result};
use crate::limits::{ATTEMPTS_DEFAULT, PAYLOAD_BYTES_MAX, PRIORITY_DEFAULT, PRIORITY_MAX, SETTLE_MS};
use crate::name::Nonce;
use crate::order::sort_by;
use crate::store::read_file;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Since when (monotonic) a file has been seen as it is.
pub(crate) type Watched = BTreeMap<String, (Metadata, u64)>;
const WATCHED_MAX: usize = 4_096;
/// How many files are adopted at least where more have settled: looking at them all costs more than adopting some.
const ADOPTED_MIN: usize = 64;
/// The token of what was never claimed. A note built on it is kept while any file waits to be adopted.
pub(crate) const NEW: u64 = 0;

/// Whether a name in `pending` may be that of a task: not what editors and copiers make on the way.
pub(crate) fn may_be_task(name: &str, kind: Kind) -> bool {
    kind == Kind::File && !name.starts_with('.') && ![".tmp", ".swp", "~"].iter().any(|end| name.ends_with(end))
}

/// Why a file in `pending` can not become a task, however long it stands; `None` if it can, or is gone.
pub(crate) fn why_not_adopted<D: Directory>(pending: &D, name: &str) -> Option<&'static str> {
    match pending.metadata(name) {
        Ok(metadata) if metadata.size > PAYLOAD_BYTES_MAX as u64 => {
            return Some("a dropped file over the limit for payloads");
        }
        Ok(_) => {}
        Err(FsError::NotFound) => return None,
        Err(_) => return Some("a dropped file that cannot be looked at: see to its permissions"),
    }
    match pending.open(name) {
        Ok(_) | Err(FsError::NotFound) => None,
        Err(_) => Some("a dropped file that cannot be read: see to its permissions"),
    }
}

impl<D: Directory> Queue<D> {
    /// Makes tasks of files that have settled, oldest first, of about as many as are `wanted`; whether there was any.
    ///
    /// What cannot be adopted stays, for `check` to name: it stops neither the others nor the claim.
    pub(crate) fn adopt(&self, layout: &Rc<Layout<D>>, names: &[String], wanted: usize) -> bool {
        self.forget_adopted(names);
        let mut settled = Vec::new();
        for name in names {
            let Ok(standing) = self.moved_out_of_the_way(layout, name) else { continue };
            if let Ok(metadata) = layout.pending.metadata(&standing)
                && self.has_settled(&standing, &metadata)
            {
                settled.push((metadata.modified_ms, name, standing, metadata));
            }
        }
        sort_by(&mut settled, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut adopted = 0;
        for (_, name, standing, metadata) in settled {
            if adopted >= wanted.max(ADOPTED_MIN) {
                break;
            }
            if let Ok(true) = self.adopt_one(layout, &standing, name, &metadata) {
                adopted += 1;
            }
        }
        adopted > 0
    }

    /// Does what may need the directory of a priority, and again if it was refused, for a dropped file may have
    /// stood there.
    pub(crate) fn with_way_made<T>(&self, act: impl Fn() -> Result<T>) -> Result<T> {
        match act() {
            Err(Error::Damaged(_)) => {
                self.make_way()?;
                act()
            }
            other => other,
        }
    }

    fn make_way(&self) -> Result<()> {
        let Some(layout) = self.layout()? else { return Ok(()) };
        for priority in 0..=PRIORITY_MAX {
            // Where there is none, or somebody else is first, or it fails: whoever needs the directory finds out.
            let _ = self.moved_out_of_the_way(&layout, &bucket::priority_dir(priority));
        }
        Ok(())
    }

    /// The name of a dropped file once it does not stand where the directory of a priority belongs.
    ///
    /// Between the look and the rename somebody else may have moved the file, and that directory have been made: then
    /// it is the directory that moves, and is still one ([`bucket::parse_any_priority_dir`]).
    fn moved_out_of_the_way(&self, layout: &Layout<D>, name: &str) -> FsResult<String> {
        if bucket::parse_priority_dir(name).is_none() {
            return Ok(String::from(name));
        }
        if layout.pending.metadata(name)?.kind != Kind::File {
            return Err(FsError::IsDirectory);
        }
        let aside = bucket::aside(name, Nonce::draw(self.environment()));
        layout.pending.rename(name, &layout.pending, &aside).map(|()| aside)
    }

    fn has_settled(&self, name: &str, metadata: &Metadata) -> bool {
        if metadata.kind != Kind::File || metadata.size > PAYLOAD_BYTES_MAX as u64 {
            return false;
        }
        let now_ms = self.environment().now_ms();
        if let Some(age_ms) = metadata.modified_ms.and_then(|at_ms| now_ms.checked_sub(at_ms)) {
            return age_ms >= SETTLE_MS;
        }
        // Its time is unknown, or in the future: it is watched by the clock that never steps.
        let monotonic_ms = self.environment().monotonic_ms();
        let mut watched = self.dropped.borrow_mut();
        if let Some((seen, since_ms)) = watched.get(name)
            && seen == metadata
        {
            return monotonic_ms.saturating_sub(*since_ms) >= SETTLE_MS;
        }
        // The others have their turn when some of these are tasks, or gone.
        if watched.len() < WATCHED_MAX || watched.contains_key(name) {
            watched.insert(String::from(name), (*metadata, monotonic_ms));
        }
        false
    }

    /// Watches only files that are still there.
    fn forget_adopted(&self, names: &[String]) {
        let mut watched = self.dropped.borrow_mut();
        if watched.len() >= WATCHED_MAX {
            let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            watched.retain(|name, _| names.contains(name.as_str()));
        }
    }

    /// Makes a task of the file that stands as `name`, and was dropped as `dropped`.
    fn adopt_one(&self, layout: &Rc<Layout<D>>, name: &str, dropped: &str, metadata: &Metadata) -> Result<bool> {
        let at = |error: FsError| Error::at(name, &error);
        let file = match layout.pending.open(name) {
            Ok(file) => file,
            // Adopted by another; or no file after all, which `check` names.
            Err(FsError::NotFound | FsError::Link | FsError::IsDirectory | FsError::Invalid | FsError::Denied) => {
                return Ok(false);
            }
            Err(error) => return Err(at(error)),
        };
        let Some(bytes) = read_file(&file, PAYLOAD_BYTES_MAX).map_err(at)? else { return Ok(false) };
        let after = file.metadata().map_err(at)?;
        if (after.size, after.modified_ms) != (bytes.len() as u64, metadata.modified_ms) {
            return Ok(false);
        }
        let note = Note { file: Some(String::from(dropped)), ..Note::default() };
        let note = write_note(layout, &note, NEW, self, false)?;
        let (due_ms, seq) = self.take_order(1);
        let entry = Entry {
            due_ms,
            seq,
            nonce: Nonce::draw(self.environment()),
            token: NEW,
            tries: 0,
            max: ATTEMPTS_DEFAULT,
            enqueued_ms: due_ms,
            size: bytes.len() as u64,
            extent: None,
            group: None,
            crc: checksum(&bytes, &[]),
            priority: PRIORITY_DEFAULT,
            note: Some(note),
            place: Place::Pending,
        };
        let bucket = BucketName::shared(entry.priority, entry.due_ms, 0);
        let adopted = bucket::rename_into(&layout.pending, name, layout, &bucket, &entry.text());
        if !matches!(adopted, Ok(Some(_))) {
            remove_note(layout, Some(note))?;
        }
        self.dropped.borrow_mut().remove(name);
        adopted.map(|adopted| adopted.is_some())
    }
}
