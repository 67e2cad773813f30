//! The token file's name of a holder: `<epoch>.<beat>.<state>.<set-at>.<ttl>.<birth>`.

use crate::name::{Nonce, Text, fields, number};
use crate::reference::Rank;
use alloc::string::String;

/// Where an epoch is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Lives until its deadline is passed *and* somebody has declared it dead.
    Live,
    /// Ended by itself, or declared dead; a new epoch may follow.
    Ended,
    /// On its way out; nothing may follow.
    Tomb,
}

impl Life {
    const ALL: [(Life, &'static str); 3] = [(Life::Live, "live"), (Life::Ended, "ended"), (Life::Tomb, "tomb")];

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(life, _)| *life == self).map_or("", |(_, text)| text)
    }
}

/// The state of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HolderName {
    /// The token of holders: grows with each opening.
    pub(crate) epoch: u64,
    /// Grows with each heartbeat, so that no name comes back.
    pub(crate) beat: u64,
    pub(crate) life: Life,
    /// When the deadline was set, in milliseconds since 1970.
    pub(crate) set_ms: u64,
    pub(crate) ttl_ms: u64,
    pub(crate) birth: Nonce,
}

impl HolderName {
    pub(crate) fn text(&self) -> String {
        let mut out = Text::with_capacity(64);
        number::write(&mut out, self.epoch);
        out.push('.');
        number::write(&mut out, self.beat);
        out.push('.');
        out.push_str(self.life.text());
        out.push('.');
        number::write(&mut out, self.set_ms);
        out.push('.');
        number::write(&mut out, self.ttl_ms);
        out.push('.');
        self.birth.write(&mut out);
        out.finish()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields(text, '.');
        let mut number = || number::read(fields.next()?);
        let (epoch, beat) = (number()?, number()?);
        let life = fields.next()?;
        let (life, _) = *Life::ALL.iter().find(|(_, text)| *text == life)?;
        let set_ms = number::read(fields.next()?)?;
        let ttl_ms = number::read(fields.next()?)?;
        let birth = Nonce::read(fields.next()?)?;
        let name = HolderName { epoch, beat, life, set_ms, ttl_ms, birth };
        (name.text() == text).then_some(name)
    }

    /// Each heartbeat is a state of its own.
    pub(crate) fn rank(text: &str) -> Option<Rank> {
        let name = Self::parse(text)?;
        let life = match name.life {
            Life::Live => 0,
            Life::Ended => 1,
            Life::Tomb => 2,
        };
        Some((name.epoch, name.beat, life))
    }

    pub(crate) fn until_ms(&self) -> u64 {
        self.set_ms.saturating_add(self.ttl_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(epoch: u64, beat: u64, set_ms: u64, ttl_ms: u64, life in 0usize..3) {
            let Some(birth) = Nonce::read("0123456789abcdef") else { return Ok(()) };
            let name = HolderName { epoch, beat, life: Life::ALL[life].0, set_ms, ttl_ms, birth };
            prop_assert_eq!(HolderName::parse(&name.text()), Some(name));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "[0-9a-v]{1,3}\\.[0-9a-v]{1,3}\\.(live|ended|x)\\.[0-9a-v]{1,4}\\.[0-9]{1,2}\\.[0-9a-w]{15,16}") {
            if let Some(name) = HolderName::parse(&text) {
                prop_assert_eq!(name.text(), text);
            }
        }
    }
}
