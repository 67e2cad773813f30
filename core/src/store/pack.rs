//! A pack: one file into which an instance writes what it publishes, one thing after the other.
//!
//! | | steps, the linearizing one in **bold** | a crash leaves |
//! |---|---|---|
//! | publish | append to `tmp/<nonce>`; **link `tmp/<nonce>` → `<dir>/<name>`** | bytes that no name tells of; `tmp/<nonce>` |
//!
//! Each thing is a second name of the one file, and tells where in it the content lies ([`Extent`]); from then on
//! it is a name like any other. So no file is made for each of them, which is most of what making one costs. What
//! has been written is never written again, and the file goes with the last of its names: nobody has to know who
//! still needs it. A sweeper that takes `tmp/<nonce>` takes no content: the next thing goes into a new pack.

use super::files::write_all;
use crate::capability::{Directory, Environment, File, FsError, FsResult};
use crate::name::{Nonce, Text, fields, number};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

/// The longest pack in bytes, since a thing that lasts keeps all of its pack on the disk.
const PACK_BYTES_MAX: u64 = 256 * 1024;
/// How many things one pack holds; file systems take 65,000 names of a file or more.
pub(crate) const PACK_LINKS_MAX: usize = 1_000;
/// What is longer has a file of its own, in bytes.
const PACKED_BYTES_MAX: usize = 32 * 1024;
/// After each thing, so that a pack of lines reads well.
pub(crate) const SEPARATOR: &[u8] = b"\n";
/// No extent ends beyond so many bytes: what says otherwise is no name of ours.
const END_MAX: u64 = 1 << 40;
/// Packs are told apart by so many bits: enough for whoever has read one of them to know another.
const ID_BITS: u32 = 40;

/// Where in a file a content lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Extent {
    /// Which pack: a hint, with which content that was read already is found again.
    pub(crate) pack: u64,
    /// The first byte.
    pub(crate) at: u64,
    /// How many bytes.
    pub(crate) length: u64,
}

impl Extent {
    /// Draws what tells a new pack from others.
    pub(crate) fn draw_pack(environment: &Environment) -> u64 {
        environment.random.next_u64() >> (u64::BITS - ID_BITS)
    }

    /// Appends `<length>-<at>-<pack>`.
    pub(crate) fn write(&self, out: &mut Text) {
        for (n, value) in [self.length, self.at, self.pack].into_iter().enumerate() {
            if n > 0 {
                out.push('-');
            }
            number::write(out, value);
        }
    }

    /// Reads what [`Extent::write`] writes.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut fields = fields(text, '-');
        let mut number = || number::read_plain(fields.next()?);
        let (length, at, pack) = (number()?, number()?, number()?);
        let ends = at.checked_add(length).is_some_and(|end| end <= END_MAX);
        let is_sound = ends && pack >> ID_BITS == 0 && fields.next().is_none();
        is_sound.then_some(Extent { pack, at, length })
    }
}

/// Appends how long a content is, and where in a pack it stands, if it does.
pub(crate) fn write_size(out: &mut Text, size: u64, extent: Option<&Extent>) {
    number::write(out, size);
    if let Some(extent) = extent {
        out.push('-');
        extent.write(out);
    }
}

/// Reads what [`write_size`] writes.
pub(crate) fn read_size(text: &str) -> Option<(u64, Option<Extent>)> {
    let (size, extent) = match text.split_once('-') {
        Some((size, extent)) => (size, Some(Extent::read(extent)?)),
        None => (text, None),
    };
    let size = number::read_plain(size)?;
    extent.is_none_or(|extent| size <= extent.length).then_some((size, extent))
}

/// The pack that an instance writes into.
pub(crate) struct Pack<D: Directory> {
    open: RefCell<Option<Open<D>>>,
    /// The directories lie on a system where a file has one name only.
    is_refused: Cell<bool>,
    /// Whether anything was published that could have stood here.
    has_begun: Cell<bool>,
}

impl<D: Directory> Default for Pack<D> {
    fn default() -> Self {
        Pack { open: RefCell::new(None), is_refused: Cell::new(false), has_begun: Cell::new(false) }
    }
}

impl<D: Directory> core::fmt::Debug for Pack<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pack")
    }
}

struct Open<D: Directory> {
    tmp: D,
    name: String,
    file: D::File,
    id: u64,
    length: u64,
    things: usize,
}

impl<D: Directory> Open<D> {
    fn create(tmp: &D, environment: &Environment) -> FsResult<Self> {
        let name = Nonce::draw(environment).text();
        let file = tmp.create(&name)?;
        Ok(Open { tmp: tmp.clone(), name, file, id: Extent::draw_pack(environment), length: 0, things: 0 })
    }

    fn has_room_for(&self, count: usize, bytes: u64) -> bool {
        self.things.saturating_add(count) <= PACK_LINKS_MAX && self.length.saturating_add(bytes) <= PACK_BYTES_MAX
    }
}

impl<D: Directory> Drop for Open<D> {
    /// What was published has names of its own.
    fn drop(&mut self) {
        let _ = self.tmp.unlink(&self.name);
    }
}

impl<D: Directory> Pack<D> {
    /// Whether the next thing, of `length` bytes, is to stand here. The first one of an instance has a file of its own,
    /// which `cat` shows: many instances publish no more than that.
    pub(crate) fn takes(&self, length: usize) -> bool {
        length <= PACKED_BYTES_MAX && self.begins()
    }

