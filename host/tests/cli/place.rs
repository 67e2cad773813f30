//! A directory of one's own, and the command run in it.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An empty directory in which commands are run, with the stores at `.leasehold`.
pub(crate) struct Place {
    folder: TempDir,
    native: bool,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), native: false }
    }

    /// One for the component, and one for the same logic without WebAssembly.
    pub(crate) fn both() -> [Self; 2] {
        let mut native = Self::new();
        native.native = true;
        [Self::new(), native]
    }

    /// What makes every command here run as this place wants it.
    pub(crate) fn flags(&self) -> &'static [&'static str] {
        if self.native { &["--native"] } else { &[] }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path beneath the root of the stores.
    pub(crate) fn store(&self, path: &str) -> PathBuf {
        self.path().join(".leasehold").join(path)
    }

    /// The command, about to be run.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leasehold"));
        command.current_dir(self.path()).env_remove("LEASEHOLD_ROOT").env_remove("LEASEHOLD_LOG");
        command.args(self.flags()).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Answer {
        Answer::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with_input<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Answer {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The command may refuse before it has read everything.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let answer = Answer::of(child.wait_with_output().unwrap());
        writer.join().unwrap();
        answer
    }

    /// Runs a command whose standard output nobody reads any more, from its start on.
    pub(crate) fn run_unread<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Answer {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Answer::of(self.command(arguments).stdout(writer).output().unwrap())
    }

    /// Runs a command that must succeed; answers its standard output without the end of its last line.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect(0, arguments)
    }

    /// Pushes one task for each line; answers the ids.
    pub(crate) fn push_lines(&self, queue: &str, lines: &str, flags: &[&str]) -> Vec<String> {
        let arguments = [&["queue", "push", queue, "--lines"], flags].concat();
        let printed = self.run_with_input(&arguments, lines.as_bytes()).expect(0, &arguments);
        printed.lines().map(Into::into).collect()
    }

    /// Claims one task of a queue in JSON.
    pub(crate) fn claim(&self, queue: &str, holder: &str) -> Value {
        json(&self.ok(&["queue", "claim", queue, "--holder", holder, "--json"]))
    }

    pub(crate) fn status(&self, queue: &str) -> Value {
        json(&self.ok(&["queue", "status", queue, "--json"]))
    }

    /// How many tasks of a queue are ready, delayed, claimed, dead and done.
    pub(crate) fn counts(&self, queue: &str) -> [u64; 5] {
        let status = self.status(queue);
        ["ready", "delayed", "claimed", "dead", "done"].map(|state| status[state].as_u64().unwrap())
    }

    pub(crate) fn peek(&self, queue: &str, id: &str) -> Value {
        json(&self.ok(&["queue", "peek", queue, id, "--json"]))
    }

    /// Every entry beneath this place with its content: what must not change when a command refuses. The buckets of a
    /// queue are left out, which are made when one may be needed and mean nothing while they are empty.
    pub(crate) fn snapshot(&self) -> Vec<String> {
        self.snapshot_of(self.path())
    }

    /// The same of a part of it.
    pub(crate) fn snapshot_of(&self, folder: &Path) -> Vec<String> {
        let mut entries = Vec::new();
        describe(folder, &mut entries);
        entries.sort();
        entries
    }
}

fn describe(folder: &Path, entries: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            if !path.components().any(|part| part.as_os_str() == "pending") {
                entries.push(format!("{} directory", path.display()));
            }
            describe(&path, entries);
        } else if metadata.is_symlink() {
            entries.push(format!("{} -> {}", path.display(), fs::read_link(&path).unwrap().display()));
        } else {
            let content = fs::read(&path).unwrap();
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            entries.push(format!("{} {} bytes {:x}", path.display(), content.len(), hasher.finish()));
        }
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Asserts the exit code; answers standard output without the end of its last line.
    #[track_caller]
    pub(crate) fn expect<S: AsRef<OsStr>>(&self, code: i32, arguments: &[S]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
        assert_eq!(self.code, code, "{arguments:?}: {}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{arguments:?}: {}", self.stderr);
        if code != 0 {
            assert!(!self.stderr.trim().is_empty(), "{arguments:?} says nothing of why it exits with {code}");
        }
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').into()
    }
}

#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

/// Waits until `happened`, and gives up loudly when that takes too long.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for the end of a process, and kills it when that takes too long.
#[track_caller]
pub(crate) fn wait_for(mut child: Child) -> Answer {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it did not end: {:?}", Answer::of(child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Answer::of(child.wait_with_output().unwrap())
}
