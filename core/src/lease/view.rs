//! Looking. Nothing here changes a lease.

use super::name::{Grip, LeaseName};
use super::{LeasePage, LeaseState, Leases};
use crate::capability::Directory;
use crate::error::Result;
use crate::name::Key;
use crate::reference::Ref;
use crate::store::Damage;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Leases<D> {
    /// One lease; `None` if none of that name was ever acquired, or it was swept since.
    ///
    /// # Errors
    /// [`crate::Error::InvalidName`], [`crate::Error::Damaged`] if what stands there is not understood,
    /// [`crate::Error::Unsupported`] for a store of another version, [`crate::Error::Io`].
    pub fn get(&self, name: &str) -> Result<Option<LeaseState>> {
        let key = Key::of(name)?;
        Ok(self.read(&key)?.and_then(|(reference, _)| self.view(&key, &reference)))
    }

    /// All leases, free ones too, `limit` (1 to 10,000) at a time, starting after `cursor`. What cannot be read is left
    /// out.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`], [`crate::Error::Unsupported`] for a store of another version,
    /// [`crate::Error::Io`].
    pub fn list(&self, cursor: Option<&str>, limit: u32) -> Result<LeasePage> {
        let (leases, cursor) = self.refs.page(cursor, limit, &mut |key, reference| self.view(key, &reference))?;
        Ok(LeasePage { leases, cursor })
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<(Ref<D>, LeaseName)>> {
        self.refs.read_state(key, "lease", LeaseName::parse)
    }

    fn view(&self, key: &Key, reference: &Ref<D>) -> Option<LeaseState> {
        let state = LeaseName::parse(&reference.token_name)?;
        let (holding, alive) = match &state.grip {
            Grip::Tomb => return None,
            Grip::Free => (None, false),
            Grip::Held { holder, epoch } => {
                (Some(self.refs.holding(holder, *epoch, state.token)), self.refs.holders.seems_alive(holder, *epoch))
            }
        };
        let waiting = self.line_of(reference).ok().flatten().map_or(0, |line| line.len());
        Some(LeaseState {
            name: self.refs.full_name(reference, key),
            token: state.token,
            holding,
            alive,
            since_ms: state.since_ms,
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        })
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        self.refs.damages(&mut |name, reference, damages| {
            let Some(line) = reference.content()? else {
                // A removal is under way, or cut short: then the tombstone says so.
                if LeaseName::parse(&reference.token_name).is_some_and(|state| state.grip != Grip::Tomb)
                    && reference.still_stands()
                {
                    let problem = "its line is gone, so nobody can wait for it; once free it can be swept";
                    damages.push(Damage::in_place(String::from(name), problem));
                }
                return Ok(());
            };
            let line = Rc::new(line);
            super::line::for_each_foreign(&*line, &mut |entry| {
                let path = format!("{name}/{}/{entry}", reference.content_name());
                damages.push(Damage::foreign(Rc::clone(&line), String::from(entry), path, "not a place in line"));
            })
        })
    }
}
