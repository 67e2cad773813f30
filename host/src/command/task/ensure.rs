//! `leasehold task ensure`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;

/// Makes a list where there is none, and says of it what is told
///
/// Again it changes nothing that is so already. What is said of a list is shown by `task lists --json`. With --json: {"list",
/// "state": "there"}.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  leasehold task ensure house --metadata '{\"street\":\"elm\",\"draft\":null}' --seen ada"
)]
pub(crate) struct Ensure {
    /// The list
    list: String,

    /// A JSON object: a member that is null removes that of the same name, any other sets it
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,

    /// Who uses the list; it remembers the last ten
    #[arg(long, value_name = "NAME")]
    seen: Option<String>,

    /// Who does this, for the history, and as the maker of a list that is new
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Ensure {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        session.task_ensure_list(
            &self.list,
            self.metadata.as_deref(),
            self.seen.as_deref(),
            self.by.as_deref(),
            self.durability.durability(),
        )?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&serde_json::json!({ "list": self.list, "state": "there" }))?;
        output.finish()
    }
}
