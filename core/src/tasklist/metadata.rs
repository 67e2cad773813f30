//! What a caller says in JSON, checked: nothing may come to stand in a list that cannot be read again.

use super::update::check_text;
use crate::error::{Error, Result};
use crate::limits::METADATA_DEPTH_MAX;
use alloc::format;
use alloc::string::{String, ToString};
use serde_json::{Map, Value};

/// Members of such names mean something to the library that reads JSON, where that was built so.
const RESERVED: &str = "$serde_json::private::";

/// Reads a JSON object.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>> {
    check_text("metadata", text)?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        // Deeper than can be read at all.
        if error.to_string().contains("recursion") { too_deep() } else { invalid("metadata is a JSON object") }
    })?;
    check_numbers(text)?;
    check_members(&object, 1)?;
    Ok(object)
}

/// Applies a patch to a JSON object: a member that is null goes, any other is set. Whether that changed anything.
///
/// # Errors
/// [`Error::TooLarge`] for what came of it.
pub(crate) fn patch(object: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<bool> {
    let mut changed = false;
    for (key, value) in patch {
        if value.is_null() {
            changed |= object.remove(key).is_some();
        } else if object.get(key) != Some(value) {
            object.insert(key.clone(), value.clone());
            changed = true;
        }
    }
    if changed {
        check_text("metadata", &serde_json::to_string(object).unwrap_or_default())?;
    }
    Ok(changed)
}

fn invalid(why: &str) -> Error {
    Error::InvalidArgument(String::from(why))
}

fn too_deep() -> Error {
    Error::InvalidArgument(format!("metadata is nested too deep, use at most {METADATA_DEPTH_MAX} levels"))
}

fn check_members(object: &Map<String, Value>, depth: usize) -> Result<()> {
    if let Some(name) = object.keys().find(|name| name.starts_with(RESERVED)) {
        return Err(Error::InvalidArgument(format!("metadata has a member {name:?}, use another name")));
    }
    object.values().try_for_each(|value| check_value(value, depth))
}

fn check_value(value: &Value, depth: usize) -> Result<()> {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= METADATA_DEPTH_MAX => Err(too_deep()),
        Value::Object(object) => check_members(object, depth + 1),
        Value::Array(array) => array.iter().try_for_each(|value| check_value(value, depth + 1)),
        _ => Ok(()),
    }
}

/// Refuses integers that would be rounded. `text` is JSON.
fn check_numbers(text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let from = at;
        at += 1;
        match byte {
            b'"' => {
                while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += if *byte == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                while bytes.get(at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
                    at += 1;
                }
                let number = text.get(from..at).unwrap_or_default();
                let is_integer = !number.contains(['.', 'e', 'E']);
                if is_integer && number.parse::<u64>().is_err() && number.parse::<i64>().is_err() {
                    let shown = number.get(..40).unwrap_or(number);
                    return Err(Error::InvalidArgument(format!(
                        "metadata has the number {shown}, which 64 bits do not hold; write it as a string"
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_of_64_bits_are_taken_wherever_they_stand(signed: i64, unsigned: u64, text in ".{0,9}") {
            let text = Value::String(text);
            let json = format!("{{\"a\":[{signed},{unsigned},{text}],{text}:{signed}}}");
            prop_assert!(check_numbers(&json).is_ok());
        }
    }

    #[test]
    fn integers_that_would_be_rounded_are_refused() {
        for text in [
            r#"{"a":18446744073709551616}"#,
            r#"{"a":[-9223372036854775809]}"#,
            r#"{"\"":{"b":99999999999999999999 }}"#,
        ] {
            assert!(matches!(object(text), Err(Error::InvalidArgument(_))), "{text}");
        }
        for text in [
            r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
            r#"{"99999999999999999999":"99999999999999999999"}"#,
            r#"{"a":1e30,"b":1.5,"c":-0}"#,
        ] {
            assert!(object(text).is_ok(), "{text}");
        }
    }
}
