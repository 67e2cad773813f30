//! Saving.

use super::history::{History, SaveName};
use super::name::{Phase, RunName};
use super::receipt::Receipt;
use super::{Checkpoints, SaveOptions};
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::{HISTORY_MAX, PAYLOAD_BYTES_MAX, TRIES_MAX};
use crate::name::{Key, Nonce};
use crate::reference::{Ref, busy};
use crate::store::{is_sync, sync_all};
use alloc::format;
use alloc::string::String;

/// How many saves that unsynced ones have superseded may stand beside those that are kept.
const SUPERSEDED_MAX: usize = 16;

/// One save, once it is known that it may be made.
struct Saving<'a> {
    content: &'a [u8],
    /// Whether the claim goes on.
    is_kept: bool,
    /// How many saves are kept from now on.
    keep: u32,
    sync: bool,
}

impl<D: Directory> Checkpoints<D> {
    /// Saves `content` as that of `run`, and answers the id of the save. Without a receipt a new run is made, or one
    /// that nobody holds is replaced. Synced by default; the content is so in any case.
    ///
    /// # Errors
    /// [`Error::Held`] without a receipt while somebody who lives holds the run. [`Error::Lost`] if the receipt's claim
    /// is over: nothing was saved. [`Error::TooLarge`] over [`PAYLOAD_BYTES_MAX`]; [`Error::InvalidName`],
    /// [`Error::InvalidArgument`], [`Error::Damaged`] if what stands there is not understood, [`Error::Unsupported`] for
    /// a store of another version, [`Error::Io`].
    pub fn save(&self, run: &str, content: &[u8], options: &SaveOptions<'_>, durability: Durability) -> Result<String> {
        let key = Key::of(run)?;
        check(content, options)?;
        let receipt = options.receipt.map(|receipt| Receipt::parse(receipt, &key)).transpose()?;
        let sync = is_sync(durability, true);
        for _ in 0..TRIES_MAX {
            let (mut reference, state) = match self.read(&key)? {
                Some(read) => read,
                None if receipt.is_some() => return Err(lost(run)),
                None => match self.give_birth(run, &key, content, options.history.unwrap_or(1), sync)? {
                    Some(id) => return Ok(id),
                    None => continue,
                },
            };
            let is_kept = match (&state.phase, &receipt) {
                (Phase::Held { .. }, Some(receipt)) if receipt.names(&state) => options.keep_claim,
                (_, Some(_)) => return Err(lost(run)),
                (Phase::Tomb, None) => {
                    self.refs.remove(&reference, &key, state.token)?;
                    continue;
                }
                (Phase::Held { holder, epoch }, None) if !self.refs.holders.is_over(holder, *epoch)? => {
                    return Err(Error::Held(self.refs.holding(holder, *epoch, state.token)));
                }
                (_, None) => false,
            };
            let Some(dir) = reference.content()? else {
                self.without_content(run, &key, &mut reference, &state, receipt.is_some())?;
                continue;
            };
            let saving = Saving { content, is_kept, keep: options.history.unwrap_or(state.keep), sync };
            if let Some(id) = self.replace(&mut reference, &state, dir, &saving)? {
                return Ok(id);
            }
        }
        Err(busy("run", run))
    }

