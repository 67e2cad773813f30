//! Numbers in file names: base 32 with the digits `0`–`9`, `a`–`v`, so that names of equal length sort as
//! their numbers do.

use alloc::string::String;

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Digits of a moment in milliseconds: 50 bits reach beyond the year 37000.
pub(crate) const MOMENT_DIGITS: usize = 10;
/// The largest number that [`MOMENT_DIGITS`] digits hold.
pub(crate) const MOMENT_MAX: u64 = (1 << 50) - 1;

/// Appends `value` in as few digits as it needs.
pub(crate) fn write(out: &mut String, value: u64) {
    let mut width = 1;
    while width < 13 && value >> (5 * width) != 0 {
        width += 1;
    }
    write_fixed(out, value, width);
}

/// Appends the `width` lowest digits of `value`.
pub(crate) fn write_fixed(out: &mut String, value: u64, width: usize) {
    for place in (0..width).rev() {
        let shift = u32::try_from(5 * place).unwrap_or(u32::MAX);
        let digit = value.checked_shr(shift).unwrap_or(0) & 31;
        out.push(char::from(DIGITS[usize::try_from(digit).unwrap_or(0)]));
    }
}

/// Reads a number of 1 to 13 digits; `None` if there is anything else, or more than 64 bits.
pub(crate) fn read(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 13 {
        return None;
    }
    let mut value: u64 = 0;
    for byte in text.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'v' => byte - b'a' + 10,
            _ => return None,
        };
        value = value.checked_mul(32)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

/// Reads a number as [`write`] writes it: without zeros before it.
pub(crate) fn read_plain(text: &str) -> Option<u64> {
    let is_plain = text == "0" || !text.starts_with('0');
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_reads_back_as_written(value: u64) {
            let mut text = String::new();
            write(&mut text, value);
            prop_assert_eq!(read(&text), Some(value));
            prop_assert!(value == 0 || !text.starts_with('0'));
        }

        #[test]
        fn fixed_numbers_sort_as_their_values(a in 0..=MOMENT_MAX, b in 0..=MOMENT_MAX) {
            let (mut x, mut y) = (String::new(), String::new());
            write_fixed(&mut x, a, MOMENT_DIGITS);
            write_fixed(&mut y, b, MOMENT_DIGITS);
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(read_fixed(&x, MOMENT_DIGITS), Some(a));
        }

        #[test]
        fn no_text_makes_reading_fail_otherwise_than_by_none(text: String) {
            if let Some(value) = read(&text) {
                let mut again = String::new();
                write_fixed(&mut again, value, text.len());
                prop_assert_eq!(again, text);
            }
        }
    }
}
