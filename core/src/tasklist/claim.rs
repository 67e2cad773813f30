//! Claiming a task, giving it up, and taking it from the dead.

use super::record::{EventKind, Owner, Record, Status};
use super::working::Working;
use super::{Author, Claim, Lists};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::holder::Holder;
use crate::name::Key;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a look at a task finds for one who wants it, before anything is changed.
enum Look {
    No(Claim),
    Own(u64),
    Free,
}

/// Which owners are over, or which are alive, by holder and epoch.
pub(crate) type Judged<'a> = BTreeMap<(&'a str, u64), bool>;

/// What finds the task to be claimed.
type Choose<'a> = dyn FnMut(&Working<'_>) -> Result<(Look, Option<Record>)> + 'a;

impl<D: Directory> Lists<D> {
    /// Claims task `id` for `holder`; what the holder has already is answered with the token it has it under, and what a
    /// dead holder has is taken. With `refuse_busy`, only while the holder has no other task of this list. Unsynced by
    /// default.
    ///
    /// # Errors
    /// [`Error::Lost`] if `holder` is over, and then it has nothing; [`Error::InvalidName`], [`Error::Damaged`],
    /// [`Error::Unsupported`], [`Error::Io`].
    pub fn claim(
        &self,
        list: &str,
        id: u64,
        holder: &Holder<D>,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        self.claim_by(list, holder, durability, &mut |working| {
            let Some(task) = working.get(id).filter(|task| task.status != Status::Deleted) else {
                return Ok((Look::No(Claim::NotFound), None));
            };
            Ok((self.look(working, task, holder, refuse_busy, &mut Judged::new())?, Some(task.clone())))
        })
    }

    /// Claims the most urgent task that can be, by priority and then by age; [`Claim::NotFound`] if there is none. What
    /// the holder has already is not answered again: who has lost an answer finds it among what is in progress, and is
    /// told its token by [`Lists::claim`]. Unsynced by default.
    ///
    /// # Errors
    /// As [`Lists::claim`].
    pub fn claim_next(
        &self,
        list: &str,
        holder: &Holder<D>,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        self.claim_by(list, holder, durability, &mut |working| {
            if refuse_busy && let Some(other) = other_task(working, holder, 0) {
                return Ok((Look::No(Claim::Busy(other)), None));
            }
            let mut judged = Judged::new();
            for task in working.state().open() {
                if let Look::Free = self.look(working, task, holder, false, &mut judged)? {
                    return Ok((Look::Free, Some(task.clone())));
                }
            }
            Ok((Look::No(Claim::NotFound), None))
        })
    }

    fn claim_by(
        &self,
        list: &str,
        holder: &Holder<D>,
        durability: Durability,
        choose: &mut Choose<'_>,
    ) -> Result<Claim> {
        // A claim that a power cut forgets is safe.
        let durability = if durability == Durability::Standard { Durability::Unsynced } else { durability };
        let by = Author { by: Some(holder.name()) };
        let mut is_new = false;
        let claimed = self.change(list, by, durability, &mut |working| {
            is_new = false;
            let (look, task) = choose(working)?;
            let (token, task) = match (look, task) {
                (Look::No(claim), _) => return Ok(Err(claim)),
                (Look::Own(token), Some(task)) => (token, task),
                (_, None) => return Ok(Err(Claim::NotFound)),
                (Look::Free, Some(task)) => {
                    is_new = true;
                    let token = working.revision;
                    let owner = Owner { holder: String::from(holder.name()), epoch: holder.epoch(), token };
                    let task = Record { status: Status::InProgress, owner: Some(Box::new(owner.into())), ..task };
                    working.put(task.clone(), EventKind::Claimed, Vec::new());
                    (token, task)
                }
            };
            Ok(Ok((token, task.id)))
        });
        let (token, id) = match claimed {
            Ok(Ok(claimed)) => claimed,
            Ok(Err(claim)) => return Ok(claim),
            // There is no such list, so there is no such task.
            Err(Error::NotFound(_)) => return Ok(Claim::NotFound),
            Err(error) => return Err(error),
        };
        // Between the look at the holder and the swap it may have died: then what was taken is given back.
        if let Err(error) = holder.check() {
            if is_new {
                let _ = self.release(list, id, token, by, durability);
            }
            return Err(error);
        }
        match self.known_or_get(list, id)? {
            Some(task) => Ok(Claim::Ok { token, task: Box::new(task) }),
            None => Ok(Claim::NotFound),
        }
    }

