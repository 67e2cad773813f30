//! The core's directory capability, over `wasi:filesystem` descriptors.
//!
//! Written for every host, not only ours. Some answer errors to operations on a preopened descriptor
//! itself, so [`WasiDirectory::granted`] opens `.` beneath it and uses only that. Some refuse
//! `mutate-directory` and the synchronising flags, so neither is asked for. Some stat while they list, and
//! stumble over an entry that goes away meanwhile; a listing goes on after those.

use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode,
    OpenFlags, PathFlags,
};
use crate::environment::milliseconds;
use alloc::rc::Rc;
use alloc::string::String;
use leasehold_core::capability::{Directory, File, FsError, FsResult, Kind, Metadata};

/// The most that is asked of one `read`, in bytes. The bindings hand out a list of their own, which is then
/// copied, so a whole large payload at once would stand in memory twice.
const READ_BYTES_MAX: usize = 256 * 1024;

/// The most that is given to one `write`, in bytes; a host may copy it.
const WRITE_BYTES_MAX: usize = 1024 * 1024;

/// How many entries in a row may go away while a listing reaches them, before it is given up.
const VANISHED_IN_A_ROW_MAX: usize = 65_536;

/// What a name is shown as when the host could not put it in UTF-8.
const UNREADABLE_NAME: &str = "\u{fffd}";

/// Symbolic links are never followed.
const NO_FOLLOW: PathFlags = PathFlags::empty();

/// A directory: the handle is shared by its clones.
#[derive(Clone)]
pub(crate) struct WasiDirectory(Rc<Descriptor>);

/// An open file.
pub(crate) struct WasiFile(Descriptor);

impl WasiDirectory {
    /// The directory behind a preopened descriptor.
    pub(crate) fn granted(preopen: &Descriptor) -> FsResult<Self> {
        open(preopen, ".", OpenFlags::DIRECTORY, DescriptorFlags::READ).map(Self::new)
    }

    fn new(descriptor: Descriptor) -> Self {
        Self(Rc::new(descriptor))
    }
}

impl Directory for WasiDirectory {
    type File = WasiFile;

    fn open_dir(&self, name: &str) -> FsResult<Self> {
        open(&self.0, name, OpenFlags::DIRECTORY, DescriptorFlags::READ).map(Self::new)
    }

    fn create_dir(&self, name: &str) -> FsResult<()> {
        self.0.create_directory_at(name).map_err(fs_error)
    }

    fn create(&self, name: &str) -> FsResult<WasiFile> {
        let anew = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        open(&self.0, name, anew, DescriptorFlags::WRITE).map(WasiFile)
    }

    fn open(&self, name: &str) -> FsResult<WasiFile> {
        let file = open(&self.0, name, OpenFlags::empty(), DescriptorFlags::READ)?;
        // Opening a directory for reading succeeds on most systems, and reading from it then fails.
        match file.get_type().map_err(fs_error)? {
            DescriptorType::RegularFile | DescriptorType::Unknown => Ok(WasiFile(file)),
            DescriptorType::Directory => Err(FsError::IsDirectory),
            DescriptorType::SymbolicLink => Err(FsError::Link),
            DescriptorType::BlockDevice
            | DescriptorType::CharacterDevice
            | DescriptorType::Fifo
            | DescriptorType::Socket => Err(FsError::Other(String::from("not a regular file"))),
        }
    }

    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        self.0.rename_at(from, &to.0, name).map_err(fs_error)
    }

    fn link(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        self.0.link_at(NO_FOLLOW, from, &to.0, name).map_err(fs_error)
    }

    fn unlink(&self, name: &str) -> FsResult<()> {
        self.0.unlink_file_at(name).map_err(fs_error)
    }

    fn remove_dir(&self, name: &str) -> FsResult<()> {
        self.0.remove_directory_at(name).map_err(fs_error)
    }

    fn list(&self, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
        let entries = self.0.read_directory().map_err(fs_error)?;
        while let Some(entry) = next_entry(&entries)? {
            let kind = match entry.type_ {
                // The file system does not say in a listing what its entries are.
                DescriptorType::Unknown => match self.metadata(&entry.name) {
                    Ok(metadata) => metadata.kind,
                    Err(FsError::NotFound) => continue,
                    Err(_) => Kind::Other,
                },
                known => kind(known),
            };
            visit(&entry.name, kind);
        }
        Ok(())
    }

    fn metadata(&self, name: &str) -> FsResult<Metadata> {
        self.0.stat_at(NO_FOLLOW, name).map(metadata).map_err(fs_error)
    }

    fn sync(&self) -> FsResult<()> {
        self.0.sync().map_err(fs_error)
    }
}

