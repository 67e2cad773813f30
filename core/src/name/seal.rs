//! Texts that callers carry around and hand back: a checksum at the end tells a garbled one.

use super::{Text, number};
use alloc::string::String;

const DIGITS: usize = 7;

/// Appends the checksum.
pub(crate) fn seal(mut text: Text) -> String {
    let crc = crc32fast::hash(text.as_bytes());
    text.push('.');
    number::write_fixed(&mut text, crc.into(), DIGITS);
    text.finish()
}

/// The text without its checksum; `None` if they do not belong together.
pub(crate) fn unseal(text: &str) -> Option<&str> {
    let (text, crc) = text.rsplit_once('.')?;
    (number::read_fixed(crc, DIGITS)? == u64::from(crc32fast::hash(text.as_bytes()))).then_some(text)
}
