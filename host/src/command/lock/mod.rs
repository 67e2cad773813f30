//! `leasehold lock`: runs a command while it has a lease.

mod end;
mod watch;

use super::durability::DurabilityFlags;
use super::failure::Failure;
use super::globals::{Globals, ROOT_VARIABLE};
use super::joining::parse_ttl;
use super::keeper::KeptLease;
use super::lease::{Standing, Turned};
use super::moment::{milliseconds, parse_duration, show_duration};
use super::process::{Guard, Reach, Started};
use super::random::fresh_holder_name;
use super::signals::SignalWatch;
use super::stores::{LEASES, Opener};
use clap::Args;
use end::{End, cannot_start, own_failure};
use leasehold::wake::Wake;
use leasehold::{Durability, Holder, Session, Store};
use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use watch::{Event, Watch, Watched};

/// Runs a command while it has a lease, so that of all who do so one runs at a time
///
/// Stands in line for the lease, in the order of asking, under a holder of its own. The command gets LEASEHOLD_TOKEN
/// in its environment, and LEASEHOLD_ROOT; standard input, output and error are ours. The holder is renewed while the
/// command runs; when it ends, the lease is released. Pass the token on to what the work touches, and refuse there one
/// that is lower than one already seen: a machine that sleeps can lose the lease without noticing.
///
/// When the lease is lost (somebody ended the holder or released the lease, which is looked at every third of --ttl, or
/// the holder could not be renewed for --ttl) the command is stopped, since it is not protected any more: it and all
/// that it started get SIGTERM, and SIGKILL after --grace. They end as well when this process is killed. What a command leaves running behind itself is not protected.
///
/// SIGTERM, SIGINT and SIGHUP are passed on to the command, and the lease is released when it has ended. Where this
/// process is in the foreground of a terminal, the command is so too: Ctrl-C, Ctrl-Z and what is typed reach it as
/// they do without `lock` (and SIGINT is not passed on, since the terminal sends it to both). A lock that is suspended
/// for longer than --ttl may lose the lease; the command is stopped then as soon as it is resumed. Anywhere else the
/// command has a process group of its own.
///
/// Exits with the command's exit status, or with 128+N where signal N ended it. Exits with 125 when it fails itself:
/// the lease was not obtained within --wait, or was lost; with 126 when the command cannot be executed, 127 when it is
/// not found, and 2 when the command line makes no sense.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold lock nightly-report -- ./report.sh\n  \
    leasehold lock deploy --wait 0s -- ./deploy || echo 'not now'")]
pub(crate) struct Lock {
    /// The lease; the first who asks makes it
    name: String,

    /// How long to stand in line: 0s tries once [default: for ever]
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    wait: Option<Duration>,

    /// How long the lease stays held after this process was killed, at least 1s
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse_ttl)]
    ttl: Duration,

    /// How long the command has to end when the lease is lost
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse_duration)]
    grace: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,

    /// What to run
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Lock {
    pub(crate) fn run(self, globals: &Globals) -> ExitCode {
        let reach = Reach::as_terminal_expects();
        match self.run_locked(globals, reach) {
            Ok(end) => end.exit(reach),
            Err(failure) => {
                super::complain(&failure.report(globals.json));
                own_failure(&failure)
            }
        }
    }

    fn run_locked(&self, globals: &Globals, reach: Reach) -> Result<End, Failure> {
        let holder_name = fresh_holder_name("lock");
        // One session is this thread's, the other one the keeper's.
        let opener = Opener::new(globals, LEASES, &[&self.name], 2)?;
        let mut session = opener.open()?;
        let (to_us, events) = channel();
        let wake = Wake::of_ref(opener.grants(), Store::Leases, &self.name)?;
        let (signals_to, woken) = (to_us.clone(), wake.clone());
        let _signals = SignalWatch::start(move |signal| {
            let is_heard = signals_to.send(Event::Signal(signal)).is_ok();
            woken.wake_all();
            is_heard
        })?;
        // A power cut ends this process too: its holder need not outlast one.
        let durability = match self.durability.durability() {
            Durability::Standard => Durability::Unsynced,
            told => told,
        };
        let holder = session.holder_open(&holder_name, milliseconds(self.ttl), durability)?;
        let mut locking = Locking { lock: self, session: &mut session, holder: &holder, durability };
        let ended = locking.obtain(&wake, &events).and_then(|turned| match turned {
            Turned::Granted(token) => locking.hold(token, globals, &opener, reach, &to_us, &events),
            Turned::Signalled(signal) => Ok(End::Signalled(signal)),
            Turned::TooLate(holding) => {
                let who = holding.map_or_else(
                    || "it is free, but meant for those before us in line".into(),
                    |holding| leasehold_core::Error::Held(holding).to_string(),
                );
                let waited = self.wait.filter(|wait| !wait.is_zero()).map(show_duration);
                let within = waited.map_or_else(String::new, |time| format!(" within {time}"));
                Err(Failure::Nothing(format!("lease {:?} was not obtained{within}: {who}", self.name)))
            }
        });
        if !matches!(ended, Ok(End::Lost(_)))
            && let Err(error) = session.holder_end(&holder, durability)
        {
            tracing::debug!(%error, "the holder could not be ended");
        }
        match ended? {
            End::Lost(why) => Err(Failure::Lost(format!("lease {:?}: {why}", self.name))),
            end => Ok(end),
        }
    }
}

