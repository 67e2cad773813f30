//! Histories: what an actor has been answered so far, and what it does next.
//!
//! An actor is a closure whose next operation follows from the answers to its earlier ones. To learn it, the
//! closure is run again from its beginning over the recorded answers; at the first operation beyond them it is
//! left by unwinding. Each history is run once, however many states share it.

use super::actor::{Actor, Event};
use super::apply::{By, Effect};
use super::directory::Port;
use super::filesystem::FileSystem;
use super::fingerprint::Map;
use super::operation::{Answer, Ino, Op, Operation, Request};
use super::scenario::Program;
use super::unnoticed::Assumptions;
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
    pub(crate) user: u8,
    /// The words (by their number) with which the actor's run before this one ended.
    pub(crate) input: Option<u32>,
    /// How many answers.
    pub(crate) length: u32,
    /// How many inodes the actor has made.
    made: u32,
    /// What it logged since the last answer.
    pub(crate) events: Rc<[Event]>,
    pub(crate) next: Next,
}

impl History {
    /// How many inodes its next operation made, answered so.
    fn makes(&self, answer: &Answer) -> u32 {
        let makes = matches!(&self.next, Next::Operation(op) if matches!(**op, Op::Create(..) | Op::CreateDir(..)));
        u32::from(makes && matches!(answer, Answer::Handle(_)))
    }

    /// The number of the next inode that the actor makes.
    pub(crate) fn fresh(&self) -> Ino {
        number(self.program, self.made)
    }
}

/// All histories of one scenario.
pub(crate) struct Histories {
    all: Vec<History>,
    children: Map<(u32, u128), HistoryId>,
    /// Each program's beginning.
    pub(crate) roots: Vec<HistoryId>,
    /// The beginnings of those that go on after some words.
    continued: Map<(u8, u32), HistoryId>,
    pub(crate) endings: Vec<Rc<str>>,
    setting: Rc<Setting>,
    programs: Rc<[Program]>,
    /// New ones, which nobody has held against the assumptions yet.
    unmet: Vec<HistoryId>,
}

/// Lets a run go on by itself through what nobody else can notice, so that not each such answer costs a run
/// from the beginning. It only foresees: what happens in a state is done on that state.
pub(crate) struct Ahead {
    pub(crate) fs: FileSystem,
    pub(crate) now: u64,
    pub(crate) still: bool,
    pub(crate) assumptions: Rc<RefCell<Assumptions>>,
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
    /// With how many answers were foreseen before them.
    events: RefCell<Vec<(usize, Event)>>,
    ahead: RefCell<Option<Ahead>>,
    foreseen: RefCell<Vec<(Operation, Answer)>>,
    made: Cell<u32>,
    name: Rc<str>,
    program: u8,
    user: u8,
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
        let operation = request.keep();
        if let Some(answer) = self.foresee(&operation) {
            self.foreseen.borrow_mut().push((operation, answer.clone()));
            return answer;
        }
        *self.next.borrow_mut() = Some(operation);
        resume_unwind(Box::new(Left))
    }

    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        random(u64::from(self.program), self.drawn.get())
    }

    fn log(&self, what: String, value: u64) {
        if self.at.get() == self.answers.len() && self.next.borrow().is_none() {
            let event = Event { actor: self.name.clone(), what, value };
            self.events.borrow_mut().push((self.foreseen.borrow().len(), event));
        }
    }

    fn granted(&self, path: &str) -> Ino {
        granted(&self.setting.start, path)
    }

    fn shuffle(&self) -> Option<u64> {
        self.setting.shuffle
    }
}

impl Replay {
    fn foresee(&self, operation: &Operation) -> Option<Answer> {
        let mut ahead = self.ahead.borrow_mut();
        let Ahead { fs, now, still, assumptions } = ahead.as_mut()?;
        let assumptions = assumptions.borrow();
        let logged = self.events.borrow().iter().any(|(before, _)| *before > 0);
        if logged || self.foreseen.borrow().len() > FARTHEST || !assumptions.unnoticed(operation, fs, self.user, *still)
        {
            return None;
        }
        // The clock stands still, but where is for the state to say.
        if matches!(operation, Op::Now | Op::Monotonic) {
            return None;
        }
        let hidden = |dir| assumptions.workshop(dir);
        let by = By { slot: self.user, fresh: number(self.program, self.made.get()), now: *now, hidden: &hidden };
        let mut effect = Effect::default();
        let answer = fs.apply(operation, &by, &mut effect);
        self.made.set(self.made.get() + u32::from(effect.made));
        Some(answer)
    }
}

/// A run that goes on for longer by itself is broken off.
const FARTHEST: usize = 1000;

/// The number of the inode that a program makes after it has made so many.
fn number(program: u8, made: u32) -> Ino {
    u64::from(program + 1) << 48 | u64::from(made)
}

