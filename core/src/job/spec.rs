//! The specification of a job: one line of JSON, written once.

use super::JobSpec;
use crate::error::{Error, Result};
use crate::limits::{COMMAND_BYTES_MAX, DURATION_MS_MAX, SPEC_BYTES_MAX};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Versions above this are left alone.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Line {
    version: u32,
    created_ms: u64,
    command: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_bytes_max: Option<u64>,
    #[serde(default)]
    pty: bool,
    #[serde(default)]
    notify: bool,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

pub(super) fn write(spec: &JobSpec, created_ms: u64) -> Result<Vec<u8>> {
    let line = Line {
        version: VERSION,
        created_ms,
        command: spec.command.clone(),
        dir: spec.dir.clone(),
        timeout_ms: spec.timeout_ms,
        output_bytes_max: spec.output_bytes_max,
        pty: spec.pty,
        notify: spec.notify,
    };
    let mut out = serde_json::to_vec(&line).map_err(|error| Error::Other(format!("a job: {error}")))?;
    out.push(b'\n');
    // What is longer could not be read again: some characters take six bytes in JSON.
    if out.len() > SPEC_BYTES_MAX {
        let bytes = out.len();
        return Err(Error::TooLarge(format!("a job whose record has {bytes} bytes, use at most {SPEC_BYTES_MAX}")));
    }
    Ok(out)
}

/// Reads what [`write`] has written.
///
/// # Errors
/// [`Error::Unsupported`] for what a later version has written, [`Error::Damaged`] for what none has.
pub(super) fn read(id: &str, content: &[u8]) -> Result<(JobSpec, u64)> {
    let Ok(Version { version }) = serde_json::from_slice(content) else {
        return Err(Error::Damaged(format!("job {id}: its specification is not what was written")));
    };
    if version > VERSION {
        return Err(Error::Unsupported(format!(
            "job {id} was made by a later version of leasehold ({version} and not {VERSION}), use that"
        )));
    }
    let line: Line = serde_json::from_slice(content)
        .map_err(|_| Error::Damaged(format!("job {id}: its specification is not what was written")))?;
    let spec = JobSpec {
        command: line.command,
        dir: line.dir,
        timeout_ms: line.timeout_ms,
        output_bytes_max: line.output_bytes_max,
        pty: line.pty,
        notify: line.notify,
    };
    Ok((spec, line.created_ms))
}

pub(super) fn check(spec: &JobSpec) -> Result<()> {
    if spec.command.first().is_none_or(String::is_empty) {
        return Err(Error::InvalidArgument(String::from("a job needs a command")));
    }
    if spec.command.iter().chain(&spec.dir).any(|text| text.contains('\0')) {
        return Err(Error::InvalidArgument(String::from("a command has no NUL in it")));
    }
    let bytes: usize = spec.command.iter().map(String::len).sum();
    if bytes > COMMAND_BYTES_MAX {
        return Err(Error::TooLarge(format!("a command of {bytes} bytes, use at most {COMMAND_BYTES_MAX}")));
    }
    match spec.timeout_ms {
        Some(timeout_ms) if !(1..=DURATION_MS_MAX).contains(&timeout_ms) => {
            Err(Error::InvalidArgument(format!("a timeout of {timeout_ms} ms, use 1 ms to 366 days")))
        }
        _ => Ok(()),
    }
}
