//! `leasehold task new`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::NewTask;
use leasehold_core::limits::PRIORITY_MAX;

/// Makes a task, and prints its id
///
/// The first one makes the list. Ids count from 1, and are never used twice in a list. With --json: {"id"}. Exits with 1
/// where a task that it waits for is not there.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold task new house 'draw a plan'\n  \
    leasehold task new house 'build it' --blocked-by 1 --priority 2 --metadata '{\"floors\":2}'")]
pub(crate) struct New {
    /// The list
    list: String,

    /// In one line what it is
    subject: String,

    /// All there is to say
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,

    /// What to show while somebody works on it
    #[arg(long, value_name = "TEXT")]
    active_form: Option<String>,

    /// 0 (first) to 9 (last) [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=i64::from(PRIORITY_MAX)))]
    priority: Option<u8>,

    /// A task that it waits for; may be repeated
    #[arg(long, value_name = "ID")]
    blocked_by: Vec<u64>,

    /// A JSON object; a task with a true member `_internal` is listed only by `ls --all`
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,

    /// Who makes it, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl New {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let task = NewTask {
            subject: &self.subject,
            description: &self.description,
            active_form: self.active_form.as_deref(),
            priority: self.priority,
            blocked_by: &self.blocked_by,
            blocked_by_new: &[],
            metadata: self.metadata.as_deref(),
        };
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let ids = session.task_create(&self.list, &[task], self.by.as_deref(), self.durability.durability())?;
        super::tell_made(globals, &ids)
    }
}
