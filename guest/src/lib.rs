//! The component: the interfaces of `wit/` in, WASI descriptors out, and nothing else. What the stores do
//! is `leasehold_core`'s; this crate only maps its types to WIT's and its capabilities to WASI's.
//!
//! There is neither std nor a libc here, so that the import list, which is the component's security
//! statement, holds what the world names and no more. On any other target this crate is empty.
#![cfg(target_arch = "wasm32")]
#![no_std]

extern crate alloc;

mod checkpoints;
mod directory;
mod environment;
mod holders;
mod jobs;
mod leases;
mod maintenance;
mod queues;
mod stores;
mod tasks;
mod types;

/// What `wit-bindgen` makes of `wit/`.
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "leasehold",
        generate_all,
    });
}

/// Carries the exports; it has no state. See [`stores`] for what an instance keeps.
struct Component;

bindings::export!(Component with_types_in bindings);

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A panic becomes a trap: the host answers the caller with an error and starts a fresh instance. Nothing
/// on the disk needs undoing, since an instance may be killed at any moment anyway.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