    fn look<'a>(
        &self,
        working: &Working<'_>,
        task: &'a Record,
        holder: &Holder<D>,
        refuse_busy: bool,
        judged: &mut Judged<'a>,
    ) -> Result<Look> {
        if task.status.is_terminal() {
            return Ok(Look::No(Claim::AlreadyCompleted));
        }
        if let Some(owner) = task.owner() {
            if owner.epoch == holder.epoch() && owner.holder == holder.name() {
                return Ok(Look::Own(owner.token));
            }
            if !self.judge(owner, judged)? {
                return Ok(Look::No(Claim::AlreadyOwned(owner.clone())));
            }
        }
        let unresolved = working.unresolved(task);
        if !unresolved.is_empty() {
            return Ok(Look::No(Claim::Blocked(unresolved)));
        }
        if refuse_busy && let Some(other) = other_task(working, holder, task.id) {
            return Ok(Look::No(Claim::Busy(other)));
        }
        Ok(Look::Free)
    }

    /// Gives up a claim: the task is pending again. Synced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim of `token` is over; [`Error::NotFound`] if there is no such task;
    /// [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn release(&self, list: &str, id: u64, token: u64, by: Author<'_>, durability: Durability) -> Result<()> {
        self.change(list, by, durability, &mut |working| {
            let task = working.living(list, id)?.clone();
            self.check_token(list, &task, token)?;
            if task.status.is_terminal() {
                return Err(Error::Lost(format!("task {id} of list {list:?} has ended, and that never changes")));
            }
            working.put(Record { status: Status::Pending, owner: None, ..task }, EventKind::Released, Vec::new());
            Ok(())
        })
    }

    /// Makes pending again what dead holders have; answers the ids. Nobody needs to call it: what a dead holder has is
    /// claimed anyway. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such list; [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`],
    /// [`Error::Io`].
    pub fn reap(&self, list: &str, durability: Durability) -> Result<Vec<u64>> {
        let durability = if durability == Durability::Standard { Durability::Unsynced } else { durability };
        self.change(list, Author::default(), durability, &mut |working| {
            let mut judged = Judged::new();
            let mut ids = Vec::new();
            for task in working.state().owned() {
                let Some(owner) = task.owner() else { continue };
                if self.judge(owner, &mut judged)? {
                    let task = Record { status: Status::Pending, owner: None, ..task.clone() };
                    ids.push(task.id);
                    working.put(task, EventKind::Released, Vec::new());
                }
            }
            Ok(ids)
        })
    }

    /// As [`Lists::is_over`], asked once of each epoch.
    fn judge<'a>(&self, owner: &'a Owner, judged: &mut Judged<'a>) -> Result<bool> {
        let whom = (owner.holder.as_str(), owner.epoch);
        if let Some(is_over) = judged.get(&whom) {
            return Ok(*is_over);
        }
        let is_over = self.is_over(owner)?;
        judged.insert(whom, is_over);
        Ok(is_over)
    }

    /// Whether an owner is dead for good; declares it where its time has passed.
    pub(crate) fn is_over(&self, owner: &Owner) -> Result<bool> {
        self.refs.holders.is_over(&Key::of(&owner.holder)?, owner.epoch)
    }
}

/// A task that the holder has beside `id`.
fn other_task<D: Directory>(working: &Working<'_>, holder: &Holder<D>, id: u64) -> Option<u64> {
    let is_own = |task: &&Record| {
        task.id != id
            && task.owner().is_some_and(|owner| owner.epoch == holder.epoch() && owner.holder == holder.name())
    };
    working.state().owned().find(is_own).map(|task| task.id)
}
