//! Looking: status, listings, single tasks, outcomes. Nothing here changes a task.

use super::Queue;
use super::adopt::{may_be_task, why_not_adopted};
use super::content::{self, Attributes};
use super::entry::{Cause, Entry, Place, write_order};
use super::given::Given;
use super::group::Group;
use super::layout::{Layout, PAUSED};
use super::locate::{GroupName, Located};
use super::note::Note;
use super::part::{Part, Parting};
use super::scan::Found;
use super::task::{Status, TaskInfo, TaskPage, TaskState, TaskView};
use super::ticket::Ticket;
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::PAGE_MAX;
use crate::name::{Key, Text, number};
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// How many tasks are in which state, counted by listing. A queue that is not there is empty.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Damaged`], [`Error::Io`].
    pub fn status(&self) -> Result<Status> {
        let mut status = Status::default();
        let Some(layout) = self.look()? else { return Ok(status) };
        let now_ms = self.environment().now_ms();
        status.paused = self.is_paused(&layout)?;
        let mut parted = (Vec::new(), Vec::new());
        layout.for_each_pending(&mut |found| {
            if found.priority.is_none() && found.kind == Kind::File {
                // A file dropped by hand is a task as soon as it has settled, unless it can never be one.
                match why_not_adopted(&*found.dir, &found.name) {
                    _ if !may_be_task(&found.name, found.kind) => {}
                    None => status.ready += 1,
                    Some(_) => status.damaged += 1,
                }
                return Ok(());
            }
            self.count(&layout, &found, &mut status, &mut parted, now_ms);
            Ok(())
        })?;
        layout.for_each_in("claimed", &mut |found| {
            self.count(&layout, &found, &mut status, &mut parted, now_ms);
            Ok(())
        })?;
        let (settled, parts) = parted;
        // Those that are still to be sent on their way.
        for parting in settled {
            let tasks = parts.iter().filter(|part| parting.is_of(part)).count();
            status.count(Counted::of(&parting.entry), tasks as u64, now_ms);
        }
        for (name, count) in [("done", &mut status.done), ("dead", &mut status.dead)] {
            let damaged = &mut status.damaged;
            layout.for_each_in(name, &mut |found| {
                match tasks_of(&found) {
                    0 => *damaged += 1,
                    tasks => *count += tasks,
                }
                Ok(())
            })?;
        }
        Ok(status)
    }

    /// Counts a name in a bucket or in `claimed`. Groups that have parted, and the names of their tasks, are gathered.
    fn count(
        &self,
        layout: &Layout<D>,
        found: &Found<D>,
        status: &mut Status,
        (settled, parts): &mut (Vec<Parting>, Vec<Part>),
        now_ms: u64,
    ) {
        if let Some(parting) = Parting::parse(&found.name).filter(|parting| parting.is_settled) {
            settled.push(parting);
        } else if let Some(part) = Part::parse(&found.name) {
            parts.push(part);
        } else {
            let (counted, tasks) = self.counted(layout, found);
            status.count(counted, tasks, now_ms);
        }
    }

    /// What a name in a bucket or in `claimed` counts as. For a task with a given id only its ref tells: what has lost
    /// that, or has never had it, or is elsewhere by now, is nothing that anybody could wait for.
    fn counted(&self, layout: &Layout<D>, found: &Found<D>) -> (Counted, u64) {
        if found.kind != Kind::File {
            return (Counted::Damaged, 1);
        }
        let is_claimed = found.priority.is_none();
        if let Some(ticket) = Ticket::parse(&found.name) {
            let counted = match Given::read(layout, &ticket.key) {
                Ok(Some(Given { entry, .. })) if entry.nonce == ticket.nonce => match entry.place {
                    Place::Pending => Counted::Pending { due_ms: entry.due_ms, enqueued_ms: entry.enqueued_ms },
                    Place::Claimed { .. } => Counted::Claimed,
                    Place::Done { .. } | Place::Dead { .. } | Place::Tomb => Counted::Nothing,
                },
                Ok(_) => Counted::Nothing,
                Err(_) => Counted::Damaged,
            };
            return (counted, 1);
        }
        match Entry::parse(&found.name).or_else(|| Parting::parse(&found.name).map(|parting| parting.entry)) {
            Some(entry) if (entry.place != Place::Pending) == is_claimed => (Counted::of(&entry), entry.tasks() as u64),
            _ => (Counted::Damaged, 1),
        }
    }

    pub(crate) fn is_paused(&self, layout: &Layout<D>) -> Result<bool> {
        match layout.queue.metadata(PAUSED) {
            Ok(_) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at(PAUSED, &error)),
        }
    }

    /// The tasks in one state, `limit` (1 to 10,000) at a time, starting after `cursor`: in the order in which they
    /// would be claimed, or in which they ended.
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
        let now_ms = self.environment().now_ms();
        let mut page = TaskPage { tasks: Vec::new(), cursor: cursor.map(String::from) };
        let Some(layout) = self.look()? else { return Ok(TaskPage::default()) };
        let mut group: Option<(Rc<str>, Vec<Entry>)> = None;
        loop {
            let First { names, next } =
                self.first_after(&layout, (state, now_ms), page.cursor.take(), limit - page.tasks.len())?;
            for (key, named) in names {
                // It may have moved on since, or have been a ticket that was left behind.
                let Named { name, group_in } = named;
                if let Some(path) = group_in {
                    // Those of one group follow each other, and are read together.
                    if group.as_ref().is_none_or(|(known, _)| *known != name) {
                        let tasks = read_group(&layout, &path, &name);
                        group = Some((name, tasks));
                    }
                    let mut tasks = group.iter().flat_map(|(_, tasks)| tasks);
                    if let Some(entry) = tasks.find(|entry| sort_key(entry, None) == key) {
                        page.tasks.push(self.info(entry.nonce.text(), entry, Note::default(), now_ms));
                    }
                } else if let Some((id, entry, note)) = self.read_named(&layout, &name)?
                    && state_at(&entry, now_ms) == state
                    && sort_key(&entry, Ticket::parse(&name).map(|ticket| ticket.key).as_ref()) == key
                {
                    page.tasks.push(self.info(id, &entry, note, now_ms));
                }
            }
            page.cursor = next;
            if page.cursor.is_none() || page.tasks.len() >= limit {
                return Ok(page);
            }
        }
    }

    /// The `limit` first names that tell of tasks in `state` after `cursor`, each with what it sorts by, and a
    /// cursor where there are more. Holds no more than those, and reads no ref where the ticket tells enough.
    fn first_after(
        &self,
        layout: &Layout<D>,
        meant: (TaskState, u64),
        cursor: Option<String>,
        limit: usize,
    ) -> Result<First> {
        let mut first: BTreeMap<String, Named> = BTreeMap::new();
        let mut are_more = false;
        let mut add_one = |key: String, named: Named| {
            let is_after = cursor.as_ref().is_none_or(|cursor| key > *cursor);
            let is_among = first.len() < limit || first.last_key_value().is_some_and(|(last, _)| key < *last);
            if is_after && is_among {
                first.insert(key, named);
                if first.len() > limit {
                    first.pop_last();
                    are_more = true;
                }
            } else {
                are_more |= is_after && !first.contains_key(&key);
            }
        };
        let mut add = |found: Found<D>| {
            if let Some(group) = GroupName::parse(&found.name).filter(|_| found.kind == Kind::File) {
                let (entry, name) = (group.entry(), Rc::<str>::from(found.name));
                if state_at(entry, meant.1) == meant.0 {
                    for place in entry.group.into_iter().flat_map(Group::places) {
                        let named = Named { name: Rc::clone(&name), group_in: Some(Rc::clone(&found.path)) };
                        add_one(sort_key(&entry.alone(place), None), named);
                    }
                }
            } else if let Some(key) = key_in(layout, meant, &found)? {
                add_one(key, Named { name: Rc::from(found.name), group_in: None });
            }
            Ok(())
        };
        match meant.0 {
            TaskState::Ready | TaskState::Delayed => layout.for_each_pending(&mut add)?,
            TaskState::Claimed => layout.for_each_in("claimed", &mut add)?,
            TaskState::Done => layout.for_each_in("done", &mut add)?,
            TaskState::Dead => layout.for_each_in("dead", &mut add)?,
        }
        let next = if are_more { first.last_key_value().map(|(key, _)| key.clone()) } else { None };
        Ok(First { names: first.into_iter().collect(), next })
    }

    /// The task that a name tells of: its id, state and note.
    fn read_named(&self, layout: &Layout<D>, name: &str) -> Result<Option<(String, Entry, Note<'static>)>> {
        if let Some(ticket) = Ticket::parse(name) {
            let Some(given) = read_ticket(layout, &ticket)? else { return Ok(None) };
            return Ok(Some((given.id(), given.entry.clone(), given.read_note())));
        }
        let Some(entry) = Entry::parse(name) else { return Ok(None) };
        let note = self.note_of_file(layout, &entry);
        Ok(Some((entry.nonce.text(), entry, note)))
    }

    /// One task, with its payload.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`] if the content is not what was pushed; [`Error::Io`].
    pub fn peek(&self, id: &str) -> Result<TaskView> {
        let Some(layout) = self.look()? else { return Err(self.no_task(id)) };
        for _ in 0..crate::limits::TRIES_MAX {
            let located = self.locate(&layout, id)?;
            let info =
                self.info(located.id(), located.entry(), self.note_of(&layout, &located), self.environment().now_ms());
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
        let Some(layout) = self.look()? else { return Err(self.no_task(id)) };
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
            Located::File { dir, entry } => read_content(&**dir, &entry.text(), entry),
            Located::Member { dir, entry, group } => read_content(&**dir, &group.text(), entry),
        }
    }

    fn still_stands(&self, located: &Located<D>) -> bool {
        match located {
            Located::Given(given) => given.reference.dir.metadata(&given.reference.token_name).is_ok(),
            Located::File { dir, entry } => dir.metadata(&entry.text()).is_ok(),
            Located::Member { dir, group, .. } => dir.metadata(&group.text()).is_ok(),
        }
    }

    fn note_of(&self, layout: &Layout<D>, located: &Located<D>) -> Note<'static> {
        match located {
            Located::Given(given) => given.read_note(),
            Located::File { entry, .. } | Located::Member { entry, .. } => self.note_of_file(layout, entry),
        }
    }

    fn note_of_file(&self, layout: &Layout<D>, entry: &Entry) -> Note<'static> {
        entry.note.map_or_else(Note::default, |note| Note::read(&layout.notes, &note.text()))
    }

    fn info(&self, id: String, entry: &Entry, note: Note<'_>, now_ms: u64) -> TaskInfo {
        let cause = match entry.place {
            Place::Dead { cause, .. } => Some(cause),
            _ => None,
        };
        let reason = match cause {
            // What was noted is about an earlier attempt.
            Some(cause @ (Cause::Abandoned | Cause::Damaged)) => Some(String::from(cause.reason())),
            Some(cause) => note.reason.or_else(|| Some(String::from(cause.reason()))),
            None => note.reason,
        };
        TaskInfo {
            id,
            state: state_at(entry, now_ms),
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
        }
    }

    /// What stands in a directory of the queue as a task; `None` for what is none, or is not there after all.
    pub(crate) fn located(&self, layout: &Layout<D>, found: Found<D>) -> Result<Option<Located<D>>> {
        if found.kind != Kind::File {
            return Ok(None);
        }
        if let Some(ticket) = Ticket::parse(&found.name) {
            return Ok(read_ticket(layout, &ticket)?.map(Located::Given));
        }
        let entry = Entry::parse(&found.name).filter(|entry| entry.place != Place::Tomb);
        Ok(entry.map(|entry| Located::File { dir: found.dir, entry }))
    }
}

