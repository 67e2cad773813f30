//! `leasehold task history`

use super::json::ChangeJson;
use super::one_line;
use super::status::kind_name;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::{Change, History};
use leasehold_core::limits::PAGE_MAX;

/// How many changes are asked of the store at a time.
const PAGE: u32 = PAGE_MAX;

/// Lists the changes of a list, the earliest first
///
/// In tab-separated columns, a line for what happened to each task: revision, when, by whom, what, task, fields. The task
/// `-` is the list itself. What one change did has one revision, which the next command can be told as --since. With
/// --json each change is one line: {"revision", "at", "by", "events": [{"id", "kind", "fields"}]}.
///
/// A list keeps about its last 3,072 to 4,096 changes. Exits with 1 when --since is earlier than that, with --json after
/// {"too_old": REV}, the earliest revision that can be asked from; and where there is no such list.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task history house --limit 100")]
pub(crate) struct HistoryCommand {
    /// The list
    list: String,

    /// Only changes after this revision [default: all that are kept]
    #[arg(long, value_name = "REV")]
    since: Option<u64>,

    /// At most N changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl HistoryCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let mut output = Output::new(globals.json);
        let mut since = self.since.unwrap_or(0);
        // Who has not said from where is content with what is kept.
        let mut is_content = self.since.is_none();
        let mut left = self.limit.unwrap_or(u32::MAX);
        while left > 0 {
            match session.task_history(&self.list, since, left.min(PAGE))? {
                History::TooOld { oldest } if is_content => since = oldest,
                History::TooOld { oldest } => return Err(too_old(&mut output, &self.list, since, oldest)),
                History::Changes { changes, revision, more } => {
                    changes.iter().try_for_each(|change| tell(&mut output, change))?;
                    is_content = is_content && changes.is_empty();
                    left = left.saturating_sub(u32::try_from(changes.len()).unwrap_or(u32::MAX));
                    since = revision;
                    if !more {
                        break;
                    }
                }
            }
        }
        output.finish()
    }
}

/// Tells one change.
pub(super) fn tell(output: &mut Output, change: &Change) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(&ChangeJson::new(change));
    }
    let (at, by) = (show_moment(change.at_ms), one_line(change.by.as_deref().unwrap_or("-")));
    for event in &change.events {
        let id = if event.id == 0 { "-".into() } else { event.id.to_string() };
        let fields = if event.fields.is_empty() { "-".into() } else { one_line(&event.fields.join(",")) };
        let kind = kind_name(event.kind);
        output.line(format_args!("{}\t{at}\t{by}\t{kind}\t{id}\t{fields}", change.revision))?;
    }
    Ok(())
}

/// The answer where the history does not reach back so far.
pub(super) fn too_old(output: &mut Output, list: &str, since: u64, oldest: u64) -> Failure {
    let told = output.answer_quietly(&serde_json::json!({ "too_old": oldest })).and_then(|()| output.finish());
    match told {
        Ok(()) => Failure::Nothing(format!(
            "the history of list {list:?} does not reach back to revision {since}: see the list as it is with `ls`, and \
             ask from {oldest} at the earliest"
        )),
        Err(failure) => failure,
    }
}
