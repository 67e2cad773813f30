//! One contender under one setting: its processes, and what they have come to.

use crate::peers::catalogue::{Contender, Section};
use crate::peers::faults::Faults;
use crate::peers::place::Places;
use crate::peers::process::Process;
use crate::peers::protocol::{Answer, Op, Request};
use crate::peers::result::Row;
use crate::peers::server::Server;
use crate::peers::setting::Setting;
use anyhow::{Context, Result, bail};
use std::path::Path;

pub(crate) struct Contestant {
    contender: &'static Contender,
    processes: Vec<Process>,
    /// Lives as long as the processes need it.
    _server: Option<Server>,
    version: String,
    /// Why there are no numbers, or no more.
    absent: Option<String>,
    /// By operation, then by round.
    rates: Vec<Vec<f64>>,
    faults: Faults,
}

impl Contestant {
    /// Starts everything. Who cannot take part is told of, and does not stop the others.
    pub(crate) fn enter(
        contender: &'static Contender,
        section: Section,
        setting: &Setting,
        folder: &Path,
        places: &mut Places,
    ) -> Self {
        let rates = section.ops().iter().map(|_| Vec::new()).collect();
        let faults = Faults::default();
        let version = String::new();
        let mut contestant =
            Self { contender, processes: Vec::new(), _server: None, version, absent: None, rates, faults };
        if let Err(error) = contestant.start(section, setting, folder, places) {
            contestant.give_up(&error);
        }
        contestant
    }

    fn start(&mut self, section: Section, setting: &Setting, folder: &Path, places: &mut Places) -> Result<()> {
        let lacks = &self.contender.lacks;
        let lack = lacks.sync.filter(|_| setting.is_synced).or(lacks.batches.filter(|_| setting.batch > 1));
        if let Some(lack) = lack {
            bail!("{lack}");
        }
        let (place, server) = places.open(self.contender, setting, folder)?;
        self._server = server;
        let synced = if setting.is_synced { "synced" } else { "unsynced" };
        // One after the other: the first makes what all of them share.
        for _ in 0..setting.processes {
            let mut command = places.command(self.contender, section)?;
            self.processes.push(Process::start(command.arg(&place).arg(synced))?);
        }
        self.version = self.processes.first().map(|process| process.version.clone()).unwrap_or_default();
        Ok(())
    }

    /// Does everything once. The first round warms up, and only its faults count.
    pub(crate) fn take_turn(&mut self, setting: &Setting, ops: &[Op], round: usize) {
        if self.absent.is_some() {
            return;
        }
        match self.turn(setting, ops, round) {
            Ok(rates) if round > 0 => {
                for (all, rate) in self.rates.iter_mut().zip(rates) {
                    all.push(rate);
                }
            }
            Ok(_) => {}
            Err(error) => self.give_up(&error),
        }
    }

    fn turn(&mut self, setting: &Setting, ops: &[Op], round: usize) -> Result<Vec<f64>> {
        // Numbers of its own for each round, and in it for what is pushed first and what lives later.
        let base = round * 2 * setting.count;
        let (mut rates, mut got, mut garbled) = (Vec::new(), Vec::new(), 0);
        for op in ops {
            let first = if *op == Op::Life { base + setting.count } else { base };
            let answers = self.all_at_once(setting, *op, first).with_context(|| format!("{op:?}"))?;
            let handed_out = answers.iter().map(|answer| answer.got.len()).sum::<usize>();
            let count = if *op == Op::Work { handed_out } else { setting.count };
            rates.push(count as f64 / elapsed(&answers));
            garbled += answers.iter().map(|answer| answer.garbled).sum::<usize>();
            got.extend(answers.into_iter().flat_map(|answer| answer.got));
        }
        // What has no payload has no numbers either.
        if setting.payload > 0 {
            let pushed = if ops.contains(&Op::Life) { 2 * setting.count } else { setting.count };
            self.faults += Faults::among(base..base + pushed, got, garbled);
        }
        Ok(rates)
    }

    fn all_at_once(&mut self, setting: &Setting, op: Op, first: usize) -> Result<Vec<Answer>> {
        let n = setting.count / setting.processes;
        for (index, process) in self.processes.iter_mut().enumerate() {
            let (batch, payload, most) = (setting.batch, setting.payload, setting.count);
            process.prepare(Request { op, first: first + index * n, n, most, batch, payload })?;
        }
        for process in &mut self.processes {
            process.go()?;
        }
        self.processes.iter_mut().map(Process::outcome).collect()
    }

    fn give_up(&mut self, error: &anyhow::Error) {
        let reason = format!("{error:#}");
        eprintln!("  {}: {reason}", self.contender.name);
        self.absent = Some(reason);
        self.processes.clear();
    }

    pub(crate) fn leave(self) -> Row {
        let Contender { name, title, is_peer, .. } = self.contender;
        // Numbers that end in the middle are none.
        let rates = if self.absent.is_some() { Vec::new() } else { self.rates };
        Row::new(name, title, self.version, *is_peer, self.absent, rates, self.faults)
    }
}

/// From the first that began to the last that ended.
fn elapsed(answers: &[Answer]) -> f64 {
    let begun = answers.iter().map(|answer| answer.begun).fold(f64::INFINITY, f64::min);
    let ended = answers.iter().map(|answer| answer.ended).fold(0.0, f64::max);
    ended - begun
}
