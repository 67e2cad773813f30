//! Which operations no other actor can notice, so that they need no place of their own in the schedule.
//!
//! Such an operation is done together with the actor's operation before it. That is sound as long as nothing
//! any other actor may do before this actor's next step depends on it, nor it on that:
//!
//! - reading an entry, or listing a directory, that nobody else ever changes; reading a file that is never written
//!   where others can reach it, or the metadata of one that never loses or gains a name there either;
//! - anything in a directory that only its maker can reach yet, or under a name that one actor alone uses in a
//!   directory that nobody lists (a *workshop*, as `tmp` is where nobody sweeps).
//!
//! "Ever" and "nobody" are assumptions about the whole scenario. They are made boldly, every operation that is
//! explored is held against them, and when one that was relied upon turns out false, the exploration begins
//! again without it. An exploration that ends has therefore proved its own assumptions: were there a schedule
//! that breaks one, the operations before the breach would commute with what was left out, and the breach
//! would have been met.
//!
//! Where debris of a crash lies in a workshop, its stages are not told apart: nobody looks there.

use super::filesystem::FileSystem;
use super::fingerprint::{Map, Mixer, Set};
use super::operation::{Answer, Ino, Name, Op, Operation};
use leasehold_core::capability::Kind;

/// What is assumed of a scenario, as what has been seen to be false.
#[derive(Default)]
pub(crate) struct Assumptions {
    /// Off: every operation has its own place.
    pub(crate) on: bool,
    /// Directories that are no workshops.
    open: Set<Ino>,
    /// Who uses a name in a workshop.
    users: Map<u128, u8>,
    /// Who changes an entry.
    changed: Map<u128, u8>,
    /// Who changes anything in a directory.
    altered: Map<Ino, u8>,
    /// Files that somebody writes where others can reach them.
    written: Set<Ino>,
    /// Files that lose or gain a name where others can reach them.
    renumbered: Set<Ino>,
    relied_workshops: std::cell::RefCell<Set<Ino>>,
    relied_entries: std::cell::RefCell<Set<(u128, u8)>>,
    relied_listings: std::cell::RefCell<Set<(Ino, u8)>>,
    relied_files: std::cell::RefCell<Set<Ino>>,
    relied_links: std::cell::RefCell<Set<Ino>>,
    /// Something that was relied upon is false.
    pub(crate) broken: bool,
}

/// More than one program does it.
const SEVERAL: u8 = u8::MAX;

/// Notes that `program` does it too; whether that is news.
fn adds(doers: &mut u8, program: u8) -> bool {
    let news = *doers != program && *doers != SEVERAL;
    if news {
        *doers = SEVERAL;
    }
    news
}

fn entry(dir: Ino, name: &Name) -> u128 {
    let mut mixer = Mixer::new(dir);
    mixer.wide(name.print);
    mixer.end()
}

impl Assumptions {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// Begins again, keeping what was learnt.
    pub(crate) fn renew(&mut self) {
        self.broken = false;
        self.relied_workshops.get_mut().clear();
        self.relied_entries.get_mut().clear();
        self.relied_listings.get_mut().clear();
        self.relied_files.get_mut().clear();
        self.relied_links.get_mut().clear();
    }

    pub(crate) fn workshop(&self, dir: Ino) -> bool {
        let hidden = self.on && !self.open.contains(&dir);
        if hidden {
            self.relied_workshops.borrow_mut().insert(dir);
        }
        hidden
    }

    pub(crate) fn opened(&mut self, dir: Ino) {
        if self.on && self.open.insert(dir) {
            self.broken |= self.relied_workshops.get_mut().contains(&dir);
        }
    }

    fn used(&mut self, dir: Ino, name: &Name, program: u8) {
        if !self.open.contains(&dir) && *self.users.entry(entry(dir, name)).or_insert(program) != program {
            self.opened(dir);
        }
    }

    pub(crate) fn exposed(&mut self, file: Ino) {
        if self.on && self.written.insert(file) {
            self.broken |= self.relied_files.get_mut().contains(&file);
        }
    }

    pub(crate) fn renumbered(&mut self, file: Ino) {
        if self.on && self.renumbered.insert(file) {
            self.broken |= self.relied_links.get_mut().contains(&file);
        }
    }

    /// An actor is about to ask for this.
    pub(crate) fn asked(&mut self, operation: &Operation, program: u8) {
        if !self.on {
            return;
        }
        match operation {
            Op::OpenDir(dir, name)
            | Op::CreateDir(dir, name)
            | Op::Create(dir, name)
            | Op::Open(dir, name)
            | Op::Unlink(dir, name)
            | Op::RemoveDir(dir, name)
            | Op::Metadata(dir, name) => self.used(*dir, name, program),
            Op::Rename(from, old, to, new) | Op::Link(from, old, to, new) => {
                self.used(*from, old, program);
                self.used(*to, new, program);
            }
            Op::List(dir) => self.opened(*dir),
            _ => {}
        }
    }

