//! The files of a job, in its content directory. No link is followed there, and nothing but plain files is opened.

use crate::command::process::this_process;
use crate::command::random::random;
use leasehold::job::{EXIT_FILE, Process, STDERR_FILE, STDOUT_FILE};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, fsync, open, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// The process of the command and its start, left by itself before it becomes the command.
const PID_FILE: &str = "pid";
/// Stands where the command was asked to end.
const ASKED_FILE: &str = "asked";
/// Stands where the command could not be run.
const UNSTARTED_FILE: &str = "unstarted";

/// How often it is tried to leave an exit code, and how long it is waited in between.
const TRIES_MAX: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// The content directory of a job.
#[derive(Debug)]
pub(super) struct JobFiles {
    dir: OwnedFd,
}

impl JobFiles {
    /// Opens the `directory` that the record names, beneath the store.
    pub(super) fn open(store: &Path, directory: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut dir = open(store, flags, Mode::empty())?;
        for part in directory.split('/') {
            dir = openat(&dir, part, flags | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(Self { dir })
    }

    /// The same once more, for another process.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { dir: self.dir.try_clone()? })
    }

    /// Makes a file for output, which nobody else has made.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::APPEND | OFlags::CLOEXEC;
        Ok(openat(&self.dir, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Opens a file for reading; `None` where it does not stand (yet).
    pub(super) fn open_to_read(&self, name: &str) -> io::Result<Option<File>> {
        // Nobody waits for the other end of what is no file.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.dir, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(no_file()),
            Err(error) => return Err(error.into()),
        };
        if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(no_file());
        }
        Ok(Some(file.into()))
    }

    /// How much the command has written.
    pub(super) fn output_bytes(&self) -> u64 {
        let size = |name| statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).map_or(0, |stat| stat.st_size);
        [STDOUT_FILE, STDERR_FILE].into_iter().map(|name| u64::try_from(size(name)).unwrap_or(0)).sum()
    }

    /// Leaves this process as the one that is about to become the command.
    pub(super) fn leave_pid(&self) -> io::Result<()> {
        let this = this_process().ok_or_else(no_proc)?;
        let pid = Prepared::make(self, PID_FILE, &format!("{} {}\n", this.pid, this.started))?;
        pid.publish(self)
    }

    /// The process that became the command; `None` where there was none yet, or it is not known any more.
    ///
    /// # Errors
    /// Where it is known, and cannot be read.
    pub(super) fn command(&self) -> io::Result<Option<Process>> {
        let mut text = Vec::new();
        match self.open_to_read(PID_FILE) {
            Ok(None) => return Ok(None),
            Ok(Some(file)) => drop(file.take(64).read_to_end(&mut text)?),
            // What was put in its place tells nothing.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
            Err(error) => return Err(error),
        }
        let read = |text: &str| {
            let (pid, started) = text.strip_suffix('\n')?.split_once(' ')?;
            Some(Process { pid: pid.parse().ok()?, started: started.parse().ok()? })
        };
        Ok(str::from_utf8(&text).ok().and_then(read))
    }

    /// Whether nobody has asked the command to end before. Where that cannot be known, nobody has.
    pub(super) fn is_first_to_ask(&self) -> bool {
        self.create(ASKED_FILE).map_or_else(|error| error.kind() != io::ErrorKind::AlreadyExists, |_| true)
    }

    /// Leaves word that the command could not be run.
    pub(super) fn leave_unstarted(&self) -> io::Result<()> {
        self.create(UNSTARTED_FILE).map(drop)
    }

    pub(super) fn is_unstarted(&self) -> bool {
        matches!(self.open_to_read(UNSTARTED_FILE), Ok(Some(_)))
    }

    /// Makes ready to leave an exit code, so that a disk that the command fills does not hinder it.
    pub(super) fn prepare_exit(&self) -> io::Result<Prepared> {
        let exit = Prepared::make(self, EXIT_FILE, "   \n")?;
        if let Err(error) = fsync(&exit.file) {
            exit.discard(self);
            return Err(error.into());
        }
        Ok(exit)
    }
}

/// A file that is whole but for its name.
#[derive(Debug)]
pub(super) struct Prepared {
    file: File,
    temporary: String,
    name: &'static str,
}

impl Prepared {
    fn make(files: &JobFiles, name: &'static str, content: &str) -> io::Result<Self> {
        let temporary = format!("{name}.{:016x}.tmp", random());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = File::from(openat(&files.dir, &temporary, flags, Mode::from_raw_mode(0o666))?);
        let prepared = Self { file, temporary, name };
        if let Err(error) = prepared.file.write_all_at(content.as_bytes(), 0) {
            prepared.discard(files);
            return Err(error);
        }
        Ok(prepared)
    }

    /// Leaves the exit code.
    pub(super) fn publish_code(self, files: &JobFiles, code: u8) -> io::Result<()> {
        persist(|| self.file.write_all_at(format!("{code:3}").as_bytes(), 0))?;
        persist(|| Ok(fsync(&self.file)?))?;
        persist(|| self.publish(files))?;
        persist(|| Ok(fsync(&files.dir)?))
    }

    fn publish(&self, files: &JobFiles) -> io::Result<()> {
        Ok(renameat(&files.dir, &self.temporary, &files.dir, self.name)?)
    }

    /// Removes it, where it is not needed.
    pub(super) fn discard(self, files: &JobFiles) {
        // Else it goes with the job.
        let _ = unlinkat(&files.dir, &self.temporary, AtFlags::empty());
    }
}

/// Does what is done once only, and tries again while it fails for what may pass.
fn persist(mut act: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for _ in 1..TRIES_MAX {
        match act() {
            Err(error) if may_pass(&error) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    act()
}

fn may_pass(error: &io::Error) -> bool {
    let passing = [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::NOMEM, Errno::INTR, Errno::AGAIN];
    Errno::from_io_error(error).is_some_and(|error| passing.contains(&error))
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is not a file")
}

/// Why no job can be run on a system that does not tell its processes apart.
pub(super) fn no_proc() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "there is no /proc, so a process cannot be told from a later one")
}
