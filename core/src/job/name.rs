//! The token file's name of a job:
//! `<revision>.<state>.<since>.<birth>.<notice>.<exit code or ->.<reason>.<pid>.<its start>.<supervisor>.<its start>`.

use super::{JobState, Process, Reason};
use crate::name::{Nonce, Text, fields, number};
use crate::reference::Rank;
use alloc::string::String;

/// Whether somebody is to be told of the end, and was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Nobody asked for it.
    None,
    /// To be told.
    Due,
    /// Told, and acknowledged.
    Given,
}

impl Notice {
    const ALL: [(Notice, &'static str); 3] = [(Notice::None, "n"), (Notice::Due, "d"), (Notice::Given, "g")];
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobName {
    /// Grows with each swap, so no name comes back.
    pub(crate) revision: u64,
    /// `None`: on its way out; nothing may follow.
    pub(crate) state: Option<JobState>,
    /// In milliseconds since 1970.
    pub(crate) since_ms: u64,
    pub(crate) birth: Nonce,
    pub(crate) notice: Notice,
    pub(crate) exit_code: Option<u8>,
    pub(crate) reason: Reason,
    /// What waits for the command and leaves the marker.
    pub(crate) process: Option<Process>,
    pub(crate) supervisor: Option<Process>,
}

const TOMB: &str = "tomb";

impl JobName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(96);
        number::write(&mut out, self.revision);
        out.push('.');
        out.push_str(self.state.map_or(TOMB, JobState::text));
        out.push('.');
        number::write(&mut out, self.since_ms);
        out.push('.');
        self.birth.write(&mut out);
        out.push('.');
        out.push_str(Notice::ALL.iter().find(|(notice, _)| *notice == self.notice).map_or("", |(_, text)| text));
        out.push('.');
        match self.exit_code {
            Some(code) => number::write(&mut out, code.into()),
            None => out.push('-'),
        }
        out.push('.');
        out.push_str(self.reason.text());
        for process in [self.process, self.supervisor] {
            out.push('.');
            match process {
                Some(process) => {
                    number::write(&mut out, process.pid.into());
                    out.push('.');
                    number::write(&mut out, process.started);
                }
                None => out.push_str("-.-"),
            }
        }
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let revision = number::read_token(fields.next()?)?;
        let state = match fields.next()? {
            TOMB => None,
            state => Some(JobState::parse(state)?),
        };
        let since_ms = number::read(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let notice = fields.next()?;
        let (notice, _) = *Notice::ALL.iter().find(|(_, text)| *text == notice)?;
        let exit_code = match fields.next()? {
            "-" => None,
            code => Some(u8::try_from(number::read(code)?).ok()?),
        };
        let reason = Reason::parse(fields.next()?)?;
        let mut process = || match (fields.next()?, fields.next()?) {
            ("-", "-") => Some(None),
            (pid, started) => {
                let pid = u32::try_from(number::read(pid)?).ok()?;
                Some(Some(Process { pid, started: number::read(started)? }))
            }
        };
        let (process, supervisor) = (process()?, process()?);
        let name = JobName { revision, state, since_ms, birth, notice, exit_code, reason, process, supervisor };
        (name.text() == text).then_some(name)
    }

    /// Each change is a revision of its own. What a later version may have written is a token file, too.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let revision = Self::parse(text).map(|name| name.revision).or_else(|| Self::later_revision(text))?;
        Some((revision, 0, 0))
    }

    /// The revision in a name whose words are not known here: all versions begin with revision, state, moment and birth.
    fn later_revision(text: &str) -> Option<u64> {
        let mut fields = fields(text, '.');
        let revision = number::read_token(fields.next()?)?;
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let state = fields.next()?;
        number::read(fields.next()?)?;
        Nonce::read(fields.next()?)?;
        (is_word(state) && fields.next().is_some()).then_some(revision)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(
            revision in 0..=number::MOMENT_MAX, since_ms: u64, pid: u32, started: u64, code: u8, n in 0usize..3, with: bool,
        ) {
            let process = with.then_some(Process { pid, started });
            let name = JobName {
                revision,
                state: with.then_some(JobState::TimedOut),
                since_ms,
                birth: Nonce::read("0123456789abcdef").unwrap(),
                notice: Notice::ALL[n].0,
                exit_code: with.then_some(code),
                reason: Reason::Timeout,
                process,
                supervisor: process,
            };
            prop_assert!(name.text().len() <= 200);
            prop_assert_eq!(JobName::parse(&name.text()), Some(name));
        }
    }
}
