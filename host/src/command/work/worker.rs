//! One worker: claims a task, runs its command, and tells the queue what became of it, again and again.

use super::Plan;
use super::control::{Control, Notice, Stop};
use super::progress::Screen;
use super::supervise::{Ending, Supervision};
use super::tail::reason;
use super::tally::{Fate, Tally};
use crate::command::failure::{Failure, is_lost, is_paused};
use crate::command::moment::milliseconds;
use crate::command::process::Guard;
use crate::command::random::random;
use leasehold::wake::Wake;
use leasehold::{ClaimedTask, Error, Holder, QueueClient, Session};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// How soon a claim that failed is tried again at first; doubled with each further failure.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// How often in a row the stores may fail before the worker gives up.
const FAILURES_MAX: u32 = 8;

/// What all workers of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) control: Arc<Control>,
    /// Where idle workers sleep.
    pub(crate) wake: Wake,
    pub(crate) screen: Arc<Screen>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) guard: Option<Arc<Guard>>,
}

/// One of them, with a session of its own.
pub(crate) struct Worker {
    pub(crate) shared: Shared,
    pub(crate) session: Session,
    pub(crate) holder: Holder,
    pub(crate) notices: Receiver<Notice>,
    /// Where the events of a command are sent to reach `notices`.
    pub(crate) events: Sender<Notice>,
    /// How many commands were started; the number of the one that runs.
    pub(crate) started: u64,
}

impl Worker {
    /// Works until told to stop. Whatever it held is finished or given back then, as far as the stores let it.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let mut failures = 0;
        while self.shared.control.stopping().is_none() {
            match self.next_task() {
                Ok(task) => {
                    failures = 0;
                    if let Some(task) = task {
                        self.work_on(task)?;
                    }
                }
                Err(error) if is_transient(&error) && failures < FAILURES_MAX => {
                    tracing::warn!(%error, "a claim failed and is tried again");
                    failures += 1;
                    // Whatever it is told meanwhile, it looks again.
                    let _ = self.notices.recv_timeout(PAUSE_FIRST * (1 << failures));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sleeps until there is a task; none if the workers are to stop.
    fn next_task(&mut self) -> Result<Option<ClaimedTask>, Error> {
        let wake = self.shared.wake.clone();
        let task = wake.wait_for(None, || {
            // Events of an earlier command's left-overs: they mean nothing any more, and must not pile up.
            while self.notices.try_recv().is_ok() {}
            if self.shared.control.stopping().is_some() {
                return Ok(Some(None));
            }
            self.claim().map(|task| task.map(Some))
        })?;
        Ok(task.flatten())
    }

    fn queue(&mut self) -> Result<QueueClient<'_>, Error> {
        self.session.queue(&self.shared.plan.queue)
    }

    /// One task, or none where there is nothing or the queue is paused.
    fn claim(&mut self) -> Result<Option<ClaimedTask>, Error> {
        let plan = self.shared.plan.clone();
        let mut queue = self.session.queue(&plan.queue)?;
        match queue.claim(&self.holder, 1, Some(milliseconds(plan.ttl)), plan.durability) {
            Ok(mut tasks) => Ok(tasks.pop()),
            Err(error) if is_paused(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn work_on(&mut self, mut task: ClaimedTask) -> Result<(), Failure> {
        let began = Instant::now();
        let shared = self.shared.clone();
        tracing::debug!(id = task.id, attempt = task.attempt, "claimed");
        // Asked to stop while it was claimed.
        if shared.control.stopping().is_some() {
            return self.give_back(&task, began);
        }
        self.started += 1;
        shared.tally.running.fetch_add(1, Ordering::Relaxed);
        let ending = Supervision {
            shared: &shared,
            session: &mut self.session,
            notices: &self.notices,
            events: &self.events,
            number: self.started,
        }
        .run(&mut task);
        shared.tally.running.fetch_sub(1, Ordering::Relaxed);
        match ending {
            Ok(ending) => self.settle(&task, ending, began),
            Err(failure) => {
                // The command could not be started: that is not the task's fault.
                self.give_back(&task, began)?;
                Err(failure)
            }
        }
    }

    /// Tells the queue what became of a task.
    fn settle(&mut self, task: &ClaimedTask, ending: Ending, began: Instant) -> Result<(), Failure> {
        let plan = self.shared.plan.clone();
        match ending {
            Ending::Succeeded(output) => {
                let outcome = plan.keep.then_some(output.as_slice());
                let answer = self.tell(|queue| queue.done(&task.receipt, outcome, plan.durability));
                self.record(task, answer.map(|()| Fate::Done), None, began)
            }
            Ending::Failed { what, last_words } => {
                let reason = reason(&what, &last_words);
                let delay = plan.backoff.delay(task.attempt, random());
                let answer =
                    self.tell(|queue| queue.retry(&task.receipt, milliseconds(delay), &reason, plan.durability));
                let fate = answer.map(|again| if again { Fate::Retried(delay) } else { Fate::Dead });
                self.record(task, fate, Some(&reason), began)
            }
            Ending::Stopped(Stop::GiveBack) => self.give_back(task, began),
            Ending::Stopped(Stop::Lost) => self.record(task, Ok(Fate::Lost), Some("the holder is lost"), began),
            Ending::ClaimLost(why) => self.record(task, Ok(Fate::Lost), Some(&why), began),
        }
    }

    fn give_back(&mut self, task: &ClaimedTask, began: Instant) -> Result<(), Failure> {
        let durability = self.shared.plan.durability;
        let answer = self.tell(|queue| queue.release(&task.receipt, durability));
        self.record(task, answer.map(|()| Fate::Released), None, began)
    }

    fn record(
        &mut self,
        task: &ClaimedTask,
        fate: Result<Fate, Error>,
        reason: Option<&str>,
        began: Instant,
    ) -> Result<(), Failure> {
        let (fate, lost) = match fate {
            Ok(fate) => (fate, None),
            Err(error) if is_lost(&error) => (Fate::Lost, Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let reason = lost.as_deref().or(reason);
        self.shared.tally.record(&self.shared.screen, task, &fate, reason, began.elapsed());
        Ok(())
    }

    /// Calls the queue, again where that may help.
    fn tell<T>(&mut self, mut call: impl FnMut(&mut QueueClient<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut failures = 0;
        loop {
            match self.queue().and_then(|mut queue| call(&mut queue)) {
                Err(error) if is_transient(&error) && failures < FAILURES_MAX => {
                    tracing::warn!(%error, "a task could not be finished; tried again");
                    failures += 1;
                    std::thread::sleep(PAUSE_FIRST * (1 << failures));
                }
                answer => return answer,
            }
        }
    }
}

/// Whether the same call may succeed a moment later.
fn is_transient(error: &Error) -> bool {
    use leasehold_core::Error as Store;
    matches!(
        error,
        Error::Trapped(_) | Error::Store(Store::Exhausted(_) | Store::Io(_) | Store::Damaged(_) | Store::Other(_))
    )
}
