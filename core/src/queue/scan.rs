//! Looking through the directories of a queue.

use super::bucket::{self, BucketName};
use super::layout::Layout;
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::store::TMP;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;

/// Something that stands in a directory of a queue.
#[derive(Debug)]
pub(crate) struct Found<D> {
    pub(crate) dir: Rc<D>,
    /// The directory's path beneath the queue's.
    pub(crate) path: Rc<str>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The bucket's priority, in `pending`.
    pub(crate) priority: Option<u8>,
    /// Whether it is a directory that should be looked into, and cannot be.
    pub(crate) is_unreadable: bool,
}

impl<D> Found<D> {
    pub(crate) fn full_path(&self) -> String {
        format!("{}/{}", self.path, self.name)
    }
}

impl<D: Directory> Layout<D> {
    /// Visits everything in `pending`: what stands in buckets, and what is out of place.
    pub(crate) fn for_each_pending(&self, visit: &mut dyn FnMut(Found<D>) -> Result<()>) -> Result<()> {
        if self.is_absent("pending") {
            return Ok(());
        }
        let pending = Rc::new(self.pending.clone());
        each(&pending, "pending", None, &mut |found| {
            let Some(priority) = bucket::parse_any_priority_dir(&found.name).filter(|_| found.kind == Kind::Directory)
            else {
                return visit(found);
            };
            let path = found.full_path();
            let Some(buckets) = open(found, visit)? else { return Ok(()) };
            each(&buckets, &path, Some(priority), &mut |found| {
                let is_bucket = found.kind == Kind::Directory && BucketName::parse(priority, &found.name).is_some();
                if !is_bucket {
                    return visit(found);
                }
                let path = found.full_path();
                let Some(bucket) = open(found, visit)? else { return Ok(()) };
                each(&bucket, &path, Some(priority), visit)
            })
        })
    }

    /// Visits everything in `claimed`, `done` or `dead`.
    pub(crate) fn for_each_in(&self, name: &str, visit: &mut dyn FnMut(Found<D>) -> Result<()>) -> Result<()> {
        if self.is_absent(name) {
            return Ok(());
        }
        each(&Rc::new(self.fixed(name).clone()), name, None, visit)
    }

    /// Visits what is being made.
    pub(crate) fn for_each_in_tmp(&self, visit: &mut dyn FnMut(Found<D>) -> Result<()>) -> Result<()> {
        if self.is_absent(TMP) { Ok(()) } else { each(&Rc::new(self.tmp.clone()), TMP, None, visit) }
    }

    /// Visits everything in `claimed`, `done` and `dead`.
    pub(crate) fn for_each_fixed(&self, visit: &mut dyn FnMut(Found<D>) -> Result<()>) -> Result<()> {
        ["claimed", "done", "dead"].into_iter().try_for_each(|name| self.for_each_in(name, visit))
    }
}

/// Opens a directory that was found; `None` if it is gone, or cannot be looked into: then it is visited itself.
fn open<D: Directory>(found: Found<D>, visit: &mut dyn FnMut(Found<D>) -> Result<()>) -> Result<Option<Rc<D>>> {
    match found.dir.open_dir(&found.name) {
        Ok(dir) => Ok(Some(Rc::new(dir))),
        Err(FsError::NotFound) => Ok(None),
        Err(_) => visit(Found { is_unreadable: true, ..found }).map(|()| None),
    }
}

/// Visits the entries of a directory as they are listed, so that one of any length can be looked through. Twice if
/// nothing was there, as [`list_entries`](crate::store::list_entries) does. A visitor may change what it is shown.
fn each<D: Directory>(
    dir: &Rc<D>,
    path: &str,
    priority: Option<u8>,
    visit: &mut dyn FnMut(Found<D>) -> Result<()>,
) -> Result<()> {
    let path: Rc<str> = Rc::from(path);
    let mut is_empty = true;
    let mut failed = None;
    for _ in 0..2 {
        let listed = dir.list(&mut |name, kind| {
            is_empty = false;
            if failed.is_none() {
                let (dir, path, name) = (Rc::clone(dir), Rc::clone(&path), String::from(name));
                failed = visit(Found { dir, path, name, kind, priority, is_unreadable: false }).err();
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        match listed {
            Ok(()) if is_empty => {}
            Ok(()) | Err(FsError::NotFound) => break,
            Err(error) => return Err(Error::at(&path, &error)),
        }
    }
    Ok(())
}
