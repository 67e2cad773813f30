//! Handing out what a claim has taken: reading it, and giving back or setting aside what cannot be handed out.

use super::claim::{Gathered, Taken};
use super::entry::{Cause, Entry, Place};
use super::finish::{move_file, remove_note};
use super::given::Given;
use super::layout::Layout;
use super::note::Note;
use super::receipt::Receipt;
use super::task::ClaimedTask;
use super::ticket::follow;
use super::{Queue, content, group};
use crate::capability::{Directory, File, FsError};
use crate::error::{Error, Result};
use crate::name::Nonce;
use crate::store::{read_sized, sync_all};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl<D: Directory> Queue<D> {
    /// Puts back what was taken, all that can be; the first error, if any cannot.
    pub(crate) fn give_back(&self, layout: &Rc<Layout<D>>, taken: Vec<Taken<D>>) -> Result<()> {
        self.candidates.borrow_mut().clear();
        let mut outcome = Ok(());
        for one in taken {
            let given_back = match one {
                Taken::File { entry, .. } => {
                    move_file(layout, &layout.claimed, &entry, &entry.released(), false).map(|_| ())
                }
                Taken::Given(mut given) => {
                    let before = given.entry.clone();
                    let after = before.released();
                    given.swap(after.clone()).map(|is_swapped| {
                        if is_swapped {
                            follow(layout, &given.key, &before, &after, false);
                        }
                    })
                }
            };
            outcome = outcome.and(given_back);
        }
        outcome
    }

    /// Reads what was taken. What is not what was pushed is dead, and left as it is; what cannot be read just now goes
    /// back, and is passed over by the rest of this claim; the others go on.
    pub(crate) fn hand_out(
        &self,
        layout: &Rc<Layout<D>>,
        taken: Vec<Taken<D>>,
        sync: bool,
        gathered: &mut Gathered<D>,
    ) -> Vec<ClaimedTask> {
        let mut tasks = Vec::with_capacity(taken.iter().map(|one| one.entry().tasks()).sum());
        let mut reconciled = Vec::new();
        let mut handed = 0;
        for one in taken {
            let handed_out = match &one {
                Taken::File { entry, name, bucket } if entry.group.is_some() => {
                    self.hand_out_group(layout, (entry, name), &bucket.dir, sync, &mut tasks)
                }
                Taken::File { entry, name, bucket } => self
                    .hand_out_file(layout, (entry, name), &bucket.dir, sync, &mut reconciled)
                    .map(|task| tasks.extend(task)),
                Taken::Given(given) => self.hand_out_given(layout, given.clone(), sync).map(|task| tasks.extend(task)),
            };
            let count = core::mem::replace(&mut handed, tasks.len());
            match handed_out {
                Ok(()) if tasks.len() > count => {}
                Ok(()) => gathered.set_aside += 1,
                Err(error) => {
                    gathered.note_failure(Some(error));
                    gathered.passed_over.insert(one.entry().nonce);
                    gathered.note_failure(self.give_back(layout, alloc::vec![one]).err());
                }
            }
        }
        tasks
    }

    fn hand_out_file(
        &self,
        layout: &Rc<Layout<D>>,
        (entry, name): (&Entry, &str),
        bucket: &D,
        sync: bool,
        reconciled: &mut Vec<Nonce>,
    ) -> Result<Option<ClaimedTask>> {
        // It was taken by two names that became one.
        if reconciled.contains(&entry.nonce) {
            return Ok(None);
        }
        let content = match self.recall(entry, sync).and_then(|bytes| content::split(entry, bytes)) {
            Some(content) => Some(content),
            None => self.read_claimed(layout, (entry, name), bucket, sync, reconciled)?,
        };
        let Some((payload, mut attributes)) = content else { return Ok(None) };
        if let Some(note) = entry.note
            && let Some(file) = Note::read(&layout.notes, &note.text()).file
        {
            attributes.push((String::from("file"), file));
        }
        let id = entry.nonce.text();
        let receipt = Receipt::of_claim(name);
        Ok(Some(claimed_task(id, entry, receipt, payload, attributes)))
    }

    /// Reads the tasks of a group under the name of its claim. Where one of them is damaged, they part.
    fn hand_out_group(
        &self,
        layout: &Rc<Layout<D>>,
        (entry, name): (&Entry, &str),
        bucket: &D,
        sync: bool,
        tasks: &mut Vec<ClaimedTask>,
    ) -> Result<()> {
        let known = self
            .recall(entry, sync)
            .and_then(|content| group::members(entry, &content).map(|members| (content, members)));
        let read = match known {
            Some(known) => Some(known),
            None => {
                let Some(file) = self.open_claimed(layout, entry, name)? else { return Ok(()) };
                let content = content::read(entry, &file).map_err(|error| Error::at("a group", &error))?;
                self.keep_read(layout, (entry, file), bucket, sync)?;
                content.and_then(|content| group::members(entry, &content).map(|members| (content, members)))
            }
        };
        let Some((content, members)) = read else { return self.set_aside(layout, entry) };
        let begun = tasks.len();
        for member in &members {
            let alone = member.entry(entry);
            let read = member.bytes(&content).and_then(|bytes| content::split(&alone, Vec::from(bytes)));
            let Some((payload, attributes)) = read else {
                tasks.truncate(begun);
                return self.hand_out_parted(layout, entry, sync, tasks);
            };
            let receipt = Receipt::of_member(name, member.place);
            tasks.push(claimed_task(alone.nonce.text(), &alone, receipt, payload, attributes));
        }
        Ok(())
    }

    /// Hands out the tasks of a claimed group each alone, so that those that are damaged are set aside.
    fn hand_out_parted(
        &self,
        layout: &Rc<Layout<D>>,
        entry: &Entry,
        sync: bool,
        tasks: &mut Vec<ClaimedTask>,
    ) -> Result<()> {
        let mut failed = None;
        let parted = match self.part(layout, &layout.claimed, entry) {
            Ok(Some(parted)) => parted,
            other => {
                // Whoever has taken over makes tasks of them that nobody was handed.
                self.release_members(layout, entry);
                return other.map(|_| ());
            }
        };
        for alone in parted {
            let name = alone.text();
            match self.hand_out_file(layout, (&alone, &name), &layout.claimed, sync, &mut Vec::new()) {
                Ok(task) => tasks.extend(task),
                Err(error) => {
                    let _ = move_file(layout, &layout.claimed, &alone, &alone.released(), false);
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if tasks.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads a task under the name of its claim; `None` if it is not to be handed out.
    fn read_claimed(
        &self,
        layout: &Rc<Layout<D>>,
        (entry, name): (&Entry, &str),
        bucket: &D,
        sync: bool,
        reconciled: &mut Vec<Nonce>,
    ) -> Result<Option<(Vec<u8>, content::Attributes)>> {
        let Some(file) = self.open_claimed(layout, entry, name)? else { return Ok(None) };
        let at = |error: FsError| Error::at("a task", &error);
        let read = if entry.extent.is_some() {
            content::read(entry, &file)
        } else {
            // A power cut can bring an entry back under a second name; the claim counts only if this one stays.
            let metadata = file.metadata().map_err(at)?;
            if metadata.links > 1 {
                if !self.keeps_its_name(layout, entry)? {
                    return Ok(None);
                }
                reconciled.push(entry.nonce);
            }
            read_sized(&file, metadata.size, content::FILE_BYTES_MAX)
        };
        let Some(content) = read.map_err(at)?.and_then(|bytes| content::split(entry, bytes)) else {
            self.set_aside(layout, entry)?;
            return Ok(None);
        };
        self.keep_read(layout, (entry, file), bucket, sync)?;
        Ok(Some(content))
    }

    /// What this instance has read of the pack already, unless the claim is to be synced, for which its file is opened.
    fn recall(&self, entry: &Entry, sync: bool) -> Option<Vec<u8>> {
        let extent = entry.extent.as_ref().filter(|_| !sync)?;
        self.window.borrow_mut().recall(extent)
    }

    /// Opens what was claimed; `None` if it is gone, or was set aside as it can never be read.
    fn open_claimed(&self, layout: &Rc<Layout<D>>, entry: &Entry, name: &str) -> Result<Option<D::File>> {
        match layout.claimed.open(name) {
            Ok(file) => Ok(Some(file)),
            // Taken back already, by somebody whose clock is ahead: as good as never claimed.
            Err(FsError::NotFound) => Ok(None),
            Err(FsError::IsDirectory | FsError::Link | FsError::Invalid | FsError::Denied) => {
                self.set_aside(layout, entry)?;
                Ok(None)
            }
            Err(error) => Err(Error::at("a task", &error)),
        }
    }

    /// Brings the claim of what was read to the disk, if that is asked for, and remembers its pack.
    fn keep_read(&self, layout: &Layout<D>, (entry, file): (&Entry, D::File), bucket: &D, sync: bool) -> Result<()> {
        if sync {
            file.sync().map_err(|error| Error::at("a task", &error))?;
            sync_all(&[(&layout.claimed, "claimed"), (bucket, "a bucket")])?;
        }
        if let Some(extent) = &entry.extent {
            self.window.borrow_mut().look_into(file, extent);
        }
        Ok(())
    }

    fn hand_out_given(&self, layout: &Rc<Layout<D>>, mut given: Given<D>, sync: bool) -> Result<Option<ClaimedTask>> {
        let entry = given.entry.clone();
        match given.read_content()? {
            Some((payload, attributes)) => {
                let Some(birth) = given.reference.birth else { return Ok(None) };
                if sync {
                    sync_all(&[(&given.reference.dir, "ids")])?;
                }
                let receipt = Receipt::Given { key: given.key.clone(), birth, token: entry.token }.text();
                Ok(Some(claimed_task(given.id(), &entry, receipt, payload, attributes)))
            }
            None => {
                let dead = entry.dead(self.environment().now_ms(), Cause::Damaged);
                if given.swap(dead.clone())? {
                    follow(layout, &given.key, &entry, &dead, false);
                }
                Ok(None)
            }
        }
    }

    /// A task whose content is not what its name says is dead, where it can be looked at.
    fn set_aside(&self, layout: &Rc<Layout<D>>, entry: &Entry) -> Result<()> {
        let dead = entry.dead(self.environment().now_ms(), Cause::Damaged).noted(None);
        if move_file(layout, &layout.claimed, entry, &dead, false)? {
            let _ = remove_note(layout, entry.note);
        }
        Ok(())
    }
}

fn claimed_task(
    id: String,
    entry: &Entry,
    receipt: String,
    payload: Vec<u8>,
    attributes: content::Attributes,
) -> ClaimedTask {
    let until_ms = match entry.place {
        Place::Claimed { set_ms, for_ms, .. } => set_ms.saturating_add(for_ms),
        _ => 0,
    };
    ClaimedTask {
        id,
        payload,
        receipt,
        token: entry.token,
        attempt: entry.tries,
        max_attempts: entry.max,
        enqueued_ms: entry.enqueued_ms,
        until_ms,
        attributes,
    }
}
