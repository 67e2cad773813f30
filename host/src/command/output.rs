//! Standard output: buffered, and checked, since a reader may close it at any moment.

use super::failure::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::Path;

/// Standard output of a command that answers in text or in JSON.
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { stdout: BufWriter::with_capacity(64 * 1024, io::stdout().lock()), json }
    }

    /// Whether its reader is gone, as far as that can be told without writing anything.
    pub(crate) fn is_closed(&self) -> bool {
        let mut watched = [PollFd::new(self.stdout.get_ref(), PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&now)).is_ok() && watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// Whether JSON is asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One line: `object` where JSON is asked for, else `text`.
    pub(crate) fn answer(&mut self, text: impl std::fmt::Display, object: &impl Serialize) -> Result<(), Failure> {
        if self.json { self.object(object) } else { self.line(text) }
    }

    /// One line where JSON is asked for, else nothing: silence is success.
    pub(crate) fn answer_quietly(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        if self.json { self.object(object) } else { Ok(()) }
    }

    /// One line of text.
    pub(crate) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        writeln!(self.stdout, "{text}").map_err(failed)
    }

    /// One line of JSON.
    pub(crate) fn object(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.stdout, object).map_err(|error| failed(error.into()))?;
        self.stdout.write_all(b"\n").map_err(failed)
    }

    /// Bytes exactly as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout.write_all(bytes).map_err(failed)
    }

    /// Sends what is still buffered. To be called before success is claimed.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(failed)
    }
}

/// Tells the receipt of what goes to standard output as it is: in `file`, or else on standard error.
pub(crate) fn tell_receipt(file: Option<&Path>, receipt: &str) -> Result<(), Failure> {
    match file {
        Some(file) => {
            std::fs::write(file, format!("{receipt}\n")).map_err(|error| Failure::io(file.display().to_string(), error))
        }
        None => {
            super::complain(&format!("receipt: {receipt}"));
            Ok(())
        }
    }
}

fn failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe { Failure::Closed } else { Failure::io("standard output", error) }
}
