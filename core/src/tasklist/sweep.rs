//! Removing entries that nothing names, and the debris of births that were cut short.

use super::Lists;
use super::log::Opened;
use super::name::{EntryName, ListName};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::reference::unlink_if_there;
use crate::store::{Swept, list_entries};
use alloc::collections::BTreeSet;

impl<D: Directory> Lists<D> {
    /// Removes debris. What was made in `tmp` must be at least `older_than_ms` old.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        self.refs.sweep(older_than_ms, swept, &mut |key, reference| {
            let Some(name) = ListName::parse(&reference.token_name) else { return Ok(false) };
            if name.is_tomb {
                return self.refs.remove(&reference, key, name.revision).map(|()| true);
            }
            let Some(content) = reference.content()? else { return Ok(false) };
            self.sweep_list(&Opened { key: key.clone(), reference, name, content })
        });
    }

    /// An entry is debris once nothing names it and the revision has passed the one that it was built on, so that no
    /// swap can come to name it (hole 1 in `docs/holes.md`).
    fn sweep_list(&self, opened: &Opened<D>) -> Result<bool> {
        let mut named: BTreeSet<EntryName> = opened.name.snapshot.into_iter().collect();
        let is_whole = self.for_each_change(opened, &mut |name, _| {
            named.insert(name);
            true
        })?;
        // Where the log is broken, nobody knows what was named.
        if !is_whole {
            return Ok(false);
        }
        let mut any = false;
        for (file, _) in list_entries(&opened.content).map_err(|error| Error::at("a task list", &error))? {
            if let Some(entry) = EntryName::parse(&file)
                && entry.nonce.base_token() < opened.name.revision
                && !named.contains(&entry)
            {
                unlink_if_there(&opened.content, &file, "a task list")?;
                any = true;
            }
        }
        Ok(any)
    }
}
