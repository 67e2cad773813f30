//! Keeps a holder alive while its process works, and looks whether it still has its lease.

use super::failure::{Failure, is_lost};
use super::stores::Opener;
use leasehold::{Durability, Holder, Session};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How soon what failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The epoch that is to be kept alive.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) epoch: u64,
    pub(crate) ttl: Duration,
}

/// A lease that the kept epoch has.
#[derive(Debug, Clone)]
pub(crate) struct KeptLease {
    pub(crate) name: String,
    pub(crate) token: u64,
}

/// What a keeper tells.
#[derive(Debug)]
pub(crate) enum KeeperNotice {
    /// The holder lives for another `ttl` from this moment.
    Renewed(Instant),
    /// The epoch, or its lease, is not ours any more, and why.
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
        Self::start_looking(opener, kept, None, tell)
    }

    /// The same, and tells also when the epoch has this lease no more.
    pub(crate) fn start_with_lease(
        opener: &Opener,
        kept: Kept,
        lease: KeptLease,
        tell: impl Fn(KeeperNotice) + Clone + Send + 'static,
    ) -> Self {
        Self::start_looking(opener, kept, Some(lease), tell)
    }

    fn start_looking(
        opener: &Opener,
        kept: Kept,
        lease: Option<KeptLease>,
        tell: impl Fn(KeeperNotice) + Clone + Send + 'static,
    ) -> Self {
        let (stop, stopped) = channel();
        let (opener, report) = (opener.clone(), tell.clone());
        let started = std::thread::Builder::new().name("keeper".into()).spawn(move || {
            match keep(&opener, &kept, lease.as_ref(), &stopped, &tell) {
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

/// Renews at a third of the time to live until stopped, or until the holder or its lease is lost.
fn keep(
    opener: &Opener,
    kept: &Kept,
    lease: Option<&KeptLease>,
    stopped: &Receiver<()>,
    tell: &impl Fn(KeeperNotice),
) -> Result<(), Failure> {
    let interval = kept.ttl / 3;
    let again = AGAIN.min(interval);
    let started = Instant::now();
    let (mut session, holder, mut renewed) = loop {
        let began = Instant::now();
        match join_anew(opener, kept) {
            Ok((session, holder)) => break (session, holder, began),
            // What stands in the way may pass, while there is time to try it once more.
            Err(failure) if failure.is_lost() || started.elapsed() + again >= kept.ttl => return Err(failure),
            Err(failure) => tracing::warn!(%failure, "the holder could not be joined"),
        }
        if !matches!(stopped.recv_timeout(again), Err(RecvTimeoutError::Timeout)) {
            return Ok(());
        }
    };
    loop {
        if let Some(lease) = lease {
            look_at(&mut session, lease, &holder)?;
        }
        tell(KeeperNotice::Renewed(renewed));
        let mut pause = interval;
        renewed = loop {
            match stopped.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return Ok(()),
            }
            let began = Instant::now();
            match session.holder_renew(&holder, Durability::Unsynced) {
                Ok(until) => {
                    tracing::debug!(until, "renewed the holder");
                    break began;
                }
                // Past its time, anyone may take what it holds, whatever stood in the way of the renewal.
                Err(error) if is_lost(&error) || renewed.elapsed() >= kept.ttl => {
                    return Err(Failure::Lost(error.to_string()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the holder could not be renewed");
                    pause = again;
                }
            }
        };
    }
}

fn join_anew(opener: &Opener, kept: &Kept) -> Result<(Session, Holder), Failure> {
    let mut session = opener.open()?;
    let holder = join_epoch(&mut session, &kept.name, kept.epoch)?;
    Ok((session, holder))
}

/// Fails where the lease was released, or granted again: somebody may take it, or has it, although the holder lives.
fn look_at(session: &mut Session, lease: &KeptLease, holder: &Holder) -> Result<(), Failure> {
    let why = match session.lease_get(&lease.name) {
        // Nobody is granted what cannot be read.
        Err(error) => {
            tracing::warn!(%error, "the lease could not be looked at");
            return Ok(());
        }
        Ok(None) => "it was removed".into(),
        Ok(Some(state)) => match state.holding {
            None => "it was released".into(),
            Some(holding) if holding.token == lease.token && holding.holder == holder.name() => return Ok(()),
            Some(holding) => format!("{:?} was granted it meanwhile, under token {}", holding.holder, holding.token),
        },
    };
    Err(Failure::Lost(why))
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
