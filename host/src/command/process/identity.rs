//! Processes by more than their number, which is used again.

use leasehold::job::Process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, test_kill_process};
use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

/// What is known of a process that may have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    /// In clock ticks since the machine was started.
    started: u64,
    /// Whether it only waits to be reaped.
    is_over: bool,
}

/// The process of this number, as it is told from every other that has or will have the number; `None` where there is
/// none, or the system does not tell.
pub(crate) fn identify(pid: u32) -> Option<Process> {
    Some(Process { pid, started: mark_of_start(read(pid)?.started) })
}

/// What a process is told by that started so many ticks after the machine.
pub(super) fn mark_of_start(started: u64) -> u64 {
    mark_of(started, boot_id())
}

/// This process; `None` where there is no `/proc`.
pub(crate) fn this_process() -> Option<Process> {
    identify(std::process::id())
}

/// Whether the very process runs. One that waits to be reaped does not. One that cannot be looked at, as where others'
/// processes are hidden, counts as running.
pub(crate) fn is_alive(process: Process) -> bool {
    match read(process.pid) {
        Some(stat) => !stat.is_over && mark_of_start(stat.started) == process.started,
        None => pid_of(process).is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH)),
    }
}

/// Waits until the process has ended, or for `pause`. Where the system cannot tell of its end, for `pause`.
pub(crate) fn wait_for_end(process: Process, pause: Duration) {
    let Some(end) = pid_of(process).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        // It is gone, unless the system has none of these.
        if is_alive(process) {
            std::thread::sleep(pause);
        }
        return;
    };
    // The number may have been another's before it was opened, but then that one is not alive.
    if is_alive(process) {
        let pause = Timespec {
            tv_sec: i64::try_from(pause.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: pause.subsec_nanos().into(),
        };
        // Whatever it answers, everything is looked at again.
        let _ = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&pause));
    }
}

/// Its number, for the system's calls.
pub(crate) fn pid_of(process: Process) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process.pid).ok()?)
}

fn read(pid: u32) -> Option<Stat> {
    // The name may be any bytes.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(&String::from_utf8_lossy(&stat))
}

/// Reads `12 (name) S 1 …`: the state is the field after the name, the start the 22nd of all.
fn parse(stat: &str) -> Option<Stat> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    Some(Stat { started: fields.nth(18)?.parse().ok()?, is_over: matches!(state, "Z" | "X" | "x") })
}

/// One number of a start and of the start of the machine that it counts from (FNV-1a, since it stands on the disk).
fn mark_of(started: u64, boot_id: &str) -> u64 {
    let bytes = started.to_le_bytes().into_iter().chain(boot_id.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Tells one start of the machine from another.
fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::process::Command;

    #[test]
    fn the_start_is_read_whatever_the_name_of_the_process() {
        let rest = "S 1 13 10 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 5 6";
        let stat = Some(Stat { started: 4711, is_over: false });
        assert_eq!(parse(&format!("12 (sh) {rest}")), stat);
        assert_eq!(parse(&format!("12 (a) Z 1 (b) {rest}")), stat);
        assert!(parse(&format!("12 (sh) {}", rest.replacen('S', "Z", 1))).is_some_and(|stat| stat.is_over));
        for cut in ["", "12 (sh", "12 (sh) S 1 13"] {
            assert_eq!(parse(cut), None);
        }
    }

    #[test]
    fn a_number_that_another_process_has_now_is_not_believed() {
        let this = this_process().unwrap();
        assert!(is_alive(this));
        assert!(!is_alive(Process { started: this.started ^ 1, ..this }));
        assert_eq!(identify(this.pid), Some(this));
        assert_ne!(identify(1), Some(Process { pid: 1, ..this }));
    }

    #[test]
    fn the_same_start_after_another_start_of_the_machine_is_another_process() {
        assert_ne!(mark_of(4711, "one"), mark_of(4711, "two"));
        assert_ne!(mark_of(4711, "one"), mark_of(4712, "one"));
        // It stands on the disk: a later version must find the same.
        assert_eq!(mark_of(0, ""), 0xa8c7_f832_281a_39c5);
    }

    #[test]
    fn a_process_that_waits_to_be_reaped_is_gone() {
        let mut child = Command::new("true").spawn().unwrap();
        let process = identify(child.id()).unwrap();
        while is_alive(process) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(identify(child.id()), Some(process), "it is not reaped yet");
        child.wait().unwrap();
        assert!(!is_alive(process));
    }
}
