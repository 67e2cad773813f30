//! The token file's name of a lease: `<token>.<state>.<since>.<birth>`, and `.<holder>.<epoch>` while it is held.

use crate::name::{Key, Nonce, Text, fields, number};
use crate::reference::Rank;
use alloc::string::String;

/// Who has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grip {
    /// Nobody.
    Free,
    /// One epoch of a holder.
    Held { holder: Key, epoch: u64 },
    /// On its way out; nothing may follow.
    Tomb,
}

/// The state of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaseName {
    /// Of the latest grant. Each grant raises it, so no name comes back.
    pub(crate) token: u64,
    pub(crate) grip: Grip,
    /// In milliseconds since 1970.
    pub(crate) since_ms: u64,
    pub(crate) birth: Nonce,
}

impl LeaseName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(64);
        number::write(&mut out, self.token);
        out.push_str(match self.grip {
            Grip::Free => ".free.",
            Grip::Held { .. } => ".held.",
            Grip::Tomb => ".tomb.",
        });
        number::write(&mut out, self.since_ms);
        out.push('.');
        self.birth.write(&mut out);
        if let Grip::Held { holder, epoch } = &self.grip {
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
        let state = fields.next()?;
        let since_ms = number::read(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let grip = match state {
            "free" => Grip::Free,
            "tomb" => Grip::Tomb,
            "held" => {
                let (holder, _) = Key::from_file_name(fields.next()?)?;
                Grip::Held { holder, epoch: number::read(fields.next()?)? }
            }
            _ => return None,
        };
        let name = LeaseName { token, grip, since_ms, birth };
        (name.text() == text).then_some(name)
    }

    /// Under one token a lease is held, then free, then removed.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let name = Self::parse(text)?;
        let grip = match name.grip {
            Grip::Held { .. } => 0,
            Grip::Free => 1,
            Grip::Tomb => 2,
        };
        Some((name.token, grip, name.since_ms))
    }

    /// The same lease under another grip, from now on.
    pub(crate) fn with(&self, token: u64, grip: Grip, since_ms: u64) -> Self {
        LeaseName { token, grip, since_ms, birth: self.birth }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(token in 0..=number::MOMENT_MAX, since_ms: u64, epoch: u64, holder in "[^/\\\\\\pC]{1,80}", grip in 0..3) {
            prop_assume!(holder != "." && holder != ".." && holder.len() <= 255);
            let grip = match grip {
                0 => Grip::Free,
                1 => Grip::Tomb,
                _ => Grip::Held { holder: Key::of(&holder).unwrap(), epoch },
            };
            let name = LeaseName { token, grip, since_ms, birth: Nonce::read("0123456789abcdef").unwrap() };
            prop_assert!(name.text().len() <= 200);
            prop_assert_eq!(LeaseName::parse(&name.text()), Some(name));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "[0-9a-v]{1,3}\\.(free|held|tomb|x)\\.[0-9a-v]{1,4}\\.[0-9a-w]{15,16}(\\.[a-z%0-9]{1,3}\\.[0-9]{1,2})?") {
            if let Some(name) = LeaseName::parse(&text) {
                prop_assert_eq!(name.text(), text);
            }
        }
    }
}
