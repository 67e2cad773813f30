//! The simulated file system: inodes with the semantics of Linux, cheap to copy.

use super::fingerprint::Mixer;
use super::operation::{Ino, Name};
use leasehold_core::capability::Kind;
use std::rc::Rc;

/// The root of every tree.
pub(crate) const ROOT: Ino = 0;

/// What an inode holds.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Entries, sorted by name.
    Dir(Vec<(Name, Ino)>),
    File(Rc<Vec<u8>>),
    /// A symbolic link; it is never followed.
    Link(Rc<str>),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) body: Body,
    /// Names that a file stands under.
    pub(crate) links: u32,
    pub(crate) modified: u64,
    /// Its permissions forbid to open it.
    pub(crate) denied: bool,
    /// The one actor who can reach it yet (see `unnoticed`). Follows from the rest, so it is not hashed.
    pub(crate) owner: Option<u8>,
}

#[derive(Clone, Debug)]
struct Row {
    ino: Ino,
    print: u128,
    node: Rc<Node>,
}

/// A file system at one moment. Copies share what does not differ.
#[derive(Clone, Debug)]
pub(crate) struct FileSystem {
    /// Sorted by number. A removed directory has no row; a file without names keeps its row for those who have it open.
    rows: Rc<Vec<Row>>,
    sum: u128,
    /// Whether a file can have a second name; not on every system.
    pub(crate) takes_links: bool,
}

impl FileSystem {
    pub(crate) fn new(now: u64) -> Self {
        let mut fs = Self { rows: Rc::default(), sum: 0, takes_links: true };
        fs.insert(ROOT, Node { body: Body::Dir(Vec::new()), links: 1, modified: now, denied: false, owner: None });
        fs.refresh(ROOT);
        fs
    }

    /// The fingerprint; right for the inodes that were refreshed.
    pub(crate) fn print(&self) -> u128 {
        self.sum
    }

    fn position(&self, ino: Ino) -> Result<usize, usize> {
        self.rows.binary_search_by_key(&ino, |row| row.ino)
    }

    pub(crate) fn node(&self, ino: Ino) -> Option<&Node> {
        self.position(ino).ok().map(|at| &*self.rows[at].node)
    }

    pub(crate) fn node_mut(&mut self, ino: Ino) -> Option<&mut Node> {
        let at = self.position(ino).ok()?;
        Some(Rc::make_mut(&mut Rc::make_mut(&mut self.rows)[at].node))
    }

    pub(crate) fn insert(&mut self, ino: Ino, node: Node) {
        let row = Row { ino, print: 0, node: Rc::new(node) };
        match self.position(ino) {
            Ok(_) => panic!("inode {ino:x} is made twice"),
            Err(at) => Rc::make_mut(&mut self.rows).insert(at, row),
        }
    }

    pub(crate) fn drop_row(&mut self, ino: Ino) {
        if let Ok(at) = self.position(ino) {
            let row = Rc::make_mut(&mut self.rows).remove(at);
            self.sum = self.sum.wrapping_sub(row.print);
        }
    }

    pub(crate) fn inodes(&self) -> impl Iterator<Item = (Ino, &Node)> {
        self.rows.iter().map(|row| (row.ino, &*row.node))
    }

    /// Brings the fingerprint of one inode up to date.
    pub(crate) fn refresh(&mut self, ino: Ino) {
        let Ok(at) = self.position(ino) else { return };
        let print = print_of(ino, &self.rows[at].node);
        let row = &mut Rc::make_mut(&mut self.rows)[at];
        self.sum = self.sum.wrapping_sub(row.print).wrapping_add(print);
        row.print = print;
    }

    pub(crate) fn entries(&self, dir: Ino) -> Option<&[(Name, Ino)]> {
        match self.node(dir).map(|node| &node.body) {
            Some(Body::Dir(entries)) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn lookup(&self, dir: Ino, name: &str) -> Option<Ino> {
        let entries = self.entries(dir)?;
        let at = entries.binary_search_by(|(n, _)| (*n.text).cmp(name)).ok()?;
        Some(entries[at].1)
    }

    /// What `list` answers when it happens at one moment.
    pub(crate) fn names(&self, dir: Ino) -> Rc<[(Name, Kind)]> {
        self.entries(dir).unwrap_or_default().iter().map(|(name, ino)| (name.clone(), self.kind(*ino))).collect()
    }

    pub(crate) fn kind(&self, ino: Ino) -> Kind {
        match self.node(ino).map(|node| &node.body) {
            Some(Body::Dir(_)) => Kind::Directory,
            Some(Body::File(_)) => Kind::File,
            Some(Body::Link(_)) => Kind::Link,
            None => Kind::Other,
        }
    }
}

fn print_of(ino: Ino, node: &Node) -> u128 {
    let mut mixer = Mixer::new(3);
    mixer.word(ino);
    mixer.word(node.modified);
    mixer.word(u64::from(node.links) << 1 | u64::from(node.denied));
    match &node.body {
        Body::Dir(entries) => {
            mixer.word(1);
            for (name, child) in entries {
                mixer.wide(name.print);
                mixer.word(*child);
            }
        }
        Body::File(bytes) => {
            mixer.word(2);
            mixer.bytes(bytes);
        }
        Body::Link(target) => {
            mixer.word(3);
            mixer.bytes(target.as_bytes());
        }
    }
    mixer.end()
}
