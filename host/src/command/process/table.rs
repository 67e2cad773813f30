//! All processes that can be seen, as the system lists them.

use super::identity::mark_of_start;
use super::marked::has_variable;
use leasehold::job::Process;
use rustix::process::Pid;
use std::fs;
use std::io;

/// A process as it was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) process: Process,
    pub(crate) parent: u32,
    pub(crate) group: Pid,
    /// The number of its session: nobody else has that while anybody is in it.
    pub(crate) session: u32,
    /// Whether it only waits to be reaped.
    pub(crate) is_over: bool,
}

impl Listed {
    /// Whether it has exactly `value` in the variable `name` of the environment that it was started with.
    pub(crate) fn has_variable(&self, name: &str, value: &str) -> bool {
        i32::try_from(self.process.pid).is_ok_and(|pid| has_variable(pid, format!("{name}={value}").as_bytes()))
    }
}

/// All processes.
///
/// # Errors
/// Where the system does not tell.
pub(crate) fn list_processes() -> io::Result<Vec<Listed>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It may have ended meanwhile; its name may be any bytes.
        let Ok(stat) = fs::read(format!("/proc/{pid}/stat")) else { continue };
        all.extend(parse(pid, &String::from_utf8_lossy(&stat)));
    }
    Ok(all)
}

/// Reads `12 (name) S 1 13 10 …`: state, parent, group and session follow the name; the start is the 22nd field of all.
fn parse(pid: u32, stat: &str) -> Option<Listed> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_over = matches!(fields.next()?, "Z" | "X" | "x");
    let parent = fields.next()?.parse().ok()?;
    let group = Pid::from_raw(fields.next()?.parse().ok()?)?;
    let session = fields.next()?.parse().ok()?;
    let started = mark_of_start(fields.nth(15)?.parse().ok()?);
    Some(Listed { process: Process { pid, started }, parent, group, session, is_over })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::command::process::this_process;
    use rustix::process::{getpgrp, getppid, getsid};

    #[test]
    fn this_process_is_listed_as_it_is() {
        let this = this_process().unwrap();
        let listed = list_processes().unwrap().into_iter().find(|listed| listed.process == this).unwrap();
        let number = |pid: Pid| u32::try_from(pid.as_raw_nonzero().get()).unwrap();
        assert_eq!((listed.group, listed.is_over), (getpgrp(), false));
        assert_eq!((listed.parent, listed.session), (number(getppid().unwrap()), number(getsid(None).unwrap())));
    }

    #[test]
    fn what_is_no_line_of_a_process_is_none() {
        for line in ["", "12 (sh", "12 (sh) S 1 13", "12 (sh) S 1 13 10 0 -1 4194560"] {
            assert_eq!(parse(12, line), None);
        }
    }
}
