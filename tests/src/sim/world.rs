//! The simulated directory as an ordinary file system in memory: one actor, no scheduler.

use super::actor::{Actor, Event};
use super::apply::{By, Effect};
use super::directory::Port;
use super::filesystem::{Body, FileSystem, Node, ROOT};
use super::fingerprint::Mixer;
use super::operation::{Answer, Ino, Name, Op, Request};
use super::powercut::Journal;
use super::view::View;
use leasehold_core::capability::FsError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The wall clock of a new world: late in 2023, in milliseconds.
pub const START_MS: u64 = 1_700_000_000_000;

/// What the world makes is numbered apart from what any actor makes.
const SLOT: u8 = 255;

/// A simulated file system with its clocks, used directly. It is where a scenario begins, and a test bed by
/// itself: it counts operations, fails or stops at one of them, and can lose its power.
///
/// It dereferences to an [`Actor`], so `world.queue("q")` or `world.advance(1000)` work as in a scenario.
pub struct World {
    actor: Actor,
    site: Rc<Site>,
}

#[derive(Clone)]
struct Plain {
    fs: FileSystem,
    wall: u64,
    monotonic: u64,
    made: u64,
    journal: Journal,
    operations: u64,
    fails: Option<(u64, FsError)>,
    stops: Option<u64>,
    transfer: usize,
    shuffle: Option<u64>,
    recording: bool,
    recorded: Vec<String>,
    log: Vec<Event>,
}

struct Site {
    plain: RefCell<Plain>,
    drawn: Cell<u64>,
}

impl std::ops::Deref for World {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world with the directories `aristo` and `holders`, both empty.
    #[must_use]
    pub fn new() -> Self {
        let world = Self::bare();
        world.directory("aristo");
        world.directory("holders");
        world.directory("claims");
        world.directory("checkpoint");
        world.directory("tasks");
        world.directory("jobs");
        world
    }

    /// A world with an empty root.
    #[must_use]
    pub fn bare() -> Self {
        Self::at(FileSystem::new(START_MS), START_MS, 1000, 0)
    }

    pub(crate) fn at(fs: FileSystem, wall: u64, monotonic: u64, drawn: u64) -> Self {
        let journal = Journal::new(&fs);
        Self::from(
            Plain {
                fs,
                wall,
                monotonic,
                made: drawn,
                journal,
                operations: 0,
                fails: None,
                stops: None,
                transfer: usize::MAX,
                shuffle: None,
                recording: false,
                recorded: Vec::new(),
                log: Vec::new(),
            },
            drawn,
        )
    }

    fn from(plain: Plain, drawn: u64) -> Self {
        let site = Rc::new(Site { plain: RefCell::new(plain), drawn: Cell::new(drawn) });
        Self { actor: Actor { name: "world".into(), port: site.clone() }, site }
    }

    /// A second world that begins as this one stands, faults and counts included.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::from(self.site.plain.borrow().clone(), self.site.drawn.get())
    }

    /// A look at the tree and the log.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let plain = self.site.plain.borrow();
        look(&View { fs: &plain.fs, log: plain.log.clone(), wall: plain.wall, monotonic: plain.monotonic })
    }

    pub(crate) fn snapshot(&self) -> (FileSystem, u64, u64) {
        let plain = self.site.plain.borrow();
        (plain.fs.clone(), plain.wall, plain.monotonic)
    }

    /// Makes the directory at `path` and those above it.
    pub fn directory(&self, path: &str) {
        self.ensure(path);
    }

    fn ensure(&self, path: &str) -> Ino {
        let mut dir = ROOT;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let found = self.site.plain.borrow().fs.lookup(dir, part);
            dir = found.unwrap_or_else(|| self.put(dir, part, Body::Dir(Vec::new())));
        }
        dir
    }

    fn put(&self, dir: Ino, name: &str, body: Body) -> Ino {
        let mut plain = self.site.plain.borrow_mut();
        let ino = plain.fresh();
        let now = plain.wall;
        plain.fs.insert(ino, Node { body, links: 1, modified: now, denied: false, owner: None });
        plain.fs.add(dir, &Name::new(name), ino, now, &mut Effect::default());
        plain.settle();
        ino
    }

    fn split<'p>(&self, path: &'p str) -> (Ino, &'p str) {
        match path.rsplit_once('/') {
            Some((above, name)) => (self.ensure(above), name),
            None => (ROOT, path),
        }
    }

    /// Plants a file, as if somebody had put it there.
    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        let (dir, name) = self.split(path);
        self.put(dir, name, Body::File(Rc::new(content.as_ref().to_vec())));
    }

    /// Plants a symbolic link.
    pub fn link(&self, path: &str, target: &str) {
        let (dir, name) = self.split(path);
        self.put(dir, name, Body::Link(target.into()));
    }

    /// Gives the file at `existing` a second name.
    ///
    /// # Panics
    /// If nothing stands at `existing`.
    pub fn hard_link(&self, existing: &str, path: &str) {
        let (dir, name) = self.split(path);
        let mut plain = self.site.plain.borrow_mut();
        let now = plain.wall;
        let ino = plain.fs.at(existing).expect("a file to link to");
        plain.fs.add(dir, &Name::new(name), ino, now, &mut Effect::default());
        plain.fs.node_mut(ino).expect("its inode").links += 1;
        plain.settle();
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Node)) {
        let mut plain = self.site.plain.borrow_mut();
        let ino = plain.fs.at(path).unwrap_or_else(|| panic!("nothing stands at {path}"));
        change(plain.fs.node_mut(ino).expect("its inode"));
        plain.settle();
    }

    /// From now on a file can have one name only, as on some systems.
    pub fn refuse_links(&self) {
        self.site.plain.borrow_mut().fs.takes_links = false;
    }

    /// Forbids opening what stands at `path`.
    ///
    /// # Panics
    /// If nothing stands there.
    pub fn deny(&self, path: &str) {
        self.change(path, |node| node.denied = true);
    }

    /// Sets when the content at `path` last changed.
    ///
    /// # Panics
    /// If nothing stands there.
    pub fn set_modified(&self, path: &str, ms: u64) {
        self.change(path, |node| node.modified = ms);
    }

    /// How many operations were asked for so far, clocks not counted.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.site.plain.borrow().operations
    }

    /// Lets the operation after the next `n` fail, once, without happening.
    pub fn fail_after(&self, n: u64, error: FsError) {
        let mut plain = self.site.plain.borrow_mut();
        plain.fails = Some((plain.operations + n, error));
    }

    /// Lets the next `n` operations happen and none after: the instance died there. See [`World::go_on`].
    pub fn stop_after(&self, n: u64) {
        let mut plain = self.site.plain.borrow_mut();
        plain.stops = Some(plain.operations + n);
    }

    /// Ends what [`World::stop_after`] and [`World::fail_after`] began.
    pub fn go_on(&self) {
        let mut plain = self.site.plain.borrow_mut();
        plain.stops = None;
        plain.fails = None;
    }

    /// Lets a read or a write move at most `bytes` at a time.
    pub fn transfer_at_most(&self, bytes: usize) {
        self.site.plain.borrow_mut().transfer = bytes;
    }

    /// Shuffles the order of listings; they are sorted by name otherwise.
    pub fn shuffle(&self, seed: u64) {
        self.site.plain.borrow_mut().shuffle = Some(seed);
    }

    /// Begins to write down each operation with its answer.
    pub fn record(&self) {
        self.site.plain.borrow_mut().recording = true;
    }

    /// What was written down since the last call.
    #[must_use]
    pub fn recorded(&self) -> Vec<String> {
        std::mem::take(&mut self.site.plain.borrow_mut().recorded)
    }

    pub(crate) fn journal(&self) -> Journal {
        self.site.plain.borrow().journal.clone()
    }

    pub(crate) fn drawn(&self) -> u64 {
        self.site.drawn.get().max(self.site.plain.borrow().made)
    }
}

