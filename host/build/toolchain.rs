//! Which Rust compiles for WebAssembly: `build/wasm-toolchain` finds out, or fetches one.

use anyhow::{Context, ensure};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The environment variable that forces one of the script's ways.
pub(crate) const CHOICE: &str = "LEASEHOLD_WASM_TOOLCHAIN";

/// The script, in the workspace.
pub(crate) const SCRIPT: &str = "build/wasm-toolchain";

/// What cargo is to be given, beyond the target.
#[derive(Default)]
pub(crate) struct Toolchain {
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Words of its command line.
    pub(crate) arguments: Vec<String>,
}

/// Runs the script and reads its answer.
pub(crate) fn find(workspace: &Path, target_dir: &Path) -> anyhow::Result<Toolchain> {
    let script = Command::new("sh")
        .arg(workspace.join(SCRIPT))
        .arg(target_dir)
        .output()
        .with_context(|| format!("{SCRIPT} could not be run by sh"))?;
    let said = String::from_utf8_lossy(&script.stderr);
    ensure!(script.status.success(), "{SCRIPT} found no way:\n{said}");

    let answer = target_dir.join("wasm-toolchain.env");
    let text = fs::read_to_string(&answer).with_context(|| answer.display().to_string())?;
    text.lines().try_fold(Toolchain::default(), with_line)
}

fn with_line(mut toolchain: Toolchain, line: &str) -> anyhow::Result<Toolchain> {
    let (name, value) = line.split_once('=').with_context(|| format!("no NAME=VALUE: {line}"))?;
    if name == "CARGO_ARGUMENTS" {
        toolchain.arguments.extend(value.split_whitespace().map(str::to_owned));
    } else {
        toolchain.environment.push((name.to_owned(), value.to_owned()));
    }
    Ok(toolchain)
}
