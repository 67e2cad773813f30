//! Listing.

use super::errors::from_errno;
use leasehold_core::capability::{FsError, FsResult, Kind};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, openat, statat};
use rustix::io::Errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::str;

/// How much of a directory is asked of the kernel at a time, in bytes: some five hundred names.
const BUFFER_BYTES: usize = 32 * 1024;

/// Calls `visit` with every entry of `directory`, without a call to the system for each.
///
/// The directory is opened anew, since a place in a listing belongs to an open file; and a directory that
/// was removed answers `NotFound` here, while an old handle would list nothing.
pub(super) fn visit_entries(directory: BorrowedFd<'_>, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let listed = openat(directory, c".", flags, Mode::empty()).map_err(from_errno)?;
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; BUFFER_BYTES];
    let mut entries = RawDir::new(&listed, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(from_errno)?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let Some(kind) = kind(listed.as_fd(), name, entry.file_type())? else {
            continue;
        };
        match str::from_utf8(name.to_bytes()) {
            Ok(name) => visit(name, kind),
            Err(_) => visit(&name.to_string_lossy(), kind),
        }
    }
    Ok(())
}

/// The kind of an entry; `None` if it is gone by now. Only a file system that does not tell is asked.
fn kind(directory: BorrowedFd<'_>, name: &CStr, file_type: FileType) -> FsResult<Option<Kind>> {
    match file_type {
        FileType::Unknown => match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(known(FileType::from_raw_mode(stat.st_mode)))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err::<_, FsError>(from_errno(errno)),
        },
        told => Ok(Some(known(told))),
    }
}

fn known(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}
