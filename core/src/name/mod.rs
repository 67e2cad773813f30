//! What callers' names and our numbers become on the disk.
//!
//! Two different names never meet in one file, not on a case-insensitive disk either; every number is
//! written in one way only, so that parsing a file name and writing it again gives the same file name.

mod fields;
mod key;
mod nonce;
pub(crate) mod number;
mod seal;
mod text;

pub(crate) use fields::fields;
pub use key::{Decoded, Key};
pub use nonce::Nonce;
pub(crate) use seal::{seal, unseal};
pub(crate) use text::Text;
