//! The directory.

use super::entries::visit_entries;
use super::errors::{from_errno, from_io};
use super::file::NativeFile;
use super::metadata::from_stat;
use super::names::component;
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use leasehold_core::capability::{Directory, FsError, FsResult, Kind, Metadata};
use rustix::fs::{AtFlags, Mode, OFlags, fsync, linkat, mkdirat, renameat, statat, unlinkat};
use rustix::io::retry_on_intr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::rc::Rc;

/// A directory of this machine. Cloning it clones a pointer, not the handle of the system.
#[derive(Debug, Clone)]
pub struct NativeDirectory {
    dir: Rc<Dir>,
}

impl NativeDirectory {
    /// Opens `path` with the authority of the process, following links: the one place where a path of the
    /// embedding program becomes a capability. A directory that is missing is made.
    ///
    /// # Errors
    /// Whatever the system answers.
    pub fn open_ambient(path: &Path) -> io::Result<Self> {
        let opened = match open_for_reading(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path)?;
                open_for_reading(path)
            }
            other => other,
        };
        Ok(Self::from_system(Dir::from_std_file(opened?)))
    }

    fn from_system(dir: Dir) -> Self {
        Self { dir: Rc::new(dir) }
    }

    /// Tells a link from other things that are no directory, which the system answers alike.
    fn not_a_directory(&self, name: &str) -> FsError {
        match self.metadata(name) {
            Ok(metadata) if metadata.kind == Kind::Link => FsError::Link,
            _ => FsError::NotDirectory,
        }
    }
}

/// Handles are opened for reading, not as mere places, so that they can be synced.
fn open_for_reading(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().read(true).custom_flags(flag_bits(OFlags::DIRECTORY)).open(path)
}

fn flag_bits(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

fn failed(error: io::Error) -> FsError {
    from_io(&error)
}

/// What concerns one entry by its name is asked of the kernel as it is: a single component cannot lead out of the
/// directory, and none of these calls follows a link. Opening goes by cap-std, which refuses links that it would follow.
impl Directory for NativeDirectory {
    type File = NativeFile;

    fn open_dir(&self, name: &str) -> FsResult<Self> {
        let name = component(name)?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).custom_flags(flag_bits(OFlags::DIRECTORY));
        match self.dir.open_with(name, &options) {
            Ok(file) => Ok(Self::from_system(Dir::from_std_file(file.into_std()))),
            Err(error) => match from_io(&error) {
                FsError::NotDirectory => Err(self.not_a_directory(name)),
                other => Err(other),
            },
        }
    }

    fn create_dir(&self, name: &str) -> FsResult<()> {
        mkdirat(&*self.dir, component(name)?, Mode::from_raw_mode(0o777)).map_err(from_errno)
    }

    fn create(&self, name: &str) -> FsResult<NativeFile> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).follow(FollowSymlinks::No);
        let file = self.dir.open_with(component(name)?, &options).map_err(failed)?;
        Ok(NativeFile::new(file))
    }

    fn open(&self, name: &str) -> FsResult<NativeFile> {
        let mut options = OpenOptions::new();
        // A pipe would wait for its other end: NONBLOCK, which means nothing to a regular file.
        options.read(true).follow(FollowSymlinks::No).custom_flags(flag_bits(OFlags::NONBLOCK));
        let file = self.dir.open_with(component(name)?, &options).map_err(failed)?;
        let file_type = file.metadata().map_err(failed)?.file_type();
        if file_type.is_file() {
            Ok(NativeFile::new(file))
        } else if file_type.is_dir() {
            Err(FsError::IsDirectory)
        } else {
            Err(FsError::Other(String::from("not a regular file")))
        }
    }

    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        renameat(&*self.dir, component(from)?, &*to.dir, component(name)?).map_err(from_errno)
    }

    fn link(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        linkat(&*self.dir, component(from)?, &*to.dir, component(name)?, AtFlags::empty()).map_err(from_errno)
    }

    fn unlink(&self, name: &str) -> FsResult<()> {
        unlinkat(&*self.dir, component(name)?, AtFlags::empty()).map_err(from_errno)
    }

    fn remove_dir(&self, name: &str) -> FsResult<()> {
        unlinkat(&*self.dir, component(name)?, AtFlags::REMOVEDIR).map_err(from_errno)
    }

    fn list(&self, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
        visit_entries(self.dir.as_fd(), visit)
    }

    fn metadata(&self, name: &str) -> FsResult<Metadata> {
        let stat = statat(&*self.dir, component(name)?, AtFlags::SYMLINK_NOFOLLOW).map_err(from_errno)?;
        Ok(from_stat(&stat))
    }

    fn sync(&self) -> FsResult<()> {
        retry_on_intr(|| fsync(&*self.dir)).map_err(from_errno)
    }
}
