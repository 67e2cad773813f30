//! Packs that changes were read from, kept open: where many change a list, each of them writes one change after the other into
//! a pack of its own, and all of them read it.

use crate::capability::Directory;
use crate::limits::PACKS_KEPT_MAX;
use crate::store::{Extent, read_from};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;

/// The packs, by what tells them apart.
pub(super) struct Packs<D: Directory> {
    open: RefCell<BTreeMap<u64, D::File>>,
}

impl<D: Directory> Default for Packs<D> {
    fn default() -> Self {
        Packs { open: RefCell::default() }
    }
}

impl<D: Directory> core::fmt::Debug for Packs<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Packs")
    }
}

impl<D: Directory> Packs<D> {
    /// What stands there in a pack that is open. It has to be held against its checksum: the pack may be another one that is
    /// called the same, or have been written over.
    pub(super) fn recall(&self, extent: &Extent, most: usize) -> Option<Vec<u8>> {
        read_from(self.open.borrow().get(&extent.pack)?, extent.at, extent.length, most).ok().flatten()
    }

    /// Keeps a pack open.
    pub(super) fn keep(&self, pack: u64, file: D::File) {
        let mut open = self.open.borrow_mut();
        if open.len() >= PACKS_KEPT_MAX {
            open.clear();
        }
        open.insert(pack, file);
    }
}
