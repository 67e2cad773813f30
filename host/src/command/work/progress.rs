//! Standard error of a worker: what the commands say, what became of tasks, and a line that shows how it goes.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Used where a terminal does not tell its width.
const WIDTH_DEFAULT: u16 = 80;

/// Standard error, shared by all that write to it. The progress line stands at its bottom where it is a terminal.
pub(crate) struct Screen {
    terminal: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The progress line; it is drawn while the cursor stands at the start of a line.
    line: String,
    drawn: bool,
    /// Whether a command left the cursor in the middle of a line.
    in_line: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), state: Mutex::default() }
    }

    /// Whether progress is shown at all.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// A line of our own.
    pub(crate) fn say(&self, line: &str) {
        let mut state = self.erase();
        let start = if state.in_line { "\n" } else { "" };
        write(format!("{start}{line}\n").as_bytes());
        state.in_line = false;
        self.draw(&mut state);
    }

    /// What a command said, as it is.
    pub(crate) fn pass(&self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let mut state = self.erase();
        write(bytes);
        state.in_line = self.terminal && *last != b'\n';
        self.draw(&mut state);
    }

    /// Shows how it goes.
    pub(crate) fn progress(&self, line: String) {
        let mut state = self.erase();
        state.line = line;
        self.draw(&mut state);
    }

    fn erase(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.drawn {
            write(b"\r\x1b[K");
            state.drawn = false;
        }
        state
    }

    fn draw(&self, state: &mut State) {
        if self.terminal && !state.in_line && !state.line.is_empty() {
            // One column stays free, so that the terminal does not wrap.
            let line: String = state.line.chars().take(width().saturating_sub(1)).collect();
            write(line.as_bytes());
            state.drawn = true;
        }
    }
}

/// Where standard error is closed there is nobody to tell.
fn write(bytes: &[u8]) {
    let mut stderr = io::stderr().lock();
    drop(stderr.write_all(bytes).and_then(|()| stderr.flush()));
}

fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
    usize::from(if columns == 0 { WIDTH_DEFAULT } else { columns })
}
