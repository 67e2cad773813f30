//! The core's three capabilities, over whatever answers the operations.

use super::operation::{Answer, Ino, Op, Request};
use leasehold_core::capability::{Clock, Directory, File, FsError, FsResult, Kind, Metadata, Random};
use std::rc::Rc;

/// Where the operations of one actor go.
pub(crate) trait Port {
    fn call(&self, request: &Request<'_>) -> Answer;
    /// The next random number of this actor; no two actors ever see the same.
    fn draw(&self) -> u64;
    fn log(&self, what: String, value: u64);
    /// The granted directory at `path`, as it stood when the actor was started.
    fn granted(&self, path: &str) -> Ino;
    /// Listings are sorted by name where this is none, else shuffled by it.
    fn shuffle(&self) -> Option<u64>;
}

/// A simulated directory: a handle on an inode, as in Linux.
#[derive(Clone)]
pub struct SimDirectory {
    pub(crate) port: Rc<dyn Port>,
    pub(crate) ino: Ino,
}

/// An open simulated file.
#[derive(Clone)]
pub struct SimFile {
    port: Rc<dyn Port>,
    ino: Ino,
    writable: bool,
}

impl std::fmt::Debug for SimDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimDirectory({:x})", self.ino)
    }
}

fn checked(name: &str) -> FsResult<()> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(FsError::Invalid);
    }
    if name.len() > 255 {
        return Err(FsError::NameTooLong);
    }
    Ok(())
}

/// The answer is not of the kind that the question asks for.
fn mixed_up(answer: &Answer) -> ! {
    panic!("the actor is not deterministic: its question was answered with {answer:?}")
}

fn done(answer: Answer) -> FsResult<()> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed(error) => Err(error),
        other => mixed_up(&other),
    }
}

fn handle(answer: Answer) -> FsResult<Ino> {
    match answer {
        Answer::Handle(ino) => Ok(ino),
        Answer::Failed(error) => Err(error),
        other => mixed_up(&other),
    }
}

fn meta(answer: Answer) -> FsResult<Metadata> {
    match answer {
        Answer::Meta(meta) => Ok(meta),
        Answer::Failed(error) => Err(error),
        other => mixed_up(&other),
    }
}

impl SimDirectory {
    /// Opens an existing file to write into it, as programs do that know nothing of the core.
    ///
    /// # Errors
    /// As [`Directory::open`].
    pub fn open_to_write(&self, name: &str) -> FsResult<SimFile> {
        checked(name)?;
        handle(self.port.call(&Op::Open(self.ino, name))).map(|ino| self.file(ino, true))
    }

    fn file(&self, ino: Ino, writable: bool) -> SimFile {
        SimFile { port: self.port.clone(), ino, writable }
    }
}

impl Directory for SimDirectory {
    type File = SimFile;

    fn open_dir(&self, name: &str) -> FsResult<Self> {
        checked(name)?;
        let ino = handle(self.port.call(&Op::OpenDir(self.ino, name)))?;
        Ok(Self { port: self.port.clone(), ino })
    }

    fn create_dir(&self, name: &str) -> FsResult<()> {
        checked(name)?;
        handle(self.port.call(&Op::CreateDir(self.ino, name))).map(|_| ())
    }

    fn create(&self, name: &str) -> FsResult<SimFile> {
        checked(name)?;
        handle(self.port.call(&Op::Create(self.ino, name))).map(|ino| self.file(ino, true))
    }

    fn open(&self, name: &str) -> FsResult<SimFile> {
        checked(name)?;
        handle(self.port.call(&Op::Open(self.ino, name))).map(|ino| self.file(ino, false))
    }

    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        checked(from)?;
        checked(name)?;
        done(self.port.call(&Op::Rename(self.ino, from, to.ino, name)))
    }

    fn link(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        checked(from)?;
        checked(name)?;
        done(self.port.call(&Op::Link(self.ino, from, to.ino, name)))
    }

    fn unlink(&self, name: &str) -> FsResult<()> {
        checked(name)?;
        done(self.port.call(&Op::Unlink(self.ino, name)))
    }

    fn remove_dir(&self, name: &str) -> FsResult<()> {
        checked(name)?;
        done(self.port.call(&Op::RemoveDir(self.ino, name)))
    }

    fn list(&self, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
        let names = match self.port.call(&Op::List(self.ino)) {
            Answer::Names(names) => names,
            Answer::Failed(error) => return Err(error),
            other => mixed_up(&other),
        };
        match self.port.shuffle() {
            None => names.iter().for_each(|(name, kind)| visit(&name.text, *kind)),
            Some(seed) => {
                let mut order: Vec<_> = names.iter().collect();
                order.sort_by_key(|(name, _)| (name.print as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                order.into_iter().for_each(|(name, kind)| visit(&name.text, *kind));
            }
        }
        Ok(())
    }

    fn metadata(&self, name: &str) -> FsResult<Metadata> {
        checked(name)?;
        meta(self.port.call(&Op::Metadata(self.ino, name)))
    }

    fn sync(&self) -> FsResult<()> {
        done(self.port.call(&Op::SyncDir(self.ino)))
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> FsResult<usize> {
        match self.port.call(&Op::ReadAt(self.ino, buffer.len(), offset)) {
            Answer::Bytes(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            Answer::Failed(error) => Err(error),
            other => mixed_up(&other),
        }
    }

    fn write_at(&self, data: &[u8], offset: u64) -> FsResult<usize> {
        if !self.writable {
            return Err(FsError::Denied);
        }
        match self.port.call(&Op::WriteAt(self.ino, data, offset)) {
            Answer::Count(count) => Ok(count),
            Answer::Failed(error) => Err(error),
            other => mixed_up(&other),
        }
    }

    fn metadata(&self) -> FsResult<Metadata> {
        meta(self.port.call(&Op::FileMetadata(self.ino)))
    }

    fn sync(&self) -> FsResult<()> {
        done(self.port.call(&Op::SyncFile(self.ino)))
    }
}

/// The simulated clocks, as one actor sees them.
pub(crate) struct SimClock(pub(crate) Rc<dyn Port>);

fn time(answer: Answer) -> u64 {
    match answer {
        Answer::Time(ms) => ms,
        // Only an actor that has been stopped is refused the time.
        Answer::Failed(_) => 0,
        other => mixed_up(&other),
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        time(self.0.call(&Op::Now))
    }

    fn monotonic_ms(&self) -> u64 {
        time(self.0.call(&Op::Monotonic))
    }
}

/// The simulated randomness of one actor.
pub(crate) struct SimRandom(pub(crate) Rc<dyn Port>);

impl Random for SimRandom {
    fn next_u64(&self) -> u64 {
        self.0.draw()
    }
}
