//! The system's errors, mapped once.

use leasehold_core::capability::FsError;
use rustix::io::Errno;
use std::io;

/// The core's word for what the system answered.
pub(super) fn from_io(error: &io::Error) -> FsError {
    match Errno::from_io_error(error) {
        Some(errno) => from_errno(errno),
        // cap-std's own refusals, such as an attempt to leave the directory, carry no number.
        None if error.kind() == io::ErrorKind::PermissionDenied => FsError::Denied,
        None => FsError::Other(error.to_string()),
    }
}

/// The core's word for the system's number.
pub(super) fn from_errno(errno: Errno) -> FsError {
    match errno {
        Errno::NOENT => FsError::NotFound,
        Errno::EXIST => FsError::Exists,
        Errno::NOTEMPTY => FsError::NotEmpty,
        Errno::NOTDIR => FsError::NotDirectory,
        Errno::ISDIR => FsError::IsDirectory,
        Errno::LOOP => FsError::Link,
        Errno::ACCESS | Errno::PERM => FsError::Denied,
        Errno::ROFS => FsError::ReadOnly,
        Errno::NOSPC | Errno::DQUOT => FsError::NoSpace,
        Errno::NAMETOOLONG => FsError::NameTooLong,
        Errno::NOSYS | Errno::OPNOTSUPP => FsError::Unsupported,
        Errno::INVAL => FsError::Invalid,
        other => FsError::Other(io::Error::from(other).to_string()),
    }
}
