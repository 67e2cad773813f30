//! What the machine is that was measured on.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::thread;

/// What a reader needs to compare.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// How many others wanted a core on average in the minute before: what was measured beside them is rougher.
    pub(crate) load_before: f64,
    /// The file system of the folder in memory.
    pub(crate) memory: String,
    /// The file system of the folder on the disk.
    pub(crate) disk: String,
}

pub(crate) fn facts(memory: &Path, disk: &Path) -> Result<Machine> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = rustix::system::uname();
    Ok(Machine {
        processor: processor.map_or_else(|| String::from("not known"), |(_, name)| name.to_owned()),
        cores: thread::available_parallelism()?.get(),
        memory_gib: rustix::system::sysinfo().totalram >> 30,
        kernel: format!("{} {}", kernel.sysname().to_string_lossy(), version(&kernel.release().to_string_lossy())),
        load_before: fs::read_to_string("/proc/loadavg").ok().and_then(first_number).unwrap_or(f64::NAN),
        memory: file_system(memory)?,
        disk: file_system(disk)?,
    })
}

fn first_number(text: String) -> Option<f64> {
    text.split(' ').next()?.parse().ok()
}

/// `6.18.44` of `6.18.44-something`.
fn version(release: &str) -> &str {
    release.split_once('-').map_or(release, |(version, _)| version)
}

/// The type of the file system that `folder` is on, from the longest mount point above it.
fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let longest = mounts.filter(|(_, point, _)| folder.starts_with(point)).max_by_key(|(_, point, _)| point.len());
    let Some((device, _, kind)) = longest else { return Ok(String::from("not known")) };
    Ok(if kind == "ext4" && has_no_journal(device) { format!("{kind} without a journal") } else { kind.to_owned() })
}

/// Only where the kernel says so: creating files there is another matter, see `docs/performance.md`.
fn has_no_journal(device: &str) -> bool {
    let name = device.rsplit('/').next().unwrap_or(device);
    let is_known = Path::new("/proc/fs/ext4").join(name).exists();
    let journals = fs::read_dir("/proc/fs/jbd2").into_iter().flatten().flatten();
    let own = format!("{name}-");
    is_known && !journals.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(&own))
}
