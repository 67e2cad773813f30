//! The lines that a contender and the benchmark speak: see `tests/bench/peers/README.md`.

use anyhow::{Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The number in a payload, as so many digits; what follows is filling.
pub(crate) const DIGITS: usize = 16;

/// What a contender's process is to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) op: Op,
    /// The number of the first payload that it pushes.
    pub(crate) first: usize,
    /// How many it pushes, or how often it does the thing.
    pub(crate) n: usize,
    /// How many it takes out at most.
    pub(crate) most: usize,
    /// How many a call takes.
    pub(crate) batch: usize,
    /// The bytes of a payload.
    pub(crate) payload: usize,
}

/// The things that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Op {
    Push,
    /// Claim and finish.
    Work,
    /// Push, claim, finish.
    Life,
    /// Acquire and release, or save and load.
    Cycle,
    /// Of a task list, as the next two.
    Create,
    Claim,
    Complete,
}

/// The first line of a process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) version: String,
}

/// What came of a request. The times are the monotonic clock's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) begun: f64,
    pub(crate) ended: f64,
    /// The numbers of what was handed out.
    #[serde(default)]
    pub(crate) got: Vec<usize>,
    /// What came back and is not what went in.
    #[serde(default)]
    pub(crate) garbled: usize,
}

/// The clock that all processes share, in seconds.
pub(crate) fn clock() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// A number, and filling.
pub(crate) fn payload(number: usize, bytes: usize) -> Vec<u8> {
    let mut payload = format!("{number:0DIGITS$}").into_bytes();
    payload.resize(bytes.max(DIGITS), b'.');
    payload
}

/// The number in a payload of so many bytes, if it is whole.
pub(crate) fn number_of(payload: &[u8], bytes: usize) -> Result<usize> {
    let (number, filling) = payload.split_at_checked(DIGITS).unwrap_or_default();
    let is_whole = payload.len() == bytes && filling.iter().all(|byte| *byte == b'.');
    ensure!(is_whole, "a payload came back different");
    Ok(str::from_utf8(number)?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::{number_of, payload};

    #[test]
    fn a_payload_that_came_back_whole_tells_its_number() {
        assert_eq!(number_of(&payload(4_711, 180), 180).ok(), Some(4_711));
    }

    #[test]
    fn a_payload_that_is_cut_or_changed_is_garbled() {
        let whole = payload(4_711, 180);
        assert!(number_of(&whole[..179], 180).is_err());
        assert!(number_of(&whole[..8], 8).is_err());
        let mut changed = whole;
        changed[100] = b'x';
        assert!(number_of(&changed, 180).is_err());
    }
}
