//! The fewest system calls that move a task as files: the floor under everything that keeps a task in a file.
//!
//! A push creates a file, writes, closes and renames it; a claim is a rename, a finish an unlink. Synced, the file's
//! data are waited for before the rename, and the directory that has changed after each; of a batch once.

use crate::contend::serve::{Contend, Done};
use crate::peers::protocol::{Op, Request, payload};
use anyhow::{Result, bail};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, fdatasync, fsync, mkdir, openat, renameat, unlinkat};
use rustix::io::{Errno, write};
use std::os::fd::OwnedFd;
use std::path::Path;

pub(crate) struct Raw {
    tmp: OwnedFd,
    pending: OwnedFd,
    claimed: OwnedFd,
    is_synced: bool,
}

/// Names and contents of a batch's tasks.
type Batch = Vec<(String, Vec<u8>)>;

impl Raw {
    pub(crate) fn open(folder: &Path, is_synced: bool) -> Result<Self> {
        let directory = |name: &str| -> Result<OwnedFd> {
            let path = folder.join(name);
            match mkdir(&path, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(openat(CWD, &path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
        };
        Ok(Self { tmp: directory("tmp")?, pending: directory("pending")?, claimed: directory("claimed")?, is_synced })
    }

    fn push(&self, batch: &Batch) -> Result<()> {
        for (name, content) in batch {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = openat(&self.tmp, name, flags, Mode::RUSR | Mode::WUSR)?;
            let mut rest = content.as_slice();
            while !rest.is_empty() {
                let written = write(&file, rest)?;
                rest = rest.get(written..).unwrap_or_default();
            }
            if self.is_synced {
                fdatasync(&file)?;
            }
            drop(file);
            renameat(&self.tmp, name, &self.pending, name)?;
        }
        self.sync(&self.pending)
    }

    fn work(&self, batch: &Batch) -> Result<()> {
        for (name, _) in batch {
            renameat(&self.pending, name, &self.claimed, name)?;
        }
        self.sync(&self.claimed)?;
        for (name, _) in batch {
            unlinkat(&self.claimed, name, AtFlags::empty())?;
        }
        self.sync(&self.claimed)
    }

    fn sync(&self, directory: &OwnedFd) -> Result<()> {
        if self.is_synced {
            fsync(directory)?;
        }
        Ok(())
    }
}

impl Contend for Raw {
    type Prepared = Vec<Batch>;

    /// Each process works on what it pushed: nobody looks for anything.
    fn prepare(&mut self, request: &Request) -> Result<Self::Prepared> {
        let task = |number: usize| (number.to_string(), payload(number, request.payload));
        let numbers: Vec<usize> = (request.first..request.first + request.n).collect();
        Ok(numbers.chunks(request.batch).map(|some| some.iter().copied().map(task).collect()).collect())
    }

    fn run(&mut self, request: &Request, batches: Self::Prepared) -> Result<Done> {
        for batch in &batches {
            match request.op {
                Op::Push => self.push(batch)?,
                Op::Work => self.work(batch)?,
                Op::Life => {
                    self.push(batch)?;
                    self.work(batch)?;
                }
                other => bail!("{other:?} is nothing that a queue does"),
            }
        }
        let done = Done::now(Vec::new());
        let payloads = batches.into_iter().flatten().map(|(_, content)| content);
        Ok(Done { payloads: if request.op == Op::Push { Vec::new() } else { payloads.collect() }, ..done })
    }
}
