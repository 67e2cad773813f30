//! The flags that every command takes, before or after its name.

use super::failure::Failure;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use leasehold::{Grants, Store};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Where the stores are when neither `--root` nor `LEASEHOLD_ROOT` says so.
const ROOT_DEFAULT: &str = ".leasehold";
/// The environment variable that names the root.
pub(crate) const ROOT_VARIABLE: &str = "LEASEHOLD_ROOT";

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The directory that holds the stores: .aristo (queues), holders, claims, checkpoint, tasks, jobs
    ///
    /// Made where it is missing. [default: $LEASEHOLD_ROOT, or .leasehold]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// Puts one store elsewhere; may be repeated
    ///
    /// NAME is one of .aristo, claims, checkpoint, tasks, jobs, holders.
    #[arg(long, value_name = "NAME=PATH", value_parser = StorePlaceParser)]
    pub(crate) dir: Vec<StorePlace>,

    /// Answers in JSON on standard output, and puts errors as JSON on standard error
    #[arg(long)]
    pub(crate) json: bool,

    /// Runs the same logic without WebAssembly
    #[arg(long)]
    pub(crate) native: bool,
}

/// A store and the directory it is put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorePlace {
    store: Store,
    path: PathBuf,
}

impl Globals {
    /// Adds the flags to a command and to every command beneath it. Clap's own global arguments would forget
    /// a `--dir` that stands before the command's name when another one stands after it.
    pub(crate) fn augment(command: Command) -> Command {
        Self::augment_args(command).mut_subcommands(Self::augment)
    }

    /// Collects what was given at any level; the innermost `--root` counts.
    pub(crate) fn collect(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let outer = Self::from_arg_matches(matches)?;
        let Some((_, inner)) = matches.subcommand() else {
            return Ok(outer);
        };
        let inner = Self::collect(inner)?;
        let mut dir = outer.dir;
        dir.extend(inner.dir);
        Ok(Self {
            root: inner.root.or(outer.root),
            dir,
            json: outer.json || inner.json,
            native: outer.native || inner.native,
        })
    }

    /// The root, as an absolute path where the current directory is known.
    pub(crate) fn root(&self) -> PathBuf {
        let root = self
            .root
            .clone()
            .or_else(|| std::env::var_os(ROOT_VARIABLE).filter(|root| !root.is_empty()).map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from(ROOT_DEFAULT));
        std::path::absolute(&root).unwrap_or(root)
    }

    /// What names the same places to another process of this program, wherever that runs.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![OsString::from("--root"), self.root().into_os_string()];
        for place in &self.dir {
            let path = std::path::absolute(&place.path).unwrap_or_else(|_| place.path.clone());
            let mut argument = OsString::from(format!("{}=", place.store.directory_name()));
            argument.push(path);
            arguments.extend([OsString::from("--dir"), argument]);
        }
        arguments.extend(self.native.then(|| OsString::from("--native")));
        arguments
    }

    /// Grants of `stores` and nothing else.
    pub(crate) fn grants(&self, stores: &[Store]) -> Result<Grants, Failure> {
        if self.root.as_ref().is_some_and(|root| root.as_os_str().is_empty()) {
            return Err(Failure::Usage("--root is empty: name a directory".into()));
        }
        let root = self.root();
        let mut grants = Grants::new();
        for &store in stores {
            // The last one said counts, as everywhere on a command line.
            let place = self.dir.iter().rev().find(|place| place.store == store);
            let path = match place {
                Some(place) => place.path.clone(),
                None => root.join(store.directory_name()),
            };
            grants = grants.grant(store, path);
        }
        Ok(grants)
    }
}

/// Tells whether errors are to be JSON before the command line is understood.
pub(crate) fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// Reads `NAME=PATH`; the path need not be UTF-8.
#[derive(Clone)]
struct StorePlaceParser;

impl clap::builder::TypedValueParser for StorePlaceParser {
    type Value = StorePlace;

