//! Listings: collected once, with the kind of each entry, and then handed out one by one.

use super::{Listing, Wasi};
use crate::bindings::wasi::filesystem::types::{DirectoryEntry, ErrorCode, HostDirectoryEntryStream};
use leasehold_core::capability::Directory;
use wasmtime::component::Resource;

/// The most entries of one directory that are listed; a store divides what can grow beyond this.
const ENTRIES_MAX: usize = 1 << 20;

/// Lists `directory`.
pub(super) fn collect<D: Directory>(directory: &D) -> Result<Vec<DirectoryEntry>, ErrorCode> {
    let mut entries = Vec::new();
    directory.list(&mut |name, kind| {
        if entries.len() <= ENTRIES_MAX {
            entries.push(DirectoryEntry { type_: kind.into(), name: name.to_owned() });
        }
    })?;
    // Part of a listing is not handed out as if it were all.
    if entries.len() > ENTRIES_MAX { Err(ErrorCode::InsufficientMemory) } else { Ok(entries) }
}

impl<D: Directory> HostDirectoryEntryStream for Wasi<D> {
    fn read_directory_entry(&mut self, listing: Resource<Listing>) -> Result<Option<DirectoryEntry>, ErrorCode> {
        Ok(self.open.listing(listing.rep())?.next())
    }

    fn drop(&mut self, listing: Resource<Listing>) -> wasmtime::Result<()> {
        self.open.remove(listing.rep());
        Ok(())
    }
}
