//! The component as a session's backend.

use super::Engine;
use super::convert::queues::{attributes, new_task};
use super::instance::{Data, Instance, Loaded};
use crate::bindings::Leasehold;
use crate::bindings::exports::leasehold::store::types::Error as ContractError;
use crate::session::backend::{Backend, HolderSlot, Joining, QueueSlot, closed_holder, closed_queue};
use crate::session::open_queues::OpenQueues;
use crate::{Error, Result};
use leasehold_core::capability::{Directory, Environment};
use leasehold_core::holder::HolderState;
use leasehold_core::maintenance::Finding;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskPage, TaskState, TaskView};
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
    fn run<T>(&mut self, act: impl FnOnce(&Leasehold, &mut Store<Data<D>>) -> wasmtime::Result<T>) -> Result<T> {
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
    fn call<T>(
        &mut self,
        act: impl FnOnce(&Leasehold, &mut Store<Data<D>>) -> wasmtime::Result<Answer<T>>,
    ) -> Result<T> {
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
        self.call(|exports, store| {
            exports.leasehold_store_holders().holder().call_attach(store, name, durability.into())
        })
    }

    fn epoch(&mut self, holder: ResourceAny) -> Result<u64> {
        self.run(|exports, store| exports.leasehold_store_holders().holder().call_epoch(store, holder))
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
        let resource = self.call(|exports, store| exports.leasehold_store_queues().queue().call_open(store, name))?;
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

impl<D: Directory + 'static> Backend for Sandbox<D> {
    fn holder_join(&mut self, slot: HolderSlot, how: Joining, name: &str, durability: Durability) -> Result<u64> {
        let resource = match how {
            Joining::Attach => self.attach(name, durability),
            Joining::Open { ttl_ms } => self.call(|exports, store| {
                exports.leasehold_store_holders().holder().call_open(store, name, ttl_ms, durability.into())
            }),
            Joining::Ensure { ttl_ms } => self.call(|exports, store| {
                exports.leasehold_store_holders().holder().call_ensure(store, name, ttl_ms, durability.into())
            }),
        }?;
        let handle = self.handle(resource);
        let epoch = self.epoch(resource)?;
        self.holders.insert(slot, OpenHolder { name: name.to_owned(), epoch, handle });
        Ok(epoch)
    }

    fn holder_renew(&mut self, holder: HolderSlot, durability: Durability) -> Result<u64> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| {
            exports.leasehold_store_holders().holder().call_renew(store, holder, durability.into())
        })
    }

    fn holder_end(&mut self, holder: HolderSlot, durability: Durability) -> Result<()> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| {
            exports.leasehold_store_holders().holder().call_end(store, holder, durability.into())
        })
    }

    fn holder_close(&mut self, holder: HolderSlot) {
        if let Some(open) = self.holders.remove(&holder) {
            // A trap in here is as good: it closes everything.
            drop(self.close(open.handle));
        }
    }

    fn holder_list(&mut self) -> Result<Vec<HolderState>> {
        let states = self.call(|exports, store| exports.leasehold_store_holders().call_list(store))?;
        Ok(states.into_iter().map(Into::into).collect())
    }

    fn queue_list(&mut self) -> Result<Vec<String>> {
        self.call(|exports, store| exports.leasehold_store_queues().call_list(store))
    }

    fn queue(&mut self, name: &str) -> Result<QueueSlot> {
        if let Some(slot) = self.queues.find(name) {
            return Ok(slot);
        }
        for closed in self.queues.take_if_full() {
            self.close(closed.handle)?;
        }
        let handle = self.open_queue(name)?;
        Ok(self.queues.insert(name, OpenQueue { name: name.to_owned(), handle }))
    }

    fn push(
        &mut self,
        queue: QueueSlot,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>> {
        let queue = self.queue(queue)?;
        let attributes: Vec<_> = tasks.iter().map(attributes).collect();
        let tasks: Vec<_> =
            tasks.iter().zip(&attributes).map(|(task, attributes)| new_task(task, attributes)).collect();
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_push(
                store,
                queue,
                &tasks,
                on_duplicate.into(),
                durability.into(),
            )
        })
    }

    fn claim(
        &mut self,
        queue: QueueSlot,
        holder: HolderSlot,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>> {
        let holder = self.holder(holder)?;
        let queue = self.queue(queue)?;
        let claimed = self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_claim(
                store,
                queue,
                holder,
                max,
                lasting_ms,
                durability.into(),
            )
        })?;
        Ok(claimed.into_iter().map(Into::into).collect())
    }

    fn extend(&mut self, queue: QueueSlot, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_extend(store, queue, receipt, lasting_ms, durability.into())
        })
    }

    fn done(&mut self, queue: QueueSlot, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_done(store, queue, receipt, outcome, durability.into())
        })
    }

    fn retry(
        &mut self,
        queue: QueueSlot,
        receipt: &str,
        delay_ms: u64,
        reason: &str,
        durability: Durability,
    ) -> Result<bool> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_retry(
                store,
                queue,
                receipt,
                delay_ms,
                reason,
                durability.into(),
            )
        })
    }

    fn release(&mut self, queue: QueueSlot, receipt: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_release(store, queue, receipt, durability.into())
        })
    }

    fn bury(&mut self, queue: QueueSlot, receipt: &str, reason: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_bury(store, queue, receipt, reason, durability.into())
        })
    }

    fn reap(&mut self, queue: QueueSlot, durability: Durability) -> Result<Vec<String>> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.leasehold_store_queues().queue().call_reap(store, queue, durability.into()))
    }

    fn revive(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_revive(store, queue, id, durability.into())
        })
    }

    fn cancel(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_cancel(store, queue, id, durability.into())
        })
    }

    fn purge(&mut self, queue: QueueSlot, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_purge(
                store,
                queue,
                state.into(),
                older_than_ms,
                durability.into(),
            )
        })
    }

    fn pause(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.leasehold_store_queues().queue().call_pause(store, queue, durability.into()))
    }

    fn resume(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_resume(store, queue, durability.into())
        })
    }

    fn status(&mut self, queue: QueueSlot) -> Result<Status> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| exports.leasehold_store_queues().queue().call_status(store, queue))?;
        Ok(found.into())
    }

    fn list(&mut self, queue: QueueSlot, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| {
            exports.leasehold_store_queues().queue().call_list(store, queue, state.into(), cursor, limit)
        })?;
        Ok(found.into())
    }

    fn peek(&mut self, queue: QueueSlot, id: &str) -> Result<TaskView> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| exports.leasehold_store_queues().queue().call_peek(store, queue, id))?;
        Ok(found.into())
    }

    fn outcome(&mut self, queue: QueueSlot, id: &str) -> Result<Vec<u8>> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.leasehold_store_queues().queue().call_outcome(store, queue, id))
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.leasehold_store_maintenance().call_check(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }

    fn reconcile(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.leasehold_store_maintenance().call_reconcile(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }

    fn sweep(&mut self, older_than_ms: u64) -> Result<u64> {
        self.call(|exports, store| exports.leasehold_store_maintenance().call_sweep(store, older_than_ms))
    }

    fn quarantine(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.leasehold_store_maintenance().call_quarantine(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }
}
