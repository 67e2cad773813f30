//! The fields of a name.

/// The fields of `text`, parted by `separator`, which is ASCII: what `str::split` answers. Fields are a few bytes each,
/// and what that searches them with is made for long texts.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

/// The fields of `text`, as [`Fields`] parts them.
pub(crate) fn fields(text: &str, separator: char) -> Fields<'_> {
    debug_assert!(separator.is_ascii(), "any other would be found within letters");
    Fields { rest: Some(text), separator: separator as u8 }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let Some(end) = rest.bytes().position(|byte| byte == self.separator) else {
            self.rest = None;
            return Some(rest);
        };
        self.rest = rest.get(end + 1..);
        rest.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::fields;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_what_splitting_answers(text in "[a.é\u{1F600}-]{0,12}", any: String) {
            for text in [text.as_str(), any.as_str()] {
                for separator in ['.', '-'] {
                    let found: Vec<&str> = fields(text, separator).collect();
                    prop_assert_eq!(found, text.split(separator).collect::<Vec<_>>());
                }
            }
        }
    }
}
