//! What a name may be.

use leasehold_core::capability::{FsError, FsResult};

/// Passes `name` on if it is one component: the kernel would otherwise walk a path, or stay, or go up.
pub(super) fn component(name: &str) -> FsResult<&str> {
    let one = !name.is_empty() && name != "." && name != ".." && !name.bytes().any(|byte| byte == b'/' || byte == 0);
    if one { Ok(name) } else { Err(FsError::Invalid) }
}
