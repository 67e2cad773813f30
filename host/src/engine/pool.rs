//! Where instances live.

use super::Limits;
use wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig};

/// A component is several core instances, memories and tables: its own, and those that join it to its imports.
const CORE_INSTANCES_PER_INSTANCE: u32 = 8;
const MEMORIES_PER_INSTANCE: u32 = 2;
const TABLES_PER_INSTANCE: u32 = 4;

/// The component's own table takes less.
const TABLE_BYTES_KEPT: usize = 16 * 1024;

/// Places for all instances, reserved once, so that a fresh one costs no mapping.
pub(super) fn pool(limits: &Limits) -> InstanceAllocationStrategy {
    let instances = limits.instances_max.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    pool.total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_INSTANCE));
    pool.total_memories(instances.saturating_mul(MEMORIES_PER_INSTANCE));
    pool.total_tables(instances.saturating_mul(TABLES_PER_INSTANCE));
    pool.max_memory_size(limits.memory_bytes_max);
    pool.table_elements(limits.table_entries_max);
    // To clear what a table holds is cheaper than to give it back to the kernel.
    pool.table_keep_resident(TABLE_BYTES_KEPT);
    InstanceAllocationStrategy::Pooling(pool)
}
