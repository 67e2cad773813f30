//! Telling of ends: at least once, until somebody says that it was heard.

use super::name::{JobName, Notice};
use super::{Job, JobPage, JobState, Jobs};
use crate::Durability;
use crate::capability::Directory;
use crate::error::Result;

impl<D: Directory> Jobs<D> {
    /// The jobs that have ended and of which somebody is still to be told, `limit` (1 to 10,000) at a time, after
    /// `cursor`. Looking acknowledges nothing.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`], [`crate::Error::Unsupported`], [`crate::Error::Io`].
    pub fn events(&self, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        self.page(cursor, limit, &|name| name.notice == Notice::Due && name.state.is_some_and(JobState::is_terminal))
    }

    /// Says that the end of a job was heard; again and again is the same. Synced by default.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if there is no such job, [`crate::Error::InvalidArgument`] if it has not ended,
    /// [`crate::Error::Damaged`], [`crate::Error::Unsupported`], [`crate::Error::Io`].
    pub fn acknowledge(&self, id: &str, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |_, name| match name.state {
            Some(state) if state.is_terminal() => {
                Ok((name.notice == Notice::Due).then_some(JobName { notice: Notice::Given, ..*name }))
            }
            _ => Err(crate::Error::InvalidArgument(alloc::format!(
                "job {id} has not ended, there is nothing to hear yet"
            ))),
        })
    }

    /// From now on somebody is to be told of the job's end, also if it has ended, and was heard before. Synced by default.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Damaged`], [`crate::Error::Unsupported`], [`crate::Error::Io`].
    pub fn promote(&self, id: &str, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |_, name| {
            Ok((name.notice != Notice::Due).then_some(JobName { notice: Notice::Due, ..*name }))
        })
    }
}
