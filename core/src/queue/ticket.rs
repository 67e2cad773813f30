//! Tickets: where a task with a given id stands in the order.
//!
//! Such a task is a ref under `ids/`, and only that ref says what state it is in. Its ticket is an empty
//! file, `<due><seq>.<nonce>.<enqueued>.<key>`, that follows the state: it stands in a bucket of `pending`, in `claimed`,
//! `done` or `dead`, so that nobody has to look through all of `ids/`. It is a hint: whoever meets one that
//! does not agree with its ref moves it to where it belongs, or removes it once the ref can never again agree.

use super::entry::{Entry, parse_order};
use crate::name::{Key, Nonce, number};
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
    let mut out = String::with_capacity(48 + key.as_str().len());
    entry.write_order(&mut out);
    out.push('.');
    entry.nonce.write(&mut out);
    out.push('.');
    number::write_fixed(&mut out, entry.enqueued_ms, number::MOMENT_DIGITS);
    out.push('.');
    out.push_str(key.as_str());
    out
}
