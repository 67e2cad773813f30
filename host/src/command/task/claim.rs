//! `leasehold task claim`

use super::ids_or_dash;
use super::json::ClaimJson;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::joining::HolderFlags;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::Claim;

/// Claims a task, and prints the token; with --next its id and the token
///
/// It is in progress then, until it is done, released or abandoned, or until its holder is over; what a dead holder has
/// may be claimed. What the holder has already is answered with the token it has it under. --next claims the most urgent
/// task that can be, by priority and then by age, and another each time: what a holder was given and never heard of is
/// found with `ls --status in-progress`, and claimed again by its ID.
///
/// With --json: {"outcome", "by", "id", "token"}, and on `ok` "task", as of `show`. The outcome is the first that is true
/// of: not-found; already-completed (or abandoned); already-owned by {"holder", "epoch", "token"}; blocked by the tasks
/// [ID, …]; busy, as the holder has the task ID of this list, and --busy-refused is given; ok. Exits with 0 for ok and
/// with 1 for all others; with 3 when the holder is over.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true).args(["id", "next"]),
    after_help = "Example:\n  \
    leasehold task claim house --next --holder \"$HOSTNAME\"\n  \
    leasehold task claim house 1 --holder \"$HOSTNAME\" --json"
)]
pub(crate) struct ClaimCommand {
    /// The list
    list: String,
    /// The task
    id: Option<u64>,

    /// Whichever is the most urgent of those that can be claimed
    #[arg(long)]
    next: bool,

    #[command(flatten)]
    holder: HolderFlags,

    /// Only while the holder has no other task of this list
    #[arg(long)]
    busy_refused: bool,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl ClaimCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let mut session = stores::open(globals, TASKS, &[&self.list, &self.holder.holder])?;
        let holder = self.holder.join(&mut session, durability)?;
        let claim = match self.id {
            Some(id) => session.task_claim(&self.list, id, &holder, self.busy_refused, durability),
            None => session.task_claim_next(&self.list, &holder, self.busy_refused, durability),
        }?;
        let told = self.tell(globals, &claim);
        let Claim::Ok { token, task } = &claim else {
            told?;
            return Err(Failure::Nothing(self.why_not(&claim)));
        };
        let Err(failure) = told else { return Ok(()) };
        // Who asks for a certain task again is told its token again; who asks for the next one is given another.
        if self.next {
            session.task_release(&self.list, task.id, *token, Some(holder.name()), durability)?;
        }
        // Closed output is a failure here: nobody has seen what was claimed.
        Err(match failure {
            Failure::Closed => Failure::io("standard output", std::io::ErrorKind::BrokenPipe.into()),
            other => other,
        })
    }

    fn tell(&self, globals: &Globals, claim: &Claim) -> Result<(), Failure> {
        let mut output = Output::new(globals.json);
        match claim {
            _ if output.is_json() => output.object(&ClaimJson::new(self.id, claim))?,
            Claim::Ok { token, task } if self.next => output.line(format_args!("{}\t{token}", task.id))?,
            Claim::Ok { token, .. } => output.line(token)?,
            _ => {}
        }
        output.finish()
    }

    fn why_not(&self, claim: &Claim) -> String {
        let task = match self.id {
            Some(id) => format!("task {id} of list {:?}", self.list),
            None => format!("list {:?}", self.list),
        };
        match claim {
            Claim::NotFound if self.next => format!("{task} has no task that can be claimed"),
            Claim::NotFound => format!("{task} is not there"),
            Claim::AlreadyCompleted => format!("{task} has ended"),
            Claim::AlreadyOwned(owner) => {
                format!("{task} is claimed by {:?} (epoch {}), who lives", owner.holder, owner.epoch)
            }
            Claim::Blocked(ids) => format!("{task} waits for {}", ids_or_dash(ids)),
            Claim::Busy(other) => {
                format!("{:?} has task {other} of list {:?} already; finish it first", self.holder.holder, self.list)
            }
            Claim::Ok { .. } => String::new(),
        }
    }
}
