//! One who is always second: it is told so a little later each time, and goes on.

use super::granted;
use leasehold::directory::{NativeDirectory, NativeFile};
use leasehold::tasklist::NewTask;
use leasehold::{Durability, Engine, Session, Store, system_environment};
use leasehold_core::capability::{Directory, FsError, FsResult, Kind, Metadata};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Somebody else is first so many times.
#[derive(Clone)]
struct Second {
    directory: NativeDirectory,
    losses: Rc<Cell<u32>>,
}

impl Second {
    fn with(&self, directory: NativeDirectory) -> Self {
        Self { directory, losses: Rc::clone(&self.losses) }
    }
}

impl Directory for Second {
    type File = NativeFile;

    fn open_dir(&self, name: &str) -> FsResult<Self> {
        Ok(self.with(self.directory.open_dir(name)?))
    }

    fn create_dir(&self, name: &str) -> FsResult<()> {
        self.directory.create_dir(name)
    }

    fn create(&self, name: &str) -> FsResult<NativeFile> {
        self.directory.create(name)
    }

    fn open(&self, name: &str) -> FsResult<NativeFile> {
        self.directory.open(name)
    }

    fn rename(&self, from: &str, to: &Self, name: &str) -> FsResult<()> {
        if from.contains(".live.") && self.losses.get() > 0 {
            self.losses.set(self.losses.get() - 1);
            return Err(FsError::NotFound);
        }
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

fn create(session: &mut Session) -> Vec<u64> {
    session.task_create("l", &[NewTask { subject: "x", ..NewTask::default() }], None, Durability::Standard).unwrap()
}

#[test]
fn who_is_always_second_keeps_the_disk_less_and_less_busy_until_it_is_first() {
    let (place, _) = granted();
    let losses = Rc::new(Cell::new(0));
    let directories = [Store::Tasks, Store::Holders].map(|store| {
        let name = store.directory_name();
        let directory = NativeDirectory::open_ambient(&place.path().join(name)).unwrap();
        (name.to_owned(), Second { directory, losses: Rc::clone(&losses) })
    });
    let mut session = Engine::new().unwrap().open_over(directories.into(), system_environment()).unwrap();
    assert_eq!(create(&mut session), [1]);
    // A pause is of any length up to an eighth of a second in the end: so many of those are not all of them short.
    losses.set(32);
    let begun = Instant::now();
    assert_eq!(create(&mut session), [2]);
    assert_eq!(losses.get(), 0);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
}
