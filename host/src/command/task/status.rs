//! The states of a task, as the command line names them.

use leasehold::tasklist::{EventKind, Status};

/// A state, as `--status` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StatusArgument {
    /// Nobody works on it
    Pending,
    /// Somebody does, or did
    InProgress,
    /// Done
    Completed,
    /// Given up
    Abandoned,
    /// Removed; its id says so
    Deleted,
}

impl StatusArgument {
    pub(super) fn status(self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::InProgress => Status::InProgress,
            Self::Completed => Status::Completed,
            Self::Abandoned => Status::Abandoned,
            Self::Deleted => Status::Deleted,
        }
    }
}

/// A state's name, as `--status` takes it.
pub(super) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::InProgress => "in-progress",
        Status::Completed => "completed",
        Status::Abandoned => "abandoned",
        Status::Deleted => "deleted",
    }
}

/// What happened to a task.
pub(super) fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "created",
        EventKind::Updated => "updated",
        EventKind::Claimed => "claimed",
        EventKind::Released => "released",
        EventKind::Deleted => "deleted",
        EventKind::Reset => "reset",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn a_state_is_shown_as_it_is_given() {
        for argument in StatusArgument::value_variants() {
            assert_eq!(argument.to_possible_value().unwrap().get_name(), status_name(argument.status()));
        }
    }
}