    /// An actor was answered so.
    pub(crate) fn answered(&mut self, operation: &Operation, answer: &Answer, program: u8) {
        if !self.on || matches!(answer, Answer::Failed(_)) {
            return;
        }
        match operation {
            Op::CreateDir(dir, name) | Op::Create(dir, name) | Op::Unlink(dir, name) | Op::RemoveDir(dir, name) => {
                self.changes(*dir, name, program)
            }
            Op::Link(_, _, to, new) => self.changes(*to, new, program),
            Op::Rename(from, old, to, new) => {
                self.changes(*from, old, program);
                self.changes(*to, new, program);
            }
            _ => {}
        }
    }

    fn changes(&mut self, dir: Ino, name: &Name, program: u8) {
        let entry = entry(dir, name);
        let before = self.changed.get(&entry).copied();
        if before.is_none() | adds(self.changed.entry(entry).or_insert(program), program) {
            let relied = self.relied_entries.get_mut();
            self.broken |= relied.iter().any(|(relied, by)| *relied == entry && *by != program);
        }
        let before = self.altered.get(&dir).copied();
        if before.is_none() | adds(self.altered.entry(dir).or_insert(program), program) {
            let relied = self.relied_listings.get_mut();
            self.broken |= relied.iter().any(|(relied, by)| *relied == dir && *by != program);
        }
    }

    fn settled(&self, dir: Ino, name: &Name, program: u8) -> bool {
        let entry = entry(dir, name);
        let settled = self.changed.get(&entry).is_none_or(|by| *by == program);
        if settled {
            self.relied_entries.borrow_mut().insert((entry, program));
        }
        settled
    }

    /// Nobody else ever changes this directory.
    fn undisturbed(&self, dir: Ino, program: u8) -> bool {
        let undisturbed = self.altered.get(&dir).is_none_or(|by| *by == program);
        if undisturbed {
            self.relied_listings.borrow_mut().insert((dir, program));
        }
        undisturbed
    }

    /// Whether nobody else can notice this operation, nor disturb it. `still`: the clock will not move any more.
    pub(crate) fn unnoticed(&self, operation: &Operation, fs: &FileSystem, slot: u8, still: bool) -> bool {
        if !self.on {
            return false;
        }
        let mine = |ino: Ino| fs.node(ino).is_some_and(|node| node.owner == Some(slot));
        // What stands under the name, if anything does, is this actor's alone, and so is the name.
        let private = |dir: Ino, name: &Name| {
            fs.lookup(dir, &name.text).is_none_or(mine) && (mine(dir) || (fs.node(dir).is_some() && self.workshop(dir)))
        };
        let absent = |dir: Ino, name: &Name| fs.lookup(dir, &name.text).is_none();
        match operation {
            Op::Now | Op::Monotonic => still,
            Op::OpenDir(dir, name) | Op::Open(dir, name) => private(*dir, name) || self.settled(*dir, name, slot),
            Op::CreateDir(dir, name) | Op::Create(dir, name) => {
                (still && private(*dir, name)) || (!absent(*dir, name) && self.settled(*dir, name, slot))
            }
            Op::Unlink(dir, name) | Op::RemoveDir(dir, name) => {
                (still && private(*dir, name)) || (absent(*dir, name) && self.settled(*dir, name, slot))
            }
            Op::Rename(from, old, to, new) => {
                (absent(*from, old) && (private(*from, old) || self.settled(*from, old, slot)))
                    || (still && private(*from, old) && private(*to, new))
            }
            // A second name is noticed, unless both are this actor's alone.
            Op::Link(from, old, to, new) => {
                let names_mine = |dir: Ino, name: &Name| fs.lookup(dir, &name.text).is_some_and(mine);
                still && names_mine(*from, old) && private(*from, old) && private(*to, new)
            }
            Op::List(dir) => mine(*dir) || self.undisturbed(*dir, slot),
            Op::Metadata(dir, name) => {
                let fixed = |ino: Ino| fs.kind(ino) == Kind::File && self.fixed(ino) && self.lasting(ino);
                let same = fs.lookup(*dir, &name.text).is_none_or(fixed);
                private(*dir, name) || (same && self.settled(*dir, name, slot))
            }
            Op::ReadAt(file, ..) => mine(*file) || self.fixed(*file),
            Op::FileMetadata(file) => mine(*file) || (self.fixed(*file) && self.lasting(*file)),
            Op::WriteAt(file, ..) => still && mine(*file),
            Op::SyncDir(_) | Op::SyncFile(_) => true,
            Op::SetWall(_) | Op::Jump(_) | Op::Advance(_) => false,
        }
    }

    /// Nobody ever writes this file where others can reach it.
    fn fixed(&self, file: Ino) -> bool {
        let fixed = !self.written.contains(&file);
        if fixed {
            self.relied_files.borrow_mut().insert(file);
        }
        fixed
    }

    /// This file never loses or gains a name where others can reach it.
    fn lasting(&self, file: Ino) -> bool {
        let lasting = !self.renumbered.contains(&file);
        if lasting {
            self.relied_links.borrow_mut().insert(file);
        }
        lasting
    }
}
