//! Pushing.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | an instance's first task | `tmp/n` → `pending/<bucket>/<name>` | the rename | `tmp/n`, which a sweep takes |
//! | its next ones, each alone | a second name of the pack `tmp/n`: `pending/<bucket>/<name>` | the link | `tmp/n`, likewise |
//! | likewise, synced again and again | a name of a reserve: `reserved/n.i` → `pending/<bucket>/<name>` ([`super::reserve`]) | the rename | the record |
//! | a group: tasks of one kind, one name ([`super::group`]) | the same | the link | the same |
//! | any other batch: one file, a name for each task | `tmp/n/` → `pending/<bucket>` | the rename | `tmp/n/`, likewise |
//! | given ids | see [`super::given`] | a swap each | the tasks before it; pushing again completes it |

use super::batch;
use super::bucket::{self, BucketName, Opened};
use super::content::{checksum, trailer};
use super::entry::{Entry, Place, SEQ_LIMIT};
use super::group::{self, Group};
use super::layout::Layout;
use super::task::{NewTask, OnDuplicate};
use super::{Queue, check_duration};
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::{
    ATTEMPTS_DEFAULT, ATTEMPTS_MAX, BATCH_BYTES_MAX, BATCH_TASKS_MAX, PAYLOAD_BYTES_MAX, PRIORITY_DEFAULT,
    PRIORITY_MAX, TRIES_MAX,
};
use crate::name::{Key, Nonce};
use crate::store::{SEPARATOR, create_file, is_sync, remove_tree, sync_all, try_ensure_dir};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

/// A task that has been checked, with everything but its place in the order.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) id: Option<(&'a str, Key)>,
    pub(crate) payload: &'a [u8],
    pub(crate) trailer: Vec<u8>,
    priority: u8,
    delay_ms: u64,
    max: u32,
}

impl Checked<'_> {
    fn check<'a>(task: &'a NewTask<'a>) -> Result<Checked<'a>> {
        let id = match task.id {
            Some(id) => Some((id, Key::of(id)?)),
            None => None,
        };
        let payload = task.payload;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Error::TooLarge(format!(
                "a payload of {} bytes, use at most {PAYLOAD_BYTES_MAX}",
                payload.len()
            )));
        }
        let priority = task.priority.unwrap_or(PRIORITY_DEFAULT);
        if priority > PRIORITY_MAX {
            return Err(Error::InvalidArgument(format!("priority {priority}, use 0 (first) to {PRIORITY_MAX}")));
        }
        let max = task.max_attempts.unwrap_or(ATTEMPTS_DEFAULT);
        if !(1..=ATTEMPTS_MAX).contains(&max) {
            return Err(Error::InvalidArgument(format!("{max} attempts at most, use 1 to {ATTEMPTS_MAX}")));
        }
        check_duration("a delay", task.delay_ms, true)?;
        Ok(Checked { id, payload, trailer: trailer(task.attributes)?, priority, delay_ms: task.delay_ms, max })
    }

    /// Whether the two can be tasks of one group.
    fn is_of_kind(&self, other: &Self) -> bool {
        (self.priority, self.delay_ms, self.max) == (other.priority, other.delay_ms, other.max)
    }

    /// How many bytes the payload and its attributes have.
    pub(crate) fn length(&self) -> usize {
        self.payload.len() + self.trailer.len()
    }

    /// The task as it is born, pending.
    pub(crate) fn entry(&self, nonce: Nonce, token: u64, now_ms: u64, order_ms: u64, seq: u32) -> Entry {
        Entry {
            due_ms: order_ms.saturating_add(self.delay_ms),
            seq,
            nonce,
            token,
            tries: 0,
            max: self.max,
            enqueued_ms: now_ms,
            size: self.payload.len() as u64,
            extent: None,
            group: None,
            crc: checksum(self.payload, &self.trailer),
            priority: self.priority,
            note: None,
            place: Place::Pending,
        }
    }
}

