//! The steps of a scenario: which there are in a state, and where each leads.

use super::actor::Event;
use super::apply::{By, Change, Effect};
use super::history::{Ahead, Histories, HistoryId, Next, Setting};
use super::operation::{Answer, Op, Operation};
use super::scenario::{ACTORS, Listings, Program, Role, Scenario};
use super::state::{AGAIN, CRASHED, ENDED, Listing, Logs, State};
use super::unnoticed::Assumptions;
use super::violation::Step;
use std::cell::RefCell;
use std::rc::Rc;

/// An actor that asks for more than this is taken for one that never ends.
const LONGEST: u32 = 20_000;

/// So many operations at most take no place in the schedule together: one who waits for others must let them move.
const AT_ONCE: usize = 500;

/// One step that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) actor: u8,
    pub(crate) kind: Move,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Crash,
    /// The next operation.
    Operation,
    /// The next operation is a listing, and begins.
    Begin,
    /// The listing under way ends, with one of its possible answers.
    End(u16),
}

pub(crate) struct Explorer<'s> {
    pub(crate) scenario: &'s Scenario,
    pub(crate) programs: Rc<[Program]>,
    pub(crate) histories: Histories,
    pub(crate) logs: Logs,
    pub(crate) assumptions: Rc<RefCell<Assumptions>>,
    /// Written where a trace is wanted.
    pub(crate) steps: Option<Vec<Step>>,
    effect: Effect,
}

impl<'s> Explorer<'s> {
    pub(crate) fn new(scenario: &'s Scenario) -> Self {
        let mut programs = scenario.actors.clone();
        for (actor, program) in &scenario.restarts {
            programs[*actor].restart = Some(programs.len() as u8);
            programs.push(program.clone());
        }
        for (user, program) in (0..).zip(&mut programs) {
            program.user = user;
        }
        for (actor, program) in &scenario.thens {
            let mut last = *actor;
            while let Some(then) = programs[last].then {
                last = then as usize;
            }
            programs[last].then = Some(programs.len() as u8);
            programs.push(Program { user: *actor as u8, ..program.clone() });
        }
        let programs: Rc<[Program]> = programs.into();
        let (start, wall, monotonic) = scenario.world.snapshot();
        let moving = programs.iter().any(|program| program.kind.moves_clock());
        let setting = Setting { start, still: (!moving).then_some((wall, monotonic)), shuffle: scenario.shuffle };
        let mut explorer = Self {
            scenario,
            histories: Histories::new(programs.clone(), setting),
            programs,
            logs: Logs::default(),
            assumptions: Rc::new(RefCell::new(Assumptions::new(scenario.reduce))),
            steps: None,
            effect: Effect::default(),
        };
        explorer.meet();
        explorer
    }

    pub(crate) fn actors(&self) -> usize {
        self.scenario.actors.len()
    }

    /// The state before anybody moves.
    pub(crate) fn initial(&mut self) -> State {
        let (mut fs, wall, monotonic) = self.scenario.world.snapshot();
        let inodes: Vec<_> = fs.inodes().map(|(ino, _)| ino).collect();
        inodes.into_iter().for_each(|ino| fs.refresh(ino));
        let mut state = State { fs, wall, monotonic, seats: [ENDED; ACTORS], log: 0, crashes: 0, listings: None };
        for actor in 0..self.actors() {
            self.seat(&mut state, actor, self.histories.roots[actor]);
        }
        for actor in 0..self.actors() {
            self.settle(&mut state, actor);
        }
        state
    }

    /// What new histories ask for and were answered is held against the assumptions.
    fn meet(&mut self) {
        let mut assumptions = self.assumptions.borrow_mut();
        for id in self.histories.unmet() {
            let history = self.histories.get(id);
            if let Some((operation, answer)) = self.histories.last(id) {
                assumptions.answered(operation, answer, history.user);
            }
            if let Next::Operation(operation) = &history.next {
                assumptions.asked(operation, history.user);
            }
        }
    }

    fn child(&mut self, state: &State, id: HistoryId, answer: Answer) -> HistoryId {
        let still = self.still(state);
        let ahead = || {
            self.assumptions.borrow().on.then(|| Ahead {
                fs: state.fs.clone(),
                now: state.wall,
                still,
                assumptions: self.assumptions.clone(),
            })
        };
        let child = self.histories.child(id, answer, ahead);
        self.meet();
        child
    }

    /// Puts an actor where a history leads, with what it logs there.
    fn seat(&mut self, state: &mut State, actor: usize, id: HistoryId) {
        state.seats[actor] = id;
        for event in self.histories.get(id).events.clone().iter() {
            state.log = self.logs.push(state.log, event);
        }
    }

