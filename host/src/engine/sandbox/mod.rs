//! The component as a session's backend.

mod calls;
mod checkpoint_calls;
mod job_calls;
mod lease_calls;
mod task_calls;

use super::Engine;
use super::exports::Exports;
use super::instance::{Data, Instance, Loaded};
use crate::bindings::exports::leasehold::store::types::Error as ContractError;
use crate::session::backend::{HolderSlot, QueueSlot, closed_holder, closed_queue};
use crate::session::open_queues::OpenQueues;
use crate::{Error, Result};
use leasehold_core::capability::{Directory, Environment};
use leasehold_core::{Durability, Error as StoreError};
use std::collections::HashMap;
use wasmtime::Store;
use wasmtime::component::ResourceAny;

/// One instance at a time, and what it takes to make the next one.
pub(super) struct Sandbox<D: Directory + 'static> {
    engine: Engine,
    loaded: Loaded<D>,
    directories: Vec<(String, D)>,
    environment: Environment,
    /// None after a trap, until the next call.
    instance: Option<Box<Instance<D>>>,
    /// Grows with each trap: a handle of an earlier instance means nothing to a later one.
    generation: u64,
    holders: HashMap<HolderSlot, OpenHolder>,
    queues: OpenQueues<OpenQueue>,
}

#[derive(Clone, Copy)]
struct Handle {
    resource: ResourceAny,
    generation: u64,
}

struct OpenHolder {
    name: String,
    epoch: u64,
    handle: Handle,
}

struct OpenQueue {
    name: String,
    handle: Handle,
}

/// What a call of the contract answers, if the instance does not trap.
type Answer<T> = std::result::Result<T, ContractError>;

impl<D: Directory + 'static> Sandbox<D> {
    pub(super) fn new(
        engine: Engine,
        loaded: Loaded<D>,
        directories: Vec<(String, D)>,
        environment: Environment,
    ) -> Result<Self> {
        let mut sandbox = Self {
            engine,
            loaded,
            directories,
            environment,
            instance: None,
            generation: 0,
            holders: HashMap::new(),
            queues: OpenQueues::default(),
        };
        sandbox.instance = Some(sandbox.fresh_instance()?);
        Ok(sandbox)
    }

    fn fresh_instance(&self) -> Result<Box<Instance<D>>> {
        let directories = self.directories.clone();
        Instance::new(&self.engine, &self.loaded, directories, self.environment.clone()).map(Box::new)
    }

    /// Runs `act` on the instance, on a fresh one if the last one trapped. If this one does, it is dropped.
    fn run<T>(&mut self, act: impl FnOnce(&Exports, &mut Store<Data<D>>) -> wasmtime::Result<T>) -> Result<T> {
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.fresh_instance()?,
        };
        let outcome = instance.call(&self.engine, act);
        if matches!(outcome, Err(Error::Trapped(_))) {
            self.generation += 1;
        } else {
            self.instance = Some(instance);
        }
        outcome
    }

    /// The same, for what answers as the contract does.
    fn call<T>(&mut self, act: impl FnOnce(&Exports, &mut Store<Data<D>>) -> wasmtime::Result<Answer<T>>) -> Result<T> {
        self.run(act)?.map_err(|error| Error::Store(error.into()))
    }

    fn handle(&self, resource: ResourceAny) -> Handle {
        Handle { resource, generation: self.generation }
    }

    /// Lets go of a handle, unless its instance is gone anyway.
    fn close(&mut self, handle: Handle) -> Result<()> {
        if handle.generation != self.generation {
            return Ok(());
        }
        self.run(|_, store| handle.resource.resource_drop(store))
    }

    fn attach(&mut self, name: &str, durability: Durability) -> Result<ResourceAny> {
        self.call(|exports, store| exports.holders(store)?.holder().call_attach(store, name, durability.into()))
    }

    fn epoch(&mut self, holder: ResourceAny) -> Result<u64> {
        self.run(|exports, store| exports.holders(store)?.holder().call_epoch(store, holder))
    }

    /// The holder in this instance; joined again if that is a fresh one, as long as the same epoch lives.
    fn holder(&mut self, slot: HolderSlot) -> Result<ResourceAny> {
        let open = self.holders.get(&slot).ok_or_else(closed_holder)?;
        if open.handle.generation == self.generation {
            return Ok(open.handle.resource);
        }
        let (name, epoch) = (open.name.clone(), open.epoch);
        let resource = match self.attach(&name, Durability::Unsynced) {
            Err(Error::Store(StoreError::NotFound(_))) => return Err(lost_meanwhile(&name, epoch)),
            other => other?,
        };
        let handle = self.handle(resource);
        if self.epoch(resource)? != epoch {
            self.close(handle)?;
            return Err(lost_meanwhile(&name, epoch));
        }
        if let Some(open) = self.holders.get_mut(&slot) {
            open.handle = handle;
        }
        Ok(resource)
    }

    fn open_queue(&mut self, name: &str) -> Result<Handle> {
        let resource = self.call(|exports, store| exports.queues(store)?.queue().call_open(store, name))?;
        Ok(self.handle(resource))
    }

    /// The queue in this instance; opened again if that is a fresh one.
    fn queue(&mut self, slot: QueueSlot) -> Result<ResourceAny> {
        let open = self.queues.get_mut(slot).ok_or_else(closed_queue)?;
        if open.handle.generation == self.generation {
            return Ok(open.handle.resource);
        }
        let name = open.name.clone();
        let handle = self.open_queue(&name)?;
        if let Some(open) = self.queues.get_mut(slot) {
            open.handle = handle;
        }
        Ok(handle.resource)
    }
}

fn lost_meanwhile(name: &str, epoch: u64) -> Error {
    let text = format!("epoch {epoch} of the holder '{name}' ended while a fresh instance was started; open it again");
    StoreError::Lost(text).into()
}
