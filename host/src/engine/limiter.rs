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
    /// How many bytes of memory were granted.
    memory_bytes: usize,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        let Limits { memory_bytes_max, table_entries_max, .. } = *limits;
        Self { memory_bytes_max, table_entries_max, refused: None, memory_bytes: 0 }
    }

    /// How many bytes of memory the instance has. What it grew to it keeps.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// What was refused, if anything was.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.memory_bytes_max;
        if granted {
            self.memory_bytes = desired;
        } else {
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
