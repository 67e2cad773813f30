//! Paths in a simulated file system: for setting scenes up, for looking at them, and for naming things in traces.

use super::filesystem::{Body, FileSystem, ROOT};
use super::operation::{Ino, Op, Operation};

impl FileSystem {
    /// What stands at `path` (components between `/`); links are not followed.
    pub(crate) fn at(&self, path: &str) -> Option<Ino> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(ROOT, |dir, part| self.lookup(dir, part))
    }

    /// A path that leads to `ino`.
    pub(crate) fn path_of(&self, ino: Ino) -> Option<String> {
        fn search(fs: &FileSystem, dir: Ino, ino: Ino, path: &mut Vec<String>) -> bool {
            if dir == ino {
                return true;
            }
            for (name, child) in fs.entries(dir).unwrap_or_default() {
                path.push(name.text.to_string());
                if search(fs, *child, ino, path) {
                    return true;
                }
                path.pop();
            }
            false
        }
        let mut path = Vec::new();
        search(self, ROOT, ino, &mut path).then(|| path.join("/"))
    }

    fn show(&self, ino: Ino) -> String {
        match self.path_of(ino) {
            Some(path) if path.is_empty() => ".".into(),
            Some(path) => path,
            None => format!("(removed {ino:x})"),
        }
    }

    pub(crate) fn show_entry(&self, dir: Ino, name: &str) -> String {
        match self.path_of(dir) {
            Some(path) if path.is_empty() => name.into(),
            Some(path) => format!("{path}/{name}"),
            None => format!("(removed {dir:x})/{name}"),
        }
    }

    /// The operation in words, with the paths that hold before it happens.
    pub(crate) fn describe(&self, operation: &Operation) -> String {
        match operation {
            Op::OpenDir(d, n) => format!("open directory {}", self.show_entry(*d, &n.text)),
            Op::CreateDir(d, n) => format!("make directory {}", self.show_entry(*d, &n.text)),
            Op::Create(d, n) => format!("create {}", self.show_entry(*d, &n.text)),
            Op::Open(d, n) => format!("open {}", self.show_entry(*d, &n.text)),
            Op::Rename(d, n, e, m) => {
                format!("rename {} -> {}", self.show_entry(*d, &n.text), self.show_entry(*e, &m.text))
            }
            Op::Link(d, n, e, m) => {
                format!("link {} -> {}", self.show_entry(*d, &n.text), self.show_entry(*e, &m.text))
            }
            Op::Unlink(d, n) => format!("unlink {}", self.show_entry(*d, &n.text)),
            Op::RemoveDir(d, n) => format!("remove directory {}", self.show_entry(*d, &n.text)),
            Op::List(d) => format!("list {}", self.show(*d)),
            Op::Metadata(d, n) => format!("metadata of {}", self.show_entry(*d, &n.text)),
            Op::SyncDir(d) => format!("sync directory {}", self.show(*d)),
            Op::ReadAt(f, len, at) => format!("read {len} bytes at {at} of {}", self.show(*f)),
            Op::WriteAt(f, data, at) => {
                format!("write {} bytes at {at} of {}", data.len(), self.show(*f))
            }
            Op::FileMetadata(f) => format!("metadata of open {}", self.show(*f)),
            Op::SyncFile(f) => format!("sync {}", self.show(*f)),
            Op::Now => "read the wall clock".into(),
            Op::Monotonic => "read the monotonic clock".into(),
            Op::SetWall(ms) => format!("set the wall clock to {ms}"),
            Op::Jump(ms) => format!("move the wall clock by {ms}"),
            Op::Advance(ms) => format!("let {ms} ms pass"),
        }
    }

    /// All that is not a directory below `path`, as paths relative to it, sorted.
    pub(crate) fn below(&self, path: &str) -> Vec<String> {
        fn walk(fs: &FileSystem, dir: Ino, prefix: &str, found: &mut Vec<String>) {
            for (name, child) in fs.entries(dir).unwrap_or_default() {
                let path = if prefix.is_empty() { name.text.to_string() } else { format!("{prefix}/{}", name.text) };
                match fs.node(*child).map(|node| &node.body) {
                    Some(Body::Dir(_)) => walk(fs, *child, &path, found),
                    _ => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        if let Some(dir) = self.at(path) {
            walk(self, dir, "", &mut found);
        }
        found
    }

    /// The whole tree, one entry a line.
    pub(crate) fn tree(&self) -> String {
        fn walk(fs: &FileSystem, dir: Ino, depth: usize, text: &mut String) {
            for (name, child) in fs.entries(dir).unwrap_or_default() {
                let Some(node) = fs.node(*child) else {
                    continue;
                };
                let indent = "  ".repeat(depth);
                let links = if node.links > 1 { format!(", {} links", node.links) } else { String::new() };
                match &node.body {
                    Body::Dir(_) => {
                        text.push_str(&format!("{indent}{}/\n", name.text));
                        walk(fs, *child, depth + 1, text);
                    }
                    Body::File(bytes) => {
                        text.push_str(&format!("{indent}{} ({} bytes{links})\n", name.text, bytes.len()))
                    }
                    Body::Link(target) => text.push_str(&format!("{indent}{} -> {target}\n", name.text)),
                }
            }
        }
        let mut text = String::new();
        walk(self, ROOT, 1, &mut text);
        text
    }
}
