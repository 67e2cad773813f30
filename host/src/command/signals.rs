//! The signals that ask a process to stop.

use super::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Passes SIGTERM, SIGINT and SIGHUP on until dropped.
pub(crate) struct SignalWatch {
    handle: Handle,
}

impl SignalWatch {
    /// From now on each signal is told to `tell`, from another thread, until that answers false.
    pub(crate) fn start(tell: impl Fn(i32) -> bool + Send + 'static) -> Result<Self, Failure> {
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
                for signal in signals.forever() {
                    if !tell(signal) {
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
