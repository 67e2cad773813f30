//! What happened to a list.

use super::change::no_list;
use super::{Change, History, Lists};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::{PAGE_MAX, TRIES_MAX};
use crate::name::Key;
use crate::reference::busy;
use alloc::format;

impl<D: Directory> Lists<D> {
    /// The changes after revision `since`, the earliest first, `limit` (1 to 10,000) at most. From 0: all that are kept,
    /// if none was forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such list; [`Error::InvalidArgument`], [`Error::InvalidName`],
    /// [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn history(&self, list: &str, since: u64, limit: u32) -> Result<History> {
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Error::InvalidArgument(format!("a page of {limit} changes, use 1 to {PAGE_MAX}")));
        }
        let key = Key::of(list)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        for _ in 0..TRIES_MAX {
            let Some(opened) = self.open(list, &key)? else { return Err(no_list(list)) };
            if since < opened.name.forgotten {
                return Ok(History::TooOld { oldest: opened.name.forgotten });
            }
            if since >= opened.name.revision {
                return Ok(History::Changes { changes: alloc::vec::Vec::new(), revision: since, more: false });
            }
            let mut birth = None;
            // The earliest are wanted, and found last: all but the last `limit` seen are let go again.
            let mut changes = alloc::collections::VecDeque::new();
            let mut more = false;
            let is_whole = self.for_each_change(&opened, &mut |_, header| {
                if header.revision <= since {
                    return false;
                }
                birth = header.previous.is_none().then_some(header.revision);
                changes.push_front(Change {
                    revision: header.revision,
                    at_ms: header.at_ms,
                    by: header.by,
                    events: header.events,
                });
                if changes.len() > limit {
                    changes.pop_back();
                    more = true;
                }
                true
            })?;
            // Revisions of a list that was removed are below those of one that was made anew.
            if let Some(birth) = birth.filter(|birth| is_whole && (1..*birth).contains(&since)) {
                return Ok(History::TooOld { oldest: birth });
            }
            if is_whole {
                let revision = changes.back().map_or(since, |last| last.revision);
                return Ok(History::Changes { changes: changes.into(), revision, more });
            }
            if opened.reference.still_stands() {
                return Err(super::log::damaged(list, "a change of its history is missing or not what was written"));
            }
        }
        Err(busy("list", list))
    }
}