/// One process that wants, or has, the lease.
struct Locking<'a> {
    lock: &'a Lock,
    session: &'a mut Session,
    holder: &'a Holder,
    durability: Durability,
}

impl Locking<'_> {
    fn obtain(&mut self, wake: &Wake, events: &Receiver<Event>) -> Result<Turned, Failure> {
        let standing = Standing {
            session: self.session,
            name: &self.lock.name,
            holder: self.holder,
            wait: self.lock.wait,
            durability: self.durability,
            wake,
            signals: &mut |pause| match events.recv_timeout(pause) {
                Ok(Event::Signal(signal)) => Some(signal),
                // Nothing runs yet of which anything else could be told.
                _ => None,
            },
        };
        standing.stand()
    }

    /// Runs the command under the lease, and releases that.
    fn hold(
        &mut self,
        token: u64,
        globals: &Globals,
        opener: &Opener,
        reach: Reach,
        to_us: &Sender<Event>,
        events: &Receiver<Event>,
    ) -> Result<End, Failure> {
        let ended = match events.try_recv() {
            Ok(Event::Signal(signal)) => Ok(End::Signalled(signal)),
            _ => self.run_command(token, globals, opener, reach, to_us, events),
        };
        if matches!(ended, Ok(End::Lost(_))) {
            return ended;
        }
        match self.session.lease_release(&self.lock.name, token, self.durability) {
            Ok(()) => ended,
            // Whatever the command did last, it may have done beside somebody else.
            Err(error) if super::failure::is_lost(&error) => match ended {
                Ok(End::Command(_)) => Ok(End::Lost(format!("it was over before the command ended: {error}"))),
                other => other,
            },
            Err(error) => {
                super::complain(&format!("leasehold: the lease is free when its holder's time is over: {error}"));
                ended
            }
        }
    }

    fn run_command(
        &mut self,
        token: u64,
        globals: &Globals,
        opener: &Opener,
        reach: Reach,
        to_us: &Sender<Event>,
        events: &Receiver<Event>,
    ) -> Result<End, Failure> {
        // From here on the time counts in which the command is protected.
        let renewed = Instant::now();
        self.session.holder_renew(self.holder, Durability::Unsynced)?;
        let guard = Guard::start()
            .inspect_err(|error| tracing::warn!(%error, "no guard: the command would outlive a lock that is killed"))
            .ok()
            .map(Arc::new);
        let (program, arguments) = match self.lock.command.split_first() {
            Some(command) => command,
            None => return Err(Failure::usage("the command is missing after `--`")),
        };
        let mut command = Command::new(program);
        command.args(arguments).env("LEASEHOLD_TOKEN", token.to_string()).env(ROOT_VARIABLE, globals.root());
        let ended = match Started::start(&mut command, reach, guard.clone()) {
            Ok(started) => {
                let watch = Watch { started, reach, ttl: self.lock.ttl, grace: self.lock.grace, renewed, events };
                let lease = KeptLease { name: self.lock.name.clone(), token };
                match watch.run(opener, self.holder, lease, to_us).map_err(|error| Failure::io("the command", error))? {
                    Watched::Ended(status) => End::Command(status),
                    Watched::Lost(why) => End::Lost(why),
                }
            }
            Err(error) => cannot_start(program, &error),
        };
        if let Some(guard) = guard.and_then(Arc::into_inner) {
            guard.end();
        }
        Ok(ended)
    }
}
