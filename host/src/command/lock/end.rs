//! How a lock ends, as an exit status.

use crate::command::failure::Failure;
use crate::command::process::Reach;
use signal_hook::consts::SIGINT;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

/// What `env` and `timeout` exit with when they fail themselves.
const OWN_FAILURE: u8 = 125;
/// … when the command cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
/// … when it is not there.
const NOT_FOUND: u8 = 127;

/// How a lock ended.
#[derive(Debug)]
pub(super) enum End {
    /// The command ended by itself.
    Command(ExitStatus),
    /// The command never ran, with this exit code and what to say of it.
    NeverRan(u8, String),
    /// This signal came before the command ran.
    Signalled(i32),
    /// The lease was lost, and why.
    Lost(String),
}

impl End {
    /// Tells what there is to tell, and answers the exit code. Dies as the command did where a person interrupted both,
    /// so that a script around us stops too.
    pub(super) fn exit(self, reach: Reach) -> ExitCode {
        let signal = match &self {
            Self::Command(status) => status.signal(),
            Self::Signalled(signal) => Some(*signal),
            Self::NeverRan(..) | Self::Lost(_) => None,
        };
        if signal == Some(SIGINT) && reach == Reach::OurGroup {
            drop(signal_hook::low_level::emulate_default_handler(SIGINT));
        }
        match (self, signal) {
            (_, Some(signal)) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(OWN_FAILURE)),
            (Self::Command(status), None) => {
                ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(OWN_FAILURE))
            }
            (Self::NeverRan(code, why), None) => {
                crate::command::complain(&format!("leasehold: {why}"));
                ExitCode::from(code)
            }
            (Self::Signalled(_) | Self::Lost(_), None) => ExitCode::from(OWN_FAILURE),
        }
    }
}

/// The exit code of a failure that is not the command's.
pub(super) fn own_failure(failure: &Failure) -> ExitCode {
    match failure.exit_code() {
        2 => ExitCode::from(2),
        _ => ExitCode::from(OWN_FAILURE),
    }
}

/// What becomes of a command that cannot be started.
pub(super) fn cannot_start(program: &OsStr, error: &io::Error) -> End {
    let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
    End::NeverRan(code, format!("the command {program:?} cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_command_that_is_not_there_is_told_from_one_that_cannot_be_executed() {
        let code = |kind: io::ErrorKind| match cannot_start(OsStr::new("x"), &kind.into()) {
            End::NeverRan(code, _) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!((code(io::ErrorKind::NotFound), code(io::ErrorKind::PermissionDenied)), (127, 126));
    }
}
