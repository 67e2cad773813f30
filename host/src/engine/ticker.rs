//! The clock that ends calls which take too long.
//!
//! A call may last a number of ticks. A thread makes them, but only while there are calls: it starts at the first,
//! rests when there were none for a while, and ends with the engine. A call itself touches one counter.

use crate::{Error, Result};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wasmtime::Engine;

/// How finely the time of a call is measured, unless that would take more ticks than are worth it.
const TICKS_PER_CALL: u32 = 20;
const TICK_MIN: Duration = Duration::from_millis(1);
const TICK_MAX: Duration = Duration::from_millis(250);
/// After so many ticks in a row at which no call was running the thread rests.
const IDLE_TICKS_MAX: u32 = 8;

/// Makes the ticks of one engine.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tick: Duration,
    ticks_per_call: u64,
}

struct Shared {
    calls_running: AtomicUsize,
    resting: AtomicBool,
    ended: AtomicBool,
}

/// A call that is running.
pub(super) struct Running<'a>(&'a Shared);

impl Ticker {
    pub(super) fn new(call_time_max: Duration) -> Self {
        let tick = (call_time_max / TICKS_PER_CALL).clamp(TICK_MIN, TICK_MAX);
        let ticks = call_time_max.as_nanos().div_ceil(tick.as_nanos());
        Self {
            shared: Arc::new(Shared {
                calls_running: AtomicUsize::new(0),
                resting: AtomicBool::new(true),
                ended: AtomicBool::new(false),
            }),
            thread: Mutex::new(None),
            tick,
            // The first tick may come at once.
            ticks_per_call: u64::try_from(ticks).unwrap_or(u64::MAX / 2).saturating_add(1),
        }
    }

    /// How many ticks a call may last.
    pub(super) fn ticks_per_call(&self) -> u64 {
        self.ticks_per_call
    }

    /// Says that a call begins; it ends when the answer is dropped.
    pub(super) fn begin(&self, engine: &Engine) -> Result<Running<'_>> {
        // The thread does it the other way about: it says that it rests, and then looks for calls. One sees the other.
        self.shared.calls_running.fetch_add(1, Ordering::SeqCst);
        let running = Running(&self.shared);
        if self.shared.resting.load(Ordering::SeqCst) {
            self.wake(engine)?;
        }
        Ok(running)
    }

    fn wake(&self, engine: &Engine) -> Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &*thread {
            thread.thread().unpark();
            return Ok(());
        }
        let (shared, engine, tick) = (Arc::clone(&self.shared), engine.clone(), self.tick);
        let started = thread::Builder::new()
            .name(String::from("leasehold-ticks"))
            .spawn(move || make_ticks(&shared, &engine, tick))
            .map_err(|error| Error::Setup(format!("the thread that ends long calls can not be started: {error}")))?;
        self.shared.resting.store(false, Ordering::SeqCst);
        *thread = Some(started);
        Ok(())
    }
}

fn make_ticks(shared: &Shared, engine: &Engine, tick: Duration) {
    let mut idle_ticks = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        if idle_ticks < IDLE_TICKS_MAX {
            thread::park_timeout(tick);
            engine.increment_epoch();
            let idle = shared.calls_running.load(Ordering::SeqCst) == 0;
            idle_ticks = if idle { idle_ticks + 1 } else { 0 };
        } else {
            shared.resting.store(true, Ordering::SeqCst);
            if shared.calls_running.load(Ordering::SeqCst) == 0 && !shared.ended.load(Ordering::SeqCst) {
                thread::park();
            }
            shared.resting.store(false, Ordering::SeqCst);
            idle_ticks = 0;
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.calls_running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            thread.thread().unpark();
            // It can not have panicked, and there would be nothing to do about it.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").field("tick", &self.tick).finish_non_exhaustive()
    }
}
