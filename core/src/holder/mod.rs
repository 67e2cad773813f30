//! Holders: identities with a heartbeat.
//!
//! A holder is a ref in the store `holders` whose token name says which epoch it is in, whether that lives, and until
//! when. Everything that can be held is held by a holder and its epoch, so ending a holder, or opening its
//! next epoch, lets go of all of it at once.
//!
//! | transition | from → to | linearizes | a crash leaves |
//! |---|---|---|---|
//! | birth | `tmp/n` → `<key>` (ended, epoch 0) | rename of the directory | `tmp/n` |
//! | open | any but tomb → epoch + 1, live | rename of the token file | – |
//! | renew | live `e.b` → live `e.b+1` | same | – |
//! | end, declare dead | live `e.b` → ended `e.b+1` | same | stale claims, which `reap` takes |
//! | remove | ended → tomb | same | a tombstone, which anyone finishes |

mod declare;
mod name;
mod open;
mod remove;

pub(crate) use declare::Liveness;
pub(crate) use name::{HolderName, Life};

use crate::capability::{Directory, Environment, File, FsError, Kind};
use crate::error::{Error, Result};
use crate::limits::{DURATION_MS_MAX, NAME_BYTES_MAX, TRIES_MAX};
use crate::name::{Decoded, Key};
use crate::order::sort_by;
use crate::reference::{Ref, Seen};
use crate::store::{Damage, FORMAT_FILE, Format, Patience, QUARANTINE, TMP, list_entries, read_file};
use crate::{Durability, store};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

pub(crate) const FORMAT: Format = Format { kind: "holders", version: 1 };

/// What is known of one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderState {
    /// Its name.
    pub name: String,
    /// Its latest epoch.
    pub epoch: u64,
    /// When that epoch's time passes, or passed (milliseconds since 1970).
    pub until_ms: u64,
    /// Whether it lives: neither ended nor past its time.
    pub alive: bool,
}

/// The store of holders, in one granted directory.
#[derive(Debug, Clone)]
pub struct Holders<D> {
    pub(crate) dir: D,
    pub(crate) environment: Environment,
    patience: Rc<Patience>,
}

impl<D: Directory> Holders<D> {
    /// The holders kept in `dir`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, environment: Environment) -> Self {
        let patience = Rc::new(Patience::new(environment.clone()));
        Holders { dir, environment, patience }
    }

    /// All holders, by name. What cannot be read is left out.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn list(&self) -> Result<Vec<HolderState>> {
        let mut states = Vec::new();
        if !FORMAT.is_marked(&self.dir)? {
            return Ok(states);
        }
        for (key, decoded) in self.keys()? {
            let Ok(Seen::Present(reference)) = self.read(&key) else { continue };
            let Some(state) = HolderName::parse(&reference.token_name) else { continue };
            if state.life == Life::Tomb || state.epoch == 0 {
                continue;
            }
            states.push(HolderState {
                name: full_name(&reference, &key, decoded),
                epoch: state.epoch,
                until_ms: state.until_ms(),
                alive: self.is_live(&state),
            });
        }
        sort_by(&mut states, |a, b| a.name.cmp(&b.name));
        Ok(states)
    }

    /// The clocks' judgement of deadlines, shared by everything of one instance.
    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    pub(crate) fn read(&self, key: &Key) -> Result<Seen<D>> {
        Ref::read(&self.dir, key.as_str(), HolderName::rank)
    }

    /// The caller's name behind a key that stands in some claim.
    pub(crate) fn name_behind(&self, key: &str) -> String {
        match Key::from_file_name(key) {
            Some((_, Decoded::Name(name))) => name,
            Some((key, decoded)) => match self.read(&key) {
                Ok(Seen::Present(reference)) => full_name(&reference, &key, decoded),
                _ => String::from(key.as_str()),
            },
            None => String::from(key),
        }
    }

    fn is_live(&self, state: &HolderName) -> bool {
        state.life == Life::Live && !self.patience.has_passed(state.set_ms, state.ttl_ms)
    }

    fn keys(&self) -> Result<Vec<(Key, Decoded)>> {
        let entries = list_entries(&self.dir).map_err(|error| Error::at("holders", &error))?;
        Ok(entries.iter().filter_map(|(name, _)| Key::from_file_name(name)).collect())
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        let mut damages = Vec::new();
        // What another version has written is not for this one to judge.
        FORMAT.is_marked(&self.dir)?;
        let store = Rc::new(self.dir.clone());
        for (name, kind) in list_entries(&self.dir).map_err(|error| Error::at("holders", &error))? {
            let is_own = matches!(
                (name.as_str(), kind),
                (FORMAT_FILE, Kind::File) | (TMP | "floor" | QUARANTINE, Kind::Directory)
            );
            // A new mark on its way.
            if is_own || (name.starts_with("format.") && name.ends_with(".tmp")) {
                continue;
            }
            let path = name.clone();
            let Some((key, _)) = Key::from_file_name(&name) else {
                damages.push(Damage::foreign(Rc::clone(&store), name, path, "not the name of a holder"));
                continue;
            };
            match self.read(&key) {
                Ok(Seen::Absent) => {}
                Ok(Seen::Unknown(_)) => {
                    let problem = "not a holder; it counts as alive";
                    damages.push(Damage::unknown(Rc::clone(&store), name, path, problem));
                }
                Ok(Seen::Present(reference)) => {
                    let looked = reference.for_each_foreign(HolderName::rank, &mut |dir, entry| {
                        let path = format!("{name}/{entry}");
                        damages.push(Damage::foreign(dir, String::from(entry), path, "not part of a holder"));
                    });
                    if let Err(error) = looked {
                        damages.push(Damage::failed(path, &error));
                    }
                }
                Err(error) => damages.push(Damage::failed(path, &error)),
            }
        }
        Ok(damages)
    }
}

