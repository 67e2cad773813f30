//! What an instance has open.

use crate::bindings::wasi::filesystem::types::{DirectoryEntry, ErrorCode};
use leasehold_core::capability::Directory;
use std::vec::IntoIter;

/// Something open.
pub(super) enum Open<D: Directory> {
    Directory(D),
    File { file: D::File, writable: bool },
    Listing(IntoIter<DirectoryEntry>),
}

/// Everything open, each under the number by which wasmtime knows it.
pub(super) struct Table<D: Directory> {
    entries: Vec<Option<Open<D>>>,
    /// The numbers of the entries that were closed.
    free: Vec<u32>,
    entries_max: usize,
}

impl<D: Directory> Table<D> {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { entries: Vec::new(), free: Vec::new(), entries_max }
    }

    pub(super) fn insert(&mut self, open: Open<D>) -> Result<u32, ErrorCode> {
        if let Some(number) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(number as usize)
        {
            *entry = Some(open);
            return Ok(number);
        }
        if self.entries.len() >= self.entries_max {
            return Err(ErrorCode::InsufficientMemory);
        }
        let number = u32::try_from(self.entries.len()).map_err(|_| ErrorCode::InsufficientMemory)?;
        self.entries.push(Some(open));
        Ok(number)
    }

    pub(super) fn remove(&mut self, number: u32) {
        if let Some(entry) = self.entries.get_mut(number as usize)
            && entry.take().is_some()
        {
            self.free.push(number);
        }
    }

    pub(super) fn get(&self, number: u32) -> Result<&Open<D>, ErrorCode> {
        self.entries.get(number as usize).and_then(Option::as_ref).ok_or(ErrorCode::BadDescriptor)
    }

    pub(super) fn directory(&self, number: u32) -> Result<&D, ErrorCode> {
        match self.get(number)? {
            Open::Directory(directory) => Ok(directory),
            Open::File { .. } => Err(ErrorCode::NotDirectory),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    pub(super) fn file(&self, number: u32) -> Result<&D::File, ErrorCode> {
        match self.get(number)? {
            Open::File { file, .. } => Ok(file),
            Open::Directory(_) => Err(ErrorCode::IsDirectory),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    pub(super) fn listing(&mut self, number: u32) -> Result<&mut IntoIter<DirectoryEntry>, ErrorCode> {
        match self.entries.get_mut(number as usize) {
            Some(Some(Open::Listing(listing))) => Ok(listing),
            _ => Err(ErrorCode::BadDescriptor),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::{ErrorCode, Open, Table};
    use crate::directory::NativeDirectory;

    #[test]
    fn a_place_is_used_again_and_never_twice_at_a_time() {
        let mut table: Table<NativeDirectory> = Table::new(2);
        let listing = || Open::Listing(Vec::new().into_iter());
        let (first, second) = (table.insert(listing()).unwrap(), table.insert(listing()).unwrap());
        assert_ne!(first, second);
        assert_eq!(table.insert(listing()), Err(ErrorCode::InsufficientMemory));
        table.remove(first);
        table.remove(first);
        assert_eq!(table.insert(listing()), Ok(first));
        assert_eq!(table.insert(listing()), Err(ErrorCode::InsufficientMemory));
    }

    #[test]
    fn what_is_closed_or_of_another_kind_is_refused() {
        let mut table: Table<NativeDirectory> = Table::new(8);
        let number = table.insert(Open::Listing(Vec::new().into_iter())).unwrap();
        assert!(matches!(table.file(number), Err(ErrorCode::BadDescriptor)));
        assert!(matches!(table.directory(number), Err(ErrorCode::BadDescriptor)));
        assert!(table.listing(number).is_ok());
        table.remove(number);
        assert!(matches!(table.listing(number), Err(ErrorCode::BadDescriptor)));
        assert!(table.get(1_000).is_err());
    }
}
