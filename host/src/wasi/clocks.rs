//! `wasi:clocks`, in milliseconds, which is all that the core asks of a clock.

use super::Wasi;
use super::stat::datetime;
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::io::poll::Pollable;
use leasehold_core::capability::Directory;
use wasmtime::component::Resource;

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

impl<D: Directory> wall_clock::Host for Wasi<D> {
    fn now(&mut self) -> wall_clock::Datetime {
        datetime(self.environment.now_ms())
    }

    fn resolution(&mut self) -> wall_clock::Datetime {
        datetime(1)
    }
}

impl<D: Directory> monotonic_clock::Host for Wasi<D> {
    fn now(&mut self) -> u64 {
        self.environment.monotonic_ms().saturating_mul(NANOSECONDS_PER_MILLISECOND)
    }

    fn resolution(&mut self) -> u64 {
        NANOSECONDS_PER_MILLISECOND
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Resource<Pollable>> {
        Err(no_waiting())
    }

    fn subscribe_duration(&mut self, _when: u64) -> wasmtime::Result<Resource<Pollable>> {
        Err(no_waiting())
    }
}

fn no_waiting() -> wasmtime::Error {
    wasmtime::Error::msg("this host serves no waiting")
}
