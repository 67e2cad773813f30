//! A reserve: a file on the disk with names that are there before what they will name, so that a synced push waits for
//! the disk once.
//!
//! | | steps, the linearizing one in **bold** | a crash leaves |
//! |---|---|---|
//! | make | `reserved/<nonce>`, all zeros, the *anchor*; `reserved/<nonce>.<place>`, more names of it; all synced | some of them |
//! | push | write the record at `<place>`; sync the file; **rename `reserved/<nonce>.<place>` → `pending/<bucket>/<name>`** | a record that is whole or not |
//! | end | unlink the names that were not used, and the anchor | some of them |
//!
//! The rename is not synced. A power cut that forgets it leaves the reserved name and the record, which tells what it was to
//! be renamed to: whoever finds it does so ([`super::reserved`]). A record is the name, sealed, and the content, each
//! with a line break. Each reserved name is renamed once and none comes back, so each record is published once.
//!
//! Between the sync and the rename others can have published the record (not found, and the anchor stands: it is pushed),
//! or removed the bucket (not found, but the name stands: it is made again), or swept the reserve of who was stopped for long
//! (not found, and the anchor is gone: it may have been published or not, and that is what is answered).

use super::Queue;
use super::bucket::BucketName;
use super::entry::Entry;
use super::layout::Layout;
use super::push::OpenBucket;
use crate::capability::{Directory, Environment, File, FsError, FsResult};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Nonce, Text, number, seal};
use crate::store::{Extent, SEPARATOR, ensure_dir, sync_all, write_all};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;
use core::cell::{Cell, RefCell};

/// Where reserves stand.
pub(crate) const RESERVED: &str = "reserved";
/// An instance that pushes so often, synced, will push more.
const PUSHES_BEFORE: u32 = 4;
/// How many names its first reserve has. The next has more: who pushes often makes few.
const NAMES_FIRST: u32 = 8;
const NAMES_FACTOR: u32 = 4;
pub(crate) const NAMES_MAX: u32 = 128;
/// The longest reserve in bytes, since a task that waits keeps all of its on the disk.
pub(crate) const RESERVE_BYTES_MAX: usize = 512 * 1024;
/// What is longer is pushed without one, in bytes.
const RECORD_BYTES_MAX: usize = 32 * 1024;
/// The longest first line of a record: a name and its checksum.
pub(crate) const HEADER_BYTES_MAX: usize = 260;

/// The reserve that an instance pushes into.
pub(crate) struct Reserve<D: Directory> {
    open: RefCell<Option<Open<D>>>,
    /// Where it stands, which is on the disk.
    dir: RefCell<Option<D>>,
    /// How many synced pushes there were that could have gone through one.
    pushes: Cell<u32>,
    /// How many names the next one has.
    names: Cell<u32>,
    /// The directories lie on a system where a file has one name only.
    is_refused: Cell<bool>,
}

impl<D: Directory> Default for Reserve<D> {
    fn default() -> Self {
        Reserve {
            open: RefCell::new(None),
            dir: RefCell::new(None),
            pushes: Cell::new(0),
            names: Cell::new(NAMES_FIRST),
            is_refused: Cell::new(false),
        }
    }
}

impl<D: Directory> core::fmt::Debug for Reserve<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reserve")
    }
}

struct Open<D: Directory> {
    dir: D,
    nonce: Nonce,
    file: D::File,
    /// What tells it from packs.
    pack: u64,
    /// How many names it was given, and how many of them were used.
    names: u32,
    used: u32,
    size: usize,
    length: usize,
}

impl<D: Directory> Open<D> {
    fn make(dir: D, names: u32, size: usize, environment: &Environment) -> FsResult<Self> {
        let nonce = Nonce::draw(environment);
        let anchor = nonce.text();
        let file = dir.create(&anchor)?;
        let pack = Extent::draw_pack(environment);
        let mut open = Open { dir, nonce, file, pack, names: 0, used: 0, size, length: 0 };
        // What is written into it later changes no more than what it is written into.
        write_all(&open.file, &vec![0; size], 0)?;
        for place in 0..names {
            open.dir.link(&anchor, &open.dir, &name_of(nonce, place))?;
            open.names += 1;
        }
        open.file.sync()?;
        open.dir.sync()?;
        Ok(open)
    }

