//! What racers write down.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Nanoseconds on the clock that all processes share and nobody can step.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// `claimed`, `letting` (before done, retry or release), `finishing` (before done), `done`, `lost`, `failed`; each race
    /// has its own besides.
    pub(crate) what: String,
    pub(crate) at_ns: u64,
    pub(crate) id: String,
    pub(crate) token: u64,
    /// Which start of which process wrote it.
    pub(crate) run: String,
}

/// A log that is appended to, a line by one `write`.
pub(crate) struct Log {
    file: File,
    pub(crate) run: String,
}

impl Log {
    pub(crate) fn open(dir: &Path, run: &str, thread: usize) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(dir.join(format!("{run}.{thread}"))).unwrap();
        Log { file, run: run.to_string() }
    }

    pub(crate) fn write(&mut self, what: &str, id: &str, token: u64) {
        self.write_at(what, now_ns(), id, token);
    }

    /// Of another moment than now.
    pub(crate) fn write_at(&mut self, what: &str, at_ns: u64, id: &str, token: u64) {
        let line = format!("{what} {at_ns} {id} {token} {}\n", self.run);
        self.file.write_all(line.as_bytes()).unwrap();
    }

    /// What may not happen in any race.
    pub(crate) fn failed(&mut self, what: &str, error: &dyn std::fmt::Display) {
        self.write("failed", &format!("{what}:{error}").replace(' ', "_"), 0);
    }
}

/// Reads all logs of a folder. A last line that a kill cut short was not said.
pub(crate) fn read(dir: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        lines.extend(whole.lines().filter(|line| !line.is_empty()).map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [what, at, id, token, run] = fields[..] else { panic!("not a line: {line}") };
            Line {
                what: what.into(),
                at_ns: at.parse().unwrap(),
                id: id.into(),
                token: token.parse().unwrap(),
                run: run.into(),
            }
        }));
    }
    lines.sort_by_key(|line| line.at_ns);
    lines
}