    /// The swap that names a new save; `None` if the state has changed meanwhile.
    fn replace(&self, reference: &mut Ref<D>, state: &RunName, dir: D, saving: &Saving<'_>) -> Result<Option<String>> {
        let Saving { content, is_kept, keep, sync } = *saving;
        let history = History::read(dir)?;
        // What unsynced saves supersede stays until one is synced: so now and then one is.
        let sync = sync || history.len() > SUPERSEDED_MAX + usize::try_from(keep).unwrap_or(usize::MAX);
        let before = match state.phase {
            Phase::Done | Phase::Tomb => None,
            // What cannot be read is not worth going back to.
            Phase::Damaged => state.previous,
            Phase::Armed | Phase::Held { .. } => Some(state.save),
        };
        let is_counted = u32::from(state.phase == Phase::Damaged);
        let kept = history.chain(before, state.keep.saturating_sub(is_counted).min(keep.saturating_sub(1)));
        let now_ms = self.refs.environment.now_ms();
        let id = Nonce::draw_on(state.token, &self.refs.environment);
        let save = SaveName::of(content, id, now_ms, before);
        let named = |extent| SaveName { extent, ..save.clone() };
        // Content is on the disk before a name can name it, whatever was asked for: a power cut may keep the name.
        let save = match self.refs.publish_content(&history.dir, content, &named, SaveName::text) {
            Ok(save) => save,
            // Gone means that the run is being removed.
            Err(FsError::NotFound | FsError::Exists) => return Ok(None),
            Err(error) => return Err(Error::at("a save", &error)),
        };
        // Where anything fails from here on, what was made is left as debris: the swap may have happened.
        let previous = save.previous;
        let next = if is_kept {
            RunName { save: id, previous, keep, ..state.clone() }
        } else {
            RunName { save: id, previous, keep, ..state.with(self.refs.next_token(state.token)?, Phase::Armed, now_ms) }
        };
        if !reference.swap(next.text())? {
            let _ = history.unlink(&save);
            return Ok(None);
        }
        if sync {
            self.refs.sync(reference)?;
            // Each was named once, so nobody can come to name it. Before the swap is on the disk they stay: a power cut
            // may bring back the name that names them. The earliest first, so that all are found by who goes on here.
            let named = history.chain(Some(state.save), u32::MAX);
            for superseded in named.into_iter().rev().filter(|save| !kept.contains(save)) {
                let _ = history.unlink(superseded);
            }
        }
        Ok(Some(id.text()))
    }

    /// A new run, armed; `None` if another was first, or a sweeper took it for debris.
    fn give_birth(&self, run: &str, key: &Key, content: &[u8], keep: u32, sync: bool) -> Result<Option<String>> {
        let now_ms = self.refs.environment.now_ms();
        // Armed is not held: whoever claims it reads the floor again, after the ref.
        let token = self.refs.next_token(0)?;
        let id = Nonce::draw_on(token, &self.refs.environment);
        let birth = Nonce::draw(&self.refs.environment);
        let state = RunName { token, phase: Phase::Armed, since_ms: now_ms, birth, save: id, previous: None, keep };
        let save = SaveName::of(content, id, now_ms, None);
        let is_born = self.refs.give_birth(key, run, (birth, state.text()), sync, &mut |unborn| {
            let (dir, file) = unborn.make_content(&save.text(), &[content])?;
            file.sync().map_err(|error| Error::at("a save", &error))?;
            sync_all(&[(&dir, "the saves")])
        })?;
        Ok(is_born.then(|| id.text()))
    }

    /// Whoever removes a run removes its content first. Where a run stands without, somebody else did: nothing can be
    /// saved in it, so it is removed whole, and made anew by the next try.
    fn without_content(
        &self,
        run: &str,
        key: &Key,
        reference: &mut Ref<D>,
        state: &RunName,
        is_claimed: bool,
    ) -> Result<()> {
        if !reference.still_stands() {
            return Ok(());
        }
        if is_claimed {
            return Err(Error::Damaged(format!(
                "run {run:?}: its directory of saves is gone, complete or remove the run"
            )));
        }
        let gone = state.with(state.token, Phase::Tomb, self.refs.environment.now_ms());
        if reference.swap(gone.text())? {
            self.refs.remove(reference, key, state.token)?;
        }
        Ok(())
    }
}

fn check(content: &[u8], options: &SaveOptions<'_>) -> Result<()> {
    if content.len() > PAYLOAD_BYTES_MAX {
        return Err(Error::TooLarge(format!("{} bytes of content, use at most {PAYLOAD_BYTES_MAX}", content.len())));
    }
    if let Some(history) = options.history.filter(|history| !(1..=HISTORY_MAX).contains(history)) {
        return Err(Error::InvalidArgument(format!("a history of {history} saves, use 1 to {HISTORY_MAX}")));
    }
    if options.keep_claim && options.receipt.is_none() {
        return Err(Error::InvalidArgument(String::from("keeping a claim needs its receipt")));
    }
    Ok(())
}

/// What is answered to a receipt whose claim is over.
pub(super) fn lost(run: &str) -> Error {
    Error::Lost(format!("run {run:?}: the claim is over, claim it again"))
}