/// For how many tasks a name stands.
fn tasks_of<D>(found: &Found<D>) -> u64 {
    if found.kind != Kind::File {
        return 0;
    }
    match Entry::parse(&found.name) {
        Some(entry) => entry.tasks() as u64,
        None => u64::from(Ticket::parse(&found.name).is_some()),
    }
}

/// A task's content, out of the file that stands as `name`.
fn read_content<D: Directory>(dir: &D, name: &str, entry: &Entry) -> Result<Option<(Vec<u8>, Attributes)>> {
    let file = match dir.open(name) {
        Ok(file) => file,
        Err(FsError::NotFound) => return Ok(None),
        Err(error) => return Err(Error::at("a task", &error)),
    };
    let read = content::read(entry, &file).map_err(|error| Error::at("a task", &error))?;
    Ok(read.and_then(|bytes| content::split(entry, bytes)))
}

/// The tasks of a group by its path beneath the queue's directory; none if it is not there any more.
fn read_group<D: Directory>(layout: &Layout<D>, path: &str, name: &str) -> Vec<Entry> {
    let opened = path.split('/').try_fold(layout.queue.clone(), |dir, part| dir.open_dir(part));
    match (opened, GroupName::parse(name)) {
        (Ok(dir), Some(group)) if dir.metadata(name).is_ok() => group.tasks(&dir),
        _ => Vec::new(),
    }
}

