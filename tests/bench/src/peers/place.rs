//! Where a contender works, and with what command; what it needs is installed and started when it is first asked for.

use crate::peers::catalogue::{Contender, Needs, Runs, Section};
use crate::peers::install;
use crate::peers::server::Server;
use crate::peers::setting::Setting;
use anyhow::{Result, anyhow};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The adapters.
const ADAPTERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

pub(crate) struct Places {
    /// Where peers are installed.
    kept: PathBuf,
    /// The one PostgreSQL of the run, or why there is none.
    postgres: Option<Result<Server, String>>,
    /// Programs that were installed, or why not: nothing is tried twice.
    installed: BTreeMap<&'static str, Result<PathBuf, String>>,
    /// How many have worked at the one PostgreSQL.
    schemas: usize,
}

impl Places {
    pub(crate) fn new(kept: &Path) -> Result<Self> {
        fs::create_dir_all(kept)?;
        let kept = kept.canonicalize()?;
        Ok(Self { kept, postgres: None, installed: BTreeMap::new(), schemas: 0 })
    }

    /// What the contender is told of where to work, and the server that it has for itself.
    pub(crate) fn open(
        &mut self,
        contender: &Contender,
        setting: &Setting,
        folder: &Path,
    ) -> Result<(String, Option<Server>)> {
        // Who cannot be had needs no server.
        self.program(contender)?;
        let own = folder.join(contender.name);
        fs::create_dir(&own)?;
        match contender.needs {
            Needs::Folder => Ok((own.display().to_string(), None)),
            Needs::Beanstalkd => {
                let program = self.once("beanstalkd", install::beanstalkd)?;
                let server = Server::beanstalkd(&program, &own, setting.is_synced)?;
                Ok((server.socket().display().to_string(), Some(server)))
            }
            Needs::Postgres => {
                let programs = self.once("postgres", install::postgres)?;
                let disk = folder.parent().unwrap_or(folder);
                let start = || Server::postgres(&programs, disk).map_err(|error| format!("{error:#}"));
                let server = self.postgres.get_or_insert_with(start).as_ref().map_err(|why| anyhow!("{why}"))?;
                self.schemas += 1;
                Ok((format!("{}#bench_{}", server.sockets.path().display(), self.schemas), None))
            }
        }
    }

    /// The command that runs it, but for the place and the durability.
    pub(crate) fn command(&mut self, contender: &Contender, section: Section) -> Result<Command> {
        let program = self.program(contender)?;
        let adapters = Path::new(ADAPTERS);
        Ok(match contender.runs {
            Runs::Here => {
                let mut command = Command::new(program);
                command.args(["contend", section.name(), contender.name]);
                command
            }
            Runs::Python { script, .. } => {
                let mut command = Command::new(program);
                // Nothing is written beside the scripts.
                command.arg("-B").arg(adapters.join("python").join(script));
                command
            }
            Runs::Node { script } => {
                let mut command = Command::new("node");
                command.arg(adapters.join("node").join(script)).current_dir(program);
                command
            }
        })
    }

    /// The program, or for Node the folder that it runs in.
    fn program(&mut self, contender: &Contender) -> Result<PathBuf> {
        match contender.runs {
            Runs::Here => Ok(std::env::current_exe()?),
            Runs::Python { package, .. } => self.once(package, |kept| install::python(kept, package)),
            Runs::Node { .. } => {
                self.once("node", |kept| install::node(kept, &Path::new(ADAPTERS).join("node/package.json")))
            }
        }
    }

    fn once(&mut self, name: &'static str, install: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<PathBuf> {
        let tried = self.installed.entry(name);
        let tried = tried.or_insert_with(|| install(&self.kept).map_err(|error| format!("{error:#}")));
        tried.clone().map_err(|why| anyhow!("{why}"))
    }
}
