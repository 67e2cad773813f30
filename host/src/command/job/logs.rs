//! `leasehold job logs`

use super::attend::Attendant;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::OutputJson;
use crate::command::output::Output;
use clap::Args;
use leasehold::job::{STDERR_FILE, STDOUT_FILE};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::time::Duration;

/// How often a job that is followed is looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// Prints what a job's command has written, byte for byte
///
/// With --json one line for each piece of it: {"id", "output"}, or {"id", "output_base64"} for what is not UTF-8.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job logs \"$id\" --follow")]
pub(crate) struct Logs {
    /// The job
    id: String,

    /// What it wrote to standard error, instead of standard output
    #[arg(long)]
    stderr: bool,

    /// Goes on until the job has ended
    #[arg(long)]
    follow: bool,
}

impl Logs {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let name = if self.stderr { STDERR_FILE } else { STDOUT_FILE };
        let mut output = Output::new(globals.json);
        let mut file: Option<File> = None;
        let mut rest = Vec::new();
        loop {
            // First: what an ended job has written stands there.
            let job = attendant.look(&self.id)?;
            if file.is_none() {
                file = attendant.files(&job)?.open_to_read(name).map_err(|error| match error.kind() {
                    ErrorKind::InvalidData => Failure::Damaged(format!("job {}: `{name}`: {error}", job.id)),
                    _ => Failure::io(format!("job {}: {name}", job.id), error),
                })?;
            }
            if let Some(file) = &mut file {
                self.print(file, &mut rest, &mut output)?;
            }
            if !self.follow || job.state.is_terminal() {
                if !rest.is_empty() {
                    output.object(&OutputJson::new(&self.id, &rest))?;
                }
                return output.finish();
            }
            output.finish()?;
            std::thread::sleep(PERIOD);
        }
    }

    /// Prints all that stands there and was not printed yet, but for the beginning of a character where JSON is asked
    /// for: that is left in `rest`.
    fn print(&self, file: &mut File, rest: &mut Vec<u8>, output: &mut Output) -> Result<(), Failure> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::io(format!("job {}", self.id), error)),
            };
            if !output.is_json() {
                output.bytes(&buffer[..count])?;
                continue;
            }
            rest.extend_from_slice(&buffer[..count]);
            let piece = rest.len() - begun_character(rest);
            if piece > 0 {
                output.object(&OutputJson::new(&self.id, &rest[..piece]))?;
                rest.drain(..piece);
            }
        }
    }
}

/// How many bytes at the end begin a character that goes on after them.
fn begun_character(bytes: &[u8]) -> usize {
    let longest = bytes.len().min(3);
    let of_first = |first: u8| match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 0,
    };
    (1..=longest).find(|&count| of_first(bytes[bytes.len() - count]) > count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_was_cut_is_told_with_its_end() {
        let text = "aä€😀".as_bytes();
        for (end, cut) in [(1, 0), (2, 1), (3, 0), (4, 1), (5, 2), (6, 0), (7, 1), (8, 2), (9, 3), (10, 0)] {
            assert_eq!(begun_character(&text[..end]), cut, "{end}");
        }
        for bytes in [&b""[..], b"\x80", b"a\x80\x80\x80", b"\xff"] {
            assert_eq!(begun_character(bytes), 0, "{bytes:?}");
        }
    }
}
