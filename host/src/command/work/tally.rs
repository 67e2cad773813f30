//! What became of the tasks, counted and told.

use super::progress::Screen;
use crate::command::moment::show_duration;
use leasehold::ClaimedTask;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What became of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its command succeeded.
    Done,
    /// Its command failed; it is tried again after this time.
    Retried(Duration),
    /// Its command failed, and that was its last attempt.
    Dead,
    /// It was given back, since the worker stops.
    Released,
    /// Its claim was somebody else's before it could be finished.
    Lost,
}

impl Fate {
    fn name(&self) -> &'static str {
        match self {
            Fate::Done => "done",
            Fate::Retried(_) => "retried",
            Fate::Dead => "dead",
            Fate::Released => "released",
            Fate::Lost => "lost",
        }
    }
}

/// Counts of a worker process.
pub(crate) struct Tally {
    json: bool,
    /// Set when standard output was closed: from then on nothing more is told there.
    deaf: AtomicBool,
    done: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
    lost: AtomicU64,
    released: AtomicU64,
    /// How many commands run now.
    pub(crate) running: AtomicU64,
}

#[derive(serde::Serialize)]
struct FateJson<'a> {
    id: &'a str,
    outcome: &'static str,
    token: u64,
    attempt: u32,
    max_attempts: u32,
    took_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Tally {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            deaf: AtomicBool::new(false),
            done: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            released: AtomicU64::new(0),
            running: AtomicU64::new(0),
        }
    }

    /// Counts a task, and tells of it: every one on standard output where JSON is asked for, else those that did
    /// not succeed on standard error.
    pub(crate) fn record(
        &self,
        screen: &Screen,
        task: &ClaimedTask,
        fate: &Fate,
        reason: Option<&str>,
        took: Duration,
    ) {
        let count = match fate {
            Fate::Done => &self.done,
            Fate::Retried(_) => &self.retried,
            Fate::Dead => &self.dead,
            Fate::Released => &self.released,
            Fate::Lost => &self.lost,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if self.json {
            self.tell(&FateJson {
                id: &task.id,
                outcome: fate.name(),
                token: task.token,
                attempt: task.attempt,
                max_attempts: task.max_attempts,
                took_ms: took.as_millis(),
                retry_in_ms: match fate {
                    Fate::Retried(delay) => Some(delay.as_millis()),
                    _ => None,
                },
                reason,
            });
            return;
        }
        let id = &task.id;
        let attempt = format!("attempt {} of {}", task.attempt, task.max_attempts);
        // The last words went to standard error as they were said: the first line is enough.
        let reason = reason.and_then(|reason| reason.lines().next()).unwrap_or_default();
        match fate {
            Fate::Done => {}
            Fate::Retried(delay) => {
                // Whole milliseconds are shown, not the nanoseconds of the jitter.
                let delay = Duration::from_millis(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
                screen.say(&format!(
                    "leasehold: task {id} failed ({attempt}): {reason}; again in {}",
                    show_duration(delay)
                ));
            }
            Fate::Dead => screen.say(&format!("leasehold: task {id} is dead ({attempt}): {reason}")),
            Fate::Released => screen.say(&format!("leasehold: task {id} was given back")),
            Fate::Lost => screen.say(&format!("leasehold: task {id} is not ours any more: {reason}")),
        }
    }

    /// How it goes, for people.
    pub(crate) fn line(&self) -> String {
        let mut line = format!(
            "done {}, retried {}, dead {}, lost {}",
            self.done.load(Ordering::Relaxed),
            self.retried.load(Ordering::Relaxed),
            self.dead.load(Ordering::Relaxed),
            self.lost.load(Ordering::Relaxed),
        );
        let released = self.released.load(Ordering::Relaxed);
        if released > 0 {
            line.push_str(&format!(", released {released}"));
        }
        line
    }

    /// The last line, on standard output where JSON is asked for.
    pub(crate) fn summarize(&self) {
        if self.json {
            self.tell(&serde_json::json!({ "summary": {
                "done": self.done.load(Ordering::Relaxed),
                "retried": self.retried.load(Ordering::Relaxed),
                "dead": self.dead.load(Ordering::Relaxed),
                "lost": self.lost.load(Ordering::Relaxed),
                "released": self.released.load(Ordering::Relaxed),
            }}));
        }
    }

    /// One line on standard output. Work goes on when nobody reads it any more.
    fn tell(&self, object: &impl serde::Serialize) {
        let Ok(mut line) = serde_json::to_vec(object) else {
            return;
        };
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        if !self.deaf.load(Ordering::Relaxed)
            && let Err(error) = stdout.write_all(&line).and_then(|()| stdout.flush())
        {
            self.deaf.store(true, Ordering::Relaxed);
            tracing::warn!(%error, "standard output cannot be written any more");
        }
    }
}
