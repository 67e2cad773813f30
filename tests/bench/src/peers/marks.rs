//! What Leasehold has set itself, and whether this run reached it.

use crate::peers::catalogue::Section;
use crate::peers::protocol::Op;
use crate::peers::result::{Cell, Row, Table};
use serde::Serialize;

/// Whom the component is compared with.
#[derive(Debug, Clone, Copy)]
enum Against {
    /// The fastest peer of the table, Leasehold's own sides and the floor left out.
    Fastest,
    Named(&'static str),
}

/// One thing to be reached.
#[derive(Debug)]
struct Goal {
    what: &'static str,
    section: Section,
    op: Op,
    is_synced: bool,
    processes: usize,
    is_batch: bool,
    against: Against,
    ratio: f64,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    pub(crate) what: &'static str,
    pub(crate) goal: f64,
    /// Against whom; nothing where that was not measured.
    pub(crate) against: Option<&'static str>,
    pub(crate) ratio: Option<f64>,
    pub(crate) is_reached: bool,
}

/// The payloads that the marks are about.
const PAYLOAD: usize = 180;

const fn queue(what: &'static str, op: Op, conditions: (bool, usize, bool), against: Against, ratio: f64) -> Goal {
    let (is_synced, processes, is_batch) = conditions;
    Goal { what, section: Section::Queue, op, is_synced, processes, is_batch, against, ratio }
}

const fn held(what: &'static str, section: Section, is_synced: bool, against: &'static str, ratio: f64) -> Goal {
    let against = Against::Named(against);
    Goal { what, section, op: Op::Cycle, is_synced, processes: 1, is_batch: false, against, ratio }
}

const GOALS: &[Goal] = &[
    queue("claim and done, one at a time, not synced", Op::Work, (false, 1, false), Against::Fastest, 1.5),
    queue("the same, 4 processes", Op::Work, (false, 4, false), Against::Fastest, 1.5),
    queue("push, one at a time, not synced", Op::Push, (false, 1, false), Against::Fastest, 1.0),
    queue("push, one at a time, synced", Op::Push, (true, 1, false), Against::Fastest, 1.0),
    queue("the same, 4 processes", Op::Push, (true, 4, false), Against::Fastest, 2.0),
    queue("push, in batches of 100, synced", Op::Push, (true, 1, true), Against::Fastest, 3.0),
    queue("whole lives, in batches of 100, not synced", Op::Life, (false, 1, true), Against::Fastest, 3.0),
    queue("whole lives, one at a time, not synced", Op::Life, (false, 1, false), Against::Named("raw"), 0.6),
    held("acquire and release a lease", Section::Lease, false, "filelock-lease", 5.0),
    held("acquire and release a lease", Section::Lease, false, "filelock-native", 1.5),
    held("save and load a checkpoint, synced", Section::Checkpoint, true, "langgraph", 3.0),
];

/// All of them, in the order of the page.
pub(crate) fn marks(tables: &[Table]) -> Vec<Mark> {
    GOALS.iter().map(|goal| mark(goal, tables)).collect()
}

fn mark(goal: &Goal, tables: &[Table]) -> Mark {
    let found = tables.iter().find(|table| goal.is_about(table)).and_then(|table| goal.rival(table));
    let ratio = found.map(|(_, cell)| cell.ratio).filter(|ratio| ratio.is_finite());
    Mark {
        what: goal.what,
        goal: goal.ratio,
        against: found.map(|(row, _)| row.title),
        ratio,
        is_reached: ratio.is_some_and(|ratio| ratio >= goal.ratio),
    }
}

impl Goal {
    fn is_about(&self, table: &Table) -> bool {
        let setting = &table.setting;
        let is_payload = table.section != Section::Queue || setting.payload == PAYLOAD;
        table.section == self.section
            && is_payload
            && setting.is_synced == self.is_synced
            && setting.processes == self.processes
            && (setting.batch > 1) == self.is_batch
    }

    fn rival<'a>(&self, table: &'a Table) -> Option<(&'a Row, &'a Cell)> {
        let cells = table.rows.iter().filter_map(|row| Some((row, table.cell(row, self.op)?)));
        match self.against {
            Against::Named(name) => cells.into_iter().find(|(row, _)| row.name == name),
            Against::Fastest => {
                let peers = cells.filter(|(row, _)| row.is_peer);
                peers.max_by(|(_, one), (_, other)| one.median.total_cmp(&other.median))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::marks;
    use crate::peers::catalogue::Section;
    use crate::peers::faults::Faults;
    use crate::peers::protocol::Op;
    use crate::peers::result::{Row, Table};
    use crate::peers::setting::Setting;

    fn row(name: &'static str, is_peer: bool, rate: f64) -> Row {
        let rates = if rate.is_nan() { Vec::new() } else { vec![vec![rate; 3]; 3] };
        Row::new(name, name, String::new(), is_peer, None, rates, Faults::default())
    }

    fn table(rows: Vec<Row>) -> Table {
        let setting = Setting { is_synced: false, processes: 1, batch: 1, payload: 180, count: 100, rounds: 3 };
        Table::new(Section::Queue, setting, &[Op::Push, Op::Work, Op::Life], rows)
    }

    #[test]
    fn the_fastest_peer_is_who_counts_and_the_floor_is_none() {
        let rows = vec![
            row("component", false, 160.0),
            row("raw", false, 900.0),
            row("slow", true, 10.0),
            row("fast", true, 100.0),
            row("absent", true, f64::NAN),
        ];
        let marks = marks(&[table(rows)]);
        assert_eq!((marks[0].against, marks[0].is_reached), (Some("fast"), true));
        // 1.6 of the fastest, and less than 0.6 of the floor.
        assert_eq!((marks[7].against, marks[7].is_reached), (Some("raw"), false));
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        let marks = marks(&[table(vec![row("component", false, 160.0)])]);
        assert!(marks.iter().all(|mark| mark.against.is_none() && !mark.is_reached));
    }
}
