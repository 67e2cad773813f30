//! What each operation does to a simulated file system, as Linux does it.

use super::filesystem::{Body, FileSystem, Node};
use super::operation::{Answer, Ino, Name, Op, Operation};
use leasehold_core::capability::{FsError, Kind, Metadata};
use std::rc::Rc;

/// A change of one entry.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Add(Ino, Name, Ino),
    Remove(Ino, Name, Ino),
}

/// What one operation did, besides its answer.
#[derive(Default)]
pub(crate) struct Effect {
    pub(crate) touched: Vec<Ino>,
    pub(crate) changes: Vec<Change>,
    /// Directories that were moved, replaced or removed while others could reach them.
    pub(crate) moved: Vec<Ino>,
    /// A file that was written while others could reach it.
    pub(crate) exposed: Option<Ino>,
    /// Files that lost or gained a name while others could reach them.
    pub(crate) renumbered: Vec<Ino>,
    pub(crate) made: bool,
}

impl Effect {
    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.changes.clear();
        self.moved.clear();
        self.exposed = None;
        self.renumbered.clear();
        self.made = false;
    }
}

/// On whose behalf, and when, an operation happens.
pub(crate) struct By<'a> {
    pub(crate) slot: u8,
    /// The number of what it makes.
    pub(crate) fresh: Ino,
    pub(crate) now: u64,
    /// Whether what `slot` makes in this directory can be reached by nobody else.
    pub(crate) hidden: &'a dyn Fn(Ino) -> bool,
}

type Fallible<T> = Result<T, FsError>;

impl FileSystem {
    fn find(&self, dir: Ino, name: &Name) -> Fallible<(Ino, &Node)> {
        let ino = self.lookup(dir, &name.text).ok_or(FsError::NotFound)?;
        Ok((ino, self.node(ino).expect("an entry has its inode")))
    }

    /// The directory can be given a new name.
    fn vacant(&self, dir: Ino, name: &Name) -> Fallible<()> {
        if self.entries(dir).is_none() {
            return Err(FsError::NotFound);
        }
        match self.lookup(dir, &name.text) {
            Some(_) => Err(FsError::Exists),
            None => Ok(()),
        }
    }

    pub(crate) fn add(&mut self, dir: Ino, name: &Name, ino: Ino, now: u64, effect: &mut Effect) {
        let Some(node) = self.node_mut(dir) else {
            return;
        };
        node.modified = now;
        if let Body::Dir(entries) = &mut node.body {
            match entries.binary_search_by(|(n, _)| n.text.cmp(&name.text)) {
                Ok(at) => entries[at].1 = ino,
                Err(at) => entries.insert(at, (name.clone(), ino)),
            }
        }
        effect.touched.push(dir);
        effect.changes.push(Change::Add(dir, name.clone(), ino));
    }

    pub(crate) fn remove(&mut self, dir: Ino, name: &Name, now: u64, effect: &mut Effect) {
        let Some(node) = self.node_mut(dir) else {
            return;
        };
        node.modified = now;
        if let Body::Dir(entries) = &mut node.body
            && let Ok(at) = entries.binary_search_by(|(n, _)| n.text.cmp(&name.text))
        {
            let (name, ino) = entries.remove(at);
            effect.changes.push(Change::Remove(dir, name, ino));
        }
        effect.touched.push(dir);
    }

    /// Whether `slot` alone can reach what stands in `dir`.
    fn private(&self, dir: Ino, by: &By<'_>) -> bool {
        self.node(dir).is_some_and(|node| node.owner == Some(by.slot)) || (by.hidden)(dir)
    }

    fn make(&mut self, dir: Ino, name: &Name, body: Body, by: &By<'_>, effect: &mut Effect) -> Fallible<Answer> {
        self.vacant(dir, name)?;
        let owner = self.private(dir, by).then_some(by.slot);
        self.insert(by.fresh, Node { body, links: 1, modified: by.now, denied: false, owner });
        self.add(dir, name, by.fresh, by.now, effect);
        effect.touched.push(by.fresh);
        effect.made = true;
        Ok(Answer::Handle(by.fresh))
    }

