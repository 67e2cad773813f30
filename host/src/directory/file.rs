//! Files.

use super::errors::from_io;
use super::metadata::from_system;
use cap_std::fs::{File as SystemFile, FileExt};
use leasehold_core::capability::{File, FsResult, Metadata};

/// An open regular file of this machine.
#[derive(Debug)]
pub struct NativeFile {
    file: SystemFile,
}

impl NativeFile {
    /// The caller has seen to it that it is a regular file.
    pub(super) fn new(file: SystemFile) -> Self {
        Self { file }
    }
}

impl File for NativeFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> FsResult<usize> {
        again_if_interrupted(|| self.file.read_at(buffer, offset))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> FsResult<usize> {
        again_if_interrupted(|| self.file.write_at(data, offset))
    }

    fn metadata(&self) -> FsResult<Metadata> {
        let metadata = self.file.metadata().map_err(|error| from_io(&error))?;
        Ok(from_system(&metadata))
    }

    fn sync(&self) -> FsResult<()> {
        // Not `fdatasync`: after a rename it need not commit the name that the file was given.
        again_if_interrupted(|| self.file.sync_all())
    }
}

/// A signal that arrives meanwhile is no answer.
fn again_if_interrupted<T>(mut act: impl FnMut() -> std::io::Result<T>) -> FsResult<T> {
    loop {
        match act() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other.map_err(|error| from_io(&error)),
        }
    }
}
