//! Lengths of time and moments, as people write and read them.

use std::time::{Duration, UNIX_EPOCH};

/// Reads a length of time such as `500ms`, `30s`, `10m`, `1h30m` or `2d`, in whole milliseconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    const WAY_OUT: &str = "write a number and its unit, such as 500ms, 30s, 10m, 1h30m or 2d";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("it has no unit; {WAY_OUT}"));
    }
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error}; {WAY_OUT}"))?;
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err("nothing shorter than a millisecond is measured".into());
    }
    if u64::try_from(duration.as_millis()).is_err() {
        return Err("it is too long".into());
    }
    Ok(duration)
}

/// A length of time as the stores count it.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A moment, for people: `2026-03-01T12:00:00.000Z`.
pub(crate) fn show_moment(unix_ms: u64) -> String {
    // Nothing later than the year 9999 can be shown as a date.
    const LAST_MS: u64 = 253_402_300_799_999;
    if unix_ms > LAST_MS {
        return format!("{unix_ms}ms");
    }
    let moment = UNIX_EPOCH + Duration::from_millis(unix_ms);
    humantime::format_rfc3339_millis(moment).to_string()
}

/// A moment that may be absent, for people.
pub(crate) fn show_moment_or_dash(unix_ms: Option<u64>) -> String {
    unix_ms.map_or_else(|| "-".into(), show_moment)
}

/// A length of time, for people.
pub(crate) fn show_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_with_a_unit() {
        let cases =
            [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("0s", 0)];
        for (text, ms) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_units() {
        for text in ["30", "", "-1s", "1.5", "ten", "s", "99999999999999999999s", "1us", "30 parsecs", "600000000y"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_duration("30").is_err_and(|why| why.contains("30s")));
    }

    #[test]
    fn a_moment_reads_as_a_date() {
        assert_eq!(show_moment(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(show_moment(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(show_moment(u64::MAX), format!("{}ms", u64::MAX));
    }
}
