//! `leasehold lease release`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::{Failure, is_lost};
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, LEASES};
use clap::Args;
use leasehold::{Durability, Error, Session};
use leasehold_core::Error as Store;
use leasehold_core::limits::TRIES_MAX;

/// Releases a lease
///
/// With --token: what is held under that token. Repeating it succeeds until the lease is granted again; exits with 3
/// when it is not held under this token any more.
///
/// With --holder: whatever that holder has of this name, under whatever token. Succeeds also where nobody has the
/// lease, and where a dead holder has it: then all that dead holders have is freed, as by `lease reap`. Exits with 1
/// when somebody else who lives has it, and says who.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("whose").required(true).args(["holder", "token"]),
    after_help = "Example:\n  leasehold lease release deploy --token \"$TOKEN\""
)]
pub(crate) struct Release {
    /// The lease
    name: String,

    /// Who has it
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,

    /// What `acquire` printed
    #[arg(long, value_name = "TOKEN")]
    token: Option<u64>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Release {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let mut names = vec![self.name.as_str()];
        names.extend(self.holder.as_deref());
        let mut session = stores::open(globals, LEASES, &names)?;
        match (self.token, &self.holder) {
            (Some(token), _) => session.lease_release(&self.name, token, durability)?,
            (None, Some(holder)) => release_of(&mut session, &self.name, holder, durability)?,
            // The command line asks for one of them.
            (None, None) => return Err(Failure::usage("--token or --holder is missing")),
        }
        let mut output = Output::new(globals.json);
        output.answer_quietly(&serde_json::json!({ "name": self.name, "holding": null }))?;
        output.finish()
    }
}

/// Releases what `holder` has while it lives, or what a dead one has. Whatever is seen may change before it is acted
/// on: then it is looked at again.
fn release_of(session: &mut Session, name: &str, holder: &str, durability: Durability) -> Result<(), Failure> {
    let mut reaped: Option<(u64, Result<(), Error>)> = None;
    for _ in 0..TRIES_MAX {
        let Some(state) = session.lease_get(name)? else { return Ok(()) };
        let Some(holding) = state.holding else { return Ok(()) };
        if state.alive && holding.holder == holder {
            match session.lease_release(name, holding.token, durability) {
                Err(error) if is_lost(&error) => continue,
                answer => return Ok(answer?),
            }
        }
        let token = holding.token;
        let held = Err(Error::from(Store::Held(holding)).into());
        if state.alive {
            return held;
        }
        // Who only looks dead may be late, and go on: only reaping makes it dead before anything is freed.
        match reaped.take() {
            Some((before, answer)) if before == token => return answer.map_err(Into::into).and(held),
            _ => reaped = Some((token, session.lease_reap(durability).map(drop))),
        }
    }
    Err(Error::from(Store::Exhausted(format!("lease {name:?} changes hands all the time; try again"))).into())
}
