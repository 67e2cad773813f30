//! A store that is a directory of refs: leases, checkpoints.

use super::{RankOf, Ref, Seen, Unborn};
use crate::capability::{Directory, Environment, File, FsError, FsResult, Kind};
use crate::error::{Error, Holding, Result};
use crate::holder::Holders;
use crate::limits::{NAME_BYTES_MAX, PAGE_MAX};
use crate::name::{Decoded, Key, Nonce, number};
use crate::order::sort;
use crate::store::{
    Damage, Extent, FORMAT_FILE, Floor, Format, Pack, QUARANTINE, Swept, TMP, Trash, create_file, ensure_dir,
    list_entries, open_or_absent, read_file, sync_all,
};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

/// How many births are remembered as synced.
const ANCHORED_MAX: usize = 4_096;

/// What is done to each ref.
type Act<'a, D, T> = dyn FnMut(&Key, Ref<D>) -> Result<Option<T>> + 'a;
/// What is told of a ref, and whether it has room.
type Sift<'a, D, T> = dyn FnMut(&Key, Ref<D>) -> Option<(T, bool)> + 'a;
/// What makes the content directory of a ref that is being made.
type Fill<'a, D> = dyn FnMut(&Unborn<'_, D>) -> Result<()> + 'a;
/// What looks into a ref for damage.
type Inspect<'a, D> = dyn FnMut(&str, &Ref<D>, &mut Vec<Damage<D>>) -> Result<()> + 'a;

/// Where a content was published.
#[derive(Debug)]
pub(crate) enum Published<F> {
    /// In a file of its own.
    File(F),
    /// In the pack that is written into.
    InPack,
}

/// The refs in one granted directory, and the holders that can hold them.
#[derive(Debug, Clone)]
pub(crate) struct Refs<D: Directory> {
    pub(crate) dir: D,
    pub(crate) environment: Environment,
    pub(crate) holders: Holders<D>,
    format: Format,
    rank: RankOf,
    /// Whether the mark was seen: a store never changes its format.
    marked: Rc<Cell<bool>>,
    /// Where contents stand that are published one after the other.
    pub(crate) pack: Rc<Pack<D>>,
    /// The births of refs whose place in the store this instance has synced.
    anchored: Rc<RefCell<BTreeSet<Nonce>>>,
}

impl<D: Directory> Refs<D> {
    /// Touches nothing yet.
    pub(crate) fn new(dir: D, holders: Holders<D>, environment: Environment, format: Format, rank: RankOf) -> Self {
        Refs {
            dir,
            environment,
            holders,
            format,
            rank,
            marked: Rc::new(Cell::new(false)),
            pack: Rc::default(),
            anchored: Rc::default(),
        }
    }

    /// Whether there is a store yet.
    pub(crate) fn is_marked(&self) -> Result<bool> {
        if !self.marked.get() {
            self.marked.set(self.format.is_marked(&self.dir)?);
        }
        Ok(self.marked.get())
    }

    /// Makes what a birth needs; answers `tmp`.
    fn ensure(&self) -> Result<D> {
        self.format.ensure(&self.dir, &self.environment)?;
        ensure_dir(&self.dir, TMP)
    }

    pub(crate) fn read(&self, key: &Key) -> Result<Seen<D>> {
        if !self.is_marked()? {
            return Ok(Seen::Absent);
        }
        Ref::read(&self.dir, key.as_str(), self.rank)
    }

    /// Reads a ref and its state; `None` where nothing stands. `what` is what the store keeps.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`] for what is not understood: it counts as held.
    pub(crate) fn read_state<S>(
        &self,
        key: &Key,
        what: &str,
        parse: fn(&str) -> Option<S>,
    ) -> Result<Option<(Ref<D>, S)>> {
        match self.read(key)? {
            Seen::Absent => Ok(None),
            Seen::Unknown(doubt) => Err(doubt.into_error(what)),
            Seen::Present(reference) => match parse(&reference.token_name) {
                Some(state) => Ok(Some((reference, state))),
                // Nothing else is taken for a token file.
                None => Err(Error::Damaged(format!("{what} {}; it counts as held, run the doctor", key.as_str()))),
            },
        }
    }

