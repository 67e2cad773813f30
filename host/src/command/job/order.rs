//! What a supervisor tells the waiter once the record says that the command runs. Told by a pipe: whoever looks for a
//! command by its words finds the command, and not who waits for it.

use leasehold::job::JobSpec;
use serde::{Deserialize, Serialize};

/// What to start. Only a whole one can be read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) command: Vec<String>,
    /// Where it runs.
    pub(super) dir: Option<String>,
    /// Whether it gets a terminal.
    pub(super) pty: bool,
}

impl Order {
    pub(super) fn of(spec: &JobSpec) -> Self {
        Self { command: spec.command.clone(), dir: spec.dir.clone(), pty: spec.pty }
    }
}
