//! `leasehold lease acquire`

use super::json::GrantJson;
use super::{Standing, Turned};
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::joining::HolderFlags;
use crate::command::moment::parse_duration;
use crate::command::output::Output;
use crate::command::signals::SignalWatch;
use crate::command::stores::{LEASES, Opener};
use clap::Args;
use leasehold::wake::Wake;
use leasehold::{Durability, Error, Holder, Session, Store};
use leasehold_core::Error as StoreError;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Acquires a lease and prints its token
///
/// The lease lasts until it is released or its holder is over, so a holder that is to keep it longer than --ttl must
/// be renewed (`leasehold holder renew`). What the holder has already is answered with the token it has it under; what
/// a dead holder has is taken. Pass the token on to what the work touches, and refuse there one that is lower than
/// one already seen.
///
/// Exits with 1 when somebody else has it, and says who. With --wait it stands in line, and is granted in the order of
/// asking; each who waits needs a holder of its own. With --json: {"name", "holder", "token"}.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold lease acquire deploy --holder \"$HOSTNAME\" --wait 10s")]
pub(crate) struct Acquire {
    /// The lease; the first who asks makes it
    name: String,

    #[command(flatten)]
    holder: HolderFlags,

    /// Stands in line for so long
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = parse_duration)]
    wait: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Acquire {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let opener = Opener::new(globals, LEASES, &[&self.name, &self.holder.holder], 1)?;
        let mut session = opener.open()?;
        let holder = self.holder.join(&mut session, durability)?;
        let before = session.lease_get(&self.name)?.and_then(|state| state.holding).map(|holding| holding.token);
        let token = if self.wait.is_zero() {
            session.lease_acquire(&self.name, &holder, durability)?
        } else {
            self.stand_in_line(&opener, &mut session, &holder, durability)?
        };
        let mut output = Output::new(globals.json);
        let grant = GrantJson { name: &self.name, holder: &self.holder.holder, token };
        let printed = output.answer(token, &grant).and_then(|()| output.finish());
        // Closed output is a failure here: nobody has seen the token, unless an earlier command has obtained it.
        printed.map_err(|failure| {
            if before != Some(token)
                && let Err(error) = session.lease_release(&self.name, token, durability)
            {
                return error.into();
            }
            match failure {
                Failure::Closed => Failure::io("standard output", std::io::ErrorKind::BrokenPipe.into()),
                other => other,
            }
        })
    }

    fn stand_in_line(
        &self,
        opener: &Opener,
        session: &mut Session,
        holder: &Holder,
        durability: Durability,
    ) -> Result<u64, Failure> {
        let wake = Wake::of_ref(opener.grants(), Store::Leases, &self.name)?;
        let (to_us, signals) = channel();
        let woken = wake.clone();
        let watch = SignalWatch::start(move |signal| {
            let is_heard = to_us.send(signal).is_ok();
            woken.wake_all();
            is_heard
        })?;
        let turned = Standing {
            session,
            name: &self.name,
            holder,
            wait: Some(self.wait),
            durability,
            wake: &wake,
            signals: &mut |pause| signals.recv_timeout(pause).ok(),
        }
        .stand()?;
        drop(watch);
        match turned {
            Turned::Granted(token) => Ok(token),
            Turned::TooLate(Some(holding)) => Err(Error::from(StoreError::Held(holding)).into()),
            Turned::TooLate(None) => {
                Err(Failure::Nothing(format!("lease {:?} is free, but meant for those before us in line", self.name)))
            }
            Turned::Signalled(signal) => {
                // As if it had not been caught.
                let failed = signal_hook::low_level::emulate_default_handler(signal);
                Err(Failure::io("a signal", failed.err().unwrap_or_else(|| std::io::ErrorKind::Interrupted.into())))
            }
        }
    }
}
