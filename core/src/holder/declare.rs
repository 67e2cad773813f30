//! Who lives and who is dead, and the swap that makes it so for all.

use super::{FORMAT, HolderName, Holders, Life};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::Key;
use crate::reference::Seen;
use alloc::format;

/// What is known of one epoch of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// It lives, so what it holds is held.
    Alive,
    /// It is over for good: whoever finds this may take what it held.
    Dead,
    /// It cannot be told, which counts as alive.
    Unknown,
}

impl<D: Directory> Holders<D> {
    /// Whether an epoch looks alive, for those who only look: changes nothing.
    pub(crate) fn seems_alive(&self, key: &Key, epoch: u64) -> bool {
        match self.read(key) {
            Ok(Seen::Present(reference)) => HolderName::parse(&reference.token_name)
                .is_none_or(|state| state.epoch == epoch && self.is_live(&state)),
            Ok(Seen::Absent) => !FORMAT.is_marked(&self.dir).unwrap_or(false),
            Ok(Seen::Unknown(_)) | Err(_) => true,
        }
    }

    /// Tells whether an epoch is over, and if its time has passed, *makes* it over: the swap to ended comes
    /// before anything is taken, so that a holder which is only late learns it at its next heartbeat. Where that
    /// swap fails, the holder may live, and is read again.
    pub(crate) fn declare_if_late(&self, key: &str, epoch: u64) -> Result<Liveness> {
        let Some((key, _)) = Key::from_file_name(key) else { return Ok(Liveness::Unknown) };
        for _ in 0..TRIES_MAX {
            let mut reference = match self.read(&key)? {
                // A missing holder is an ended one, but only in a store that is known to be one.
                Seen::Absent => {
                    return Ok(if FORMAT.is_marked(&self.dir)? { Liveness::Dead } else { Liveness::Unknown });
                }
                Seen::Unknown(_) => return Ok(Liveness::Unknown),
                Seen::Present(reference) => reference,
            };
            let Some(state) = HolderName::parse(&reference.token_name) else { return Ok(Liveness::Unknown) };
            if state.epoch != epoch || state.life != Life::Live {
                return Ok(Liveness::Dead);
            }
            if self.is_live(&state) {
                return Ok(Liveness::Alive);
            }
            let ended = HolderName { beat: state.beat.saturating_add(1), life: Life::Ended, ..state };
            if reference.swap(ended.text())? {
                return Ok(Liveness::Dead);
            }
        }
        Err(Error::Exhausted(format!("holder {} changes all the time, try again", key.as_str())))
    }
}
