//! The calls on task lists.

use super::{Holder, Session};
use crate::Result;
use leasehold_core::Durability;
use leasehold_core::tasklist::{Claim, Filter, History, ListInfo, NewTask, TaskPage, TaskView, Update, Updated};

/// Task lists: records with dependencies, for those who plan together. Each change, of one task or of many, happens whole
/// or not at all, and has a revision in the list's history; `by` is who makes it. A list is made by the first change of
/// it. See [`crate::tasklist`] for what these calls take and answer.
impl Session {
    /// Makes up to 65,536 tasks, all or none, and answers their ids, which follow each other. Standard durability: synced.
    ///
    /// ```
    /// use leasehold::tasklist::{Claim, NewTask, Status, Update};
    /// use leasehold::{Durability, Engine, Grants};
    ///
    /// # fn main() -> leasehold::Result<()> {
    /// # let place = tempfile::TempDir::new().unwrap();
    /// # let root = place.path();
    /// let mut session = Engine::new()?.open(&Grants::beneath(root))?;
    /// let draw = NewTask { subject: "draw a plan", ..NewTask::default() };
    /// let build = NewTask { subject: "build it", blocked_by_new: &[0], ..NewTask::default() };
    /// let ids = session.task_create("house", &[draw, build], Some("ada"), Durability::Standard)?;
    /// assert_eq!(ids, [1, 2]);
    ///
    /// let holder = session.holder_open("bob", 60_000, Durability::Standard)?;
    /// let Claim::Ok { token, task } = session.task_claim_next("house", &holder, false, Durability::Standard)? else {
    ///     panic!("the plan can be drawn");
    /// };
    /// let done = Update { status: Some(Status::Completed), token: Some(token), ..Update::default() };
    /// session.task_update("house", task.id, &done, Some("bob"), Durability::Standard)?;
    /// assert!(session.task_get("house", 2)?.is_some_and(|task| task.unresolved.is_empty()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] for a blocker that is not there;
    /// [`leasehold_core::Error::InvalidArgument`] for a blank subject, for metadata that is no JSON object, and for tasks
    /// that would wait for each other. Nothing was made then.
    pub fn task_create(
        &mut self,
        list: &str,
        tasks: &[NewTask<'_>],
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        self.backend().task_create(list, tasks, by, durability)
    }

    /// One task, deleted ones too; `None` if there never was one of that id, or the list was reset.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Damaged`] if the list is not what was written.
    pub fn task_get(&mut self, list: &str, id: u64) -> Result<Option<TaskView>> {
        self.backend().task_get(list, id)
    }

    /// The tasks that `filter` means, by id, `limit` (1 to 10,000) at a time, after the id `cursor`. A list that is not
    /// there is empty.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Damaged`] if the list is not what was written.
    pub fn task_page(&mut self, list: &str, filter: Filter, cursor: Option<u64>, limit: u32) -> Result<TaskPage> {
        self.backend().task_page(list, filter, cursor, limit)
    }

    /// Changes what `update` says of a task, and answers which fields changed; where none did, nothing is written. To let
    /// a rule of your own decide on a change, read the task, decide, and pass its revision on as `if_revision`. Standard
    /// durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] if the status would change of a task that a holder has who lives, and no token is
    /// given; [`leasehold_core::Error::Lost`] with another token, after an end, or if the task was changed since
    /// `if_revision`; [`leasehold_core::Error::NotFound`];
    /// [`leasehold_core::Error::InvalidArgument`] for tasks that would wait for each other.
    pub fn task_update(
        &mut self,
        list: &str,
        id: u64,
        update: &Update<'_>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Updated> {
        self.backend().task_update(list, id, update, by, durability)
    }

    /// Deletes a task; answers the ids of those that waited for it, which do not any more. Standard durability: synced.
    ///
    /// # Errors
    /// As of [`Session::task_update`].
    pub fn task_delete(
        &mut self,
        list: &str,
        id: u64,
        token: Option<u64>,
        if_revision: Option<u64>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        self.backend().task_delete(list, id, token, if_revision, by, durability)
    }

    /// Removes all tasks, whoever has them, and answers how many; ids go on from where they are. Standard durability:
    /// synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if there is no such list.
    pub fn task_reset(&mut self, list: &str, by: Option<&str>, durability: Durability) -> Result<u64> {
        self.backend().task_reset(list, by, durability)
    }

    /// Claims a task for `holder`; its status becomes [`leasehold_core::tasklist::Status::InProgress`]. What the holder
    /// has already is answered with the token it has it under; what a dead holder has is taken. With `refuse_busy`, only
    /// while the holder has no other task of this list. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if `holder` is over.
    pub fn task_claim(
        &mut self,
        list: &str,
        id: u64,
        holder: &Holder,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().task_claim(list, id, holder, refuse_busy, durability)
    }

    /// Claims the most urgent task that can be, by priority and then by age; [`Claim::NotFound`] if there is none.
    /// Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if `holder` is over.
    pub fn task_claim_next(
        &mut self,
        list: &str,
        holder: &Holder,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().task_claim_next(list, holder, refuse_busy, durability)
    }

    /// Gives up a claim: the task is pending again. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the claim of `token` is over.
    pub fn task_release(
        &mut self,
        list: &str,
        id: u64,
        token: u64,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        self.backend().task_release(list, id, token, by, durability)
    }

    /// Makes pending again what dead holders have, and answers the ids. Nobody needs to call it: what a dead holder has is
    /// claimed anyway. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if there is no such list.
    pub fn task_reap(&mut self, list: &str, durability: Durability) -> Result<Vec<u64>> {
        self.backend().task_reap(list, durability)
    }

    /// The changes after revision `since`, the earliest first, `limit` (1 to 10,000) at most.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if there is no such list.
    pub fn task_history(&mut self, list: &str, since: u64, limit: u32) -> Result<History> {
        self.backend().task_history(list, since, limit)
    }

    /// Makes the list where there is none; patches its metadata with a JSON object, and notes that `seen` uses it.
    /// Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for metadata that is no JSON object.
    pub fn task_ensure_list(
        &mut self,
        list: &str,
        metadata: Option<&str>,
        seen: Option<&str>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        self.backend().task_ensure_list(list, metadata, seen, by, durability)
    }

    /// What is known of a list; `None` if there is none.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Damaged`] if the list is not what was written.
    pub fn task_list_info(&mut self, list: &str) -> Result<Option<ListInfo>> {
        self.backend().task_list_info(list)
    }

    /// The names of all lists. What cannot be read is left out; [`Session::maintenance_check`] names it.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn task_lists(&mut self) -> Result<Vec<String>> {
        self.backend().task_lists()
    }

    /// Removes a list with its history; one of that name made later begins anew. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if there is none.
    pub fn task_remove_list(&mut self, list: &str, durability: Durability) -> Result<()> {
        self.backend().task_remove_list(list, durability)
    }
}
