//! The line of those who wait for a lease.
//!
//! A place is an empty file in the ref's content directory: `<order>.<nonce>.<set-at>.<for>.<holder>.<epoch>`. Order is
//! above every other order that its maker saw, whatever the clock says, so nobody comes before one who stood there.
//! A place lasts while its holder lives and asks: its name says when it was asked for last.

use crate::capability::{Directory, Environment, FsError, Kind};
use crate::error::{Error, Result};
use crate::holder::{Holder, Holders, Liveness};
use crate::limits::PLACE_MS;
use crate::name::{Key, Nonce, Text, fields, number};
use crate::order::sort;
use crate::store::list_entries;
use alloc::string::String;
use alloc::vec::Vec;

/// A place in line. Places sort as they were taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    order: u64,
    nonce: Nonce,
    set_ms: u64,
    for_ms: u64,
    holder: Key,
    epoch: u64,
}

impl Place {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(96);
        number::write_fixed(&mut out, self.order, number::MOMENT_DIGITS);
        out.push('.');
        self.nonce.write(&mut out);
        out.push('.');
        number::write(&mut out, self.set_ms);
        out.push('.');
        number::write(&mut out, self.for_ms);
        out.push('.');
        out.push_str(self.holder.as_str());
        out.push('.');
        number::write(&mut out, self.epoch);
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let order = number::read_fixed(fields.next()?, number::MOMENT_DIGITS)?;
        let nonce = Nonce::read(fields.next()?)?;
        let set_ms = number::read(fields.next()?)?;
        let for_ms = number::read(fields.next()?)?;
        let (holder, _) = Key::from_file_name(fields.next()?)?;
        let epoch = number::read(fields.next()?)?;
        let place = Place { order, nonce, set_ms, for_ms, holder, epoch };
        (place.text() == text).then_some(place)
    }

    /// Whether it is that of this very epoch.
    pub(crate) fn is_of<D: Directory>(&self, holder: &Holder<D>) -> bool {
        self.epoch == holder.epoch() && self.holder == *holder.key()
    }

    pub(crate) fn holder(&self) -> (&Key, u64) {
        (&self.holder, self.epoch)
    }
}

/// Who stands before a holder in line.
#[derive(Debug)]
pub(crate) enum Before<'a> {
    /// Nobody who still waits.
    Nobody,
    /// The first who still waits.
    First(&'a Place),
    /// Somebody else cleared, or renewed, a place that looked void: the line is to be read again.
    Changed,
}

/// The line for one lease, as it was read.
#[derive(Debug)]
pub(crate) struct Line<D> {
    dir: D,
    places: Vec<Place>,
}

impl<D: Directory> Line<D> {
    pub(crate) fn read(dir: D) -> Result<Self> {
        let entries = list_entries(&dir).map_err(|error| Error::at("the line", &error))?;
        let mut places: Vec<Place> =
            entries.iter().filter(|(_, kind)| *kind == Kind::File).filter_map(|(name, _)| Place::parse(name)).collect();
        sort(&mut places);
        Ok(Line { dir, places })
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many places stand before that of `holder`; `None` if it has none.
    pub(crate) fn ahead_of(&self, holder: &Holder<D>) -> Option<usize> {
        self.places.iter().position(|place| place.is_of(holder))
    }

    /// Takes a place behind all that were seen; `false` if the line itself was removed.
    pub(crate) fn join(&self, holder: &Holder<D>, environment: &Environment) -> Result<bool> {
        let now_ms = environment.now_ms();
        let behind = self.places.last().map_or(0, |last| last.order.saturating_add(1));
        let place = Place {
            order: now_ms.max(behind).min(number::MOMENT_MAX),
            nonce: Nonce::draw(environment),
            set_ms: now_ms,
            for_ms: PLACE_MS,
            holder: holder.key().clone(),
            epoch: holder.epoch(),
        };
        match self.dir.create(&place.text()) {
            Ok(_) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at("the line", &error)),
        }
    }

    /// Says that whoever stands there still asks; `false` if the place is gone. Only done once a third of its time has
    /// passed (or the clock was set back), so that asking often costs little.
    pub(crate) fn renew(&mut self, at: usize, now_ms: u64) -> Result<bool> {
        let place = &mut self.places[at];
        if now_ms.checked_sub(place.set_ms).is_some_and(|age_ms| age_ms < place.for_ms / 3) {
            return Ok(true);
        }
        let before = place.text();
        place.set_ms = now_ms;
        match self.dir.rename(&before, &self.dir, &place.text()) {
            Ok(()) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at("the line", &error)),
        }
    }

    /// The first in line who still waits, other than `holder` and before its place. Places that are void are cleared on
    /// the way; what cannot be told is not void.
    pub(crate) fn first_before(&self, holder: &Holder<D>, holders: &Holders<D>) -> Result<Before<'_>> {
        for place in &self.places {
            if place.is_of(holder) {
                break;
            }
            if !is_void(place, holders) {
                return Ok(Before::First(place));
            }
            if !self.clear(place)? {
                return Ok(Before::Changed);
            }
        }
        Ok(Before::Nobody)
    }

    /// Gives up every place of `holder`.
    pub(crate) fn leave(&self, holder: &Holder<D>) -> Result<()> {
        for place in self.places.iter().filter(|place| place.is_of(holder)) {
            self.clear(place)?;
        }
        Ok(())
    }

    /// Clears the places that are void; answers how many.
    pub(crate) fn clear_void(&self, holders: &Holders<D>) -> Result<usize> {
        let mut count = 0;
        for place in self.places.iter().filter(|place| is_void(place, holders)) {
            count += usize::from(self.clear(place)?);
        }
        Ok(count)
    }

    /// Unlinks the very place that was read; `false` if it was asked for since, or is gone.
    fn clear(&self, place: &Place) -> Result<bool> {
        match self.dir.unlink(&place.text()) {
            Ok(()) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at("the line", &error)),
        }
    }
}

/// Whether nobody asks any more.
fn is_void<D: Directory>(place: &Place, holders: &Holders<D>) -> bool {
    holders.patience().has_passed(place.set_ms, place.for_ms)
        || matches!(holders.declare_if_late(place.holder.as_str(), place.epoch), Ok(Liveness::Dead))
}

/// Visits what stands in a line and is not a place.
pub(crate) fn for_each_foreign<D: Directory>(line: &D, visit: &mut dyn FnMut(&str)) -> Result<()> {
    for (name, kind) in list_entries(line).map_err(|error| Error::at("the line", &error))? {
        if kind != Kind::File || Place::parse(&name).is_none() {
            visit(&name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    fn place(order: u64, set_ms: u64) -> Place {
        let nonce = Nonce::read("0123456789abcdef").unwrap();
        Place { order, nonce, set_ms, for_ms: PLACE_MS, holder: Key::of("W.1").unwrap(), epoch: 7 }
    }

    proptest! {
        #[test]
        fn a_place_reads_back_as_written(order in 0..=number::MOMENT_MAX, set_ms: u64) {
            prop_assert_eq!(Place::parse(&place(order, set_ms).text()), Some(place(order, set_ms)));
        }

        #[test]
        fn places_sort_by_their_order_whatever_was_renewed(a in 0u64..99, b in 0u64..99, x: u64, y: u64) {
            prop_assume!(a != b);
            prop_assert_eq!(place(a, x) < place(b, y), a < b);
        }
    }
}
