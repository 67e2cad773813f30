//! Keeps the holder of a worker process alive.

use super::Plan;
use super::shift::{ToMain, join_epoch};
use crate::command::failure::{Failure, is_lost};
use crate::command::stores::Opener;
use leasehold::Durability;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How soon a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The thread that renews the holder, until dropped.
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(opener: &Opener, plan: &Arc<Plan>, epoch: u64, to_main: Sender<ToMain>) -> Self {
        let (stop, stopped) = channel();
        let (opener, plan, report) = (opener.clone(), plan.clone(), to_main.clone());
        let started = std::thread::Builder::new().name("keeper".into()).spawn(move || {
            let told = match keep(&opener, &plan, epoch, &stopped) {
                Ok(()) => return,
                Err(Failure::Lost(why)) => ToMain::HolderLost { epoch, why },
                Err(failure) => ToMain::KeeperFailed(failure),
            };
            drop(to_main.send(told));
        });
        let thread = started
            .map_err(|error| {
                let failure = Failure::io("the holder's thread", error);
                drop(report.send(ToMain::KeeperFailed(failure)));
            })
            .ok();
        Self { stop: Some(stop), thread }
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
fn keep(opener: &Opener, plan: &Plan, epoch: u64, stopped: &Receiver<()>) -> Result<(), Failure> {
    let mut session = opener.open()?;
    let mut renewed = Instant::now();
    let holder = join_epoch(&mut session, &plan.holder, epoch)?;
    let interval = plan.ttl / 3;
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
                pause = interval;
            }
            // Past its time, anyone may take what it holds, whatever stood in the way of the renewal.
            Err(error) if is_lost(&error) || renewed.elapsed() >= plan.ttl => {
                return Err(Failure::Lost(error.to_string()));
            }
            Err(error) => {
                tracing::warn!(%error, "the holder could not be renewed");
                pause = AGAIN.min(interval);
            }
        }
    }
}
