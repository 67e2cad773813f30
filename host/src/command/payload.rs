//! Reads what is to be a payload or a result, never more than the limit.

use super::failure::Failure;
use leasehold_core::limits::{BATCH_BYTES_MAX, PAYLOAD_BYTES_MAX};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file, or standard input where `path` is `-`, up to the size of a payload.
pub(crate) fn read_payload(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, PAYLOAD_BYTES_MAX)
}

/// Reads a file, or standard input where `path` is `-`, up to the size of a batch.
pub(crate) fn read_batch(path: &Path) -> Result<Vec<u8>, Failure> {
    // Each line's end goes with it, so the text may be a little longer than what is pushed.
    read_at_most(path, BATCH_BYTES_MAX + leasehold_core::limits::BATCH_TASKS_MAX * 2)
}

/// The lines of `text` without their ends. A last line needs no end.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read_at_most(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let name = if is_standard_input(path) { "standard input".into() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let one_too_many = limit as u64 + 1;
    let read = if is_standard_input(path) {
        io::stdin().lock().take(one_too_many).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(one_too_many).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::io(&name, error))?;
    if bytes.len() > limit {
        let error = leasehold_core::Error::TooLarge(format!(
            "{name} is longer than {limit} bytes: keep a reference to it instead"
        ));
        return Err(leasehold::Error::from(error).into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&[u8]> {
        lines(text.as_bytes()).collect()
    }

    #[test]
    fn a_line_is_a_task_without_its_end() {
        assert_eq!(split("a\nb\r\n\nc"), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(split("a\n"), [b"a"]);
        assert!(split("").is_empty());
    }
}
