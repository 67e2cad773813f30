//! Entries of the log: what one change made of its tasks, or (in a snapshot) all tasks as they are.
//!
//! Lines of JSON: the first is the header, each other one a task as it is now, or what is known of the list. An entry
//! says what *is*, not what was done to it, so applying it takes no knowledge of why.

use super::name::EntryName;
use super::record::{About, Event, Record};
use super::state::State;
use super::weight;
use crate::error::{Error, Result};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The first line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) revision: u64,
    pub(crate) at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// The change before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<String>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Event>,
    /// What another version of Leasehold has written here goes from one snapshot to the next.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

impl Header {
    pub(crate) fn previous(&self) -> Option<EntryName> {
        self.previous.as_deref().and_then(EntryName::parse)
    }
}

/// Every line but the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Task(Record),
    List(About),
    /// All tasks are gone; comes before others.
    Reset(bool),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum LineRef<'a> {
    Task(&'a Record),
    List(&'a About),
    Reset(bool),
}

/// What a change makes.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) is_reset: bool,
    pub(crate) about: Option<About>,
    pub(crate) tasks: Vec<Rc<Record>>,
    pub(crate) events: Vec<Event>,
}

/// An entry as it was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    pub(crate) draft: Draft,
    pub(crate) bytes: usize,
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn push_line(out: &mut Vec<u8>, line: &impl Serialize) -> Result<()> {
    let line = serde_json::to_vec(line).map_err(|error| Error::Other(format!("a task list: {error}")))?;
    out.extend_from_slice(&line);
    out.push(b'\n');
    Ok(())
}

/// The content of an entry that is a change. It can be read again, or this is an error: what is published is believed.
pub(crate) fn write(header: &Header, draft: &Draft) -> Result<Vec<u8>> {
    // Room for all of it at once: what grows is there twice.
    let mut out = Vec::with_capacity(draft.tasks.iter().map(|task| weight::of_task(task)).sum());
    push_line(&mut out, header)?;
    if draft.is_reset {
        push_line(&mut out, &LineRef::Reset(true))?;
    }
    if let Some(about) = &draft.about {
        push_line(&mut out, &LineRef::List(about))?;
    }
    for task in &draft.tasks {
        push_line(&mut out, &LineRef::Task(task))?;
    }
    let mut lines = lines(&out);
    let is_header = lines.next().is_some_and(|line| serde_json::from_slice::<Header>(line).is_ok());
    let is_readable = is_header && lines.all(|line| serde_json::from_slice::<Line>(line).is_ok());
    drop(lines);
    if is_readable {
        return Ok(out);
    }
    Err(Error::InvalidArgument(String::from("what is to be changed could not be read again, say it otherwise")))
}

/// The content of a snapshot. All that is in it was read before, or written by [`write`].
pub(crate) fn write_snapshot(header: &Header, state: &State) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(state.weight);
    push_line(&mut out, header)?;
    push_line(&mut out, &LineRef::List(&state.about))?;
    for task in state.tasks.values() {
        push_line(&mut out, &LineRef::Task(task))?;
    }
    Ok(out)
}

/// Reads the first line of an entry; `None` if it is not one.
pub(crate) fn read_header(content: &[u8]) -> Option<Header> {
    serde_json::from_slice(lines(content).next()?).ok()
}

/// Reads the content of an entry; `None` if it is not one.
pub(crate) fn read(content: &[u8]) -> Option<Entry> {
    let mut lines = lines(content);
    let header = serde_json::from_slice(lines.next()?).ok()?;
    let mut draft = Draft::default();
    for line in lines {
        match serde_json::from_slice(line).ok()? {
            Line::Task(task) => draft.tasks.push(Rc::new(task)),
            Line::List(about) => draft.about = Some(about),
            Line::Reset(_) => draft.is_reset = true,
        }
    }
    Some(Entry { header, draft, bytes: content.len() })
}
