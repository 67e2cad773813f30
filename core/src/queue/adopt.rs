//! Files that somebody dropped into `pending` by hand.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | adopt | `pending/<file>` → `pending/<bucket>/<t>` | the rename | a note |
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
use crate::capability::{Directory, File, FsError, Kind, Metadata};
use crate::error::{Error, Result};
use crate::limits::{ATTEMPTS_DEFAULT, PAYLOAD_BYTES_MAX, PRIORITY_DEFAULT, SETTLE_MS};
use crate::name::Nonce;
use crate::store::read_file;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Since when (monotonic) a file has been seen as it is.
pub(crate) type Watched = BTreeMap<String, (Metadata, u64)>;
const WATCHED_MAX: usize = 4_096;
/// The token of what was never claimed. A note built on it is kept while any file waits to be adopted.
pub(crate) const NEW: u64 = 0;

/// Whether a name in `pending` may be that of a task: not what editors and copiers make on the way.
pub(crate) fn may_be_task(name: &str, kind: Kind) -> bool {
    kind == Kind::File && !name.starts_with('.') && ![".tmp", ".swp", "~"].iter().any(|end| name.ends_with(end))
}

impl<D: Directory> Queue<D> {
    /// Makes tasks of the files that have settled, oldest first; whether there was any.
    pub(crate) fn adopt(&self, layout: &Rc<Layout<D>>, names: &[String]) -> Result<bool> {
        let mut settled = Vec::new();
        for name in names {
            match layout.pending.metadata(name) {
                Ok(metadata) if self.has_settled(name, &metadata) => {
                    settled.push((metadata.modified_ms, name, metadata));
                }
                Ok(_) | Err(FsError::NotFound) => {}
                Err(error) => return Err(Error::at(name, &error)),
            }
        }
        settled.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut any = false;
        for (_, name, metadata) in settled {
            any |= self.adopt_one(layout, name, &metadata)?;
        }
        Ok(any)
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
        if watched.len() >= WATCHED_MAX {
            watched.clear();
        }
        watched.insert(String::from(name), (*metadata, monotonic_ms));
        false
    }

    fn adopt_one(&self, layout: &Rc<Layout<D>>, name: &str, metadata: &Metadata) -> Result<bool> {
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
        let note = Note { file: Some(String::from(name)), ..Note::default() };
        let note = write_note(layout, &note, NEW, self)?;
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
