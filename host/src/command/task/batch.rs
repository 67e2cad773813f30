//! `leasehold task batch`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::payload::{is_standard_input, read_batch};
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::NewTask;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::PathBuf;

/// A complaint about what was read is not as long as that.
const COMPLAINT_MAX: usize = 300;

/// Makes many tasks, all or none, and prints their ids, one a line
///
/// FILE holds a JSON array of objects, or such objects one after the other: {"subject", "description", "active_form",
/// "priority", "blocked_by", "blocked_by_new", "metadata"}, of which all but "subject" may be left out. "blocked_by"
/// holds ids of tasks that are there; "blocked_by_new" holds places in this batch, from 0. At most 65,536 tasks; their
/// ids follow each other. With --json each is one line: {"id"}.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    echo '[{\"subject\":\"draw\"},{\"subject\":\"build\",\"blocked_by_new\":[0]}]' | leasehold task batch house")]
pub(crate) struct Batch {
    /// The list; the first task makes it
    list: String,

    /// The tasks in JSON; none, or `-`, is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// Who makes them, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

/// A task, as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    subject: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    active_form: Option<String>,
    #[serde(default)]
    priority: Option<u8>,
    #[serde(default)]
    blocked_by: Option<Vec<u64>>,
    #[serde(default)]
    blocked_by_new: Option<Vec<u32>>,
    #[serde(default)]
    metadata: Option<Box<RawValue>>,
}

impl Batch {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let opener = stores::Opener::new(globals, TASKS, &[&self.list], 1)?;
        let text = read_batch(&self.file)?;
        let entries = parse(&text).map_err(|error| {
            let file = self.file.display().to_string();
            let file = if is_standard_input(&self.file) { "standard input" } else { &file };
            let mut complaint = error.to_string();
            complaint.truncate(complaint.floor_char_boundary(COMPLAINT_MAX));
            Failure::usage(format!("{file}: {complaint}; see `leasehold task batch --help` for what a task is made of"))
        })?;
        drop(text);
        let tasks: Vec<NewTask<'_>> = entries.iter().map(Entry::task).collect();
        let ids = opener.open()?.task_create(&self.list, &tasks, self.by.as_deref(), self.durability.durability())?;
        super::tell_made(globals, &ids)
    }
}

impl Entry {
    fn task(&self) -> NewTask<'_> {
        NewTask {
            subject: &self.subject,
            description: self.description.as_deref().unwrap_or_default(),
            active_form: self.active_form.as_deref(),
            priority: self.priority,
            blocked_by: self.blocked_by.as_deref().unwrap_or_default(),
            blocked_by_new: self.blocked_by_new.as_deref().unwrap_or_default(),
            metadata: self.metadata.as_deref().map(RawValue::get),
        }
    }
}

/// Reads an array of objects, or objects one after the other.
fn parse(text: &[u8]) -> serde_json::Result<Vec<Entry>> {
    if text.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(text);
    }
    serde_json::Deserializer::from_slice(text).into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn subjects(text: &str) -> Option<Vec<String>> {
        Some(parse(text.as_bytes()).ok()?.into_iter().map(|entry| entry.subject).collect())
    }

    #[test]
    fn an_array_and_lines_are_the_same() {
        for text in [
            r#"[{"subject":"a"},{"subject":"b"}]"#,
            "\n [ {\"subject\":\"a\"},\n{\"subject\":\"b\"} ]\n",
            "{\"subject\":\"a\"}\n{\"subject\":\"b\"}\n",
            "{\"subject\":\"a\"}{\"subject\":\"b\"}",
        ] {
            assert_eq!(subjects(text).unwrap(), ["a", "b"], "{text}");
        }
        assert_eq!(subjects("").unwrap(), [""; 0]);
        assert_eq!(subjects("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "{}",
            "a",
            "[1]",
            "[{\"subject\":\"a\"}] more",
            "{\"subject\":\"a\"} more",
            "{\"subject\":null}",
            "{\"subject\":\"a\",\"colour\":1}",
            "{\"subject\":\"a\",\"priority\":-1}",
            "{\"subject\":\"a\",\"blocked_by\":[\"1\"]}",
            "{\"subject\":\"a\"",
        ] {
            assert_eq!(subjects(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_null_is_left_out() {
        let text = r#"{"subject":"a","description":null,"metadata":null,"blocked_by":null,"priority":null}"#;
        let entries = parse(text.as_bytes()).unwrap();
        assert_eq!(entries[0].task(), NewTask { subject: "a", ..NewTask::default() });
    }
}
