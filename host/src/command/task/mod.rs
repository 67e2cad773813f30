//! `leasehold task …`

mod batch;
mod claim;
mod ensure;
mod finish;
mod history;
mod json;
mod list;
mod lists;
mod new;
mod reap;
mod remove;
mod show;
mod status;
mod tree;
mod update;
mod watch;
mod whose;
mod why;

use super::failure::Failure;
use super::globals::Globals;
use super::output::Output;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    New(new::New),
    Batch(batch::Batch),
    Ensure(ensure::Ensure),
    Show(show::Show),
    Ls(list::List),
    Update(update::UpdateCommand),
    Claim(claim::ClaimCommand),
    Release(finish::Release),
    Done(finish::Done),
    Abandon(finish::Abandon),
    Rm(remove::Remove),
    Reset(remove::Reset),
    RemoveList(remove::RemoveList),
    History(history::HistoryCommand),
    Watch(watch::Watch),
    Why(why::Why),
    Lists(lists::Lists),
    Reap(reap::Reap),
}

impl TaskCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            Self::New(command) => command.run(globals),
            Self::Batch(command) => command.run(globals),
            Self::Ensure(command) => command.run(globals),
            Self::Show(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
            Self::Update(command) => command.run(globals),
            Self::Claim(command) => command.run(globals),
            Self::Release(command) => command.run(globals),
            Self::Done(command) => command.run(globals),
            Self::Abandon(command) => command.run(globals),
            Self::Rm(command) => command.run(globals),
            Self::Reset(command) => command.run(globals),
            Self::RemoveList(command) => command.run(globals),
            Self::History(command) => command.run(globals),
            Self::Watch(command) => command.run(globals),
            Self::Why(command) => command.run(globals),
            Self::Lists(command) => command.run(globals),
            Self::Reap(command) => command.run(globals),
        }
    }
}

/// Prints the ids of new tasks. A reader that is gone is a failure here: nobody has seen which tasks were made.
fn tell_made(globals: &Globals, ids: &[u64]) -> Result<(), Failure> {
    let mut output = Output::new(globals.json);
    let told = ids.iter().try_for_each(|id| output.answer(id, &serde_json::json!({ "id": id })));
    match told.and_then(|()| output.finish()) {
        Err(Failure::Closed) => {
            let made = match ids {
                [first, .., last] => format!("tasks {first} to {last} were made, standard output"),
                [id] => format!("task {id} was made, standard output"),
                [] => "standard output".to_owned(),
            };
            Err(Failure::io(made, std::io::ErrorKind::BrokenPipe.into()))
        }
        told => told,
    }
}

/// The answer where there is no such task.
fn no_task(list: &str, id: u64) -> Failure {
    Failure::Nothing(format!("there is no task {id} in list {list:?}"))
}

/// A text of anybody's on one line, without what a terminal would obey.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Ids as a column; `-` where there are none.
fn ids_or_dash(ids: &[u64]) -> String {
    if ids.is_empty() {
        return "-".into();
    }
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}