/// What a name in a directory of the queue sorts by, if it may tell of a task that is meant: in that state, at that
/// time.
fn key_in<D: Directory>(
    layout: &Layout<D>,
    (state, now_ms): (TaskState, u64),
    found: &Found<D>,
) -> Result<Option<String>> {
    if found.kind != Kind::File {
        return Ok(None);
    }
    let Some(ticket) = Ticket::parse(&found.name) else {
        let entry = Entry::parse(&found.name).filter(|entry| entry.place != Place::Tomb);
        return Ok(entry.filter(|entry| state_at(entry, now_ms) == state).map(|entry| sort_key(&entry, None)));
    };
    if let Some(priority) = found.priority {
        let is_meant = waits_at(ticket.due_ms, now_ms) == state;
        return Ok(is_meant.then(|| order_key(priority, ticket.due_ms, ticket.seq, ticket.key.as_str())));
    }
    let given = read_ticket(layout, &ticket)?.filter(|given| state_at(&given.entry, now_ms) == state);
    Ok(given.map(|given| sort_key(&given.entry, Some(&ticket.key))))
}

fn waits_at(due_ms: u64, now_ms: u64) -> TaskState {
    if due_ms > now_ms { TaskState::Delayed } else { TaskState::Ready }
}

fn state_at(entry: &Entry, now_ms: u64) -> TaskState {
    match entry.place {
        Place::Pending => waits_at(entry.due_ms, now_ms),
        Place::Claimed { .. } => TaskState::Claimed,
        Place::Done { .. } | Place::Tomb => TaskState::Done,
        Place::Dead { .. } => TaskState::Dead,
    }
}

