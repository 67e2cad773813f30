//! The contender's end of the lines.

use crate::peers::protocol::{Answer, Ready, Request, clock, number_of};
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::{Lines, StdinLock, Write, stdin, stdout};

/// What a contender can do.
pub(crate) trait Contend {
    /// What was made ready before the time is taken.
    type Prepared;

    fn prepare(&mut self, request: &Request) -> Result<Self::Prepared>;

    /// What is timed.
    fn run(&mut self, request: &Request, prepared: Self::Prepared) -> Result<Done>;
}

/// When it was done, and the payloads that were handed out.
pub(crate) struct Done {
    pub(crate) ended: f64,
    pub(crate) payloads: Vec<Vec<u8>>,
}

impl Done {
    /// Just now.
    pub(crate) fn now(payloads: Vec<Vec<u8>>) -> Self {
        Self { ended: clock(), payloads }
    }
}

pub(crate) fn serve(contender: &mut impl Contend) -> Result<()> {
    say(&Ready { version: String::from(env!("CARGO_PKG_VERSION")) })?;
    let mut lines = stdin().lines();
    while let Some(line) = lines.next() {
        let answer = one(contender, &line?, &mut lines);
        match answer {
            Ok(answer) => say(&answer)?,
            Err(error) => {
                say(&serde_json::json!({ "error": format!("{error:#}") }))?;
                return Err(error);
            }
        }
    }
    Ok(())
}

fn one(contender: &mut impl Contend, line: &str, lines: &mut Lines<StdinLock<'static>>) -> Result<Answer> {
    let request: Request = serde_json::from_str(line)?;
    let prepared = contender.prepare(&request)?;
    say(&serde_json::json!({ "prepared": true }))?;
    lines.next().context("nobody said when to go")??;
    let begun = clock();
    let Done { ended, payloads } = contender.run(&request, prepared)?;
    let numbers = payloads.iter().map(|payload| number_of(payload, request.payload));
    let got: Vec<usize> = numbers.filter_map(Result::ok).collect();
    Ok(Answer { begun, ended, garbled: payloads.len() - got.len(), got })
}

fn say(what: &impl Serialize) -> Result<()> {
    let mut output = stdout().lock();
    serde_json::to_writer(&mut output, what)?;
    writeln!(output)?;
    Ok(output.flush()?)
}
