//! What a power cut may leave of a world.
//!
//! Every change of a directory is remembered until it is certain to be on the disk: until the directory is
//! synced, or the file or directory that was made or moved. A cut keeps any subset of the others. On btrfs a
//! rename across directories of which only the target was synced can leave the entry under both names.
//! Content that was not synced comes back whole, empty, or as zeros; what was synced before it stays.

use super::apply::{Change, Effect};
use super::filesystem::{Body, FileSystem};
use super::operation::{Answer, Ino, Op, Operation};
use super::world::{World, random};
use std::rc::Rc;

/// One directory operation that a cut may forget.
#[derive(Clone)]
struct Pending {
    changes: Vec<Change>,
    /// The target directory of this rename across directories was synced, the source was not.
    half: bool,
    /// The name that it adds is gone from the disk again.
    is_gone: bool,
}

impl Pending {
    fn apply(&self, disk: &mut FileSystem, first: usize, fs: &FileSystem) {
        let is_kept = |change: &&Change| !(self.is_gone && matches!(change, Change::Add(..)));
        let changes: Vec<Change> = self.changes[first..].iter().filter(is_kept).cloned().collect();
        apply(disk, &changes, fs);
    }
}

/// What is on the disk, and what is only on its way there.
#[derive(Clone)]
pub(crate) struct Journal {
    /// Names as they are on the disk. Contents are taken from the running system.
    disk: FileSystem,
    pending: Vec<Pending>,
    /// Files whose content is not on the disk, but for so many bytes at the beginning.
    dirty: Vec<(Ino, usize)>,
    /// How long files were when they were last synced.
    synced: Vec<(Ino, usize)>,
}

/// Which of the unsynced changes a cut keeps.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// Nothing that was not synced.
    Least,
    /// The directory changes whose bits are set, oldest first; unsynced contents come back empty.
    Mask(u64),
    /// A random subset, and random contents.
    Seed(u64),
}

/// How the file system under a world behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// A rename is kept whole or not at all.
    Whole,
    /// After a rename across directories, syncing the target alone keeps the new name for certain and may keep
    /// the old one too.
    Btrfs,
}

impl Pending {
    /// Whether it is on the disk for certain once `ino` is synced; and whether that is the target of a rename across
    /// directories.
    fn is_certain(&self, ino: Ino) -> (bool, bool) {
        let across = self.is_across();
        let mut target_only = false;
        let certain = self.changes.iter().any(|change| match change {
            Change::Add(dir, _, moved) => {
                target_only |= across && *dir == ino;
                *moved == ino || (*dir == ino && !across)
            }
            Change::Remove(dir, ..) => *dir == ino,
        });
        (certain, target_only)
    }

    /// Whether it is a rename across directories.
    fn is_across(&self) -> bool {
        matches!(self.changes[..], [Change::Remove(from, ..), Change::Add(to, ..)] if from != to)
    }

    /// Whether it makes a name that the other removes.
    fn is_undone_by(&self, other: &Pending) -> bool {
        self.changes.iter().any(|made| match made {
            Change::Add(dir, name, ino) => other.changes.iter().any(|change| {
                matches!(change, Change::Remove(from, gone, moved) if from == dir && gone.text == name.text && moved == ino)
            }),
            Change::Remove(..) => false,
        })
    }
}

impl Journal {
    pub(crate) fn new(fs: &FileSystem) -> Self {
        Self { disk: fs.clone(), pending: Vec::new(), dirty: Vec::new(), synced: Vec::new() }
    }

    pub(crate) fn note(&mut self, operation: &Operation, answer: &Answer, effect: &Effect, fs: &FileSystem) {
        if matches!(answer, Answer::Failed(_)) {
            return;
        }
        match operation {
            Op::SyncDir(ino) | Op::SyncFile(ino) => self.sync(*ino, fs),
            Op::WriteAt(ino, _, at) => self.write(*ino, usize::try_from(*at).unwrap_or(usize::MAX)),
            _ if !effect.changes.is_empty() => {
                self.pending.push(Pending { changes: effect.changes.clone(), half: false, is_gone: false })
            }
            _ => {}
        }
    }

    fn write(&mut self, ino: Ino, at: usize) {
        let synced = self.synced.iter().find(|(file, _)| *file == ino).map_or(0, |(_, length)| *length);
        match self.dirty.iter_mut().find(|(file, _)| *file == ino) {
            Some((_, kept)) => *kept = at.min(*kept),
            None => self.dirty.push((ino, at.min(synced))),
        }
    }

