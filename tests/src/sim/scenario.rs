//! A scenario: where the world stands, who acts in it, what may go wrong, and what must hold.

use super::actor::{Actor, Summary};
use super::explorer::Explorer;
use super::view::View;
use super::violation::Violation;
use super::world::World;
use std::rc::Rc;

/// How listings behave while others change the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listings {
    /// A listing happens at one moment. One of a directory that was removed answers not found; otherwise it is empty.
    Atomic,
    /// A listing begins and ends at different moments; what comes or goes in between may be seen or not.
    Mixed,
    /// Like `Mixed`, and one that overlaps a rename in the directory may come back empty, as on btrfs.
    Btrfs,
}

/// What an actor did to a directory, as an observer sees it.
#[derive(Debug)]
pub struct Act {
    /// The name of the actor.
    pub actor: Rc<str>,
    /// What it did; it succeeded.
    pub deed: Deed,
    /// The path it did it to.
    pub path: String,
    /// The new path, of a rename or a link.
    pub to: Option<String>,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A file was made.
    Create,
    /// A directory was made.
    CreateDir,
    /// An entry was renamed.
    Rename,
    /// A file was given a second name.
    Link,
    /// A file was removed.
    Unlink,
    /// A directory was removed.
    RemoveDir,
    /// A file was written.
    Write,
}

/// How the actors of a complete schedule ended.
pub struct Endings {
    pub(crate) ends: Vec<(Rc<str>, Option<Rc<str>>)>,
}

impl Endings {
    /// What `actor` returned; none if it crashed.
    ///
    /// # Panics
    /// If the scenario has no such actor.
    #[must_use]
    pub fn of(&self, actor: &str) -> Option<&str> {
        let end = self.ends.iter().find(|(name, _)| **name == *actor);
        end.unwrap_or_else(|| panic!("no actor {actor}")).1.as_deref()
    }

    /// Whether nobody crashed for good.
    #[must_use]
    pub fn all_ended(&self) -> bool {
        self.ends.iter().all(|(_, end)| end.is_some())
    }

    /// How many actors returned these words.
    #[must_use]
    pub fn count(&self, words: &str) -> usize {
        self.ends.iter().filter(|(_, end)| end.as_deref() == Some(words)).count()
    }
}

/// Whether a look at a state is satisfied; the error says what is wrong.
pub type Verdict = Result<(), String>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Mortal,
    Steady,
    Clock,
}

impl Role {
    pub(crate) fn moves_clock(self) -> bool {
        self == Role::Clock
    }
}

#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) name: Rc<str>,
    /// Is handed the words with which the actor's run before it ended.
    pub(crate) run: Run,
    pub(crate) kind: Role,
    /// What runs after a crash.
    pub(crate) restart: Option<u8>,
    /// What runs after it has ended.
    pub(crate) then: Option<u8>,
    /// It runs after a crash.
    pub(crate) again: bool,
    /// Whose program it is: what one life of an actor made is hidden from others, but not from its next life.
    pub(crate) user: u8,
}

type Run = Rc<dyn Fn(&Actor, &str) -> String>;

impl Program {
    fn new<R: Summary>(name: &str, kind: Role, run: impl Fn(&Actor, &str) -> R + 'static) -> Self {
        let run = Rc::new(move |actor: &Actor, words: &str| run(actor, words).summary());
        Self { name: name.into(), run, kind, restart: None, then: None, again: false, user: 0 }
    }
}

type Always = Box<dyn Fn(&View<'_>) -> Verdict>;
type Finally = Box<dyn Fn(&View<'_>, &Endings) -> Verdict>;
type Observer = Box<dyn Fn(&Act) -> Option<(String, u64)>>;

/// A configuration to explore. See the [module](super) for an example.
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) world: World,
    pub(crate) actors: Vec<Program>,
    pub(crate) restarts: Vec<(usize, Program)>,
    pub(crate) thens: Vec<(usize, Program)>,
    pub(crate) crashes: u8,
    pub(crate) listings: Listings,
    pub(crate) limit: usize,
    pub(crate) bounded: bool,
    pub(crate) reduce: bool,
    pub(crate) shuffle: Option<u64>,
    pub(crate) always: Vec<Always>,
    pub(crate) finally: Vec<Finally>,
    pub(crate) observer: Option<Observer>,
}

