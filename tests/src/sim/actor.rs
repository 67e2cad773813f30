//! What a scenario's closure is handed: directories, an environment, and a log.

use super::directory::{Port, SimClock, SimDirectory, SimRandom};
use super::operation::Op;
use leasehold_core::capability::Environment;
use leasehold_core::checkpoint::Checkpoints;
use leasehold_core::holder::Holders;
use leasehold_core::job::Jobs;
use leasehold_core::lease::Leases;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::{Queue, Queues};
use leasehold_core::tasklist::Lists;
use std::rc::Rc;

/// Something an actor logged. It stands in the log from the moment of the actor's last operation before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Event {
    /// The name of the actor.
    pub actor: Rc<str>,
    /// What happened.
    pub what: String,
    /// A number that belongs to it, such as a token.
    pub value: u64,
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.actor, self.what, self.value)
    }
}

/// One instance: its view of the simulated world.
#[derive(Clone)]
pub struct Actor {
    pub(crate) name: Rc<str>,
    pub(crate) port: Rc<dyn Port>,
}

impl Actor {
    /// The name that the scenario gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The granted directory at `path`, which stood there before anybody moved. Costs no operation.
    ///
    /// # Panics
    /// If no directory stands there.
    #[must_use]
    pub fn dir(&self, path: &str) -> SimDirectory {
        SimDirectory { port: self.port.clone(), ino: self.port.granted(path) }
    }

    /// The clocks and the randomness of this actor.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment { clock: Rc::new(SimClock(self.port.clone())), random: Rc::new(SimRandom(self.port.clone())) }
    }

    /// The holders kept in `holders`.
    #[must_use]
    pub fn holders(&self) -> Holders<SimDirectory> {
        Holders::new(self.dir("holders"), self.environment())
    }

    /// The queues kept in `aristo`.
    #[must_use]
    pub fn queues(&self) -> Queues<SimDirectory> {
        Queues::new(self.dir("aristo"), self.holders(), self.environment())
    }

    /// One queue.
    ///
    /// # Panics
    /// If the name can not be one.
    #[must_use]
    pub fn queue(&self, name: &str) -> Queue<SimDirectory> {
        self.queues().queue(name).expect("the name of a queue")
    }

    /// The leases kept in `claims`.
    #[must_use]
    pub fn leases(&self) -> Leases<SimDirectory> {
        Leases::new(self.dir("claims"), self.holders(), self.environment())
    }

    /// The checkpoints kept in `checkpoint`.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints<SimDirectory> {
        Checkpoints::new(self.dir("checkpoint"), self.holders(), self.environment())
    }

    /// The task lists kept in `tasks`.
    #[must_use]
    pub fn lists(&self) -> Lists<SimDirectory> {
        Lists::new(self.dir("tasks"), self.holders(), self.environment())
    }

    /// The jobs kept in `jobs`.
    #[must_use]
    pub fn jobs(&self) -> Jobs<SimDirectory> {
        Jobs::new(self.dir("jobs"), self.holders(), self.environment())
    }

    /// Maintenance of all stores.
    #[must_use]
    pub fn maintenance(&self) -> Maintenance<SimDirectory> {
        Maintenance::new(Some(self.queues()), Some(self.holders()))
            .with_leases(Some(self.leases()))
            .with_checkpoints(Some(self.checkpoints()))
            .with_lists(Some(self.lists()))
            .with_jobs(Some(self.jobs()))
    }

    /// Logs an event, atomically with this actor's last operation before it.
    pub fn log(&self, what: impl Into<String>, value: u64) {
        self.port.log(what.into(), value);
    }

    /// The wall clock as this actor reads it.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.environment().now_ms()
    }

    /// Sets the wall clock (only the world, or a clock actor of a scenario).
    pub fn set_wall(&self, ms: u64) {
        self.port.call(&Op::SetWall(ms));
    }

    /// Moves the wall clock alone, either way (only the world, or a clock actor of a scenario).
    pub fn jump(&self, ms: i64) {
        self.port.call(&Op::Jump(ms));
    }

    /// Lets time pass on both clocks (only the world, or a clock actor of a scenario).
    pub fn advance(&self, ms: u64) {
        self.port.call(&Op::Advance(ms));
    }
}

/// What a scenario's closure may return: how its run ended, in words.
pub trait Summary {
    /// The words.
    fn summary(self) -> String;
}

impl Summary for () {
    fn summary(self) -> String {
        String::new()
    }
}

impl Summary for String {
    fn summary(self) -> String {
        self
    }
}

impl Summary for &str {
    fn summary(self) -> String {
        self.into()
    }
}

impl Summary for bool {
    fn summary(self) -> String {
        self.to_string()
    }
}

impl Summary for u64 {
    fn summary(self) -> String {
        self.to_string()
    }
}

/// An error ends as `error: ` and its text.
impl<T: Summary, E: std::fmt::Display> Summary for Result<T, E> {
    fn summary(self) -> String {
        match self {
            Ok(value) => value.summary(),
            Err(error) => format!("error: {error}"),
        }
    }
}
