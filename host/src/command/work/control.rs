//! How the threads of a worker process talk to each other.

use super::child::ChildEvent;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// There may be something to claim.
    Look,
    /// Claim nothing more, and stop what runs.
    Stop(Stop),
    /// Kill what still runs at once.
    Hurry,
    /// Something happened to the command with this number.
    Child(u64, ChildEvent),
}

/// Shared by all workers of one process.
#[derive(Default)]
pub(crate) struct Control {
    stop: Mutex<Option<Stop>>,
    workers: Mutex<Vec<Sender<Notice>>>,
    /// Whether one of the idle workers looks for new tasks; the others wait to be told.
    lookout: AtomicBool,
}

impl Control {
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
    }

    /// Tells all workers.
    pub(crate) fn tell_all(&self, notice: Notice) {
        for worker in &*self.workers.lock().unwrap_or_else(PoisonError::into_inner) {
            // One that has left needs to be told nothing.
            let _ = worker.send(notice);
        }
    }

    /// Becomes the one idle worker that looks for new tasks; false if there is one already.
    pub(crate) fn become_lookout(&self) -> bool {
        !self.lookout.swap(true, Ordering::AcqRel)
    }

    /// Lets another idle worker look, and wakes them all to find out who does.
    pub(crate) fn leave_lookout(&self) {
        self.lookout.store(false, Ordering::Release);
        self.tell_all(Notice::Look);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_lost_holder_outdoes_other_reasons_to_stop() {
        let control = Control::default();
        control.stop(Stop::Lost);
        control.stop(Stop::GiveBack);
        assert_eq!(control.stopping(), Some(Stop::Lost));

        let control = Control::default();
        control.stop(Stop::GiveBack);
        control.stop(Stop::Lost);
        assert_eq!(control.stopping(), Some(Stop::Lost));
    }

    #[test]
    fn one_looks_and_the_others_are_told() {
        let control = Control::default();
        let (sender, receiver) = channel();
        control.join(sender);
        assert!(control.become_lookout());
        assert!(!control.become_lookout());
        control.leave_lookout();
        assert_eq!(receiver.recv().unwrap(), Notice::Look);
        assert!(control.become_lookout());
    }
}
