//! `leasehold queue ls`

use super::StateArgument;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::{TaskJson, state_name};
use crate::command::moment::show_moment_or_dash;
use crate::command::output::Output;
use crate::command::stores::{self, QUEUES};
use clap::{Args, ValueEnum};
use leasehold::{TaskInfo, TaskPage};

/// How many tasks are asked of the store at a time.
const PAGE: u32 = 1_000;

/// Lists the queues, or the tasks of one queue
///
/// Without QUEUE: the names of all queues, one a line. With one: its tasks, one a line, in tab-separated columns:
/// state, id, attempt/attempts, priority, bytes, when it was pushed, when it is due (or was done, or died, or its
/// claim ends), holder, reason.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue ls mail --state dead")]
pub(crate) struct List {
    /// The queue
    queue: Option<String>,

    /// Only tasks in this state
    #[arg(long, value_name = "STATE", requires = "queue")]
    state: Option<StateArgument>,

    /// At most N tasks; the cursor of the rest follows them, on standard error, or as {"cursor"} with --json
    #[arg(long, value_name = "N", requires = "state", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Starts after the tasks that were listed when this cursor was given
    #[arg(long, value_name = "CURSOR", requires = "state")]
    cursor: Option<String>,
}

impl List {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, QUEUES, self.queue.as_deref().as_slice())?;
        let mut output = Output::new(globals.json);
        let Some(name) = &self.queue else {
            for name in session.queue_list()? {
                output.answer(&name, &serde_json::json!({ "queue": name }))?;
            }
            return output.finish();
        };
        let states = match self.state {
            Some(state) => vec![state],
            None => StateArgument::value_variants().to_vec(),
        };
        let mut queue = session.queue(name)?;
        let mut left = self.limit.unwrap_or(u32::MAX);
        for state in states {
            let mut cursor = self.cursor.clone();
            loop {
                let page: TaskPage = queue.list(state.state(), cursor.as_deref(), left.min(PAGE))?;
                for task in &page.tasks {
                    output.answer(row(task), &TaskJson::new(task))?;
                }
                left = left.saturating_sub(u32::try_from(page.tasks.len()).unwrap_or(u32::MAX));
                cursor = page.cursor;
                if cursor.is_none() || left == 0 {
                    break;
                }
            }
            if let Some(cursor) = cursor {
                if output.is_json() {
                    output.object(&serde_json::json!({ "cursor": cursor }))?;
                } else {
                    crate::command::complain(&format!("there are more: --cursor {cursor}"));
                }
            }
        }
        output.finish()
    }
}

/// One task, for people. Reasons may hold several lines; they are shown as one.
fn row(task: &TaskInfo) -> String {
    let moment =
        task.ended_ms.or_else(|| task.holding.as_ref().and_then(|holding| holding.until_ms)).unwrap_or(task.due_ms);
    let holder = task.holding.as_ref().map_or("-", |holding| holding.holder.as_str());
    let reason = task.reason.as_deref().unwrap_or("-").replace(char::is_control, " ");
    [
        state_name(task.state).into(),
        task.id.clone(),
        format!("{}/{}", task.attempt, task.max_attempts),
        task.priority.to_string(),
        task.size.to_string(),
        show_moment_or_dash(Some(task.enqueued_ms)),
        show_moment_or_dash(Some(moment)),
        holder.into(),
        reason,
    ]
    .join("\t")
}
