//! One epoch of a worker process: opens its holder, runs its workers, and looks after both to the end.

use super::control::{Control, Notice, Stop};
use super::drained::DrainedCheck;
use super::waiting::Waiting;
use super::worker::{Shared, Worker};
use crate::command::failure::Failure;
use crate::command::keeper::{Keeper, KeeperNotice, Kept, join_epoch};
use crate::command::moment::milliseconds;
use crate::command::stores::Opener;
use leasehold::{Durability, Holder, Session};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often claims of dead holders are taken back.
const REAP_EVERY: Duration = Duration::from_secs(3);
/// How often the main thread looks whether all is done, where that ends it.
const DRAINED_EVERY: Duration = Duration::from_millis(50);
/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What the main thread is told.
#[derive(Debug)]
pub(crate) enum ToMain {
    /// Somebody asks the process to stop.
    Signal,
    /// This epoch of the holder is not ours any more, and why.
    HolderLost { epoch: u64, why: String },
    /// The holder cannot be kept alive.
    KeeperFailed(Failure),
    /// A worker has left, and why if it had to.
    WorkerLeft(Result<(), Failure>),
}

/// How an epoch ended.
#[derive(Debug)]
pub(crate) enum ShiftEnd {
    /// Nothing was left to do, or somebody asked to stop: all was given back.
    Over,
    /// The holder was declared dead, but nobody took its name.
    DeclaredDead,
}

/// What an epoch works with.
pub(crate) struct Shift<'a> {
    pub(crate) shared: Shared,
    pub(crate) opener: &'a Opener,
    pub(crate) session: &'a mut Session,
    pub(crate) to_main: &'a Sender<ToMain>,
    pub(crate) notices: &'a Receiver<ToMain>,
}

/// What happened while the workers worked.
#[derive(Default)]
struct Events {
    signalled: bool,
    lost: Option<String>,
    failure: Option<Failure>,
}

