//! The component's core module, built by a cargo of its own.

use crate::toolchain::{self, SCRIPT};
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What the module is made of, in the workspace.
pub(crate) const SOURCES: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.toml",
    "Cargo.lock",
    "core/Cargo.toml",
    "core/src",
    "guest/Cargo.toml",
    "guest/src",
    "wit",
    SCRIPT,
    "build/debian-rust",
];

const PROFILE: &str = "guest";
const TARGET: &str = "wasm32-unknown-unknown";

/// Set for the host's build, and wrong for another target or another compiler.
const NOT_INHERITED: &[&str] = &[
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "LD_LIBRARY_PATH",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
];

/// Builds the module and reads it. It has a target folder of its own, since the outer cargo holds the lock
/// of the other.
pub(crate) fn build(workspace: &Path, target_dir: &Path) -> anyhow::Result<Vec<u8>> {
    let toolchain = toolchain::find(workspace, target_dir)?;
    let target_dir = target_dir.join("guest");

    let mut cargo = Command::new(env::var_os("CARGO").context("cargo names itself in CARGO")?);
    cargo.current_dir(workspace);
    cargo.args(["build", "--package", "leasehold-guest", "--lib", "--locked"]);
    cargo.args(["--profile", PROFILE, "--target", TARGET]);
    cargo.arg("--target-dir").arg(&target_dir);
    cargo.args(toolchain.arguments);
    for name in NOT_INHERITED {
        cargo.env_remove(name);
    }
    cargo.envs(toolchain.environment);

    let built = cargo.output().context("cargo could not be run")?;
    let said = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "the component could not be built:\n{said}");

    let module = target_dir.join(TARGET).join(PROFILE).join("leasehold_guest.wasm");
    fs::read(&module).with_context(|| module.display().to_string())
}
