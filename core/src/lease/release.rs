//! Releasing, and taking back what dead holders have.

use super::name::{Grip, LeaseName};
use super::{Leases, ReapedLease};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::Key;
use crate::reference::{Ref, busy};
use crate::store::is_sync;
use alloc::format;
use alloc::vec::Vec;

impl<D: Directory> Leases<D> {
    /// Releases what is held under `token`. Repeating it succeeds until the lease is granted again. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if it is not held under this token any more; [`Error::InvalidName`], [`Error::Damaged`],
    /// [`Error::Unsupported`], [`Error::Io`].
    pub fn release(&self, name: &str, token: u64, durability: Durability) -> Result<()> {
        let key = Key::of(name)?;
        let lost = |why: &str| Error::Lost(format!("lease {name:?}, token {token}: {why}"));
        for _ in 0..TRIES_MAX {
            let Some((mut reference, state)) = self.read(&key)? else {
                return Err(lost("nobody has it any more"));
            };
            match state.grip {
                Grip::Free if state.token == token && token != 0 => return Ok(()),
                Grip::Held { .. } if state.token == token => {
                    if self.free(&mut reference, &state)? {
                        return self.refs.sync_if(is_sync(durability, false), &reference);
                    }
                }
                _ => return Err(lost("it was granted again since, or never under this token")),
            }
        }
        Err(busy("lease", name))
    }

    /// Frees what dead holders have, clears their places in line, and answers what they had. Nobody needs to call it:
    /// what a dead holder has is taken anyway. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Io`] if nothing could be freed; what cannot be read is left, and stops nothing else.
    pub fn reap(&self, durability: Durability) -> Result<Vec<ReapedLease>> {
        let sync = is_sync(durability, false);
        self.refs.for_each(&mut |key, mut reference| {
            // A line that cannot be cleared costs time, and frees nothing less.
            if let Ok(Some(line)) = self.line_of(&reference) {
                let _ = line.clear_void(&self.refs.holders);
            }
            let Some(state) = LeaseName::parse(&reference.token_name) else { return Ok(None) };
            let Grip::Held { holder, epoch } = &state.grip else { return Ok(None) };
            if !self.refs.holders.is_over(holder, *epoch)? || !self.free(&mut reference, &state)? {
                return Ok(None);
            }
            self.refs.sync_if(sync, &reference)?;
            let holding = self.refs.holding(holder, *epoch, state.token);
            Ok(Some(ReapedLease { name: self.refs.full_name(&reference, key), holding }))
        })
    }

    /// Held to free, from the very state that was read; `false` if that has changed.
    fn free(&self, reference: &mut Ref<D>, state: &LeaseName) -> Result<bool> {
        reference.swap(state.with(state.token, Grip::Free, self.refs.environment.now_ms()).text())
    }
}
