//! The shapes of the answers in JSON. Moments are milliseconds since 1970.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leasehold::{ClaimedTask, Finding, HolderState, Holding, Status, TaskInfo, TaskState, TaskView};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Bytes under `payload` where they are UTF-8, else under `payload_base64`; likewise for a result.
#[derive(serde::Serialize)]
pub(crate) struct PayloadJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

impl<'a> PayloadJson<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (payload, payload_base64) = text_or_base64(bytes);
        Self { payload, payload_base64 }
    }
}

/// The bytes as they are where they are UTF-8, else in base64.
pub(crate) fn text_or_base64(bytes: &[u8]) -> (Option<&str>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(_) => (None, Some(STANDARD.encode(bytes))),
    }
}

/// What `done` was given.
#[derive(serde::Serialize)]
pub(crate) struct ResultJson<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_base64: Option<String>,
}

impl<'a> ResultJson<'a> {
    pub(crate) fn new(id: &'a str, bytes: &'a [u8]) -> Self {
        let (result, result_base64) = text_or_base64(bytes);
        Self { id, result, result_base64 }
    }
}

/// A piece of what a command has written.
#[derive(serde::Serialize)]
pub(crate) struct OutputJson<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_base64: Option<String>,
}

impl<'a> OutputJson<'a> {
    pub(crate) fn new(id: &'a str, bytes: &'a [u8]) -> Self {
        let (output, output_base64) = text_or_base64(bytes);
        Self { id, output, output_base64 }
    }
}

/// Attributes as one object.
pub(crate) struct AttributesJson<'a>(pub(crate) &'a [(String, String)]);

impl Serialize for AttributesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A task in the hands of a holder.
#[derive(serde::Serialize)]
pub(crate) struct ClaimedJson<'a> {
    id: &'a str,
    receipt: &'a str,
    token: u64,
    attempt: u32,
    max_attempts: u32,
    enqueued: u64,
    until: u64,
    attributes: AttributesJson<'a>,
    #[serde(flatten)]
    payload: PayloadJson<'a>,
}

impl<'a> ClaimedJson<'a> {
    pub(crate) fn new(task: &'a ClaimedTask) -> Self {
        Self {
            id: &task.id,
            receipt: &task.receipt,
            token: task.token,
            attempt: task.attempt,
            max_attempts: task.max_attempts,
            enqueued: task.enqueued_ms,
            until: task.until_ms,
            attributes: AttributesJson(&task.attributes),
            payload: PayloadJson::new(&task.payload),
        }
    }
}

/// How many tasks are in which state.
#[derive(serde::Serialize)]
pub(crate) struct StatusJson {
    ready: u64,
    delayed: u64,
    claimed: u64,
    dead: u64,
    done: u64,
    oldest: Option<u64>,
    next_due: Option<u64>,
    paused: bool,
    damaged: u64,
}

impl StatusJson {
    pub(crate) fn new(status: &Status) -> Self {
        Self {
            ready: status.ready,
            delayed: status.delayed,
            claimed: status.claimed,
            dead: status.dead,
            done: status.done,
            oldest: status.oldest_ms,
            next_due: status.next_due_ms,
            paused: status.paused,
            damaged: status.damaged,
        }
    }
}

/// Who holds a thing.
#[derive(serde::Serialize)]
pub(crate) struct HoldingJson<'a> {
    holder: &'a str,
    epoch: u64,
    token: u64,
    until: Option<u64>,
}

impl<'a> HoldingJson<'a> {
    pub(crate) fn new(holding: &'a Holding) -> Self {
        Self { holder: &holding.holder, epoch: holding.epoch, token: holding.token, until: holding.until_ms }
    }
}

/// A task without its payload.
#[derive(serde::Serialize)]
pub(crate) struct TaskJson<'a> {
    id: &'a str,
    state: &'static str,
    priority: u8,
    attempt: u32,
    max_attempts: u32,
    enqueued: u64,
    due: u64,
    ended: Option<u64>,
    token: u64,
    size: u64,
    holding: Option<HoldingJson<'a>>,
    reason: Option<&'a str>,
}

