//! The flags that say whose claim of a task is meant.

use super::no_task;
use crate::command::failure::Failure;
use clap::Args;
use leasehold::Session;
use leasehold::tasklist::Status;

#[derive(Debug, Args)]
pub(super) struct WhoseFlags {
    /// What `claim` printed
    #[arg(long, value_name = "TOKEN", conflicts_with = "holder")]
    token: Option<u64>,

    /// Who has it: the claim of this holder, under whatever token
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,
}

impl WhoseFlags {
    /// The names to be checked before anything is opened.
    pub(super) fn names<'a>(&'a self, list: &'a str) -> Vec<&'a str> {
        [list].into_iter().chain(self.holder.as_deref()).collect()
    }

    pub(super) fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    pub(super) fn are_missing(&self) -> bool {
        self.token.is_none() && self.holder.is_none()
    }

    /// The token of the claim that is meant; `None` if none is.
    pub(super) fn token(&self, session: &mut Session, list: &str, id: u64) -> Result<Option<u64>, Failure> {
        let Some(holder) = &self.holder else { return Ok(self.token) };
        let task = session.task_get(list, id)?.ok_or_else(|| no_task(list, id))?;
        let has_ended = !matches!(task.status, Status::Pending | Status::InProgress);
        match task.owner {
            // What a holder had when it died anybody may take; under a token it is told whether somebody has.
            Some(owner) if owner.holder == *holder && (task.alive || has_ended) => Ok(Some(owner.token)),
            _ => Err(Failure::Lost(format!("task {id} of list {list:?} is not claimed by {holder:?}; claim it first"))),
        }
    }
}
