//! The shapes of the answers in JSON.

use super::state_name;
use crate::command::json::{HoldingJson, text_or_base64};
use leasehold::{ClaimedRun, Loaded, RunInfo, Save};
use serde::Serialize;
use serde_json::value::RawValue;

/// Content that is JSON as that, other text as a string, and anything else under `content_base64`.
#[derive(Serialize)]
struct ContentJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Json(Box<RawValue>),
    Other(&'a str),
}

impl<'a> ContentJson<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (text, content_base64) = text_or_base64(bytes);
        // Between its tokens JSON may break lines, and nowhere else; an answer is one line.
        let json = |text: &str| RawValue::from_string(text.replace(['\n', '\r'], " ")).ok();
        let content = text.map(|text| json(text).map_or(Text::Other(text), Text::Json));
        Self { content, content_base64 }
    }
}

/// What was loaded.
#[derive(Serialize)]
pub(super) struct LoadedJson<'a> {
    run: &'a str,
    #[serde(flatten)]
    save: SaveJson<'a>,
    #[serde(flatten)]
    content: ContentJson<'a>,
}

impl<'a> LoadedJson<'a> {
    pub(super) fn new(run: &'a str, loaded: &'a Loaded) -> Self {
        Self { run, save: SaveJson::new(&loaded.save), content: ContentJson::new(&loaded.content) }
    }
}

/// A run in the hands of a holder.
#[derive(Serialize)]
pub(super) struct ClaimedJson<'a> {
    run: &'a str,
    receipt: &'a str,
    token: u64,
    #[serde(flatten)]
    save: SaveJson<'a>,
    #[serde(flatten)]
    content: ContentJson<'a>,
}

impl<'a> ClaimedJson<'a> {
    pub(super) fn new(run: &'a str, claimed: &'a ClaimedRun) -> Self {
        Self {
            run,
            receipt: &claimed.receipt,
            token: claimed.token,
            save: SaveJson::new(&claimed.save),
            content: ContentJson::new(&claimed.content),
        }
    }
}

/// One save.
#[derive(Serialize)]
pub(super) struct SaveJson<'a> {
    save: &'a str,
    at: u64,
    size: u64,
}

impl<'a> SaveJson<'a> {
    pub(super) fn new(save: &'a Save) -> Self {
        Self { save: &save.id, at: save.at_ms, size: save.size }
    }
}

/// A run without its content.
#[derive(Serialize)]
pub(super) struct RunJson<'a> {
    run: &'a str,
    state: &'static str,
    save: &'a str,
    token: u64,
    holding: Option<HoldingJson<'a>>,
    alive: bool,
    since: u64,
}

impl<'a> RunJson<'a> {
    pub(super) fn new(info: &'a RunInfo) -> Self {
        Self {
            run: &info.run,
            state: state_name(info.state),
            save: &info.save,
            token: info.token,
            holding: info.holding.as_ref().map(HoldingJson::new),
            alive: info.alive,
            since: info.since_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        serde_json::to_string(&ContentJson::new(bytes)).unwrap()
    }

    #[test]
    fn content_that_is_json_is_shown_as_it_is_on_one_line() {
        assert_eq!(
            shown(b"{\"b\":1.50,\n \"a\":123456789012345678901234567890}\n"),
            r#"{"content":{"b":1.50,  "a":123456789012345678901234567890}}"#
        );
        assert_eq!(shown(b"\"a\\nb\""), r#"{"content":"a\nb"}"#);
        assert_eq!(shown(b"null"), r#"{"content":null}"#);
    }

    #[test]
    fn other_content_is_text_or_base64() {
        assert_eq!(shown(b"step 3\nof 7"), r#"{"content":"step 3\nof 7"}"#);
        assert_eq!(shown(b""), r#"{"content":""}"#);
        assert_eq!(shown(b"\xff\0"), r#"{"content_base64":"/wA="}"#);
    }
}
