//! The one mutable thing: a directory that holds exactly one token file, whose *name* is the state.
//!
//! A ref is born by renaming a directory that is whole onto its key: of many births one wins, because a rename onto a
//! directory with entries fails. It changes by renaming its token file from the name that was read to the
//! next one, so a change is a compare-and-swap. Beside the token file there may be one content directory,
//! `c.<birth>`, for blobs that token names refer to.
//!
//! It is removed by swapping to a tombstone, after which nothing but removal can happen to it; see
//! [`Ref::remove`]. The directory of a published ref is never renamed.

mod refs;

pub(crate) use refs::{Refs, busy, unlink_if_there};

use crate::capability::{Directory, Environment, FsError, FsResult, Kind};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Nonce, Text};
use crate::order::sort;
use crate::store::{Floor, create_file, list_entries, open_or_absent, remove_tree, set_aside};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

const CONTENT_PREFIX: &str = "c.";

/// What stands at a key.
#[derive(Debug)]
pub(crate) enum Seen<D> {
    /// Nothing, on the word of the kernel.
    Absent,
    /// A ref.
    Present(Ref<D>),
    /// Something that is not understood. It counts as held.
    Unknown(Doubt),
}

/// Why something is not understood.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Doubt {
    why: String,
    /// Whether it could not be looked into: then it may well be understood.
    is_unreadable: bool,
}

impl Doubt {
    fn unreadable<D>(key: &str, error: &FsError) -> Seen<D> {
        // What is no directory was looked at well enough.
        let is_unreadable = !matches!(error, FsError::NotDirectory | FsError::Link);
        Seen::Unknown(Doubt { why: format!("{key}: {error}"), is_unreadable })
    }

    /// What is answered to who needs to know.
    pub(crate) fn into_error(self, what: &str) -> Error {
        if self.is_unreadable {
            return Error::Io(format!("{what} {self}; it counts as held"));
        }
        Error::Damaged(format!("{what} {self}; it counts as held, run the doctor"))
    }
}

/// Which of two states of one ref comes later. The token comes first.
pub(crate) type Rank = (u64, u64, u64);

/// Tells token files from what is foreign: their rank, `None` for anything else.
pub(crate) type RankOf = fn(&str) -> Option<Rank>;

/// A ref as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Ref<D> {
    /// Its directory.
    pub(crate) dir: D,
    /// The token file's name: the whole state.
    pub(crate) token_name: String,
    /// The content directory's nonce, where there is one.
    pub(crate) birth: Option<Nonce>,
}

impl<D: Directory> Ref<D> {
    /// Reads what stands at `key`. `rank` tells token files from what is foreign. What cannot be looked into
    /// counts as held, like what is not understood: one bad entry never stops a look at the others.
    pub(crate) fn read(parent: &D, key: &str, rank: RankOf) -> Result<Seen<D>> {
        let mut reason = "more than one token file";
        for _ in 0..TRIES_MAX {
            let dir = match parent.open_dir(key) {
                Ok(dir) => dir,
                Err(FsError::NotFound) => return Ok(Seen::Absent),
                Err(error) => return Ok(Doubt::unreadable(key, &error)),
            };
            let listed = match list_entries(&dir) {
                Ok(listed) => listed,
                Err(error) => return Ok(Doubt::unreadable(key, &error)),
            };
            let is_empty = listed.is_empty();
            let births = contents(&listed);
            let mut tokens: Vec<(Rank, String)> = listed
                .into_iter()
                .filter(|(_, kind)| *kind == Kind::File)
                .filter_map(|(name, _)| Some((rank(&name)?, name)))
                .collect();
            match (tokens.pop(), tokens.is_empty()) {
                // No ref is made with two: one is not ours, and nobody can tell which.
                _ if births.len() > 1 => reason = "more than one directory of content",
                (Some((_, token_name)), true) => {
                    let birth = births.first().copied();
                    return Ok(Seen::Present(Ref { dir, token_name, birth }));
                }
                // A listing may show a token file under its old and its new name: look again. A power cut may leave it
                // under both.
                (Some(last), false) => {
                    tokens.push(last);
                    keep_last(&dir, tokens);
                    reason = "more than one token file";
                }
                // Only the kernel proves a ref empty: by removing it, or by a birth onto it.
                (None, _) if is_empty => match parent.remove_dir(key) {
                    Ok(()) | Err(FsError::NotFound) => return Ok(Seen::Absent),
                    Err(FsError::NotEmpty | FsError::Exists) => {}
                    Err(error) => return Ok(Doubt::unreadable(key, &error)),
                },
                (None, _) => reason = "no token file among what stands there",
            }
        }
        Ok(Seen::Unknown(Doubt { why: format!("{key}: {reason}"), is_unreadable: false }))
    }

