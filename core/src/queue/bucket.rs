//! Buckets: the directories into which `pending` is divided, so that no claim lists all of a long queue.
//!
//! `pending/<priority>/<window>-<shard>/` holds tasks of one priority that are due within one window of
//! about four seconds; an instance that pushes more than fits goes on in another, `<due>-<shard>`, in which nothing is
//! due earlier than that. A batch is a bucket of its own, `<due>-<nonce>`, published by one rename; the tasks in it may have
//! several priorities and due times, and it stands where the most urgent of them does. So however much is pushed in
//! one window, a claim lists what is due first, and not all of it.
//!
//! Buckets whose window is past are removed when the kernel agrees that they are empty. A rename into one
//! that was removed fails as a whole, and is done again into one made anew.

use super::layout::Layout;
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::{PRIORITY_MAX, TRIES_MAX};
use crate::name::{Nonce, Text, number};
use crate::store::{open_or_absent, sync_all, try_ensure_dir};
use alloc::format;
use alloc::string::String;

/// A window is 2^12 ms long.
const WINDOW_BITS: u32 = 12;
const WINDOW_DIGITS: usize = 8;
/// How many tasks an instance puts into one shard of a window.
pub(crate) const SHARD_TASKS: u64 = 1_000;

/// Where a bucket stands, and which part of a priority's tasks it can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BucketName {
    pub(crate) priority: u8,
    from_ms: u64,
    /// Whether it begins where its window does, and is named by that.
    is_first: bool,
    suffix: String,
}

impl BucketName {
    /// The bucket for single tasks that are due at `due_ms`.
    pub(crate) fn shared(priority: u8, due_ms: u64, shard: u64) -> Self {
        BucketName { priority, from_ms: due_ms >> WINDOW_BITS << WINDOW_BITS, is_first: true, suffix: digits(shard) }
    }

    /// The bucket for single tasks of the same window that are due at `from_ms` or later.
    pub(crate) fn next(priority: u8, from_ms: u64, shard: u64) -> Self {
        BucketName { priority, from_ms, is_first: false, suffix: digits(shard) }
    }

    /// The bucket that is one batch.
    pub(crate) fn of_batch(priority: u8, due_ms: u64, nonce: Nonce) -> Self {
        BucketName { priority, from_ms: due_ms, is_first: false, suffix: nonce.text() }
    }

    pub(crate) fn parse(priority: u8, text: &str) -> Option<Self> {
        let (start, suffix) = text.split_once('-')?;
        let is_first = start.len() == WINDOW_DIGITS;
        let from_ms = if is_first {
            number::read_fixed(start, WINDOW_DIGITS)? << WINDOW_BITS
        } else {
            number::read_fixed(start, number::MOMENT_DIGITS)?
        };
        let is_suffix = Nonce::read(suffix).is_some() || (suffix.len() <= 8 && number::read(suffix).is_some());
        is_suffix.then(|| BucketName { priority, from_ms, is_first, suffix: String::from(suffix) })
    }

    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(number::MOMENT_DIGITS + 1 + self.suffix.len());
        if self.is_first {
            number::write_fixed(&mut out, self.from_ms >> WINDOW_BITS, WINDOW_DIGITS);
        } else {
            number::write_fixed(&mut out, self.from_ms, number::MOMENT_DIGITS);
        }
        out.push('-');
        out.push_str(&self.suffix);
        out.finish()
    }

    /// The earliest due time of what can stand in it.
    pub(crate) fn earliest_ms(&self) -> u64 {
        self.from_ms
    }

    /// Whether nobody with a clock like ours puts anything in any more: its window is over, or it is a batch.
    pub(crate) fn is_past(&self, now_ms: u64) -> bool {
        self.from_ms >> WINDOW_BITS < now_ms >> WINDOW_BITS || Nonce::read(&self.suffix).is_some()
    }
}

fn digits(shard: u64) -> String {
    let mut digits = Text::with_capacity(0);
    number::write(&mut digits, shard);
    digits.finish()
}

/// The name of a priority's directory in `pending`.
pub(crate) fn priority_dir(priority: u8) -> String {
    String::from(char::from(b'0' + priority.min(PRIORITY_MAX)))
}

/// The priority whose directory this is.
pub(crate) fn parse_priority_dir(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        _ => None,
    }
}

/// The name under which a file goes out of the way that stands where the directory of a priority belongs.
pub(crate) fn aside(name: &str, nonce: Nonce) -> String {
    format!("{name}.{}", nonce.text())
}

