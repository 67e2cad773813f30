//! `leasehold task ls`

use super::json::TaskJson;
use super::status::{StatusArgument, status_name};
use super::{ids_or_dash, one_line, tree};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::Session;
use leasehold::tasklist::{Filter, Status, TaskView};
use std::io::IsTerminal;

/// How many tasks are asked of the store at a time.
const PAGE: u32 = 1_000;

/// Lists the tasks of a list, one a line
///
/// On a terminal each task stands under one that it waits for; where it waits for several, it is named again under the
/// others, with the mark `^`. Elsewhere in tab-separated columns, by id: id, status, priority, owner, whether the owner is
/// alive or dead, the tasks it waits for that are not completed, subject. With --json each is one line, as of `show`. A
/// list that is not there is empty.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task ls house --status pending")]
pub(crate) struct List {
    /// The list
    list: String,

    /// Only tasks in this state
    #[arg(long, value_name = "STATUS")]
    status: Option<StatusArgument>,

    /// Internal and deleted ones too
    #[arg(long)]
    all: bool,
}

impl List {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let mut output = Output::new(globals.json);
        let draws = !output.is_json() && std::io::stdout().is_terminal();
        let status = self.status.map(StatusArgument::status);
        let mut tasks = Vec::new();
        let filter = Filter { status, internal: self.all };
        let mut visit = |task: TaskView| -> Result<(), Failure> {
            if draws {
                tasks.push(task);
                return Ok(());
            }
            output.answer(row(&task), &TaskJson::new(&task))
        };
        if self.all && status.is_none() {
            // No filter means both, and they are wanted by id.
            let mut all = Vec::new();
            for status in [None, Some(Status::Deleted)] {
                for_each(&mut session, &self.list, Filter { status, ..filter }, &mut |task| {
                    all.push(task);
                    Ok(())
                })?;
            }
            all.sort_by_key(|task| task.id);
            // One that was deleted between the two is in both; the later one counts.
            all.dedup_by(|later, earlier| {
                let same = later.id == earlier.id;
                if same {
                    std::mem::swap(later, earlier);
                }
                same
            });
            all.into_iter().try_for_each(visit)?;
        } else {
            for_each(&mut session, &self.list, filter, &mut visit)?;
        }
        for line in tree::draw(&tasks) {
            output.line(line)?;
        }
        output.finish()
    }
}

/// Shows every task that `filter` means, by id.
fn for_each(
    session: &mut Session,
    list: &str,
    filter: Filter,
    visit: &mut dyn FnMut(TaskView) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut cursor = None;
    loop {
        let page = session.task_page(list, filter, cursor, PAGE)?;
        page.tasks.into_iter().try_for_each(&mut *visit)?;
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn row(task: &TaskView) -> String {
    let (holder, life) = match &task.owner {
        Some(owner) => (one_line(&owner.holder), if task.alive { "alive" } else { "dead" }),
        None => ("-".into(), "-"),
    };
    let (status, unresolved) = (status_name(task.status), ids_or_dash(&task.unresolved));
    let subject = one_line(&task.subject);
    format!("{}\t{status}\t{}\t{holder}\t{life}\t{unresolved}\t{subject}", task.id, task.priority)
}