impl Histories {
    pub(crate) fn new(programs: Rc<[Program]>, setting: Setting) -> Self {
        let mut histories = Self {
            all: Vec::new(),
            children: Map::default(),
            roots: Vec::new(),
            continued: Map::default(),
            endings: Vec::new(),
            setting: Rc::new(setting),
            programs,
            unmet: Vec::new(),
        };
        for program in 0..histories.programs.len() {
            let goes_on = histories.programs.iter().any(|other| other.then == Some(program as u8));
            let run = (program as u8, None);
            let root = if goes_on { HistoryId::MAX } else { histories.learn(HistoryId::MAX, None, run, 0, 0, None) };
            histories.roots.push(root);
        }
        histories
    }

    /// Where a program begins that goes on after these words.
    pub(crate) fn begin(&mut self, program: u8, words: u32) -> HistoryId {
        if let Some(root) = self.continued.get(&(program, words)) {
            return *root;
        }
        let root = self.learn(HistoryId::MAX, None, (program, Some(words)), 0, 0, None);
        self.continued.insert((program, words), root);
        root
    }

    pub(crate) fn get(&self, id: HistoryId) -> &History {
        &self.all[id as usize]
    }

    /// The history that `answer` makes of `id`. If it has to be learnt, `ahead` says how far that may go on.
    pub(crate) fn child(&mut self, id: HistoryId, answer: Answer, ahead: impl FnOnce() -> Option<Ahead>) -> HistoryId {
        let key = (id, answer.print());
        if let Some(child) = self.children.get(&key) {
            return *child;
        }
        let parent = self.get(id);
        let made = parent.made + parent.makes(&answer);
        let (run, length) = ((parent.program, parent.input), parent.length + 1);
        let child = self.learn(id, Some(answer), run, length, made, ahead());
        self.children.insert(key, child);
        child
    }

    /// The histories that are new since the last call.
    pub(crate) fn unmet(&mut self) -> Vec<HistoryId> {
        std::mem::take(&mut self.unmet)
    }

    /// What was asked and answered to come to this history.
    pub(crate) fn last(&self, id: HistoryId) -> Option<(&Operation, &Answer)> {
        let history = self.get(id);
        match (&history.answer, history.parent) {
            (Some(answer), parent) => match &self.get(parent).next {
                Next::Operation(operation) => Some((operation, answer)),
                _ => None,
            },
            _ => None,
        }
    }

    fn learn(
        &mut self,
        parent: HistoryId,
        answer: Option<Answer>,
        (program, input): (u8, Option<u32>),
        length: u32,
        made: u32,
        ahead: Option<Ahead>,
    ) -> HistoryId {
        let mut answers: Vec<Answer> = Vec::with_capacity(length as usize);
        answers.extend(answer.clone());
        let mut at = parent;
        while at != HistoryId::MAX {
            let history = self.get(at);
            answers.extend(history.answer.clone());
            at = history.parent;
        }
        answers.reverse();
        let &Program { ref name, ref run, kind, user, .. } = &self.programs[program as usize];
        let replay = Rc::new(Replay {
            setting: self.setting.clone(),
            answers,
            at: Cell::new(0),
            next: RefCell::new(None),
            events: RefCell::default(),
            name: name.clone(),
            program,
            user,
            ahead: RefCell::new(ahead),
            foreseen: RefCell::default(),
            made: Cell::new(made),
            drawn: Cell::new(0),
            clock: kind.moves_clock(),
        });
        let actor = Actor { name: name.clone(), port: replay.clone() };
        let words = input.map_or_else(|| "".into(), |words| self.endings[words as usize].clone());
        let end = catch_unwind(AssertUnwindSafe(|| run(&actor, &words)));
        let next = match (replay.next.borrow_mut().take(), end) {
            (Some(operation), _) => Next::Operation(Rc::new(operation)),
            (None, Ok(words)) if replay.at.get() == replay.answers.len() => Next::End(self.ending(&words)),
            (None, Ok(_)) => {
                Next::Panic("the actor is not deterministic: it ended before its recorded answers did".into())
            }
            (None, Err(panic)) => Next::Panic(words_of(&*panic).into()),
        };
        let foreseen = replay.foreseen.take();
        let events = replay.events.take();
        let events = |at| events.iter().filter(|(before, _)| *before == at).map(|(_, event)| event.clone()).collect();
        let mut history = History { parent, answer, program, user, input, length, made, events: events(0), next };
        let first = self.all.len();
        for (before, (operation, answer)) in foreseen.into_iter().enumerate() {
            let end = std::mem::replace(&mut history.next, Next::Operation(Rc::new(operation)));
            let id = self.add(history);
            let came = self.get(id);
            let made = came.made + came.makes(&answer);
            let (length, events) = (came.length + 1, events(before + 1));
            self.children.insert((id, answer.print()), id + 1);
            history =
                History { parent: id, answer: Some(answer), program, user, input, length, made, events, next: end };
        }
        self.add(history);
        HistoryId::try_from(first).expect("fewer than four thousand million histories")
    }

    fn add(&mut self, history: History) -> HistoryId {
        let id = self.all.len() as HistoryId;
        self.all.push(history);
        self.unmet.push(id);
        id
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