    /// Changes the state from the one that was read to `next`; `false` if somebody else was first.
    pub(crate) fn swap(&mut self, next: String) -> Result<bool> {
        match self.dir.rename(&self.token_name, &self.dir, &next) {
            Ok(()) => {
                self.token_name = next;
                Ok(true)
            }
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(Error::at(&self.token_name, &error)),
        }
    }

    /// Whether it is still in the state that was read.
    pub(crate) fn still_stands(&self) -> bool {
        self.dir.metadata(&self.token_name).is_ok()
    }

    /// Visits what stands beside the token file and the content directory, and does not belong there.
    pub(crate) fn for_each_foreign(&self, rank: RankOf, visit: &mut dyn FnMut(Rc<D>, &str)) -> Result<()> {
        let dir = Rc::new(self.dir.clone());
        for (name, kind) in list_entries(&self.dir).map_err(|error| Error::at(&self.token_name, &error))? {
            let is_own = match kind {
                Kind::File => rank(&name).is_some(),
                Kind::Directory => self.birth.is_some_and(|birth| content_name(birth) == name),
                Kind::Link | Kind::Other => false,
            };
            if !is_own {
                visit(Rc::clone(&dir), &name);
            }
        }
        Ok(())
    }

    /// The name of the content directory.
    pub(crate) fn content_name(&self) -> String {
        self.birth.map_or_else(String::new, content_name)
    }

    /// The content directory; `None` once it is removed.
    pub(crate) fn content(&self) -> Result<Option<D>> {
        let Some(birth) = self.birth else { return Ok(None) };
        open_or_absent(&self.dir, &content_name(birth))
    }

    /// Opens a file in the content directory.
    pub(crate) fn open_content(&self, file: &str) -> FsResult<D::File> {
        let Some(birth) = self.birth else { return Err(FsError::NotFound) };
        self.dir.open_dir(&content_name(birth))?.open(file)
    }

    /// Finishes the removal of a ref whose token file is a tombstone, at `token`. Anyone may do it, any number
    /// at once: each step is on an exact name, or proves itself empty.
    ///
    /// The content goes first, so that nobody publishes into a ref that is on its way out; then the
    /// floor is raised, so that the token is not lost; only then the tombstone, and last the key.
    ///
    /// What stands beside them and is not understood is moved into the store's `quarantine`: left there, it would keep
    /// the key from ever being born again.
    pub(crate) fn remove(&self, parent: &D, key: &str, token: u64, floor: &Floor<'_, D>) -> Result<()> {
        let at = |error: FsError| Error::at(key, &error);
        match self.birth {
            Some(birth) => remove_tree(&self.dir, &content_name(birth)).map_err(at)?,
            // Somebody removed it, or the listing did not show it.
            None => {
                for (name, _) in list_entries(&self.dir).map_err(at)? {
                    if name.strip_prefix(CONTENT_PREFIX).and_then(Nonce::read).is_some() {
                        remove_tree(&self.dir, &name).map_err(at)?;
                    }
                }
            }
        }
        for (name, _) in list_entries(&self.dir).map_err(at)? {
            if name != self.token_name {
                set_aside(floor.store(), &self.dir, &name, key)?;
            }
        }
        floor.raise(token)?;
        ignore_gone(self.dir.unlink(&self.token_name)).map_err(at)?;
        match parent.remove_dir(key) {
            Ok(()) | Err(FsError::NotFound | FsError::NotEmpty | FsError::Exists | FsError::NotDirectory) => Ok(()),
            Err(error) => Err(at(error)),
        }
    }
}

/// Of several names of one token file, as a power cut can leave them where two swaps were not synced, keeps the one that
/// comes last. Only a name whose file has another link is removed, so this is safe while others work.
fn keep_last<D: Directory>(dir: &D, mut tokens: Vec<(Rank, String)>) {
    sort(&mut tokens);
    let is_doubled = |name: &str| dir.metadata(name).is_ok_and(|metadata| metadata.links > 1);
    if tokens.iter().all(|(_, name)| is_doubled(name)) {
        tokens.pop();
        for (_, name) in tokens {
            // What fails here is found again.
            let _ = dir.unlink(&name);
        }
    }
}

