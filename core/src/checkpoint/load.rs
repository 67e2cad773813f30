//! Loading. Nothing here changes a run.

use super::history::History;
use super::name::{Phase, RunName};
use super::{Checkpoints, Loaded, Save};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::{Ref, busy};
use alloc::format;
use alloc::vec::Vec;

impl<D: Directory> Checkpoints<D> {
    /// The content of `run`, or of one save that its history keeps; `None` if there is no such run or it is done.
    ///
    /// # Errors
    /// [`Error::NotFound`] if that save is not kept; [`Error::Damaged`] if the content is not what was saved, or what
    /// stands there is not understood; [`Error::InvalidName`], [`Error::InvalidArgument`] for what is no save's id,
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn load(&self, run: &str, save: Option<&str>) -> Result<Option<Loaded>> {
        let key = Key::of(run)?;
        let wanted = save.map(parse_id).transpose()?;
        for _ in 0..TRIES_MAX {
            let Some((reference, state)) = self.read_living(&key)? else { return Ok(None) };
            let id = wanted.unwrap_or(state.save);
            let is_kept = match self.history_of(&reference)? {
                Some(history) => match history.kept(&state).into_iter().find(|save| save.id == id) {
                    Some(save) => match history.content(save)? {
                        Some(content) => return Ok(Some(Loaded { content, save: save.view() })),
                        None => true,
                    },
                    None => id == state.save,
                },
                None => true,
            };
            // What was superseded while it was read is no damage.
            if reference.still_stands() {
                return Err(if is_kept { not_saved(run, id) } else { not_kept(run, id) });
            }
        }
        Err(busy("run", run))
    }

    /// The saves of `run` that are kept, the last one first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such run or it is done; [`Error::Damaged`], [`Error::InvalidName`],
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn history(&self, run: &str) -> Result<Vec<Save>> {
        let key = Key::of(run)?;
        for _ in 0..TRIES_MAX {
            let Some((reference, state)) = self.read_living(&key)? else {
                return Err(no_run(run));
            };
            let saves: Vec<Save> = match self.history_of(&reference)? {
                Some(history) => history.kept(&state).into_iter().map(|save| save.view()).collect(),
                None => Vec::new(),
            };
            if reference.still_stands() {
                return Ok(saves);
            }
        }
        Err(busy("run", run))
    }

    /// Reads a run that has content.
    fn read_living(&self, key: &Key) -> Result<Option<(Ref<D>, RunName)>> {
        Ok(self.read(key)?.filter(|(_, state)| !matches!(state.phase, Phase::Done | Phase::Tomb)))
    }

    /// `None` if its directory is gone.
    pub(super) fn history_of(&self, reference: &Ref<D>) -> Result<Option<History<D>>> {
        reference.content()?.map(History::read).transpose()
    }
}

pub(super) fn parse_id(id: &str) -> Result<Nonce> {
    Nonce::read(id)
        .ok_or_else(|| Error::InvalidArgument(format!("{id:?} is not the id of a save, pass on what saving answered")))
}

pub(super) fn no_run(run: &str) -> Error {
    Error::NotFound(format!("no run {run:?}, or it is done"))
}

fn not_kept(run: &str, id: Nonce) -> Error {
    Error::NotFound(format!("run {run:?} keeps no save {}, see its history", id.text()))
}

pub(super) fn not_saved(run: &str, id: Nonce) -> Error {
    Error::Damaged(format!(
        "run {run:?}: the content of save {} is not what was saved; load an earlier save, save anew or remove the run",
        id.text()
    ))
}
