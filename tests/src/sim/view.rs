//! A read-only look at one state.

use super::actor::Event;
use super::filesystem::{Body, FileSystem};
use super::world::World;

/// The file system, the log and the clocks of one state.
pub struct View<'a> {
    pub(crate) fs: &'a FileSystem,
    pub(crate) log: Vec<Event>,
    pub(crate) wall: u64,
    pub(crate) monotonic: u64,
}

impl View<'_> {
    /// The names in the directory at `path`, sorted; none if there is no such directory.
    #[must_use]
    pub fn names(&self, path: &str) -> Vec<String> {
        let entries = self.fs.at(path).and_then(|ino| self.fs.entries(ino)).unwrap_or_default();
        entries.iter().map(|(name, _)| name.text.to_string()).collect()
    }

    /// All that is not a directory below `path`, as sorted paths relative to it.
    #[must_use]
    pub fn below(&self, path: &str) -> Vec<String> {
        self.fs.below(path)
    }

    /// Whether anything stands at `path`.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.fs.at(path).is_some()
    }

    /// The content of the file at `path`.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        match &self.fs.node(self.fs.at(path)?)?.body {
            Body::File(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }

    /// How many names the file at `path` stands under.
    #[must_use]
    pub fn links(&self, path: &str) -> Option<u32> {
        Some(self.fs.node(self.fs.at(path)?)?.links)
    }

    /// Every event so far, oldest first.
    #[must_use]
    pub fn log(&self) -> &[Event] {
        &self.log
    }

    /// The values logged under `what`, oldest first.
    #[must_use]
    pub fn logged(&self, what: &str) -> Vec<u64> {
        self.log.iter().filter(|event| event.what == what).map(|event| event.value).collect()
    }

    /// The wall clock.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.wall
    }

    /// The whole tree in words, one entry a line.
    #[must_use]
    pub fn tree(&self) -> String {
        self.fs.tree()
    }

    /// A world that begins as this state stands, to run the real code on (a later worker, a status). It
    /// changes nothing here.
    #[must_use]
    pub fn world(&self) -> World {
        World::at(self.fs.clone(), self.wall, self.monotonic, 1 << 40)
    }
}
