//! The floor under a store's tokens.
//!
//! A thing that is removed takes its token with it, and a clock that is set back would hand out an old token to its
//! successor. So before anything is removed the floor is raised to its token, and whoever is given a
//! token reads the floor *after* reading the thing (see hole 3 in `docs/holes.md`).
//!
//! The floor is the greatest number that names a file in the directory `floor`; raising it is a rename.

use super::files::{ensure_dir, list_entries, open_or_absent};
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Text, number};
use alloc::string::String;

const FLOOR: &str = "floor";

/// The floor of the store in one directory.
#[derive(Debug)]
pub(crate) struct Floor<'a, D> {
    store: &'a D,
}

impl<'a, D: Directory> Floor<'a, D> {
    pub(crate) fn of(store: &'a D) -> Self {
        Floor { store }
    }

    /// The directory of the store.
    pub(crate) fn store(&self) -> &'a D {
        self.store
    }

    /// The floor now; every token given out from now on is higher.
    pub(crate) fn read(&self) -> Result<u64> {
        match open_or_absent(self.store, FLOOR)? {
            Some(dir) => Ok(highest(&dir)?.map_or(0, |(floor, _)| floor)),
            None => Ok(0),
        }
    }

    /// Raises the floor to `token` at least, on the disk, so that what has it may be removed.
    pub(crate) fn raise(&self, token: u64) -> Result<()> {
        let dir = ensure_dir(self.store, FLOOR)?;
        for _ in 0..TRIES_MAX {
            let mut is_first = false;
            let done = match highest(&dir)? {
                Some((floor, _)) if floor >= token => true,
                Some((_, name)) => match dir.rename(&name, &dir, &written(token)) {
                    Ok(()) => true,
                    Err(FsError::NotFound) => false,
                    Err(error) => return Err(Error::at(FLOOR, &error)),
                },
                None => match dir.create(&written(token)) {
                    Ok(_) | Err(FsError::Exists) => {
                        is_first = true;
                        true
                    }
                    Err(error) => return Err(Error::at(FLOOR, &error)),
                },
            };
            if done {
                // Also where somebody else has raised it: that may not be on the disk yet.
                dir.sync().map_err(|error| Error::at(FLOOR, &error))?;
                if is_first {
                    self.store.sync().map_err(|error| Error::at(FLOOR, &error))?;
                }
                return Ok(());
            }
        }
        Err(Error::Exhausted(String::from("the floor is raised by others all the time, try again")))
    }
}

fn written(token: u64) -> String {
    let mut name = Text::with_capacity(0);
    number::write_fixed(&mut name, token, number::MOMENT_DIGITS);
    name.finish()
}

fn highest<D: Directory>(dir: &D) -> Result<Option<(u64, String)>> {
    let entries = list_entries(dir).map_err(|error| Error::at(FLOOR, &error))?;
    Ok(entries
        .into_iter()
        .filter_map(|(name, _)| Some((number::read_fixed(&name, number::MOMENT_DIGITS)?, name)))
        .max())
}
