//! Builds the component from source and compiles it ahead of time, so that the command neither carries nor
//! pays for a compiler. In `OUT_DIR` are then:
//!
//! - `leasehold.component.wasm`, the component, for any WASI 0.2 host
//! - `leasehold.wit`, its interface, read from the component itself
//! - `leasehold.cwasm`, the component compiled for the baseline CPU of the target

#[path = "build/component.rs"]
mod component;
#[path = "src/engine/config.rs"]
mod config;
#[path = "build/guest.rs"]
mod guest;
#[path = "build/toolchain.rs"]
mod toolchain;

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> anyhow::Result<()> {
    let workspace = workspace()?;
    for source in guest::SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    println!("cargo::rerun-if-env-changed={}", toolchain::CHOICE);

    let out = PathBuf::from(variable("OUT_DIR")?);
    let module = guest::build(&workspace, &target_dir(&out)?)?;
    let component = component::encode(&module)?;
    fs::write(out.join("leasehold.component.wasm"), &component)?;
    fs::write(out.join("leasehold.wit"), component::interface(&component)?)?;
    let compiled = component::compile(&component, &variable("TARGET")?)?;
    fs::write(out.join("leasehold.cwasm"), compiled)?;
    Ok(())
}

fn variable(name: &str) -> anyhow::Result<String> {
    env::var(name).with_context(|| format!("cargo sets {name} for build scripts"))
}

fn workspace() -> anyhow::Result<PathBuf> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = package.parent().context("this package stands in the workspace")?;
    Ok(workspace.to_path_buf())
}

/// The target folder of the build that this is part of, wherever it was put: `OUT_DIR` is
/// `TARGET_DIR/[TRIPLE/]PROFILE/build/PACKAGE/out`.
fn target_dir(out: &Path) -> anyhow::Result<PathBuf> {
    let folder = out.ancestors().nth(4).context("OUT_DIR lies in cargo's target folder")?;
    let triple = variable("TARGET")?;
    let target = match folder.parent() {
        Some(parent) if folder.ends_with(triple) => parent,
        _ => folder,
    };
    Ok(target.to_path_buf())
}
