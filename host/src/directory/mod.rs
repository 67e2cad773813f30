//! Directories of this machine, guarded by cap-std.
//!
//! [`NativeDirectory`] is the core's directory capability over [`cap_std::fs::Dir`]: names are resolved beneath
//! the directory that was granted, one component at a time, and no symbolic link is ever followed.

mod entries;
mod errors;
mod file;
mod metadata;
mod names;
mod native;

pub use file::NativeFile;
pub use native::NativeDirectory;