/// One epoch of a named holder. Dropping it ends nothing.
#[derive(Debug)]
pub struct Holder<D> {
    holders: Holders<D>,
    name: String,
    key: Key,
    epoch: u64,
    /// The ref as this handle last saw it, to be tried first.
    seen: RefCell<Option<Ref<D>>>,
}

impl<D: Directory> Holder<D> {
    /// The name it was opened with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of this epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The heartbeat; answers until when the epoch lives now (milliseconds since 1970).
    ///
    /// # Errors
    /// [`Error::Lost`] if this epoch was ended, declared dead or followed by another; [`Error::Io`].
    pub fn renew(&self, durability: Durability) -> Result<u64> {
        let state = self.swap_own(durability, |state, now_ms| HolderName {
            beat: state.beat.saturating_add(1),
            set_ms: now_ms,
            ..state
        })?;
        Ok(state.until_ms())
    }

    /// Ends this epoch.
    ///
    /// # Errors
    /// [`Error::Lost`] if it was over already; [`Error::Io`].
    pub fn end(&self, durability: Durability) -> Result<()> {
        self.swap_own(durability, |state, now_ms| HolderName {
            beat: state.beat.saturating_add(1),
            life: Life::Ended,
            set_ms: now_ms,
            ..state
        })
        .map(|_| ())
    }

    /// Whether this epoch lives, on a fresh look: the check that follows every claim.
    ///
    /// # Errors
    /// [`Error::Lost`] unless it does; [`Error::Damaged`], [`Error::Io`].
    pub(crate) fn check(&self) -> Result<()> {
        // The name that was seen last still standing is the whole answer, but for the time.
        if let Some(reference) = self.seen.borrow().as_ref()
            && let Some(state) = HolderName::parse(&reference.token_name)
            && self.holders.is_live(&state)
            && reference.dir.metadata(&reference.token_name).is_ok()
        {
            return Ok(());
        }
        let (reference, state) = self.read_own()?;
        if !self.holders.is_live(&state) {
            return Err(self.lost("its time has passed; renew it in time"));
        }
        *self.seen.borrow_mut() = Some(reference);
        Ok(())
    }

    fn read_own(&self) -> Result<(Ref<D>, HolderName)> {
        match self.holders.read(&self.key)? {
            Seen::Absent => Err(self.lost("no such holder any more")),
            Seen::Unknown(doubt) => Err(doubt.into_error("holder")),
            Seen::Present(reference) => match HolderName::parse(&reference.token_name) {
                Some(state) if state.epoch == self.epoch && state.life == Life::Live => Ok((reference, state)),
                Some(state) if state.epoch == self.epoch => Err(self.lost("it was ended, or declared dead")),
                Some(_) => Err(self.lost("a later epoch was opened")),
                None => Err(Error::Damaged(format!("holder {:?}", self.name))),
            },
        }
    }

    fn swap_own(&self, durability: Durability, next: impl Fn(HolderName, u64) -> HolderName) -> Result<HolderName> {
        let mut seen = self.seen.borrow_mut().take();
        for _ in 0..TRIES_MAX {
            let (mut reference, state) = match seen.take() {
                Some(reference) => match HolderName::parse(&reference.token_name) {
                    Some(state) if state.life == Life::Live => (reference, state),
                    // What this handle itself has ended is read again, and found to be over.
                    _ => continue,
                },
                None => self.read_own()?,
            };
            let next = next(state, self.holders.environment.now_ms());
            if reference.swap(next.text())? {
                if store::is_sync(durability, false) {
                    store::sync_all(&[(&reference.dir, "holders")])?;
                }
                *self.seen.borrow_mut() = Some(reference);
                return Ok(next);
            }
        }
        Err(Error::Exhausted(format!("holder {:?} is changed by others all the time, try again", self.name)))
    }

    fn lost(&self, why: &str) -> Error {
        Error::Lost(format!("holder {:?}, epoch {}: {why}", self.name, self.epoch))
    }
}

fn full_name<D: Directory>(reference: &Ref<D>, key: &Key, decoded: Decoded) -> String {
    if let Decoded::Name(name) = decoded {
        return name;
    }
    let read = reference.dir.open(&reference.token_name).and_then(|file| read_file(&file, NAME_BYTES_MAX));
    match read {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(name) if Key::of(&name).as_ref() == Ok(key) => name,
            _ => String::from(key.as_str()),
        },
        _ => String::from(key.as_str()),
    }
}

fn check_ttl(ttl_ms: u64) -> Result<()> {
    if (1..=DURATION_MS_MAX).contains(&ttl_ms) {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!("a time to live of {ttl_ms} ms, use 1 ms to 366 days")))
}

fn ensure_store<D: Directory>(holders: &Holders<D>) -> Result<D> {
    FORMAT.ensure(&holders.dir, &holders.environment)?;
    store::ensure_dir(&holders.dir, TMP)
}

fn sync_birth<D: Directory>(holders: &Holders<D>, tmp: &D, born: &crate::reference::Born<D>) -> Result<()> {
    born.token_file.sync().map_err(|error: FsError| Error::at("holders", &error))?;
    store::sync_all(&[(&born.reference.dir, "holders"), (&holders.dir, "holders"), (tmp, "holders")])
}
