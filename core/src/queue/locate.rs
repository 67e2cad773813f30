//! Finding a task by its id.

use super::Queue;
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;

/// How often a task is looked for that may be moving from directory to directory.
const LOOKS: usize = 3;

/// A task where it was found.
#[derive(Debug)]
pub(crate) enum Located<D> {
    /// A file whose name says all.
    File { dir: Rc<D>, entry: Entry },
    /// A ref.
    Given(Given<D>),
}

impl<D: Directory> Located<D> {
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Located::File { entry, .. } => entry,
            Located::Given(given) => &given.entry,
        }
    }

    pub(crate) fn id(&self) -> String {
        match self {
            Located::File { entry, .. } => entry.nonce.text(),
            Located::Given(given) => given.id(),
        }
    }
}

impl<D: Directory> Queue<D> {
    /// Finds a task: by the caller's id, else by the one it was given.
    pub(crate) fn locate(&self, layout: &Layout<D>, id: &str) -> Result<Located<D>> {
        let key = Key::of(id)?;
        let nonce = Nonce::read(id);
        for _ in 0..LOOKS {
            if let Some(given) = Given::read(layout, &key)?
                && given.entry.place != Place::Tomb
            {
                return Ok(Located::Given(given));
            }
            let Some(nonce) = nonce else { break };
            if let Some(found) = find_file(layout, nonce)? {
                return Ok(found);
            }
        }
        Err(self.no_task(id))
    }

    pub(crate) fn no_task(&self, id: &str) -> Error {
        Error::NotFound(format!("no task {id:?} in queue {:?}", self.name()))
    }
}

fn find_file<D: Directory>(layout: &Layout<D>, nonce: Nonce) -> Result<Option<Located<D>>> {
    let mut located = None;
    let text = nonce.text();
    let mut look = |found: super::scan::Found<D>| {
        if located.is_none()
            && found.name.split('.').nth(1) == Some(text.as_str())
            && let Some(entry) = Entry::parse(&found.name)
        {
            located = Some(Located::File { dir: found.dir, entry });
        }
        Ok(())
    };
    layout.for_each_pending(&mut look)?;
    for name in ["claimed", "done", "dead"] {
        layout.for_each_in(name, &mut look)?;
    }
    Ok(located)
}