impl Plain {
    fn fresh(&mut self) -> Ino {
        self.made += 1;
        u64::from(SLOT) << 48 | self.made
    }

    /// What stands now is on the disk, and its fingerprint right.
    fn settle(&mut self) {
        let inodes: Vec<Ino> = self.fs.inodes().map(|(ino, _)| ino).collect();
        inodes.into_iter().for_each(|ino| self.fs.refresh(ino));
        self.journal = Journal::new(&self.fs);
    }

    fn call(&mut self, request: &Request<'_>) -> Answer {
        match *request {
            Op::Now => return Answer::Time(self.wall),
            Op::Monotonic => return Answer::Time(self.monotonic),
            Op::SetWall(ms) => self.wall = ms,
            Op::Jump(ms) => self.wall = self.wall.saturating_add_signed(ms),
            Op::Advance(ms) => {
                self.wall += ms;
                self.monotonic += ms;
            }
            _ => return self.operate(request),
        }
        Answer::Done
    }

    fn operate(&mut self, request: &Request<'_>) -> Answer {
        let number = self.operations;
        self.operations += 1;
        if self.stops.is_some_and(|stop| number >= stop) {
            return Answer::Failed(FsError::Other("the instance has stopped".into()));
        }
        if self.fails.as_ref().is_some_and(|(at, _)| *at == number)
            && let Some((_, error)) = self.fails.take()
        {
            return Answer::Failed(error);
        }
        let operation = match *request {
            Op::ReadAt(ino, len, at) => Op::ReadAt(ino, len.min(self.transfer), at),
            Op::WriteAt(ino, data, at) => Op::WriteAt(ino, &data[..data.len().min(self.transfer)], at),
            ref other => other.clone(),
        }
        .keep();
        let words = self.recording.then(|| self.fs.describe(&operation));
        let mut effect = Effect::default();
        let by = By { slot: SLOT, fresh: u64::from(SLOT) << 48 | (self.made + 1), now: self.wall, hidden: &|_| false };
        let answer = self.fs.apply(&operation, &by, &mut effect);
        self.made += u64::from(effect.made);
        self.journal.note(&operation, &answer, &effect, &self.fs);
        if let Some(words) = words {
            self.recorded.push(format!("{words} => {answer}"));
        }
        answer
    }
}

impl Port for Site {
    fn call(&self, request: &Request<'_>) -> Answer {
        self.plain.borrow_mut().call(request)
    }

    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        random(u64::from(SLOT), self.drawn.get())
    }

    fn log(&self, what: String, value: u64) {
        self.plain.borrow_mut().log.push(Event { actor: "world".into(), what, value });
    }

    fn granted(&self, path: &str) -> Ino {
        granted(&self.plain.borrow().fs, path)
    }

    fn shuffle(&self) -> Option<u64> {
        self.plain.borrow().shuffle
    }
}

/// The `n`-th random number of one actor.
pub(crate) fn random(slot: u64, n: u64) -> u64 {
    let mut mixer = Mixer::new(slot);
    mixer.word(n);
    mixer.end() as u64
}

pub(crate) fn granted(fs: &FileSystem, path: &str) -> Ino {
    match fs.at(path) {
        Some(ino) if fs.entries(ino).is_some() => ino,
        _ => panic!("no directory {path} stands in this world to be granted"),
    }
}