    /// Whether nobody has swept it.
    fn stands(&self) -> bool {
        self.dir.metadata(&self.nonce.text()).is_ok()
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.used < self.names && self.length.saturating_add(bytes) <= self.size
    }

    /// Writes a record behind the last one, and returns once it is on the disk: its reserved name, and what it says.
    fn write(&mut self, entry: &Entry, parts: &[&[u8]]) -> FsResult<(String, Entry)> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>() as u64;
        // Where the content begins follows from where this ends.
        let mut bytes = seal(entry.in_pack(Extent { pack: self.pack, at: 0, length }).written()).into_bytes();
        bytes.extend_from_slice(SEPARATOR);
        let at = self.length.saturating_add(bytes.len()) as u64;
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes.extend_from_slice(SEPARATOR);
        let name = name_of(self.nonce, self.used);
        write_all(&self.file, &bytes, self.length as u64)?;
        self.file.sync()?;
        self.length = self.length.saturating_add(bytes.len());
        self.used += 1;
        Ok((name, entry.in_pack(Extent { pack: self.pack, at, length })))
    }
}

impl<D: Directory> Drop for Open<D> {
    /// What was pushed has names of its own.
    fn drop(&mut self) {
        // The last that was used is gone, unless its push has failed.
        for place in self.used.saturating_sub(1)..self.names {
            let _ = self.dir.unlink(&name_of(self.nonce, place));
        }
        let _ = self.dir.unlink(&self.nonce.text());
    }
}

/// The reserved name of the record at `place`.
pub(crate) fn name_of(nonce: Nonce, place: u32) -> String {
    let mut name = Text::with_capacity(20);
    nonce.write(&mut name);
    name.push('.');
    number::write(&mut name, place.into());
    name.finish()
}

/// The reserve of which this is a name, and the place of the record, unless it is the anchor.
pub(crate) fn parse_name(name: &str) -> Option<(Nonce, Option<u32>)> {
    let Some((nonce, place)) = name.split_once('.') else { return Some((Nonce::read(name)?, None)) };
    let place = u32::try_from(number::read_plain(place)?).ok().filter(|place| *place < NAMES_MAX)?;
    Some((Nonce::read(nonce)?, Some(place)))
}

impl<D: Directory> Reserve<D> {
    /// Ends it, and opens all anew: the next push makes another.
    pub(crate) fn forget(&self) {
        self.open.borrow_mut().take();
        self.dir.borrow_mut().take();
    }

    /// Counts a synced push; whether it may go through a reserve.
    fn takes(&self, bytes: usize) -> bool {
        if bytes > RECORD_BYTES_MAX || self.is_refused.get() {
            return false;
        }
        let pushes = self.pushes.get();
        self.pushes.set(pushes.saturating_add(1));
        pushes >= PUSHES_BEFORE
    }
}

