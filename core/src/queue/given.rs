//! Tasks with a given id: a ref each, so that an id is unique while it is live.
//!
//! | transition | from → to of the token file in `ids/<key>/` | a crash leaves | cleaned by |
//! |---|---|---|---|
//! | push | (absent) → pending, by the birth rename | `tmp/n/`, a ticket | sweep |
//! | push again, replace | done, dead, pending `t` → pending `t+1` | unnamed content, a ticket | sweep, claimers |
//! | claim | pending `t` → claimed `t'` | a ticket in `pending` | claimers |
//! | extend | claimed `t` → claimed `t` | – | – |
//! | retry, release, reap | claimed `t` → pending `t` (or dead `t`) | a ticket in `claimed` | reap |
//! | done, keeping a record | claimed `t` → done `t` | a ticket in `claimed` | reap |
//! | done, cancel, purge | any → tombstone `t`, then removal | a tombstone | whoever meets it |
//!
//! The ticket is made *before* the swap that makes a task pending, so no task waits without one. Content is a blob
//! in the ref's content directory, named by a nonce that carries the token it was built on.

use super::Queue;
use super::candidates::Candidate;
use super::claim::Attempt;
use super::content::{Attributes, FILE_BYTES_MAX, split};
use super::entry::{Entry, Place};
use super::layout::Layout;
use super::note::Note;
use super::ticket::{Ticket, follow, follow_from, move_ticket, remove_ticket, remove_void};
use crate::capability::{Directory, FsError};
use crate::error::{Error, Holding, Result};
use crate::holder::Holder;
use crate::limits::{NAME_BYTES_MAX, TRIES_MAX};
use crate::name::{Decoded, Key, Nonce};
use crate::reference::{Ref, Seen, ignore_gone};
use crate::store::{open_or_absent, read_file, sync_all};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A task with a given id, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Given<D> {
    pub(crate) key: Key,
    pub(crate) reference: Ref<D>,
    pub(crate) entry: Entry,
}

impl<D: Directory> Given<D> {
    /// Reads the task at `key`, `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`] where something stands that is not understood; it counts as live.
    pub(crate) fn read(layout: &Layout<D>, key: &Key) -> Result<Option<Self>> {
        if layout.is_absent("ids") {
            return Ok(None);
        }
        Self::read_in(&layout.ids, key)
    }

    /// The same, and believes that it is absent only once `ids` was opened by its name: somebody may have removed it.
    pub(crate) fn read_anew(layout: &Layout<D>, key: &Key) -> Result<Option<Self>> {
        if let Some(given) = Self::read(layout, key)? {
            return Ok(Some(given));
        }
        let Some(ids) = open_or_absent(&layout.queue, "ids")? else { return Ok(None) };
        let found = Self::read_in(&ids, key)?;
        if found.is_some() {
            layout.doubt();
        }
        Ok(found)
    }

    /// The same in an `ids` that was opened anew.
    pub(crate) fn read_in(ids: &D, key: &Key) -> Result<Option<Self>> {
        match Ref::read(ids, key.as_str(), Entry::rank)? {
            Seen::Absent => Ok(None),
            Seen::Unknown(doubt) => Err(Error::Damaged(format!("ids/{doubt}, run the doctor"))),
            Seen::Present(reference) => match Entry::parse(&reference.token_name) {
                Some(entry) => Ok(Some(Given { key: key.clone(), reference, entry })),
                None => Err(Error::Damaged(format!("ids/{}, run the doctor", key.as_str()))),
            },
        }
    }

    /// The compare-and-swap of the whole state.
    pub(crate) fn swap(&mut self, next: Entry) -> Result<bool> {
        if self.reference.swap(next.text())? {
            self.entry = next;
            return Ok(true);
        }
        Ok(false)
    }

