//! A task's payload as the standard input of its command.
//!
//! It is a file that has no name, not a pipe: all of it is there before the command starts. At the end of a pipe whose
//! writer was killed, a command would take half a payload for the whole.

use crate::command::random::random;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

/// A file with this content, at its start.
pub(crate) fn input_of(payload: &[u8]) -> io::Result<File> {
    match in_memory(payload) {
        // Some sandboxes have no files in memory.
        Err(error) => {
            tracing::debug!(%error, "a payload goes through a temporary file");
            in_folder(&std::env::temp_dir(), payload)
        }
        input => input,
    }
}

fn in_memory(payload: &[u8]) -> io::Result<File> {
    let file = File::from(memfd_create("payload", MemfdFlags::CLOEXEC)?);
    filled(file, payload)
}

fn in_folder(folder: &Path, payload: &[u8]) -> io::Result<File> {
    let path = folder.join(format!("leasehold-{:016x}", random()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    filled(file, payload)
}

fn filled(mut file: File, payload: &[u8]) -> io::Result<File> {
    file.write_all(payload)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::io::Read;

    fn content(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_payload_is_read_from_its_start_to_its_end() {
        for payload in [&b""[..], b"a\0b", &vec![7; 1 << 20]] {
            assert_eq!(content(input_of(payload).unwrap()), payload);
        }
    }

    #[test]
    fn a_temporary_file_does_as_well_and_leaves_no_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(content(in_folder(folder.path(), b"payload").unwrap()), b"payload");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
