//! Histories: what an actor has been answered so far, and what it does next.
//!
//! An actor is a closure whose next operation follows from the answers to its earlier ones. To learn it, the
//! closure is run again from its beginning over the recorded answers; at the first operation beyond them it is
//! left by unwinding. Each history is run once, however many states share it.

use super::actor::{Actor, Event};
use super::directory::Port;
use super::filesystem::FileSystem;
use super::fingerprint::Map;
use super::operation::{Answer, Ino, Op, Operation, Request};
use super::scenario::Program;
use super::world::{granted, random};
use leasehold_core::capability::FsError;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// The number of a history.
pub(crate) type HistoryId = u32;

/// What an actor does after a history.
#[derive(Clone)]
pub(crate) enum Next {
    Operation(Rc<Operation>),
    /// It has ended with these words (by their number).
    End(u32),
    /// The code under test panicked.
    Panic(Rc<str>),
}

pub(crate) struct History {
    parent: HistoryId,
    answer: Option<Answer>,
    pub(crate) program: u8,
    /// How many answers.
    pub(crate) length: u32,
    /// How many inodes the actor has made.
    made: u32,
    /// What it logged since the last answer.
    pub(crate) events: Rc<[Event]>,
    pub(crate) next: Next,
}

impl History {
    /// The number of the next inode that the actor makes.
    pub(crate) fn fresh(&self) -> Ino {
        u64::from(self.program + 1) << 48 | u64::from(self.made)
    }
}

/// All histories of one scenario.
pub(crate) struct Histories {
    all: Vec<History>,
    children: Map<(u32, u128), HistoryId>,
    /// Each program's beginning.
    pub(crate) roots: Vec<HistoryId>,
    pub(crate) endings: Vec<Rc<str>>,
    setting: Rc<Setting>,
    programs: Rc<[Program]>,
}

/// What all runs of a scenario's closures share.
pub(crate) struct Setting {
    /// How the world stood when the scenario began.
    pub(crate) start: FileSystem,
    /// The two clocks, if nobody moves them.
    pub(crate) still: Option<(u64, u64)>,
    pub(crate) shuffle: Option<u64>,
}

/// Leaves a closure.
struct Left;

struct Replay {
    setting: Rc<Setting>,
    answers: Vec<Answer>,
    at: Cell<usize>,
    next: RefCell<Option<Operation>>,
    events: RefCell<Vec<Event>>,
    name: Rc<str>,
    slot: u64,
    drawn: Cell<u64>,
    clock: bool,
}

impl Port for Replay {
    fn call(&self, request: &Request<'_>) -> Answer {
        if self.next.borrow().is_some() {
            // Destructors that run while the closure is being left.
            return Answer::Failed(FsError::Other("the actor is being left".into()));
        }
        match request {
            // No sync can be told from its absence unless the power goes.
            Op::SyncDir(_) | Op::SyncFile(_) => return Answer::Done,
            Op::Now if let Some((wall, _)) = self.setting.still => return Answer::Time(wall),
            Op::Monotonic if let Some((_, monotonic)) = self.setting.still => {
                return Answer::Time(monotonic);
            }
            Op::SetWall(_) | Op::Jump(_) | Op::Advance(_) => {
                assert!(self.clock, "{} is no clock actor and moves the clock", self.name);
            }
            _ => {}
        }
        let at = self.at.get();
        if let Some(answer) = self.answers.get(at) {
            self.at.set(at + 1);
            return answer.clone();
        }
        *self.next.borrow_mut() = Some(request.keep());
        resume_unwind(Box::new(Left))
    }

    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        random(self.slot, self.drawn.get())
    }

    fn log(&self, what: String, value: u64) {
        if self.at.get() == self.answers.len() && self.next.borrow().is_none() {
            self.events.borrow_mut().push(Event { actor: self.name.clone(), what, value });
        }
    }

    fn granted(&self, path: &str) -> Ino {
        granted(&self.setting.start, path)
    }

    fn shuffle(&self) -> Option<u64> {
        self.setting.shuffle
    }
}

impl Histories {
    pub(crate) fn new(programs: Rc<[Program]>, setting: Setting) -> Self {
        let mut histories = Self {
            all: Vec::new(),
            children: Map::default(),
            roots: Vec::new(),
            endings: Vec::new(),
            setting: Rc::new(setting),
            programs,
        };
        for program in 0..histories.programs.len() {
            let root = histories.learn(HistoryId::MAX, None, program as u8, 0, 0);
            histories.roots.push(root);
        }
        histories
    }

    pub(crate) fn get(&self, id: HistoryId) -> &History {
        &self.all[id as usize]
    }

    /// The history that `answer` makes of `id`, and whether it is new.
    pub(crate) fn child(&mut self, id: HistoryId, answer: Answer) -> (HistoryId, bool) {
        let key = (id, answer.print());
        if let Some(child) = self.children.get(&key) {
            return (*child, false);
        }
        let parent = self.get(id);
        let makes = matches!(&parent.next, Next::Operation(op) if matches!(**op, Op::Create(..) | Op::CreateDir(..)));
        let made = parent.made + u32::from(makes && matches!(answer, Answer::Handle(_)));
        let (program, length) = (parent.program, parent.length + 1);
        let child = self.learn(id, Some(answer), program, length, made);
        self.children.insert(key, child);
        (child, true)
    }

    fn learn(&mut self, parent: HistoryId, answer: Option<Answer>, program: u8, length: u32, made: u32) -> HistoryId {
        let mut answers: Vec<Answer> = Vec::with_capacity(length as usize);
        answers.extend(answer.clone());
        let mut at = parent;
        while at != HistoryId::MAX {
            let history = self.get(at);
            answers.extend(history.answer.clone());
            at = history.parent;
        }
        answers.reverse();
        let Program { name, run, kind, .. } = &self.programs[program as usize];
        let replay = Rc::new(Replay {
            setting: self.setting.clone(),
            answers,
            at: Cell::new(0),
            next: RefCell::new(None),
            events: RefCell::default(),
            name: name.clone(),
            slot: u64::from(program),
            drawn: Cell::new(0),
            clock: kind.moves_clock(),
        });
        let actor = Actor { name: name.clone(), port: replay.clone() };
        let end = catch_unwind(AssertUnwindSafe(|| run(&actor)));
        let next = match (replay.next.borrow_mut().take(), end) {
            (Some(operation), _) => Next::Operation(Rc::new(operation)),
            (None, Ok(words)) if replay.at.get() == replay.answers.len() => Next::End(self.ending(&words)),
            (None, Ok(_)) => {
                Next::Panic("the actor is not deterministic: it ended before its recorded answers did".into())
            }
            (None, Err(panic)) => Next::Panic(words_of(&*panic).into()),
        };
        let events = std::mem::take(&mut *replay.events.borrow_mut()).into();
        self.all.push(History { parent, answer, program, length, made, events, next });
        HistoryId::try_from(self.all.len() - 1).expect("fewer than four thousand million histories")
    }

    fn ending(&mut self, words: &str) -> u32 {
        let at = self.endings.iter().position(|known| **known == *words).unwrap_or_else(|| {
            self.endings.push(words.into());
            self.endings.len() - 1
        });
        at as u32
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".into())
}
