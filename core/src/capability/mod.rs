//! The seam: everything the core may touch, as three small capabilities that are passed in.
//!
//! The core opens nothing by itself. It is given [`Directory`] capabilities, and an [`Environment`] of two
//! clocks and a source of randomness. Whoever implements these decides where Leasehold lives: WASI
//! descriptors in the component, cap-std on the host, a simulated directory under test.

mod directory;
mod environment;

pub use directory::{Directory, File, FsError, FsResult, Kind, Metadata};
pub use environment::{Clock, Environment, Random};
