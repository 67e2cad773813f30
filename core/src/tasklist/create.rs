//! Making tasks.

use super::change::too_heavy;
use super::log::damaged;
use super::metadata::object;
use super::record::{EventKind, Record, Status};
use super::update::{check_priority, check_subject, check_text};
use super::weight::{of_object, of_text};
use super::{Author, Lists, NewTask};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::{BATCH_TASKS_MAX, LIST_WEIGHT_MAX, PRIORITY_DEFAULT, TASK_WEIGHT};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

impl<D: Directory> Lists<D> {
    /// Makes tasks, all or none, and answers their ids, which follow each other. Makes the list where there is none.
    /// Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a blocker that is not there; [`Error::InvalidArgument`] for a blank subject, for metadata
    /// that is no JSON object, for tasks that would wait for each other; [`Error::TooLarge`], [`Error::InvalidName`],
    /// [`Error::Damaged`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn create(
        &self,
        list: &str,
        tasks: &[NewTask<'_>],
        by: Author<'_>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        if tasks.len() > BATCH_TASKS_MAX {
            return Err(Error::TooLarge(format!("{} tasks at once, use at most {BATCH_TASKS_MAX}", tasks.len())));
        }
        let count = tasks.len();
        let mut metadata = Vec::with_capacity(count);
        let mut weight = 0;
        for (place, task) in tasks.iter().enumerate() {
            let object = check(task).map_err(|error| told(place, count, error))?;
            // Before more of it is in memory than a list can have.
            weight += weight_of(task) + of_object(&object);
            if weight > LIST_WEIGHT_MAX {
                return Err(too_heavy(list));
            }
            metadata.push(object);
        }
        if tasks.is_empty() {
            crate::name::Key::of(list)?;
            return Ok(Vec::new());
        }
        self.change_or_make(list, by, durability, &mut |working| {
            // Before they are copied.
            if working.state().weight.saturating_add(weight) > LIST_WEIGHT_MAX {
                return Err(too_heavy(list));
            }
            let first = working.next_id;
            let last_id = working.state().tasks.last_key_value().map_or(0, |(id, _)| *id);
            let next_id = first.checked_add(count as u64).filter(|_| first > last_id);
            working.next_id = next_id.ok_or_else(|| damaged(list, &format!("its next task would be {first}")))?;
            let ids: Vec<u64> = (first..working.next_id).collect();
            for ((id, task), metadata) in ids.iter().zip(tasks).zip(&metadata) {
                let record = Record {
                    id: *id,
                    subject: String::from(task.subject),
                    description: String::from(task.description),
                    active_form: task.active_form.filter(|form| !form.is_empty()).map(String::from),
                    status: Status::Pending,
                    priority: task.priority.unwrap_or(PRIORITY_DEFAULT),
                    owner: None,
                    blocked_by: Vec::new(),
                    metadata: metadata.clone(),
                    created_ms: working.now_ms,
                    updated_ms: working.now_ms,
                    revision: working.revision,
                    unknown: Map::new(),
                };
                working.put(record, EventKind::Created, Vec::new());
            }
            for (place, (id, task)) in ids.iter().zip(tasks).enumerate() {
                for blocker in task.blocked_by {
                    // Ids of tasks that this very call makes are not the caller's to know.
                    if *blocker >= first {
                        let missing = Error::NotFound(format!("no task {blocker} in list {list:?}"));
                        return Err(told(place, count, missing));
                    }
                    working.block(list, *id, *blocker).map_err(|error| told(place, count, error))?;
                }
                for other in task.blocked_by_new {
                    let blocker = usize::try_from(*other).ok().and_then(|other| ids.get(other)).ok_or_else(|| {
                        let unknown =
                            Error::InvalidArgument(format!("place {other} of {count} new tasks, count from 0"));
                        told(place, count, unknown)
                    })?;
                    working.block(list, *id, *blocker)?;
                }
            }
            if let Some((id, blocker)) = working.circle_from(first) {
                return Err(Error::InvalidArgument(format!(
                    "new tasks {} and {} (counted from 0) would wait for each other for ever",
                    id - first,
                    blocker - first
                )));
            }
            Ok(ids)
        })
    }
}

fn check(task: &NewTask<'_>) -> Result<Map<String, Value>> {
    check_subject(task.subject)?;
    check_text("a description", task.description)?;
    check_text("an active form", task.active_form.unwrap_or_default())?;
    check_priority(task.priority)?;
    task.metadata.map_or(Ok(Map::new()), object)
}

/// What the task will weigh, but for its metadata.
fn weight_of(task: &NewTask<'_>) -> usize {
    let texts = [Some(task.subject), Some(task.description), task.active_form];
    TASK_WEIGHT + texts.into_iter().flatten().map(of_text).sum::<usize>()
}

/// An error that tells which of many new tasks it is about.
fn told(place: usize, count: usize, error: Error) -> Error {
    let told = |why| if count > 1 { format!("new task {place} (counted from 0): {why}") } else { why };
    match error {
        Error::InvalidArgument(why) => Error::InvalidArgument(told(why)),
        Error::TooLarge(why) => Error::TooLarge(told(why)),
        Error::NotFound(why) => Error::NotFound(told(why)),
        other => other,
    }
}
