//! What went wrong, and how it came to it.

use super::actor::Event;

/// One step of a trace.
#[derive(Debug, Clone)]
pub struct Step {
    /// Who.
    pub actor: String,
    /// Did what, with paths as they were before it.
    pub operation: String,
    /// And was answered what.
    pub answer: String,
}

/// A check that failed, or a panic of the code under test.
#[derive(Clone)]
pub struct Violation {
    /// The name of the scenario.
    pub scenario: String,
    /// What is wrong.
    pub what: String,
    /// The schedule that leads to it; a shortest one when it was explored.
    pub trace: Vec<Step>,
    /// What was logged on the way.
    pub log: Vec<Event>,
    /// The tree at the end.
    pub tree: String,
    /// How many states had been visited.
    pub states: usize,
}

impl Violation {
    pub(crate) fn headline(&self) -> String {
        format!("VIOLATION: {}", self.what)
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}: {}", self.scenario, self.what)?;
        for (n, step) in self.trace.iter().enumerate() {
            writeln!(f, "{:4}. {}: {} => {}", n + 1, step.actor, step.operation, step.answer)?;
        }
        for event in &self.log {
            writeln!(f, "  log {event}")?;
        }
        write!(f, "{}", self.tree)
    }
}

impl std::fmt::Debug for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Violation {}
