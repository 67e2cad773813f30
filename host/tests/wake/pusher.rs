//! The other process: does what it is told, and says when it did.

use leasehold::{Durability, Grants, NewTask, OnDuplicate, Session};
use rustix::time::{ClockId, clock_gettime};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// On a clock that all processes share.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// A process that pushes.
pub(crate) struct Pusher {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Pusher {
    pub(crate) fn start(root: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["pusher::push_as_told", "--exact", "--nocapture", "--test-threads=1"])
            .env("PUSHER_ROOT", root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let orders = child.stdin.take();
        Self { child, orders }
    }

    /// `QUEUE KIND PAUSE_US SEED`: after the pause the task's payload is the moment from which on it can be claimed.
    pub(crate) fn tell(&mut self, queue: &str, kind: &str, pause: Duration, seed: u64) {
        let line = format!("{queue} {kind} {} {seed}\n", pause.as_micros());
        self.orders.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.child.wait().unwrap();
    }
}

/// What the other process runs; nothing where nobody told it anything.
#[test]
fn push_as_told() {
    let Some(root) = std::env::var_os("PUSHER_ROOT") else { return };
    let grants = Grants::beneath(&root);
    let mut session = Session::native(&grants).unwrap();
    let holder = session.holder_open("pusher", 600_000, Durability::Unsynced).unwrap();
    for line in BufReader::new(std::io::stdin()).lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let (name, kind, seed) = (words[0], words[1], words[3].parse::<u64>().unwrap());
        std::thread::sleep(Duration::from_micros(words[2].parse().unwrap()));
        let delay_ms = if kind == "delayed" { 5 + seed % 40 } else { 0 };
        let payload = (now() + Duration::from_millis(delay_ms)).as_nanos().to_string();
        let id = format!("id-{}", seed % 7);
        let task = NewTask {
            payload: payload.as_bytes(),
            id: (kind == "given").then_some(&*id),
            priority: Some(u8::try_from(seed % 10).unwrap()),
            delay_ms,
            ..NewTask::default()
        };
        let durability = if kind == "synced" { Durability::Synced } else { Durability::Unsynced };
        let mut queue = session.queue(name).unwrap();
        match kind {
            "dropped" => {
                let pending = Path::new(&root).join(format!(".aristo/{name}-queue/pending"));
                std::fs::create_dir_all(&pending).unwrap();
                let settled = (now() + Duration::from_secs(1)).as_nanos().to_string();
                std::fs::write(pending.join(format!("letter-{seed}.txt")), settled).unwrap();
            }
            "batch" => drop(queue.push(&[task.clone(), task], OnDuplicate::Refuse, durability).unwrap()),
            "paused" => {
                queue.pause(Durability::Unsynced).unwrap();
                queue.push(&[task], OnDuplicate::Refuse, durability).unwrap();
                std::thread::sleep(Duration::from_millis(3));
                queue.resume(Durability::Unsynced).unwrap();
            }
            // Held by somebody else for a moment, and then given back into an old bucket.
            "released" => {
                queue.pause(Durability::Unsynced).unwrap();
                queue.push(&[task], OnDuplicate::Refuse, durability).unwrap();
                queue.resume(Durability::Unsynced).unwrap();
                if let Some(claimed) = queue.claim(&holder, 1, None, Durability::Unsynced).unwrap().pop() {
                    std::thread::sleep(Duration::from_millis(2));
                    queue.release(&claimed.receipt, Durability::Unsynced).unwrap();
                }
            }
            _ => drop(queue.push(&[task], OnDuplicate::Refuse, durability).unwrap()),
        }
    }
}
