//! One state of everything, and the listings under way in it.

use super::actor::Event;
use super::filesystem::FileSystem;
use super::fingerprint::Mixer;
use super::history::HistoryId;
use super::operation::{Ino, Name};
use super::scenario::ACTORS;
use leasehold_core::capability::Kind;
use std::rc::Rc;

/// Where an actor stands: a history, or one of these.
pub(crate) type Seat = u32;
/// It has crashed for good.
pub(crate) const CRASHED: Seat = u32::MAX;
/// It has ended; the words' number is in the other bits.
pub(crate) const ENDED: Seat = 1 << 31;
/// What ended was its restart.
pub(crate) const AGAIN: Seat = 1 << 30;

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) fs: FileSystem,
    pub(crate) wall: u64,
    pub(crate) monotonic: u64,
    pub(crate) seats: [Seat; ACTORS],
    pub(crate) log: u32,
    pub(crate) crashes: u8,
    pub(crate) listings: Option<Rc<[Option<Listing>; ACTORS]>>,
}

impl State {
    /// The history of an actor that is neither crashed nor ended.
    pub(crate) fn running(&self, actor: usize) -> Option<HistoryId> {
        let seat = self.seats[actor];
        (seat & ENDED == 0).then_some(seat)
    }

    pub(crate) fn listing(&self, actor: usize) -> Option<&Listing> {
        self.listings.as_ref()?[actor].as_ref()
    }

    pub(crate) fn set_listing(&mut self, actor: usize, listing: Option<Listing>) {
        if listing.is_none() && self.listing(actor).is_none() {
            return;
        }
        let all = Rc::make_mut(self.listings.get_or_insert_default());
        all[actor] = listing;
        if all.iter().all(Option::is_none) {
            self.listings = None;
        }
    }

    /// A directory has changed while listings of it were under way.
    pub(crate) fn disturb(&mut self, dir: Ino, renamed: bool) {
        let Some(listings) = &mut self.listings else {
            return;
        };
        if listings.iter().flatten().any(|listing| listing.dir == dir) {
            let names = self.fs.names(dir);
            for listing in Rc::make_mut(listings).iter_mut().flatten().filter(|listing| listing.dir == dir) {
                listing.meet(&names, renamed);
            }
        }
    }

    pub(crate) fn print(&self) -> u128 {
        let mut mixer = Mixer::new(4);
        mixer.wide(self.fs.print());
        mixer.word(self.wall);
        mixer.word(self.monotonic);
        for pair in self.seats.chunks(2) {
            mixer.word(u64::from(pair[0]) << 32 | u64::from(pair[1]));
        }
        mixer.word(u64::from(self.log) << 8 | u64::from(self.crashes));
        for (actor, listing) in self.listings.iter().flat_map(|all| all.iter().enumerate()) {
            if let Some(listing) = listing {
                mixer.word(actor as u64);
                listing.mix(&mut mixer);
            }
        }
        mixer.end()
    }
}

/// A listing that has begun and not ended.
#[derive(Clone)]
pub(crate) struct Listing {
    dir: Ino,
    /// Stood there all the time.
    certain: Vec<(Name, Kind)>,
    /// Stood there some of the time and not all of it.
    possible: Vec<(Name, Kind)>,
    /// A rename happened in the directory.
    renamed: bool,
}

/// Beyond this many uncertain entries not every subset is tried.
const SUBSETS: usize = 5;

impl Listing {
    pub(crate) fn begin(dir: Ino, fs: &FileSystem) -> Self {
        Self { dir, certain: fs.names(dir).to_vec(), possible: Vec::new(), renamed: false }
    }

    fn meet(&mut self, names: &[(Name, Kind)], renamed: bool) {
        let has = |list: &[(Name, Kind)], name: &Name| list.iter().any(|(n, _)| n.print == name.print);
        let gone: Vec<_> = self.certain.iter().filter(|(name, _)| !has(names, name)).cloned().collect();
        self.certain.retain(|(name, _)| has(names, name));
        let come = names.iter().filter(|(name, _)| !has(&self.certain, name)).cloned();
        for (name, kind) in gone.into_iter().chain(come) {
            if !has(&self.possible, &name) {
                self.possible.push((name, kind));
            }
        }
        self.possible.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
        self.renamed |= renamed;
    }

    /// How many answers it can end with.
    pub(crate) fn answers(&self, may_be_empty: bool) -> usize {
        let uncertain = self.possible.len();
        let subsets = if uncertain <= SUBSETS { 1 << uncertain } else { 2 + 2 * uncertain };
        subsets + usize::from(may_be_empty && self.renamed)
    }

    /// One of the answers it can end with.
    pub(crate) fn answer(&self, n: usize, may_be_empty: bool) -> Rc<[(Name, Kind)]> {
        if may_be_empty && self.renamed && n + 1 == self.answers(may_be_empty) {
            return Rc::new([]);
        }
        let uncertain = self.possible.len();
        let seen = |at: usize| match n {
            _ if uncertain <= SUBSETS => n >> at & 1 == 1,
            0 => false,
            1 => true,
            _ if n < 2 + uncertain => at == n - 2,
            _ => at != n - 2 - uncertain,
        };
        let mut names = self.certain.clone();
        names.extend(self.possible.iter().enumerate().filter(|(at, _)| seen(*at)).map(|(_, entry)| entry.clone()));
        names.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
        names.into()
    }

    fn mix(&self, mixer: &mut Mixer) {
        mixer.word(self.dir);
        mixer.word(self.certain.len() as u64 * 2 + u64::from(self.renamed));
        for (name, kind) in self.certain.iter().chain(&self.possible) {
            mixer.wide(name.print);
            mixer.word(*kind as u64);
        }
    }
}

/// All logs of one scenario, as lists that share their beginnings. Zero is the empty one.
#[derive(Default)]
pub(crate) struct Logs {
    all: Vec<(u32, Event)>,
    known: std::collections::HashMap<(u32, Event), u32>,
}

impl Logs {
    pub(crate) fn push(&mut self, log: u32, event: &Event) -> u32 {
        if let Some(known) = self.known.get(&(log, event.clone())) {
            return *known;
        }
        self.all.push((log, event.clone()));
        let id = self.all.len() as u32;
        self.known.insert((log, event.clone()), id);
        id
    }

    pub(crate) fn events(&self, mut log: u32) -> Vec<Event> {
        let mut events = Vec::new();
        while log != 0 {
            let (before, event) = &self.all[log as usize - 1];
            events.push(event.clone());
            log = *before;
        }
        events.reverse();
        events
    }
}
