//! Commands that this program runs for others: started, signalled with all that they started, and never left behind
//! without whoever watches over them.

mod again;
mod guard;
mod identity;
mod marked;
mod started;
mod table;
mod target;

pub(crate) use again::this_program_apart;
pub(crate) use guard::{GUARD_COMMAND, Guard, guard};
pub(crate) use identity::{identify, is_alive, pid_of, this_process, wait_for_end};
pub(crate) use started::{Reach, Started};
pub(crate) use table::{Listed, list_processes};
pub(crate) use target::Target;