    fn sync(&mut self, ino: Ino, fs: &FileSystem) {
        self.dirty.retain(|(file, _)| *file != ino);
        if let Some(Body::File(bytes)) = fs.node(ino).map(|node| &node.body) {
            self.synced.retain(|(file, _)| *file != ino);
            self.synced.push((ino, bytes.len()));
        }
        let all = std::mem::take(&mut self.pending);
        let mut judged: Vec<(bool, bool)> = all.iter().map(|pending| pending.is_certain(ino)).collect();
        // What moved a name on is not on the disk without what made that name: it would come back later. Where that was a
        // rename from another directory, the name there may still stand on btrfs.
        let mut moved_on = vec![false; all.len()];
        for later in (0..all.len()).rev() {
            for earlier in 0..later {
                if judged[later].0 && all[earlier].is_undone_by(&all[later]) {
                    moved_on[earlier] |= all[earlier].is_across();
                    judged[earlier].0 |= !all[earlier].is_across();
                }
            }
        }
        let mut waiting = Vec::new();
        for ((mut pending, (certain, target_only)), is_moved_on) in all.into_iter().zip(judged).zip(moved_on) {
            pending.is_gone |= is_moved_on;
            if certain {
                pending.apply(&mut self.disk, 0, fs);
            } else {
                pending.half |= target_only || is_moved_on;
                waiting.push(pending);
            }
        }
        self.pending = waiting;
    }
}

fn apply(disk: &mut FileSystem, changes: &[Change], fs: &FileSystem) {
    for change in changes {
        match change {
            Change::Add(dir, name, ino) => {
                // A directory that is synced before its own name keeps what it holds until the name is.
                know(disk, *dir, fs);
                know(disk, *ino, fs);
                if disk.node(*dir).is_some() && disk.node(*ino).is_some() {
                    disk.add(*dir, name, *ino, 0, &mut Effect::default());
                }
            }
            Change::Remove(dir, name, ino) => {
                if disk.lookup(*dir, &name.text) == Some(*ino) {
                    disk.remove(*dir, name, 0, &mut Effect::default());
                }
            }
        }
    }
}

/// Sees to it that the disk has an inode, a directory being empty at first.
fn know(disk: &mut FileSystem, ino: Ino, fs: &FileSystem) {
    if disk.node(ino).is_none()
        && let Some(node) = fs.node(ino)
    {
        let mut node = node.clone();
        if let Body::Dir(entries) = &mut node.body {
            entries.clear();
        }
        disk.insert(ino, node);
    }
}

impl World {
    /// How many directory changes a cut could forget now.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.journal().pending.len()
    }

    /// The world after the power has come back. This one goes on as if nothing had happened.
    #[must_use]
    pub fn power_cut(&self, cut: Cut, disk: Disk) -> World {
        let journal = self.journal();
        let (fs, wall, monotonic) = self.snapshot();
        let mut after = journal.disk;
        let bit = |n: usize| match cut {
            Cut::Least => false,
            Cut::Mask(mask) => n < 64 && mask >> n & 1 == 1,
            Cut::Seed(seed) => random(seed, n as u64) & 1 == 1,
        };
        for (n, pending) in journal.pending.iter().enumerate() {
            // Where a rename is one thing, its target is on the disk only with all of it.
            if bit(n) || (pending.half && disk == Disk::Whole) {
                pending.apply(&mut after, 0, &fs);
            } else if pending.half {
                pending.apply(&mut after, 1, &fs);
            }
        }
        let inodes: Vec<Ino> = after.inodes().map(|(ino, _)| ino).collect();
        for ino in &inodes {
            let links = after
                .inodes()
                .filter_map(|(dir, _)| after.entries(dir))
                .flatten()
                .filter(|(_, child)| child == ino)
                .count();
            // What the running system has forgotten stands on the disk as it was.
            let whole = fs.node(*ino).or_else(|| after.node(*ino)).map(|node| node.body.clone());
            if let Some(node) = after.node_mut(*ino) {
                if let (Body::File(kept), Some(Body::File(bytes))) = (&mut node.body, whole) {
                    let safe = journal.dirty.iter().find(|(file, _)| file == ino).map(|(_, safe)| *safe);
                    *kept = match (safe, cut) {
                        (None, _) => bytes,
                        (Some(safe), Cut::Seed(seed)) => match random(!seed, *ino) % 3 {
                            0 => bytes,
                            1 => {
                                Rc::new(bytes.iter().enumerate().map(|(n, b)| if n < safe { *b } else { 0 }).collect())
                            }
                            _ => Rc::new(bytes[..safe].to_vec()),
                        },
                        (Some(safe), _) => Rc::new(bytes[..safe].to_vec()),
                    };
                }
                if !matches!(node.body, Body::Dir(_)) {
                    node.links = u32::try_from(links).unwrap_or(u32::MAX);
                }
            }
        }
        World::at(after, wall, monotonic, self.drawn() + (1 << 20))
    }
}
