//! The token file's name of a run: `<token>.<state>.<since>.<birth>.<save>.<save before, or ->.<keep>`, and
//! `.<holder>.<epoch>` while it is held.

use crate::limits::HISTORY_MAX;
use crate::name::{Key, Nonce, Text, fields, number};
use crate::reference::Rank;
use alloc::string::String;

/// Where a run is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// May be claimed.
    Armed,
    /// Claimed by one epoch of a holder.
    Held { holder: Key, epoch: u64 },
    /// Set aside: its content is not what was saved.
    Damaged,
    /// Completed under this token. Its content is gone.
    Done,
    /// On its way out; nothing may follow.
    Tomb,
}

impl Phase {
    fn text(&self) -> &'static str {
        match self {
            Phase::Armed => "armed",
            Phase::Held { .. } => "held",
            Phase::Damaged => "damaged",
            Phase::Done => "done",
            Phase::Tomb => "tomb",
        }
    }
}

/// The state of a run. No name comes back: each change raises the token, or names a new save, or is to a phase that the
/// same token does not leave for the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunName {
    pub(crate) token: u64,
    pub(crate) phase: Phase,
    /// In milliseconds since 1970.
    pub(crate) since_ms: u64,
    pub(crate) birth: Nonce,
    /// The last save.
    pub(crate) save: Nonce,
    /// The one before it, where that is kept: a power cut may bring back this name without the last save.
    pub(crate) previous: Option<Nonce>,
    /// How many saves are kept, that one included.
    pub(crate) keep: u32,
}

impl RunName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(96);
        number::write(&mut out, self.token);
        out.push('.');
        out.push_str(self.phase.text());
        out.push('.');
        number::write(&mut out, self.since_ms);
        out.push('.');
        self.birth.write(&mut out);
        out.push('.');
        self.save.write(&mut out);
        out.push('.');
        match &self.previous {
            Some(previous) => previous.write(&mut out),
            None => out.push('-'),
        }
        out.push('.');
        number::write(&mut out, self.keep.into());
        if let Phase::Held { holder, epoch } = &self.phase {
            out.push('.');
            out.push_str(holder.as_str());
            out.push('.');
            number::write(&mut out, *epoch);
        }
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let token = number::read_token(fields.next()?)?;
        let phase = fields.next()?;
        let since_ms = number::read(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let save = Nonce::read(fields.next()?)?;
        let previous = match fields.next()? {
            "-" => None,
            previous => Some(Nonce::read(previous)?),
        };
        let keep = u32::try_from(number::read(fields.next()?)?).ok().filter(|keep| (1..=HISTORY_MAX).contains(keep))?;
        let phase = match phase {
            "armed" => Phase::Armed,
            "damaged" => Phase::Damaged,
            "done" => Phase::Done,
            "tomb" => Phase::Tomb,
            "held" => {
                let (holder, _) = Key::from_file_name(fields.next()?)?;
                Phase::Held { holder, epoch: number::read(fields.next()?)? }
            }
            _ => return None,
        };
        let name = RunName { token, phase, since_ms, birth, save, previous, keep };
        (name.text() == text).then_some(name)
    }

    /// Under one token a run is armed or held, then damaged or done, then removed.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let name = Self::parse(text)?;
        let phase = match name.phase {
            Phase::Armed | Phase::Held { .. } => 0,
            Phase::Damaged | Phase::Done => 1,
            Phase::Tomb => 2,
        };
        Some((name.token, phase, name.since_ms))
    }

    /// The same run in another phase, from now on.
    pub(crate) fn with(&self, token: u64, phase: Phase, since_ms: u64) -> Self {
        RunName { token, phase, since_ms, ..*self }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(token in 0..=number::MOMENT_MAX, since_ms: u64, epoch: u64, keep in 1..=HISTORY_MAX, phase in 0..5) {
            let phase = match phase {
                0 => Phase::Armed,
                1 => Phase::Damaged,
                2 => Phase::Done,
                3 => Phase::Tomb,
                _ => Phase::Held { holder: Key::of(&"Ä".repeat(100)).unwrap(), epoch },
            };
            let nonce = Nonce::read("0123456789abcdef").unwrap();
            let name = RunName { token, phase, since_ms, birth: nonce, save: nonce, previous: Some(nonce), keep };
            prop_assert!(name.text().len() <= 230);
            prop_assert_eq!(RunName::parse(&name.text()), Some(name));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "[0-9a-v]{1,3}\\.(armed|held|x)\\.[0-9a-v]{1,4}\\.[0-9a-w]{16}\\.[0-9a-v]{15,16}\\.-\\.[0-9]{1,2}(\\.[a-z%0-9]{1,3}\\.[0-9]{1,2})?") {
            if let Some(name) = RunName::parse(&text) {
                prop_assert_eq!(name.text(), text);
            }
        }
    }
}
