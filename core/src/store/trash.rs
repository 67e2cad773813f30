//! Sweeping what killed processes left in `tmp`.

use super::files::{list_entries, open_or_absent, remove_tree};
use crate::capability::{Directory, Environment, FsError, FsResult};
use crate::error::{Error, Result};
use crate::name::Nonce;
use alloc::format;
use alloc::string::String;

const PREFIX: &str = "trash.";

/// What a sweep has done: one bad entry stops none of the others, and is told at the end.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    count: u64,
    failed: Option<Error>,
}

impl Swept {
    /// Counts what one entry came to.
    pub(crate) fn note(&mut self, outcome: Result<bool>) {
        self.count += u64::from(self.kept(outcome).unwrap_or(false));
    }

    /// What was found out, unless that failed.
    pub(crate) fn kept<T>(&mut self, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| self.failed.get_or_insert(error)).ok()
    }

    /// How many things are gone.
    ///
    /// # Errors
    /// The first that came up.
    pub(crate) fn answer(self) -> Result<u64> {
        self.failed.map_or(Ok(self.count), Err)
    }
}

/// Debris on its way out.
pub(crate) struct Trash;

impl Trash {
    /// Removes every entry of `store/tmp` that has not changed for `older_than_ms`.
    ///
    /// Each is renamed away first, whole: unlinking in place would let its maker, who was only slow,
    /// publish what is left of it (hole 4 in `docs/holes.md`). Renamed, its maker finds it gone and makes it anew.
    pub(crate) fn sweep<D: Directory>(
        store: &D,
        tmp: &str,
        older_than_ms: u64,
        environment: &Environment,
        swept: &mut Swept,
    ) {
        let Some(Some(dir)) = swept.kept(open_or_absent(store, tmp)) else { return };
        let listed = list_entries(&dir).map_err(|error| Error::at(tmp, &error));
        for (name, _) in swept.kept(listed).unwrap_or_default() {
            let removed = remove_old(&dir, name, older_than_ms, environment);
            swept.note(removed.map_err(|error| Error::at(tmp, &error)));
        }
    }
}

fn remove_old<D: Directory>(tmp: &D, name: String, older_than_ms: u64, environment: &Environment) -> FsResult<bool> {
    let trash = if name.starts_with(PREFIX) {
        name
    } else {
        let modified_ms = match tmp.metadata(&name) {
            Ok(metadata) => metadata.modified_ms,
            Err(FsError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        };
        // An entry without an age, or from the future, is left for later.
        let age_ms = modified_ms.and_then(|at_ms| environment.now_ms().checked_sub(at_ms));
        if age_ms.is_none_or(|age_ms| age_ms < older_than_ms) {
            return Ok(false);
        }
        let trash = format!("{PREFIX}{}", Nonce::draw(environment).text());
        match tmp.rename(&name, tmp, &trash) {
            Ok(()) => trash,
            Err(FsError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        }
    };
    remove_tree(tmp, &trash).map(|()| true)
}
