//! What a scenario's checks and its observer are shown.

use super::explorer::Explorer;
use super::operation::{Op, Operation};
use super::scenario::{Act, Deed, Endings};
use super::state::{AGAIN, CRASHED, ENDED, State};
use super::view::View;

impl Explorer<'_> {
    pub(crate) fn act(&self, state: &State, actor: usize, operation: &Operation) -> Option<Act> {
        let fs = &state.fs;
        let (deed, path, to) = match operation {
            Op::Create(d, n) => (Deed::Create, fs.show_entry(*d, &n.text), None),
            Op::CreateDir(d, n) => (Deed::CreateDir, fs.show_entry(*d, &n.text), None),
            Op::Rename(d, n, e, m) => (Deed::Rename, fs.show_entry(*d, &n.text), Some(fs.show_entry(*e, &m.text))),
            Op::Link(d, n, e, m) => (Deed::Link, fs.show_entry(*d, &n.text), Some(fs.show_entry(*e, &m.text))),
            Op::Unlink(d, n) => (Deed::Unlink, fs.show_entry(*d, &n.text), None),
            Op::RemoveDir(d, n) => (Deed::RemoveDir, fs.show_entry(*d, &n.text), None),
            Op::WriteAt(f, ..) => (Deed::Write, fs.path_of(*f).unwrap_or_default(), None),
            _ => return None,
        };
        Some(Act { actor: self.programs[actor].name.clone(), deed, path, to })
    }

    /// Whether everybody has ended or crashed.
    pub(crate) fn over(&self, state: &State) -> bool {
        (0..self.actors()).all(|actor| state.running(actor).is_none())
    }

    pub(crate) fn look<T>(&self, state: &State, look: impl FnOnce(&View<'_>) -> T) -> T {
        look(&View { fs: &state.fs, log: self.logs.events(state.log), wall: state.wall, monotonic: state.monotonic })
    }

    /// What the checks of every state find wrong with this one.
    pub(crate) fn always(&self, state: &State) -> Option<String> {
        self.look(state, |view| self.scenario.always.iter().find_map(|check| check(view).err()))
    }

    /// What the checks of the end find wrong with this one.
    pub(crate) fn finally(&self, state: &State) -> Option<String> {
        let ends = (0..self.actors()).map(|actor| {
            let seat = state.seats[actor];
            let words = (seat != CRASHED).then(|| self.histories.endings[(seat & !(ENDED | AGAIN)) as usize].clone());
            (self.programs[actor].name.clone(), words)
        });
        let endings = Endings { ends: ends.collect() };
        self.look(state, |view| self.scenario.finally.iter().find_map(|check| check(view, &endings).err()))
    }
}
