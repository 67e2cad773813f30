//! Recording a job before anything is started, so that whatever is started is on record.

use super::name::{JobName, Notice};
use super::{JobSpec, JobState, Jobs, Reason, SPEC, spec};
use crate::Durability;
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::busy;
use crate::store::{is_sync, sync_all};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The revision of a job that asks for room: nobody else may count on it yet, and it may be taken back.
const ASKING: u64 = 1;
/// The revision of a job that has its room, or needs none.
const PLACED: u64 = 2;

impl<D: Directory> Jobs<D> {
    /// Records a job that is about to start, and answers its id. Synced by default.
    ///
    /// With `limit`, only while fewer jobs than that have not ended, however many create at the same time and whatever
    /// the clock says.
    ///
    /// # Errors
    /// [`Error::Exhausted`] if there are too many; [`Error::InvalidArgument`], [`Error::TooLarge`],
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn create(&self, job: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String> {
        spec::check(job)?;
        let sync = is_sync(durability, true);
        for _ in 0..TRIES_MAX {
            let Some(limit) = limit else {
                match self.give_birth(job, PLACED, sync)? {
                    Some(id) => return Ok(id),
                    None => continue,
                }
            };
            // Without room nothing is made.
            self.look_for_room(None, limit)?;
            let Some(id) = self.give_birth(job, ASKING, sync)? else { continue };
            match self.take_room(&id, limit) {
                Ok(true) => return Ok(id),
                Ok(false) => {}
                Err(error) => {
                    self.withdraw(&id)?;
                    return Err(error);
                }
            }
        }
        Err(busy("job", "new"))
    }

    fn give_birth(&self, job: &JobSpec, revision: u64, sync: bool) -> Result<Option<String>> {
        let environment = &self.refs.environment;
        let now_ms = environment.now_ms();
        // The id begins with the time, so ids sort as the jobs were made.
        let birth = Nonce::draw_on(now_ms, environment);
        let id = birth.text();
        let state = JobName {
            revision,
            state: Some(JobState::Starting),
            since_ms: now_ms,
            birth,
            notice: if job.notify { Notice::Due } else { Notice::None },
            exit_code: None,
            reason: Reason::None,
            process: None,
            supervisor: None,
        };
        let content = spec::write(job, now_ms)?;
        let key = Key::of(&id)?;
        let is_born = self.refs.give_birth(&key, &id, (birth, state.text()), sync, &mut |unborn| {
            let (dir, file) = unborn.make_content(SPEC, &[&content])?;
            if sync {
                file.sync().map_err(|error| Error::at("a job", &error))?;
                sync_all(&[(&dir, "a job")])?;
            }
            Ok(())
        })?;
        Ok(is_born.then_some(id))
    }

    /// Takes room for a job that asks for it: it is published, so of any two who ask, one sees the other. `false` if
    /// another was before it, and took it back.
    ///
    /// # Errors
    /// [`Error::Exhausted`] if there is none.
    fn take_room(&self, id: &str, limit: u32) -> Result<bool> {
        let key = Key::of(id)?;
        for _ in 0..TRIES_MAX {
            let Some((mut reference, name)) = self.read(&key)? else { return Ok(false) };
            if name.revision != ASKING {
                return Ok(false);
            }
            let others = self.look_for_room(Some(id), limit)?;
            if others.is_empty() {
                // A power cut that takes this back takes whoever would start it, too.
                return reference.swap(JobName { revision: PLACED, ..name }.text());
            }
            // Together they are too many, and they may have looked before this one was there.
            for other in others {
                self.withdraw(&other)?;
            }
        }
        Err(busy("job", id))
    }

    /// Looks for room beside all that have not ended. Where there is some only if those who ask for it later than `id`
    /// get none, answers them.
    ///
    /// # Errors
    /// [`Error::Exhausted`] if there is none.
    fn look_for_room(&self, id: Option<&str>, limit: u32) -> Result<Vec<String>> {
        let (mut before, mut after) = (0u32, Vec::new());
        for key in self.refs.keys()? {
            let other = key.as_str();
            // What is not called as jobs are is none.
            if Some(other) == id || Nonce::read(other).is_none() {
                continue;
            }
            match self.read(&key) {
                Ok(None) => {}
                Ok(Some((_, name))) if name.state.is_none_or(JobState::is_terminal) => {}
                Ok(Some((_, name))) if name.revision == ASKING && id.is_some_and(|id| id < other) => {
                    after.push(String::from(other));
                }
                // What cannot be read may well run, unless it is no directory.
                Err(_) if matches!(self.refs.dir.open_dir(other), Err(FsError::NotDirectory | FsError::Link)) => {}
                Ok(Some(_)) | Err(_) => before = before.saturating_add(1),
            }
        }
        if before >= limit {
            return Err(Error::Exhausted(format!("{limit} jobs have not ended yet, wait for one or raise the limit")));
        }
        let all = u32::try_from(after.len()).unwrap_or(u32::MAX).saturating_add(before);
        if all < limit {
            after.clear();
        }
        Ok(after)
    }

    /// Removes a job that asks for room, unless it has got it.
    fn withdraw(&self, id: &str) -> Result<()> {
        let key = Key::of(id)?;
        let Some((mut reference, name)) = self.read(&key)? else { return Ok(()) };
        if name.state.is_some() && name.revision != ASKING {
            return Ok(());
        }
        let gone = JobName { revision: PLACED, state: None, ..name };
        if name.state.is_none() || reference.swap(gone.text())? {
            self.refs.remove(&reference, &key, 0)?;
        }
        Ok(())
    }
}
