//! The laws that all logs together are held to.

use crate::log::Line;
use std::collections::{BTreeMap, BTreeSet};

/// When each killed run was killed, in nanoseconds.
pub(crate) type Killed = BTreeMap<String, u64>;

/// What came of a race.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) claims: usize,
    pub(crate) dones: usize,
    /// Tasks that were claimed more than once.
    pub(crate) again: usize,
}

/// Checks the logs against what was pushed. Panics with what is wrong.
pub(crate) fn judge(lines: &[Line], pushed: &[String], killed: &Killed) -> Verdict {
    let mut by_task: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        assert_ne!(line.what, "failed", "{line:?}");
        by_task.entry(&line.id).or_default().push(line);
    }
    let mut verdict = Verdict::default();
    let known: BTreeSet<&str> = pushed.iter().map(String::as_str).collect();
    assert_eq!(known.len(), pushed.len(), "two tasks have one id");
    for id in by_task.keys() {
        assert!(known.contains(id), "{id} was never pushed");
    }
    for id in known {
        let lines = by_task.get(id).unwrap_or_else(|| panic!("{id} was never claimed: it is lost"));
        judge_task(id, lines, killed, &mut verdict);
    }
    verdict
}

fn judge_task(id: &str, lines: &[&Line], killed: &Killed, verdict: &mut Verdict) {
    let claims: Vec<&&Line> = lines.iter().filter(|line| line.what == "claimed").collect();
    let dones: Vec<&&Line> = lines.iter().filter(|line| line.what == "done").collect();
    verdict.claims += claims.len();
    verdict.dones += dones.len();
    verdict.again += usize::from(claims.len() > 1);
    let tokens: BTreeSet<u64> = claims.iter().map(|claim| claim.token).collect();
    assert_eq!(tokens.len(), claims.len(), "{id}: two claims have one token: {claims:?}");
    assert!(dones.len() <= 1, "{id} was done twice: {dones:?}");
    // The queue is empty now, so somebody finished it; a killed one may not have come to say so.
    let finishing = lines.iter().any(|line| line.what == "finishing");
    assert!(finishing, "{id} is gone, and nobody finished it: {lines:?}");
    let mut in_order: Vec<&&Line> = claims.clone();
    in_order.sort_by_key(|claim| claim.token);
    for pair in in_order.windows(2) {
        let (earlier, later) = (pair[0], pair[1]);
        // The later one was logged after its claim had answered. By then the earlier one had let go, or was dead.
        let let_go =
            lines.iter().any(|line| line.what == "letting" && line.token == earlier.token && line.at_ns < later.at_ns);
        let was_killed = killed.get(&earlier.run).is_some_and(|at_ns| *at_ns < later.at_ns);
        assert!(let_go || was_killed, "{id} was claimed while a living holder had it: {earlier:?} {later:?}");
    }
}
