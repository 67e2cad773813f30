//! Where racing processes wait for each other.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One who does not come for so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A barrier of processes: each has a file that grows by one byte whenever it arrives.
pub(crate) struct Barrier {
    own: File,
    others: Vec<PathBuf>,
    arrived: u64,
}

impl Barrier {
    /// For the process `number` of `count`.
    pub(crate) fn of(root: &Path, number: usize, count: usize) -> Self {
        let path = |number: usize| root.join(format!("arrived-{number}"));
        let own = OpenOptions::new().append(true).create(true).open(path(number)).unwrap();
        let others = (0..count).filter(|other| *other != number).map(path).collect();
        Barrier { own, others, arrived: 0 }
    }

    /// Returns once all have arrived as often as this one.
    pub(crate) fn wait(&mut self) {
        self.own.write_all(b".").unwrap();
        self.arrived += 1;
        let begun = Instant::now();
        for other in &self.others {
            while fs::metadata(other).map_or(0, |file| file.len()) < self.arrived {
                assert!(begun.elapsed() < PATIENCE, "{} has come to an end too early", other.display());
                std::thread::sleep(Duration::from_micros(20));
            }
        }
    }
}
