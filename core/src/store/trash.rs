//! Sweeping what killed processes left in `tmp`.

use super::files::{list_entries, open_or_absent, remove_tree};
use crate::capability::{Directory, Environment, FsError};
use crate::error::{Error, Result};
use crate::name::Nonce;
use alloc::format;

const PREFIX: &str = "trash.";

/// Debris on its way out.
pub(crate) struct Trash;

impl Trash {
    /// Removes every entry of `store/tmp` that has not changed for `older_than_ms`; answers how many.
    ///
    /// Each is renamed away first, whole: unlinking in place would let its maker, who was only slow,
    /// publish what is left of it (hole 4 in `docs/holes.md`). Renamed, its maker finds it gone and makes it anew.
    pub(crate) fn sweep<D: Directory>(
        store: &D,
        tmp: &str,
        older_than_ms: u64,
        environment: &Environment,
    ) -> Result<u64> {
        let Some(tmp) = open_or_absent(store, tmp)? else { return Ok(0) };
        let at = |error: FsError| Error::at("tmp", &error);
        let mut count = 0;
        for (name, _) in list_entries(&tmp).map_err(at)? {
            let trash = if name.starts_with(PREFIX) {
                name
            } else {
                let modified_ms = match tmp.metadata(&name) {
                    Ok(metadata) => metadata.modified_ms,
                    Err(FsError::NotFound) => continue,
                    Err(error) => return Err(at(error)),
                };
                // An entry without an age, or from the future, is left for later.
                let age_ms = modified_ms.and_then(|at_ms| environment.now_ms().checked_sub(at_ms));
                if age_ms.is_none_or(|age_ms| age_ms < older_than_ms) {
                    continue;
                }
                let trash = format!("{PREFIX}{}", Nonce::draw(environment).text());
                match tmp.rename(&name, &tmp, &trash) {
                    Ok(()) => trash,
                    Err(FsError::NotFound) => continue,
                    Err(error) => return Err(at(error)),
                }
            };
            remove_tree(&tmp, &trash).map_err(at)?;
            count += 1;
        }
        Ok(count)
    }
}
