//! How the threads of a worker process talk to each other.

use super::child::ChildEvent;
use leasehold::wake::Wake;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

/// Why the workers stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// They are asked to, or cannot go on: what is held is given back.
    GiveBack,
    /// The holder is lost, and so is all that it held.
    Lost,
}

/// What a worker can be told. Everything it waits for comes through one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Claim nothing more, and stop what runs.
    Stop(Stop),
    /// Kill what still runs at once.
    Hurry,
    /// Something happened to the command with this number.
    Child(u64, ChildEvent),
}

/// Shared by all workers of one process.
pub(crate) struct Control {
    /// Where those sleep who have nothing to do.
    wake: Wake,
    stop: Mutex<Option<Stop>>,
    workers: Mutex<Vec<Sender<Notice>>>,
}

impl Control {
    pub(crate) fn new(wake: Wake) -> Self {
        Self { wake, stop: Mutex::default(), workers: Mutex::default() }
    }

    /// Lets a worker be told.
    pub(crate) fn join(&self, worker: Sender<Notice>) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    /// Why the workers stop, if they do.
    pub(crate) fn stopping(&self) -> Option<Stop> {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops all workers. That the holder is lost outdoes any other reason: nothing can be given back then.
    pub(crate) fn stop(&self, reason: Stop) {
        {
            let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
            if stop.is_none() || reason == Stop::Lost {
                *stop = Some(reason);
            }
        }
        self.tell_all(Notice::Stop(reason));
        self.wake.wake_all();
    }

    /// Tells all workers.
    pub(crate) fn tell_all(&self, notice: Notice) {
        for worker in &*self.workers.lock().unwrap_or_else(PoisonError::into_inner) {
            // One that has left needs to be told nothing.
            let _ = worker.send(notice);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use leasehold::Grants;

    fn control() -> Control {
        Control::new(Wake::queue(&Grants::beneath("nowhere"), "q").unwrap())
    }

    #[test]
    fn a_lost_holder_outdoes_other_reasons_to_stop() {
        let lost_first = control();
        lost_first.stop(Stop::Lost);
        lost_first.stop(Stop::GiveBack);
        assert_eq!(lost_first.stopping(), Some(Stop::Lost));

        let lost_last = control();
        lost_last.stop(Stop::GiveBack);
        lost_last.stop(Stop::Lost);
        assert_eq!(lost_last.stopping(), Some(Stop::Lost));
    }
}
