//! After a power cut: entries that stand twice, and tasks without their place in the order.
//!
//! On some file systems a rename across directories of which only one reached the disk leaves the entry under
//! *both* names, as two links of one file (btrfs; see `docs/holes.md`, hole 17). The names carry the same
//! nonce, so of two links to one nonce one is kept: what has ended beats what lives, then the higher token.
//!
//! This is safe while others work: only a name whose file has more than one link is ever removed, and
//! never the last one.

use super::Queue;
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::scan::Found;
use super::ticket::{Ticket, place_ticket, ticket_name};
use crate::capability::{Directory, FsError, Kind};
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use crate::reference::ignore_gone;
use crate::store::sync_all;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// A name under which a task stands, and its directory.
type Standing<D> = (Rc<D>, Entry, String);

/// How often the other names of a file are looked for: they may be moving, or stand outside of the queue.
const LOOKS: usize = 3;
/// How many tasks that seem to stand twice are looked at together.
const AT_ONCE: usize = 4_096;

/// What is kept where a task stands twice; of two claims of one millisecond, everybody keeps the same.
fn rank(entry: &Entry) -> (u64, u64, u64, String) {
    let (has_ended, is_claimed) = entry.place.rank();
    (has_ended, entry.token, is_claimed, entry.text())
}

impl<D: Directory> Queue<D> {
    /// Puts right what a power cut may have left; tells `report` of each thing: its path and what it was.
    pub(crate) fn reconcile(&self, report: &mut dyn FnMut(String, String)) -> Result<()> {
        let Some(layout) = self.layout()? else { return Ok(()) };
        let doubled = doubled_nonces(&layout)?;
        for some in doubled.chunks(AT_ONCE) {
            let mut standing: BTreeMap<Nonce, Vec<Standing<D>>> = BTreeMap::new();
            for_each_file(&layout, &mut |found, entry| {
                if some.binary_search(&short(&entry.nonce.text())).is_ok() {
                    standing.entry(entry.nonce).or_default().push((Rc::clone(&found.dir), entry, found.full_path()));
                }
            })?;
            for (nonce, names) in standing {
                self.keep_one(&layout, nonce, names, report)?;
            }
        }
        self.reconcile_given(&layout, report)?;
        sync_all(&[(&layout.claimed, "claimed"), (&layout.pending, "pending"), (&layout.ids, "ids")])
    }

    /// Whether the claim whose file has several links keeps its name; the other names are removed.
    pub(crate) fn keeps_its_name(&self, layout: &Rc<Layout<D>>, claimed: &Entry) -> Result<bool> {
        let name = claimed.text();
        for _ in 0..LOOKS {
            let mut names = Vec::new();
            for_each_file(layout, &mut |found, entry| {
                if entry.nonce == claimed.nonce {
                    names.push((Rc::clone(&found.dir), entry, found.full_path()));
                }
            })?;
            self.keep_one(layout, claimed.nonce, names, &mut |_, _| {})?;
            if !is_doubled(&layout.claimed, &name) {
                break;
            }
        }
        Ok(layout.claimed.metadata(&name).is_ok())
    }

    fn keep_one(
        &self,
        layout: &Rc<Layout<D>>,
        nonce: Nonce,
        names: Vec<Standing<D>>,
        report: &mut dyn FnMut(String, String),
    ) -> Result<()> {
        // A listing may have shown one name before a rename and another after it: only links are believed. A pack has
        // many; but names never come back, so what stands both before and after others were seen stood with them.
        let mut doubled: Vec<Standing<D>> =
            names.into_iter().filter(|(dir, entry, _)| may_be_doubled(&**dir, entry)).collect();
        doubled.retain(|(dir, entry, _)| may_be_doubled(&**dir, entry));
        doubled.sort_by_cached_key(|(_, entry, _)| rank(entry));
        // One name that was listed twice, since the directory around it was moved.
        doubled.dedup_by(|(_, a, _), (_, b, _)| a == b);
        let kept = doubled.pop();
        for (dir, entry, path) in doubled {
            if may_be_doubled(&*dir, &entry) {
                unlink(&*dir, &entry.text(), &path)?;
                report(path, String::from("stood twice after a power cut, the later state was kept"));
            }
        }
        let in_tmp = nonce.text();
        if kept.is_some() && is_doubled(&layout.tmp, &in_tmp) {
            unlink(&layout.tmp, &in_tmp, "tmp")?;
            report(format!("tmp/{in_tmp}"), String::from("was published, and stood twice after a power cut"));
        }
        Ok(())
    }