    /// One name less for a file; a directory is gone with its name.
    fn unname(&mut self, ino: Ino, effect: &mut Effect) {
        let Some(node) = self.node(ino) else { return };
        if matches!(node.body, Body::Dir(_)) {
            if node.owner.is_none() {
                effect.moved.push(ino);
            }
            self.drop_row(ino);
        } else if let Some(node) = self.node_mut(ino) {
            node.links -= 1;
            if node.owner.is_none() {
                effect.renumbered.push(ino);
            }
            effect.touched.push(ino);
        }
    }

    /// From now on others can reach it, and what stands in it.
    fn publish(&mut self, ino: Ino) {
        let Some(node) = self.node(ino) else { return };
        if node.owner.is_none() {
            return;
        }
        let below: Vec<Ino> =
            self.entries(ino).map(|entries| entries.iter().map(|(_, i)| *i).collect()).unwrap_or_default();
        if let Some(node) = self.node_mut(ino) {
            node.owner = None;
        }
        for child in below {
            self.publish(child);
        }
    }

    fn within(&self, ino: Ino, dir: Ino) -> bool {
        ino == dir || self.entries(dir).is_some_and(|entries| entries.iter().any(|(_, child)| self.within(ino, *child)))
    }

    fn rename(
        &mut self,
        from: Ino,
        old: &Name,
        to: Ino,
        new: &Name,
        by: &By<'_>,
        effect: &mut Effect,
    ) -> Fallible<Answer> {
        let (source, node) = self.find(from, old)?;
        let directory = matches!(node.body, Body::Dir(_));
        if self.entries(to).is_none() {
            return Err(FsError::NotFound);
        }
        if directory && self.within(to, source) {
            return Err(FsError::Invalid);
        }
        if let Ok((target, node)) = self.find(to, new) {
            // Two names of one file: the system answers success and changes nothing.
            if target == source {
                return Ok(Answer::Done);
            }
            match &node.body {
                Body::Dir(entries) if directory && !entries.is_empty() => {
                    return Err(FsError::NotEmpty);
                }
                Body::Dir(_) if !directory => return Err(FsError::IsDirectory),
                Body::File(_) | Body::Link(_) if directory => return Err(FsError::NotDirectory),
                _ => {}
            }
            self.unname(target, effect);
        }
        if directory && self.node(source).is_some_and(|node| node.owner.is_none()) {
            effect.moved.push(source);
        }
        self.remove(from, old, by.now, effect);
        self.add(to, new, source, by.now, effect);
        if !self.private(to, by) {
            self.publish(source);
        }
        Ok(Answer::Done)
    }

    fn link(
        &mut self,
        from: Ino,
        old: &Name,
        to: Ino,
        new: &Name,
        by: &By<'_>,
        effect: &mut Effect,
    ) -> Fallible<Answer> {
        if !self.takes_links {
            return Err(FsError::Unsupported);
        }
        let (source, node) = self.find(from, old)?;
        if matches!(node.body, Body::Dir(_)) {
            return Err(FsError::Denied);
        }
        let was_public = node.owner.is_none();
        self.vacant(to, new)?;
        if let Some(node) = self.node_mut(source) {
            node.links += 1;
        }
        if was_public {
            effect.renumbered.push(source);
        }
        self.add(to, new, source, by.now, effect);
        effect.touched.push(source);
        if !self.private(to, by) {
            self.publish(source);
        }
        Ok(Answer::Done)
    }

    fn meta(node: &Node) -> Answer {
        let (kind, size) = match &node.body {
            Body::Dir(_) => (Kind::Directory, 0),
            Body::File(bytes) => (Kind::File, bytes.len()),
            Body::Link(target) => (Kind::Link, target.len()),
        };
        Answer::Meta(Metadata {
            kind,
            size: size as u64,
            links: u64::from(node.links),
            modified_ms: Some(node.modified),
        })
    }

    /// Does one operation. The clocks are not its business.
    pub(crate) fn apply(&mut self, operation: &Operation, by: &By<'_>, effect: &mut Effect) -> Answer {
        self.attempt(operation, by, effect).unwrap_or_else(Answer::Failed)
    }

