//! `leasehold task lists`

use super::json::ListJson;
use super::one_line;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;

/// Lists the task lists, one a line
///
/// In tab-separated columns: list, how many tasks are pending, in progress, completed, abandoned, and the revision. With
/// --json: {"list", "revision", "created", "created_by", "metadata", "seen", "pending", "in_progress", "completed",
/// "abandoned"}. A list that cannot be read is told on standard error, and the exit code is 4 then (5 where it could not be
/// looked into). A list whose full name is lost is told by the name of its directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task lists")]
pub(crate) struct Lists {}

impl Lists {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[])?;
        let mut output = Output::new(globals.json);
        let mut unread = None;
        for name in session.task_lists()? {
            let info = match session.task_list_info(&name) {
                Ok(Some(info)) => info,
                // Removed meanwhile.
                Ok(None) => continue,
                Err(error) => {
                    // One bad list hides no other.
                    if let Some(earlier) = unread.replace(Failure::from(error)) {
                        crate::command::complain(&earlier.report(globals.json));
                    }
                    continue;
                }
            };
            let row = format!(
                "{}\t{}\t{}\t{}\t{}\t{}",
                one_line(&name),
                info.pending,
                info.in_progress,
                info.completed,
                info.abandoned,
                info.revision
            );
            output.answer(row, &ListJson::new(&info))?;
        }
        output.finish()?;
        unread.map_or(Ok(()), Err)
    }
}
