//! From the core module to the component, its interface as text, and its machine code.

use crate::config::config;
use anyhow::{Context, anyhow};
use wasmtime::Engine;
use wit_component::{ComponentEncoder, WitPrinter};

/// Makes the component of the core module.
pub(crate) fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context("the core module does not fit the world in wit/")
}

/// The component's interface as WIT: what it imports and what it exports, with all that these refer to.
pub(crate) fn interface(component: &[u8]) -> anyhow::Result<String> {
    let decoded = wit_component::decode(component)?;
    let resolve = decoded.resolve();
    let main = decoded.package();
    let text = |package, is_main| {
        let mut printer = WitPrinter::default();
        printer.print_package(resolve, package, is_main)?;
        anyhow::Ok(printer.output.to_string())
    };
    let mut texts = vec![text(main, true)?];
    for (package, _) in resolve.packages.iter().filter(|(id, _)| *id != main) {
        texts.push(text(package, false)?);
    }
    Ok(texts.join("\n"))
}

/// Compiles the component for `target`. Naming the target keeps to its baseline: no feature of the CPU that
/// this build happens to run on is taken for granted.
pub(crate) fn compile(component: &[u8], target: &str) -> anyhow::Result<Vec<u8>> {
    let mut config = config();
    let compiled = config
        .target(target)
        .and_then(|config| Engine::new(config))
        .and_then(|engine| engine.precompile_component(component));
    compiled.map_err(|error| anyhow!("the component could not be compiled for {target}: {error:?}"))
}
