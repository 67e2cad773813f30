//! Acquiring, at once or in turn.

use super::line::{Before, Line, Place};
use super::name::{Grip, LeaseName};
use super::{Leases, Turn};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Holding, Result};
use crate::holder::Holder;
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::{Ref, Seen, busy};
use crate::store::is_sync;

/// What a look at a lease found for one who wants it.
pub(super) enum Look<D> {
    /// It is the holder's already.
    Own(Ref<D>, u64),
    /// Somebody who lives has it.
    Held(Ref<D>, Holding),
    /// It may be had by whoever is first.
    Open(Ref<D>, LeaseName),
}

impl<D: Directory> Leases<D> {
    /// Acquires the lease `name` for `holder`, and answers the token. What the holder has already is answered with the
    /// token it has it under; what a dead holder has is taken. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Held`] names who has it or, while it is free, who is first in line for it. [`Error::Lost`] if `holder` is
    /// over, and then it holds nothing; [`Error::Damaged`] if what stands there is not understood: it counts as held.
    /// [`Error::InvalidName`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn acquire(&self, name: &str, holder: &Holder<D>, durability: Durability) -> Result<u64> {
        let key = Key::of(name)?;
        for _ in 0..TRIES_MAX {
            match self.look(name, &key, holder)? {
                None => {}
                Some(Look::Own(_, token)) => return Ok(token),
                Some(Look::Held(_, holding)) => return Err(Error::Held(holding)),
                Some(Look::Open(reference, state)) => {
                    // A line that cannot be read costs order, and nothing else.
                    let line = self.line_of(&reference).ok().flatten();
                    if let Some(line) = &line {
                        match line.first_before(holder, &self.refs.holders)? {
                            Before::Nobody => {}
                            Before::First(first) => return Err(Error::Held(self.promised(first, state.token))),
                            Before::Changed => continue,
                        }
                    }
                    if let Some(token) = self.take(reference, &state, holder, durability)? {
                        leave(line.as_ref(), holder);
                        return Ok(token);
                    }
                }
            }
        }
        Err(busy("lease", name))
    }

    /// As [`Leases::acquire`], in the order of asking: takes a place in line, and grants the lease to who is first. To
    /// be asked again until it is granted; a place that was not asked for during [`crate::limits::PLACE_MS`] is void.
    ///
    /// # Errors
    /// As [`Leases::acquire`], but for [`Error::Held`].
    pub fn acquire_in_turn(&self, name: &str, holder: &Holder<D>, durability: Durability) -> Result<Turn> {
        let key = Key::of(name)?;
        for _ in 0..TRIES_MAX {
            let (reference, open) = match self.look(name, &key, holder)? {
                None => continue,
                Some(Look::Own(reference, token)) => {
                    leave(self.line_of(&reference).ok().flatten().as_ref(), holder);
                    return Ok(Turn::Granted(token));
                }
                Some(Look::Held(reference, holding)) => (reference, Err(holding)),
                Some(Look::Open(reference, state)) => (reference, Ok(state)),
            };
            let Some(mut line) = self.line_of(&reference)? else {
                if !reference.still_stands() {
                    continue;
                }
                // Somebody removed it. Nobody makes a line alone anew, since whoever removes a lease removes its line
                // first: the lease goes whole once it can be had, and is born again with one.
                match open {
                    Err(holding) => {
                        holder.check()?;
                        return Ok(Turn::Waiting { ahead: 0, holding: Some(holding) });
                    }
                    Ok(state) => self.bury(&key, reference, &state)?,
                }
                continue;
            };
            let Some(at) = line.ahead_of(holder) else {
                // One who is over takes no place: nobody would ever clear it sooner than its time.
                holder.check()?;
                line.join(holder, &self.refs.environment)?;
                continue;
            };
            if !line.renew(at, self.refs.environment.now_ms())? {
                continue;
            }
            let holding = match open {
                Err(holding) => Some(holding),
                Ok(state) => match line.first_before(holder, &self.refs.holders)? {
                    Before::First(_) => None,
                    Before::Changed => continue,
                    Before::Nobody => match self.take(reference, &state, holder, durability)? {
                        Some(token) => {
                            leave(Some(&line), holder);
                            return Ok(Turn::Granted(token));
                        }
                        None => continue,
                    },
                },
            };
            holder.check()?;
            let ahead = u32::try_from(line.ahead_of(holder).unwrap_or(0)).unwrap_or(u32::MAX);
            return Ok(Turn::Waiting { ahead, holding });
        }
        Err(busy("lease", name))
    }

    /// Gives up the place in line, if there is one. What was granted is to be released.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::Unsupported`], [`Error::Io`].
    pub fn leave(&self, name: &str, holder: &Holder<D>) -> Result<()> {
        let key = Key::of(name)?;
        let Seen::Present(reference) = self.refs.read(&key)? else { return Ok(()) };
        match self.line_of(&reference)? {
            Some(line) => line.leave(holder),
            None => Ok(()),
        }
    }

    /// Reads a lease for one who wants it, and judges who has it; `None` if it is to be looked at again.
    fn look(&self, name: &str, key: &Key, holder: &Holder<D>) -> Result<Option<Look<D>>> {
        let Some((reference, state)) = self.read(key)? else {
            return self.give_birth(name, key).map(|()| None);
        };
        match &state.grip {
            Grip::Tomb => self.refs.remove(&reference, key, state.token).map(|()| None),
            Grip::Free => Ok(Some(Look::Open(reference, state))),
            Grip::Held { holder: other, epoch } if *epoch == holder.epoch() && other == holder.key() => {
                // It can only be taken from an epoch that is over.
                holder.check()?;
                Ok(Some(Look::Own(reference, state.token)))
            }
            Grip::Held { holder: other, epoch } => {
                if self.refs.holders.is_over(other, *epoch)? {
                    return Ok(Some(Look::Open(reference, state)));
                }
                let holding = self.refs.holding(other, *epoch, state.token);
                Ok(Some(Look::Held(reference, holding)))
            }
        }
    }

    /// The swap that grants it; `None` if somebody else was first.
    fn take(
        &self,
        mut reference: Ref<D>,
        state: &LeaseName,
        holder: &Holder<D>,
        durability: Durability,
    ) -> Result<Option<u64>> {
        let token = self.refs.next_token(state.token)?;
        let grip = Grip::Held { holder: holder.key().clone(), epoch: holder.epoch() };
        let held = state.with(token, grip, self.refs.environment.now_ms());
        if !reference.swap(held.text())? {
            return Ok(None);
        }
        // Between the look at the holder and the swap it may have died: then what was taken is given back.
        if let Err(error) = holder.check() {
            reference.swap(held.with(token, Grip::Free, self.refs.environment.now_ms()).text())?;
            return Err(error);
        }
        if is_sync(durability, false) {
            self.refs.sync(&reference)?;
        }
        Ok(Some(token))
    }

    /// Removes a lease from the very state that was read, whoever had it being dead.
    fn bury(&self, key: &Key, mut reference: Ref<D>, state: &LeaseName) -> Result<()> {
        let gone = state.with(state.token, Grip::Tomb, self.refs.environment.now_ms());
        if reference.swap(gone.text())? {
            self.refs.remove(&reference, key, state.token)?;
        }
        Ok(())
    }

    /// Birth makes a *free* lease of token 0: only the swap that follows, which has read the floor after the ref, gives
    /// it a token.
    fn give_birth(&self, name: &str, key: &Key) -> Result<()> {
        let birth = Nonce::draw(&self.refs.environment);
        let state = LeaseName { token: 0, grip: Grip::Free, since_ms: self.refs.environment.now_ms(), birth };
        let made =
            self.refs.give_birth(key, name, (birth, state.text()), false, &mut |unborn| unborn.make_content_dir());
        made.map(|_| ())
    }

    /// `None` if the lease has none any more.
    pub(super) fn line_of(&self, reference: &Ref<D>) -> Result<Option<Line<D>>> {
        reference.content()?.map(Line::read).transpose()
    }

    /// What is answered of a lease that is free, and meant for the first in line.
    fn promised(&self, first: &Place, token: u64) -> Holding {
        let (holder, epoch) = first.holder();
        self.refs.holding(holder, epoch, token)
    }
}

/// Gives up a place that has served. Where that fails it is void in a while.
fn leave<D: Directory>(line: Option<&Line<D>>, holder: &Holder<D>) {
    if let Some(line) = line {
        let _ = line.leave(holder);
    }
}
