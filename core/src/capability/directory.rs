//! The directory capability.

use alloc::string::String;

/// What a directory operation answers when it does not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FsError {
    /// No entry of that name, or (for a rename) a directory on the way is gone.
    #[error("no such entry")]
    NotFound,
    /// An entry of that name stands already.
    #[error("entry exists")]
    Exists,
    /// The directory holds entries, so it was neither removed nor replaced.
    #[error("directory not empty")]
    NotEmpty,
    /// A directory was needed and something else stands there.
    #[error("not a directory")]
    NotDirectory,
    /// A file was needed and a directory stands there.
    #[error("is a directory")]
    IsDirectory,
    /// The name is a symbolic link; links are never followed.
    #[error("is a symbolic link")]
    Link,
    /// The permissions of the entry, or the capability itself, do not allow it.
    #[error("permission denied")]
    Denied,
    /// The file system is mounted for reading only.
    #[error("read-only file system")]
    ReadOnly,
    /// The device or the quota is full.
    #[error("no space left")]
    NoSpace,
    /// The name is longer than the file system takes.
    #[error("name too long")]
    NameTooLong,
    /// The implementation cannot do this at all.
    #[error("operation not supported")]
    Unsupported,
    /// The name or an argument has no meaning here (an empty name, a `/`, `..`).
    #[error("invalid argument")]
    Invalid,
    /// Anything else, in the words of the system below.
    #[error("{0}")]
    Other(String),
}

/// The result of a directory operation.
pub type FsResult<T> = Result<T, FsError>;

/// What kind of entry a name stands for. A symbolic link is a link, whatever it points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe, or not known.
    Other,
}

/// What is known of an entry without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// The kind of the entry.
    pub kind: Kind,
    /// Length in bytes (of a file).
    pub size: u64,
    /// The number of hard links: more than one means that the entry stands under two names.
    pub links: u64,
    /// When the content last changed, in milliseconds since 1970; `None` where that is not known.
    pub modified_ms: Option<u64>,
}

/// An open file. Positions are given with every call, so a handle has no state of its own.
pub trait File {
    /// Reads up to `buffer.len()` bytes at `offset`; 0 means the end. Short reads are legal.
    ///
    /// # Errors
    /// Whatever the system below answers.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> FsResult<usize>;

    /// Writes some of `data` at `offset` and returns how much, at least one byte unless `data` is empty.
    ///
    /// # Errors
    /// [`FsError::NoSpace`] on a full disk, or whatever the system below answers.
    fn write_at(&self, data: &[u8], offset: u64) -> FsResult<usize>;

    /// The metadata of the file behind the handle.
    ///
    /// # Errors
    /// Whatever the system below answers.
    fn metadata(&self) -> FsResult<Metadata>;

    /// Returns once content and length are on the disk.
    ///
    /// # Errors
    /// Whatever the system below answers; after an error nothing is known of what is on the disk.
    fn sync(&self) -> FsResult<()>;
}

/// A directory that was granted, or one opened beneath it.
///
/// A `name` is always one component: never empty, `.` or `..`, and without `/`. Every operation is one
/// step to other processes: it happens whole or not at all. No operation follows a symbolic link.
///
/// A handle stays on the directory it was opened on. Once that is removed, every operation on the handle
/// answers [`FsError::NotFound`], but a listing may also be *empty without an error*: absence is only
/// believed from an operation by name.
pub trait Directory: Clone {
    /// The handle of an open file.
    type File: File;

    /// Opens the directory `name`.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::NotDirectory`], [`FsError::Link`], or whatever the system answers.
    fn open_dir(&self, name: &str) -> FsResult<Self>;

    /// Makes the empty directory `name`.
    ///
    /// # Errors
    /// [`FsError::Exists`] if anything stands there.
    fn create_dir(&self, name: &str) -> FsResult<()>;

    /// Makes the empty file `name` and opens it for writing.
    ///
    /// # Errors
    /// [`FsError::Exists`] if anything stands there.
    fn create(&self, name: &str) -> FsResult<Self::File>;

    /// Opens the existing file `name` for reading.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::IsDirectory`], [`FsError::Link`], or whatever the system answers.
    fn open(&self, name: &str) -> FsResult<Self::File>;

    /// Renames `from` to `name` in the directory `to`, which must lie under the same grant.
    ///
    /// A file silently replaces a file. A directory replaces only an empty directory.
    ///
    /// # Errors
    /// [`FsError::NotFound`] if `from` is not there *or* either directory was removed;
    /// [`FsError::NotEmpty`] (or [`FsError::Exists`]) if a directory with entries stands at the target.
    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()>;

    /// Gives the file `from` a second name: `name` in the directory `to`, which must lie under the same grant.
    ///
    /// # Errors
    /// [`FsError::Exists`] if anything stands there; [`FsError::NotFound`] if `from` is not there *or* either directory
    /// was removed; [`FsError::Unsupported`], or whatever the system answers, where a file has one name only, or has
    /// as many as it can.
    fn link(&self, from: &str, to: &Self, name: &str) -> FsResult<()>;

    /// Removes the file (or link) `name`.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::IsDirectory`], or whatever the system answers.
    fn unlink(&self, name: &str) -> FsResult<()>;

    /// Removes the directory `name`, if it is empty.
    ///
    /// # Errors
    /// [`FsError::NotEmpty`], [`FsError::NotFound`], [`FsError::NotDirectory`].
    fn remove_dir(&self, name: &str) -> FsResult<()>;

    /// Calls `visit` with every entry, in no order. A name that is not UTF-8 is shown with replacement
    /// characters, so that it is seen but never taken for one of ours.
    ///
    /// The listing is a hint: while others rename, it may mix moments, and on btrfs even come back empty.
    ///
    /// # Errors
    /// Whatever the system answers; what was visited before the error is not to be believed.
    fn list(&self, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()>;

    /// The metadata of `name` itself; of a link, not of what it points at.
    ///
    /// # Errors
    /// [`FsError::NotFound`], or whatever the system answers.
    fn metadata(&self, name: &str) -> FsResult<Metadata>;

    /// Returns once the entries of this directory are on the disk as they stand now.
    ///
    /// # Errors
    /// Whatever the system below answers.
    fn sync(&self) -> FsResult<()>;
}
