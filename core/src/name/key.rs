//! A caller's name as one file name.
//!
//! Lower-case letters, digits, `-` and `_` stand for themselves; every other byte of the UTF-8 form is `%`
//! and two lower-case hexadecimal digits. Upper case is escaped, so that names that differ only in case
//! stay apart on a case-insensitive disk; so are whole names that a system or a store reserves. What would be
//! longer than [`KEY_BYTES_MAX`] is cut, and ends in `%~` and 128 bits of its SHA-256: the full name then
//! stands in the content of the file that the key leads to.

use crate::error::{Error, Result};
use crate::limits::{KEY_BYTES_MAX, NAME_BYTES_MAX};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// `%~` and 26 digits of five bits.
const HASH_MARK: &str = "%~";
const HASH_DIGITS: usize = 26;

/// What stands beside keys in a store's directory.
const RESERVED_BY_STORES: &[&str] = &["format", "tmp", "floor", "quarantine", "boot"];
/// What some systems do not accept as a file name.
const RESERVED_BY_SYSTEMS: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt0",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A caller's name, as it stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// What a key says of the name it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// The name itself.
    Name(String),
    /// The name was too long; it stands in the content of the file that the key leads to.
    Shortened,
}

impl Key {
    /// Checks `name` and encodes it.
    ///
    /// # Errors
    /// [`Error::InvalidName`] unless it is 1 to 255 bytes without `/`, `\` and control characters, and
    /// neither `.` nor `..`.
    pub fn of(name: &str) -> Result<Self> {
        check(name)?;
        let mut key = String::with_capacity(name.len());
        for (place, byte) in name.bytes().enumerate() {
            let reserved = place == 0 && is_reserved(name);
            push_byte(&mut key, byte, reserved);
        }
        if key.len() > KEY_BYTES_MAX {
            key = shortened(&key, name);
        }
        Ok(Key(key))
    }

    /// Takes a file name for a key, if it is one that [`Key::of`] makes.
    #[must_use]
    pub fn from_file_name(file_name: &str) -> Option<(Self, Decoded)> {
        if let Some((prefix, hash)) = file_name.split_once(HASH_MARK) {
            let whole = file_name.len() <= KEY_BYTES_MAX
                && prefix.len() > KEY_BYTES_MAX - HASH_MARK.len() - HASH_DIGITS - 3
                && hash.len() == HASH_DIGITS
                && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'));
            return whole.then(|| (Key(String::from(file_name)), Decoded::Shortened));
        }
        let name = unescape(file_name)?;
        let key = Key::of(&name).ok()?;
        (key.0 == file_name).then_some((key, Decoded::Name(name)))
    }

    /// The file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(name: &str) -> Result<()> {
    let what = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_BYTES_MAX {
        return Err(Error::InvalidName(format!(
            "{} bytes are too many for a name, use at most {NAME_BYTES_MAX}",
            name.len()
        )));
    } else if name.contains(['/', '\\']) {
        "a name has no / or \\"
    } else if name.chars().any(char::is_control) {
        "a name has no control characters"
    } else if name == "." || name == ".." {
        "it means a directory"
    } else {
        return Ok(());
    };
    Err(Error::InvalidName(format!("{name:?}: {what}")))
}

fn is_reserved(name: &str) -> bool {
    RESERVED_BY_STORES.contains(&name) || RESERVED_BY_SYSTEMS.contains(&name)
}

fn push_byte(key: &mut String, byte: u8, escape: bool) {
    if !escape && matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
        key.push(char::from(byte));
    } else {
        key.push('%');
        for digit in [byte >> 4, byte & 15] {
            key.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}

fn shortened(escaped: &str, name: &str) -> String {
    let mut end = KEY_BYTES_MAX - HASH_MARK.len() - HASH_DIGITS;
    // An escape is not cut in two.
    while escaped.as_bytes()[end - 1] == b'%' || escaped.as_bytes()[end - 2] == b'%' {
        end -= 1;
    }
    let mut key = String::from(&escaped[..end]);
    key.push_str(HASH_MARK);
    let hash = Sha256::digest(name.as_bytes());
    let mut bits = [0u8; 16];
    bits.copy_from_slice(&hash[..16]);
    let value = u128::from_be_bytes(bits);
    for place in (0..HASH_DIGITS).rev() {
        let digit = u32::try_from((value >> (5 * place)) & 31).unwrap_or(0);
        key.push(char::from_digit(digit, 32).unwrap_or('0'));
    }
    key
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn legal_name() -> impl Strategy<Value = String> {
        let any = "[^/\\\\\\p{Cc}]{1,255}".prop_filter("fits", |n| n.len() <= NAME_BYTES_MAX && n != "." && n != "..");
        prop_oneof![any, "[a-zA-Z0-9._:-]{1,255}".prop_filter("not a directory", |n| n != "." && n != "..")]
    }

    proptest! {
        #[test]
        fn a_name_round_trips_or_says_that_it_was_shortened(name in legal_name()) {
            let key = Key::of(&name).unwrap();
            prop_assert!(key.as_str().len() <= KEY_BYTES_MAX);
            prop_assert_eq!(key.as_str().to_lowercase(), key.as_str());
            let (again, decoded) = Key::from_file_name(key.as_str()).unwrap();
            prop_assert_eq!(&again, &key);
            match decoded {
                Decoded::Name(decoded) => prop_assert_eq!(decoded, name),
                Decoded::Shortened => prop_assert!(name.len() > 33),
            }
        }

        #[test]
        fn a_file_name_that_is_taken_for_a_key_is_one(file_name in "[a-z0-9%~A-F._-]{1,110}") {
            if let Some((key, Decoded::Name(name))) = Key::from_file_name(&file_name) {
                prop_assert_eq!(Key::of(&name).unwrap(), key.clone());
                prop_assert_eq!(key.as_str(), file_name);
            }
        }

        #[test]
        fn two_names_never_meet(a in legal_name(), b in legal_name()) {
            prop_assert_eq!(a == b, Key::of(&a).unwrap() == Key::of(&b).unwrap());
        }
    }

    #[test]
    fn names_that_differ_only_in_case_stay_apart_without_case() {
        let (a, b) = (Key::of("aret_Ab12").unwrap(), Key::of("aret_aB12").unwrap());
        assert_ne!(a.as_str().to_lowercase(), b.as_str().to_lowercase());
    }

    #[test]
    fn long_names_that_share_their_beginning_stay_apart() {
        let (a, b) = ("x".repeat(254) + "a", "x".repeat(254) + "b");
        let (a, b) = (Key::of(&a).unwrap(), Key::of(&b).unwrap());
        assert_eq!(a.as_str().len(), KEY_BYTES_MAX);
        assert_ne!(a, b);
    }

    #[test]
    fn what_stores_and_systems_reserve_is_escaped() {
        assert_eq!(Key::of("tmp").unwrap().as_str(), "%74mp");
        assert_eq!(Key::of("nul").unwrap().as_str(), "%6eul");
        assert_eq!(Key::from_file_name("tmp"), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", &"x".repeat(256)] {
            assert!(matches!(Key::of(name), Err(Error::InvalidName(_))), "{}", name.to_string());
        }
    }
}