impl<D: Directory> Queue<D> {
    /// Pushes a task, or a group, through the reserve, synced; `false` if there is none, and nothing was done.
    pub(crate) fn push_reserved(&self, parts: &[&[u8]], entry: &Entry) -> Result<bool> {
        let at = |error: FsError| Error::at("a task", &error);
        let content: usize = parts.iter().map(|part| part.len()).sum();
        let bytes = content.saturating_add(HEADER_BYTES_MAX + SEPARATOR.len());
        if !self.reserve.takes(bytes) {
            return Ok(false);
        }
        let layout = self.layout_made()?;
        // Where anything fails from here on it is dropped, which ends it.
        let Some(mut open) = self.open_reserve(&layout, bytes) else { return Ok(false) };
        let name = self.take_bucket(entry.priority, entry.due_ms);
        let mut bucket = match self.reach_bucket(&layout, name) {
            Ok(bucket) => bucket,
            Err(Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let (reserved, entry) = open.write(entry, parts).map_err(at)?;
        let target = entry.text();
        for _ in 0..TRIES_MAX {
            match open.dir.rename(&reserved, &bucket.opened.dir, &target) {
                Ok(()) => {
                    self.learn(&entry, target, &bucket.name, &bucket.opened);
                    *self.reserve.open.borrow_mut() = Some(open);
                    return Ok(true);
                }
                Err(FsError::NotFound) => {}
                Err(error) => return Err(at(error)),
            }
            match open.dir.metadata(&reserved) {
                // Somebody removed the bucket.
                Ok(_) => {
                    self.bucket.borrow_mut().take();
                    bucket = self.reach_bucket(&layout, bucket.name.clone())?;
                }
                // Somebody was faster.
                Err(FsError::NotFound) if open.stands() => {
                    *self.reserve.open.borrow_mut() = Some(open);
                    return Ok(true);
                }
                Err(FsError::NotFound) => {
                    return Err(Error::Io(format!(
                        "task {}: its reserve was swept while it was pushed, it may be there: look for it before you push again",
                        entry.nonce.text()
                    )));
                }
                Err(error) => return Err(at(error)),
            }
        }
        Err(self.exhausted())
    }

    /// The reserve, with room for a record of so many bytes; `None` where it cannot be made, for the push to go without.
    fn open_reserve(&self, layout: &Layout<D>, bytes: usize) -> Option<Open<D>> {
        let kept = self.reserve.open.borrow_mut().take().filter(|open| open.has_room_for(bytes));
        if let Some(open) = kept {
            if open.stands() {
                return Some(open);
            }
            // Somebody may have removed more than that.
            self.reserve.dir.borrow_mut().take();
        }
        let wanted = self.reserve.names.get();
        let names = wanted.min(u32::try_from(RESERVE_BYTES_MAX / bytes).unwrap_or(wanted)).max(1);
        match self.make_reserve(layout, names, bytes) {
            Ok(open) => {
                self.reserve.names.set(wanted.saturating_mul(NAMES_FACTOR).min(NAMES_MAX));
                Some(open)
            }
            Err(_) => {
                // Not with each push.
                self.reserve.pushes.set(0);
                None
            }
        }
    }

    fn make_reserve(&self, layout: &Layout<D>, names: u32, bytes: usize) -> Result<Open<D>> {
        let size = usize::try_from(names).unwrap_or(1).saturating_mul(bytes);
        // What is kept here only if nothing fails is opened anew by the next.
        let dir = match self.reserve.dir.borrow_mut().take() {
            Some(dir) => dir,
            None => {
                let dir = ensure_dir(&layout.queue, RESERVED)?;
                sync_all(&[(&layout.queue, RESERVED)])?;
                self.anchor(layout)?;
                dir
            }
        };
        let open = Open::make(dir.clone(), names, size, self.environment()).map_err(|error| {
            self.reserve.is_refused.set(matches!(error, FsError::Unsupported | FsError::Denied));
            Error::at(RESERVED, &error)
        })?;
        *self.reserve.dir.borrow_mut() = Some(dir);
        Ok(open)
    }

    /// Opens a bucket, and returns once it is on the disk: a name in it that a power cut keeps is then found.
    fn reach_bucket(&self, layout: &Layout<D>, name: BucketName) -> Result<Rc<OpenBucket<D>>> {
        let bucket = self.open_bucket(layout, name)?;
        bucket.anchor(layout)?;
        Ok(bucket)
    }
}

/// A record as [`Open::write`] writes it, for tests.
#[cfg(test)]
pub(crate) fn record(entry: &Entry, content: &[u8]) -> vec::Vec<u8> {
    let at_start = entry.in_pack(Extent { pack: 7, at: 0, length: content.len() as u64 });
    [seal(at_start.written()).as_bytes(), SEPARATOR, content, SEPARATOR].concat()
}
