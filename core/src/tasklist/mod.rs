//! Task lists: records with dependencies, changed together or not at all, with their history.
//!
//! A list is a ref in the store `tasks`. Its content directory is a log: each change is one file that says what its
//! tasks are now, and names the change before it; the token name names the last one. Now and then one of them is a
//! snapshot, so that nobody reads further back.
//!
//! | transition | from → to | linearizes | a crash leaves |
//! |---|---|---|---|
//! | first change | `tmp/n/` with its entry → `<key>/` | rename of the directory | `tmp/n/` |
//! | change | entry (base `r`, after the head); `r` → `r+1` | rename of the token file | an unnamed entry |
//! | compact | snapshot (base `r`); `r` → `r+1` | same | an unnamed snapshot, the one before |
//! | forget | `r` → `r+1` | same | old entries |
//! | remove | any → tombstone, then removal | same | a tombstone, which anyone finishes |
//!
//! A change of many tasks is one entry, so it is there whole or not at all. Nobody waits for a lock: whoever was second
//! reads what the first has made, decides again and tries again.

mod alter;
mod change;
mod claim;
mod compact;
mod create;
mod entry;
mod history;
mod log;
mod metadata;
mod name;
mod packs;
mod record;
mod state;
mod sweep;
mod update;
mod view;
mod weight;
mod working;

pub use record::{Event, EventKind, Owner, Status};

use crate::capability::{Directory, Environment};
use crate::holder::Holders;
use crate::limits::{CHANGES_KEPT_MAX, CHANGES_KEPT_MIN};
use crate::reference::Refs;
use crate::store::Format;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use log::Loaded;
use name::ListName;
use packs::Packs;

const FORMAT: Format = Format { kind: "tasks", version: 1 };

/// A task to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewTask<'a> {
    /// In one line what it is; not blank.
    pub subject: &'a str,
    /// All there is to say.
    pub description: &'a str,
    /// What to show while somebody works on it.
    pub active_form: Option<&'a str>,
    /// 0 (first) to 9 (last); 5 if absent.
    pub priority: Option<u8>,
    /// The tasks of the list that it waits for.
    pub blocked_by: &'a [u64],
    /// The tasks made by the same call that it waits for, by their places in it, from 0.
    pub blocked_by_new: &'a [u32],
    /// A JSON object.
    pub metadata: Option<&'a str>,
}

/// What every change says of its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Author<'a> {
    /// Who makes it, for the history.
    pub by: Option<&'a str>,
}

/// What is to be different in a task. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update<'a> {
    /// In one line what it is; not blank.
    pub subject: Option<&'a str>,
    /// All there is to say.
    pub description: Option<&'a str>,
    /// What to show while somebody works on it; empty removes it.
    pub active_form: Option<&'a str>,
    /// 0 (first) to 9 (last).
    pub priority: Option<u8>,
    /// Where it is in its life; not deleted, and nothing after an end.
    pub status: Option<Status>,
    /// Tasks that it waits for from now on.
    pub add_blocked_by: &'a [u64],
    /// Tasks that it does not wait for any more.
    pub remove_blocked_by: &'a [u64],
    /// Tasks that wait for it from now on.
    pub add_blocks: &'a [u64],
    /// Tasks that do not wait for it any more.
    pub remove_blocks: &'a [u64],
    /// A JSON object: a member that is null removes that of the same name, any other sets it.
    pub metadata: Option<&'a str>,
    /// The token of the claim, where the task is claimed and its status is to change.
    pub token: Option<u64>,
    /// The revision of the task that the caller has seen: if it was changed since, nothing is done.
    pub if_revision: Option<u64>,
}

/// What an update made.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// The task as it is now.
    pub task: TaskView,
    /// Which fields changed; where none did, nothing was written.
    pub changed: Vec<String>,
}

/// A task as callers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskView {
    /// Its id; ids are never used twice in a list.
    pub id: u64,
    /// In one line what it is.
    pub subject: String,
    /// All there is to say.
    pub description: String,
    /// What to show while somebody works on it.
    pub active_form: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// 0 (first) to 9 (last).
    pub priority: u8,
    /// Who has it, or had it when it ended.
    pub owner: Option<Owner>,
    /// Whether its owner lives, and it has not ended. A task whose owner is dead may be claimed.
    pub alive: bool,
    /// The tasks that it waits for, completed ones too.
    pub blocked_by: Vec<u64>,
    /// Those of them that are not completed.
    pub unresolved: Vec<u64>,
    /// The tasks that wait for it.
    pub blocks: Vec<u64>,
    /// A JSON object.
    pub metadata: String,
    /// When it was made (milliseconds since 1970).
    pub created_ms: u64,
    /// When it was last changed (milliseconds since 1970).
    pub updated_ms: u64,
    /// The revision of the list that changed it last.
    pub revision: u64,
}

