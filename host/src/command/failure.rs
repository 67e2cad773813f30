//! Why a command did not do what it was asked: the one place where errors become exit codes.

use leasehold::Error;
use leasehold_core::Error as Store;
use std::io;

/// What stopped a command. Each text is a lowercase fragment that names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The stores' answer.
    #[error(transparent)]
    Library(#[from] Error),
    /// The command line has no meaning.
    #[error("{0}")]
    Usage(String),
    /// There was nothing to do it with.
    #[error("{0}")]
    Nothing(String),
    /// Something that was held is somebody else's now.
    #[error("lost: {0}")]
    Lost(String),
    /// Something in the stores cannot be understood.
    #[error("{0}")]
    Damaged(String),
    /// A file, a pipe or a process that is not part of the stores failed.
    #[error("{what}: {source}")]
    Io {
        /// Which one.
        what: String,
        /// How.
        source: io::Error,
    },
    /// Standard output was closed by its reader, who wants no more: no reason to complain.
    #[error("standard output was closed")]
    Closed,
}

impl Failure {
    /// An operating system's error on `what`.
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Failure::Io { what: what.into(), source }
    }

    /// An error of the command line that is found out after it was parsed.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    /// The exit code. 0 done; 1 no; 2 usage; 3 lost; 4 damaged; 5 everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Closed => 0,
            Failure::Nothing(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Lost(_) => 3,
            Failure::Damaged(_) => 4,
            Failure::Io { .. } => 5,
            Failure::Library(Error::Store(error)) => match error {
                Store::NotFound(_) | Store::Held(_) | Store::Exists(_) | Store::Paused(_) => 1,
                Store::InvalidName(_) | Store::InvalidArgument(_) | Store::TooLarge(_) => 2,
                Store::Lost(_) => 3,
                Store::Damaged(_) => 4,
                _ => 5,
            },
            Failure::Library(_) => 5,
        }
    }

    /// The error's name in JSON: that of the component's error case where it is one.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Failure::Closed => "closed",
            Failure::Nothing(_) => "nothing",
            Failure::Usage(_) => "usage",
            Failure::Lost(_) => "lost",
            Failure::Damaged(_) => "damaged",
            Failure::Io { .. } => "io",
            Failure::Library(Error::Store(error)) => match error {
                Store::NotGranted(_) => "not-granted",
                Store::InvalidName(_) => "invalid-name",
                Store::InvalidArgument(_) => "invalid-argument",
                Store::NotFound(_) => "not-found",
                Store::Lost(_) => "lost",
                Store::Held(_) => "held",
                Store::Exists(_) => "exists",
                Store::Exhausted(_) => "exhausted",
                Store::Paused(_) => "paused",
                Store::Unsupported(_) => "unsupported",
                Store::TooLarge(_) => "too-large",
                Store::Damaged(_) => "damaged",
                Store::Io(_) => "io",
                _ => "other",
            },
            Failure::Library(Error::Trapped(_)) => "trapped",
            Failure::Library(Error::Setup(_)) => "setup",
            Failure::Library(_) => "other",
        }
    }

    /// Whether the claim or the holder is somebody else's now.
    pub(crate) fn is_lost(&self) -> bool {
        self.exit_code() == 3
    }

    /// What stands on standard error.
    pub(crate) fn report(&self, json: bool) -> String {
        if !json {
            return format!("leasehold: {self}");
        }
        let mut object = serde_json::json!({ "error": self.kind(), "message": self.to_string() });
        if let Failure::Library(Error::Store(Store::Held(holding))) = self {
            object["holder"] = holding.holder.as_str().into();
            object["epoch"] = holding.epoch.into();
            object["token"] = holding.token.into();
            object["until"] = holding.until_ms.into();
        }
        object.to_string()
    }
}

/// Whether an answer of the stores says that the claim or the holder is lost.
pub(crate) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Store(Store::Lost(_)))
}

/// Whether an answer of the stores says that the queue is paused.
pub(crate) fn is_paused(error: &Error) -> bool {
    matches!(error, Error::Store(Store::Paused(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold::Holding;

    fn held() -> Store {
        Store::Held(Holding { holder: "ada".into(), epoch: 3, token: 9, until_ms: Some(12) })
    }

    #[test]
    fn every_error_of_the_stores_has_its_exit_code() {
        let text = || String::from("x");
        let table = [
            (Store::NotFound(text()), 1, "not-found"),
            (held(), 1, "held"),
            (Store::Exists(text()), 1, "exists"),
            (Store::Paused(text()), 1, "paused"),
            (Store::InvalidName(text()), 2, "invalid-name"),
            (Store::InvalidArgument(text()), 2, "invalid-argument"),
            (Store::TooLarge(text()), 2, "too-large"),
            (Store::Lost(text()), 3, "lost"),
            (Store::Damaged(text()), 4, "damaged"),
            (Store::NotGranted(text()), 5, "not-granted"),
            (Store::Exhausted(text()), 5, "exhausted"),
            (Store::Unsupported(text()), 5, "unsupported"),
            (Store::Io(text()), 5, "io"),
            (Store::Other(text()), 5, "other"),
        ];
        for (error, code, kind) in table {
            let failure = Failure::from(Error::from(error));
            assert_eq!((failure.exit_code(), failure.kind()), (code, kind));
        }
        for error in [Error::Trapped(text()), Error::Setup(text())] {
            assert_eq!(Failure::from(error).exit_code(), 5);
        }
    }

    #[test]
    fn the_commands_own_errors_have_exit_codes_too() {
        assert_eq!(Failure::Nothing(String::new()).exit_code(), 1);
        assert_eq!(Failure::usage("x").exit_code(), 2);
        assert_eq!(Failure::Lost(String::new()).exit_code(), 3);
        assert_eq!(Failure::Damaged(String::new()).exit_code(), 4);
        let broken = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(Failure::io("x", broken).exit_code(), 5);
    }

    #[test]
    fn an_error_in_json_has_a_kind_and_a_message_and_says_who_holds() {
        let report = Failure::from(Error::from(held())).report(true);
        let object: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
        assert_eq!(object["error"], "held");
        assert_eq!(object["holder"], "ada");
        assert_eq!(object["until"], 12);
        assert!(object["message"].as_str().is_some_and(|text| text.contains("ada")));
    }
}
