//! Rounds of both sides in turn.

use anyhow::Result;

/// Lets both sides run `rounds` rounds, and answers what came of each: native, then sandboxed. `run` is told whether it
/// is the sandboxed side's turn. The first round of each makes the directories and warms up: it is not answered.
pub(crate) fn take_turns<T>(rounds: u32, run: &mut dyn FnMut(bool) -> Result<T>) -> Result<(Vec<T>, Vec<T>)> {
    let (mut native, mut sandboxed) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        // Whoever goes first finds the disk as the other left it, so they take turns at that too.
        let sides: [bool; 2] = if round % 2 == 0 { [false, true] } else { [true, false] };
        for is_sandboxed in sides {
            let outcome = run(is_sandboxed)?;
            if round > 0 {
                if is_sandboxed { &mut sandboxed } else { &mut native }.push(outcome);
            }
        }
    }
    Ok((native, sandboxed))
}
