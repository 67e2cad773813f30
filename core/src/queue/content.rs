//! The content of a task: the payload as it is, so that `cat` shows it, then (if there are any) its attributes as
//! one line of JSON. It is a file of its own, or stands in a pack among others.

use super::entry::Entry;
use crate::capability::{File, FsResult};
use crate::error::{Error, Result};
use crate::limits::{ATTRIBUTES_BYTES_MAX, PAYLOAD_BYTES_MAX};
use crate::name::Nonce;
use crate::store::{read_file, read_from};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) type Attributes = Vec<(String, String)>;

/// The longest trailer: escaping may make attributes up to six times as long, and each pair costs a few bytes more.
const TRAILER_BYTES_MAX: usize = 8 * ATTRIBUTES_BYTES_MAX;
/// The longest file.
pub(crate) const FILE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + TRAILER_BYTES_MAX;

/// What follows the payload.
pub(crate) fn trailer(attributes: &[(String, String)]) -> Result<Vec<u8>> {
    if attributes.is_empty() {
        return Ok(Vec::new());
    }
    let bytes: usize = attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > ATTRIBUTES_BYTES_MAX {
        return Err(Error::TooLarge(format!("{bytes} bytes of attributes, use at most {ATTRIBUTES_BYTES_MAX}")));
    }
    let trailer = serde_json::to_vec(attributes).map_err(|error| Error::Other(format!("attributes: {error}")))?;
    if trailer.len() > TRAILER_BYTES_MAX {
        return Err(Error::TooLarge(format!(
            "{} attributes take {} bytes as they are kept, use fewer: at most {TRAILER_BYTES_MAX} bytes",
            attributes.len(),
            trailer.len()
        )));
    }
    Ok(trailer)
}

/// The checksum of payload and trailer.
pub(crate) fn checksum(payload: &[u8], trailer: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(payload);
    hasher.update(trailer);
    hasher.finalize()
}

/// Splits a file into payload and attributes; `None` if it is not what the name says.
pub(crate) fn split(entry: &Entry, mut file: Vec<u8>) -> Option<(Vec<u8>, Attributes)> {
    let size = usize::try_from(entry.size).ok()?;
    if file.len() < size || checksum(&file, &[]) != entry.crc {
        return None;
    }
    let attributes = match &file[size..] {
        [] => Vec::new(),
        trailer => serde_json::from_slice(trailer).ok()?,
    };
    file.truncate(size);
    Some((file, attributes))
}

/// Reads what the name tells of out of its file, as far as it is there; `None` if that cannot be a task's.
pub(crate) fn read<F: File>(entry: &Entry, file: &F) -> FsResult<Option<Vec<u8>>> {
    match &entry.extent {
        Some(extent) => read_from(file, extent.at, extent.length, FILE_BYTES_MAX),
        None => read_file(file, FILE_BYTES_MAX),
    }
}

/// Whether a blob beside `entry` is debris: the name does not name it, and the token has passed the one that it
/// was built on, so that no swap can come to name it any more (hole 1 in `docs/holes.md`).
pub(crate) fn is_debris(entry: &Entry, blob: Nonce) -> bool {
    blob != entry.nonce && Some(blob) != entry.note && blob.base_token() < entry.token
}
