//! Tasks as they are kept: what a caller made, and what became of it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a task is in its life. The last three never change again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody works on it.
    Pending,
    /// Somebody does, or did.
    InProgress,
    /// Done.
    Completed,
    /// Given up.
    Abandoned,
    /// Removed; only the fact is kept, so that its id says so.
    Deleted,
}

impl Record {
    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref().map(|owner| &owner.is)
    }
}

impl Status {
    /// Whether it never changes again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Status::Completed | Status::Abandoned | Status::Deleted)
    }
}

/// Who has a task, or had it when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The name of the holder.
    pub holder: String,
    /// The holder's epoch.
    pub epoch: u64,
    /// Names this claim in every later call, and is for fencing.
    pub token: u64,
}

/// An owner as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnerRecord {
    #[serde(flatten)]
    pub(crate) is: Owner,
    /// What another version of Leasehold has written here is kept.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

impl From<Owner> for OwnerRecord {
    fn from(is: Owner) -> Self {
        OwnerRecord { is, unknown: Map::new() }
    }
}

/// A task as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) subject: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) active_form: Option<String>,
    pub(crate) status: Status,
    pub(crate) priority: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Box<OwnerRecord>>,
    /// Sorted, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocked_by: Vec<u64>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
    /// Of its last change.
    pub(crate) revision: u64,
    /// What another version of Leasehold has written here is kept.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// What is known of a list beside its tasks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) created_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    /// Who used it last, the latest at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seen: Vec<String>,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// What happened to one task in one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The task; 0 for the list itself.
    pub id: u64,
    /// What was done to it.
    pub kind: EventKind,
    /// Which fields changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What can happen to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// It was made.
    Created,
    /// Some of its fields changed.
    Updated,
    /// A holder got it.
    Claimed,
    /// Its owner gave it up, or died.
    Released,
    /// It was deleted.
    Deleted,
    /// All tasks of the list were removed.
    Reset,
}
