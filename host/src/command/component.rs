//! `leasehold component`

use super::failure::Failure;
use super::output::Output;
use clap::Args;
use std::io::IsTerminal;

/// Writes the embedded component to standard output, for other hosts
///
/// It is the file that this command itself runs: any runtime of WASI 0.2 can load it. It finds its directories
/// by name, as preopened directories: .aristo, claims, checkpoint, tasks and holders.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold component >leasehold.wasm\n  \
    leasehold component --wit >leasehold.wit")]
pub(crate) struct ComponentCommand {
    /// Prints its interface as WIT instead, imports included
    #[arg(long)]
    wit: bool,
}

impl ComponentCommand {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut output = Output::new(false);
        if self.wit {
            output.bytes(leasehold::component_wit().as_bytes())?;
            return output.finish();
        }
        if std::io::stdout().is_terminal() {
            return Err(Failure::usage(
                "a component is no text for a terminal: redirect it into a file, as in `leasehold component >leasehold.wasm`",
            ));
        }
        output.bytes(leasehold::component_bytes())?;
        output.finish()
    }
}