    fn reconcile_given(&self, layout: &Rc<Layout<D>>, report: &mut dyn FnMut(String, String)) -> Result<()> {
        let tickets = Tickets::of(layout)?;
        let mut failed = None;
        layout.for_each_in("ids", &mut |found| {
            let Some((key, _)) = Key::from_file_name(&found.name) else { return Ok(()) };
            match self.reconcile_one(layout, &key, &tickets) {
                Ok(None) | Err(Error::Damaged(_)) => {}
                Ok(Some(what)) => report(found.full_path(), String::from(what)),
                // One bad entry never stops the others.
                Err(error) => failed = failed.take().or(Some(error)),
            }
            Ok(())
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn reconcile_one(&self, layout: &Rc<Layout<D>>, key: &Key, tickets: &Tickets) -> Result<Option<&'static str>> {
        let Some(given) = Given::read(layout, key)? else { return Ok(None) };
        if given.entry.place == Place::Tomb {
            given.remove(layout)?;
            return Ok(Some("its removal was cut short, and is finished"));
        }
        if tickets.contain(key, &given.entry) {
            return Ok(None);
        }
        place_ticket(layout, key, &given.entry, true)?;
        Ok(Some("had no ticket, and has one again"))
    }
}

/// Of which nonces two names stand in the queue. Eight bytes a task, so that any number of them fits: two nonces
/// that are taken for one are told apart by whoever looks at them.
fn doubled_nonces<D: Directory>(layout: &Layout<D>) -> Result<Vec<u64>> {
    let mut nonces = Vec::new();
    for_each_file(layout, &mut |_, entry| nonces.push(short(&entry.nonce.text())))?;
    // What is published one by one stands in `tmp` under its nonce before.
    layout.for_each_in_tmp(&mut |found| {
        if found.kind == Kind::File && Nonce::read(&found.name).is_some() {
            nonces.push(short(&found.name));
        }
        Ok(())
    })?;
    nonces.sort_unstable();
    let mut doubled: Vec<u64> = nonces.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    doubled.dedup();
    Ok(doubled)
}

/// Sixty-four bits of a name (FNV-1a).
fn short(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |bits, byte| (bits ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Which tickets there are, eight bytes each.
pub(crate) struct Tickets(Vec<u64>);

impl Tickets {
    pub(crate) fn of<D: Directory>(layout: &Layout<D>) -> Result<Self> {
        let mut names = Vec::new();
        let mut look = |found: Found<D>| {
            if found.kind == Kind::File && Ticket::parse(&found.name).is_some() {
                names.push(short(&found.name));
            }
            Ok(())
        };
        layout.for_each_pending(&mut look)?;
        layout.for_each_fixed(&mut look)?;
        names.sort_unstable();
        Ok(Tickets(names))
    }

    /// Whether the task has its ticket, wherever that stands.
    pub(crate) fn contain(&self, key: &Key, entry: &Entry) -> bool {
        self.0.binary_search(&short(&ticket_name(key, entry))).is_ok()
    }
}

/// Visits every task that is a file.
pub(crate) fn for_each_file<D: Directory>(layout: &Layout<D>, visit: &mut dyn FnMut(&Found<D>, Entry)) -> Result<()> {
    let mut look = |found: Found<D>| {
        if found.kind == Kind::File
            && let Some(entry) = Entry::parse(&found.name)
        {
            visit(&found, entry);
        }
        Ok(())
    };
    layout.for_each_pending(&mut look)?;
    layout.for_each_fixed(&mut look)
}

/// Whether the file has other names; where it is a pack, whether it stands at all.
fn may_be_doubled<D: Directory>(dir: &D, entry: &Entry) -> bool {
    match entry.extent {
        Some(_) => dir.metadata(&entry.text()).is_ok(),
        None => is_doubled(dir, &entry.text()),
    }
}

fn is_doubled<D: Directory>(dir: &D, name: &str) -> bool {
    dir.metadata(name).is_ok_and(|metadata| metadata.kind == Kind::File && metadata.links > 1)
}

fn unlink<D: Directory>(dir: &D, name: &str, path: &str) -> Result<()> {
    let removed = ignore_gone(dir.unlink(name)).and_then(|()| match dir.sync() {
        Err(FsError::NotFound) => Ok(()),
        other => other,
    });
    removed.map_err(|error| Error::at(path, &error))
}
