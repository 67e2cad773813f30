//! Paths of the component, taken apart here: the directory capability knows single names only.

use crate::bindings::wasi::filesystem::types::ErrorCode;
use leasehold_core::capability::Directory;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'path, D> {
    /// The name in a directory at or beneath the start.
    Entry(D, &'path str),
    /// The start itself, as in `.`.
    Start,
}

/// Walks `path` from `start` down to the last name. It never leads up or out: `..` and a leading `/` are refused,
/// and a directory refuses links.
pub(super) fn resolve<'path, D: Directory>(start: &D, path: &'path str) -> Result<Place<'path, D>, ErrorCode> {
    if path.is_empty() || path.contains('\0') {
        return Err(ErrorCode::Invalid);
    }
    if path.starts_with('/') || path.split('/').any(|name| name == "..") {
        return Err(ErrorCode::NotPermitted);
    }
    let mut names = path.split('/').filter(|name| !name.is_empty() && *name != ".");
    let Some(last) = names.next_back() else {
        return Ok(Place::Start);
    };
    let mut directory = start.clone();
    for name in names {
        directory = directory.open_dir(name)?;
    }
    Ok(Place::Entry(directory, last))
}

/// The same, for what needs a name.
pub(super) fn resolve_entry<'path, D: Directory>(start: &D, path: &'path str) -> Result<(D, &'path str), ErrorCode> {
    match resolve(start, path)? {
        Place::Entry(directory, name) => Ok((directory, name)),
        Place::Start => Err(ErrorCode::Invalid),
    }
}
