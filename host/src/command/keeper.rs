//! Keeps a holder alive while its process works.

use super::failure::{Failure, is_lost};
use super::stores::Opener;
use leasehold::{Durability, Holder, Session};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How soon a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The epoch that is to be kept alive.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) epoch: u64,
    pub(crate) ttl: Duration,
}

/// What a keeper tells.
#[derive(Debug)]
pub(crate) enum KeeperNotice {
    /// The holder lives for another `ttl` from this moment.
    Renewed(Instant),
    /// The epoch is not ours any more, and why.
    Lost(String),
    /// It cannot be kept alive.
    Failed(Failure),
}

/// The thread that renews the holder, until dropped.
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins to keep the epoch alive in a session of its own, and to tell of it from another thread.
    pub(crate) fn start(opener: &Opener, kept: Kept, tell: impl Fn(KeeperNotice) + Clone + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        let (opener, report) = (opener.clone(), tell.clone());
        let started = std::thread::Builder::new().name("keeper".into()).spawn(move || {
            match keep(&opener, &kept, &stopped, &tell) {
                Ok(()) => {}
                Err(Failure::Lost(why)) => tell(KeeperNotice::Lost(why)),
                Err(failure) => tell(KeeperNotice::Failed(failure)),
            }
        });
        let thread =
            started.map_err(|error| report(KeeperNotice::Failed(Failure::io("the holder's thread", error)))).ok();
        Self { stop: Some(stop), thread }
    }

    /// Stops it without waiting: it may be stuck in a call that does not end.
    pub(crate) fn abandon(mut self) {
        drop(self.thread.take());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Renews at a third of the time to live until stopped, or until the holder is lost.
fn keep(opener: &Opener, kept: &Kept, stopped: &Receiver<()>, tell: &impl Fn(KeeperNotice)) -> Result<(), Failure> {
    let mut session = opener.open()?;
    let mut renewed = Instant::now();
    let holder = join_epoch(&mut session, &kept.name, kept.epoch)?;
    tell(KeeperNotice::Renewed(renewed));
    let interval = kept.ttl / 3;
    let mut pause = interval;
    loop {
        match stopped.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(()),
        }
        let began = Instant::now();
        match session.holder_renew(&holder, Durability::Unsynced) {
            Ok(until) => {
                tracing::debug!(until, "renewed the holder");
                renewed = began;
                tell(KeeperNotice::Renewed(renewed));
                pause = interval;
            }
            // Past its time, anyone may take what it holds, whatever stood in the way of the renewal.
            Err(error) if is_lost(&error) || renewed.elapsed() >= kept.ttl => {
                return Err(Failure::Lost(error.to_string()));
            }
            Err(error) => {
                tracing::warn!(%error, "the holder could not be renewed");
                pause = AGAIN.min(interval);
            }
        }
    }
}

/// Joins the holder from another session, unless somebody else opened an epoch of it meanwhile.
pub(crate) fn join_epoch(session: &mut Session, name: &str, epoch: u64) -> Result<Holder, Failure> {
    use leasehold_core::Error::NotFound;
    match session.holder_attach(name, Durability::Unsynced) {
        Ok(holder) if holder.epoch() == epoch => Ok(holder),
        Ok(holder) => Err(Failure::Lost(format!("epoch {} was opened meanwhile", holder.epoch()))),
        Err(leasehold::Error::Store(NotFound(why))) => Err(Failure::Lost(why)),
        Err(error) => Err(error.into()),
    }
}
