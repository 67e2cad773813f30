//! `wasi:filesystem/preopens`: what was granted, by name.

use super::table::Open;
use super::{Descriptor, Wasi};
use crate::bindings::wasi::filesystem::preopens;
use leasehold_core::capability::Directory;
use wasmtime::component::Resource;

impl<D: Directory> preopens::Host for Wasi<D> {
    /// A table that is full grants nothing more, so a directory is then missing, and said to be.
    fn get_directories(&mut self) -> Vec<(Resource<Descriptor>, String)> {
        let Self { granted, open, .. } = self;
        let descriptors = granted.iter().map_while(|(name, directory)| {
            let number = open.insert(Open::Directory(directory.clone())).ok()?;
            Some((Resource::new_own(number), name.clone()))
        });
        descriptors.collect()
    }
}
