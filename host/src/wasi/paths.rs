//! Paths of the component, taken apart here: the directory capability knows single names only.

use crate::bindings::wasi::filesystem::types::ErrorCode;
use leasehold_core::capability::Directory;

/// Where a path leads.
pub(super) enum Place<'path, D> {
    /// The name in a directory at or beneath the start.
    Entry(D, &'path str),
    /// The start itself, as in `.`.
    Start,
}

/// Walks `path` from `start` down to the last name. It never leads up or out: `..` and a leading `/` are refused,
/// and a directory refuses links.
pub(super) fn resolve<'path, D: Directory>(start: &D, path: &'path str) -> Result<Place<'path, D>, ErrorCode> {
    if is_name(path) {
        return Ok(Place::Entry(start.clone(), path));
    }
    if path.is_empty() || path.contains('\0') {
        return Err(ErrorCode::Invalid);
    }
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(ErrorCode::NotPermitted);
    }
    let mut names = path.split('/').filter(|part| is_name(part));
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

fn is_name(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.bytes().any(|byte| matches!(byte, b'/' | 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::{ErrorCode, Place, resolve};
    use crate::directory::NativeDirectory;
    use leasehold_core::capability::Directory;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// What stands at `path`, seen from the directory `inside` of a place that holds more.
    fn seen(path: &str) -> Result<Option<u64>, ErrorCode> {
        let place = TempDir::new().unwrap();
        let inside = place.path().join("inside");
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::write(inside.join("a/b/file"), "123").unwrap();
        fs::write(place.path().join("outside"), "secret").unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink("a", inside.join("along")).unwrap();
        let start = NativeDirectory::open_ambient(&inside).unwrap();
        match resolve(&start, path)? {
            Place::Start => Ok(None),
            Place::Entry(directory, name) => Ok(Some(directory.metadata(name)?.size)),
        }
    }

    #[test]
    fn a_path_leads_down() {
        assert_eq!(seen("a/b/file"), Ok(Some(3)));
        assert_eq!(seen("./a/./b//file"), Ok(Some(3)));
        for start in [".", "./", "././."] {
            assert_eq!(seen(start), Ok(None), "{start}");
        }
        assert_eq!(seen("a/c/file"), Err(ErrorCode::NoEntry));
        assert_eq!(seen("a/b/file/x"), Err(ErrorCode::NotDirectory));
    }

    #[test]
    fn a_path_never_leads_up_or_out() {
        for path in ["..", "../outside", "a/../../outside", "a/b/..", "/", "/a", "//a/b/file", "/../outside"] {
            assert_eq!(seen(path), Err(ErrorCode::NotPermitted), "{path}");
        }
        for path in ["up/outside", "up/inside/a", "along/b/file"] {
            assert_eq!(seen(path), Err(ErrorCode::Loop), "{path}");
        }
        for path in ["", "a\0b", "a/b\0/file"] {
            assert_eq!(seen(path), Err(ErrorCode::Invalid), "{path:?}");
        }
    }
}
