//! Small steps on a directory that several protocols take.

use crate::Durability;
use crate::capability::{Directory, File, FsError, FsResult, Kind};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Whether a call waits for the disk, given what its store does by default.
pub(crate) fn is_sync(durability: Durability, standard: bool) -> bool {
    match durability {
        Durability::Standard => standard,
        Durability::Synced => true,
        Durability::Unsynced => false,
    }
}

/// Opens a directory beneath `parent`, `None` where there is none.
pub(crate) fn open_or_absent<D: Directory>(parent: &D, name: &str) -> Result<Option<D>> {
    match parent.open_dir(name) {
        Ok(dir) => Ok(Some(dir)),
        Err(FsError::NotFound) => Ok(None),
        Err(FsError::NotDirectory | FsError::Link) => {
            Err(Error::Damaged(format!("{name}: something that is not a directory stands here, move it away")))
        }
        Err(error) => Err(Error::at(name, &error)),
    }
}

/// Opens a directory beneath `parent`, making it first where there is none.
///
/// # Errors
/// [`Error::NotFound`] if `parent` itself was removed.
pub(crate) fn ensure_dir<D: Directory>(parent: &D, name: &str) -> Result<D> {
    try_ensure_dir(parent, name)?.ok_or_else(|| Error::NotFound(format!("{name}: the directory above was removed")))
}

/// Opens a directory beneath `parent`, making it first where there is none; `None` if `parent` itself was removed,
/// or the directory is removed as fast as it is made.
pub(crate) fn try_ensure_dir<D: Directory>(parent: &D, name: &str) -> Result<Option<D>> {
    for _ in 0..3 {
        if let Some(dir) = open_or_absent(parent, name)? {
            return Ok(Some(dir));
        }
        match parent.create_dir(name) {
            Ok(()) | Err(FsError::Exists) => {}
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(Error::at(name, &error)),
        }
    }
    Ok(None)
}

/// Lists a directory, a second time if it came back empty: on btrfs a listing during a rename may. A directory that
/// was removed since it was opened is empty as well, whether or not the system says so.
pub(crate) fn list_entries<D: Directory>(dir: &D) -> FsResult<Vec<(String, Kind)>> {
    let mut entries = Vec::new();
    for_each_entry(dir, &mut |name, kind| entries.push((String::from(name), kind)))?;
    Ok(entries)
}

/// The same, shown one by one.
pub(crate) fn for_each_entry<D: Directory>(dir: &D, visit: &mut dyn FnMut(&str, Kind)) -> FsResult<()> {
    let mut is_empty = true;
    for _ in 0..2 {
        let listed = dir.list(&mut |name, kind| {
            is_empty = false;
            visit(name, kind);
        });
        match listed {
            Ok(()) if is_empty => {}
            Ok(()) | Err(FsError::NotFound) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads a whole file of at most `limit` bytes; `None` if it is longer.
pub(crate) fn read_file<F: File>(file: &F, limit: usize) -> FsResult<Option<Vec<u8>>> {
    read_sized(file, file.metadata()?.size, limit)
}

/// Reads a file that is known to have `size` bytes; `None` if that is over `limit`.
pub(crate) fn read_sized<F: File>(file: &F, size: u64, limit: usize) -> FsResult<Option<Vec<u8>>> {
    read_from(file, 0, size, limit)
}

/// Reads `size` bytes at `start`, or as many as there are; `None` if that is over `limit`.
pub(crate) fn read_from<F: File>(file: &F, start: u64, size: u64, limit: usize) -> FsResult<Option<Vec<u8>>> {
    let Some(size) = usize::try_from(size).ok().filter(|size| *size <= limit) else {
        return Ok(None);
    };
    let mut data = vec![0; size];
    let mut filled = 0;
    while filled < size {
        let read = file.read_at(&mut data[filled..], start.saturating_add(filled as u64))?;
        if read == 0 {
            data.truncate(filled);
            break;
        }
        filled += read;
    }
    Ok(Some(data))
}

/// Writes all of `data` at `offset`.
pub(crate) fn write_all<F: File>(file: &F, data: &[u8], offset: u64) -> FsResult<()> {
    let mut written = 0;
    while written < data.len() {
        let step = file.write_at(&data[written..], offset.saturating_add(written as u64))?;
        if step == 0 {
            return Err(FsError::NoSpace);
        }
        written += step;
    }
    Ok(())
}

/// Makes a file with content; what could not be written whole is removed again.
pub(crate) fn create_file<D: Directory>(dir: &D, name: &str, parts: &[&[u8]]) -> FsResult<D::File> {
    let file = dir.create(name)?;
    let mut offset = 0;
    // One after the other: a part may be long, and is not copied.
    let written = parts.iter().try_for_each(|part| {
        write_all(&file, part, offset)?;
        offset = offset.saturating_add(part.len() as u64);
        Ok(())
    });
    match written {
        Ok(()) => Ok(file),
        Err(error) => {
            drop(file);
            let _ = dir.unlink(name);
            Err(error)
        }
    }
}

/// Removes a directory and what is in it. What somebody else removes meanwhile is gone as well.
pub(crate) fn remove_tree<D: Directory>(parent: &D, name: &str) -> FsResult<()> {
    let gone = |result: FsResult<()>| match result {
        Err(FsError::NotFound) => Ok(()),
        other => other,
    };
    let dir = match parent.open_dir(name) {
        Ok(dir) => dir,
        Err(FsError::NotFound) => return Ok(()),
        Err(FsError::NotDirectory | FsError::Link) => return gone(parent.unlink(name)),
        Err(error) => return Err(error),
    };
    for attempt in 1.. {
        for (entry, kind) in list_entries(&dir)? {
            match kind {
                Kind::Directory => remove_tree(&dir, &entry)?,
                _ => gone(dir.unlink(&entry))?,
            }
        }
        match gone(parent.remove_dir(name)) {
            // Somebody put something in between the listing and now, or the listing was empty falsely.
            Err(FsError::NotEmpty | FsError::Exists) if attempt < TRIES_MAX => {}
            other => return other,
        }
    }
    Ok(())
}

/// Syncs directories, naming the one that failed.
pub(crate) fn sync_all<D: Directory>(dirs: &[(&D, &str)]) -> Result<()> {
    for (dir, what) in dirs {
        // A directory that was removed since has nothing left to lose.
        match dir.sync() {
            Ok(()) | Err(FsError::NotFound) => {}
            Err(error) => return Err(Error::at(what, &error)),
        }
    }
    Ok(())
}
