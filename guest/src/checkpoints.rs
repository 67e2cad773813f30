//! `leasehold:store/checkpoints`.

use crate::Component;
use crate::bindings::exports::leasehold::store::checkpoints as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::holders::ExportedHolder;
use crate::stores;
use alloc::string::String;
use alloc::vec::Vec;
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};

impl wit::Guest for Component {
    fn save(run: String, content: Vec<u8>, options: wit::SaveOptions, durability: Durability) -> Result<String, Error> {
        let options = SaveOptions {
            receipt: options.receipt.as_deref(),
            keep_claim: options.keep_claim,
            history: options.history,
        };
        Ok(stores::checkpoints()?.save(&run, &content, &options, durability.into())?)
    }

    fn load(run: String, save: Option<String>) -> Result<Option<wit::Loaded>, Error> {
        Ok(stores::checkpoints()?.load(&run, save.as_deref())?.map(Into::into))
    }

    fn claim(
        run: String,
        holder: wit::HolderBorrow<'_>,
        expected: Option<String>,
        durability: Durability,
    ) -> Result<Option<wit::ClaimedRun>, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        let claimed = stores::checkpoints()?.claim(&run, holder, expected.as_deref(), durability.into())?;
        Ok(claimed.map(Into::into))
    }

    fn complete(run: String, receipt: String, durability: Durability) -> Result<(), Error> {
        Ok(stores::checkpoints()?.complete(&run, &receipt, durability.into())?)
    }

    fn release(run: String, receipt: String, durability: Durability) -> Result<(), Error> {
        Ok(stores::checkpoints()?.release(&run, &receipt, durability.into())?)
    }

    fn remove(run: String, durability: Durability) -> Result<(), Error> {
        Ok(stores::checkpoints()?.remove(&run, durability.into())?)
    }

    fn get(run: String) -> Result<Option<wit::RunInfo>, Error> {
        Ok(stores::checkpoints()?.get(&run)?.map(Into::into))
    }

    fn list(state: Option<wit::RunState>, cursor: Option<String>, limit: u32) -> Result<wit::RunPage, Error> {
        Ok(stores::checkpoints()?.list(state.map(Into::into), cursor.as_deref(), limit)?.into())
    }

    fn history(run: String) -> Result<Vec<wit::SaveInfo>, Error> {
        let saves = stores::checkpoints()?.history(&run)?;
        Ok(saves.into_iter().map(Into::into).collect())
    }

    fn recover(durability: Durability) -> Result<Vec<String>, Error> {
        Ok(stores::checkpoints()?.recover(durability.into())?)
    }
}

impl From<Save> for wit::SaveInfo {
    fn from(save: Save) -> Self {
        Self { id: save.id, at: save.at_ms, size: save.size }
    }
}

impl From<Loaded> for wit::Loaded {
    fn from(loaded: Loaded) -> Self {
        Self { content: loaded.content, save: loaded.save.into() }
    }
}

impl From<ClaimedRun> for wit::ClaimedRun {
    fn from(run: ClaimedRun) -> Self {
        Self { content: run.content, save: run.save.into(), receipt: run.receipt, token: run.token }
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

impl From<RunInfo> for wit::RunInfo {
    fn from(info: RunInfo) -> Self {
        Self {
            run: info.run,
            state: info.state.into(),
            save: info.save,
            token: info.token,
            holding: info.holding.map(Into::into),
            alive: info.alive,
            since: info.since_ms,
        }
    }
}

impl From<RunPage> for wit::RunPage {
    fn from(page: RunPage) -> Self {
        Self { runs: page.runs.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}
