//! A name as it is written.

use super::number::{DIGIT_BITS, low_digits};
use alloc::string::String;
use alloc::vec::Vec;

/// Digits that are written at once, whether or not that many are wanted.
const DIGITS: usize = 16;

/// A text that numbers, letters and other texts are appended to. Names are written with every step that a task takes:
/// appending to a `String` digit by digit, or number by number, was a tenth of the component's time.
#[derive(Debug)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// With room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Text(Vec::with_capacity(bytes.saturating_add(DIGITS)))
    }

    /// Appends one of ASCII's characters.
    pub(crate) fn push(&mut self, character: char) {
        debug_assert!(character.is_ascii(), "the others are more than a byte");
        self.0.push(character as u8);
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends the `width` lowest digits of `value`, sixteen at most.
    pub(super) fn push_digits(&mut self, value: u64, width: usize) {
        let width = width.min(DIGITS);
        // The digits that are wanted come first; what comes after them is cut off again.
        let (first, second) = match width.checked_sub(DIGITS / 2) {
            Some(more) => (value >> (DIGIT_BITS as usize * more), value << (DIGIT_BITS as usize * (DIGITS - width))),
            None => (value << (DIGIT_BITS as usize * (DIGITS / 2 - width)), 0),
        };
        let mut digits = [0; DIGITS];
        let (left, right) = digits.split_at_mut(DIGITS / 2);
        left.copy_from_slice(&low_digits(first));
        right.copy_from_slice(&low_digits(second));
        let end = self.0.len() + width;
        self.0.extend_from_slice(&digits);
        self.0.truncate(end);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text. All that was appended is UTF-8, and so is it.
    pub(crate) fn finish(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}
