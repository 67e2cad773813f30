//! Pushing tasks with given ids: the births, and the swaps that give a ref a new life.
//!
//! The order is: content, then the ticket, then the birth or the swap that makes the task pending. So at no moment is a
//! task pending without content or ticket, and a push that is cut short leaves only debris.

use super::Queue;
use super::entry::Place;
use super::given::Given;
use super::layout::Layout;
use super::push::Checked;
use super::task::OnDuplicate;
use super::ticket::{place_ticket, remove_ticket, ticket_name};
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::{Unborn, ignore_gone};
use crate::store::{create_file, sync_all};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

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
            self.with_way_made(|| self.push_given_one(id, key, task, on_duplicate, sync))?;
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
                if !sync || self.sync_kept(layout, &given)? {
                    return Ok(());
                }
                continue;
            }
            match given.entry.place {
                Place::Tomb => given.remove(layout)?,
                // Its claim is over: it comes back first, and then its place is taken.
                Place::Claimed { .. } => {
                    self.abandon_given(layout, &mut given, sync)?;
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

    /// Brings to the disk what an earlier push has made, which it may not have waited for; `false` if the task's state
    /// has changed meanwhile.
    fn sync_kept(&self, layout: &Layout<D>, given: &Given<D>) -> Result<bool> {
        let at = |error: FsError| Error::at("a task", &error);
        match given.reference.dir.open(&given.reference.token_name) {
            Ok(token_file) => token_file.sync().map_err(at)?,
            Err(FsError::NotFound) => return Ok(false),
            Err(error) => return Err(at(error)),
        }
        if let Some(content) = given.reference.content()? {
            match content.open(&given.entry.nonce.text()) {
                Ok(file) => file.sync().map_err(at)?,
                // Whoever claims it finds that out.
                Err(FsError::NotFound) => {}
                Err(error) => return Err(at(error)),
            }
            sync_all(&[(&content, "content")])?;
        }
        sync_all(&[(&given.reference.dir, "ids"), (&layout.ids, "ids")])?;
        self.sync_published(layout)?;
        Ok(true)
    }

    /// A new ref; `false` if another was first, or a sweeper took it for debris.
    fn give_birth(&self, layout: &Layout<D>, id: &str, key: &Key, task: &Checked<'_>, sync: bool) -> Result<bool> {
        let floor = layout.floor().read()?;
        let (order_ms, seq) = self.take_order(1);
        let now_ms = self.environment().now_ms();
        let nonce = Nonce::draw_on(floor, self.environment());
        // Pending is not held: the claim reads the floor again, after the ref.
        let token = now_ms.max(floor.saturating_add(1));
        let entry = task.entry(nonce, token, now_ms, order_ms, seq);
        let unborn = match Unborn::make(&layout.tmp, nonce, entry.text(), id, self.environment()) {
            Ok(unborn) => unborn,
            Err(Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let made = unborn.make_content(&nonce.text(), &[task.payload, &task.trailer]).and_then(|made| {
            let bucket = place_ticket(layout, key, &entry, sync)?;
            Ok((made, bucket))
        });
        let ((content, file), bucket) = match made {
            Ok(made) => made,
            Err(error) => {
                unborn.discard();
                let _ = remove_ticket(layout, key, &entry);
                return if let Error::NotFound(_) = error { Ok(false) } else { Err(error) };
            }
        };
        if sync {
            file.sync().map_err(|error| Error::at("a task", &error))?;
            sync_all(&[(&content, "content")])?;
        }
        match unborn.publish(&layout.ids, key.as_str(), true) {
            Ok(Some(born)) => {
                // Somebody may have removed it with all that stood there, or claimed the task already.
                if let Some(bucket) = bucket
                    && bucket.metadata(&ticket_name(key, &entry)) == Err(FsError::NotFound)
                    && born.reference.dir.metadata(&born.reference.token_name).is_ok()
                {
                    place_ticket(layout, key, &entry, sync)?;
                }
                if sync {
                    born.token_file.sync().map_err(|error| Error::at("a task", &error))?;
                    sync_all(&[(&born.reference.dir, "ids"), (&layout.ids, "ids")])?;
                    self.sync_published(layout)?;
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
        // Gone means that the ref is being removed; or that somebody removed it: then the rest goes, for a new birth.
        let Some(content) = given.reference.content()? else {
            given.bury_whole(layout, sync)?;
            return Ok(false);
        };
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
        // Tidying after the act is no error of it; what is left is debris.
        let _ = remove_ticket(layout, key, &before);
        let _ = given.remove_blob(Some(before.nonce));
        let _ = given.remove_blob(before.note);
        Ok(true)
    }
}
