//! What an instance may use.

use std::time::Duration;

/// What an instance may use. What goes over is stopped with [`crate::Error::Trapped`]; the program lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The memory of one instance, in bytes: 256 MiB unless told. The largest push, of 64 MiB, needs 96.
    pub memory_bytes_max: usize,
    /// How long one call may take: a minute unless told. What a call waits for on a disk counts.
    pub call_time_max: Duration,
    /// How many entries a table of one instance may have: 16,384 unless told.
    pub table_entries_max: usize,
    /// How many files, directories and listings one instance may have open at a time: 1,024 unless told.
    pub descriptors_max: usize,
    /// How many instances one engine runs at a time: 64 unless told. One more is refused with
    /// [`crate::Error::Setup`].
    pub instances_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 * 1024 * 1024,
            call_time_max: Duration::from_secs(60),
            table_entries_max: 16_384,
            descriptors_max: 1_024,
            instances_max: 64,
        }
    }
}