    fn parse_ref(
        &self,
        command: &Command,
        _argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<StorePlace, clap::Error> {
        parse_store_place(value)
            .map_err(|problem| command.clone().error(clap::error::ErrorKind::ValueValidation, problem))
    }
}

fn parse_store_place(value: &OsStr) -> Result<StorePlace, String> {
    let names = Store::ALL.map(Store::directory_name).join(", ");
    let shown = value.to_string_lossy();
    let bytes = value.as_encoded_bytes();
    let Some(equals) = bytes.iter().position(|&byte| byte == b'=') else {
        return Err(format!("--dir {shown}: write NAME=PATH, where NAME is one of {names}"));
    };
    let store = Store::ALL
        .into_iter()
        .find(|store| store.directory_name().as_bytes() == &bytes[..equals])
        .ok_or_else(|| format!("--dir {shown}: there is no such store; NAME is one of {names}"))?;
    let path = path_after(value, equals + 1);
    if path.as_os_str().is_empty() {
        return Err(format!("--dir {shown}: the path is empty"));
    }
    Ok(StorePlace { store, path })
}

#[cfg(unix)]
fn path_after(value: &OsStr, start: usize) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(&value.as_bytes()[start..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::path::Path;

    fn globals(arguments: &[&str]) -> Globals {
        let command = Globals::augment(
            Command::new("leasehold").subcommand(Command::new("queue").subcommand(Command::new("ls"))),
        );
        let matches = command.try_get_matches_from(arguments).unwrap();
        Globals::collect(&matches).unwrap()
    }

    #[test]
    fn flags_count_wherever_they_stand() {
        let globals = globals(&[
            "leasehold",
            "--dir",
            "holders=/h",
            "--root",
            "/a",
            "queue",
            "--native",
            "ls",
            "--dir",
            ".aristo=/q",
            "--root",
            "/b",
            "--json",
        ]);
        assert!(globals.native && globals.json);
        let grants = globals.grants(&[Store::Queues, Store::Holders, Store::Jobs]).unwrap();
        assert_eq!(grants.path(Store::Queues), Some(Path::new("/q")));
        assert_eq!(grants.path(Store::Holders), Some(Path::new("/h")));
        assert_eq!(grants.path(Store::Jobs), Some(Path::new("/b/jobs")));
        assert_eq!(grants.path(Store::Tasks), None);
    }

    #[test]
    fn another_process_is_told_the_same_places() {
        let told = globals(&[
            "leasehold",
            "--native",
            "--dir",
            "jobs=/j",
            "--root",
            "/a",
            "--dir",
            "holders=h",
            "queue",
            "ls",
        ]);
        let here = std::path::absolute("h").unwrap();
        let mut arguments = vec![OsString::from("leasehold"), "queue".into(), "ls".into()];
        arguments.extend(told.arguments());
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_str().unwrap()).collect();
        let again = globals(&arguments);
        assert!(again.native && !again.json);
        let grants = again.grants(&[Store::Jobs, Store::Holders, Store::Tasks]).unwrap();
        assert_eq!(grants.path(Store::Jobs), Some(Path::new("/j")));
        assert_eq!(grants.path(Store::Holders), Some(here.as_path()));
        assert_eq!(grants.path(Store::Tasks), Some(Path::new("/a/tasks")));
    }

    #[test]
    fn a_store_that_does_not_exist_is_refused() {
        for wrong in ["queues=/q", "holders", "=x", "holders="] {
            assert!(parse_store_place(OsStr::new(wrong)).is_err(), "{wrong}");
        }
        let place = parse_store_place(OsStr::new("holders=/a=b")).unwrap();
        assert_eq!(place.path, Path::new("/a=b"));
    }

    #[test]
    fn json_after_the_double_dash_belongs_to_the_command() {
        let arguments = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(asks_for_json(&arguments(&["leasehold", "queue", "--json"])));
        assert!(!asks_for_json(&arguments(&["leasehold", "work", "q", "--", "x", "--json"])));
    }
}
