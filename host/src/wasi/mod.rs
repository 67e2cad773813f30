//! WASI for the component, served from the core's own capabilities.
//!
//! `wasi:filesystem` comes from any [`Directory`], `wasi:clocks` and `wasi:random` from an [`Environment`], each by
//! plain functions that answer at once; only who has waited for the disk and lost a swap is answered a little later, see
//! `turns.rs`. So the component that ships runs over the directories of this machine, over a simulated one, and over
//! whatever else implements the trait. What it imports and nothing serves it, such as a stream, can not be made, and so
//! never be used.

mod clocks;
mod descriptor;
mod errors;
mod listing;
mod paths;
mod preopens;
mod random;
mod stat;
mod table;
mod turns;

use crate::bindings::wasi::filesystem;
use crate::bindings::wasi::io::{error, poll, streams};
use crate::bindings::wasi::{clocks as clock_interfaces, random as random_interfaces};
use leasehold_core::capability::{Directory, Environment};
use table::Table;
use turns::Turns;
use wasmtime::component::{HasSelf, Linker, ResourceType};

/// Stands for an open file or directory of the component.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Descriptor;

/// Stands for a listing that the component is reading.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Listing;

/// What one instance was granted, and what it has open.
pub(crate) struct Wasi<D: Directory> {
    granted: Vec<(String, D)>,
    environment: Environment,
    open: Table<D>,
    /// Where files are read into; kept, so that a read costs no zeroing.
    buffer: Vec<u8>,
    turns: Turns,
}

impl<D: Directory> Wasi<D> {
    /// `descriptors_max` is how many files, directories and listings may be open at a time.
    pub(crate) fn new(granted: Vec<(String, D)>, environment: Environment, descriptors_max: usize) -> Self {
        Self { granted, environment, open: Table::new(descriptors_max), buffer: Vec::new(), turns: Turns::default() }
    }
}

/// Serves all that the component imports, from the part of the store's data that `wasi` finds.
pub(crate) fn add_to_linker<T: 'static, D: Directory + 'static>(
    linker: &mut Linker<T>,
    wasi: fn(&mut T) -> &mut Wasi<D>,
) -> wasmtime::Result<()> {
    filesystem::types::add_to_linker::<T, HasSelf<Wasi<D>>>(linker, wasi)?;
    filesystem::preopens::add_to_linker::<T, HasSelf<Wasi<D>>>(linker, wasi)?;
    clock_interfaces::wall_clock::add_to_linker::<T, HasSelf<Wasi<D>>>(linker, wasi)?;
    clock_interfaces::monotonic_clock::add_to_linker::<T, HasSelf<Wasi<D>>>(linker, wasi)?;
    random_interfaces::random::add_to_linker::<T, HasSelf<Wasi<D>>>(linker, wasi)?;

    // The types that the interfaces above mention. There are no values of them.
    let mut io = linker.instance("wasi:io/error@0.2.12")?;
    io.resource("error", ResourceType::host::<error::Error>(), |_, _| Ok(()))?;
    let mut io = linker.instance("wasi:io/poll@0.2.12")?;
    io.resource("pollable", ResourceType::host::<poll::Pollable>(), |_, _| Ok(()))?;
    let mut io = linker.instance("wasi:io/streams@0.2.12")?;
    io.resource("input-stream", ResourceType::host::<streams::InputStream>(), |_, _| Ok(()))?;
    io.resource("output-stream", ResourceType::host::<streams::OutputStream>(), |_, _| Ok(()))?;
    Ok(())
}
