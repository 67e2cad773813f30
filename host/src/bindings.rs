//! What wasmtime makes of `wit/`: the component's exports as calls, and its imports as traits to be served.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "leasehold",
    imports: {
        // Nothing here can wait, and no list may be of any length.
        "wasi:clocks/monotonic-clock.subscribe-instant": trappable,
        "wasi:clocks/monotonic-clock.subscribe-duration": trappable,
        "wasi:random/random.get-random-bytes": trappable,
    },
    with: {
        "wasi:filesystem/types.descriptor": crate::wasi::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": crate::wasi::Listing,
    },
    // Payloads are handed to the component from where they are.
    ownership: Borrowing { duplicate_if_necessary: true },
});
