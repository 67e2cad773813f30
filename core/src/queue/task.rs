//! What callers see of tasks.

use crate::error::Holding;
use alloc::string::String;
use alloc::vec::Vec;

/// A task to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewTask<'a> {
    /// A name of the caller's: unique while the task is pending or claimed.
    pub id: Option<&'a str>,
    /// What is handed to the worker.
    pub payload: &'a [u8],
    /// 0 (first) to 9 (last); [`crate::limits::PRIORITY_DEFAULT`] if absent.
    pub priority: Option<u8>,
    /// How long to wait before it can be claimed, in milliseconds.
    pub delay_ms: u64,
    /// How often it may be attempted; [`crate::limits::ATTEMPTS_DEFAULT`] if absent.
    pub max_attempts: Option<u32>,
    /// Short texts that travel with the task.
    pub attributes: &'a [(String, String)],
}

/// What to do with a task whose id is pending or claimed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// Answer [`crate::Error::Exists`]; nothing is pushed.
    #[default]
    Refuse,
    /// Leave the one that is there.
    Keep,
    /// Take its place while it is pending.
    Replace,
}

/// A task in the hands of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedTask {
    /// The caller's id, or the one it was given.
    pub id: String,
    /// As pushed.
    pub payload: Vec<u8>,
    /// Names this claim in every later call.
    pub receipt: String,
    /// For fencing.
    pub token: u64,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How many attempts it has in all.
    pub max_attempts: u32,
    /// When it was pushed (milliseconds since 1970).
    pub enqueued_ms: u64,
    /// When this claim ends by itself (milliseconds since 1970).
    pub until_ms: u64,
    /// As pushed. A file dropped into `pending` by hand has its name here, as `file`.
    pub attributes: Vec<(String, String)>,
}

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// Can be claimed now.
    Ready,
    /// Will be ready when its delay has passed.
    Delayed,
    /// Held by somebody.
    Claimed,
    /// Finished, and its record kept.
    Done,
    /// Given up: out of attempts, or buried.
    Dead,
}

/// What is known of a task without its payload. Moments are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskInfo {
    /// The caller's id, or the one it was given.
    pub id: String,
    /// Where it is in its life.
    pub state: TaskState,
    /// 0 (first) to 9 (last).
    pub priority: u8,
    /// Attempts begun so far.
    pub attempt: u32,
    /// How many attempts it has in all.
    pub max_attempts: u32,
    /// When it was pushed.
    pub enqueued_ms: u64,
    /// From when on it could be claimed.
    pub due_ms: u64,
    /// When it was done, or died.
    pub ended_ms: Option<u64>,
    /// The last token; the next claim's is higher.
    pub token: u64,
    /// Length of the payload in bytes.
    pub size: u64,
    /// Who holds it, while it is claimed.
    pub holding: Option<Holding>,
    /// Why the last attempt failed, or why it is dead.
    pub reason: Option<String>,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskPage {
    /// In the order in which they would be claimed, or in which they ended.
    pub tasks: Vec<TaskInfo>,
    /// Gets the next page; `None` on the last.
    pub cursor: Option<String>,
}

/// A task with everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// What a listing shows.
    pub info: TaskInfo,
    /// As pushed.
    pub payload: Vec<u8>,
    /// As pushed.
    pub attributes: Vec<(String, String)>,
}

/// How many tasks are in which state, counted by listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Can be claimed now.
    pub ready: u64,
    /// Wait for their delay to pass.
    pub delayed: u64,
    /// Held by somebody, dead or alive.
    pub claimed: u64,
    /// Given up.
    pub dead: u64,
    /// Finished with their record kept.
    pub done: u64,
    /// When the oldest task that is ready or delayed was pushed (milliseconds since 1970).
    pub oldest_ms: Option<u64>,
    /// When the next delayed task becomes ready (milliseconds since 1970).
    pub next_due_ms: Option<u64>,
    /// Whether the queue is paused.
    pub paused: bool,
    /// Entries that could not be understood.
    pub damaged: u64,
}
