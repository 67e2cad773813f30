//! `leasehold doctor`

use super::failure::Failure;
use super::globals::Globals;
use super::json::FindingJson;
use super::moment::{milliseconds, parse_duration};
use super::output::Output;
use super::stores;
use clap::Args;
use leasehold::Finding;
use leasehold_core::limits::SWEEP_MS_MIN;
use std::time::Duration;

/// Names every entry of the stores that is not as it should be
///
/// Without --fix nothing is changed. With it, entries that a power cut left in two places are reconciled, the
/// debris of killed processes is removed, and what cannot be understood is moved into `quarantine`; nothing is
/// ever deleted because it could not be understood. Safe while others work. Each finding is one line:
/// `found`, `reconciled` or `quarantined`, the path, and the problem.
///
/// Exits with 4 when something is found that was not put right.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold doctor --fix")]
pub(crate) struct Doctor {
    /// Puts right what can be put right
    #[arg(long)]
    fix: bool,

    /// How old debris must be to be removed, at least a minute
    #[arg(long, value_name = "DUR", default_value = "1h", requires = "fix", value_parser = parse_duration)]
    older_than: Duration,
}

impl Doctor {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let older_than = milliseconds(self.older_than);
        if older_than < SWEEP_MS_MIN {
            return Err(Failure::usage(
                "--older-than: what is younger than a minute may still be in use, use at least 1m",
            ));
        }
        let mut session = stores::open_standing(globals)?;
        let mut output = Output::new(globals.json);
        let mut failed = None;
        if self.fix {
            // What stands in the way of the rest goes first.
            let mut findings = |action, found: leasehold::Result<Vec<Finding>>| match found {
                Ok(found) => tell(&mut output, action, &found),
                Err(error) => {
                    failed.get_or_insert(error);
                    Ok(())
                }
            };
            findings("quarantined", session.maintenance_quarantine())?;
            findings("reconciled", session.maintenance_reconcile())?;
            match session.maintenance_sweep(older_than) {
                Ok(swept) => output.answer(
                    format_args!("swept\t{swept}"),
                    &serde_json::json!({ "action": "swept", "count": swept }),
                )?,
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        let findings = session.maintenance_check()?;
        tell(&mut output, "found", &findings)?;
        output.finish()?;
        match findings.len() {
            0 => failed.map_or(Ok(()), |error| Err(error.into())),
            count if self.fix => Err(Failure::Damaged(format!(
                "{count} found that could not be put right: see the lines that begin with `found`"
            ))),
            count => Err(Failure::Damaged(format!("{count} found: `leasehold doctor --fix` puts right what can be"))),
        }
    }
}

fn tell(output: &mut Output, action: &'static str, findings: &[Finding]) -> Result<(), Failure> {
    for finding in findings {
        let row = format!("{action}\t{}\t{}", finding.path, finding.problem);
        output.answer(row, &FindingJson::new(action, finding))?;
    }
    Ok(())
}
