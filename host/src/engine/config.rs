//! How the component is compiled, and how it is run: one configuration for the build script, which compiles it
//! ahead of time, and for the engine, which accepts only what was compiled so.

use wasmtime::Config;

/// The configuration. Whoever compiles adds the target; whoever runs adds the allocation of instances.
#[must_use]
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    // A call that loops is stopped; this is the cheapest way to notice.
    config.epoch_interruption(true);
    // Every import is a plain function that answers at once.
    config.concurrency_support(false);
    // Traps are reported without the component's own addresses, and nobody unwinds through it.
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config
}
