//! What the component exports, looked at when it is first called.
//!
//! Each function that is called has to be of the type that it is called with. There are some eighty of them, and to
//! compare the types of all is half of what a fresh instance costs; most instances call a few.

use crate::bindings::exports::leasehold::store as interfaces;
use interfaces::{checkpoints, holders, jobs, leases, maintenance, queues, tasks};
use std::cell::OnceCell;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

macro_rules! exports {
    ($($interface:ident),*) => {
        /// Where in the component each interface is; the same for all of its instances.
        pub(super) struct Places {
            $($interface: $interface::GuestIndices,)*
        }

        impl Places {
            pub(super) fn of<T>(pre: &InstancePre<T>) -> wasmtime::Result<Self> {
                Ok(Self { $($interface: $interface::GuestIndices::new(pre)?,)* })
            }
        }

        /// The interfaces of one instance.
        pub(super) struct Exports {
            places: Arc<Places>,
            instance: Instance,
            $($interface: OnceCell<$interface::Guest>,)*
        }

        impl Exports {
            pub(super) fn new(places: Arc<Places>, instance: Instance) -> Self {
                Self { places, instance, $($interface: OnceCell::new(),)* }
            }

            $(
                /// The interface of this name. Fails if a function of it is not of the type that it is to be of.
                pub(super) fn $interface<T>(&self, store: &mut Store<T>) -> wasmtime::Result<&$interface::Guest> {
                    if let Some(known) = self.$interface.get() {
                        return Ok(known);
                    }
                    let loaded = self.places.$interface.load(store, &self.instance)?;
                    Ok(self.$interface.get_or_init(|| loaded))
                }
            )*
        }
    };
}

exports!(holders, queues, leases, checkpoints, tasks, jobs, maintenance);
