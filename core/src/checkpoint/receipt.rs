//! Receipts: `c.<run's key>.<birth>.<token>.<checksum>` names one claim of a run.

use super::name::RunName;
use crate::error::{Error, Result};
use crate::name::{Key, Nonce, Text, fields, number, seal, unseal};
use alloc::format;
use alloc::string::String;

/// A claim that somebody has, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    key: Key,
    birth: Nonce,
    token: u64,
}

impl Receipt {
    pub(crate) fn of(key: &Key, held: &RunName) -> Self {
        Receipt { key: key.clone(), birth: held.birth, token: held.token }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(64);
        out.push_str("c.");
        out.push_str(self.key.as_str());
        out.push('.');
        self.birth.write(&mut out);
        out.push('.');
        number::write(&mut out, self.token);
        seal(out)
    }

    /// Reads a receipt for the run at `key`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for what [`Receipt::text`] does not write, [`Error::Lost`] for that of another run.
    pub(crate) fn parse(text: &str, key: &Key) -> Result<Self> {
        let receipt = Self::read(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Error::InvalidArgument(format!("{shown:?} is not a receipt, pass on what the claim answered"))
        })?;
        if receipt.key != *key {
            return Err(Error::Lost(format!("the receipt is of another run than {:?}", key.as_str())));
        }
        Ok(receipt)
    }

    fn read(text: &str) -> Option<Self> {
        let mut fields = fields(unseal(text)?.strip_prefix("c.")?, '.');
        let (key, _) = Key::from_file_name(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let token = number::read(fields.next()?)?;
        let receipt = Receipt { key, birth, token };
        (fields.next().is_none() && receipt.text() == text).then_some(receipt)
    }

    /// Whether it names the claim, or the end of it, that `state` is.
    pub(crate) fn names(&self, state: &RunName) -> bool {
        self.token == state.token && self.birth == state.birth
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    fn receipt() -> Receipt {
        let birth = Nonce::read("0123456789abcdef").unwrap();
        Receipt { key: Key::of("Nightly run").unwrap(), birth, token: 77 }
    }

    proptest! {
        #[test]
        fn garbage_is_no_receipt(text in ".{0,200}") {
            prop_assert!(Receipt::read(&text).is_none());
        }

        #[test]
        fn a_receipt_with_one_byte_changed_is_none(at in 0usize..60, with in "[0-9a-v.]") {
            let text = receipt().text();
            prop_assert_eq!(Receipt::read(&text), Some(receipt()));
            let mut other = text.clone();
            let at = at % text.len();
            other.replace_range(at..=at, &with);
            prop_assert!(other == text || Receipt::read(&other).is_none());
        }
    }
}
