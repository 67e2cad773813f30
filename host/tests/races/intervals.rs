//! The laws of what one at a time has.

use std::collections::BTreeSet;

/// One grant, as its holder knows it.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) token: u64,
    pub(crate) run: String,
    /// Before the call that granted it.
    pub(crate) asked_ns: u64,
    /// After that call.
    pub(crate) from_ns: u64,
    /// Until then it was certainly held.
    pub(crate) until_ns: u64,
}

/// Checks that no two had it at once, that each token was granted once, and that they rise: whoever asked after
/// another had been answered got a higher one. Answers the longest time in which nobody had it, in nanoseconds.
pub(crate) fn judge(mut grants: Vec<Grant>) -> u64 {
    let tokens: BTreeSet<u64> = grants.iter().map(|grant| grant.token).collect();
    assert_eq!(tokens.len(), grants.len(), "a token was granted twice: {grants:?}");
    grants.sort_by_key(|grant| grant.token);
    let mut later: Option<&Grant> = None;
    for grant in grants.iter().rev() {
        if let Some(later) = later {
            assert!(grant.asked_ns < later.from_ns, "tokens fall: {later:?}, and after it {grant:?}");
        }
        later = Some(later.filter(|later| later.from_ns < grant.from_ns).unwrap_or(grant));
    }
    // Who heard of a grant only after its time was over never believed to have it.
    grants.retain(|grant| grant.from_ns < grant.until_ns);
    grants.sort_by_key(|grant| grant.from_ns);
    let mut longest_ns = 0;
    for pair in grants.windows(2) {
        let (earlier, later) = (&pair[0], &pair[1]);
        let (one, other) = (&earlier.run, &later.run);
        assert!(earlier.until_ns <= later.from_ns, "two had it at once, {one} and {other}: {earlier:?}, {later:?}");
        assert!(earlier.token < later.token, "{earlier:?}, {later:?}");
        longest_ns = longest_ns.max(later.from_ns - earlier.until_ns);
    }
    longest_ns
}

#[cfg(test)]
mod tests {
    use super::{Grant, judge};

    fn grant(token: u64, asked_ns: u64, from_ns: u64, until_ns: u64) -> Grant {
        Grant { token, run: String::from("p0s0"), asked_ns, from_ns, until_ns }
    }

    #[test]
    fn one_after_the_other_is_well() {
        assert_eq!(judge(vec![grant(7, 50, 60, 90), grant(5, 0, 10, 20), grant(6, 5, 30, 40)]), 20);
    }

    #[test]
    fn who_heard_of_it_too_late_had_it_never() {
        assert_eq!(judge(vec![grant(5, 0, 35, 20), grant(6, 5, 30, 40)]), 0);
    }

    #[test]
    #[should_panic(expected = "two had it at once")]
    fn two_at_once_are_seen() {
        judge(vec![grant(5, 0, 10, 31), grant(6, 5, 30, 40)]);
    }

    #[test]
    #[should_panic(expected = "tokens fall")]
    fn a_token_that_falls_is_seen() {
        judge(vec![grant(6, 0, 10, 20), grant(5, 25, 30, 40)]);
    }

    #[test]
    #[should_panic(expected = "granted twice")]
    fn a_token_that_comes_again_is_seen() {
        judge(vec![grant(5, 0, 10, 20), grant(5, 25, 30, 40)]);
    }
}
