//! Receipts: what names one claim in every later call.
//!
//! ```text
//! a.<name in claimed>.<crc>            a task without a given id
//! g.<place>.<name in claimed>.<crc>    a task of a group
//! i.<key>.<birth>.<token>.<crc>        a task with one
//! ```
//!
//! The first carries the whole name, so that acting on it is one rename and no search; where the claim was
//! extended since, the name with the same nonce and token is looked for.

use super::entry::{Entry, Place};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce, Text, fields, number, seal, unseal};
use alloc::string::String;

/// A claim that somebody holds, or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// Of a task without a given id: the task as it was claimed.
    Anonymous(Entry),
    /// Of a task of a group: the group as it was claimed, and the task's place.
    Member { group: Entry, place: u32 },
    /// Of a task with a given id.
    Given { key: Key, birth: Nonce, token: u64 },
}

impl Receipt {
    /// The receipt for the claim that stands as `name`.
    pub(crate) fn of_claim(name: &str) -> String {
        let mut out = Text::with_capacity(name.len() + 16);
        out.push_str("a.");
        out.push_str(name);
        seal(out)
    }

    /// The receipt for the task at `place` of the group whose claim stands as `name`.
    pub(crate) fn of_member(name: &str, place: u32) -> String {
        let mut out = Text::with_capacity(name.len() + 16);
        out.push_str("g.");
        number::write(&mut out, place.into());
        out.push('.');
        out.push_str(name);
        seal(out)
    }

    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(160);
        match self {
            Receipt::Member { group, place } => return Self::of_member(&group.text(), *place),
            Receipt::Anonymous(entry) => {
                out.push_str("a.");
                out.push_str(&entry.text());
            }
            Receipt::Given { key, birth, token } => {
                out.push_str("i.");
                out.push_str(key.as_str());
                out.push('.');
                birth.write(&mut out);
                out.push('.');
                number::write(&mut out, *token);
            }
        }
        seal(out)
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for whatever [`Receipt::text`] does not write.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Error::InvalidArgument(alloc::format!("{shown:?} is not a receipt, pass on what the claim answered"))
        })
    }

    /// The place and the claim's name, if it looks like the receipt of a task of a group, and its checksum is right.
    pub(crate) fn member(text: &str) -> Option<(u32, &str)> {
        read_member(unseal(text)?)
    }

    fn read(text: &str) -> Option<Self> {
        let rest = unseal(text)?;
        if let Some(name) = rest.strip_prefix("a.") {
            let entry = Entry::parse(name).filter(|entry| entry.group.is_none())?;
            return matches!(entry.place, Place::Claimed { .. }).then_some(Receipt::Anonymous(entry));
        }
        if let Some((place, name)) = read_member(rest) {
            let group = Entry::parse(name)?;
            let is_sound = matches!(group.place, Place::Claimed { .. }) && group.group?.contains(place);
            return is_sound.then_some(Receipt::Member { group, place });
        }
        let mut fields = fields(rest.strip_prefix("i.")?, '.');
        let (key, _) = Key::from_file_name(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let token = number::read(fields.next()?)?;
        let receipt = Receipt::Given { key, birth, token };
        (fields.next().is_none() && receipt.text() == text).then_some(receipt)
    }
}

fn read_member(rest: &str) -> Option<(u32, &str)> {
    let (place, name) = rest.strip_prefix("g.")?.split_once('.')?;
    Some((u32::try_from(number::read_plain(place)?).ok()?, name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    fn given(id: &str) -> String {
        let birth = Nonce::read("0123456789abcdef").unwrap();
        Receipt::Given { key: Key::of(id).unwrap(), birth, token: 77 }.text()
    }

    proptest! {
        #[test]
        fn garbage_is_no_receipt(text in ".{0,200}") {
            prop_assert!(Receipt::parse(&text).is_err());
        }

        #[test]
        fn a_receipt_reads_back_and_with_one_byte_changed_does_not(at in 0usize..40, with in "[0-9a-v.]") {
            let text = given("mail/7".replace('/', "-").as_str());
            prop_assert_eq!(Receipt::parse(&text).unwrap().text(), text.clone());
            let mut other = text.clone();
            let at = at % text.len();
            other.replace_range(at..=at, &with);
            if other != text {
                prop_assert!(Receipt::parse(&other).is_err());
            }
        }
    }
}
