//! Watches the command while it runs: whether it ended, whether its lease still stands, and signals for it.

use crate::command::keeper::{Keeper, KeeperNotice, Kept, KeptLease};
use crate::command::process::{Reach, Started};
use crate::command::stores::Opener;
use leasehold::Holder;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// Who notices the end of the holder's time as late as this was suspended meanwhile…
const LATE: Duration = Duration::from_secs(1);
/// …and so was the keeper, which gets this long to find out whether anybody has taken the lease.
const SECOND_CHANCE: Duration = Duration::from_secs(1);

/// What the main thread is told.
#[derive(Debug)]
pub(super) enum Event {
    Signal(i32),
    Ended,
    Keeper(KeeperNotice),
}

/// How watching ended; the command has ended in either case.
pub(super) enum Watched {
    /// By itself, while the lease stood.
    Ended(ExitStatus),
    /// The lease was lost first, and why.
    Lost(String),
}

/// A command that runs under a lease.
pub(super) struct Watch<'a> {
    pub(super) started: Started,
    pub(super) reach: Reach,
    pub(super) ttl: Duration,
    pub(super) grace: Duration,
    /// When the holder was last renewed.
    pub(super) renewed: Instant,
    pub(super) events: &'a Receiver<Event>,
}

impl Watch<'_> {
    /// Watches until the command has ended, and reaps it. An error means that nobody could wait for it; it was killed.
    pub(super) fn run(
        mut self,
        opener: &Opener,
        holder: &Holder,
        lease: KeptLease,
        to_us: &Sender<Event>,
    ) -> io::Result<Watched> {
        let ended_to = to_us.clone();
        if let Err(error) = self.started.when_ended(move || drop(ended_to.send(Event::Ended))) {
            self.started.signal(Signal::KILL);
            self.started.reap()?;
            return Err(error);
        }
        let kept = Kept { name: holder.name().into(), epoch: holder.epoch(), ttl: self.ttl };
        let keeper_to = to_us.clone();
        let keeper = Keeper::start_with_lease(opener, kept, lease, move |notice| {
            drop(keeper_to.send(Event::Keeper(notice)));
        });
        let lost = self.wait();
        if lost.is_some() {
            // Its leader has ended and is not reaped: the number is still this group's.
            self.started.signal(Signal::KILL);
            // What keeps it from renewing may keep it for ever.
            keeper.abandon();
        } else {
            drop(keeper);
        }
        let status = self.started.reap()?;
        Ok(lost.map_or(Watched::Ended(status), Watched::Lost))
    }

    /// Waits for the end of the command; answers why it was brought about, where it was.
    fn wait(&mut self) -> Option<String> {
        let mut until = self.renewed + self.ttl;
        let mut second_chance = true;
        let mut trouble: Option<String> = None;
        let mut lost: Option<String> = None;
        let mut kill_at: Option<Instant> = None;
        loop {
            let next = if lost.is_some() { kill_at.unwrap_or_else(far_off) } else { until };
            let event = self.events.recv_timeout(next.saturating_duration_since(Instant::now())).ok();
            let mut why = None;
            match event {
                Some(Event::Ended) => return lost,
                Some(Event::Signal(signal)) => self.pass_on(signal),
                Some(Event::Keeper(KeeperNotice::Renewed(moment))) => {
                    until = until.max(moment + self.ttl);
                    second_chance = true;
                }
                Some(Event::Keeper(KeeperNotice::Lost(reason))) => why = Some(reason),
                // The time that is left is still ours.
                Some(Event::Keeper(KeeperNotice::Failed(failure))) => trouble = Some(failure.to_string()),
                None => {}
            }
            let now = Instant::now();
            if now >= until && lost.is_none() && why.is_none() {
                if second_chance && now >= until + LATE {
                    second_chance = false;
                    until = now + SECOND_CHANCE;
                } else {
                    why = Some(trouble.take().unwrap_or_else(|| "its holder could not be renewed in time".into()));
                }
            }
            if let Some(why) = why
                && lost.is_none()
            {
                tracing::debug!(why, "the lease is lost: stopping the command");
                self.started.signal(Signal::TERM);
                // Who is suspended could not end.
                self.started.signal(Signal::CONT);
                kill_at = Some(now + self.grace);
                lost = Some(why);
            }
            if kill_at.is_some_and(|moment| now >= moment) {
                self.started.signal(Signal::KILL);
                kill_at = None;
            }
        }
    }

    /// The terminal sends its SIGINT to the command as well, where that is in our group.
    fn pass_on(&self, signal: i32) {
        let signal = match signal {
            SIGINT if self.reach == Reach::OurGroup => return,
            SIGINT => Signal::INT,
            SIGHUP => Signal::HUP,
            SIGTERM => Signal::TERM,
            _ => return,
        };
        self.started.signal(signal);
    }
}

/// Longer than any wait; a moment that can still be computed.
fn far_off() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
