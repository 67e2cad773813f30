//! Taking back what dead holders hold, and what was held too long.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | reap | `claimed/<t>` → `pending/<bucket>/<t>`, or `dead/<t>` after the last attempt | the rename | – |
//! | reap a group | the same whole; after the last attempt it parts first ([`super::part`]) | the rename | – |
//!
//! A claim is over when its own deadline has passed, or when its holder's epoch is over. A holder that is only late
//! is declared dead first (see [`crate::holder`]), so that it learns of it before anything of its is taken.
//! The rename names the very claim that was judged: if it was extended meanwhile, it fails.

use super::Queue;
use super::entry::{Entry, Place};
use super::finish::move_file;
use super::given::Given;
use super::layout::Layout;
use super::part::{HELPED_MAX, Parting};
use super::ticket::{Ticket, move_ticket, remove_void};
use crate::Durability;
use crate::capability::{Directory, Kind};
use crate::error::{Error, Result};
use crate::holder::{Holders, Liveness};
use crate::name::Key;
use crate::store::{for_each_entry, is_sync};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Which epochs are over, found out once in one pass.
type Judged = BTreeMap<(Key, u64), bool>;

/// What one pass has changed.
#[derive(Debug, Default)]
pub(crate) struct Reaped {
    /// The tasks that were taken back.
    pub(crate) ids: Vec<String>,
    /// Whether a ticket was brought back that somebody left behind, or a group parted, or a task was published.
    pub(crate) has_moved: bool,
    /// The first thing that could not be looked at or taken back.
    pub(crate) failed: Option<Error>,
}

impl<D: Directory> Holders<D> {
    /// Whether an epoch is over for good. What cannot be told is not over.
    pub(crate) fn is_over(&self, holder: &Key, epoch: u64) -> Result<bool> {
        Ok(self.declare_if_late(holder.as_str(), epoch)? == Liveness::Dead)
    }
}

impl<D: Directory> Queue<D> {
    /// Takes back every claim that is over; the attempt counts. Answers the ids.
    ///
    /// # Errors
    /// [`Error::Io`] if nothing could be taken back; what cannot be read is left, and stops nothing else.
    pub fn reap(&self, durability: Durability) -> Result<Vec<String>> {
        let Some(layout) = self.layout()? else { return Ok(Vec::new()) };
        self.candidates.borrow_mut().clear();
        let reaped = self.reap_over(&layout, is_sync(durability, false));
        match reaped.failed {
            Some(error) if reaped.ids.is_empty() => Err(error),
            _ => Ok(reaped.ids),
        }
    }

    pub(crate) fn reap_over(&self, layout: &Rc<Layout<D>>, sync: bool) -> Reaped {
        let mut judged = Judged::new();
        let mut reaped = Reaped::default();
        match self.publish_reserved(layout, false) {
            Ok(published) => reaped.has_moved |= !published.is_empty(),
            Err(error) => drop(reaped.failed.get_or_insert(error)),
        }
        let mut is_empty = true;
        let mut parting = Vec::new();
        // One by one: however much is claimed, not all of it is kept in mind.
        let listed = for_each_entry(&layout.claimed, &mut |name, kind| {
            is_empty = false;
            if kind != Kind::File {
                return;
            }
            let one = if let Some(ticket) = Ticket::parse(name) {
                self.reap_ticket(layout, name, &ticket, sync, &mut judged, &mut reaped.has_moved)
                    .map(|id| id.into_iter().collect())
            } else if let Some(entry) = Entry::parse(name) {
                self.reap_file(layout, &entry, sync, &mut judged)
            } else {
                // More are helped by who looks next.
                if parting.len() < HELPED_MAX {
                    parting.extend(Parting::parse(name));
                }
                return;
            };
            match one {
                Ok(ids) => reaped.ids.extend(ids),
                // One bad entry never stops the others.
                Err(error) => drop(reaped.failed.get_or_insert(error)),
            }
        });
        match self.help_all(layout, &layout.claimed, parting) {
            Ok(has_helped) => reaped.has_moved |= has_helped,
            Err(error) => drop(reaped.failed.get_or_insert(error)),
        }
        if let Err(error) = listed {
            reaped.failed.get_or_insert(Error::at("claimed", &error));
        } else if is_empty {
            layout.doubt();
        }
        reaped
    }

    fn reap_file(&self, layout: &Rc<Layout<D>>, entry: &Entry, sync: bool, judged: &mut Judged) -> Result<Vec<String>> {
        if !self.is_over_in(entry, judged)? {
            return Ok(Vec::new());
        }
        if entry.group.is_some() {
            return self.abandon_group(layout, entry, sync);
        }
        let next = entry.abandoned(self.environment().now_ms());
        let moved = move_file(layout, &layout.claimed, entry, &next, sync)?;
        Ok(moved.then(|| entry.nonce.text()).into_iter().collect())
    }

    fn reap_ticket(
        &self,
        layout: &Rc<Layout<D>>,
        name: &str,
        ticket: &Ticket,
        sync: bool,
        judged: &mut Judged,
        has_moved: &mut bool,
    ) -> Result<Option<String>> {
        let mut given = match Given::read(layout, &ticket.key) {
            Ok(Some(given)) if given.entry.nonce == ticket.nonce => given,
            Ok(_) => return remove_void(layout, &layout.claimed, name, ticket).map(|_| None),
            Err(Error::Damaged(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        match given.entry.place {
            Place::Claimed { .. } => {
                if !self.is_over_in(&given.entry, judged)? {
                    return Ok(None);
                }
                let id = given.id();
                Ok(self.abandon_given(layout, &mut given, sync)?.then_some(id))
            }
            Place::Tomb => {
                given.remove(layout)?;
                move_ticket(layout, &layout.claimed, name, &ticket.key, &given.entry).map(|_| None)
            }
            // Whoever changed it was killed before the ticket could follow.
            Place::Pending | Place::Done { .. } | Place::Dead { .. } => {
                move_ticket(layout, &layout.claimed, name, &ticket.key, &given.entry)?;
                *has_moved = true;
                Ok(None)
            }
        }
    }

    /// Whether a claim is over.
    pub(crate) fn is_over(&self, entry: &Entry) -> Result<bool> {
        self.is_over_in(entry, &mut Judged::new())
    }

    fn is_over_in(&self, entry: &Entry, judged: &mut Judged) -> Result<bool> {
        let Place::Claimed { holder, epoch, set_ms, for_ms } = &entry.place else { return Ok(false) };
        if self.holders().patience().has_passed(*set_ms, *for_ms) {
            return Ok(true);
        }
        let whom = (holder.clone(), *epoch);
        if let Some(is_over) = judged.get(&whom) {
            return Ok(*is_over);
        }
        let is_over = self.holders().is_over(holder, *epoch)?;
        judged.insert(whom, is_over);
        Ok(is_over)
    }
}
