//! The component that the build script left, in three forms.

use crate::{Error, Result};
use wasmtime::Engine;
use wasmtime::component::Component;

const COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/leasehold.cwasm"));

/// The embedded component, for hosts of other kinds: a WASI 0.2 component in its binary form.
#[must_use]
pub fn component_bytes() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/leasehold.component.wasm"))
}

/// The interface of the embedded component as WIT, what it imports included; read from the component itself.
#[must_use]
pub fn component_wit() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/leasehold.wit"))
}

/// Loads the component as it was compiled at build.
pub(super) fn load(engine: &Engine) -> Result<Component> {
    // SAFETY: these bytes are machine code, and are trusted as such: this library's own build script compiled them,
    // and they stand in the executable. wasmtime refuses what another version or configuration of it compiled.
    let component = unsafe { Component::deserialize(engine, COMPILED) };
    component.map_err(|error| Error::Setup(format!("the embedded component can not be loaded: {error:#}")))
}
