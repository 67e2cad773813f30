//! Finds processes by a mark in their environment: what a killed worker had started but not yet told its guard of, what
//! shares a process group with others, and what went into one of its own.
//!
//! Where a system has no `/proc`, none are found: such a command runs on, fenced by its token.

use super::target::Target;
use rustix::process::Pid;

/// Marks a command of a worker, or of a lock, and all that it starts. A mark is that of the guard, and then the
/// command's own.
pub(crate) const WORKER_VARIABLE: &str = "LEASEHOLD_WORKER";

/// The process groups whose leader carries a mark that begins with `mark`.
pub(crate) fn find_marked_groups(mark: &str) -> Vec<Target> {
    let leads = |process: &Process| process.id == process.group;
    find(mark, leads).map(Target::Group).collect()
}

/// Every process that carries a mark that begins with `mark`, whatever its group.
pub(crate) fn find_marked(mark: &str) -> Vec<Target> {
    find(mark, |_| true).map(Target::Process).collect()
}

/// Looks through our session: what went into one of its own did so in order to live on.
fn find(mark: &str, wanted: impl Fn(&Process) -> bool) -> impl Iterator<Item = Pid> {
    let variable = format!("{WORKER_VARIABLE}={mark}");
    let this = Process::read("self");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| Process::read(entry.file_name().to_str()?))
        .filter(move |process| this.as_ref().is_some_and(|this| process.session == this.session))
        .filter(move |process| wanted(process) && has_variable(process.id, variable.as_bytes()))
        .filter_map(|process| Pid::from_raw(process.id))
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

pub(super) fn has_variable(process: i32, beginning: &[u8]) -> bool {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|entry| entry.starts_with(beginning))
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
    fn a_process_is_found_by_its_mark_and_a_group_by_that_of_its_leader() {
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
        let mut ours = start(&format!("{mark}-1"), true);
        let mut others = [start("another", true), start(&format!("{mark}-2"), false)];
        let groups = find_marked_groups(&mark);
        let of_one_command = find_marked(&format!("{mark}-1"));
        let processes = find_marked(&mark);
        for child in others.iter_mut().chain([&mut ours]) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let pid = |child: &std::process::Child| Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        assert_eq!(groups, [Target::Group(pid(&ours))]);
        assert_eq!(of_one_command, [Target::Process(pid(&ours))]);
        assert_eq!(processes.len(), 2);
        for child in [&ours, &others[1]] {
            assert!(processes.contains(&Target::Process(pid(child))));
        }
        assert!(find_marked(&mark).is_empty());
    }
}