impl Shift<'_> {
    pub(crate) fn run(mut self) -> Result<ShiftEnd, Failure> {
        let plan = self.shared.plan.clone();
        self.shared.control = Arc::new(Control::new(self.shared.wake.clone()));
        let holder = self.session.holder_open(&plan.holder, milliseconds(plan.ttl), Durability::Standard)?;
        tracing::debug!(name = plan.holder, epoch = holder.epoch(), "opened the holder");
        // What an earlier epoch of this name held comes back at once.
        self.reap();

        let keeper = self.keep(&holder);
        let mut events = Events::default();
        let mut workers = Vec::new();
        for _ in 0..plan.workers {
            match self.start_worker(holder.epoch()) {
                Ok(worker) => workers.push(worker),
                Err(error) => self.stop_for(&mut events, Failure::io("a worker's thread", error)),
            }
        }
        self.look_after(workers.len(), holder.epoch(), &mut events);
        for worker in workers {
            // Why it left was told before.
            drop(worker.join());
        }
        drop(keeper);
        self.end(&holder, events)
    }

    fn keep(&self, holder: &Holder) -> Keeper {
        let kept = Kept { name: holder.name().into(), epoch: holder.epoch(), ttl: self.shared.plan.ttl };
        let (epoch, to_main) = (holder.epoch(), self.to_main.clone());
        Keeper::start(self.opener, kept, move |notice| {
            drop(to_main.send(match notice {
                KeeperNotice::Renewed(_) => return,
                KeeperNotice::Lost(why) => ToMain::HolderLost { epoch, why },
                KeeperNotice::Failed(failure) => ToMain::KeeperFailed(failure),
            }));
        })
    }

    fn start_worker(&self, epoch: u64) -> io::Result<JoinHandle<()>> {
        let shared = self.shared.clone();
        let opener = self.opener.clone();
        let leaving = Leaving::new(self.to_main.clone());
        std::thread::Builder::new().name("worker".into()).spawn(move || {
            // All of it moves here, not only the field that is set.
            let mut leaving = leaving;
            leaving.result = work(shared, &opener, epoch);
        })
    }

    /// Waits for all workers to leave; meanwhile reaps, shows progress, and stops them when it is time.
    fn look_after(&mut self, workers: usize, epoch: u64, events: &mut Events) {
        let mut left = workers;
        let mut reap_at = Instant::now() + REAP_EVERY;
        let mut progress_at = Instant::now();
        let mut drained = self.shared.plan.drain.then(DrainedCheck::new);
        let mut waiting = Waiting::new();
        let pause = if drained.is_some() {
            DRAINED_EVERY
        } else if self.shared.screen.is_terminal() {
            PROGRESS_EVERY
        } else {
            REAP_EVERY
        };
        while left > 0 {
            match self.notices.recv_timeout(pause) {
                Ok(ToMain::WorkerLeft(result)) => {
                    left -= 1;
                    if let Err(failure) = result {
                        self.stop_for(events, failure);
                    }
                }
                Ok(ToMain::Signal) if events.signalled => self.shared.control.tell_all(Notice::Hurry),
                Ok(ToMain::Signal) => {
                    events.signalled = true;
                    self.shared.screen.say("leasehold: stopping, and giving back what is held");
                    self.shared.control.stop(Stop::GiveBack);
                }
                Ok(ToMain::HolderLost { epoch: whose, why }) if whose == epoch => {
                    self.stop_for(events, Failure::Lost(why));
                }
                // Of an epoch that is over.
                Ok(ToMain::HolderLost { .. }) => {}
                Ok(ToMain::KeeperFailed(failure)) => self.stop_for(events, failure),
                Err(_) => {}
            }
            let now = Instant::now();
            if self.shared.screen.is_terminal() && now >= progress_at {
                progress_at = now + PROGRESS_EVERY;
                self.show_progress(&mut waiting);
            }
            if self.shared.control.stopping().is_some() {
                continue;
            }
            let idle = self.shared.tally.running.load(Ordering::Relaxed) == 0;
            // A claim that finds nothing does so too, and one who is idle makes such a claim every few seconds.
            if now >= reap_at && (!idle || drained.is_some()) {
                self.reap();
                reap_at = Instant::now() + REAP_EVERY;
            }
            if let Some(check) = &mut drained
                && check.is_drained(idle, || self.status())
            {
                self.shared.control.stop(Stop::GiveBack);
            }
        }
    }

    /// Stops all workers for a reason that came from one thread.
    fn stop_for(&self, events: &mut Events, failure: Failure) {
        if failure.is_lost() {
            self.shared.control.stop(Stop::Lost);
            events.lost.get_or_insert(failure.to_string());
        } else {
            self.shared.control.stop(Stop::GiveBack);
            events.failure.get_or_insert(failure);
        }
    }

    fn status(&mut self) -> Option<leasehold::Status> {
        let status = self.session.queue(&self.shared.plan.queue).and_then(|mut queue| queue.status());
        status.inspect_err(|error| tracing::warn!(%error, "the queue could not be counted")).ok()
    }

    /// Claims that cannot be taken back now will be later.
    fn reap(&mut self) {
        let plan = &self.shared.plan;
        let reaped = self.session.queue(&plan.queue).and_then(|mut queue| queue.reap(plan.durability));
        match reaped {
            Ok(ids) if ids.is_empty() => {}
            Ok(ids) => {
                tracing::debug!(count = ids.len(), "took back claims of dead holders");
                // Where that is watched they are awake already.
                self.shared.wake.wake_all();
            }
            Err(error) => tracing::warn!(%error, "claims of dead holders could not be taken back"),
        }
    }

    fn show_progress(&mut self, waiting: &mut Waiting) {
        let waiting = waiting.count(|| self.status());
        let shared = &self.shared;
        let running = shared.tally.running.load(Ordering::Relaxed);
        let mut line = format!("{}: {}, running {running}", shared.plan.queue, shared.tally.line());
        if let Some(waiting) = waiting {
            line.push_str(&format!(", waiting {waiting}"));
        }
        shared.screen.progress(line);
    }

    /// Ends the holder, and makes sure that nothing stays claimed; or finds out who took it.
    fn end(&mut self, holder: &Holder, events: Events) -> Result<ShiftEnd, Failure> {
        self.shared.screen.progress(String::new());
        let plan = self.shared.plan.clone();
        let Some(why) = events.lost else {
            match self.session.holder_end(holder, plan.durability) {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the holder could not be ended"),
            }
            // A task that could not be finished or given back is the dead holder's now.
            self.reap();
            return events.failure.map_or(Ok(ShiftEnd::Over), Err);
        };
        if let Some(failure) = events.failure {
            return Err(failure);
        }
        let taken =
            self.session.holder_list()?.iter().any(|state| state.name == plan.holder && state.epoch > holder.epoch());
        if taken || events.signalled {
            return Err(Failure::Lost(format!(
                "holder {:?} (epoch {}), and with it all that it held: {}",
                plan.holder,
                holder.epoch(),
                why.trim_start_matches("lost: ")
            )));
        }
        Ok(ShiftEnd::DeclaredDead)
    }
}

/// Tells the main thread that a worker leaves, however its thread ends.
struct Leaving {
    to_main: Sender<ToMain>,
    result: Result<(), Failure>,
}

impl Leaving {
    fn new(to_main: Sender<ToMain>) -> Self {
        let panicked = io::Error::other("its thread panicked");
        Self { to_main, result: Err(Failure::io("a worker", panicked)) }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.result, Ok(()));
        // The main thread waits for each of them.
        drop(self.to_main.send(ToMain::WorkerLeft(result)));
    }
}

fn work(shared: Shared, opener: &Opener, epoch: u64) -> Result<(), Failure> {
    let mut session = opener.open()?;
    let holder = join_epoch(&mut session, &shared.plan.holder, epoch)?;
    let (events, notices) = channel();
    shared.control.join(events.clone());
    Worker { shared, session, holder, notices, events, started: 0 }.run()
}
