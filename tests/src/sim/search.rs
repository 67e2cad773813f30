//! Visiting every state once, breadth first; and walking at random where there are too many.

use super::explorer::{Choice, Explorer, Move};
use super::fingerprint::{Map, Mixer, Set};
use super::scenario::Explored;
use super::state::State;
use super::violation::Violation;
use super::world::random;
use std::collections::VecDeque;

/// Random schedules before an exploration, to learn which assumptions are false.
const LESSONS: u64 = 48;

/// How a state was first reached.
#[derive(Clone, Copy)]
struct Origin {
    from: u32,
    choice: Choice,
}

/// The graph as far as it has been visited.
#[derive(Default)]
struct Graph {
    known: Map<u128, u32>,
    origins: Vec<Option<Origin>>,
    /// Where the edges of each visited state begin in `targets`.
    starts: Vec<u32>,
    targets: Vec<u32>,
    over: Vec<bool>,
    /// What the checks of every state have seen.
    checked: Set<u128>,
}

enum Round {
    Finished(Explored),
    Found(Box<Violation>),
    /// An assumption turned out false.
    Again,
}

impl Explorer<'_> {
    pub(crate) fn explore(mut self) -> Result<Explored, Box<Violation>> {
        if self.scenario.reduce {
            for lesson in 0..LESSONS {
                let mut steps = 0;
                let start = self.initial();
                // What a lesson finds wrong is found again below, with a shortest trace.
                let _ = self.stroll(&start, lesson, 2000, &mut steps, &mut Vec::new());
            }
            self.assumptions.borrow_mut().renew();
        }
        loop {
            match self.round() {
                Round::Finished(explored) => return Ok(explored),
                Round::Found(violation) => return Err(violation),
                Round::Again => self.assumptions.borrow_mut().renew(),
            }
        }
    }

    fn round(&mut self) -> Round {
        let mut graph = Graph::default();
        let mut waiting = VecDeque::new();
        let start = self.initial();
        graph.known.insert(start.print(), 0);
        graph.origins.push(None);
        if let Some(wrong) = self.wrong_at_first(&start).or_else(|| self.checked(&start, &mut graph)) {
            return self.found(&graph, 0, wrong);
        }
        waiting.push_back(start);
        let mut choices = Vec::new();
        let mut truncated = false;
        let mut at = 0_u32;
        while let Some(state) = waiting.pop_front() {
            graph.starts.push(graph.targets.len() as u32);
            let over = self.over(&state);
            graph.over.push(over);
            if over && let Some(wrong) = self.finally(&state) {
                return self.found(&graph, at, wrong);
            }
            self.choices(&state, &mut choices);
            for &choice in &choices {
                let (next, wrong) = self.take(&state, choice);
                if self.assumptions.borrow().broken {
                    return Round::Again;
                }
                let fresh = graph.origins.len() as u32;
                let target = *graph.known.entry(next.print()).or_insert(fresh);
                graph.targets.push(target);
                if target != fresh {
                    continue;
                }
                graph.origins.push(Some(Origin { from: at, choice }));
                if let Some(wrong) = wrong.or_else(|| self.checked(&next, &mut graph)) {
                    return self.found(&graph, fresh, wrong);
                }
                waiting.push_back(next);
            }
            at += 1;
            if graph.origins.len() > self.scenario.limit {
                truncated = true;
                break;
            }
        }
        if truncated && !self.scenario.bounded {
            let wrong = format!(
                "more than {} states: raise the limit, make the scenario smaller, or call it bounded",
                self.scenario.limit
            );
            return self.found(&graph, 0, wrong);
        }
        graph.starts.push(graph.targets.len() as u32);
        Round::Finished(Explored {
            states: graph.origins.len(),
            transitions: graph.targets.len() as u64,
            schedules: graph.schedules(),
            terminal: graph.over.iter().filter(|over| **over).count(),
            truncated,
        })
    }

    /// Runs the checks of every state, unless they have seen the like.
    fn checked(&self, state: &State, graph: &mut Graph) -> Option<String> {
        let mut mixer = Mixer::new(5);
        mixer.wide(state.fs.print());
        mixer.word(u64::from(state.log));
        mixer.word(state.wall);
        graph.checked.insert(mixer.end()).then(|| self.always(state)).flatten()
    }

    fn found(&mut self, graph: &Graph, mut at: u32, what: String) -> Round {
        let mut path = Vec::new();
        while let Some(Origin { from, choice }) = graph.origins[at as usize] {
            path.push(choice);
            at = from;
        }
        path.reverse();
        let violation = self.retrace(&path, what, graph.origins.len());
        // Going the way once more must not depend on an assumption that this very way refutes.
        if self.assumptions.borrow().broken { Round::Again } else { Round::Found(violation) }
    }

    fn retrace(&mut self, path: &[Choice], what: String, states: usize) -> Box<Violation> {
        self.steps = Some(Vec::new());
        let mut state = self.initial();
        for choice in path {
            state = self.take(&state, *choice).0;
        }
        let trace = self.steps.take().unwrap_or_default();
        let log = self.logs.events(state.log);
        Box::new(Violation { scenario: self.scenario.name.clone(), what, trace, log, tree: state.fs.tree(), states })
    }

    /// Takes random schedules, each operation with a place of its own.
    pub(crate) fn walk(mut self, seed: u64, runs: u64) -> Result<Explored, Box<Violation>> {
        self.assumptions.borrow_mut().on = false;
        let start = self.initial();
        let mut steps = 0;
        for run in 0..runs {
            let mut path = Vec::new();
            let stream = random(seed, run);
            if let Some(wrong) = self.stroll(&start, stream, self.scenario.limit as u64, &mut steps, &mut path) {
                let what = format!("{wrong} (run {run} of seed {seed})");
                return Err(self.retrace(&path, what, steps as usize));
            }
        }
        Ok(Explored { states: 0, transitions: steps, schedules: u128::from(runs), terminal: 0, truncated: false })
    }

    fn stroll(
        &mut self,
        start: &State,
        stream: u64,
        longest: u64,
        steps: &mut u64,
        path: &mut Vec<Choice>,
    ) -> Option<String> {
        let mut state = start.clone();
        let mut choices = Vec::new();
        let mut drawn = 0;
        let mut draw = |below: usize| {
            drawn += 1;
            (random(stream, drawn) % below as u64) as usize
        };
        if let Some(wrong) = self.wrong_at_first(&state) {
            return Some(wrong);
        }
        // One schedule in two has no crash until late, if any.
        let rarity = [8, 64][draw(2)];
        for _ in 0..longest {
            self.choices(&state, &mut choices);
            if draw(rarity) != 0 && choices.iter().any(|choice| choice.kind != Move::Crash) {
                choices.retain(|choice| choice.kind != Move::Crash);
            }
            if choices.is_empty() {
                return self.finally(&state);
            }
            let choice = choices[draw(choices.len())];
            path.push(choice);
            *steps += 1;
            let (next, wrong) = self.take(&state, choice);
            let changed = next.fs.print() != state.fs.print() || next.log != state.log || next.wall != state.wall;
            state = next;
            if let Some(wrong) = wrong.or_else(|| if changed { self.always(&state) } else { None }) {
                return Some(wrong);
            }
        }
        Some(format!("a schedule has more than {longest} steps"))
    }
}

impl Graph {
    /// The number of paths to an end, by adding up along the edges in an order in which none points back.
    fn schedules(&self) -> u128 {
        let visited = self.over.len();
        let edges = |at: usize| &self.targets[self.starts[at] as usize..self.starts[at + 1] as usize];
        let mut incoming = vec![0_u32; self.origins.len()];
        (0..visited).flat_map(edges).for_each(|target| incoming[*target as usize] += 1);
        let mut paths = vec![0_u128; self.origins.len()];
        paths[0] = 1;
        let mut ready = vec![0_usize];
        let mut schedules = 0_u128;
        while let Some(at) = ready.pop() {
            if at >= visited {
                continue;
            }
            if self.over[at] {
                schedules = schedules.saturating_add(paths[at]);
            }
            for target in edges(at) {
                let target = *target as usize;
                paths[target] = paths[target].saturating_add(paths[at]);
                incoming[target] -= 1;
                if incoming[target] == 0 {
                    ready.push(target);
                }
            }
        }
        schedules
    }
}