/// Which tasks are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those in this state; all but deleted ones if absent.
    pub status: Option<Status>,
    /// Also those whose metadata has a member `_internal` that is true.
    pub internal: bool,
}

/// Part of a listing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskPage {
    /// The tasks, by id.
    pub tasks: Vec<TaskView>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<u64>,
    /// The revision of the list that was looked at; 0 if there is none.
    pub revision: u64,
}

/// What became of a claim. The cases are looked at in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// There is no such task, or nothing that could be claimed.
    NotFound,
    /// It was completed, or abandoned.
    AlreadyCompleted,
    /// A holder that lives has it.
    AlreadyOwned(Owner),
    /// It waits for these.
    Blocked(Vec<u64>),
    /// The holder has another task of this list that is not ended.
    Busy(u64),
    /// It is the holder's now; or was already, whatever it waits for and whatever else the holder has.
    Ok {
        /// Names this claim in every later call, and is for fencing.
        token: u64,
        /// The task.
        task: alloc::boxed::Box<TaskView>,
    },
}

/// One change of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The revision that it made.
    pub revision: u64,
    /// When (milliseconds since 1970).
    pub at_ms: u64,
    /// Who made it.
    pub by: Option<String>,
    /// What happened to which tasks.
    pub events: Vec<Event>,
}

/// What is known of the changes since a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// The changes, the earliest first, and whether there are more.
    Changes {
        /// The changes.
        changes: Vec<Change>,
        /// The revision to ask from next.
        revision: u64,
        /// Whether there are more already.
        more: bool,
    },
    /// The history does not reach back so far: read the list as it is, and ask from its revision.
    TooOld {
        /// The earliest revision that can be asked from.
        oldest: u64,
    },
}

/// What is known of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListInfo {
    /// Its name.
    pub name: String,
    /// Grows with each change.
    pub revision: u64,
    /// When it was made (milliseconds since 1970).
    pub created_ms: u64,
    /// Who made it.
    pub created_by: Option<String>,
    /// A JSON object.
    pub metadata: String,
    /// Who used it last, the latest at the end; ten at most.
    pub seen: Vec<String>,
    /// How many tasks are pending.
    pub pending: u64,
    /// How many are in progress.
    pub in_progress: u64,
    /// How many are completed.
    pub completed: u64,
    /// How many are abandoned.
    pub abandoned: u64,
}

/// The store of task lists, in one granted directory.
#[derive(Debug, Clone)]
pub struct Lists<D: Directory> {
    pub(crate) refs: Refs<D>,
    /// Lists as this instance has read them last.
    loaded: Rc<RefCell<BTreeMap<String, Loaded>>>,
    packs: Rc<Packs<D>>,
    upkeep: Upkeep,
}

/// When lists are made shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upkeep {
    /// A snapshot is made after so many changes since the last, or more where it is long.
    pub changes_min: usize,
    /// Of so many changes that find one due, one makes it, at random: where many change a list they do not all do it at
    /// once.
    pub turns: u64,
    /// A history of more changes than this forgets the oldest when a snapshot is made.
    pub history_max: u64,
    /// About how many it keeps then.
    pub history_min: usize,
}

impl Default for Upkeep {
    fn default() -> Self {
        Upkeep { changes_min: 64, turns: 16, history_max: CHANGES_KEPT_MAX, history_min: CHANGES_KEPT_MIN }
    }
}

impl<D: Directory> Lists<D> {
    /// The lists kept in `dir`, whose tasks are had by `holders`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, holders: Holders<D>, environment: Environment) -> Self {
        let refs = Refs::new(dir, holders, environment, FORMAT, ListName::rank);
        Lists { refs, loaded: Rc::default(), packs: Rc::default(), upkeep: Upkeep::default() }
    }

    /// The same, made shorter as told.
    #[must_use]
    pub fn with_upkeep(self, upkeep: Upkeep) -> Self {
        Lists { upkeep, ..self }
    }
}