    /// Whether the clock will not move any more.
    fn still(&self, state: &State) -> bool {
        (0..self.actors()).all(|actor| self.programs[actor].kind != Role::Clock || state.running(actor).is_none())
    }

    fn next(&self, state: &State, actor: usize) -> Option<(HistoryId, Rc<Operation>)> {
        let id = state.running(actor)?;
        match &self.histories.get(id).next {
            Next::Operation(operation) => Some((id, operation.clone())),
            _ => None,
        }
    }

    /// All steps that can be taken; none of them but crashes if everybody has ended.
    pub(crate) fn choices(&self, state: &State, choices: &mut Vec<Choice>) {
        choices.clear();
        for actor in 0..self.actors() {
            let seat = state.seats[actor];
            if seat == CRASHED {
                continue;
            }
            let program = &self.programs[actor];
            let mortal = program.kind == Role::Mortal && state.crashes < self.scenario.crashes;
            let mut choose = |kind| choices.push(Choice { actor: actor as u8, kind });
            let Some(id) = state.running(actor) else {
                if mortal && program.restart.is_some() && !self.restarted(state, actor) {
                    choose(Move::Crash);
                }
                continue;
            };
            let history = self.histories.get(id);
            if mortal && (history.length > 0 || history.input.is_some()) {
                choose(Move::Crash);
            }
            let Next::Operation(operation) = &history.next else {
                continue;
            };
            match (&**operation, self.scenario.listings, state.listing(actor)) {
                (Op::List(_), Listings::Mixed | Listings::Btrfs, None) => choose(Move::Begin),
                (Op::List(_), mode, Some(listing)) => {
                    let answers = listing.answers(mode == Listings::Btrfs);
                    (0..answers).for_each(|n| choose(Move::End(n as u16)));
                }
                _ => choose(Move::Operation),
            }
        }
    }

    /// An ended actor with a restart: whether it was the restart that ended. The words tell them apart.
    fn restarted(&self, state: &State, actor: usize) -> bool {
        state.seats[actor] & AGAIN != 0
    }

    /// Takes a step. The second value says what is wrong with the code under test itself.
    pub(crate) fn take(&mut self, state: &State, choice: Choice) -> (State, Option<String>) {
        let mut state = state.clone();
        let actor = choice.actor as usize;
        match choice.kind {
            Move::Crash => {
                state.crashes += 1;
                state.set_listing(actor, None);
                self.step(actor, "CRASH", "");
                match self.programs[actor].restart.filter(|_| !self.second(&state, actor)) {
                    Some(program) => {
                        let root = self.histories.roots[program as usize];
                        self.seat(&mut state, actor, root);
                    }
                    None => state.seats[actor] = CRASHED,
                }
            }
            Move::Operation => {
                if let Some((id, operation)) = self.next(&state, actor) {
                    let answer = self.perform(&mut state, actor, id, &operation);
                    self.arrive(&mut state, actor, id, answer);
                }
            }
            Move::Begin => {
                if let Some((_, operation)) = self.next(&state, actor)
                    && let Op::List(dir) = &*operation
                {
                    if self.steps.is_some() {
                        let words = state.fs.describe(&operation);
                        self.step(actor, &words, "begins");
                    }
                    let listing = Listing::begin(*dir, &state.fs);
                    state.set_listing(actor, Some(listing));
                }
                return (state, None);
            }
            Move::End(n) => {
                if let Some((id, operation)) = self.next(&state, actor)
                    && let Some(listing) = state.listing(actor)
                {
                    let answer = Answer::Names(listing.answer(n as usize, self.scenario.listings == Listings::Btrfs));
                    if self.steps.is_some() {
                        let words = state.fs.describe(&operation);
                        self.step(actor, &words, &answer.to_string());
                    }
                    state.set_listing(actor, None);
                    self.arrive(&mut state, actor, id, answer);
                }
            }
        }
        self.settle(&mut state, actor);
        let wrong = state.running(actor).and_then(|id| self.wrong(id));
        (state, wrong)
    }

    /// The actor's restart is what runs already.
    fn second(&self, state: &State, actor: usize) -> bool {
        state.running(actor).is_some_and(|id| self.programs[self.histories.get(id).program as usize].again)
    }

    fn wrong(&self, id: HistoryId) -> Option<String> {
        let history = self.histories.get(id);
        let name = &self.programs[history.program as usize].name;
        match &history.next {
            Next::Panic(words) => Some(format!("{name} panicked: {words}")),
            _ if history.length > LONGEST => Some(format!("{name} does not end")),
            _ => None,
        }
    }

