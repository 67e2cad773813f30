//! `leasehold queue push`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::IdJson;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::Output;
use crate::command::payload::{is_standard_input, lines, read_batch, read_payload};
use crate::command::stores::{self, QUEUES};
use clap::{Args, ValueEnum};
use leasehold::{NewTask, OnDuplicate};
use leasehold_core::limits::{ATTEMPTS_MAX, BATCH_BYTES_MAX, PRIORITY_MAX};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pushes tasks and prints their ids, one a line
///
/// Each FILE is the payload of one task, up to 16 MiB. All tasks of one command are one batch, of at most 65,536
/// tasks and 64 MiB: published all or nothing, or, where they have ids, completed by pushing them again with
/// --on-duplicate keep. A task that comes from a FILE has its path as the attribute `file`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    printf 'first\\nsecond\\n' | leasehold queue push mail --lines --max-attempts 3\n  \
    leasehold queue push thumbs --id cat.jpg --on-duplicate keep cat.jpg")]
pub(crate) struct Push {
    /// The queue; the first push makes it
    queue: String,

    /// Files whose content is pushed; none, or `-`, is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Makes each line, without its end, a task
    #[arg(long)]
    lines: bool,

    /// The task's own name, unique while it is pending or claimed; repeated, one for each task in order
    #[arg(long, value_name = "ID")]
    id: Vec<String>,

    /// 0 (first) to 9 (last) [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=i64::from(PRIORITY_MAX)))]
    priority: Option<u8>,

    /// How long to wait before the tasks can be claimed
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = parse_duration)]
    delay: Duration,

    /// How often a task may be attempted before it is dead [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(ATTEMPTS_MAX)))]
    max_attempts: Option<u32>,

    /// What to do with a task whose id is pending or claimed already
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    on_duplicate: OnDuplicateArgument,

    /// A short text that travels with each task; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_attribute)]
    attribute: Vec<(String, String)>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnDuplicateArgument {
    /// Push nothing, and exit with 1
    Refuse,
    /// Leave the one that is there
    Keep,
    /// Take its place while it is pending; exit with 1 while it is claimed
    Replace,
}

fn parse_attribute(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

/// What one FILE brings: its content, and the attributes of each task made of it.
struct Source {
    content: Vec<u8>,
    attributes: Vec<(String, String)>,
}

impl Push {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let sources = self.read_sources()?;
        let mut tasks: Vec<NewTask<'_>> = Vec::new();
        for source in &sources {
            if self.lines {
                tasks.extend(lines(&source.content).map(|line| self.task(line, source)));
            } else {
                tasks.push(self.task(&source.content, source));
            }
        }
        if !self.id.is_empty() && self.id.len() != tasks.len() {
            return Err(Failure::usage(format!(
                "--id is given {} times for {} tasks: give one for each task, or none",
                self.id.len(),
                tasks.len()
            )));
        }
        for (task, id) in tasks.iter_mut().zip(&self.id) {
            task.id = Some(id);
        }

        let mut names = vec![self.queue.as_str()];
        names.extend(self.id.iter().map(String::as_str));
        let mut session = stores::open(globals, QUEUES, &names)?;
        let mut queue = session.queue(&self.queue)?;
        let mut output = Output::new(globals.json);
        if tasks.is_empty() {
            return Ok(());
        }
        let on_duplicate = match self.on_duplicate {
            OnDuplicateArgument::Refuse => OnDuplicate::Refuse,
            OnDuplicateArgument::Keep => OnDuplicate::Keep,
            OnDuplicateArgument::Replace => OnDuplicate::Replace,
        };
        for id in queue.push(&tasks, on_duplicate, self.durability.durability())? {
            output.answer(&id, &IdJson { id: &id })?;
        }
        output.finish()
    }

    fn read_sources(&self) -> Result<Vec<Source>, Failure> {
        if self.files.is_empty() {
            return Ok(vec![self.read_source(Path::new("-"))?]);
        }
        if self.files.iter().filter(|file| is_standard_input(file)).count() > 1 {
            return Err(Failure::usage("standard input can be read only once: give `-` once"));
        }
        let mut sources = Vec::new();
        let mut total = 0;
        for file in &self.files {
            let source = self.read_source(file)?;
            total += source.content.len();
            // The store says so too, but only when all of it is in memory.
            if !self.lines && total > BATCH_BYTES_MAX {
                let error = leasehold_core::Error::TooLarge(format!(
                    "the files up to {} are more than {BATCH_BYTES_MAX} bytes together: push them in several commands",
                    file.display()
                ));
                return Err(leasehold::Error::from(error).into());
            }
            sources.push(source);
        }
        Ok(sources)
    }

    fn read_source(&self, file: &Path) -> Result<Source, Failure> {
        let content = if self.lines { read_batch(file) } else { read_payload(file) }?;
        let mut attributes = self.attribute.clone();
        // A name that is not UTF-8 cannot be an attribute.
        if let Some(name) = file.to_str()
            && !is_standard_input(file)
            && !attributes.iter().any(|(key, _)| key == "file")
        {
            attributes.push(("file".into(), name.into()));
        }
        Ok(Source { content, attributes })
    }

    fn task<'a>(&self, payload: &'a [u8], source: &'a Source) -> NewTask<'a> {
        NewTask {
            id: None,
            payload,
            priority: self.priority,
            delay_ms: milliseconds(self.delay),
            max_attempts: self.max_attempts,
            attributes: &source.attributes,
        }
    }
}
