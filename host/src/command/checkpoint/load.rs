//! `leasehold checkpoint load`

use super::json::LoadedJson;
use super::no_run;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;

/// Prints the content of a run, exactly as it was saved, whoever holds it
///
/// With --json: {"run", "save", "at", "size", "content"}. Content that is JSON stands there as such, any other text as
/// a string; what is not UTF-8 stands under "content_base64" instead. Exits with 1 where there is no such run or save,
/// or the run is done; with 4 when the content is not what was saved.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint load import >state.json")]
pub(crate) struct Load {
    /// The run
    run: String,

    /// One of the saves that its history keeps, in place of the last
    #[arg(long, value_name = "ID")]
    save: Option<String>,
}

impl Load {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let loaded = stores::open(globals, CHECKPOINTS, &[&self.run])?
            .checkpoint_load(&self.run, self.save.as_deref())?
            .ok_or_else(|| no_run(&self.run))?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&LoadedJson::new(&self.run, &loaded))?;
        } else {
            output.bytes(&loaded.content)?;
        }
        output.finish()
    }
}
