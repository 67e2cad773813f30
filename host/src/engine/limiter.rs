//! Stops an instance that hoards.

use super::Limits;
use wasmtime::ResourceLimiter;

/// Refuses memory and tables over the limits, and remembers that it did: the instance then traps for want of them,
/// and does not say why.
#[derive(Debug)]
pub(super) struct Limiter {
    memory_bytes_max: usize,
    table_entries_max: usize,
    refused: Option<String>,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { memory_bytes_max: limits.memory_bytes_max, table_entries_max: limits.table_entries_max, refused: None }
    }

    /// What was refused, if anything was.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.memory_bytes_max;
        if !granted {
            self.refused = Some(format!("it needed more than {} bytes of memory", self.memory_bytes_max));
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.table_entries_max;
        if !granted {
            self.refused = Some(format!("it needed more than {} entries in a table", self.table_entries_max));
        }
        Ok(granted)
    }
}