    /// What is wrong with somebody before he has moved at all.
    pub(crate) fn wrong_at_first(&self, state: &State) -> Option<String> {
        (0..self.actors()).find_map(|actor| self.wrong(state.running(actor)?))
    }

    fn step(&mut self, actor: usize, operation: &str, answer: &str) {
        if let Some(steps) = &mut self.steps {
            let actor = self.programs[actor].name.to_string();
            steps.push(Step { actor, operation: operation.into(), answer: answer.into() });
        }
    }

    fn arrive(&mut self, state: &mut State, actor: usize, id: HistoryId, answer: Answer) {
        let child = self.child(state, id, answer);
        self.seat(state, actor, child);
    }

    /// Does what the actor does next and nobody else can notice; and forgets the history of one that has ended.
    fn settle(&mut self, state: &mut State, actor: usize) {
        loop {
            self.hurry(state, actor);
            let Some(id) = state.running(actor) else { return };
            let history = self.histories.get(id);
            let Next::End(words) = history.next else { return };
            let Some(then) = self.programs[history.program as usize].then else {
                let again = if self.second(state, actor) { AGAIN } else { 0 };
                state.seats[actor] = ENDED | again | words;
                return;
            };
            let root = self.histories.begin(then, words);
            self.meet();
            self.seat(state, actor, root);
        }
    }

    fn hurry(&mut self, state: &mut State, actor: usize) {
        for _ in 0..AT_ONCE {
            let Some((id, operation)) = self.next(state, actor) else { return };
            let history = self.histories.get(id);
            if history.length > LONGEST
                || !self.assumptions.borrow().unnoticed(&operation, &state.fs, history.user, self.still(state))
            {
                return;
            }
            let steps = self.steps.as_ref().map(Vec::len);
            let mut trial = state.clone();
            let answer = self.perform(&mut trial, actor, id, &operation);
            let child = self.child(&trial, id, answer);
            // What is logged has its place among what others log.
            if trial.log != state.log || !self.histories.get(child).events.is_empty() {
                if let (Some(steps), Some(length)) = (&mut self.steps, steps) {
                    steps.truncate(length);
                }
                return;
            }
            trial.seats[actor] = child;
            *state = trial;
        }
    }

    /// Does one operation on the state.
    fn perform(&mut self, state: &mut State, actor: usize, id: HistoryId, operation: &Operation) -> Answer {
        let words = self.steps.is_some().then(|| state.fs.describe(operation));
        let answer = match operation {
            Op::Now => Answer::Time(state.wall),
            Op::Monotonic => Answer::Time(state.monotonic),
            Op::SetWall(ms) => {
                state.wall = *ms;
                Answer::Done
            }
            Op::Jump(ms) => {
                state.wall = state.wall.saturating_add_signed(*ms);
                Answer::Done
            }
            Op::Advance(ms) => {
                state.wall += ms;
                state.monotonic += ms;
                Answer::Done
            }
            _ => self.change(state, actor, id, operation),
        };
        if let Some(words) = words {
            self.step(actor, &words, &answer.to_string());
        }
        answer
    }

    fn change(&mut self, state: &mut State, actor: usize, id: HistoryId, operation: &Operation) -> Answer {
        let act = self.scenario.observer.as_ref().and_then(|_| self.act(state, actor, operation));
        let history = self.histories.get(id);
        let mut effect = std::mem::take(&mut self.effect);
        effect.clear();
        let assumptions = self.assumptions.borrow();
        let hidden = |dir| assumptions.workshop(dir);
        let by = By { slot: history.user, fresh: history.fresh(), now: state.wall, hidden: &hidden };
        let answer = state.fs.apply(operation, &by, &mut effect);
        drop(assumptions);
        for ino in &effect.touched {
            state.fs.refresh(*ino);
        }
        for change in &effect.changes {
            let (Change::Add(dir, ..) | Change::Remove(dir, ..)) = change;
            state.disturb(*dir, matches!(operation, Op::Rename(..)));
        }
        let mut assumptions = self.assumptions.borrow_mut();
        effect.moved.iter().for_each(|dir| assumptions.opened(*dir));
        effect.exposed.iter().for_each(|file| assumptions.exposed(*file));
        effect.renumbered.iter().for_each(|file| assumptions.renumbered(*file));
        drop(assumptions);
        self.effect = effect;
        if let (Some(observer), Some(act), false) = (&self.scenario.observer, act, matches!(answer, Answer::Failed(_)))
            && let Some((what, value)) = observer(&act)
        {
            let event = Event { actor: self.programs[actor].name.clone(), what, value };
            state.log = self.logs.push(state.log, &event);
        }
        answer
    }
}
