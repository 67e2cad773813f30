//! What ends a claim, or a run.

use super::Checkpoints;
use super::load::no_run;
use super::name::{Phase, RunName};
use super::receipt::Receipt;
use super::save::lost;
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::Key;
use crate::reference::{Ref, busy};
use crate::store::is_sync;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Checkpoints<D> {
    /// Ends `run`. Repeating it with the same receipt succeeds while the record is kept. Synced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if the claim is over; [`Error::InvalidName`], [`Error::InvalidArgument`] for a garbled receipt,
    /// [`Error::Damaged`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn complete(&self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        let sync = is_sync(durability, true);
        let (reference, state) = self.end_claim(run, receipt, sync, &mut |reference, state| match state.phase {
            // It was done under this very claim.
            Phase::Done => Ok(true),
            _ => reference.swap(state.with(state.token, Phase::Done, self.refs.environment.now_ms()).text()),
        })?;
        // Only what was named: somebody may be saving anew already. And only once the end is on the disk: a power cut may
        // bring back the claim. What is left here goes with the record.
        if sync && let Ok(Some(history)) = self.history_of(&reference) {
            for save in history.kept(&state) {
                let _ = history.unlink(save);
            }
        }
        Ok(())
    }

    /// Gives up the claim and leaves the content as it is: `run` is armed. Unsynced by default.
    ///
    /// # Errors
    /// As [`Checkpoints::complete`].
    pub fn release(&self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        let sync = is_sync(durability, false);
        self.end_claim(run, receipt, sync, &mut |reference, state| match state.phase {
            Phase::Done => Err(lost(run)),
            _ => self.rearm(reference, state),
        })
        .map(|_| ())
    }

    /// Lets `end` swap the claim that the receipt names, or what it has become under its token; answers the run, and
    /// what it was before.
    fn end_claim(
        &self,
        run: &str,
        receipt: &str,
        sync: bool,
        end: &mut dyn FnMut(&mut Ref<D>, &RunName) -> Result<bool>,
    ) -> Result<(Ref<D>, RunName)> {
        let key = Key::of(run)?;
        let receipt = Receipt::parse(receipt, &key)?;
        for _ in 0..TRIES_MAX {
            let Some((mut reference, state)) = self.read(&key)? else { return Err(lost(run)) };
            let is_named = matches!(state.phase, Phase::Held { .. } | Phase::Done) && receipt.names(&state);
            if !is_named {
                return Err(lost(run));
            }
            if end(&mut reference, &state)? {
                self.refs.sync_if(sync, &reference)?;
                return Ok((reference, state));
            }
        }
        Err(busy("run", run))
    }

    /// Removes `run` with its history, in whatever state. Synced by default.
    ///
    /// # Errors
    /// [`Error::Held`] while somebody who lives holds it, [`Error::NotFound`] if there is none; [`Error::InvalidName`],
    /// [`Error::Damaged`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn remove(&self, run: &str, durability: Durability) -> Result<()> {
        let key = Key::of(run)?;
        for _ in 0..TRIES_MAX {
            let Some((mut reference, state)) = self.read(&key)? else { return Err(no_run(run)) };
            match &state.phase {
                Phase::Tomb => {
                    self.refs.remove(&reference, &key, state.token)?;
                    continue;
                }
                Phase::Held { holder, epoch } if !self.refs.holders.is_over(holder, *epoch)? => {
                    return Err(Error::Held(self.refs.holding(holder, *epoch, state.token)));
                }
                _ => {}
            }
            let gone = state.with(state.token, Phase::Tomb, self.refs.environment.now_ms());
            if reference.swap(gone.text())? {
                self.refs.sync_if(is_sync(durability, true), &reference)?;
                return self.refs.remove(&reference, &key, state.token);
            }
        }
        Err(busy("run", run))
    }

    /// Arms again what dead holders hold, and nothing else; answers the runs. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Io`] if nothing could be armed; what cannot be read is left, and stops nothing else.
    pub fn recover(&self, durability: Durability) -> Result<Vec<String>> {
        let sync = is_sync(durability, false);
        self.refs.for_each(&mut |key, mut reference| {
            let Some(state) = RunName::parse(&reference.token_name) else { return Ok(None) };
            let Phase::Held { holder, epoch } = &state.phase else { return Ok(None) };
            if !self.refs.holders.is_over(holder, *epoch)? || !self.rearm(&mut reference, &state)? {
                return Ok(None);
            }
            self.refs.sync_if(sync, &reference)?;
            Ok(Some(self.refs.full_name(&reference, key)))
        })
    }
}