/// The most actors a scenario can have.
pub(crate) const ACTORS: usize = 6;

impl Scenario {
    /// A scenario that begins as `world` stands now. Unless told otherwise one actor may crash, listings are
    /// atomic, and no more than two million states are visited.
    #[must_use]
    pub fn new(name: impl Into<String>, world: &World) -> Self {
        Self {
            name: name.into(),
            world: world.copy(),
            actors: Vec::new(),
            restarts: Vec::new(),
            thens: Vec::new(),
            crashes: 1,
            listings: Listings::Atomic,
            limit: 2_000_000,
            bounded: false,
            reduce: true,
            shuffle: None,
            always: Vec::new(),
            finally: Vec::new(),
            observer: None,
        }
    }

    fn with<R: Summary>(mut self, name: &str, kind: Role, run: impl Fn(&Actor) -> R + 'static) -> Self {
        assert!(self.actors.len() < ACTORS, "a scenario has at most {ACTORS} actors");
        assert!(self.actors.iter().all(|known| *known.name != *name), "two actors are called {name}");
        self.actors.push(Program::new(name, kind, move |actor, _| run(actor)));
        self
    }

    /// Adds an actor. Its next operation must follow from the answers to its earlier ones: it keeps no state
    /// outside the closure, and reads no other clock or randomness than its own.
    #[must_use]
    pub fn actor<R: Summary>(self, name: &str, run: impl Fn(&Actor) -> R + 'static) -> Self {
        self.with(name, Role::Mortal, run)
    }

    /// Adds an actor that never crashes.
    #[must_use]
    pub fn steady<R: Summary>(self, name: &str, run: impl Fn(&Actor) -> R + 'static) -> Self {
        self.with(name, Role::Steady, run)
    }

    /// Adds an actor that may move the clocks, and never crashes. With one, reading a clock is a step of its own.
    #[must_use]
    pub fn clock<R: Summary>(self, name: &str, run: impl Fn(&Actor) -> R + 'static) -> Self {
        self.with(name, Role::Clock, run)
    }

    /// Lets `run` begin in the place of the actor `name` whenever that has crashed. Such an actor may also
    /// crash after its last operation.
    ///
    /// # Panics
    /// If there is no such actor.
    #[must_use]
    pub fn restart<R: Summary>(mut self, name: &str, run: impl Fn(&Actor) -> R + 'static) -> Self {
        let actor = self.actors.iter().position(|known| *known.name == *name).expect("an actor to restart");
        let program = Program::new(name, Role::Mortal, move |actor, _| run(actor));
        self.restarts.push((actor, Program { again: true, ..program }));
        self
    }

    /// Lets the actor `name` go on with `run` once what it did so far has ended, keeping nothing of it but the
    /// words it ended with (a receipt, say). Different ways to the same words so become one, which
    /// makes fewer states than one closure that does it all.
    ///
    /// # Panics
    /// If there is no such actor.
    #[must_use]
    pub fn then<R: Summary>(mut self, name: &str, run: impl Fn(&Actor, &str) -> R + 'static) -> Self {
        let actor = self.actors.iter().position(|known| *known.name == *name).expect("an actor to go on");
        self.thens.push((actor, Program::new(name, self.actors[actor].kind, run)));
        self
    }

    /// How many crashes may happen in one schedule.
    #[must_use]
    pub fn crashes(mut self, crashes: u8) -> Self {
        self.crashes = crashes;
        self
    }

