//! Looking. Nothing here changes a list.

use super::claim::Judged;
use super::log::Opened;
use super::name::{EntryName, ListName};
use super::record::{Owner, Record, Status};
use super::state::State;
use super::{Filter, ListInfo, Lists, TaskPage, TaskView};
use crate::capability::{Directory, Kind};
use crate::error::{Error, Result};
use crate::limits::PAGE_MAX;
use crate::name::{Decoded, Key};
use crate::store::{Damage, list_entries};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

impl<D: Directory> Lists<D> {
    /// One task, deleted ones too; `None` if there never was one of that id, or it was reset.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn get(&self, list: &str, id: u64) -> Result<Option<TaskView>> {
        let found = self.with_loaded(list, &mut |_, loaded| {
            Ok(loaded.state.tasks.get(&id).map(|task| self.view(&loaded.state, task, &mut Judged::new())))
        })?;
        Ok(found.flatten())
    }

    /// A task as this instance has just left it: nothing is read again, which could fail after the change was made.
    pub(crate) fn known_or_get(&self, list: &str, id: u64) -> Result<Option<TaskView>> {
        let key = Key::of(list)?;
        let known = self.loaded.borrow();
        if let Some(state) = known.get(key.as_str()).map(|loaded| &loaded.state)
            && let Some(task) = state.tasks.get(&id)
        {
            return Ok(Some(self.view(state, task, &mut Judged::new())));
        }
        drop(known);
        self.get(list, id)
    }

    /// The tasks that `filter` means, by id, `limit` (1 to 10,000) at a time, after `cursor`. A list that is not there is
    /// empty.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn list(&self, list: &str, filter: Filter, cursor: Option<u64>, limit: u32) -> Result<TaskPage> {
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Error::InvalidArgument(format!("a page of {limit} tasks, use 1 to {PAGE_MAX}")));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = self.with_loaded(list, &mut |opened: &Opened<D>, loaded| {
            let first = cursor.map_or(0, |cursor| cursor.saturating_add(1));
            let mut meant =
                loaded.state.tasks.range(first..).map(|(_, task)| task).filter(|task| is_meant(task, filter));
            let mut page = TaskPage { revision: opened.name.revision, ..TaskPage::default() };
            let mut judged = Judged::new();
            page.tasks.extend(meant.by_ref().take(limit).map(|task| self.view(&loaded.state, task, &mut judged)));
            page.cursor = meant.next().and_then(|_| page.tasks.last()).map(|task| task.id);
            Ok(page)
        })?;
        Ok(page.unwrap_or_default())
    }

    /// What is known of a list; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn info(&self, list: &str) -> Result<Option<ListInfo>> {
        match self.info_of(list, &Key::of(list)?)? {
            // The key of a name that was too long leads to a list as well, where that name is lost.
            None if let Some((key, Decoded::Shortened)) = Key::from_file_name(list) => self.info_of(list, &key),
            info => Ok(info),
        }
    }

    fn info_of(&self, list: &str, key: &Key) -> Result<Option<ListInfo>> {
        self.with_key_loaded(list, key, &mut |opened, loaded| {
            let about = &loaded.state.about;
            let mut counts = BTreeMap::new();
            for task in loaded.state.tasks.values() {
                *counts.entry(task.status).or_insert(0) += 1;
            }
            let count = |status| counts.get(&status).copied().unwrap_or(0);
            Ok(ListInfo {
                name: String::from(list),
                revision: opened.name.revision,
                created_ms: about.created_ms,
                created_by: about.created_by.clone(),
                metadata: Value::Object(about.metadata.clone()).to_string(),
                seen: about.seen.clone(),
                pending: count(Status::Pending),
                in_progress: count(Status::InProgress),
                completed: count(Status::Completed),
                abandoned: count(Status::Abandoned),
            })
        })
    }

    /// The names of all lists, in their order on the disk; those too that cannot be read: who asks for one is told why. A
    /// list whose full name is lost is told by its key, and [`Lists::info`] takes that.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for key in self.refs.keys()? {
            match self.read(&key) {
                Ok(Some((reference, name))) if !name.is_tomb => names.push(self.refs.full_name(&reference, &key)),
                Ok(_) => {}
                Err(_) => names.push(match Key::from_file_name(key.as_str()) {
                    Some((_, Decoded::Name(name))) => name,
                    _ => String::from(key.as_str()),
                }),
            }
        }
        Ok(names)
    }

    fn view<'a>(&self, state: &State, task: &'a Record, judged: &mut Judged<'a>) -> TaskView {
        // What has ended is nobody's, whoever had it.
        let mut is_alive = |owner: &'a Owner| {
            let whom = (owner.holder.as_str(), owner.epoch);
            !task.status.is_terminal() && *judged.entry(whom).or_insert_with(|| self.is_alive(owner))
        };
        let resolved = |id: &u64| state.tasks.get(id).is_some_and(|blocker| blocker.status == Status::Completed);
        TaskView {
            id: task.id,
            subject: task.subject.clone(),
            description: task.description.clone(),
            active_form: task.active_form.clone(),
            status: task.status,
            priority: task.priority,
            owner: task.owner().cloned(),
            alive: task.owner().is_some_and(&mut is_alive),
            blocked_by: task.blocked_by.clone(),
            unresolved: task.blocked_by.iter().copied().filter(|id| !resolved(id)).collect(),
            blocks: state.blocked_on(task.id).collect(),
            metadata: Value::Object(task.metadata.clone()).to_string(),
            created_ms: task.created_ms,
            updated_ms: task.updated_ms,
            revision: task.revision,
        }
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        self.refs.damages(&mut |name, reference, damages| {
            if ListName::parse(&reference.token_name).is_none_or(|state| state.is_tomb) {
                return Ok(());
            }
            if let Some(content) = reference.content()? {
                let content = Rc::new(content);
                for (entry, kind) in list_entries(&*content).map_err(|error| Error::at(name, &error))? {
                    if kind != Kind::File || EntryName::parse(&entry).is_none() {
                        let path = format!("{name}/{}/{entry}", reference.content_name());
                        damages.push(Damage::foreign(Rc::clone(&content), entry, path, "not an entry of a log"));
                    }
                }
            }
            let Some((key, _)) = Key::from_file_name(name) else { return Ok(()) };
            let list = self.refs.full_name(reference, &key);
            let Some(opened) = self.open(&list, &key)? else { return Ok(()) };
            // What cannot be read is an error that says so.
            self.catch_up(&list, &opened, None)?;
            if !self.for_each_change(&opened, &mut |_, _| true)? && opened.reference.still_stands() {
                damages.push(Damage::in_place(
                    String::from(name),
                    "a change of its history is missing or not what was written; its tasks are whole",
                ));
            }
            Ok(())
        })
    }
}

fn is_meant(task: &Record, filter: Filter) -> bool {
    let is_internal = task.metadata.get("_internal").is_some_and(|value| *value == Value::Bool(true));
    filter.status.map_or(task.status != Status::Deleted, |status| status == task.status)
        && (filter.internal || !is_internal)
}
