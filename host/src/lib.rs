//! Durable work queues for programs that share a directory, embedded in a program of yours.
//!
//! An [`Engine`] is built once; it loads the component that is compiled into this library, without
//! compiling anything. [`Engine::open`] gives it directories, and answers a [`Session`]: one instance of the
//! component that sees nothing but these directories, two clocks and randomness.
//! [`Session::native`] runs the same logic without WebAssembly.
//!
//! Every process that was granted the same directories works on the same queues. Any of them may be killed
//! at any moment: what it held comes back.

mod bindings;
mod boot;
mod engine;
mod environment;
mod error;
mod grants;
mod session;
mod wasi;

pub mod directory;

pub use engine::{Engine, Limits, component_bytes, component_wit};
pub use environment::system_environment;
pub use error::{Error, Result};
pub use grants::{Grants, Store};
pub use leasehold_core::holder::HolderState;
pub use leasehold_core::maintenance::Finding;
pub use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskInfo, TaskPage, TaskState, TaskView};
pub use leasehold_core::{Durability, Holding};
pub use session::{Holder, QueueClient, Session};
