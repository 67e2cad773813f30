//! A directory that obeys the trait to the letter and takes one byte at a time.

use leasehold::Store;
use leasehold::directory::{NativeDirectory, NativeFile};
use leasehold_core::capability::{Directory, File, FsResult, Kind, Metadata};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

#[derive(Clone)]
pub(crate) struct Drip {
    directory: NativeDirectory,
    dripping: Rc<Cell<bool>>,
}

pub(crate) struct DripFile {
    file: NativeFile,
    dripping: Rc<Cell<bool>>,
}

/// The queues and the holders beneath `root`, and what turns the dripping on.
pub(crate) fn dripping(root: &Path) -> (Vec<(String, Drip)>, Rc<Cell<bool>>) {
    let dripping = Rc::new(Cell::new(false));
    let directories = [Store::Queues, Store::Holders].map(|store| {
        let name = store.directory_name();
        let directory = NativeDirectory::open_ambient(&root.join(name)).unwrap();
        (name.to_owned(), Drip { directory, dripping: Rc::clone(&dripping) })
    });
    (directories.into(), dripping)
}

impl Drip {
    fn with(&self, directory: NativeDirectory) -> Self {
        Self { directory, dripping: Rc::clone(&self.dripping) }
    }

    fn file(&self, file: NativeFile) -> DripFile {
        DripFile { file, dripping: Rc::clone(&self.dripping) }
    }
}

impl File for DripFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> FsResult<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> FsResult<usize> {
        let most = if self.dripping.get() { 1 } else { data.len() };
        self.file.write_at(&data[..most.min(data.len())], offset)
    }

    fn metadata(&self) -> FsResult<Metadata> {
        self.file.metadata()
    }

    fn sync(&self) -> FsResult<()> {
        self.file.sync()
    }
}

impl Directory for Drip {
    type File = DripFile;

    fn open_dir(&self, name: &str) -> FsResult<Self> {
        Ok(self.with(self.directory.open_dir(name)?))
    }

    fn create_dir(&self, name: &str) -> FsResult<()> {
        self.directory.create_dir(name)
    }

    fn create(&self, name: &str) -> FsResult<DripFile> {
        Ok(self.file(self.directory.create(name)?))
    }

    fn open(&self, name: &str) -> FsResult<DripFile> {
        Ok(self.file(self.directory.open(name)?))
    }

    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        self.directory.rename(from, &to.directory, name)
    }

    fn link(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        self.directory.link(from, &to.directory, name)
    }

    fn unlink(&self, name: &str) -> FsResult<()> {
        self.directory.unlink(name)
    }

    fn remove_dir(&self, name: &str) -> FsResult<()> {
        self.directory.remove_dir(name)
    }

    fn list(&self, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
        self.directory.list(visit)
    }

    fn metadata(&self, name: &str) -> FsResult<Metadata> {
        self.directory.metadata(name)
    }

    fn sync(&self) -> FsResult<()> {
        self.directory.sync()
    }
}
