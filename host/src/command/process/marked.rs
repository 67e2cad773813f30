//! Finds commands that a killed worker had started but not yet told its guard of.
//!
//! Where a system has no `/proc`, none are found: such a command runs on, fenced by its claim.

use rustix::process::Pid;

/// Marks a worker's commands in their environment.
pub(crate) const WORKER_VARIABLE: &str = "LEASEHOLD_WORKER";

/// The process groups that carry `mark`. What went into a session of its own did so in order to live on.
pub(crate) fn find_orphans(mark: &str) -> Vec<Pid> {
    let (Some(this), Ok(processes)) = (Process::read("self"), std::fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let variable = format!("{WORKER_VARIABLE}={mark}");
    processes
        .flatten()
        .filter_map(|entry| Process::read(entry.file_name().to_str()?))
        .filter(|process| process.session == this.session && process.id == process.group && process.id != this.id)
        .filter(|process| has_variable(process.id, &variable))
        .filter_map(|process| Pid::from_raw(process.id))
        .collect()
}

/// What is known of a process.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    id: i32,
    group: i32,
    session: i32,
}

impl Process {
    /// Reads of the process with this number, or of this one (`self`).
    fn read(name: &str) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{name}/stat")).ok()?)
    }

    /// Reads `12 (name) S 1 12 10 …`: id, name, state, parent, group, session. The name may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (id, rest) = stat.split_once(" (")?;
        let mut fields = rest.rsplit_once(") ")?.1.split(' ').skip(2).map(str::parse);
        Some(Self { id: id.parse().ok()?, group: fields.next()?.ok()?, session: fields.next()?.ok()? })
    }
}

fn has_variable(process: i32, variable: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|entry| entry == variable.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn a_process_may_have_any_name() {
        let process = Process { id: 12, group: 13, session: 10 };
        assert_eq!(Process::parse("12 (a) S 1 (b) S 1 13 10 0 -1"), Some(process));
        assert_eq!(Process::parse("12 (a"), None);
    }

    #[test]
    fn a_group_is_found_by_its_mark_alone() {
        if !std::path::Path::new("/proc/self/environ").exists() {
            eprintln!("SKIPPED: there is no /proc");
            return;
        }
        let mark = format!("test-{}", std::process::id());
        let start = |mark: &str, group: bool| {
            let mut command = Command::new("sleep");
            command.arg("60").env(WORKER_VARIABLE, mark);
            if group {
                command.process_group(0);
            }
            command.spawn().unwrap()
        };
        let mut ours = start(&mark, true);
        let mut others = [start("another", true), start(&mark, false)];
        let found = find_orphans(&mark);
        for child in others.iter_mut().chain([&mut ours]) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let expected = Pid::from_raw(i32::try_from(ours.id()).unwrap()).unwrap();
        assert_eq!(found, [expected]);
        assert!(find_orphans(&mark).is_empty());
    }
}
