//! Durable work queues, leases, checkpoints, task lists and records of jobs for programs that share a
//! directory, embedded in a program of yours.
//!
//! An [`Engine`] is built once; it loads the component that is compiled into this library, without
//! compiling anything. [`Engine::open`] gives it directories, and answers a [`Session`]: one instance of the
//! component that sees nothing but these directories, two clocks and randomness.
//! [`Session::native`] runs the same logic without WebAssembly.
//!
//! Every process that was granted the same directories works on the same queues. Any of them may be killed
//! at any moment: what it held comes back.
//!
//! ```
//! use leasehold::{Durability, Engine, Grants, NewTask, OnDuplicate, SaveOptions};
//!
//! # fn main() -> leasehold::Result<()> {
//! # let place = tempfile::TempDir::new().unwrap();
//! # let root = place.path();
//! let engine = Engine::new()?;
//! let mut session = engine.open(&Grants::beneath(root))?;
//!
//! let task = NewTask { payload: b"resize cat.jpg", ..NewTask::default() };
//! session.queue("thumbnails")?.push(&[task], OnDuplicate::Refuse, Durability::Standard)?;
//!
//! let holder = session.holder_open("worker 1", 60_000, Durability::Standard)?;
//! let tasks = session.queue("thumbnails")?.claim(&holder, 1, None, Durability::Standard)?;
//! assert_eq!(tasks[0].payload, b"resize cat.jpg");
//! session.queue("thumbnails")?.done(&tasks[0].receipt, None, Durability::Standard)?;
//! # assert_eq!(session.queue("thumbnails")?.status()?.claimed, 0);
//!
//! // A lease is had by one holder at a time; a checkpoint is where to carry on.
//! let token = session.lease_acquire("deploy", &holder, Durability::Standard)?;
//! session.checkpoint_save("import", b"page 1", &SaveOptions::default(), Durability::Standard)?;
//! session.lease_release("deploy", token, Durability::Standard)?;
//! # Ok(())
//! # }
//! ```
//!
//! What a call may use is limited: see [`Limits`]. An instance that goes over is stopped, the call answers
//! [`Error::Trapped`], and the next one gets a fresh instance; handles stay valid.

mod bindings;
mod boot;
mod engine;
mod environment;
mod error;
mod grants;
mod session;
mod wasi;

pub mod directory;
pub mod wake;

/// What the calls on jobs take and answer: see [`Session::job_create`].
pub mod job {
    pub use leasehold_core::job::{
        EXIT_FILE, Job, JobPage, JobSpec, JobState, Process, Reason, STDERR_FILE, STDOUT_FILE,
    };
}

/// What the calls on task lists take and answer: see [`Session::task_create`].
pub mod tasklist {
    pub use leasehold_core::tasklist::{
        Change, Claim, Event, EventKind, Filter, History, ListInfo, NewTask, Owner, Status, TaskPage, TaskView, Update,
        Updated,
    };
}

pub use engine::{Engine, Limits, component_bytes, component_wit};
pub use environment::system_environment;
pub use error::{Error, Result};
pub use grants::{Grants, Store};
pub use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};
pub use leasehold_core::holder::HolderState;
pub use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};
pub use leasehold_core::maintenance::Finding;
pub use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskInfo, TaskPage, TaskState, TaskView};
pub use leasehold_core::{Durability, Holding};
pub use session::{Holder, QueueClient, Session};
