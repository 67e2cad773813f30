//! Leasehold beside what others use for the same, on the same disk, in turn.

pub(crate) mod catalogue;
mod contestant;
mod faults;
mod install;
pub(crate) mod marks;
mod place;
pub(crate) mod plot;
mod process;
pub(crate) mod protocol;
pub(crate) mod result;
mod server;
pub(crate) mod setting;
pub(crate) mod table;

use crate::peers::catalogue::{Contender, LEADER, Section};
use crate::peers::contestant::Contestant;
use crate::peers::place::Places;
use crate::peers::result::Table;
use crate::peers::setting::Setting;
use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    pub(crate) sections: Vec<Section>,
    /// Names of contenders; all of them where there is none.
    pub(crate) peers: &'a [String],
    /// Words that the name of a setting has to have.
    pub(crate) words: &'a [String],
    /// Instead of a setting's own.
    pub(crate) rounds: Option<u32>,
}

/// Installs what is needed beneath `kept`, and measures all that was selected in folders beneath `disk`.
pub(crate) fn measure(selection: &Selection<'_>, kept: &Path, disk: &Path) -> Result<Vec<Table>> {
    let is_wanted = |contender: &&Contender| {
        let named = selection.peers.iter().any(|name| contender.name == name);
        contender.name == LEADER || named || selection.peers.is_empty()
    };
    let mut tables = Vec::new();
    let mut places = Places::new(kept)?;
    for section in &selection.sections {
        let contenders: Vec<&Contender> = section.contenders().iter().filter(is_wanted).collect();
        let settings = Setting::all(*section).into_iter();
        for setting in settings.filter(|setting| selection.words.iter().all(|word| setting.has_word(word))) {
            let rounds = selection.rounds.unwrap_or(setting.rounds);
            eprintln!("{} {setting}", section.name());
            tables.push(one_setting(*section, setting, &contenders, rounds, &mut places, disk)?);
        }
    }
    Ok(tables)
}

/// All contenders in turn, so often; who goes first changes from round to round.
fn one_setting(
    section: Section,
    setting: Setting,
    contenders: &[&'static Contender],
    rounds: u32,
    places: &mut Places,
    disk: &Path,
) -> Result<Table> {
    let folder = tempfile::Builder::new().prefix("leasehold-bench.").tempdir_in(disk);
    let folder = folder.with_context(|| disk.display().to_string())?;
    let opened = File::open(folder.path())?;
    let mut contestants: Vec<Contestant> = Vec::new();
    for contender in contenders {
        contestants.push(Contestant::enter(contender, section, &setting, folder.path(), places));
    }
    let ops = section.ops();
    for round in 0..=usize::try_from(rounds)? {
        for turn in 0..contestants.len() {
            let at = (round + turn) % contestants.len();
            let Some(contestant) = contestants.get_mut(at) else { continue };
            // What the one before has left to be written is not this one's to wait for.
            rustix::fs::syncfs(&opened)?;
            contestant.take_turn(&setting, ops, round);
        }
    }
    let rows = contestants.into_iter().map(Contestant::leave).collect();
    Ok(Table::new(section, setting, ops, rows))
}
