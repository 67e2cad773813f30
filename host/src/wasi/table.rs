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