/// A ref that is being made, under a name in `tmp` that no one else can choose.
#[derive(Debug)]
pub(crate) struct Unborn<'a, D: Directory> {
    tmp: &'a D,
    nonce: Nonce,
    name: String,
    dir: D,
    token_name: String,
    token_file: D::File,
}

impl<'a, D: Directory> Unborn<'a, D> {
    /// Makes the directory `tmp/<name>` with its token file; `content` is what `cat` shows of it, the caller's full
    /// name. While that directory stands, the ref can still be born; once it is gone, never.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a sweeper took it for debris meanwhile, or the name is taken: it is to be made anew.
    pub(crate) fn make(
        tmp: &'a D,
        name: Nonce,
        token_name: String,
        content: &str,
        environment: &Environment,
    ) -> Result<Self> {
        let nonce = Nonce::draw(environment);
        let name = name.text();
        tmp.create_dir(&name).map_err(|error| unmade(&error))?;
        let made = tmp
            .open_dir(&name)
            .and_then(|dir| create_file(&dir, &token_name, &[content.as_bytes()]).map(|file| (dir, file)));
        match made {
            Ok((dir, token_file)) => Ok(Unborn { tmp, nonce, name, dir, token_name, token_file }),
            Err(error) => {
                let _ = remove_tree(tmp, &name);
                Err(unmade(&error))
            }
        }
    }

    /// Makes the content directory, empty.
    ///
    /// # Errors
    /// As [`Unborn::make`].
    pub(crate) fn make_content_dir(&self) -> Result<()> {
        self.dir.create_dir(&content_name(self.nonce)).map_err(|error| unmade(&error))
    }

    /// Makes the content directory, with a first file in it.
    ///
    /// # Errors
    /// As [`Unborn::make`].
    pub(crate) fn make_content(&self, file: &str, parts: &[&[u8]]) -> Result<(D, D::File)> {
        let name = content_name(self.nonce);
        let made = self.dir.create_dir(&name).and_then(|()| {
            let content = self.dir.open_dir(&name)?;
            create_file(&content, file, parts).map(|file| (content, file))
        });
        made.map_err(|error| unmade(&error))
    }

    /// Renames it to its key. `None` if another stands there, or was born first; what was made is removed then.
    pub(crate) fn publish(self, parent: &D, key: &str, has_content: bool) -> Result<Option<Born<D>>> {
        match self.tmp.rename(&self.name, parent, key) {
            Ok(()) => Ok(Some(Born {
                reference: Ref { dir: self.dir, token_name: self.token_name, birth: has_content.then_some(self.nonce) },
                token_file: self.token_file,
            })),
            // Another stands there; or a sweeper took this one for debris, and it is made anew.
            Err(FsError::NotEmpty | FsError::Exists | FsError::NotFound) => {
                self.discard();
                Ok(None)
            }
            Err(FsError::NotDirectory | FsError::Link) => {
                self.discard();
                Err(Error::Damaged(format!("{key}: something that is not a directory stands here, move it away")))
            }
            Err(error) => {
                self.discard();
                Err(Error::at(key, &error))
            }
        }
    }

    /// Removes what was made.
    pub(crate) fn discard(self) {
        let _ = remove_tree(self.tmp, &self.name);
    }
}

fn unmade(error: &FsError) -> Error {
    match error {
        FsError::NotFound | FsError::Exists => {
            Error::NotFound(String::from("tmp: what was being made there was swept, make it anew"))
        }
        error => Error::at("tmp", error),
    }
}

/// A ref that was born by this caller.
#[derive(Debug)]
pub(crate) struct Born<D: Directory> {
    /// The ref.
    pub(crate) reference: Ref<D>,
    /// Its token file, still open, to be synced.
    pub(crate) token_file: D::File,
}

/// The content directories among what stands in a ref.
pub(crate) fn contents(listed: &[(String, Kind)]) -> BTreeSet<Nonce> {
    let directories = listed.iter().filter(|(_, kind)| *kind == Kind::Directory);
    directories.filter_map(|(name, _)| Nonce::read(name.strip_prefix(CONTENT_PREFIX)?)).collect()
}

pub(crate) fn content_name(birth: Nonce) -> String {
    let mut name = Text::with_capacity(32);
    name.push_str(CONTENT_PREFIX);
    birth.write(&mut name);
    name.finish()
}

pub(crate) fn ignore_gone(result: FsResult<()>) -> FsResult<()> {
    match result {
        Err(FsError::NotFound) => Ok(()),
        other => other,
    }
}
