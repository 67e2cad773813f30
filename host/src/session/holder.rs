//! The handle of a holder.

use super::backend::HolderSlot;
use crate::Result;
use std::cell::RefCell;
use std::rc::Rc;

/// One epoch of a holder, open in one session. Dropping it ends nothing: see
/// [`Session::holder_end`](crate::Session::holder_end).
///
/// It outlives a trap: the session joins the same epoch again, and where that does not live any more, calls
/// answer [`leasehold_core::Error::Lost`].
#[derive(Debug)]
pub struct Holder {
    name: String,
    epoch: u64,
    slot: HolderSlot,
    closed: Closed,
}

impl Holder {
    pub(super) fn new(name: &str, epoch: u64, slot: HolderSlot, closed: &Closed) -> Self {
        Self { name: name.to_owned(), epoch, slot, closed: closed.clone() }
    }

    /// The name it was opened with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of this epoch; it grows with each opening.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The slot, if `closed` is the list of the session that opened this holder.
    pub(super) fn slot_in(&self, closed: &Closed) -> Result<HolderSlot> {
        if Rc::ptr_eq(&self.closed.slots, &closed.slots) {
            return Ok(self.slot);
        }
        let text = format!("the holder '{}' was opened in another session; attach it in this one", self.name);
        Err(leasehold_core::Error::InvalidArgument(text).into())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.closed.slots.borrow_mut().push(self.slot);
    }
}

/// The holders that were dropped since the session's last call. A handle can not reach the instance itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Closed {
    slots: Rc<RefCell<Vec<HolderSlot>>>,
}

impl Closed {
    pub(super) fn pop(&self) -> Option<HolderSlot> {
        self.slots.borrow_mut().pop()
    }
}
