//! Claiming.

use super::load::{not_saved, parse_id};
use super::name::{Phase, RunName};
use super::receipt::Receipt;
use super::{Checkpoints, ClaimedRun, Loaded};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::holder::Holder;
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::{Ref, busy};
use crate::store::is_sync;
use alloc::format;

impl<D: Directory> Checkpoints<D> {
    /// Claims `run` for `holder`: of any number of callers one. `None` if there is no such run or it is done. With
    /// `expected`, the id of a save, only while that is the last one. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Held`] if somebody who lives has it, the same holder included. [`Error::Lost`] if `holder` is over, and
    /// then it holds nothing, or if something else than `expected` was saved since or the run is over: it came too late.
    /// [`Error::Damaged`] if the content is not what was saved; the run is set aside then. [`Error::InvalidName`],
    /// [`Error::InvalidArgument`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn claim(
        &self,
        run: &str,
        holder: &Holder<D>,
        expected: Option<&str>,
        durability: Durability,
    ) -> Result<Option<ClaimedRun>> {
        let key = Key::of(run)?;
        let expected = expected.map(parse_id).transpose()?;
        let over = || match expected {
            Some(expected) => Err(too_late(run, expected)),
            None => Ok(None),
        };
        for _ in 0..TRIES_MAX {
            let Some((mut reference, state)) = self.read(&key)? else { return over() };
            match &state.phase {
                Phase::Done | Phase::Tomb => return over(),
                _ if expected.is_some_and(|expected| expected != state.save) => return over(),
                Phase::Damaged => return Err(not_saved(run, state.save)),
                Phase::Held { holder, epoch } if !self.refs.holders.is_over(holder, *epoch)? => {
                    return Err(Error::Held(self.refs.holding(holder, *epoch, state.token)));
                }
                Phase::Held { .. } | Phase::Armed => {}
            }
            // Read before the swap: while the name stands, so does what it names.
            let Some(loaded) = self.last_save(&reference, &state)? else {
                if reference.still_stands() && self.set_aside(&mut reference, &state)? {
                    return Err(not_saved(run, state.save));
                }
                continue;
            };
            let phase = Phase::Held { holder: holder.key().clone(), epoch: holder.epoch() };
            let token = self.refs.next_token(state.token)?;
            let held = state.with(token, phase, self.refs.environment.now_ms());
            if !reference.swap(held.text())? {
                continue;
            }
            // Between the look at the holder and the swap it may have died: then what was taken is given back.
            if let Err(error) = holder.check() {
                self.rearm(&mut reference, &held)?;
                return Err(error);
            }
            if is_sync(durability, false) {
                self.refs.sync(&reference)?;
            }
            let Loaded { content, save } = loaded;
            return Ok(Some(ClaimedRun { content, save, receipt: Receipt::of(&key, &held).text(), token }));
        }
        Err(busy("run", run))
    }

    /// `None` if the content is not what was saved, or the run has moved on.
    fn last_save(&self, reference: &Ref<D>, state: &RunName) -> Result<Option<Loaded>> {
        let Some(history) = self.history_of(reference)? else { return Ok(None) };
        let Some(save) = history.find(state.save) else { return Ok(None) };
        Ok(history.content(save)?.map(|content| Loaded { content, save: save.view() }))
    }

    /// So that nobody claims it again and again; `false` if it has moved on.
    fn set_aside(&self, reference: &mut Ref<D>, state: &RunName) -> Result<bool> {
        reference.swap(state.with(state.token, Phase::Damaged, self.refs.environment.now_ms()).text())
    }

    /// Held to armed, from the very state that was read; `false` if that has changed.
    pub(super) fn rearm(&self, reference: &mut Ref<D>, held: &RunName) -> Result<bool> {
        let token = self.refs.next_token(held.token)?;
        reference.swap(held.with(token, Phase::Armed, self.refs.environment.now_ms()).text())
    }
}

fn too_late(run: &str, expected: Nonce) -> Error {
    Error::Lost(format!("run {run:?} has gone on since save {}: this came too late", expected.text()))
}
