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
use super::part::{Part, Parting, for_each_beside_groups, unreadable};
use super::reserve::RESERVED;
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

/// A name under which a task stands.
#[derive(Debug, Clone)]
struct Standing<D> {
    dir: Rc<D>,
    /// The task; or its group, or the group as it was when it began to part.
    entry: Entry,
    name: String,
    path: String,
}

/// Of which groups some tasks stand elsewhere as well: by their paths, and which.
type Superseded<D> = BTreeMap<String, (Standing<D>, u128)>;

/// How often the other names of a file are looked for: they may be moving, or stand outside of the queue.
const LOOKS: usize = 3;
/// How many tasks that seem to stand twice are looked at together.
const AT_ONCE: usize = 4_096;

/// What is kept where a task stands twice; of two claims of one millisecond, everybody keeps the same.
/// What stands alone came out of its group.
fn rank(entry: &Entry) -> (u64, u64, bool, u64, String) {
    let (has_ended, is_claimed) = entry.place.rank();
    (has_ended, entry.token, entry.group.is_none(), is_claimed, entry.text())
}

impl<D: Directory> Queue<D> {
    /// Puts right what a power cut may have left; tells `report` of each thing: its path and what it was.
    pub(crate) fn reconcile(&self, report: &mut dyn FnMut(String, String)) -> Result<()> {
        let Some(layout) = self.layout()? else { return Ok(()) };
        // First: what is looked for below are names of tasks.
        let published = self.publish_reserved(&layout, true);
        for name in published.iter().flatten() {
            let problem =
                "was pushed, and a power cut has forgotten its name, or its pusher was killed: it is there again";
            report(format!("{RESERVED}/{name}"), String::from(problem));
        }
        let doubled = doubled_nonces(&layout)?;
        for some in doubled.nonces.chunks(AT_ONCE) {
            let mut standing: BTreeMap<Nonce, Vec<Standing<D>>> = BTreeMap::new();
            for_each_file(&layout, &mut |found, entry| {
                for nonce in entry.nonces() {
                    if some.binary_search(&short(&nonce.text())).is_ok() {
                        standing.entry(nonce).or_default().push(Standing::of(found, entry.clone()));
                    }
                }
            })?;
            let mut superseded = Superseded::new();
            for (nonce, names) in standing {
                keep_one(&layout, nonce, names, &mut superseded, report)?;
            }
            for (path, (group, places)) in superseded {
                if leave_out(&group, places)? {
                    report(
                        path,
                        String::from("some of its tasks stood twice after a power cut, the later states were kept"),
                    );
                }
            }
        }
        if doubled.are_parts {
            reconcile_parts(&layout, report)?;
        }
        self.reconcile_given(&layout, report)?;
        published?;
        sync_all(&[(&layout.claimed, "claimed"), (&layout.pending, "pending"), (&layout.ids, "ids")])
    }