    fn begins(&self) -> bool {
        self.has_begun.replace(true) && !self.is_refused.get()
    }

    /// Whether a file can have one name only here, so that each thing needs one of its own.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.get()
    }

    /// Goes on in a new pack.
    pub(crate) fn forget(&self) {
        self.open.borrow_mut().take();
    }

    /// The directory of the pack that is open.
    pub(crate) fn tmp(&self) -> Option<D> {
        self.open.borrow().as_ref().map(|open| open.tmp.clone())
    }

    /// Whether `count` things of `bytes` in all are to stand here together.
    pub(crate) fn takes_all(&self, count: usize, bytes: usize) -> bool {
        count <= PACK_LINKS_MAX
            && (bytes.saturating_add(count.saturating_mul(SEPARATOR.len())) as u64) <= PACK_BYTES_MAX
            && self.begins()
    }

    /// Whether a group of `bytes` is to stand here, also as the first thing of an instance: nobody would read it with `cat`.
    pub(crate) fn takes_group(&self, bytes: usize) -> bool {
        self.has_begun.set(true);
        bytes < usize::try_from(PACK_BYTES_MAX).unwrap_or(usize::MAX) && !self.is_refused.get()
    }

    /// Writes `parts` behind what was written before, in a new pack in `tmp` where the last one is full.
    ///
    /// # Errors
    /// Whatever the system answers; the next attempt is made in a new pack.
    pub(crate) fn append(&self, tmp: &D, parts: &[&[u8]], environment: &Environment) -> FsResult<Extent> {
        let extents = self.append_all(tmp, core::iter::once(parts), environment)?;
        extents.into_iter().next().ok_or(FsError::Invalid)
    }

    /// Writes several things one after the other, all in one pack, and answers where each stands.
    ///
    /// # Errors
    /// As [`Pack::append`].
    pub(crate) fn append_all<'p>(
        &self,
        tmp: &D,
        things: impl Iterator<Item = &'p [&'p [u8]]>,
        environment: &Environment,
    ) -> FsResult<Vec<Extent>> {
        let mut bytes = Vec::new();
        // Where each begins and how long it is.
        let mut places = Vec::new();
        for parts in things {
            let start = bytes.len() as u64;
            parts.iter().for_each(|part| bytes.extend_from_slice(part));
            places.push((start, (bytes.len() as u64).saturating_sub(start)));
            bytes.extend_from_slice(SEPARATOR);
        }
        let kept = self.open.borrow_mut().take();
        let mut open = match kept.filter(|open| open.has_room_for(places.len(), bytes.len() as u64)) {
            Some(open) => open,
            None => Open::create(tmp, environment)?,
        };
        write_all(&open.file, &bytes, open.length)?;
        let (pack, end) = (open.id, open.length);
        open.length = end.saturating_add(bytes.len() as u64);
        *self.open.borrow_mut() = Some(open);
        Ok(places.into_iter().map(|(start, length)| Extent { pack, at: end.saturating_add(start), length }).collect())
    }

    /// Publishes what was appended as `name` in `to`. `false` if a second name was refused: what was to stand here needs a
    /// file of its own, and where there are no second names at all, so does everything.
    ///
    /// # Errors
    /// [`FsError::NotFound`] if a sweeper took the pack, or `to` was removed: the next thing goes into a new pack.
    /// [`FsError::Exists`], [`FsError::NoSpace`], [`FsError::ReadOnly`], which a file of its own would meet as well.
    pub(crate) fn link(&self, to: &D, name: &str) -> FsResult<bool> {
        let linked = match self.open.borrow_mut().as_mut() {
            Some(open) => open.tmp.link(&open.name, to, name).map(|()| open.things += 1),
            None => Err(FsError::NotFound),
        };
        let Err(error) = linked else { return Ok(true) };
        match error {
            FsError::Exists | FsError::NoSpace | FsError::ReadOnly => Err(error),
            FsError::NotFound => {
                self.forget();
                Err(error)
            }
            _ => {
                self.forget();
                if matches!(error, FsError::Unsupported | FsError::Denied) {
                    self.is_refused.set(true);
                }
                Ok(false)
            }
        }
    }

    /// Returns once all that was published from this pack is on the disk, but for the names.
    ///
    /// # Errors
    /// Whatever the system answers.
    pub(crate) fn sync(&self) -> FsResult<()> {
        let synced = self.open.borrow().as_ref().map_or(Ok(()), |open| open.file.sync());
        if synced.is_err() {
            // What stands beside what could not be written is not trusted: the next thing goes into a new pack.
            self.forget();
        }
        synced
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_extent_reads_back_as_written(pack in 0u64..(1 << ID_BITS), at in 0u64..(1 << 39), length in 0u64..(1 << 39)) {
            let extent = Extent { pack, at, length };
            let mut text = Text::with_capacity(0);
            extent.write(&mut text);
            prop_assert_eq!(Extent::read(&text.finish()), Some(extent));
        }
    }

    #[test]
    fn what_is_no_extent_is_none() {
        for text in [
            "",
            "1",
            "1-2",
            "1-2-3-4",
            "1--3",
            "1-2-vvvvvvvvv",
            "w-2-3",
            "fvvvvvvvvvvvv-fvvvvvvvvvvvv-1",
            "1-8000000000000-1",
        ] {
            assert_eq!(Extent::read(text), None, "{text}");
        }
    }
}
