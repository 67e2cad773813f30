//! Metadata and kinds in WASI's words.

use crate::bindings::wasi::clocks::wall_clock::Datetime;
use crate::bindings::wasi::filesystem::types::{DescriptorStat, DescriptorType};
use leasehold_core::capability::{Kind, Metadata};

impl From<Kind> for DescriptorType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::RegularFile,
            Kind::Directory => Self::Directory,
            Kind::Link => Self::SymbolicLink,
            // Not `unknown`, which makes the component ask again.
            Kind::Other => Self::CharacterDevice,
        }
    }
}

impl From<Metadata> for DescriptorStat {
    fn from(metadata: Metadata) -> Self {
        Self {
            type_: metadata.kind.into(),
            link_count: metadata.links,
            size: metadata.size,
            data_access_timestamp: None,
            data_modification_timestamp: metadata.modified_ms.map(datetime),
            status_change_timestamp: None,
        }
    }
}

/// A moment given in milliseconds since 1970.
pub(super) fn datetime(unix_ms: u64) -> Datetime {
    let milliseconds = u32::try_from(unix_ms % 1_000).unwrap_or_default();
    Datetime { seconds: unix_ms / 1_000, nanoseconds: milliseconds * 1_000_000 }
}
