//! What the system says of an entry, in the core's words.

use cap_std::fs::{FileType, MetadataExt};
use leasehold_core::capability::{Kind, Metadata};
use rustix::fs::{FileType as SystemKind, Stat};

/// The core's metadata.
pub(super) fn from_system(metadata: &cap_std::fs::Metadata) -> Metadata {
    Metadata {
        kind: kind(metadata.file_type()),
        size: metadata.len(),
        links: metadata.nlink(),
        modified_ms: modified_ms(metadata.mtime(), metadata.mtime_nsec()),
    }
}

/// The core's metadata, of an entry that was not opened.
pub(super) fn from_stat(stat: &Stat) -> Metadata {
    let kind = match SystemKind::from_raw_mode(stat.st_mode) {
        SystemKind::RegularFile => Kind::File,
        SystemKind::Directory => Kind::Directory,
        SystemKind::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    Metadata {
        kind,
        size: number(stat.st_size),
        links: number(stat.st_nlink),
        modified_ms: modified_ms(number(stat.st_mtime), number(stat.st_mtime_nsec)),
    }
}

/// The widths of these differ from system to system.
fn number<N: Default, T: TryInto<N>>(value: T) -> N {
    value.try_into().unwrap_or_default()
}

fn kind(file_type: FileType) -> Kind {
    if file_type.is_file() {
        Kind::File
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

/// Milliseconds since 1970; a moment before that is not known.
fn modified_ms(seconds: i64, nanoseconds: i64) -> Option<u64> {
    let seconds = u64::try_from(seconds).ok()?;
    let nanoseconds = u64::try_from(nanoseconds).ok()?;
    seconds.checked_mul(1_000)?.checked_add(nanoseconds / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::modified_ms;

    #[test]
    fn a_moment_is_cut_to_whole_milliseconds_and_none_before_1970_is_known() {
        assert_eq!(modified_ms(1_700_000_000, 999_999_999), Some(1_700_000_000_999));
        assert_eq!(modified_ms(-1, 0), None);
    }
}
