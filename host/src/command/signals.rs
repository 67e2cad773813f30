//! The signals that ask a worker to stop.

use super::shift::ToMain;
use crate::command::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::sync::mpsc::Sender;

/// Passes signals on until dropped.
pub(crate) struct SignalWatch {
    handle: Handle,
}

impl SignalWatch {
    pub(crate) fn start(to_main: Sender<ToMain>) -> Result<Self, Failure> {
        let mut wanted = vec![SIGTERM, SIGINT];
        // Whoever started this with `nohup` wants it to live on.
        if !hangup_is_ignored() {
            wanted.push(SIGHUP);
        }
        let failed = |error| Failure::io("signals", error);
        let mut signals = Signals::new(wanted).map_err(failed)?;
        let handle = signals.handle();
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for _ in signals.forever() {
                    if to_main.send(ToMain::Signal).is_err() {
                        return;
                    }
                }
            })
            .map_err(failed)?;
        Ok(Self { handle })
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Whether the process was started with SIGHUP ignored; false where the system does not tell.
fn hangup_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SIGHUP))
}

fn ignores(status: &str, signal: i32) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen_in_the_mask() {
        assert!(ignores("Name:\tx\nSigIgn:\t0000000000001001\n", SIGHUP));
        assert!(!ignores("SigIgn:\t0000000000001000\n", SIGHUP));
        assert!(!ignores("", SIGHUP));
    }
}
