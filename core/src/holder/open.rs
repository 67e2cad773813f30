//! Opening, joining, and the birth that comes before.

use super::{Holder, HolderName, Holders, Life, check_ttl, ensure_store, sync_birth};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::{Ref, Seen, Unborn};
use crate::store::Floor;
use crate::{Durability, store};
use alloc::format;
use alloc::string::String;
use core::cell::RefCell;

/// What to do with an epoch that lives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfLive {
    /// Follow it by a new one.
    Follow,
    /// Join it.
    Join,
}

impl<D: Directory> Holders<D> {
    /// Starts a new epoch of `name`, which lives for `ttl_ms` unless renewed; whatever an earlier epoch held is
    /// stale from this moment. Synced by default.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::InvalidArgument`] for a `ttl_ms` of 0 or above 366 days,
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn open(&self, name: &str, ttl_ms: u64, durability: Durability) -> Result<Holder<D>> {
        check_ttl(ttl_ms)?;
        self.open_or_join(name, ttl_ms, durability, IfLive::Follow)
    }

    /// Joins the epoch that lives, or opens one (synced by default); of racing callers one opens.
    ///
    /// # Errors
    /// As [`Holders::open`].
    pub fn ensure(&self, name: &str, ttl_ms: u64, durability: Durability) -> Result<Holder<D>> {
        check_ttl(ttl_ms)?;
        self.open_or_join(name, ttl_ms, durability, IfLive::Join)
    }

    /// Joins the epoch that lives and renews it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if none lives; [`Error::InvalidName`], [`Error::Unsupported`], [`Error::Io`].
    pub fn attach(&self, name: &str, durability: Durability) -> Result<Holder<D>> {
        let key = Key::of(name)?;
        let none = || Error::NotFound(format!("no epoch of holder {name:?} lives, open one"));
        if !super::FORMAT.is_marked(&self.dir)? {
            return Err(none());
        }
        for _ in 0..TRIES_MAX {
            let Seen::Present(reference) = self.read_known(&key)? else { return Err(none()) };
            let Some(state) = HolderName::parse(&reference.token_name) else { return Err(none()) };
            if !self.is_live(&state) {
                return Err(none());
            }
            if let Some(holder) = self.join(name, &key, reference, state.epoch, durability)? {
                return Ok(holder);
            }
        }
        Err(busy(name))
    }

    fn open_or_join(&self, name: &str, ttl_ms: u64, durability: Durability, if_live: IfLive) -> Result<Holder<D>> {
        let key = Key::of(name)?;
        let tmp = ensure_store(self)?;
        for _ in 0..TRIES_MAX {
            let Seen::Present(mut reference) = self.read_known(&key)? else {
                self.give_birth(name, &key, &tmp)?;
                continue;
            };
            let Some(state) = HolderName::parse(&reference.token_name) else { continue };
            match state.life {
                Life::Tomb => {
                    reference.remove(&self.dir, key.as_str(), state.epoch, &Floor::of(&self.dir))?;
                    continue;
                }
                Life::Live if if_live == IfLive::Join && self.is_live(&state) => {
                    match self.join(name, &key, reference, state.epoch, durability)? {
                        Some(holder) => return Ok(holder),
                        None => continue,
                    }
                }
                Life::Live | Life::Ended => {}
            }
            // The floor is read after the ref: whatever was removed before this ref was born is below it.
            let floor = Floor::of(&self.dir).read()?;
            let now_ms = self.environment.now_ms();
            let epoch = state.epoch.saturating_add(1).max(now_ms).max(floor.saturating_add(1));
            let next = HolderName { epoch, beat: 0, life: Life::Live, set_ms: now_ms, ttl_ms, birth: state.birth };
            if reference.swap(next.text())? {
                if store::is_sync(durability, true) {
                    store::sync_all(&[(&reference.dir, "holders")])?;
                }
                return Ok(self.handle(name, &key, epoch, reference));
            }
        }
        Err(busy(name))
    }

    /// Joining is a heartbeat; `None` if the epoch was over by then.
    fn join(
        &self,
        name: &str,
        key: &Key,
        reference: Ref<D>,
        epoch: u64,
        durability: Durability,
    ) -> Result<Option<Holder<D>>> {
        let holder = self.handle(name, key, epoch, reference);
        match holder.renew(durability) {
            Ok(_) => Ok(Some(holder)),
            Err(Error::Lost(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn handle(&self, name: &str, key: &Key, epoch: u64, reference: Ref<D>) -> Holder<D> {
        Holder {
            holders: self.clone(),
            name: String::from(name),
            key: key.clone(),
            epoch,
            seen: RefCell::new(Some(reference)),
        }
    }

    /// Birth makes an *ended* holder of epoch 0: only the swap that follows, which has read the floor after
    /// the ref, gives it an epoch.
    fn give_birth(&self, name: &str, key: &Key, tmp: &D) -> Result<()> {
        let state = HolderName {
            epoch: 0,
            beat: 0,
            life: Life::Ended,
            set_ms: 0,
            ttl_ms: 0,
            birth: Nonce::draw(&self.environment),
        };
        let unborn = match Unborn::make(tmp, state.birth, state.text(), name, &self.environment) {
            Ok(unborn) => unborn,
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match unborn.publish(&self.dir, key.as_str(), false)? {
            // A birth that a power cut forgets would leave claims without their holder.
            Some(born) => sync_birth(self, tmp, &born),
            None => Ok(()),
        }
    }

    fn read_known(&self, key: &Key) -> Result<Seen<D>> {
        match self.read(key)? {
            Seen::Unknown(doubt) => Err(doubt.into_error("holder")),
            seen => Ok(seen),
        }
    }
}

fn busy(name: &str) -> Error {
    Error::Exhausted(format!("holder {name:?} is changed by others all the time, try again"))
}