    /// The caller's id.
    pub(crate) fn id(&self) -> String {
        match Key::from_file_name(self.key.as_str()) {
            Some((_, Decoded::Name(name))) => name,
            _ => {
                let file = self.reference.dir.open(&self.reference.token_name);
                let bytes = file.and_then(|file| read_file(&file, NAME_BYTES_MAX)).ok().flatten();
                bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| String::from(self.key.as_str()))
            }
        }
    }

    /// Finishes the removal of a tombstone.
    pub(crate) fn remove(&self, layout: &Layout<D>) -> Result<()> {
        self.reference.remove(&layout.ids, self.key.as_str(), self.entry.token, &layout.floor())
    }

    /// Removes the task whole, from the state that was read; `false` if that has changed.
    pub(crate) fn bury_whole(&mut self, layout: &Layout<D>, sync: bool) -> Result<bool> {
        let before = self.entry.clone();
        if !self.swap(Entry { place: Place::Tomb, ..before.clone() })? {
            return Ok(false);
        }
        if sync {
            sync_all(&[(&self.reference.dir, "ids")])?;
        }
        self.remove(layout)?;
        // A hint that is left is void, which whoever meets it finds.
        let _ = remove_ticket(layout, &self.key, &before);
        Ok(true)
    }

    /// Publishes a note in the content directory; `None` if that is gone.
    pub(crate) fn write_note(&self, note: &Note<'_>, queue: &Queue<D>, sync: bool) -> Result<Option<Nonce>> {
        let Some(content) = self.reference.content()? else { return Ok(None) };
        for _ in 0..TRIES_MAX {
            let nonce = Nonce::draw_on(self.entry.token, queue.environment());
            match note.write(&content, &nonce.text(), sync) {
                Ok(()) => return Ok(Some(nonce)),
                Err(Error::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(queue.exhausted())
    }

    pub(crate) fn read_note(&self) -> Note<'static> {
        let (Some(nonce), Ok(Some(content))) = (self.entry.note, self.reference.content()) else {
            return Note::default();
        };
        Note::read(&content, &nonce.text())
    }

    /// Payload and attributes; `None` if they are not what the name says.
    pub(crate) fn read_content(&self) -> Result<Option<(Vec<u8>, Attributes)>> {
        let file = match self.reference.open_content(&self.entry.nonce.text()) {
            Ok(file) => file,
            Err(FsError::NotFound | FsError::Denied | FsError::Link | FsError::Invalid) => return Ok(None),
            Err(FsError::IsDirectory | FsError::NotDirectory) => return Ok(None),
            Err(error) => return Err(Error::at("a task", &error)),
        };
        let read = read_file(&file, FILE_BYTES_MAX).map_err(|error| Error::at("a task", &error))?;
        Ok(read.and_then(|bytes| split(&self.entry, bytes)))
    }

    /// Removes a blob that no name names any more.
    pub(crate) fn remove_blob(&self, nonce: Option<Nonce>) -> Result<()> {
        if let (Some(nonce), Some(content)) = (nonce, self.reference.content()?) {
            ignore_gone(content.unlink(&nonce.text())).map_err(|error| Error::at("content", &error))?;
        }
        Ok(())
    }
}

impl<D: Directory> Queue<D> {
    /// Claims the task behind a ticket, or puts the ticket where it belongs.
    pub(crate) fn claim_ticket(
        &self,
        layout: &Layout<D>,
        candidate: &Candidate<D>,
        ticket: &Ticket,
        holder: &Holder<D>,
        lasting_ms: u64,
    ) -> Result<Attempt<Given<D>>> {
        let mut not_taken = Attempt::Nothing;
        for _ in 0..TRIES_MAX {
            let mut given = match Given::read(layout, &ticket.key) {
                Ok(Some(given)) if given.entry.nonce == ticket.nonce => given,
                // Its push is under way, or was cut short; or it is over.
                Ok(_) => {
                    remove_void(layout, &candidate.bucket.dir, &candidate.name, ticket)?;
                    // Somebody removed `ids`, and its task stands in another: all is opened by name, and looked at again.
                    if layout.is_doubted() {
                        self.forget_layout();
                    }
                    return Ok(not_taken);
                }
                // Nobody understands what stands there.
                Err(Error::Damaged(_)) => return Ok(not_taken),
                Err(error) => return Err(error),
            };
            let entry = given.entry.clone();
            if entry.place == Place::Tomb {
                given.remove(layout)?;
            }
            let now_ms = self.environment().now_ms();
            let is_claimable = entry.place == Place::Pending && entry.due_ms <= now_ms;
            if !is_claimable {
                let was_there = move_ticket(layout, &candidate.bucket.dir, &candidate.name, &ticket.key, &entry)?;
                return Ok(if was_there { not_taken } else { Attempt::Raced });
            }
            // The floor is read after the ref, see [`crate::store::Floor`].
            let floor = layout.floor().read()?;
            let claimed = entry.claimed(holder.key(), holder.epoch(), now_ms, lasting_ms, floor);
            if given.swap(claimed.clone())? {
                follow_from(layout, &candidate.bucket.dir, &candidate.name, &ticket.key, &claimed);
                return Ok(Attempt::Taken(given));
            }
            not_taken = Attempt::Raced;
        }
        Err(self.exhausted())
    }

    /// Takes back a claim that is over; `false` if somebody else was first.
    pub(crate) fn abandon_given(&self, layout: &Layout<D>, given: &mut Given<D>, sync: bool) -> Result<bool> {
        let before = given.entry.clone();
        let after = before.abandoned(self.environment().now_ms());
        if !given.swap(after.clone())? {
            return Ok(false);
        }
        follow(layout, &given.key, &before, &after, sync);
        if sync {
            sync_all(&[(&given.reference.dir, "ids")])?;
        }
        Ok(true)
    }

    /// Who holds a claimed task.
    pub(crate) fn holding(&self, entry: &Entry) -> Holding {
        match &entry.place {
            Place::Claimed { holder, epoch, set_ms, for_ms } => Holding {
                holder: self.holders().name_behind(holder.as_str()),
                epoch: *epoch,
                token: entry.token,
                until_ms: Some(set_ms.saturating_add(*for_ms)),
            },
            _ => Holding { holder: String::new(), epoch: 0, token: entry.token, until_ms: None },
        }
    }
}
