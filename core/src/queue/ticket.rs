//! Tickets: where a task with a given id stands in the order.
//!
//! Such a task is a ref under `ids/`, and only that ref says what state it is in. Its ticket is an empty
//! file, `<due><seq>.<nonce>.<enqueued>.<key>`, that follows the state: it stands in a bucket of `pending`, in `claimed`,
//! `done` or `dead`, so that nobody has to look through all of `ids/`. It is a hint: whoever meets one that
//! does not agree with its ref moves it to where it belongs, or removes it once the ref can never again agree.

use super::bucket::{self, BucketName, SHARD_TASKS};
use super::entry::{Entry, Place, parse_order};
use super::given::Given;
use super::layout::Layout;
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce, Text, number};
use crate::reference::ignore_gone;
use crate::store::{TMP, open_or_absent};
use alloc::format;
use alloc::string::String;

/// A ticket's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) due_ms: u64,
    pub(crate) seq: u32,
    /// The nonce of the content it was made for; carries the token it was built on.
    pub(crate) nonce: Nonce,
    pub(crate) enqueued_ms: u64,
    pub(crate) key: Key,
}

impl Ticket {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(4, '.');
        let (due_ms, seq) = parse_order(fields.next()?)?;
        let nonce = Nonce::read(fields.next()?)?;
        let enqueued_ms = number::read_fixed(fields.next()?, number::MOMENT_DIGITS)?;
        let (key, _) = Key::from_file_name(fields.next()?)?;
        Some(Ticket { due_ms, seq, nonce, enqueued_ms, key })
    }
}

/// The name of the ticket of `entry`, whose given id is `key`.
pub(crate) fn ticket_name(key: &Key, entry: &Entry) -> String {
    let mut out = Text::with_capacity(48 + key.as_str().len());
    entry.write_order(&mut out);
    out.push('.');
    entry.nonce.write(&mut out);
    out.push('.');
    number::write_fixed(&mut out, entry.enqueued_ms, number::MOMENT_DIGITS);
    out.push('.');
    out.push_str(key.as_str());
    out.finish()
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

/// Sees to it that the task has its ticket where it belongs; answers where that is, unless it is nowhere.
pub(crate) fn place_ticket<D: Directory>(
    layout: &Layout<D>,
    key: &Key,
    entry: &Entry,
    sync: bool,
) -> Result<Option<D>> {
    let name = ticket_name(key, entry);
    let home = home(entry);
    for _ in 0..TRIES_MAX {
        let (dir, bucket) = match &home {
            Home::Bucket(bucket) => {
                let opened = bucket::ensure(layout, bucket)?;
                (opened.dir.clone(), Some(opened))
            }
            Home::Fixed(fixed) => (layout.reopen(fixed)?, None),
            Home::Nowhere => return Ok(None),
        };
        match dir.create(&name) {
            Ok(_) | Err(FsError::Exists) => {
                if let Some(bucket) = bucket.filter(|_| sync) {
                    bucket.sync(layout)?;
                }
                return Ok(Some(dir));
            }
            // Removed since it was opened.
            Err(FsError::NotFound) => {}
            Err(error) => return Err(ticket_error(error)),
        }
    }
    Err(Error::Exhausted(format!("the place of ticket {name} is removed as fast as it is made, try again")))
}

/// Moves a ticket from `dir/name` to where the task's ticket belongs; whether it was there.
pub(crate) fn move_ticket<D: Directory>(
    layout: &Layout<D>,
    dir: &D,
    name: &str,
    key: &Key,
    entry: &Entry,
) -> Result<bool> {
    let target = ticket_name(key, entry);
    let was_there = match home(entry) {
        Home::Bucket(bucket) => bucket::rename_into(dir, name, layout, &bucket, &target)?.is_some(),
        Home::Fixed(fixed) => layout.rename_to(fixed, dir, name, &target)?.is_some(),
        Home::Nowhere => return ignore_gone(dir.unlink(name)).map(|()| true).map_err(ticket_error),
    };
    if !was_there {
        place_ticket(layout, key, entry, false)?;
    }
    Ok(was_there)
}

/// Moves the ticket that belongs to state `from` to where it belongs in state `to`. The swap has told the truth
/// already and a ticket is a hint, so what hinders this one is no error: who meets the ticket moves it.
pub(crate) fn follow<D: Directory>(layout: &Layout<D>, key: &Key, from: &Entry, to: &Entry, sync: bool) {
    let dir = match home(from) {
        Home::Bucket(bucket) => bucket::open(layout, &bucket).ok().flatten().map(|opened| opened.dir),
        Home::Fixed(fixed) => Some(layout.fixed(fixed).clone()),
        Home::Nowhere => None,
    };
    match dir {
        Some(dir) => follow_from(layout, &dir, &ticket_name(key, from), key, to),
        None => drop(place_ticket(layout, key, to, false)),
    }
    if sync && to.place == Place::Pending {
        drop(place_ticket(layout, key, to, true));
    }
}

/// The same for the ticket that stands as `dir/name`.
pub(crate) fn follow_from<D: Directory>(layout: &Layout<D>, dir: &D, name: &str, key: &Key, to: &Entry) {
    drop(move_ticket(layout, dir, name, key, to));
}

/// Removes the ticket that belongs to a state.
pub(crate) fn remove_ticket<D: Directory>(layout: &Layout<D>, key: &Key, entry: &Entry) -> Result<()> {
    let name = ticket_name(key, entry);
    let removed = match home(entry) {
        Home::Bucket(bucket) => bucket::open(layout, &bucket)?.map_or(Ok(()), |opened| opened.dir.unlink(&name)),
        Home::Fixed(fixed) => layout.fixed(fixed).unlink(&name),
        Home::Nowhere => Ok(()),
    };
    ignore_gone(removed).map_err(ticket_error)
}

/// Removes `dir/name` if that ticket can never come true any more; whether it was so.
pub(crate) fn remove_void<D: Directory>(layout: &Layout<D>, dir: &D, name: &str, ticket: &Ticket) -> Result<bool> {
    let is_void = is_void(layout, ticket)?;
    if is_void {
        ignore_gone(dir.unlink(name)).map_err(ticket_error)?;
    }
    Ok(is_void)
}

/// Whether its task is over, or was never born and never will be. Both places are looked at by their names: a
/// directory that somebody removed looks empty to who had it open, while tasks live in the one made in its place.
fn is_void<D: Directory>(layout: &Layout<D>, ticket: &Ticket) -> Result<bool> {
    // Looked at before the ref: a task is born out of there, or it is born already, or never.
    if let Some(tmp) = open_or_absent(&layout.queue, TMP)? {
        match tmp.metadata(&ticket.nonce.text()) {
            Ok(_) => return Ok(false),
            Err(FsError::NotFound) => {}
            Err(error) => return Err(ticket_error(error)),
        }
    }
    let Some(ids) = open_or_absent(&layout.queue, "ids")? else { return Ok(true) };
    match Given::read_in(&ids, &ticket.key) {
        Ok(None) => Ok(true),
        Ok(Some(given)) if given.entry.nonce == ticket.nonce => {
            // Who asks has not found it: just born, or in an `ids` that is not the one it has open.
            layout.doubt();
            Ok(false)
        }
        // Made for a swap from a token that has passed.
        Ok(Some(given)) => Ok(given.entry.token > ticket.nonce.base_token()),
        Err(Error::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