    /// Whether the claim whose file has several links keeps its name; the other names are removed.
    pub(crate) fn keeps_its_name(&self, layout: &Rc<Layout<D>>, claimed: &Entry) -> Result<bool> {
        let name = claimed.text();
        for _ in 0..LOOKS {
            let mut names = Vec::new();
            for_each_file(layout, &mut |found, entry| {
                if entry.stands_for(claimed.nonce) {
                    names.push(Standing::of(found, entry));
                }
            })?;
            let mut superseded = Superseded::new();
            keep_one(layout, claimed.nonce, names, &mut superseded, &mut |_, _| {})?;
            for (group, places) in superseded.into_values() {
                leave_out(&group, places)?;
            }
            if !is_doubled(&layout.claimed, &name) {
                break;
            }
        }
        Ok(layout.claimed.metadata(&name).is_ok())
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

impl<D: Directory> Standing<D> {
    fn of(found: &Found<D>, entry: Entry) -> Self {
        Standing { dir: Rc::clone(&found.dir), entry, name: found.name.clone(), path: found.full_path() }
    }

    /// Whether the file has other names; where it is a pack, whether it stands at all.
    fn may_be_doubled(&self) -> bool {
        match self.entry.extent {
            Some(_) => self.dir.metadata(&self.name).is_ok(),
            None => is_doubled(&*self.dir, &self.name),
        }
    }
}

/// Keeps one of the names of a task. One that is a group's stands for others too: which of them it is to be left out of is
/// gathered in `superseded`.
fn keep_one<D: Directory>(
    layout: &Layout<D>,
    nonce: Nonce,
    names: Vec<Standing<D>>,
    superseded: &mut Superseded<D>,
    report: &mut dyn FnMut(String, String),
) -> Result<()> {
    // A listing may have shown one name before a rename and another after it: only links are believed. A pack has
    // many; but names never come back, so what stands both before and after others were seen stood with them.
    let mut doubled: Vec<Standing<D>> = names.into_iter().filter(Standing::may_be_doubled).collect();
    doubled.retain(Standing::may_be_doubled);
    doubled.sort_by_cached_key(|standing| rank(&standing.entry));
    // One name that was listed twice, since the directory around it was moved.
    doubled.dedup_by(|a, b| a.name == b.name);
    let kept = doubled.pop();
    for standing in doubled {
        if !standing.may_be_doubled() {
            continue;
        }
        if standing.entry.group.is_some() {
            let bit = nonce.place().map_or(0, |place| 1 << place);
            superseded.entry(standing.path.clone()).or_insert((standing, 0)).1 |= bit;
            continue;
        }
        unlink(&*standing.dir, &standing.name, &standing.path)?;
        report(standing.path, String::from("stood twice after a power cut, the later state was kept"));
    }
    let in_tmp = nonce.text();
    if kept.is_some() && is_doubled(&layout.tmp, &in_tmp) {
        unlink(&layout.tmp, &in_tmp, "tmp")?;
        report(format!("tmp/{in_tmp}"), String::from("was published, and stood twice after a power cut"));
    }
    Ok(())
}

/// Removes the names that tasks had while their group parted, where they stand alone as well: nobody may send them on their
/// way once more. A name that still stands after the task was seen alone has stood with it.
fn reconcile_parts<D: Directory>(layout: &Rc<Layout<D>>, report: &mut dyn FnMut(String, String)) -> Result<()> {
    let mut parts: BTreeMap<Nonce, Vec<Found<D>>> = BTreeMap::new();
    for_each_beside_groups(layout, &mut |found| {
        if found.is_unreadable {
            return Err(unreadable(&found));
        }
        if let Some(part) = Part::parse(&found.name) {
            parts.entry(part.task()).or_default().push(found);
        }
        Ok(())
    })?;
    if parts.is_empty() {
        return Ok(());
    }
    let mut doubled = Vec::new();
    for_each_file(layout, &mut |_, entry| {
        if entry.group.is_none() {
            doubled.extend(parts.remove(&entry.nonce).into_iter().flatten());
        }
    })?;
    for part in doubled {
        if part.dir.metadata(&part.name).is_ok() {
            unlink(&*part.dir, &part.name, &part.full_path())?;
            report(part.full_path(), String::from("stood twice after a power cut, the later state was kept"));
        }
    }
    Ok(())
}

/// Leaves tasks out of a group that stand elsewhere; `false` if it has gone on meanwhile.
fn leave_out<D: Directory>(standing: &Standing<D>, places: u128) -> Result<bool> {
    if standing.entry.group.is_none() {
        return Ok(false);
    }
    let Some(next) = standing.entry.without(places) else {
        unlink(&*standing.dir, &standing.name, &standing.path)?;
        return Ok(true);
    };
    let name = match Parting::parse(&standing.name) {
        Some(parting) => Parting { entry: next, ..parting }.text(),
        None => next.text(),
    };
    match standing.dir.rename(&standing.name, &*standing.dir, &name).and_then(|()| standing.dir.sync()) {
        Ok(()) => Ok(true),
        Err(FsError::NotFound) => Ok(false),
        Err(error) => Err(Error::at(&standing.path, &error)),
    }
}

/// What one look through the queue tells.
struct Doubled {
    /// Of which nonces two names stand.
    nonces: Vec<u64>,
    /// Whether there are names that tasks have while their group parts.
    are_parts: bool,
}

/// Of which nonces two names stand in the queue. Eight bytes a task, so that any number of them fits: two nonces
/// that are taken for one are told apart by whoever looks at them.
fn doubled_nonces<D: Directory>(layout: &Layout<D>) -> Result<Doubled> {
    let mut nonces = Vec::new();
    let mut are_parts = false;
    let mut look = |found: Found<D>| {
        are_parts |= Part::parse(&found.name).is_some();
        if let Some(entry) = file_of(&found) {
            nonces.extend(entry.nonces().map(|nonce| short(&nonce.text())));
        }
        Ok(())
    };
    layout.for_each_pending(&mut look)?;
    layout.for_each_fixed(&mut look)?;
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
    Ok(Doubled { nonces: doubled, are_parts })
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

/// The task, or the group, that a name tells of; also one that has begun to part.
fn file_of<D>(found: &Found<D>) -> Option<Entry> {
    if found.kind != Kind::File {
        return None;
    }
    let begun = || Parting::parse(&found.name).filter(|parting| !parting.is_settled);
    Entry::parse(&found.name).or_else(|| begun().map(|parting| parting.entry))
}

/// Visits every task that is a file, and every group; also one that has begun to part, whose tasks do not stand alone yet.
pub(crate) fn for_each_file<D: Directory>(layout: &Layout<D>, visit: &mut dyn FnMut(&Found<D>, Entry)) -> Result<()> {
    let mut look = |found: Found<D>| {
        if let Some(entry) = file_of(&found) {
            visit(&found, entry);
        }
        Ok(())
    };
    layout.for_each_pending(&mut look)?;
    layout.for_each_fixed(&mut look)
}

fn is_doubled<D: Directory>(dir: &D, name: &str) -> bool {
    dir.metadata(name).is_ok_and(|metadata| metadata.kind == Kind::File && metadata.links > 1)
}

pub(crate) fn unlink<D: Directory>(dir: &D, name: &str, path: &str) -> Result<()> {
    let removed = ignore_gone(dir.unlink(name)).and_then(|()| match dir.sync() {
        Err(FsError::NotFound) => Ok(()),
        other => other,
    });
    removed.map_err(|error| Error::at(path, &error))
}
