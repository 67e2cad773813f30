//! Making a batch where nobody looks: a directory with a name for each task, all of them names of one file.
//!
//! That is the pack of the instance where there is room in it. Else it is one file for a thousand tasks, made under the name
//! of the first of them. So a batch that is synced waits for the disk as often as it has files, and once for the directory.

use super::entry::Entry;
use super::push::Checked;
use crate::capability::{Directory, Environment, File, FsError, FsResult};
use crate::error::{Error, Result};
use crate::store::{Extent, PACK_LINKS_MAX, Pack, SEPARATOR, create_file, write_all};
use alloc::string::String;
use alloc::vec::Vec;

/// How much is written at once, in bytes, where it is not one payload.
const WRITTEN_BYTES: usize = 256 * 1024;

/// Makes the batch `name` in `tmp`; `None` if a directory on the way was removed. Where a file can have one name only,
/// each task has a file of its own, and `pack` learns of it.
pub(crate) fn make<D: Directory>(
    tmp: &D,
    name: &str,
    tasks: &[Checked<'_>],
    entries: &[Entry],
    pack: &Pack<D>,
    environment: &Environment,
    sync: bool,
) -> Result<Option<D>> {
    let made = tmp.create_dir(name).and_then(|()| tmp.open_dir(name)).and_then(|dir| {
        let bytes = tasks.iter().map(Checked::length).sum();
        if pack.takes_all(tasks.len(), bytes) && link_all(tmp, &dir, tasks, entries, pack, environment)? {
            if sync {
                pack.sync()?;
            }
            return Ok(dir);
        }
        let mut at = 0;
        let mut is_single = pack.is_refused();
        while at < tasks.len() {
            let end = if is_single { at + 1 } else { tasks.len().min(at + PACK_LINKS_MAX) };
            let made = match (&tasks[at..end], &entries[at..end]) {
                ([task], [entry]) => create_file(&dir, &entry.text(), &[task.payload, &task.trailer]),
                (tasks, entries) => match make_pack(&dir, tasks, entries, environment) {
                    Err(FsError::Unsupported) => {
                        is_single = true;
                        continue;
                    }
                    other => other,
                },
            };
            let file = made?;
            if sync {
                file.sync()?;
            }
            at = end;
        }
        Ok(dir)
    });
    match made {
        Ok(dir) => Ok(Some(dir)),
        Err(FsError::NotFound) => Ok(None),
        Err(error) => Err(Error::at("a batch", &error)),
    }
}

/// Gives each task a name of the pack; `false` if a file can have one name only, and then nothing is left.
fn link_all<D: Directory>(
    tmp: &D,
    dir: &D,
    tasks: &[Checked<'_>],
    entries: &[Entry],
    pack: &Pack<D>,
    environment: &Environment,
) -> FsResult<bool> {
    let parts: Vec<[&[u8]; 2]> = tasks.iter().map(|task| [task.payload, task.trailer.as_slice()]).collect();
    let extents = pack.append_all(tmp, parts.iter().map(<[&[u8]; 2]>::as_slice), environment)?;
    let mut made: Vec<String> = Vec::with_capacity(entries.len());
    for (entry, extent) in entries.iter().zip(extents) {
        let name = Entry { extent: Some(extent), ..entry.clone() }.text();
        if !pack.link(dir, &name)? {
            made.iter().try_for_each(|name| dir.unlink(name))?;
            return Ok(false);
        }
        made.push(name);
    }
    Ok(true)
}

/// Makes one file of several tasks. [`FsError::Unsupported`] if it can have one name only; then nothing is left of it.
fn make_pack<D: Directory>(
    dir: &D,
    tasks: &[Checked<'_>],
    entries: &[Entry],
    environment: &Environment,
) -> FsResult<D::File> {
    let pack = Extent::draw_pack(environment);
    let mut at = 0;
    let names = tasks.iter().zip(entries).map(|(task, entry)| {
        let extent = Extent { pack, at, length: task.length() as u64 };
        at = at.saturating_add(extent.length).saturating_add(SEPARATOR.len() as u64);
        Entry { extent: Some(extent), ..entry.clone() }.text()
    });
    let names: Vec<String> = names.collect();
    let [first, others @ ..] = names.as_slice() else { return Err(FsError::Invalid) };
    let file = dir.create(first)?;
    write_tasks(&file, tasks)?;
    for (linked, name) in others.iter().enumerate() {
        match dir.link(first, dir, name) {
            Ok(()) => {}
            Err(error @ (FsError::NotFound | FsError::NoSpace | FsError::ReadOnly)) => return Err(error),
            Err(_) => {
                for name in &names[..=linked] {
                    dir.unlink(name)?;
                }
                return Err(FsError::Unsupported);
            }
        }
    }
    Ok(file)
}

fn write_tasks<F: File>(file: &F, tasks: &[Checked<'_>]) -> FsResult<()> {
    let mut buffer = Vec::new();
    let mut at: u64 = 0;
    for part in tasks.iter().flat_map(|task| [task.payload, &task.trailer, SEPARATOR]) {
        if buffer.len() + part.len() > WRITTEN_BYTES {
            write_all(file, &buffer, at)?;
            at = at.saturating_add(buffer.len() as u64);
            buffer.clear();
        }
        if part.len() > WRITTEN_BYTES {
            // Long, and not copied.
            write_all(file, part, at)?;
            at = at.saturating_add(part.len() as u64);
        } else {
            buffer.extend_from_slice(part);
        }
    }
    write_all(file, &buffer, at)
}