    fn attempt(&mut self, operation: &Operation, by: &By<'_>, effect: &mut Effect) -> Fallible<Answer> {
        match operation {
            Op::OpenDir(dir, name) => match self.find(*dir, name)? {
                (ino, Node { body: Body::Dir(_), denied: false, .. }) => Ok(Answer::Handle(ino)),
                (_, Node { body: Body::Dir(_), .. }) => Err(FsError::Denied),
                (_, Node { body: Body::File(_), .. }) => Err(FsError::NotDirectory),
                (_, Node { body: Body::Link(_), .. }) => Err(FsError::Link),
            },
            Op::Open(dir, name) => match self.find(*dir, name)? {
                (ino, Node { body: Body::File(_), denied: false, .. }) => Ok(Answer::Handle(ino)),
                (_, Node { body: Body::File(_), .. }) => Err(FsError::Denied),
                (_, Node { body: Body::Dir(_), .. }) => Err(FsError::IsDirectory),
                (_, Node { body: Body::Link(_), .. }) => Err(FsError::Link),
            },
            Op::CreateDir(dir, name) => self.make(*dir, name, Body::Dir(Vec::new()), by, effect),
            Op::Create(dir, name) => self.make(*dir, name, Body::File(Rc::default()), by, effect),
            Op::Rename(from, old, to, new) => self.rename(*from, old, *to, new, by, effect),
            Op::Link(from, old, to, new) => self.link(*from, old, *to, new, by, effect),
            Op::Unlink(dir, name) => {
                let (ino, node) = self.find(*dir, name)?;
                if matches!(node.body, Body::Dir(_)) {
                    return Err(FsError::IsDirectory);
                }
                self.remove(*dir, name, by.now, effect);
                self.unname(ino, effect);
                Ok(Answer::Done)
            }
            Op::RemoveDir(dir, name) => {
                let (ino, node) = self.find(*dir, name)?;
                match &node.body {
                    Body::Dir(entries) if entries.is_empty() => {}
                    Body::Dir(_) => return Err(FsError::NotEmpty),
                    _ => return Err(FsError::NotDirectory),
                }
                self.remove(*dir, name, by.now, effect);
                self.unname(ino, effect);
                Ok(Answer::Done)
            }
            // A removed directory may as well list empty, which it does where listings take time.
            Op::List(dir) if self.entries(*dir).is_none() => Err(FsError::NotFound),
            Op::List(dir) => Ok(Answer::Names(self.names(*dir))),
            Op::Metadata(dir, name) => Ok(Self::meta(self.find(*dir, name)?.1)),
            Op::FileMetadata(ino) => Ok(Self::meta(self.node(*ino).ok_or(FsError::NotFound)?)),
            Op::ReadAt(ino, len, offset) => {
                let Some(Node { body: Body::File(bytes), .. }) = self.node(*ino) else {
                    return Err(FsError::NotFound);
                };
                let start = usize::try_from(*offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(*len).min(bytes.len());
                Ok(Answer::Bytes(bytes[start..end].into()))
            }
            Op::WriteAt(ino, data, offset) => {
                let node = self.node_mut(*ino).ok_or(FsError::NotFound)?;
                node.modified = by.now;
                if node.owner.is_none() {
                    effect.exposed = Some(*ino);
                }
                if let Body::File(bytes) = &mut node.body {
                    let bytes = Rc::make_mut(bytes);
                    let start = usize::try_from(*offset).map_err(|_| FsError::NoSpace)?;
                    let end = start.checked_add(data.len()).ok_or(FsError::NoSpace)?;
                    if bytes.len() < end {
                        bytes.resize(end, 0);
                    }
                    bytes[start..end].copy_from_slice(data);
                }
                effect.touched.push(*ino);
                Ok(Answer::Count(data.len()))
            }
            Op::SyncDir(_) | Op::SyncFile(_) => Ok(Answer::Done),
            Op::Now | Op::Monotonic | Op::SetWall(_) | Op::Jump(_) | Op::Advance(_) => Err(FsError::Unsupported),
        }
    }
}