/// The priority whose directory this is, or was: whoever moves a file out of the way may be late, and move the
/// directory that was made in its place. What stands in that is claimed all the same.
pub(crate) fn parse_any_priority_dir(text: &str) -> Option<u8> {
    match text.split_once('.') {
        Some((priority, nonce)) => Nonce::read(nonce).and_then(|_| parse_priority_dir(priority)),
        None => parse_priority_dir(text),
    }
}

/// A bucket as it was opened, with the directories that it stands in.
#[derive(Debug)]
pub(crate) struct Opened<D> {
    pub(crate) dir: D,
    pub(crate) priority: D,
    pending: D,
}

impl<D: Directory> Opened<D> {
    /// Returns once what was put into the bucket is on the disk, and the way to it.
    pub(crate) fn sync(&self, layout: &Layout<D>) -> Result<()> {
        sync_all(&[(&self.dir, "a bucket")])?;
        self.anchor(layout)
    }

    /// Returns once the bucket itself is on the disk.
    pub(crate) fn anchor(&self, layout: &Layout<D>) -> Result<()> {
        sync_all(&[(&self.priority, "pending"), (&self.pending, "pending")])?;
        // Somebody removed `pending`: the one that was made in its place may not be on the disk.
        if layout.is_doubted() { sync_all(&[(&layout.queue, "the queue")]) } else { Ok(()) }
    }
}

fn open_in<D: Directory>(pending: &D, bucket: &BucketName) -> Result<Option<Opened<D>>> {
    let Some(priority) = open_or_absent(pending, &priority_dir(bucket.priority))? else { return Ok(None) };
    let Some(dir) = open_or_absent(&priority, &bucket.text())? else { return Ok(None) };
    Ok(Some(Opened { dir, priority, pending: pending.clone() }))
}

/// Opens a bucket, if it is there.
pub(crate) fn open<D: Directory>(layout: &Layout<D>, bucket: &BucketName) -> Result<Option<Opened<D>>> {
    open_in(&layout.pending, bucket)
}

/// Opens a bucket, making it first where there is none.
pub(crate) fn ensure<D: Directory>(layout: &Layout<D>, bucket: &BucketName) -> Result<Opened<D>> {
    let mut pending = layout.pending.clone();
    for _ in 0..TRIES_MAX {
        if let Some(priority) = try_ensure_dir(&pending, &priority_dir(bucket.priority))?
            && let Some(dir) = try_ensure_dir(&priority, &bucket.text())?
        {
            return Ok(Opened { dir, priority, pending });
        }
        // Somebody removed `pending` itself: by its name there is, or will be, another.
        pending = layout.reopen("pending")?;
    }
    Err(removed_as_made(bucket))
}

/// Renames `from/name` to `target` in a bucket, making the bucket where need be. Answers the bucket; `None` if
/// `from/name` is not there any more.
pub(crate) fn rename_into<D: Directory>(
    from: &D,
    name: &str,
    layout: &Layout<D>,
    bucket: &BucketName,
    target: &str,
) -> Result<Option<Opened<D>>> {
    for _ in 0..TRIES_MAX {
        let opened = match open(layout, bucket)? {
            Some(opened) => opened,
            // No bucket is made for what is not there.
            None if from.metadata(name) == Err(FsError::NotFound) => return Ok(None),
            None => match ensure(layout, bucket) {
                Ok(opened) => opened,
                // The queue itself is gone, and what stood in it.
                Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        match from.rename(name, &opened.dir, target) {
            Ok(()) => return Ok(Some(opened)),
            // Which of the two is gone? If it is the bucket, it is made again.
            Err(FsError::NotFound) => match from.metadata(name) {
                Ok(_) => {}
                Err(FsError::NotFound) => return Ok(None),
                Err(error) => return Err(Error::at(name, &error)),
            },
            Err(error) => return Err(Error::at(target, &error)),
        }
    }
    Err(removed_as_made(bucket))
}

fn removed_as_made(bucket: &BucketName) -> Error {
    Error::Exhausted(format!("bucket {} is removed as fast as it is made, try again", bucket.text()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_reads_back_as_written(priority in 0u8..10, due_ms in 0..=number::MOMENT_MAX, shard in 0u64..2000) {
            let bucket = BucketName::shared(priority, due_ms, shard);
            prop_assert_eq!(BucketName::parse(priority, &bucket.text()), Some(bucket.clone()));
            prop_assert!(bucket.earliest_ms() <= due_ms);
        }

        #[test]
        fn buckets_sort_as_their_windows(a in 0..=number::MOMENT_MAX, b in 0..=number::MOMENT_MAX) {
            let (x, y) = (BucketName::shared(0, a, 0), BucketName::shared(0, b, 0));
            prop_assert_eq!(x.earliest_ms().cmp(&y.earliest_ms()), x.text().cmp(&y.text()));
        }
    }
}
