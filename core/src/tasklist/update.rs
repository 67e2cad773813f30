//! Changing a task, and ending it.

use super::metadata::{object, patch};
use super::record::{EventKind, Owner, Record, Status};
use super::working::Working;
use super::{Author, Lists, Update, Updated};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::{PRIORITY_MAX, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

impl<D: Directory> Lists<D> {
    /// Changes what `update` says of task `id`, and answers which fields changed; where none did, nothing is written.
    /// Synced by default.
    ///
    /// The status of a task that somebody has, who lives, changes only with the token of that claim.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the task or another that is named is not there; [`Error::Held`] if a holder that lives has
    /// it and its status would change; [`Error::Lost`] if the claim of `token` is over, if the task has ended another
    /// way, or has changed since `if_revision`; [`Error::InvalidArgument`], for tasks that would wait for each other too;
    /// [`Error::TooLarge`], [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn update(
        &self,
        list: &str,
        id: u64,
        update: &Update<'_>,
        by: Author<'_>,
        durability: Durability,
    ) -> Result<Updated> {
        let metadata = check(update)?;
        let changed = self.change(list, by, durability, &mut |working| {
            let before = working.living(list, id)?.clone();
            check_revision(list, &before, update.if_revision)?;
            if let Some(token) = update.token {
                self.check_token(list, &before, token)?;
            }
            let blocks = relate(list, id, update, working)?;
            let mut task = working.living(list, id)?.clone();
            let mut fields = Vec::new();
            let mut kind = EventKind::Updated;
            let mut set = |name: &str, is_changed: bool| {
                if is_changed {
                    fields.push(String::from(name));
                }
            };
            set("blocked-by", task.blocked_by != before.blocked_by);
            set("subject", replace(&mut task.subject, update.subject));
            set("description", replace(&mut task.description, update.description));
            if let Some(form) = update.active_form {
                let form = Some(form).filter(|form| !form.is_empty()).map(String::from);
                set("active-form", task.active_form != form);
                task.active_form = form;
            }
            if let Some(priority) = update.priority {
                set("priority", task.priority != priority);
                task.priority = priority;
            }
            if let Some(metadata) = &metadata {
                set("metadata", patch(&mut task.metadata, metadata)?);
            }
            if let Some(status) = update.status.filter(|status| *status != task.status) {
                self.check_may_end(list, &before, update.token)?;
                task.status = status;
                set("status", true);
                if status == Status::Pending {
                    let is_given_up = task.owner.take().is_some();
                    set("owner", is_given_up);
                    if is_given_up {
                        kind = EventKind::Released;
                    }
                }
            }
            if !fields.is_empty() {
                working.put(task, kind, fields.clone());
            }
            if blocks {
                fields.push(String::from("blocks"));
            }
            Ok(fields)
        })?;
        let task =
            self.known_or_get(list, id)?.ok_or_else(|| Error::NotFound(format!("no task {id} in list {list:?}")))?;
        Ok(Updated { task, changed })
    }

    /// The status of a task changes only by who has it, or by anybody where nobody has who lives; never after its end.
    pub(crate) fn check_may_end(&self, list: &str, task: &Record, token: Option<u64>) -> Result<()> {
        if task.status.is_terminal() {
            return Err(Error::Lost(format!("task {} of list {list:?} has ended, and that never changes", task.id)));
        }
        match task.owner() {
            // Who is only late is declared dead first, so that it learns that its task is not its own any more.
            Some(owner) if token.is_none() && !self.is_over(owner)? => Err(Error::Held(crate::error::Holding {
                holder: owner.holder.clone(),
                epoch: owner.epoch,
                token: owner.token,
                until_ms: None,
            })),
            _ => Ok(()),
        }
    }

    /// Whether the claim of `token` is the one that stands.
    pub(crate) fn check_token(&self, list: &str, task: &Record, token: u64) -> Result<()> {
        match task.owner() {
            Some(owner) if owner.token == token => Ok(()),
            _ => Err(Error::Lost(format!("task {} of list {list:?}: the claim {token} is over", task.id))),
        }
    }

    /// Whether an owner lives. What cannot be told counts as alive.
    pub(crate) fn is_alive(&self, owner: &Owner) -> bool {
        crate::name::Key::of(&owner.holder).map_or(true, |key| self.refs.holders.seems_alive(&key, owner.epoch))
    }
}

/// Changes what waits for what; whether others wait for the task that did not, or the other way round.
fn relate(list: &str, id: u64, update: &Update<'_>, working: &mut Working<'_>) -> Result<bool> {
    for blocker in update.remove_blocked_by {
        working.unblock(list, id, *blocker)?;
    }
    for blocker in update.add_blocked_by {
        working.block(list, id, *blocker)?;
    }
    let mut others = BTreeSet::new();
    for blocked in update.remove_blocks {
        if working.unblock(list, *blocked, id)? {
            others.insert(*blocked);
        }
    }
    for blocked in update.add_blocks {
        if working.block(list, *blocked, id)? {
            others.insert(*blocked);
        }
    }
    // All that is new waits for this task, or is waited for by it.
    let is_more = !(update.add_blocked_by.is_empty() && update.add_blocks.is_empty());
    if is_more && let Some(blocker) = working.circle_through(id) {
        return Err(Error::InvalidArgument(format!(
            "task {id} can not wait for task {blocker}, which waits for it: they would block each other for ever"
        )));
    }
    working.settle(id);
    let mut any = false;
    for other in others {
        if other != id && working.settle(other) {
            working.note(other, EventKind::Updated, alloc::vec![String::from("blocked-by")]);
            any = true;
        }
    }
    Ok(any)
}

fn replace(field: &mut String, with: Option<&str>) -> bool {
    match with {
        Some(with) if with != field => {
            *field = String::from(with);
            true
        }
        _ => false,
    }
}

pub(crate) fn check_revision(list: &str, task: &Record, expected: Option<u64>) -> Result<()> {
    match expected {
        Some(expected) if expected != task.revision => Err(Error::Lost(format!(
            "task {} of list {list:?} is at revision {} and not {expected}, read it again",
            task.id, task.revision
        ))),
        _ => Ok(()),
    }
}

fn check(update: &Update<'_>) -> Result<Option<Map<String, Value>>> {
    if let Some(subject) = update.subject {
        check_subject(subject)?;
    }
    check_text("a description", update.description.unwrap_or_default())?;
    check_text("an active form", update.active_form.unwrap_or_default())?;
    check_priority(update.priority)?;
    if update.status == Some(Status::Deleted) {
        return Err(Error::InvalidArgument(String::from("a task is deleted by deleting it, not by its status")));
    }
    update.metadata.map(object).transpose()
}

pub(crate) fn check_subject(subject: &str) -> Result<()> {
    if subject.trim().is_empty() {
        return Err(Error::InvalidArgument(String::from("a subject is not blank")));
    }
    if subject.len() > SUBJECT_BYTES_MAX {
        return Err(Error::TooLarge(format!("a subject of {} bytes, use at most {SUBJECT_BYTES_MAX}", subject.len())));
    }
    Ok(())
}

pub(crate) fn check_text(what: &str, text: &str) -> Result<()> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::TooLarge(format!("{what} of {} bytes, use at most {TEXT_BYTES_MAX}", text.len())));
    }
    Ok(())
}

pub(crate) fn check_priority(priority: Option<u8>) -> Result<()> {
    match priority {
        Some(priority) if priority > PRIORITY_MAX => {
            Err(Error::InvalidArgument(format!("priority {priority}, use 0 (first) to {PRIORITY_MAX}")))
        }
        _ => Ok(()),
    }
}