/// The task that a ticket was made for, if it lives.
fn read_ticket<D: Directory>(layout: &Layout<D>, ticket: &Ticket) -> Result<Option<Given<D>>> {
    match Given::read(layout, &ticket.key) {
        Ok(given) => Ok(given.filter(|given| given.entry.nonce == ticket.nonce && given.entry.place != Place::Tomb)),
        Err(Error::Damaged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first names of a listing, each after what it sorts by.
struct First {
    names: Vec<(String, Named)>,
    /// What the last one sorts by, if there are more.
    next: Option<String>,
}

/// A name that tells of a task.
struct Named {
    name: Rc<str>,
    /// If it is that of a group: the path of its directory beneath the queue's.
    group_in: Option<Rc<str>>,
}

/// What a name counts as in a status.
enum Counted {
    Pending { due_ms: u64, enqueued_ms: u64 },
    Claimed,
    Damaged,
    Nothing,
}

impl Counted {
    /// What a task that waits, or is claimed, counts as.
    fn of(entry: &Entry) -> Self {
        match entry.place {
            Place::Pending => Counted::Pending { due_ms: entry.due_ms, enqueued_ms: entry.enqueued_ms },
            Place::Claimed { .. } => Counted::Claimed,
            Place::Done { .. } | Place::Dead { .. } | Place::Tomb => Counted::Damaged,
        }
    }
}

impl Status {
    fn count(&mut self, counted: Counted, tasks: u64, now_ms: u64) {
        if tasks == 0 {
            return;
        }
        match counted {
            Counted::Pending { due_ms, enqueued_ms } => {
                self.oldest_ms = Some(self.oldest_ms.map_or(enqueued_ms, |oldest| oldest.min(enqueued_ms)));
                if due_ms <= now_ms {
                    self.ready += tasks;
                } else {
                    self.delayed += tasks;
                    self.next_due_ms = Some(self.next_due_ms.map_or(due_ms, |next| next.min(due_ms)));
                }
            }
            Counted::Claimed => self.claimed += tasks,
            Counted::Damaged => self.damaged += 1,
            Counted::Nothing => {}
        }
    }
}

/// Sorts as the states do: by priority and order while it lives, by the time of its end after that; then by the
/// given id, or the one that was drawn.
fn sort_key(entry: &Entry, given: Option<&Key>) -> String {
    let nonce = entry.nonce.text();
    let id = given.map_or(nonce.as_str(), Key::as_str);
    if let Place::Done { at_ms } | Place::Dead { at_ms, .. } = entry.place {
        let mut key = Text::with_capacity(32);
        number::write_fixed(&mut key, 0, 1);
        number::write_fixed(&mut key, at_ms, number::MOMENT_DIGITS);
        key.push('.');
        key.push_str(id);
        return key.finish();
    }
    order_key(entry.priority, entry.due_ms, entry.seq, id)
}

fn order_key(priority: u8, due_ms: u64, seq: u32, id: &str) -> String {
    let mut key = Text::with_capacity(32);
    number::write_fixed(&mut key, priority.into(), 1);
    write_order(&mut key, due_ms, seq);
    key.push('.');
    key.push_str(id);
    key.finish()
}
