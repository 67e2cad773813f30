//! Notes: what is known of a task beside its content, which never changes.
//!
//! A note is one line of JSON (why an attempt failed, what file a task came from), then the outcome as it is. It is
//! published under a nonce of its own before the rename that names it, and removed after the one that no
//! longer does; a note that no name names is debris.

use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::{NAME_BYTES_MAX, PAYLOAD_BYTES_MAX, REASON_BYTES_MAX};
use crate::store::{create_file, read_file};
use alloc::borrow::Cow;
use alloc::string::String;
use serde::{Deserialize, Serialize};

const NOTE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 8 * (REASON_BYTES_MAX + NAME_BYTES_MAX) + 1024;

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Note<'a> {
    /// Why the last attempt failed.
    pub(crate) reason: Option<String>,
    /// The name of the file that somebody dropped into `pending`.
    pub(crate) file: Option<String>,
    /// What `done` was given.
    pub(crate) outcome: Option<Cow<'a, [u8]>>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default)]
    outcome: bool,
}

impl Note<'_> {
    /// Writes it under a name that nobody has; `Exists` if somebody does, `NotFound` if the directory is gone.
    ///
    /// It is synced where the call is; an outcome always, since a power cut may keep the rename that finishes the task,
    /// and then nobody makes it again.
    pub(crate) fn write<D: Directory>(&self, dir: &D, name: &str, sync: bool) -> Result<()> {
        let line = Line { reason: self.reason.clone(), file: self.file.clone(), outcome: self.outcome.is_some() };
        let mut line = serde_json::to_vec(&line).map_err(|error| Error::Other(alloc::format!("note: {error}")))?;
        line.push(b'\n');
        let outcome = self.outcome.as_deref().unwrap_or_default();
        let file = create_file(dir, name, &[&line, outcome]).map_err(|error| match error {
            FsError::Exists => Error::Exists(String::from(name)),
            FsError::NotFound => Error::NotFound(String::from("notes")),
            error => Error::at("a note", &error),
        })?;
        if sync || self.outcome.is_some() {
            file.sync().map_err(|error| Error::at("a note", &error))?;
        }
        Ok(())
    }

    /// Reads one. What is gone, cannot be read or cannot be understood counts as an empty one: the task it belongs to
    /// is none the worse for it.
    pub(crate) fn read<D: Directory>(dir: &D, name: &str) -> Note<'static> {
        let read = dir.open(name).and_then(|file| read_file(&file, NOTE_BYTES_MAX));
        let Ok(Some(mut bytes)) = read else { return Note::default() };
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Note::default() };
        let Ok(line) = serde_json::from_slice::<Line>(&bytes[..end]) else { return Note::default() };
        let outcome = line.outcome.then(|| {
            bytes.drain(..=end);
            Cow::Owned(bytes)
        });
        Note { reason: line.reason, file: line.file, outcome }
    }
}
