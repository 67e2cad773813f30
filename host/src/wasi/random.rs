//! `wasi:random`.

use super::Wasi;
use crate::bindings::wasi::random::random;
use leasehold_core::capability::Directory;

/// The most that is given out by one call, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

impl<D: Directory> random::Host for Wasi<D> {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        if length > BYTES_MAX {
            return Err(wasmtime::Error::msg("this host gives out at most 64 KiB of randomness a call"));
        }
        let length = usize::try_from(length)?;
        let numbers = length.div_ceil(size_of::<u64>());
        let mut bytes: Vec<u8> = (0..numbers).flat_map(|_| self.environment.random.next_u64().to_le_bytes()).collect();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn get_random_u64(&mut self) -> u64 {
        self.environment.random.next_u64()
    }
}
