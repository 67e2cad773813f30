//! Between the contract's types as wasmtime makes them and the core's own, one file an interface.

pub(super) mod checkpoints;
pub(super) mod holders;
pub(super) mod jobs;
pub(super) mod leases;
pub(super) mod maintenance;
pub(super) mod queues;
pub(super) mod tasks;
pub(super) mod types;
