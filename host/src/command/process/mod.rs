//! Commands that this program runs for others: started, signalled with all that they started, and never left behind
//! without whoever watches over them.

mod guard;
mod marked;
mod started;
mod target;

pub(crate) use guard::{GUARD_COMMAND, Guard, guard};
pub(crate) use started::{Reach, Started};