impl File for WasiFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> FsResult<usize> {
        let length = buffer.len().min(READ_BYTES_MAX);
        let (data, _end) = self.0.read(length as u64, offset).map_err(fs_error)?;
        let read = data.len().min(length);
        buffer[..read].copy_from_slice(&data[..read]);
        Ok(read)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> FsResult<usize> {
        let data = &data[..data.len().min(WRITE_BYTES_MAX)];
        let written = self.0.write(data, offset).map_err(fs_error)?;
        let written = usize::try_from(written).map_or(data.len(), |count| count.min(data.len()));
        if written == 0 && !data.is_empty() {
            return Err(FsError::Other(String::from("nothing was written")));
        }
        Ok(written)
    }

    fn metadata(&self) -> FsResult<Metadata> {
        self.0.stat().map(metadata).map_err(fs_error)
    }

    fn sync(&self) -> FsResult<()> {
        self.0.sync().map_err(fs_error)
    }
}

fn open(directory: &Descriptor, name: &str, how: OpenFlags, access: DescriptorFlags) -> FsResult<Descriptor> {
    directory.open_at(NO_FOLLOW, name, how, access).map_err(fs_error)
}

/// The next entry that is there; `None` at the end.
fn next_entry(entries: &DirectoryEntryStream) -> FsResult<Option<DirectoryEntry>> {
    for _ in 0..VANISHED_IN_A_ROW_MAX {
        match entries.read_directory_entry() {
            Ok(entry) => return Ok(entry),
            Err(ErrorCode::NoEntry) => {}
            Err(ErrorCode::IllegalByteSequence) => {
                return Ok(Some(DirectoryEntry {
                    type_: DescriptorType::CharacterDevice,
                    name: String::from(UNREADABLE_NAME),
                }));
            }
            Err(code) => return Err(fs_error(code)),
        }
    }
    Err(FsError::Other(String::from("entries vanish faster than they can be listed")))
}

fn kind(of: DescriptorType) -> Kind {
    match of {
        DescriptorType::RegularFile => Kind::File,
        DescriptorType::Directory => Kind::Directory,
        DescriptorType::SymbolicLink => Kind::Link,
        DescriptorType::BlockDevice
        | DescriptorType::CharacterDevice
        | DescriptorType::Fifo
        | DescriptorType::Socket
        | DescriptorType::Unknown => Kind::Other,
    }
}

fn metadata(stat: DescriptorStat) -> Metadata {
    Metadata {
        kind: kind(stat.type_),
        size: stat.size,
        links: stat.link_count,
        modified_ms: stat.data_modification_timestamp.map(milliseconds),
    }
}

/// The one place where WASI's errors become the core's.
fn fs_error(code: ErrorCode) -> FsError {
    match code {
        ErrorCode::NoEntry => FsError::NotFound,
        ErrorCode::Exist => FsError::Exists,
        ErrorCode::NotEmpty => FsError::NotEmpty,
        ErrorCode::NotDirectory => FsError::NotDirectory,
        ErrorCode::IsDirectory => FsError::IsDirectory,
        ErrorCode::Loop => FsError::Link,
        ErrorCode::Access | ErrorCode::NotPermitted => FsError::Denied,
        ErrorCode::ReadOnly => FsError::ReadOnly,
        ErrorCode::InsufficientSpace | ErrorCode::Quota => FsError::NoSpace,
        ErrorCode::NameTooLong => FsError::NameTooLong,
        ErrorCode::Unsupported => FsError::Unsupported,
        ErrorCode::Invalid | ErrorCode::IllegalByteSequence => FsError::Invalid,
        other => FsError::Other(String::from(other.message())),
    }
}
