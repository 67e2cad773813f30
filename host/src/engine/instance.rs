//! One instance: the component with memory of its own, its directories, and a limit to everything.

use super::exports::{Exports, Places};
use super::limiter::Limiter;
use super::{Engine, Shared};
use crate::wasi::{self, Wasi};
use crate::{Error, Result};
use leasehold_core::capability::{Directory, Environment};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Store, Trap};

/// The component, joined to what serves its imports, over directories of one kind.
pub(super) struct Loaded<D: Directory + 'static> {
    pre: InstancePre<Data<D>>,
    places: Arc<Places>,
}

impl<D: Directory + 'static> Loaded<D> {
    fn new(engine: &wasmtime::Engine, component: &Component) -> Result<Self> {
        let joined = || -> wasmtime::Result<Self> {
            let mut linker = Linker::new(engine);
            wasi::add_to_linker(&mut linker, |data: &mut Data<D>| &mut data.wasi)?;
            let pre = linker.instantiate_pre(component)?;
            let places = Arc::new(Places::of(&pre)?);
            Ok(Self { pre, places })
        };
        joined().map_err(|error| Error::Setup(format!("the component does not fit this host: {error:#}")))
    }
}

impl<D: Directory> Clone for Loaded<D> {
    fn clone(&self) -> Self {
        Self { pre: self.pre.clone(), places: Arc::clone(&self.places) }
    }
}

/// The component as loaded for each kind of directory that was asked for; nearly always that is one.
#[derive(Default)]
pub(super) struct LoadedByKind {
    loaded: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
}

impl LoadedByKind {
    pub(super) fn get<D: Directory + 'static>(
        &self,
        engine: &wasmtime::Engine,
        component: &Component,
    ) -> Result<Loaded<D>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = TypeId::of::<D>();
        if let Some(known) = loaded.get(&kind).and_then(|known| known.downcast_ref::<Loaded<D>>()) {
            return Ok(known.clone());
        }
        let fresh = Loaded::new(engine, component)?;
        loaded.insert(kind, Box::new(fresh.clone()));
        Ok(fresh)
    }
}

impl fmt::Debug for LoadedByKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoadedByKind")
    }
}

/// What the store of an instance carries.
pub(super) struct Data<D: Directory> {
    wasi: Wasi<D>,
    limiter: Limiter,
}

/// A running instance.
pub(super) struct Instance<D: Directory + 'static> {
    store: Store<Data<D>>,
    exports: Exports,
}

impl<D: Directory + 'static> Instance<D> {
    pub(super) fn new(
        engine: &Engine,
        loaded: &Loaded<D>,
        directories: Vec<(String, D)>,
        environment: Environment,
    ) -> Result<Self> {
        let Shared { engine, limits, ticker, .. } = &*engine.shared;
        let wasi = Wasi::new(directories, environment, limits.descriptors_max);
        let mut store = Store::new(engine, Data { wasi, limiter: Limiter::new(limits) });
        store.limiter(|data| &mut data.limiter);
        let _running = ticker.begin(engine)?;
        store.set_epoch_deadline(ticker.ticks_per_call());
        match loaded.pre.instantiate(&mut store) {
            Ok(instance) => Ok(Self { store, exports: Exports::new(Arc::clone(&loaded.places), instance) }),
            Err(error) => Err(Error::Setup(format!("an instance can not be made: {error:#}"))),
        }
    }

    /// How many bytes of memory it has.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().limiter.memory_bytes()
    }

    /// Makes one call, within the time that a call may take. An error of the outer kind means that the instance is
    /// of no more use.
    pub(super) fn call<T>(
        &mut self,
        engine: &Engine,
        act: impl FnOnce(&Exports, &mut Store<Data<D>>) -> wasmtime::Result<T>,
    ) -> Result<T> {
        let Shared { engine, limits, ticker, .. } = &*engine.shared;
        let running = ticker.begin(engine)?;
        self.store.set_epoch_deadline(ticker.ticks_per_call());
        let answered = act(&self.exports, &mut self.store);
        drop(running);
        answered.map_err(|error| {
            let why = match error.downcast_ref::<Trap>() {
                Some(Trap::Interrupt) => {
                    format!("the call took longer than {:?}", limits.call_time_max)
                }
                _ => match self.store.data().limiter.refused() {
                    Some(refused) => refused.to_owned(),
                    None => error.root_cause().to_string(),
                },
            };
            Error::Trapped(why)
        })
    }
}
