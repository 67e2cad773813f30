//! Under which conditions something is measured.

use crate::peers::catalogue::Section;
use serde::Serialize;
use std::fmt;

/// How many tasks a batch has.
const BATCH: usize = 100;
const SMALL: usize = 180;
const LARGE: usize = 65_536;

/// One table's conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) is_synced: bool,
    pub(crate) processes: usize,
    /// How many a call takes.
    pub(crate) batch: usize,
    /// The bytes of a payload; of a lease or a list, nothing.
    pub(crate) payload: usize,
    /// How many operations a turn has, in all processes together.
    pub(crate) count: usize,
    pub(crate) rounds: u32,
}

impl Setting {
    pub(crate) fn all(section: Section) -> Vec<Self> {
        let mut settings = Vec::new();
        for is_synced in [false, true] {
            match section {
                Section::Queue => settings.extend(queue_settings(is_synced)),
                Section::Lease if is_synced => {}
                Section::Lease => settings.push(Self::alone(is_synced, 0, 1_000)),
                Section::Checkpoint => {
                    settings.push(Self::alone(is_synced, 1_024, if is_synced { 20 } else { 200 }));
                }
                Section::List => settings.push(Self::alone(is_synced, 0, if is_synced { 20 } else { 200 })),
            }
        }
        settings
    }

    fn alone(is_synced: bool, payload: usize, count: usize) -> Self {
        Self { is_synced, processes: 1, batch: 1, payload, count, rounds: 7 }
    }

    /// Whether the word is one of its name's.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.to_string().split([' ', ',']).any(|own| own == word)
    }

    /// A name for files.
    pub(crate) fn slug(&self) -> String {
        self.to_string().replace(", ", "-").replace(' ', "-")
    }
}

fn queue_settings(is_synced: bool) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (payload, processes) in [(SMALL, 1), (SMALL, 4), (LARGE, 1), (LARGE, 4)] {
        for batch in [1, BATCH] {
            let count = match (is_synced, batch, payload) {
                (false, 1, SMALL) => 400,
                (false, _, SMALL) => 12 * BATCH,
                (false, 1, _) => 200,
                (false, _, _) => 4 * BATCH,
                (true, 1, SMALL) => 20 * processes,
                (true, 1, _) => 12 * processes,
                (true, _, _) => BATCH * processes,
            };
            let rounds = match (is_synced, payload) {
                (false, SMALL) => 5,
                _ => 3,
            };
            settings.push(Setting { is_synced, processes, batch, payload, count, rounds });
        }
    }
    settings
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let synced = if self.is_synced { "synced" } else { "unsynced" };
        let batch = if self.batch == 1 { "single" } else { "batches" };
        write!(
            formatter,
            "{synced}, {} {}, {batch}",
            self.processes,
            if self.processes == 1 { "process" } else { "processes" }
        )?;
        match self.payload {
            0 => Ok(()),
            bytes if bytes.is_multiple_of(1_024) => write!(formatter, ", {} KiB", bytes / 1_024),
            bytes => write!(formatter, ", {bytes} B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Setting;
    use crate::peers::catalogue::Section;

    #[test]
    fn every_process_has_as_much_to_do_and_whole_batches() {
        for setting in Section::ALL.into_iter().flat_map(Setting::all) {
            assert_eq!(setting.count % (setting.processes * setting.batch), 0, "{setting}");
        }
    }

    #[test]
    fn a_setting_is_chosen_by_whole_words() {
        let all = Setting::all(Section::Queue);
        let with = |word: &str| all.iter().filter(|setting| setting.has_word(word)).count();
        assert_eq!((all.len(), with("synced"), with("unsynced"), with("single"), with("4")), (16, 8, 8, 8, 8));
        assert_eq!((with("sync"), with("180"), with("64")), (0, 8, 8));
    }
}
