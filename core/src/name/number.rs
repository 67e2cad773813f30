//! Numbers in file names: base 32 with the digits `0`–`9`, `a`–`v`, so that names of equal length sort as
//! their numbers do.

use super::Text;

pub(super) const DIGIT_BITS: u32 = 5;
/// The digits of the largest number.
const DIGITS_MAX: usize = 13;
const DIGITS_AT_ONCE: usize = 8;

/// Digits of a moment in milliseconds: 50 bits reach beyond the year 37000.
pub(crate) const MOMENT_DIGITS: usize = 10;
/// The largest number that [`MOMENT_DIGITS`] digits hold.
pub(crate) const MOMENT_MAX: u64 = (1 << 50) - 1;

/// Appends `value` in as few digits as it needs.
pub(crate) fn write(out: &mut Text, value: u64) {
    let bits = u64::BITS - value.leading_zeros();
    out.push_digits(value, bits.div_ceil(DIGIT_BITS).max(1) as usize);
}

/// Appends the `width` lowest digits of `value`, of sixteen.
pub(crate) fn write_fixed(out: &mut Text, value: u64, width: usize) {
    out.push_digits(value, width);
}

/// The eight lowest digits of `value`: the bits are spread over eight bytes, which become digits all at once.
pub(super) fn low_digits(value: u64) -> [u8; DIGITS_AT_ONCE] {
    let twenties = (value & 0xf_ffff) | ((value & 0xff_fff0_0000) << 12);
    let tens = (twenties & 0x0000_03ff_0000_03ff) | ((twenties & 0x000f_fc00_000f_fc00) << 6);
    let fives = (tens & 0x001f_001f_001f_001f) | ((tens & 0x03e0_03e0_03e0_03e0) << 3);
    // One in each byte that is to be a letter: with 118 more it has its highest bit set.
    let letters = ((fives + 0x7676_7676_7676_7676) >> 7) & 0x0101_0101_0101_0101;
    let from_zero = fives + 0x3030_3030_3030_3030;
    (from_zero + letters * u64::from(b'a' - 10 - b'0')).to_be_bytes()
}

/// Reads a number of 1 to 13 digits; `None` if there is anything else, or more than 64 bits.
pub(crate) fn read(text: &str) -> Option<u64> {
    let first = *text.as_bytes().first()?;
    // The first of thirteen digits has room for four bits.
    if text.len() > DIGITS_MAX || (text.len() == DIGITS_MAX && first > b'f') {
        return None;
    }
    let mut value: u64 = 0;
    for byte in text.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'v' => byte - b'a' + 10,
            _ => return None,
        };
        value = (value << DIGIT_BITS) | u64::from(digit);
    }
    Some(value)
}

/// Reads a number as [`write`] writes it: without zeros before it.
pub(crate) fn read_plain(text: &str) -> Option<u64> {
    let is_plain = text.len() == 1 || text.as_bytes().first() != Some(&b'0');
    if is_plain { read(text) } else { None }
}

/// Reads a token; `None` for one that can not be, since content built on it could not be named.
pub(crate) fn read_token(text: &str) -> Option<u64> {
    read(text).filter(|token| *token <= MOMENT_MAX)
}

/// Reads a number of exactly `width` digits.
pub(crate) fn read_fixed(text: &str, width: usize) -> Option<u64> {
    if text.len() == width { read(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Text)) -> String {
        let mut text = Text::with_capacity(0);
        write(&mut text);
        text.finish()
    }

    proptest! {
        #[test]
        fn a_number_reads_back_as_written(value: u64) {
            let text = written(|text| write(text, value));
            prop_assert_eq!(read(&text), Some(value));
            prop_assert!(value == 0 || !text.starts_with('0'));
        }

        #[test]
        fn a_number_is_written_digit_by_digit(value: u64, width in 0usize..=16) {
            let digits = b"0123456789abcdefghijklmnopqrstuv";
            let digit = |place: usize| digits[(u128::from(value) >> (5 * place)) as usize & 31];
            let expected: Vec<u8> = (0..width).rev().map(digit).collect();
            let text = written(|text| write_fixed(text, value, width));
            prop_assert_eq!(text.as_bytes(), expected);
        }

        #[test]
        fn thirteen_digits_are_read_unless_they_are_too_much(text in "[0-9a-w]{13}") {
            let digit = |c: char| c.to_digit(32).map(u128::from);
            let expected = text.chars().try_fold(0, |value, c| Some((value << 5) | digit(c)?));
            prop_assert_eq!(read(&text), expected.and_then(|value| u64::try_from(value).ok()));
        }

        #[test]
        fn fixed_numbers_sort_as_their_values(a in 0..=MOMENT_MAX, b in 0..=MOMENT_MAX) {
            let [x, y] = [a, b].map(|moment| written(|text| write_fixed(text, moment, MOMENT_DIGITS)));
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(read_fixed(&x, MOMENT_DIGITS), Some(a));
        }

        #[test]
        fn no_text_makes_reading_fail_otherwise_than_by_none(text: String) {
            if let Some(value) = read(&text) {
                let again = written(|again| write_fixed(again, value, text.len()));
                prop_assert_eq!(again, text);
            }
        }
    }
}
