//! Everything that was measured.

use crate::machine::Machine;
use crate::peers::marks::Mark;
use crate::peers::result::Table;
use serde::Serialize;

/// One run of the benchmark.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) marks: Vec<Mark>,
    pub(crate) contenders: Vec<Table>,
    pub(crate) sides: Option<Sides>,
    pub(crate) status: Vec<StatusRuns>,
    pub(crate) jobs: Vec<JobRuns>,
    pub(crate) scale: Vec<ScaleTable>,
}

/// What things cost beside much else, of one side at one place.
#[derive(Debug, Serialize)]
pub(crate) struct ScaleTable {
    pub(crate) place: &'static str,
    pub(crate) side: &'static str,
    /// What there is much of.
    pub(crate) of: &'static str,
    pub(crate) sizes: Vec<usize>,
    /// The median of the rounds for each size, in microseconds; in bytes where it is memory.
    pub(crate) costs: Vec<(&'static str, Vec<f64>)>,
}

/// The component beside the native side.
#[derive(Debug, Serialize)]
pub(crate) struct Sides {
    pub(crate) payload_bytes: usize,
    pub(crate) rounds: u32,
    pub(crate) rates: Vec<Rate>,
    pub(crate) store_rates: Vec<StoreRate>,
    pub(crate) list_rates: Vec<ListRate>,
    pub(crate) instances: Vec<InstanceCost>,
}

impl Sides {
    /// How many tasks were lost, and how many handed out more than once, in all rounds.
    pub(crate) fn faults(&self) -> (usize, usize) {
        // The three rates of one series are of the same tasks.
        let pushes = || self.rates.iter().filter(|rate| rate.action == "push");
        (pushes().map(|rate| rate.lost).sum(), pushes().map(|rate| rate.duplicates).sum())
    }
}

/// Tasks per second, one number for each round.
#[derive(Debug, Serialize)]
pub(crate) struct Rate {
    pub(crate) place: &'static str,
    pub(crate) action: &'static str,
    pub(crate) at_once: usize,
    pub(crate) is_batch: bool,
    pub(crate) is_synced: bool,
    pub(crate) native: Vec<f64>,
    pub(crate) sandboxed: Vec<f64>,
    /// The median of the rounds' own: sandboxed over native, which ran one after the other.
    pub(crate) ratio: f64,
    /// Tasks in a round.
    pub(crate) tasks: usize,
    pub(crate) lost: usize,
    pub(crate) duplicates: usize,
}

/// Leases, or runs, per second, one number for each round.
#[derive(Debug, Serialize)]
pub(crate) struct StoreRate {
    pub(crate) place: &'static str,
    pub(crate) action: String,
    pub(crate) is_synced: bool,
    pub(crate) native: Vec<f64>,
    pub(crate) sandboxed: Vec<f64>,
    /// As of a [`Rate`].
    pub(crate) ratio: f64,
    /// How many in a round.
    pub(crate) count: usize,
}

/// Tasks of a list per second, one number for each round, synced as by default.
#[derive(Debug, Serialize)]
pub(crate) struct ListRate {
    pub(crate) place: &'static str,
    pub(crate) action: &'static str,
    /// Tasks in the list before the round.
    pub(crate) tasks: usize,
    pub(crate) native: Vec<f64>,
    pub(crate) sandboxed: Vec<f64>,
    /// As of a [`Rate`].
    pub(crate) ratio: f64,
    /// How many in a round.
    pub(crate) count: usize,
}

/// What an instance of the component costs that is made and dropped, in microseconds, one number for each round.
#[derive(Debug, Serialize)]
pub(crate) struct InstanceCost {
    pub(crate) action: &'static str,
    pub(crate) micros: Vec<f64>,
}

/// What somebody waits for who runs a job.
#[derive(Debug, Serialize)]
pub(crate) struct JobRuns {
    pub(crate) action: &'static str,
    pub(crate) sandboxed: Spread,
    pub(crate) native: Spread,
}

/// `queue status` from start to finish.
#[derive(Debug, Serialize)]
pub(crate) struct StatusRuns {
    /// Tasks in the queue.
    pub(crate) tasks: usize,
    pub(crate) sandboxed: Spread,
    pub(crate) native: Spread,
}

/// The middle and the worst of some runs, in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) runs: usize,
    pub(crate) median_ms: f64,
    pub(crate) max_ms: f64,
}

/// The median of what `sandboxed` is of `native`, round by round: a disk that changes its pace changes it for both.
pub(crate) fn paired_ratio(native: &[f64], sandboxed: &[f64]) -> f64 {
    let ratios: Vec<f64> = native.iter().zip(sandboxed).map(|(native, sandboxed)| sandboxed / native).collect();
    median(&ratios)
}

/// The middle one; of an even number, the lower of the two.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{median, paired_ratio};

    #[test]
    fn a_disk_that_becomes_fast_half_way_makes_neither_side_the_faster() {
        let ratio = paired_ratio(&[10.0, 10.0, 1_000.0], &[9.0, 9.0, 900.0]);
        assert_eq!(ratio.total_cmp(&0.9), std::cmp::Ordering::Equal);
    }

    #[test]
    fn the_median_is_the_middle_one_whatever_the_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).total_cmp(&2.0), std::cmp::Ordering::Equal);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).total_cmp(&2.0), std::cmp::Ordering::Equal);
    }
}
