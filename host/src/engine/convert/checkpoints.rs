//! `checkpoints`.

use crate::bindings::exports::leasehold::store::checkpoints as wit;
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};

/// How to save, with nothing copied.
pub(in crate::engine) fn save_options<'a>(options: &SaveOptions<'a>) -> wit::SaveOptions<'a> {
    wit::SaveOptions { receipt: options.receipt, keep_claim: options.keep_claim, history: options.history }
}

impl From<wit::SaveInfo> for Save {
    fn from(save: wit::SaveInfo) -> Self {
        Self { id: save.id, at_ms: save.at, size: save.size }
    }
}

impl From<wit::Loaded> for Loaded {
    fn from(loaded: wit::Loaded) -> Self {
        Self { content: loaded.content, save: loaded.save.into() }
    }
}

impl From<wit::ClaimedRun> for ClaimedRun {
    fn from(run: wit::ClaimedRun) -> Self {
        Self { content: run.content, save: run.save.into(), receipt: run.receipt, token: run.token }
    }
}

impl From<RunState> for wit::RunState {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Armed => Self::Armed,
            RunState::Held => Self::Held,
            RunState::Damaged => Self::Damaged,
            RunState::Done => Self::Done,
        }
    }
}

impl From<wit::RunState> for RunState {
    fn from(state: wit::RunState) -> Self {
        match state {
            wit::RunState::Armed => Self::Armed,
            wit::RunState::Held => Self::Held,
            wit::RunState::Damaged => Self::Damaged,
            wit::RunState::Done => Self::Done,
        }
    }
}

impl From<wit::RunInfo> for RunInfo {
    fn from(info: wit::RunInfo) -> Self {
        Self {
            run: info.run,
            state: info.state.into(),
            save: info.save,
            token: info.token,
            holding: info.holding.map(Into::into),
            alive: info.alive,
            since_ms: info.since,
        }
    }
}

impl From<wit::RunPage> for RunPage {
    fn from(page: wit::RunPage) -> Self {
        Self { runs: page.runs.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}
