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
use super::bucket::{self, BucketName, SHARD_TASKS};
use super::candidates::Candidate;
use super::content::{Attributes, FILE_BYTES_MAX, split};
use super::entry::{Entry, Place};
use super::layout::Layout;
use super::note::Note;
use super::push::Checked;
use super::task::OnDuplicate;
use super::ticket::{Ticket, ticket_name};
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Holding, Result};
use crate::holder::Holder;
use crate::limits::{NAME_BYTES_MAX, TRIES_MAX};
use crate::name::{Decoded, Key, Nonce};
use crate::reference::{Ref, Seen, Unborn, ignore_gone};
use crate::store::{create_file, read_file, sync_all};
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
        match Ref::read(&layout.ids, key.as_str(), Entry::is_token)? {
            Seen::Absent => Ok(None),
            Seen::Unknown(why) => Err(Error::Damaged(format!("ids/{why}, run the doctor"))),
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
    pub(crate) fn bury_whole(&mut self, layout: &Layout<D>) -> Result<bool> {
        let before = self.entry.clone();
        if !self.swap(Entry { place: Place::Tomb, ..before.clone() })? {
            return Ok(false);
        }
        self.remove(layout)?;
        remove_ticket(layout, &self.key, &before)?;
        Ok(true)
    }

    /// Publishes a note in the content directory; `None` if that is gone.
    pub(crate) fn write_note(&self, note: &Note, queue: &Queue<D>) -> Result<Option<Nonce>> {
        let Some(content) = self.reference.content()? else { return Ok(None) };
        for _ in 0..TRIES_MAX {
            let nonce = Nonce::draw_on(self.entry.token, queue.environment());
            match note.write(&content, &nonce.text()) {
                Ok(file) => {
                    file.sync().map_err(|error| Error::at("a note", &error))?;
                    return Ok(Some(nonce));
                }
                Err(Error::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(queue.exhausted())
    }

    pub(crate) fn read_note(&self) -> Result<Note> {
        let (Some(nonce), Some(content)) = (self.entry.note, self.reference.content()?) else {
            return Ok(Note::default());
        };
        Ok(Note::read(&content, &nonce.text())?.unwrap_or_default())
    }

    /// Payload and attributes; `None` if they are not what the name says.
    pub(crate) fn read_content(&self) -> Result<Option<(Vec<u8>, Attributes)>> {
        let Some(content) = self.reference.content()? else { return Ok(None) };
        let file = match content.open(&self.entry.nonce.text()) {
            Ok(file) => file,
            Err(FsError::NotFound | FsError::IsDirectory | FsError::Link | FsError::Invalid) => return Ok(None),
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

/// Where a task's ticket belongs.
enum Home {
    Bucket(BucketName),
    /// A directory of the layout.
    Fixed(&'static str),
    Nowhere,
}

fn home(entry: &Entry) -> Home {
    match entry.place {
        Place::Pending => {
            let shard = u64::from(entry.seq) / SHARD_TASKS;
            Home::Bucket(BucketName::shared(entry.priority, entry.due_ms, shard))
        }
        Place::Claimed { .. } => Home::Fixed("claimed"),
        Place::Done { .. } => Home::Fixed("done"),
        Place::Dead { .. } => Home::Fixed("dead"),
        Place::Tomb => Home::Nowhere,
    }
}

fn ticket_error(error: FsError) -> Error {
    Error::at("a ticket", &error)
}

/// Sees to it that the task has its ticket where it belongs.
pub(crate) fn place_ticket<D: Directory>(layout: &Layout<D>, key: &Key, entry: &Entry, sync: bool) -> Result<()> {
    let name = ticket_name(key, entry);
    let home = home(entry);
    for _ in 0..TRIES_MAX {
        let (dir, priority) = match &home {
            Home::Bucket(bucket) => {
                let (priority, dir) = bucket::ensure(layout, bucket)?;
                (dir, Some(priority))
            }
            Home::Fixed(fixed) => (layout.reopen(fixed)?, None),
            Home::Nowhere => return Ok(()),
        };
        match dir.create(&name) {
            Ok(_) | Err(FsError::Exists) => {
                if let Some(priority) = priority.filter(|_| sync) {
                    sync_all(&[(&dir, "a bucket"), (&priority, "pending"), (&layout.pending, "pending")])?;
                }
                return Ok(());
            }
            // Removed since it was opened.
            Err(FsError::NotFound) => {}
            Err(error) => return Err(ticket_error(error)),
        }
    }
    Err(Error::Exhausted(format!("the place of ticket {name} is removed as fast as it is made, try again")))
}

/// Moves a ticket from `dir/name` to where the task's ticket belongs.
pub(crate) fn move_ticket<D: Directory>(
    layout: &Layout<D>,
    dir: &D,
    name: &str,
    key: &Key,
    entry: &Entry,
) -> Result<()> {
    let target = ticket_name(key, entry);
    let is_moved = match home(entry) {
        Home::Bucket(bucket) => bucket::rename_into(dir, name, layout, &bucket, &target)?.is_some(),
        Home::Fixed(fixed) => layout.rename_to(fixed, dir, name, &target)?.is_some(),
        Home::Nowhere => return ignore_gone(dir.unlink(name)).map_err(ticket_error),
    };
    if is_moved { Ok(()) } else { place_ticket(layout, key, entry, false) }
}

/// Moves the ticket that belongs to state `from` to where it belongs in state `to`.
pub(crate) fn follow<D: Directory>(layout: &Layout<D>, key: &Key, from: &Entry, to: &Entry) -> Result<()> {
    let name = ticket_name(key, from);
    let dir = match home(from) {
        Home::Bucket(bucket) => open_bucket(layout, &bucket)?,
        Home::Fixed(fixed) => Some(layout.fixed(fixed).clone()),
        Home::Nowhere => None,
    };
    match dir {
        Some(dir) => move_ticket(layout, &dir, &name, key, to),
        None => place_ticket(layout, key, to, false),
    }
}

/// Removes the ticket that belongs to a state.
pub(crate) fn remove_ticket<D: Directory>(layout: &Layout<D>, key: &Key, entry: &Entry) -> Result<()> {
    let name = ticket_name(key, entry);
    let removed = match home(entry) {
        Home::Bucket(bucket) => open_bucket(layout, &bucket)?.map_or(Ok(()), |dir| dir.unlink(&name)),
        Home::Fixed(fixed) => layout.fixed(fixed).unlink(&name),
        Home::Nowhere => Ok(()),
    };
    ignore_gone(removed).map_err(ticket_error)
}

fn open_bucket<D: Directory>(layout: &Layout<D>, bucket: &BucketName) -> Result<Option<D>> {
    let priority = bucket::priority_dir(bucket.priority);
    let Some(priority) = crate::store::open_or_absent(&layout.pending, &priority)? else { return Ok(None) };
    crate::store::open_or_absent(&priority, &bucket.text())
}

impl<D: Directory> Queue<D> {
    pub(crate) fn push_given(
        &self,
        tasks: &[Checked<'_>],
        on_duplicate: OnDuplicate,
        sync: bool,
    ) -> Result<Vec<String>> {
        let layout = self.layout_made()?;
        for (id, key) in tasks.iter().filter_map(|task| task.id.as_ref()) {
            // Looked at first, so that a refusal changes nothing; each push below looks again.
            if let Some(given) = Given::read(&layout, key)? {
                self.may_push(id, &given, on_duplicate)?;
            }
        }
        let mut ids = Vec::with_capacity(tasks.len());
        for task in tasks {
            let Some((id, key)) = &task.id else { continue };
            self.push_given_one(id, key, task, on_duplicate, sync)?;
            ids.push(String::from(*id));
        }
        Ok(ids)
    }

    /// Whether a push may go on where `given` stands; `false` if that is to be kept.
    fn may_push(&self, id: &str, given: &Given<D>, on_duplicate: OnDuplicate) -> Result<bool> {
        match (&given.entry.place, on_duplicate) {
            (Place::Done { .. } | Place::Dead { .. } | Place::Tomb, _) => Ok(true),
            (_, OnDuplicate::Refuse) => {
                Err(Error::Exists(format!("task {id:?} is pending or claimed, push it to be kept or replaced")))
            }
            (_, OnDuplicate::Keep) => Ok(false),
            (Place::Claimed { .. }, OnDuplicate::Replace) if !self.is_over(&given.entry)? => {
                Err(Error::Held(self.holding(&given.entry)))
            }
            (_, OnDuplicate::Replace) => Ok(true),
        }
    }

    fn push_given_one(
        &self,
        id: &str,
        key: &Key,
        task: &Checked<'_>,
        on_duplicate: OnDuplicate,
        sync: bool,
    ) -> Result<()> {
        for _ in 0..TRIES_MAX {
            let made = self.layout_made()?;
            let layout = &*made;
            let Some(mut given) = Given::read(layout, key)? else {
                if self.give_birth(layout, id, key, task, sync)? {
                    return Ok(());
                }
                // Another was first, or somebody removed a directory.
                self.forget_layout();
                continue;
            };
            if !self.may_push(id, &given, on_duplicate)? {
                // A push that was cut short may have left it without its ticket.
                if given.entry.place == Place::Pending {
                    place_ticket(layout, key, &given.entry, sync)?;
                }
                if sync {
                    sync_all(&[(&given.reference.dir, "ids"), (&layout.ids, "ids")])?;
                }
                return Ok(());
            }
            match given.entry.place {
                Place::Tomb => given.remove(layout)?,
                // Its claim is over: it comes back first, and then its place is taken.
                Place::Claimed { .. } => {
                    self.abandon_given(layout, &mut given)?;
                }
                _ => {
                    if self.replace_content(layout, key, &mut given, task, sync)? {
                        return Ok(());
                    }
                }
            }
        }
        Err(self.exhausted())
    }

    /// A new ref; `false` if another was first.
    fn give_birth(&self, layout: &Layout<D>, id: &str, key: &Key, task: &Checked<'_>, sync: bool) -> Result<bool> {
        let floor = layout.floor().read()?;
        let (order_ms, seq) = self.take_order(1);
        let now_ms = self.environment().now_ms();
        let nonce = Nonce::draw_on(floor, self.environment());
        // Pending is not held: the claim reads the floor again, after the ref.
        let token = now_ms.max(floor.saturating_add(1));
        let entry = task.entry(nonce, token, now_ms, order_ms, seq);
        let unborn = Unborn::make(&layout.tmp, entry.text(), id, self.environment())?;
        let made = unborn.make_content().and_then(|content| {
            let parts = [task.payload, &task.trailer];
            let file = create_file(&content, &nonce.text(), &parts).map_err(|error| Error::at("a task", &error))?;
            place_ticket(layout, key, &entry, sync)?;
            Ok((content, file))
        });
        let (content, file) = match made {
            Ok(made) => made,
            Err(error) => {
                unborn.discard();
                let _ = remove_ticket(layout, key, &entry);
                return Err(error);
            }
        };
        if sync {
            file.sync().map_err(|error| Error::at("a task", &error))?;
            sync_all(&[(&content, "content")])?;
        }
        match unborn.publish(&layout.ids, key.as_str(), true) {
            Ok(Some(born)) => {
                // A ticket of an unborn task looks like debris to those who meet it beside another ref.
                place_ticket(layout, key, &entry, sync)?;
                if sync {
                    born.token_file.sync().map_err(|error| Error::at("a task", &error))?;
                    sync_all(&[(&born.reference.dir, "ids"), (&layout.ids, "ids")])?;
                    self.sync_published(layout, &[])?;
                }
                Ok(true)
            }
            Ok(None) => {
                remove_ticket(layout, key, &entry)?;
                Ok(false)
            }
            Err(error) => {
                let _ = remove_ticket(layout, key, &entry);
                Err(error)
            }
        }
    }

    /// Gives a ref new content; `false` if its state has changed meanwhile.
    fn replace_content(
        &self,
        layout: &Layout<D>,
        key: &Key,
        given: &mut Given<D>,
        task: &Checked<'_>,
        sync: bool,
    ) -> Result<bool> {
        // Gone means that the ref is being removed: it is read again.
        let Some(content) = given.reference.content()? else { return Ok(false) };
        let before = given.entry.clone();
        let nonce = Nonce::draw_on(before.token, self.environment());
        let file = match create_file(&content, &nonce.text(), &[task.payload, &task.trailer]) {
            Ok(file) => file,
            Err(FsError::NotFound | FsError::Exists) => return Ok(false),
            Err(error) => return Err(Error::at("a task", &error)),
        };
        let (order_ms, seq) = self.take_order(1);
        let now_ms = self.environment().now_ms();
        let entry = task.entry(nonce, before.token.saturating_add(1), now_ms, order_ms, seq);
        let swapped = (|| {
            if sync {
                file.sync().map_err(|error| Error::at("a task", &error))?;
                sync_all(&[(&content, "content")])?;
            }
            place_ticket(layout, key, &entry, sync)?;
            given.swap(entry.clone())
        })();
        if !matches!(swapped, Ok(true)) {
            remove_ticket(layout, key, &entry)?;
            ignore_gone(content.unlink(&nonce.text())).map_err(|error| Error::at("content", &error))?;
            return swapped;
        }
        if sync {
            sync_all(&[(&given.reference.dir, "ids")])?;
        }
        remove_ticket(layout, key, &before)?;
        given.remove_blob(Some(before.nonce))?;
        given.remove_blob(before.note)?;
        Ok(true)
    }

    /// Claims the task behind a ticket, or puts the ticket where it belongs: `None` if there is nothing to claim.
    pub(crate) fn claim_ticket(
        &self,
        layout: &Layout<D>,
        candidate: &Candidate<D>,
        ticket: &Ticket,
        holder: &Holder<D>,
        lasting_ms: u64,
    ) -> Result<Option<Given<D>>> {
        for _ in 0..TRIES_MAX {
            let mut given = match Given::read(layout, &ticket.key) {
                Ok(Some(given)) => given,
                // Its push is under way, or was cut short; or nobody understands what stands there.
                Ok(None) | Err(Error::Damaged(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            let entry = given.entry.clone();
            if entry.nonce != ticket.nonce {
                // Made on a token that has passed, it can never come true.
                if entry.token > ticket.nonce.base_token() {
                    ignore_gone(candidate.bucket.unlink(&candidate.name))
                        .map_err(|error| Error::at("a ticket", &error))?;
                }
                return Ok(None);
            }
            if entry.place == Place::Tomb {
                given.remove(layout)?;
            }
            let now_ms = self.environment().now_ms();
            let is_claimable = entry.place == Place::Pending && entry.due_ms <= now_ms;
            if !is_claimable || ticket_name(&ticket.key, &entry) != candidate.name {
                move_ticket(layout, &candidate.bucket, &candidate.name, &ticket.key, &entry)?;
                if !is_claimable {
                    return Ok(None);
                }
            }
            // The floor is read after the ref, see [`crate::store::Floor`].
            let floor = layout.floor().read()?;
            let claimed = entry.claimed(holder.key(), holder.epoch(), now_ms, lasting_ms, floor);
            if given.swap(claimed.clone())? {
                follow(layout, &ticket.key, &entry, &claimed)?;
                return Ok(Some(given));
            }
        }
        Err(self.exhausted())
    }

    /// Takes back a claim that is over; `false` if somebody else was first.
    pub(crate) fn abandon_given(&self, layout: &Layout<D>, given: &mut Given<D>) -> Result<bool> {
        let before = given.entry.clone();
        let after = before.abandoned(self.environment().now_ms());
        if !given.swap(after.clone())? {
            return Ok(false);
        }
        follow(layout, &given.key, &before, &after)?;
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