    /// How listings behave.
    #[must_use]
    pub fn listings(mut self, listings: Listings) -> Self {
        self.listings = listings;
        self
    }

    /// The most states to visit; meeting more is a failure unless the scenario is [bounded](Self::bounded).
    #[must_use]
    pub fn limit(mut self, states: usize) -> Self {
        self.limit = states;
        self
    }

    /// Being cut off at the limit is no failure: all schedules up to some length are explored.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.bounded = true;
        self
    }

    /// Gives every operation its own place in the schedule, also where nobody could notice it.
    #[must_use]
    pub fn every_step(mut self) -> Self {
        self.reduce = false;
        self
    }

    /// Shuffles the order in which listings name entries; it is sorted by name otherwise.
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.shuffle = Some(seed);
        self
    }

    /// Looks at every successful change of a directory; what is returned is logged atomically with it. This is
    /// how an event gets its place at the operation that makes it true, inside a call of the real code.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Act) -> Option<(String, u64)> + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Must hold in every state. It speaks of what others could see, not of half-made things in `tmp`.
    #[must_use]
    pub fn always(mut self, check: impl Fn(&View<'_>) -> Verdict + 'static) -> Self {
        self.always.push(Box::new(check));
        self
    }

    /// Must hold whenever every actor has ended or crashed.
    #[must_use]
    pub fn finally(mut self, check: impl Fn(&View<'_>, &Endings) -> Verdict + 'static) -> Self {
        self.finally.push(Box::new(check));
        self
    }

    /// Visits every reachable state, and prints how many there were.
    ///
    /// # Errors
    /// The first violation, with a shortest trace; also if the limit was met.
    pub fn explore(&self) -> Result<Explored, Box<Violation>> {
        let explored = Explorer::new(self).explore();
        match &explored {
            Ok(found) => {
                announce(&format!("explored {}: {} states, {} schedules", self.name, found.states, found.schedules))
            }
            Err(violation) => {
                announce(&format!("explored {}: {} after {} states", self.name, violation.headline(), violation.states))
            }
        }
        explored
    }

    /// Explores, and stops the test with the trace if anything is violated.
    ///
    /// # Panics
    /// If it is.
    #[track_caller]
    pub fn holds(&self) -> Explored {
        match self.explore() {
            Ok(explored) => explored,
            Err(violation) => panic!("{violation}"),
        }
    }

    /// Explores, and stops the test if nothing is violated: for bugs that must be found.
    ///
    /// # Panics
    /// If nothing is.
    #[track_caller]
    pub fn breaks(&self) -> Violation {
        match self.explore() {
            Ok(explored) => panic!("{}: nothing was found wrong in {} states", self.name, explored.states),
            Err(violation) => *violation,
        }
    }

    /// Takes `runs` random schedules, and prints the seed.
    ///
    /// # Errors
    /// The first violation, with its trace.
    pub fn random(&self, seed: u64, runs: u64) -> Result<Explored, Box<Violation>> {
        let explored = Explorer::new(self).walk(seed, runs);
        match &explored {
            Ok(found) => announce(&format!(
                "walked {} from seed {seed}: {} steps, {runs} schedules",
                self.name, found.transitions
            )),
            Err(violation) => announce(&format!("walked {} from seed {seed}: {}", self.name, violation.headline())),
        }
        explored
    }
}

/// Prints a line even where the test harness swallows what tests print.
fn announce(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// What an exploration met.
#[derive(Debug, Clone, Copy)]
pub struct Explored {
    /// Distinct states.
    pub states: usize,
    /// Steps from one state to another.
    pub transitions: u64,
    /// Distinct complete schedules: paths from the beginning to an end. Operations that nobody else can
    /// notice have no place of their own in them.
    pub schedules: u128,
    /// Distinct states in which everybody has ended or crashed.
    pub terminal: usize,
    /// Whether the limit cut the exploration off.
    pub truncated: bool,
}
