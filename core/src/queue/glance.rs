//! What names beneath `pending` tell to those who only watch them, so as to know when a claim may find something.
//!
//! Nothing is decided by it: whoever looks too early finds nothing, and the claim alone says what is there.

use super::bucket::{self, BucketName};
use super::entry::parse_order;
use super::ticket::Ticket;
use crate::limits::PRIORITY_MAX;
use crate::name::{Key, Nonce};
use alloc::format;
use alloc::string::String;

/// The directory of the queue `name`, in that of its store.
///
/// # Errors
/// [`crate::Error::InvalidName`].
pub fn directory_name(name: &str) -> crate::Result<String> {
    Ok(format!("{}{}", Key::of(name)?.as_str(), super::SUFFIX))
}

/// Whether this is the directory of a priority, in `pending`.
#[must_use]
pub fn is_priority(name: &str) -> bool {
    bucket::parse_any_priority_dir(name).is_some_and(|priority| priority <= PRIORITY_MAX)
}

/// What the name of a bucket tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketGlance {
    /// Nothing in it is due before this (milliseconds since 1970).
    pub earliest_ms: u64,
    /// Whether it came with all that will ever stand in it.
    pub is_batch: bool,
}

/// What the name of a bucket tells; `None` if it is none.
#[must_use]
pub fn bucket(name: &str) -> Option<BucketGlance> {
    let bucket = BucketName::parse(0, name)?;
    let is_batch = name.split_once('-').and_then(|(_, suffix)| Nonce::read(suffix)).is_some();
    Some(BucketGlance { earliest_ms: bucket.earliest_ms(), is_batch })
}

/// What the name of a task, or of its ticket, tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskGlance {
    /// It cannot be claimed before this (milliseconds since 1970).
    pub due_ms: u64,
    /// Whether it only tells of a task, which may come to be a little later.
    pub is_ticket: bool,
}

/// What the name of a task, or of its ticket, tells; `None` if it is neither.
#[must_use]
pub fn task(name: &str) -> Option<TaskGlance> {
    let (due_ms, _) = parse_order(name.split('.').next()?)?;
    Some(TaskGlance { due_ms, is_ticket: Ticket::parse(name).is_some() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn names_tell_when_to_look() {
        let file = "01k7u7a5rm0001.4duep9qduj0ndt72.0.0.5.1k7u7a5rm.5.0b1me7j.5.-.p";
        let ticket = "01k7u7a5rm0001.4duep9qduj0ndt72.01k7u7a5rm.barbara";
        assert_eq!(task(file).map(|task| task.is_ticket), Some(false));
        assert_eq!(task(ticket).map(|task| task.is_ticket), Some(true));
        assert_eq!(task(file).unwrap().due_ms, task(ticket).unwrap().due_ms);
        let shared = bucket("00d1vhim-0").unwrap();
        assert_eq!(bucket("00d1vhim-0584tqao1ue35e6s"), Some(BucketGlance { is_batch: true, ..shared }));
        assert!(!shared.is_batch && is_priority("3") && is_priority("3.7c3qa2550chjcomt"));
        assert_eq!((task("letter.toml"), bucket("5"), is_priority("letter")), (None, None, false));
        assert_eq!(directory_name("Mail").unwrap(), "%4dail-queue");
        assert!(directory_name("../x").is_err());
    }
}
