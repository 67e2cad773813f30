//! Racing processes.

use crate::dice;
use crate::judge::Killed;
use crate::log::{self, Line, now_ns};
use crate::place::Place;
use crate::racer::Orders;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

/// How many there are unless told.
const PROCESSES: usize = 8;
/// A race that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) struct Crowd {
    racers: Vec<(Orders, Child)>,
    logs: PathBuf,
    pub(crate) killed: Killed,
}

impl Crowd {
    pub(crate) fn start(place: &Place, role: &'static str, is_native: bool) -> Self {
        Self::of(PROCESSES, place, role, is_native)
    }

    /// So many processes of one role.
    pub(crate) fn of(processes: usize, place: &Place, role: &'static str, is_native: bool) -> Self {
        let logs = place.root().join(format!("logs-{role}"));
        std::fs::create_dir(&logs).unwrap();
        let seed = dice::seed();
        let racers = (0..processes)
            .map(|n| {
                let root = place.root().to_path_buf();
                let orders = Orders { root, logs: logs.clone(), place: n, start: 0, role, is_native, seed };
                let child = orders.spawn();
                (orders, child)
            })
            .collect();
        Crowd { racers, logs, killed: Killed::new() }
    }

    /// Kills one with SIGKILL, and starts it again under its old names.
    pub(crate) fn kill_and_restart(&mut self, n: usize) {
        let count = self.racers.len();
        let (orders, child) = &mut self.racers[n % count];
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.code().is_none() {
            self.killed.insert(orders.run(), now_ns());
        }
        orders.start += 1;
        *child = orders.spawn();
    }

    pub(crate) fn wait(&mut self) {
        let begun = Instant::now();
        for (orders, child) in &mut self.racers {
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(begun.elapsed() < PATIENCE, "{orders:?} does not come to an end");
                std::thread::sleep(Duration::from_millis(10));
            };
            assert!(status.success(), "{orders:?}: {status}");
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        log::read(&self.logs)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for (_, child) in &mut self.racers {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
