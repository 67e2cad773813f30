//! What came out, against what went in.

use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};

/// How many tasks did not come out as they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    /// Pushed and not handed out.
    pub(crate) lost: usize,
    /// Handed out more often than pushed.
    pub(crate) twice: usize,
    /// Handed out with other content.
    pub(crate) garbled: usize,
}

impl Faults {
    /// `got` are the numbers that were handed out, `pushed` all that were pushed.
    pub(crate) fn among(pushed: Range<usize>, got: impl IntoIterator<Item = usize>, garbled: usize) -> Self {
        let mut times = BTreeMap::new();
        for number in got {
            *times.entry(number).or_insert(0) += 1;
        }
        let lost = pushed.clone().filter(|number| !times.contains_key(number)).count();
        let extra = |(number, times): (&usize, &usize)| times - usize::from(pushed.contains(number));
        Self { lost, twice: times.iter().map(extra).sum(), garbled }
    }

    pub(crate) fn all(self) -> usize {
        self.lost + self.twice + self.garbled
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.twice += other.twice;
        self.garbled += other.garbled;
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;

    #[test]
    fn each_once_is_no_fault() {
        assert_eq!(Faults::among(10..13, [12, 10, 11], 0), Faults::default());
    }

    #[test]
    fn what_is_missing_is_lost_and_what_comes_again_came_twice() {
        let faults = Faults::among(10..13, [10, 10, 10, 12], 0);
        assert_eq!(faults, Faults { lost: 1, twice: 2, garbled: 0 });
    }

    #[test]
    fn what_was_not_pushed_this_time_came_once_too_often() {
        assert_eq!(Faults::among(10..11, [10, 3], 0), Faults { lost: 0, twice: 1, garbled: 0 });
    }
}
