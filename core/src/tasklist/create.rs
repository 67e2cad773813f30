//! Making tasks.

use super::record::{EventKind, Record, Status};
use super::update::{check_priority, check_subject, check_text, object};
use super::{Author, Lists, NewTask};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::{BATCH_TASKS_MAX, LIST_TASKS_MAX, PRIORITY_DEFAULT};
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
        let metadata = tasks.iter().map(check).collect::<Result<Vec<_>>>()?;
        if tasks.is_empty() {
            crate::name::Key::of(list)?;
            return Ok(Vec::new());
        }
        self.change_or_make(list, by, durability, &mut |working| {
            if working.state().tasks.len() + tasks.len() > LIST_TASKS_MAX {
                return Err(Error::TooLarge(format!("list {list:?} would have over {LIST_TASKS_MAX} tasks, reset it")));
            }
            let first = working.next_id;
            let ids: Vec<u64> = (first..).take(tasks.len()).collect();
            working.next_id = first.saturating_add(tasks.len() as u64);
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
            for (id, task) in ids.iter().zip(tasks) {
                for blocker in task.blocked_by {
                    // Ids of tasks that this very call makes are not the caller's to know.
                    if *blocker >= first {
                        return Err(Error::NotFound(format!("no task {blocker} in list {list:?}")));
                    }
                    working.block(list, *id, *blocker)?;
                }
                for place in task.blocked_by_new {
                    let blocker = usize::try_from(*place).ok().and_then(|place| ids.get(place)).ok_or_else(|| {
                        Error::InvalidArgument(format!("place {place} of {} new tasks, count from 0", tasks.len()))
                    })?;
                    working.block(list, *id, *blocker)?;
                }
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
