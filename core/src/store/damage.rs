//! What stands in a store and is not as it should be.

use super::QUARANTINE;
use super::files::{ensure_dir, list_entries, sync_all};
use crate::capability::{Directory, Environment, FsError};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use crate::reference::contents;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;

/// Something that is not as it should be.
#[derive(Debug)]
pub(crate) struct Damage<D> {
    /// Where, beneath the store or the queue.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// Where it stands, if moving it aside is the cure.
    movable: Option<(Rc<D>, String)>,
}

impl<D: Directory> Damage<D> {
    /// A name that does not belong into `dir`.
    pub(crate) fn foreign(dir: Rc<D>, name: String, path: String, problem: &str) -> Self {
        Damage { path, problem: String::from(problem), movable: Some((dir, name)) }
    }

    /// A directory that is not what it should be, or cannot be looked into: then it may well be, and stays. So does one that
    /// has more than one directory of content: one of them is what somebody has stored, and nobody can tell which.
    pub(crate) fn unknown(dir: Rc<D>, name: String, path: String, problem: &str) -> Self {
        match dir.open_dir(&name).and_then(|inner| list_entries(&inner)) {
            Ok(listed) if contents(&listed).len() > 1 => {
                let problem = format!("{problem}: more than one directory of content, move the wrong one away");
                Damage::in_place(path, &problem)
            }
            Ok(_) | Err(FsError::NotDirectory | FsError::Link | FsError::NotFound) => {
                Damage::foreign(dir, name, path, problem)
            }
            Err(error) => Damage::in_place(path, &format!("{problem}, for it cannot be looked into: {error}")),
        }
    }

    /// Something that moving aside would not cure.
    pub(crate) fn in_place(path: String, problem: &str) -> Self {
        Damage { path, problem: String::from(problem), movable: None }
    }

    /// Something that could not be looked at.
    pub(crate) fn failed(path: String, error: &Error) -> Self {
        Damage { path, problem: format!("{error}"), movable: None }
    }

    /// Moves it into `quarantine` in `store`; `false` if it is gone, or stays where it is.
    pub(crate) fn move_aside(&self, store: &D, environment: &Environment) -> Result<bool> {
        let Some((dir, name)) = &self.movable else { return Ok(false) };
        let quarantine = ensure_dir(store, QUARANTINE)?;
        let nonce = Nonce::draw(environment).text();
        // Its name tells what it was, where that can be written down.
        let target = Key::of(name).map_or(nonce.clone(), |key| format!("{nonce}.{}", key.as_str()));
        match dir.rename(name, &quarantine, &target) {
            Ok(()) => sync_all(&[(&quarantine, QUARANTINE), (&**dir, &self.path)]).map(|()| true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at(&self.path, &error)),
        }
    }
}

/// Moves what stands beside a thing that is being removed into `quarantine` in `store`, under a name that tells of which
/// thing it was. What is gone already is gone.
pub(crate) fn set_aside<D: Directory>(store: &D, dir: &D, name: &str, of: &str) -> Result<()> {
    let at = |error: FsError| Error::at(name, &error);
    let quarantine = ensure_dir(store, QUARANTINE)?;
    let name_there = Key::of(name).map_or_else(|_| String::from("unnamed"), |key| String::from(key.as_str()));
    for n in 0u32.. {
        let target = format!("{of}.{n}.{name_there}");
        match quarantine.metadata(&target) {
            Ok(_) => {}
            Err(FsError::NotFound) => {
                return match dir.rename(name, &quarantine, &target) {
                    Ok(()) => sync_all(&[(&quarantine, QUARANTINE), (dir, name), (store, QUARANTINE)]),
                    Err(FsError::NotFound) => Ok(()),
                    Err(error) => Err(at(error)),
                };
            }
            Err(error) => return Err(at(error)),
        }
    }
    Ok(())
}