impl<D: Directory> Queue<D> {
    /// Pushes tasks and answers their ids, in order. Synced by default.
    ///
    /// Tasks without ids are published all or nothing. Where tasks have ids, each has one, and the batch is idempotent
    /// instead: after a failure, pushing it again with [`OnDuplicate::Keep`] completes it.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::InvalidArgument`], [`Error::TooLarge`] before anything is changed;
    /// [`Error::Exists`] or [`Error::Held`] for an id that is live, as `on_duplicate` says; [`Error::Io`].
    pub fn push(
        &self,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>> {
        if tasks.len() > BATCH_TASKS_MAX {
            return Err(Error::TooLarge(format!("{} tasks in one push, use at most {BATCH_TASKS_MAX}", tasks.len())));
        }
        let bytes: usize = tasks.iter().map(|task| task.payload.len()).sum();
        if bytes > BATCH_BYTES_MAX {
            return Err(Error::TooLarge(format!("{bytes} bytes in one push, use at most {BATCH_BYTES_MAX}")));
        }
        let checked = tasks.iter().map(Checked::check).collect::<Result<Vec<_>>>()?;
        let given = checked.iter().filter(|task| task.id.is_some()).count();
        if given != 0 && given != checked.len() {
            return Err(Error::InvalidArgument(String::from("a batch gives an id to every task or to none")));
        }
        let mut keys = BTreeSet::new();
        if let Some((id, _)) = checked.iter().filter_map(|task| task.id.as_ref()).find(|(_, key)| !keys.insert(key)) {
            return Err(Error::InvalidArgument(format!("id {id:?} stands twice in one batch")));
        }
        let sync = is_sync(durability, true);
        if checked.is_empty() {
            return Ok(Vec::new());
        }
        if given != 0 {
            self.candidates.borrow_mut().clear();
            return self.push_given(&checked, on_duplicate, sync);
        }
        match checked.as_slice() {
            [one] => Ok(alloc::vec![self.with_way_made(|| self.push_one(one, sync))?]),
            many => {
                // What is pushed by this instance is seen by it at once, whatever it has listed before.
                self.candidates.borrow_mut().clear();
                if let Some(ids) = self.with_way_made(|| self.push_group(many, sync))? {
                    return Ok(ids);
                }
                self.with_way_made(|| self.push_batch(many, sync))
            }
        }
    }

    /// The entry of a new task without a given id.
    fn new_entry(&self, task: &Checked<'_>, order_ms: u64, seq: u32) -> Entry {
        let now_ms = self.environment().now_ms();
        task.entry(Nonce::draw(self.environment()), 0, now_ms, order_ms, seq)
    }

    fn push_one(&self, task: &Checked<'_>, sync: bool) -> Result<String> {
        let (order_ms, seq) = self.take_order(1);
        let entry = self.new_entry(task, order_ms, seq);
        let parts: [&[u8]; 2] = [task.payload, &task.trailer];
        if self.pack.takes(task.length()) && self.push_packed(&parts, &entry, sync)? {
            return Ok(entry.nonce.text());
        }
        self.push_file(task, &entry, sync)
    }

    /// Pushes tasks of one kind as one name; `None` if they are not of one kind, too many or too long for that, or a file
    /// can have one name only here.
    fn push_group(&self, tasks: &[Checked<'_>], sync: bool) -> Result<Option<Vec<String>>> {
        let Some(group) = Group::of(tasks.len()) else { return Ok(None) };
        let [first, others @ ..] = tasks else { return Ok(None) };
        if !others.iter().all(|task| task.is_of_kind(first)) {
            return Ok(None);
        }
        let (index, crc) = group::index_of(tasks);
        let parts = group_parts(tasks, &index);
        let bytes = parts.iter().map(|part| part.len()).sum();
        if !self.pack.takes_group(bytes) {
            return Ok(None);
        }
        let count = u32::try_from(tasks.len()).unwrap_or(SEQ_LIMIT);
        let (order_ms, seq) = self.take_order(count);
        let alone = self.new_entry(first, order_ms, seq);
        let entry = Entry { nonce: alone.nonce.of_group(), group: Some(group), crc, ..alone };
        let is_pushed = self.push_packed(&parts, &entry, sync)?;
        Ok(is_pushed.then(|| entry.nonces().map(|nonce| nonce.text()).collect()))
    }

    /// Pushes a task as a file of its own.
    fn push_file(&self, task: &Checked<'_>, entry: &Entry, sync: bool) -> Result<String> {
        let id = entry.nonce.text();
        let target = entry.text();
        for _ in 0..TRIES_MAX {
            let layout = self.layout_made()?;
            let file = match create_file(&layout.tmp, &id, &[task.payload, &task.trailer]) {
                Ok(file) => file,
                // Somebody removed the queue's directories: they are made again.
                Err(FsError::NotFound) => {
                    self.forget_layout();
                    continue;
                }
                Err(error) => return Err(Error::at("a task", &error)),
            };
            let bucket = self.take_bucket(entry.priority, entry.due_ms);
            match bucket::rename_into(&layout.tmp, &id, &layout, &bucket, &target) {
                Ok(Some(opened)) => {
                    if sync {
                        file.sync().map_err(|error| Error::at("a task", &error))?;
                        opened.sync(&layout)?;
                        self.sync_published(&layout)?;
                    }
                    self.learn(entry, target, &bucket, &opened);
                    return Ok(id);
                }
                // A sweeper took it for debris, or somebody removed the directories.
                Ok(None) => self.forget_layout(),
                Err(error) => {
                    let _ = layout.tmp.unlink(&id);
                    return Err(error);
                }
            }
        }
        Err(self.exhausted())
    }

    /// Pushes a task, or a group, as a name of the pack; `false` if a file can have one name only here.
    fn push_packed(&self, parts: &[&[u8]], entry: &Entry, sync: bool) -> Result<bool> {
        if sync && self.push_reserved(parts, entry)? {
            return Ok(true);
        }
        let at = |error: FsError| Error::at("a task", &error);
        for _ in 0..TRIES_MAX {
            let layout = self.layout_made()?;
            let extent = match self.pack.append(&layout.tmp, parts, self.environment()) {
                Ok(extent) => extent,
                // Somebody removed the queue's directories: they are made again.
                Err(FsError::NotFound) => {
                    self.forget_layout();
                    continue;
                }
                Err(error) => return Err(at(error)),
            };
            let bucket = match self.open_bucket(&layout, self.take_bucket(entry.priority, entry.due_ms)) {
                Ok(bucket) => bucket,
                Err(Error::NotFound(_)) => {
                    self.forget_layout();
                    continue;
                }
                Err(error) => return Err(error),
            };
            let target = entry.in_pack(extent).text();
            match self.pack.link(&bucket.opened.dir, &target) {
                Ok(true) => {
                    if sync {
                        self.pack.sync().map_err(at)?;
                        bucket.sync(&layout)?;
                        self.anchor(&layout)?;
                    }
                    self.learn(entry, target, &bucket.name, &bucket.opened);
                    return Ok(true);
                }
                Ok(false) => return Ok(false),
                // A sweeper took the pack for debris, or somebody removed the bucket, or more.
                Err(FsError::NotFound) => self.forget_layout(),
                Err(error) => return Err(at(error)),
            }
        }
        Err(self.exhausted())
    }

    /// The bucket of that name, made where need be, and kept open as long as it is the one that is pushed into.
    pub(crate) fn open_bucket(&self, layout: &Layout<D>, name: BucketName) -> Result<Rc<OpenBucket<D>>> {
        let mut kept = self.bucket.borrow_mut();
        if let Some(bucket) = kept.as_ref().filter(|bucket| bucket.name == name) {
            return Ok(Rc::clone(bucket));
        }
        let opened = bucket::ensure(layout, &name)?;
        let bucket = Rc::new(OpenBucket { name, opened, is_anchored: Cell::new(false) });
        *kept = Some(Rc::clone(&bucket));
        Ok(bucket)
    }

    /// What is pushed by this instance is seen by it at once, whatever it has listed before.
    pub(crate) fn learn(&self, entry: &Entry, name: String, bucket: &BucketName, opened: &Opened<D>) {
        if entry.due_ms <= self.environment().now_ms() {
            let order = (entry.priority, entry.due_ms, entry.seq, entry.nonce);
            self.candidates.borrow_mut().learn(order, name, bucket, opened);
        }
    }

    fn push_batch(&self, tasks: &[Checked<'_>], sync: bool) -> Result<Vec<String>> {
        let count = u32::try_from(tasks.len()).unwrap_or(SEQ_LIMIT);
        let (order_ms, first) = self.take_order(count);
        let entries: Vec<Entry> =
            tasks.iter().zip(first..).map(|(task, seq)| self.new_entry(task, order_ms, seq)).collect();
        // It stands where the most urgent of its tasks would.
        let priority = entries.iter().map(|entry| entry.priority).min().unwrap_or(PRIORITY_DEFAULT);
        let due_ms = entries.iter().map(|entry| entry.due_ms).min().unwrap_or(order_ms);
        for _ in 0..TRIES_MAX {
            let layout = self.layout_made()?;
            let nonce = Nonce::draw(self.environment());
            let name = nonce.text();
            let made = batch::make(&layout.tmp, &name, tasks, &entries, &self.pack, self.environment(), sync);
            let made = made.and_then(|dir| {
                let Some(dir) = dir else { return Ok(None) };
                let bucket = BucketName::of_batch(priority, due_ms, nonce);
                let Some(parent) = try_ensure_dir(&layout.pending, &bucket::priority_dir(priority))? else {
                    return Ok(None);
                };
                match layout.tmp.rename(&name, &parent, &bucket.text()) {
                    Ok(()) => Ok(Some((dir, parent))),
                    Err(FsError::NotFound) => Ok(None),
                    Err(error) => Err(Error::at("a batch", &error)),
                }
            });
            match made {
                Ok(Some((dir, parent))) => {
                    if sync {
                        sync_all(&[(&dir, "a batch"), (&parent, "pending"), (&layout.pending, "pending")])?;
                        self.sync_published(&layout)?;
                    }
                    return Ok(entries.iter().map(|entry| entry.nonce.text()).collect());
                }
                // A sweeper took it for debris, or somebody removed the directories.
                Ok(None) => {
                    let _ = remove_tree(&layout.tmp, &name);
                    self.forget_layout();
                }
                Err(error) => {
                    let _ = remove_tree(&layout.tmp, &name);
                    return Err(error);
                }
            }
        }
        Err(self.exhausted())
    }
}

/// What a group's content is made of.
fn group_parts<'a>(tasks: &'a [Checked<'_>], index: &'a [u8]) -> Vec<&'a [u8]> {
    let contents = tasks.iter().flat_map(|task| [task.payload, task.trailer.as_slice(), SEPARATOR]);
    contents.chain(core::iter::once(index)).collect()
}

/// A bucket that is pushed into again and again.
#[derive(Debug)]
pub(crate) struct OpenBucket<D> {
    pub(crate) name: BucketName,
    pub(crate) opened: Opened<D>,
    /// Whether the way to it was synced since it was opened.
    is_anchored: Cell<bool>,
}

impl<D: Directory> OpenBucket<D> {
    /// Returns once what was put into it is on the disk, and the way to it.
    fn sync(&self, layout: &Layout<D>) -> Result<()> {
        sync_all(&[(&self.opened.dir, "a bucket")])?;
        self.anchor(layout)
    }

    /// Returns once the bucket itself is on the disk.
    pub(crate) fn anchor(&self, layout: &Layout<D>) -> Result<()> {
        if !self.is_anchored.get() {
            self.opened.anchor(layout)?;
            self.is_anchored.set(!layout.is_doubted());
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::store::Extent;

    /// The content of a group with these payloads, and its name while it waits.
    pub(crate) fn group_of(payloads: &[Vec<u8>]) -> (Vec<u8>, Entry) {
        let tasks: Vec<NewTask<'_>> =
            payloads.iter().map(|payload| NewTask { payload, ..NewTask::default() }).collect();
        let checked: Vec<Checked<'_>> = tasks.iter().map(|task| Checked::check(task).unwrap()).collect();
        let (index, crc) = group::index_of(&checked);
        let content = group_parts(&checked, &index).concat();
        let extent = Extent { pack: 7, at: 0, length: content.len() as u64 };
        let nonce = Nonce::read("0123456789abcdef").unwrap().of_group();
        let entry = checked[0].entry(nonce, 0, 1_700_000_000_000, 1_700_000_000_000, 0);
        (content, Entry { group: Group::of(payloads.len()), crc, ..entry }.in_pack(extent))
    }
}
