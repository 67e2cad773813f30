//! How much a list weighs: what it takes in memory, and in a snapshot, is not more than that.
//!
//! A list that weighs too much could not be read any more, so none is let grow that far.

use super::record::{About, Record};
use crate::limits::TASK_WEIGHT;
use alloc::string::String;
use serde_json::{Map, Value};

/// A number, a literal, or one more place in an array.
const VALUE: usize = 32;
/// A string beside its bytes.
const TEXT: usize = 24;
/// A map beside its members; its nodes have room for more of them than there are.
const OBJECT: usize = 400;
/// One that a task waits for: in the task, in the snapshot, and in the index the other way round.
const EDGE: usize = 72;
/// An owner's name of so many bytes is in the weight of every task, so that what is there can be claimed.
const OWNER: usize = 48;

pub(crate) fn of_task(task: &Record) -> usize {
    let texts = [Some(&task.subject), Some(&task.description), task.active_form.as_ref()];
    let texts: usize = texts.into_iter().flatten().map(|text| of_text(text)).sum();
    let owner = task
        .owner
        .as_ref()
        .map_or(0, |owner| of_text(&owner.is.holder).saturating_sub(OWNER) + of_object(&owner.unknown));
    TASK_WEIGHT + texts + owner + EDGE * task.blocked_by.len() + of_object(&task.metadata) + of_object(&task.unknown)
}

pub(crate) fn of_about(about: &About) -> usize {
    let seen: usize = about.seen.iter().map(|name| TEXT + of_text(name)).sum();
    seen + of_object(&about.metadata) + of_object(&about.unknown)
}

/// The bytes of a text, as JSON has them.
pub(crate) fn of_text(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        0..0x20 => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

pub(crate) fn of_object(object: &Map<String, Value>) -> usize {
    if object.is_empty() {
        return 0;
    }
    OBJECT + object.iter().map(|(name, value)| TEXT + of_text(name) + of_value(value)).sum::<usize>()
}

fn of_value(value: &Value) -> usize {
    VALUE
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => of_text(text),
            Value::Array(array) => array.iter().map(of_value).sum(),
            Value::Object(object) => of_object(object),
        }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::name::number::MOMENT_MAX;
    use crate::tasklist::entry::{Draft, Header, write};
    use crate::tasklist::record::{Event, EventKind, Owner, Status};
    use alloc::boxed::Box;
    use alloc::format;
    use alloc::rc::Rc;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn task(text: &str, metadata: Map<String, Value>, blocked_by: Vec<u64>) -> Record {
        let moment = MOMENT_MAX;
        let owner = Owner { holder: String::from(text), epoch: moment, token: moment };
        Record {
            id: 1_000_000,
            subject: String::from(text),
            description: String::from(text),
            active_form: Some(String::from(text)),
            status: Status::InProgress,
            priority: 9,
            owner: Some(Box::new(owner.into())),
            blocked_by,
            metadata,
            created_ms: moment,
            updated_ms: moment,
            revision: moment,
            unknown: Map::new(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_of_a_task_is_not_longer_than_it_weighs(
            text in "[a-z\u{0}-\u{20}\"\\\\\u{fc}\u{2028}\u{10ffff}]{0,40}",
            numbers in proptest::collection::vec(any::<u64>(), 0..9),
            floats in proptest::collection::vec(any::<f64>(), 0..9),
            blocked_by in proptest::collection::vec(0..=MOMENT_MAX, 0..40),
            depth in 0..6usize,
        ) {
            let mut value = serde_json::json!([numbers, floats, text, null]);
            for _ in 0..depth {
                value = serde_json::json!({ text.as_str(): value, "b": [] });
            }
            let task = task(&text, Map::from_iter([(text.clone(), value)]), blocked_by);
            let header = write(&Header::default(), &Draft::default()).unwrap().len();
            let weight = of_task(&task);
            let draft = Draft { tasks: vec![Rc::new(task)], ..Draft::default() };
            prop_assert!(write(&Header::default(), &draft).unwrap().len() <= header + weight);
        }
    }

    #[test]
    fn the_event_of_a_task_is_in_its_weight_as_well() {
        let task = task("", Map::new(), Vec::new());
        let fields = ["blocked-by"].map(String::from).to_vec();
        let events = vec![Event { id: task.id, kind: EventKind::Updated, fields }];
        let weight = of_task(&task);
        let draft = Draft { tasks: vec![Rc::new(task)], ..Draft::default() };
        let header = Header { events, ..Header::default() };
        let length = write(&header, &draft).unwrap().len();
        assert!(length <= weight + 40, "{}", format!("{length} {weight}"));
    }
}