impl<'a> TaskJson<'a> {
    pub(crate) fn new(info: &'a TaskInfo) -> Self {
        Self {
            id: &info.id,
            state: state_name(info.state),
            priority: info.priority,
            attempt: info.attempt,
            max_attempts: info.max_attempts,
            enqueued: info.enqueued_ms,
            due: info.due_ms,
            ended: info.ended_ms,
            token: info.token,
            size: info.size,
            holding: info.holding.as_ref().map(HoldingJson::new),
            reason: info.reason.as_deref(),
        }
    }
}

/// A task with everything.
#[derive(serde::Serialize)]
pub(crate) struct ViewJson<'a> {
    #[serde(flatten)]
    info: TaskJson<'a>,
    attributes: AttributesJson<'a>,
    #[serde(flatten)]
    payload: PayloadJson<'a>,
}

impl<'a> ViewJson<'a> {
    pub(crate) fn new(view: &'a TaskView) -> Self {
        Self {
            info: TaskJson::new(&view.info),
            attributes: AttributesJson(&view.attributes),
            payload: PayloadJson::new(&view.payload),
        }
    }
}

/// A holder.
#[derive(serde::Serialize)]
pub(crate) struct HolderJson<'a> {
    name: &'a str,
    epoch: u64,
    until: u64,
    alive: bool,
}

impl<'a> HolderJson<'a> {
    pub(crate) fn new(state: &'a HolderState) -> Self {
        Self { name: &state.name, epoch: state.epoch, until: state.until_ms, alive: state.alive }
    }
}

/// Something that is not as it should be.
#[derive(serde::Serialize)]
pub(crate) struct FindingJson<'a> {
    /// What was done about it: `found`, `reconciled` or `quarantined`.
    pub(crate) action: &'static str,
    pub(crate) path: &'a str,
    pub(crate) problem: &'a str,
}

impl<'a> FindingJson<'a> {
    pub(crate) fn new(action: &'static str, finding: &'a Finding) -> Self {
        Self { action, path: &finding.path, problem: &finding.problem }
    }
}

/// An answer that is the id of a task, or of a job.
#[derive(serde::Serialize)]
pub(crate) struct IdJson<'a> {
    pub(crate) id: &'a str,
}

/// An answer that is the state a task is in now.
#[derive(serde::Serialize)]
pub(crate) struct StateJson {
    pub(crate) state: &'static str,
}

/// A state's name, as `--state` takes it.
pub(crate) fn state_name(state: TaskState) -> &'static str {
    match state {
        TaskState::Ready => "ready",
        TaskState::Delayed => "delayed",
        TaskState::Claimed => "claimed",
        TaskState::Done => "done",
        TaskState::Dead => "dead",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use serde_json::{Value, json};

    fn claimed(payload: &[u8]) -> Value {
        let task = ClaimedTask {
            id: "a".into(),
            payload: payload.to_vec(),
            receipt: "r".into(),
            token: 7,
            attempt: 1,
            max_attempts: 5,
            enqueued_ms: 10,
            until_ms: 20,
            attributes: vec![("file".into(), "x".into())],
        };
        serde_json::to_value(ClaimedJson::new(&task)).unwrap()
    }

    #[test]
    fn a_claim_has_these_keys() {
        assert_eq!(
            claimed("ä\n".as_bytes()),
            json!({"id": "a", "receipt": "r", "token": 7, "attempt": 1, "max_attempts": 5, "enqueued": 10,
                   "until": 20, "attributes": {"file": "x"}, "payload": "ä\n"})
        );
    }

    #[test]
    fn a_payload_that_is_not_text_is_in_base64() {
        let object = claimed(&[0xff, 0x00]);
        assert_eq!(object["payload_base64"], "/wA=");
        assert!(object.get("payload").is_none());
    }

    #[test]
    fn a_status_has_these_keys() {
        let object = serde_json::to_value(StatusJson::new(&Status::default())).unwrap();
        assert_eq!(
            object,
            json!({"ready": 0, "delayed": 0, "claimed": 0, "dead": 0, "done": 0, "oldest": null,
                   "next_due": null, "paused": false, "damaged": 0})
        );
    }
}
