//! What was read last of a pack: tasks that were pushed one after the other are read together.

use crate::capability::{File, FsResult};
use crate::store::Extent;
use alloc::vec;
use alloc::vec::Vec;

/// How much of a pack is read at once, in bytes.
const WINDOW_BYTES: usize = 64 * 1024;

/// One pack, and a part of its content.
pub(crate) struct Window<F> {
    pack: Option<(u64, F)>,
    start: u64,
    bytes: Vec<u8>,
}

impl<F> core::fmt::Debug for Window<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Window")
    }
}

impl<F> Default for Window<F> {
    fn default() -> Self {
        Window { pack: None, start: 0, bytes: Vec::new() }
    }
}

impl<F: File> Window<F> {
    /// The bytes of an extent in the pack that is known, if it is that one. Whatever comes back has to be held
    /// against its checksum: what was read before it was written is not what it is now.
    pub(crate) fn recall(&mut self, extent: &Extent) -> Option<Vec<u8>> {
        let (pack, _) = self.pack.as_ref()?;
        if *pack != extent.pack || extent.length > WINDOW_BYTES as u64 {
            return None;
        }
        if let Some(bytes) = self.part(extent) {
            return Some(bytes);
        }
        self.fill(extent.at).ok()?;
        self.part(extent)
    }

    /// Goes on with another pack, or the same one read anew.
    pub(crate) fn look_into(&mut self, file: F, extent: &Extent) {
        self.pack = Some((extent.pack, file));
        self.start = 0;
        self.bytes.clear();
    }

    fn part(&self, extent: &Extent) -> Option<Vec<u8>> {
        let from = usize::try_from(extent.at.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(usize::try_from(extent.length).ok()?)?;
        self.bytes.get(from..to).map(Vec::from)
    }

    fn fill(&mut self, at: u64) -> FsResult<()> {
        let Some((_, file)) = &self.pack else { return Ok(()) };
        let mut bytes = core::mem::take(&mut self.bytes);
        if bytes.capacity() < WINDOW_BYTES {
            bytes = vec![0; WINDOW_BYTES];
        } else {
            bytes.resize(WINDOW_BYTES, 0);
        }
        let read = file.read_at(&mut bytes, at)?;
        bytes.truncate(read);
        // Where a reserve ends in zeros, what will stand there is not written yet.
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        self.bytes = bytes;
        self.start = at;
        Ok(())
    }
}