    pub(crate) fn floor(&self) -> Floor<'_, D> {
        Floor::of(&self.dir)
    }

    /// The token of whoever holds next. Reads the floor, so it is to be called *after* the ref was read: whatever was
    /// removed before that ref was born is below it.
    pub(crate) fn next_token(&self, token: u64) -> Result<u64> {
        let floor = self.floor().read()?;
        let next = token.saturating_add(1).max(self.environment.now_ms()).max(floor.saturating_add(1));
        if next > number::MOMENT_MAX {
            return Err(Error::Damaged(format!(
                "token {next} is beyond the last one, set the clock or the floor right"
            )));
        }
        Ok(next)
    }

    /// Puts a ref and its state on the disk. Whoever gave birth to it may not have done so.
    pub(crate) fn sync(&self, reference: &Ref<D>) -> Result<()> {
        sync_all(&[(&reference.dir, self.format.kind)])?;
        if reference.birth.is_some_and(|birth| self.anchored.borrow().contains(&birth)) {
            return Ok(());
        }
        sync_all(&[(&self.dir, self.format.kind)])?;
        if let Some(tmp) = open_or_absent(&self.dir, TMP)? {
            sync_all(&[(&tmp, TMP)])?;
        }
        // A ref that was removed and made anew has another birth.
        if let Some(birth) = reference.birth {
            let mut anchored = self.anchored.borrow_mut();
            if anchored.len() >= ANCHORED_MAX {
                anchored.clear();
            }
            anchored.insert(birth);
        }
        Ok(())
    }

    /// Publishes content as `name` in the content directory `dir`, synced before it can be named; a name is made by
    /// `named`, which is told where in a pack the content stands.
    ///
    /// # Errors
    /// [`FsError::NotFound`] if `dir` was removed; whatever the system answers.
    pub(crate) fn publish_content<N>(
        &self,
        dir: &D,
        content: &[u8],
        named: &dyn Fn(Option<Extent>) -> N,
        text: fn(&N) -> String,
    ) -> FsResult<N> {
        let (name, published) = self.publish_unsynced(dir, content, named, text)?;
        self.sync_content(&published)?;
        dir.sync()?;
        Ok(name)
    }

    /// As [`Refs::publish_content`], with nothing synced; [`Refs::sync_content`] syncs what was published last.
    pub(crate) fn publish_unsynced<N>(
        &self,
        dir: &D,
        content: &[u8],
        named: &dyn Fn(Option<Extent>) -> N,
        text: fn(&N) -> String,
    ) -> FsResult<(N, Published<D::File>)> {
        if self.pack.takes(content.len())
            && let Some(name) = self.publish_packed(dir, content, named, text)?
        {
            return Ok((name, Published::InPack));
        }
        let name = named(None);
        let file = create_file(dir, &text(&name), &[content])?;
        Ok((name, Published::File(file)))
    }

    /// Returns once what was published last is on the disk, but for its name.
    pub(crate) fn sync_content(&self, published: &Published<D::File>) -> FsResult<()> {
        match published {
            Published::File(file) => file.sync(),
            Published::InPack => self.pack.sync(),
        }
    }

    /// `None` where a file can have one name only, or a sweeper took the pack.
    fn publish_packed<N>(
        &self,
        dir: &D,
        content: &[u8],
        named: &dyn Fn(Option<Extent>) -> N,
        text: fn(&N) -> String,
    ) -> FsResult<Option<N>> {
        let tmp = match self.pack.tmp().map_or_else(|| self.dir.open_dir(TMP), Ok) {
            Ok(tmp) => tmp,
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let extent = match self.pack.append(&tmp, &[content], &self.environment) {
            Ok(extent) => extent,
            Err(FsError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = named(Some(extent));
        match self.pack.link(dir, &text(&name)) {
            Ok(is_linked) => Ok(is_linked.then_some(name)),
            Err(FsError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Refs::sync`], where the call is to wait for the disk.
    pub(crate) fn sync_if(&self, sync: bool, reference: &Ref<D>) -> Result<()> {
        if sync { self.sync(reference) } else { Ok(()) }
    }

    /// The caller's name of a ref.
    pub(crate) fn full_name(&self, reference: &Ref<D>, key: &Key) -> String {
        if let Some((_, Decoded::Name(name))) = Key::from_file_name(key.as_str()) {
            return name;
        }
        let read = reference.dir.open(&reference.token_name).and_then(|file| read_file(&file, NAME_BYTES_MAX));
        let name = read.ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok());
        name.filter(|name| Key::of(name).as_ref() == Ok(key)).unwrap_or_else(|| String::from(key.as_str()))
    }

    /// Who holds a thing, as the caller is told.
    pub(crate) fn holding(&self, holder: &Key, epoch: u64, token: u64) -> Holding {
        Holding { holder: self.holders.name_behind(holder.as_str()), epoch, token, until_ms: None }
    }

    /// All keys, in their order.
    pub(crate) fn keys(&self) -> Result<Vec<Key>> {
        if !self.is_marked()? {
            return Ok(Vec::new());
        }
        let entries = list_entries(&self.dir).map_err(|error| Error::at(self.format.kind, &error))?;
        let mut keys: Vec<Key> =
            entries.iter().filter_map(|(name, _)| Key::from_file_name(name).map(|(key, _)| key)).collect();
        sort(&mut keys);
        Ok(keys)
    }

    /// A page of what `view` makes of the refs after `cursor`, and the cursor of the next page. What cannot be read is
    /// left out.
    pub(crate) fn page<T>(
        &self,
        cursor: Option<&str>,
        limit: u32,
        view: &mut dyn FnMut(&Key, Ref<D>) -> Option<T>,
    ) -> Result<(Vec<T>, Option<String>)> {
        self.page_while(cursor, limit, &mut |key, reference| Some((view(key, reference)?, true)))
    }

    /// As [`Refs::page`]; `view` also says whether there is room for it in this page. The first always has its room.
    pub(crate) fn page_while<T>(
        &self,
        cursor: Option<&str>,
        limit: u32,
        view: &mut Sift<'_, D, T>,
    ) -> Result<(Vec<T>, Option<String>)> {
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Error::InvalidArgument(format!("a page of {limit}, use 1 to {PAGE_MAX}")));
        }
        if let Some(cursor) = cursor.filter(|cursor| Key::from_file_name(cursor).is_none()) {
            return Err(Error::InvalidArgument(format!("{cursor:?} is not a cursor, pass on what the page answered")));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut page = Vec::new();
        let mut last = None;
        for key in self.keys()?.into_iter().filter(|key| cursor.is_none_or(|cursor| key.as_str() > cursor)) {
            let Ok(Seen::Present(reference)) = self.read(&key) else { continue };
            let Some((item, has_room)) = view(&key, reference) else { continue };
            if page.len() == limit || (!has_room && !page.is_empty()) {
                return Ok((page, last));
            }
            page.push(item);
            last = Some(String::from(key.as_str()));
        }
        Ok((page, None))
    }

    /// Does `act` to every ref, and answers what it answered. One bad ref stops none of the others: an error is only
    /// answered where nothing else was.
    pub(crate) fn for_each<T>(&self, act: &mut Act<'_, D, T>) -> Result<Vec<T>> {
        let mut done = Vec::new();
        let mut failed = None;
        for key in self.keys()? {
            let one = self.read(&key).and_then(|seen| match seen {
                Seen::Present(reference) => act(&key, reference),
                Seen::Absent | Seen::Unknown(_) => Ok(None),
            });
            match one {
                Ok(one) => done.extend(one),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) if done.is_empty() => Err(error),
            _ => Ok(done),
        }
    }

    /// Does `act` to every ref and debris of births; it answers whether it has removed anything.
    pub(crate) fn sweep(
        &self,
        older_than_ms: u64,
        swept: &mut Swept,
        act: &mut dyn FnMut(&Key, Ref<D>) -> Result<bool>,
    ) {
        if !swept.kept(self.is_marked()).unwrap_or(false) {
            return;
        }
        Trash::sweep(&self.dir, TMP, older_than_ms, &self.environment, swept);
        for key in swept.kept(self.keys()).unwrap_or_default() {
            swept.note(match self.read(&key) {
                Ok(Seen::Present(reference)) => act(&key, reference),
                Ok(Seen::Absent | Seen::Unknown(_)) => Ok(false),
                Err(error) => Err(error),
            });
        }
    }

    /// The directory of the store, and the clocks.
    pub(crate) fn place(&self) -> (&D, &Environment) {
        (&self.dir, &self.environment)
    }

    /// Everything that is not as it should be; `inspect` looks into a ref.
    pub(crate) fn damages(&self, inspect: &mut Inspect<'_, D>) -> Result<Vec<Damage<D>>> {
        let mut damages = Vec::new();
        if !self.is_marked()? {
            return Ok(damages);
        }
        let store = Rc::new(self.dir.clone());
        for (name, kind) in list_entries(&self.dir).map_err(|error| Error::at(self.format.kind, &error))? {
            let is_own = matches!(
                (name.as_str(), kind),
                (FORMAT_FILE, Kind::File) | (TMP | "floor" | QUARANTINE, Kind::Directory)
            );
            // A new mark on its way.
            if is_own || (name.starts_with("format.") && name.ends_with(".tmp")) {
                continue;
            }
            let foreign = |problem| Damage::foreign(Rc::clone(&store), name.clone(), name.clone(), problem);
            let Some((key, _)) = Key::from_file_name(&name) else {
                damages.push(foreign("not a name that belongs here"));
                continue;
            };
            let looked = self.read(&key).and_then(|seen| match seen {
                Seen::Absent => Ok(()),
                Seen::Unknown(_) => {
                    let problem = "not understood; it counts as held";
                    damages.push(Damage::unknown(Rc::clone(&store), name.clone(), name.clone(), problem));
                    Ok(())
                }
                Seen::Present(reference) => {
                    reference.for_each_foreign(self.rank, &mut |dir, entry| {
                        let path = format!("{name}/{entry}");
                        damages.push(Damage::foreign(dir, String::from(entry), path, "does not belong here"));
                    })?;
                    inspect(&name, &reference, &mut damages)
                }
            });
            if let Err(error) = looked {
                damages.push(Damage::failed(name.clone(), &error));
            }
        }
        Ok(damages)
    }

    /// Finishes the removal of a ref whose token file is a tombstone. That is put on the disk first: a power cut must not
    /// bring back what the content belonged to without it.
    pub(crate) fn remove(&self, reference: &Ref<D>, key: &Key, token: u64) -> Result<()> {
        sync_all(&[(&reference.dir, self.format.kind)])?;
        reference.remove(&self.dir, key.as_str(), token, &self.floor())
    }

    /// The birth of a ref at `key`, under the state `token_name`; `fill` makes its content directory. Synced where
    /// `sync` says so, but for the content, which is `fill`'s. `false` if another was first, or a sweeper took it for
    /// debris: then it is to be looked at again.
    pub(crate) fn give_birth(
        &self,
        key: &Key,
        name: &str,
        (birth, token_name): (Nonce, String),
        sync: bool,
        fill: &mut Fill<'_, D>,
    ) -> Result<bool> {
        let tmp = self.ensure()?;
        let made =
            Unborn::make(&tmp, birth, token_name, name, &self.environment).and_then(|unborn| match fill(&unborn) {
                Ok(()) => unborn.publish(&self.dir, key.as_str(), true),
                Err(error) => {
                    unborn.discard();
                    Err(error)
                }
            });
        let born = match made {
            Ok(Some(born)) => born,
            // What a sweeper took while it was made is made anew.
            Ok(None) | Err(Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        if sync {
            born.token_file.sync().map_err(|error| Error::at(self.format.kind, &error))?;
            self.sync(&born.reference)?;
        }
        Ok(true)
    }
}

/// What cannot be done because others are always first.
pub(crate) fn busy(what: &str, name: &str) -> Error {
    Error::Exhausted(format!("{what} {name:?} is changed by others all the time, try again"))
}

/// Unlinks, whoever does it.
pub(crate) fn unlink_if_there<D: Directory>(dir: &D, name: &str, what: &str) -> Result<()> {
    match dir.unlink(name) {
        Ok(()) | Err(FsError::NotFound) => Ok(()),
        Err(error) => Err(Error::at(what, &error)),
    }
}
