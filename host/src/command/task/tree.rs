//! Tasks as a tree: each under what it waits for.

use super::one_line;
use super::status::status_name;
use leasehold::tasklist::{Status, TaskView};
use std::collections::{BTreeMap, BTreeSet};

/// Deeper than this nothing is moved further to the right.
const DEPTH_MAX: usize = 24;

/// One place in the tree that is still to be drawn.
struct Place {
    id: u64,
    /// How many others it stands under.
    depth: usize,
    /// What stands before the lines of the tasks under it.
    indent: String,
    is_last: bool,
}

/// Draws every task once, under the first of the shown tasks that it waits for; under each other one a line with its id
/// and the mark `^` stands for it.
pub(super) fn draw(tasks: &[TaskView]) -> Vec<String> {
    let by_id: BTreeMap<u64, &TaskView> = tasks.iter().map(|task| (task.id, task)).collect();
    let mut children: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut roots = Vec::new();
    for task in tasks {
        let mut is_root = true;
        for blocker in task.blocked_by.iter().filter(|id| by_id.contains_key(id)) {
            children.entry(*blocker).or_default().push(task.id);
            is_root = false;
        }
        if is_root {
            roots.push(task.id);
        }
    }
    let mut drawn = BTreeSet::new();
    let mut lines = Vec::new();
    // In a list that somebody has written by hand tasks may wait for each other: each is shown nevertheless.
    for root in roots.into_iter().chain(tasks.iter().map(|task| task.id)) {
        if drawn.contains(&root) {
            continue;
        }
        let mut left = vec![Place { id: root, depth: 0, indent: String::new(), is_last: true }];
        while let Some(place) = left.pop() {
            let Some(task) = by_id.get(&place.id) else { continue };
            let (branch, under) = match (place.depth, place.is_last) {
                (0, _) => ("", ""),
                (_, true) => ("└─ ", "   "),
                (_, false) => ("├─ ", "│  "),
            };
            if !drawn.insert(place.id) {
                lines.push(format!("{}{branch}{} ^", place.indent, place.id));
                continue;
            }
            lines.push(format!("{}{branch}{}", place.indent, line(task)));
            let below = children.get(&place.id).map(Vec::as_slice).unwrap_or_default();
            let is_deep = place.depth >= DEPTH_MAX;
            let indent = if is_deep { place.indent } else { format!("{}{under}", place.indent) };
            // The first is to be taken first.
            for (n, id) in below.iter().enumerate().rev() {
                let is_last = n + 1 == below.len();
                left.push(Place { id: *id, depth: place.depth + 1, indent: indent.clone(), is_last });
            }
        }
    }
    lines
}

fn line(task: &TaskView) -> String {
    let sign = match task.status {
        Status::Pending if task.unresolved.is_empty() => "○",
        Status::Pending => "·",
        Status::InProgress => "◐",
        Status::Completed => "●",
        Status::Abandoned | Status::Deleted => "×",
    };
    let mut line = format!("{} {sign} {}", task.id, one_line(&task.subject));
    let mut notes = vec![status_name(task.status).to_owned()];
    if let Some(owner) = task.owner.as_ref().filter(|_| task.status == Status::InProgress) {
        let dead = if task.alive { "" } else { ", dead" };
        notes.push(format!("{}{dead}", one_line(&owner.holder)));
    }
    line.push_str(&format!(" ({})", notes.join(", ")));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold::tasklist::Owner;

    fn task(id: u64, blocked_by: &[u64]) -> TaskView {
        TaskView {
            id,
            subject: format!("task {id}"),
            description: String::new(),
            active_form: None,
            status: Status::Pending,
            priority: 5,
            owner: None,
            alive: false,
            blocked_by: blocked_by.to_vec(),
            unresolved: blocked_by.to_vec(),
            blocks: Vec::new(),
            metadata: "{}".into(),
            created_ms: 0,
            updated_ms: 0,
            revision: 1,
        }
    }

    #[test]
    fn each_task_stands_under_what_it_waits_for_and_is_told_once() {
        let tasks = [task(1, &[]), task(2, &[1]), task(3, &[1]), task(4, &[2, 3]), task(5, &[])];
        assert_eq!(
            draw(&tasks),
            [
                "1 ○ task 1 (pending)",
                "├─ 2 · task 2 (pending)",
                "│  └─ 4 · task 4 (pending)",
                "└─ 3 · task 3 (pending)",
                "   └─ 4 ^",
                "5 ○ task 5 (pending)",
            ]
        );
    }

    #[test]
    fn what_waits_only_for_tasks_that_are_not_shown_stands_by_itself() {
        assert_eq!(draw(&[task(2, &[1]), task(3, &[2])]), ["2 · task 2 (pending)", "└─ 3 · task 3 (pending)"]);
    }

    #[test]
    fn it_is_told_who_works_on_it_and_whether_they_live() {
        let owner = Some(Owner { holder: "ada".into(), epoch: 1, token: 2 });
        let held = TaskView { status: Status::InProgress, owner, alive: true, ..task(1, &[]) };
        let dead = TaskView { alive: false, subject: "a\x1b[31m\nb".into(), ..held.clone() };
        assert_eq!(draw(&[held]), ["1 ◐ task 1 (in-progress, ada)"]);
        assert_eq!(draw(&[dead]), ["1 ◐ a [31m b (in-progress, ada, dead)"]);
    }

    #[test]
    fn tasks_that_wait_for_each_other_are_shown_too() {
        assert_eq!(
            draw(&[task(1, &[2]), task(2, &[1])]),
            ["1 · task 1 (pending)", "└─ 2 · task 2 (pending)", "   └─ 1 ^"]
        );
    }

    #[test]
    fn a_chain_of_any_length_is_drawn_in_lines_that_can_be_read() {
        let mut tasks = vec![task(1, &[])];
        tasks.extend((2..=20_000).map(|id| task(id, &[id - 1])));
        let lines = draw(&tasks);
        assert_eq!(lines.len(), 20_000);
        assert!(lines.iter().all(|line| line.chars().count() < 3 * DEPTH_MAX + 40));
    }
}
