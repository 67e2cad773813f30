//! Keeping a list short to read, and its history as long as it is meant to be.

use super::Lists;
use super::entry::{self, Header};
use super::log::{Loaded, Opened};
use super::name::{EntryName, ListName};
use crate::capability::Directory;
use crate::error::Result;
use crate::limits::{CHANGES_KEPT_MAX, CHANGES_KEPT_MIN};
use crate::reference::unlink_if_there;
use alloc::vec::Vec;

impl<D: Directory> Lists<D> {
    /// Makes a snapshot where there are many changes since the last, and forgets the oldest changes where there are many.
    pub(crate) fn compact_if_long(&self, opened: &mut Opened<D>, loaded: &mut Loaded) -> Result<()> {
        if !loaded.is_long() {
            return Ok(());
        }
        let before = opened.name;
        let now_ms = self.refs.environment.now_ms();
        let revision = self.next_revision(before.revision)?;
        let header = Header { revision: before.revision, at_ms: now_ms, by: None, previous: None, events: Vec::new() };
        let content = entry::write_snapshot(&header, &loaded.state)?;
        let forgotten = if before.kept > CHANGES_KEPT_MAX { self.forgettable(opened)? } else { Vec::new() };
        let next = ListName {
            revision,
            forgotten: forgotten.first().map_or(before.forgotten, |(_, revision)| *revision),
            kept: before.kept.saturating_sub(forgotten.len() as u64),
            ..before
        };
        let make = |snapshot: EntryName| ListName { snapshot: Some(snapshot), ..next };
        // Synced, whatever the change was told: a power cut must not forget the swap and keep the unlinks after it.
        if self.swap_onto(opened, &content, true, &make)?.is_none() {
            return Ok(());
        }
        loaded.snapshot = opened.name.snapshot;
        (loaded.entries, loaded.bytes, loaded.snapshot_bytes) = (0, 0, content.len());
        // Each was named once, so nobody can come to name it. What is left here is debris.
        let superseded = before.snapshot.into_iter().chain(forgotten.into_iter().map(|(name, _)| name));
        for name in superseded {
            unlink_if_there(&opened.content, &name.text(), "a task list")?;
        }
        Ok(())
    }

    /// The changes beyond those that are kept, the latest first.
    fn forgettable(&self, opened: &Opened<D>) -> Result<Vec<(EntryName, u64)>> {
        let mut seen = 0;
        let mut beyond = Vec::new();
        self.for_each_change(opened, &mut |name, header| {
            seen += 1;
            if seen > CHANGES_KEPT_MIN {
                beyond.push((name, header.revision));
            }
            true
        })?;
        Ok(beyond)
    }
}
