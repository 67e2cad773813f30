//! Looking at runs without their content. Nothing here changes a run.

use super::history::SaveName;
use super::name::{Phase, RunName};
use super::{Checkpoints, RunInfo, RunPage, RunState};
use crate::capability::{Directory, Kind};
use crate::error::{Error, Result};
use crate::name::Key;
use crate::reference::Ref;
use crate::store::{Damage, list_entries};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Checkpoints<D> {
    /// One run; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::Damaged`] if what stands there is not understood, [`Error::Unsupported`] for a
    /// store of another version, [`Error::Io`].
    pub fn get(&self, run: &str) -> Result<Option<RunInfo>> {
        let key = Key::of(run)?;
        Ok(self.read(&key)?.and_then(|(reference, _)| self.view(&key, &reference)))
    }

    /// The runs in one state (or all), `limit` (1 to 10,000) at a time, starting after `cursor`. What cannot be read is
    /// left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn list(&self, state: Option<RunState>, cursor: Option<&str>, limit: u32) -> Result<RunPage> {
        let (runs, cursor) = self.refs.page(cursor, limit, &mut |key, reference| {
            self.view(key, &reference).filter(|info| state.is_none_or(|state| info.state == state))
        })?;
        Ok(RunPage { runs, cursor })
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<(Ref<D>, RunName)>> {
        self.refs.read_state(key, "run", RunName::parse)
    }

    fn view(&self, key: &Key, reference: &Ref<D>) -> Option<RunInfo> {
        let name = RunName::parse(&reference.token_name)?;
        let state = match &name.phase {
            Phase::Armed => RunState::Armed,
            Phase::Held { .. } => RunState::Held,
            Phase::Damaged => RunState::Damaged,
            Phase::Done => RunState::Done,
            Phase::Tomb => return None,
        };
        let (holding, alive) = match &name.phase {
            Phase::Held { holder, epoch } => {
                (Some(self.refs.holding(holder, *epoch, name.token)), self.refs.holders.seems_alive(holder, *epoch))
            }
            _ => (None, false),
        };
        Some(RunInfo {
            run: self.refs.full_name(reference, key),
            state,
            save: name.save.text(),
            token: name.token,
            holding,
            alive,
            since_ms: name.since_ms,
        })
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        self.refs.damages(&mut |name, reference, damages| {
            let Some(state) = RunName::parse(&reference.token_name) else { return Ok(()) };
            if matches!(state.phase, Phase::Done | Phase::Tomb) {
                return Ok(());
            }
            let problem = self.inspect(name, reference, &state, damages)?;
            // What was superseded while it was looked at is no damage.
            if let Some(problem) = problem.filter(|_| reference.still_stands()) {
                damages.push(Damage::in_place(String::from(name), problem));
            }
            Ok(())
        })
    }

    fn inspect(
        &self,
        name: &str,
        reference: &Ref<D>,
        state: &RunName,
        damages: &mut Vec<Damage<D>>,
    ) -> Result<Option<&'static str>> {
        let Some(history) = self.history_of(reference)? else {
            return Ok(Some("its directory of saves is gone; save it anew or remove the run"));
        };
        let dir = Rc::new(history.dir.clone());
        for (entry, kind) in list_entries(&*dir).map_err(|error| Error::at(name, &error))? {
            if kind != Kind::File || SaveName::parse(&entry).is_none() {
                let path = format!("{name}/{}/{entry}", reference.content_name());
                damages.push(Damage::foreign(Rc::clone(&dir), entry, path, "not a save"));
            }
        }
        let is_whole = match history.find(state.save) {
            Some(save) => dir.metadata(&save.text()).is_ok_and(|metadata| match &save.extent {
                Some(extent) => metadata.size >= extent.at.saturating_add(extent.length),
                None => metadata.size == save.size,
            }),
            None => false,
        };
        Ok((state.phase == Phase::Damaged || !is_whole)
            .then_some("its content is not what was saved; load an earlier save, save anew or remove the run"))
    }
}
