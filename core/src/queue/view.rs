//! Looking: status, listings, single tasks, outcomes. Nothing here changes a task.

use super::Queue;
use super::adopt::may_be_task;
use super::content::{self, Attributes};
use super::entry::{Cause, Entry, Place};
use super::given::Given;
use super::layout::{Layout, PAUSED};
use super::locate::Located;
use super::note::Note;
use super::scan::Found;
use super::task::{Status, TaskInfo, TaskPage, TaskState, TaskView};
use super::ticket::Ticket;
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::PAGE_MAX;
use crate::name::number;
use crate::store::read_file;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// How many tasks are in which state, counted by listing. A queue that is not there is empty.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Damaged`], [`Error::Io`].
    pub fn status(&self) -> Result<Status> {
        let mut status = Status::default();
        let Some(layout) = self.layout()? else { return Ok(status) };
        let now_ms = self.environment().now_ms();
        status.paused = self.is_paused(&layout)?;
        layout.for_each_pending(&mut |found| {
            match pending_moments(&found) {
                Some((due_ms, enqueued_ms)) => {
                    status.oldest_ms = Some(status.oldest_ms.map_or(enqueued_ms, |oldest| oldest.min(enqueued_ms)));
                    if due_ms <= now_ms {
                        status.ready += 1;
                    } else {
                        status.delayed += 1;
                        status.next_due_ms = Some(status.next_due_ms.map_or(due_ms, |next| next.min(due_ms)));
                    }
                }
                // A file dropped by hand is a task as soon as it has settled.
                None if found.priority.is_none() && may_be_task(&found.name, found.kind) => status.ready += 1,
                None if found.priority.is_none() && found.kind == Kind::File => {}
                None => status.damaged += 1,
            }
            Ok(())
        })?;
        for (name, count) in [("claimed", &mut status.claimed), ("done", &mut status.done), ("dead", &mut status.dead)]
        {
            let damaged = &mut status.damaged;
            layout.for_each_in(name, &mut |found| {
                *if is_task(&found) { &mut *count } else { &mut *damaged } += 1;
                Ok(())
            })?;
        }
        Ok(status)
    }

    pub(crate) fn is_paused(&self, layout: &Layout<D>) -> Result<bool> {
        match layout.queue.metadata(PAUSED) {
            Ok(_) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at(PAUSED, &error)),
        }
    }

    /// The tasks in one state, `limit` (1 to 10,000) at a time, starting after `cursor`: in the order in which they would be
    /// claimed, or in which they ended.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Io`].
    pub fn list(&self, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage> {
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Error::InvalidArgument(format!("a page of {limit} tasks, use 1 to {PAGE_MAX}")));
        }
        if let Some(cursor) = cursor.filter(|cursor| number::read_fixed(cursor.get(..11).unwrap_or(""), 11).is_none()) {
            return Err(Error::InvalidArgument(format!("{cursor:?} is not a cursor, pass on what the page answered")));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(layout) = self.layout()? else { return Ok(TaskPage::default()) };
        let mut tasks = Vec::new();
        let mut add = |found: Found<D>| {
            let Some(located) = self.located(&layout, found)? else { return Ok(()) };
            if self.state_of(located.entry()) == state {
                let key = sort_key(&located);
                if cursor.is_none_or(|cursor| key.as_str() > cursor) {
                    tasks.push((key, located));
                }
            }
            Ok(())
        };
        match state {
            TaskState::Ready | TaskState::Delayed => layout.for_each_pending(&mut add)?,
            TaskState::Claimed => layout.for_each_in("claimed", &mut add)?,
            TaskState::Done => layout.for_each_in("done", &mut add)?,
            TaskState::Dead => layout.for_each_in("dead", &mut add)?,
        }
        tasks.sort_by(|a, b| a.0.cmp(&b.0));
        tasks.dedup_by(|a, b| a.0 == b.0);
        let cursor = (tasks.len() > limit).then(|| tasks[limit - 1].0.clone());
        tasks.truncate(limit);
        let mut page = TaskPage { tasks: Vec::with_capacity(tasks.len()), cursor };
        for (_, located) in tasks {
            page.tasks.push(self.info(&layout, &located)?);
        }
        Ok(page)
    }

    /// One task, with its payload.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`] if the content is not what was pushed; [`Error::Io`].
    pub fn peek(&self, id: &str) -> Result<TaskView> {
        let Some(layout) = self.layout()? else { return Err(self.no_task(id)) };
        for _ in 0..crate::limits::TRIES_MAX {
            let located = self.locate(&layout, id)?;
            let info = self.info(&layout, &located)?;
            match self.content_of(&located)? {
                Some((payload, mut attributes)) => {
                    if let Some(file) = self.note_of(&layout, &located).file {
                        attributes.push((String::from("file"), file));
                    }
                    return Ok(TaskView { info, payload, attributes });
                }
                None if self.still_stands(&located) => {
                    return Err(Error::Damaged(format!("task {id}: its content does not match its checksum")));
                }
                // It has moved on meanwhile.
                None => {}
            }
        }
        Err(self.exhausted())
    }

    /// What `done` was given.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the task is done and its record kept; [`Error::Io`].
    pub fn outcome(&self, id: &str) -> Result<Vec<u8>> {
        let Some(layout) = self.layout()? else { return Err(self.no_task(id)) };
        let located = self.locate(&layout, id)?;
        let Place::Done { .. } = located.entry().place else {
            return Err(Error::NotFound(format!("task {id} of queue {:?} is not done", self.name())));
        };
        self.note_of(&layout, &located)
            .outcome
            .map(Cow::into_owned)
            .ok_or_else(|| Error::Damaged(format!("task {id}: the note with its outcome is missing or damaged")))
    }

    fn content_of(&self, located: &Located<D>) -> Result<Option<(Vec<u8>, Attributes)>> {
        match located {
            Located::Given(given) => given.read_content(),
            Located::File { dir, entry } => {
                let file = match dir.open(&entry.text()) {
                    Ok(file) => file,
                    Err(FsError::NotFound) => return Ok(None),
                    Err(error) => return Err(Error::at("a task", &error)),
                };
                let read = read_file(&file, content::FILE_BYTES_MAX).map_err(|error| Error::at("a task", &error))?;
                Ok(read.and_then(|bytes| content::split(entry, bytes)))
            }
        }
    }

    fn still_stands(&self, located: &Located<D>) -> bool {
        match located {
            Located::Given(given) => given.reference.dir.metadata(&given.reference.token_name).is_ok(),
            Located::File { dir, entry } => dir.metadata(&entry.text()).is_ok(),
        }
    }

    fn note_of(&self, layout: &Layout<D>, located: &Located<D>) -> Note<'static> {
        match located {
            Located::Given(given) => given.read_note(),
            Located::File { entry, .. } => match entry.note {
                Some(note) => Note::read(&layout.notes, &note.text()),
                None => Note::default(),
            },
        }
    }

    fn info(&self, layout: &Layout<D>, located: &Located<D>) -> Result<TaskInfo> {
        let entry = located.entry();
        let cause = match entry.place {
            Place::Dead { cause, .. } => Some(cause),
            _ => None,
        };
        let noted = self.note_of(layout, located).reason;
        let reason = match cause {
            // What was noted is about an earlier attempt.
            Some(cause @ (Cause::Abandoned | Cause::Damaged)) => Some(String::from(cause.reason())),
            Some(cause) => noted.or_else(|| Some(String::from(cause.reason()))),
            None => noted,
        };
        Ok(TaskInfo {
            id: located.id(),
            state: self.state_of(entry),
            priority: entry.priority,
            attempt: entry.tries,
            max_attempts: entry.max,
            enqueued_ms: entry.enqueued_ms,
            due_ms: entry.due_ms,
            ended_ms: match entry.place {
                Place::Done { at_ms } | Place::Dead { at_ms, .. } => Some(at_ms),
                _ => None,
            },
            token: entry.token,
            size: entry.size,
            holding: matches!(entry.place, Place::Claimed { .. }).then(|| self.holding(entry)),
            reason,
        })
    }

    fn state_of(&self, entry: &Entry) -> TaskState {
        match entry.place {
            Place::Pending if entry.due_ms > self.environment().now_ms() => TaskState::Delayed,
            Place::Pending => TaskState::Ready,
            Place::Claimed { .. } => TaskState::Claimed,
            Place::Done { .. } | Place::Tomb => TaskState::Done,
            Place::Dead { .. } => TaskState::Dead,
        }
    }

    /// What stands in a directory of the queue as a task; `None` for what is none, or is not there after all.
    pub(crate) fn located(&self, layout: &Layout<D>, found: Found<D>) -> Result<Option<Located<D>>> {
        if found.kind != Kind::File {
            return Ok(None);
        }
        if let Some(ticket) = Ticket::parse(&found.name) {
            return match Given::read(layout, &ticket.key) {
                Ok(Some(given)) if given.entry.nonce == ticket.nonce && given.entry.place != Place::Tomb => {
                    Ok(Some(Located::Given(given)))
                }
                Ok(_) | Err(Error::Damaged(_)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let entry = Entry::parse(&found.name).filter(|entry| entry.place != Place::Tomb);
        Ok(entry.map(|entry| Located::File { dir: found.dir, entry }))
    }
}

fn is_task<D>(found: &Found<D>) -> bool {
    found.kind == Kind::File && (Ticket::parse(&found.name).is_some() || Entry::is_token(&found.name))
}

/// When a name in a bucket is due and was pushed.
fn pending_moments<D>(found: &Found<D>) -> Option<(u64, u64)> {
    if found.kind != Kind::File || found.priority.is_none() {
        return None;
    }
    if let Some(ticket) = Ticket::parse(&found.name) {
        return Some((ticket.due_ms, ticket.enqueued_ms));
    }
    let entry = Entry::parse(&found.name)?;
    (entry.place == Place::Pending).then_some((entry.due_ms, entry.enqueued_ms))
}

/// Sorts as the states do: by priority and order while it lives, by the time of its end after that.
fn sort_key<D: Directory>(located: &Located<D>) -> String {
    let entry = located.entry();
    let mut key = String::with_capacity(32);
    match entry.place {
        Place::Done { at_ms } | Place::Dead { at_ms, .. } => {
            number::write_fixed(&mut key, 0, 1);
            number::write_fixed(&mut key, at_ms, number::MOMENT_DIGITS);
        }
        _ => {
            number::write_fixed(&mut key, entry.priority.into(), 1);
            entry.write_order(&mut key);
        }
    }
    key.push('.');
    match located {
        Located::File { entry, .. } => entry.nonce.write(&mut key),
        Located::Given(given) => key.push_str(given.key.as_str()),
    }
    key
}
