//! What was measured of the contenders.

use crate::peers::catalogue::{LEADER, Section};
use crate::peers::faults::Faults;
use crate::peers::protocol::Op;
use crate::peers::setting::Setting;
use crate::report::{median, paired_ratio};
use serde::Serialize;

/// All contenders under one setting.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) section: Section,
    pub(crate) setting: Setting,
    pub(crate) ops: Vec<Op>,
    pub(crate) rows: Vec<Row>,
}

/// One contender.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) version: String,
    pub(crate) is_peer: bool,
    /// Why there are no numbers.
    pub(crate) absent: Option<String>,
    /// A cell for each operation; none where it is absent.
    pub(crate) cells: Vec<Cell>,
    pub(crate) faults: Faults,
}

/// One operation of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    /// Times per second, one number for each round.
    pub(crate) rates: Vec<f64>,
    pub(crate) median: f64,
    /// Leasehold's component against this one: the median of the rounds' own ratios, which ran one after the other.
    pub(crate) ratio: f64,
    /// Likewise, of the medians.
    pub(crate) ratio_of_medians: f64,
}

impl Row {
    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        version: String,
        is_peer: bool,
        absent: Option<String>,
        rates: Vec<Vec<f64>>,
        faults: Faults,
    ) -> Self {
        let cell = |rates: Vec<f64>| {
            let median = median(&rates);
            Cell { rates, median, ratio: f64::NAN, ratio_of_medians: f64::NAN }
        };
        let cells = rates.into_iter().map(cell).collect();
        Self { name, title, version, is_peer, absent, cells, faults }
    }
}

impl Table {
    /// Compares each row with the leader's.
    pub(crate) fn new(section: Section, setting: Setting, ops: &[Op], mut rows: Vec<Row>) -> Self {
        let leader = rows.iter().find(|row| row.name == LEADER);
        let leader: Vec<Vec<f64>> =
            leader.into_iter().flat_map(|row| row.cells.iter().map(|cell| cell.rates.clone())).collect();
        for row in &mut rows {
            for (cell, leading) in row.cells.iter_mut().zip(&leader) {
                cell.ratio = paired_ratio(&cell.rates, leading);
                cell.ratio_of_medians = median(leading) / cell.median;
            }
        }
        Self { section, setting, ops: ops.to_vec(), rows }
    }

    /// What a contender did of one operation.
    pub(crate) fn cell<'a>(&self, row: &'a Row, op: Op) -> Option<&'a Cell> {
        row.cells.get(self.ops.iter().position(|own| *own == op)?)
    }

    /// How many tasks Leasehold itself lost, or handed out twice or changed.
    pub(crate) fn own_faults(&self) -> usize {
        self.rows.iter().filter(|row| !row.is_peer).map(|row| row.faults.all()).sum()
    }
}
