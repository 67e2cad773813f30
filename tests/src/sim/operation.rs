//! What an actor asks of the world, and what it is answered.

use super::fingerprint::Mixer;
use leasehold_core::capability::{FsError, Kind, Metadata};
use std::rc::Rc;

/// The number of a file or directory. It names its maker and the maker's how-many-th it is, so that two
/// orders of independent births lead to the same state.
pub(crate) type Ino = u64;

/// A file name with its hash.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: Rc<str>,
    pub(crate) print: u128,
}

impl Name {
    pub(crate) fn new(text: &str) -> Self {
        let mut mixer = Mixer::new(1);
        mixer.bytes(text.as_bytes());
        Self { text: text.into(), print: mixer.end() }
    }
}

/// One operation; `N` is a name and `B` are bytes, borrowed or kept.
#[derive(Clone, Debug)]
pub(crate) enum Op<N, B> {
    OpenDir(Ino, N),
    CreateDir(Ino, N),
    Create(Ino, N),
    Open(Ino, N),
    Rename(Ino, N, Ino, N),
    Link(Ino, N, Ino, N),
    Unlink(Ino, N),
    RemoveDir(Ino, N),
    List(Ino),
    Metadata(Ino, N),
    SyncDir(Ino),
    ReadAt(Ino, usize, u64),
    WriteAt(Ino, B, u64),
    FileMetadata(Ino),
    SyncFile(Ino),
    Now,
    Monotonic,
    /// Sets the wall clock.
    SetWall(u64),
    /// Moves the wall clock alone.
    Jump(i64),
    /// Lets time pass on both clocks.
    Advance(u64),
}

/// As an actor asks it.
pub(crate) type Request<'a> = Op<&'a str, &'a [u8]>;
/// As it is kept.
pub(crate) type Operation = Op<Name, Rc<[u8]>>;

impl Request<'_> {
    pub(crate) fn keep(&self) -> Operation {
        match *self {
            Op::OpenDir(d, n) => Op::OpenDir(d, Name::new(n)),
            Op::CreateDir(d, n) => Op::CreateDir(d, Name::new(n)),
            Op::Create(d, n) => Op::Create(d, Name::new(n)),
            Op::Open(d, n) => Op::Open(d, Name::new(n)),
            Op::Rename(d, n, e, m) => Op::Rename(d, Name::new(n), e, Name::new(m)),
            Op::Link(d, n, e, m) => Op::Link(d, Name::new(n), e, Name::new(m)),
            Op::Unlink(d, n) => Op::Unlink(d, Name::new(n)),
            Op::RemoveDir(d, n) => Op::RemoveDir(d, Name::new(n)),
            Op::List(d) => Op::List(d),
            Op::Metadata(d, n) => Op::Metadata(d, Name::new(n)),
            Op::SyncDir(d) => Op::SyncDir(d),
            Op::ReadAt(f, len, at) => Op::ReadAt(f, len, at),
            Op::WriteAt(f, bytes, at) => Op::WriteAt(f, bytes.into(), at),
            Op::FileMetadata(f) => Op::FileMetadata(f),
            Op::SyncFile(f) => Op::SyncFile(f),
            Op::Now => Op::Now,
            Op::Monotonic => Op::Monotonic,
            Op::SetWall(ms) => Op::SetWall(ms),
            Op::Jump(ms) => Op::Jump(ms),
            Op::Advance(ms) => Op::Advance(ms),
        }
    }
}

/// What an operation answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Done,
    /// A directory or a file was opened or made.
    Handle(Ino),
    Names(Rc<[(Name, Kind)]>),
    Meta(Metadata),
    Bytes(Rc<[u8]>),
    Count(usize),
    Time(u64),
    Failed(FsError),
}

impl Answer {
    /// Two answers with one print are the same answer.
    pub(crate) fn print(&self) -> u128 {
        let mut mixer = Mixer::new(2);
        match self {
            Answer::Done => mixer.word(1),
            Answer::Handle(ino) => {
                mixer.word(2);
                mixer.word(*ino);
            }
            Answer::Names(names) => {
                mixer.word(3);
                for (name, kind) in names.iter() {
                    mixer.wide(name.print);
                    mixer.word(*kind as u64);
                }
            }
            Answer::Meta(meta) => {
                mixer.word(4);
                mixer.word(meta.kind as u64);
                mixer.word(meta.size);
                mixer.word(meta.links);
                mixer.word(meta.modified_ms.unwrap_or(u64::MAX));
            }
            Answer::Bytes(bytes) => {
                mixer.word(5);
                mixer.bytes(bytes);
            }
            Answer::Count(count) => {
                mixer.word(6);
                mixer.word(*count as u64);
            }
            Answer::Time(ms) => {
                mixer.word(7);
                mixer.word(*ms);
            }
            Answer::Failed(error) => {
                mixer.word(8);
                mixer.bytes(error.to_string().as_bytes());
            }
        }
        mixer.end()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Done => f.write_str("ok"),
            Answer::Handle(_) => f.write_str("opened"),
            Answer::Names(names) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| &*name.text).collect();
                write!(f, "{{{}}}", names.join(", "))
            }
            Answer::Meta(m) => {
                write!(f, "{:?} of {} bytes, {} links, from {:?}", m.kind, m.size, m.links, m.modified_ms)
            }
            Answer::Bytes(bytes) => {
                write!(f, "{} bytes {:?}", bytes.len(), String::from_utf8_lossy(&bytes[..bytes.len().min(60)]))
            }
            Answer::Count(count) => write!(f, "{count} bytes"),
            Answer::Time(ms) => write!(f, "{ms}"),
            Answer::Failed(error) => write!(f, "{error}"),
        }
    }
}
