//! The `format` file, which says what kind of store a directory is and of which version.

use super::files::{create_file, read_file};
use crate::capability::{Directory, Environment, File, FsError};
use crate::error::{Error, Result};
use crate::name::Nonce;
use alloc::format;
use alloc::string::String;

pub(crate) const FORMAT_FILE: &str = "format";
const FORMAT_BYTES_MAX: usize = 256;

/// A kind of store and its version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    pub(crate) kind: &'static str,
    pub(crate) version: u32,
}

impl Format {
    fn text(self) -> String {
        format!("leasehold {} {}\n", self.kind, self.version)
    }

    /// Whether the directory says that it is of this format; `false` where it says nothing yet.
    pub(crate) fn is_marked<D: Directory>(self, store: &D) -> Result<bool> {
        let file = match store.open(FORMAT_FILE) {
            Ok(file) => file,
            Err(FsError::NotFound) => return Ok(false),
            Err(FsError::IsDirectory | FsError::Link | FsError::NotDirectory | FsError::Invalid) => {
                return Err(Error::Damaged(format!("{}: `format` is not a file, move it away", self.kind)));
            }
            Err(error) => return Err(Error::at("format", &error)),
        };
        let read = read_file(&file, FORMAT_BYTES_MAX).map_err(|error| Error::at("format", &error))?;
        if read.as_deref() == Some(self.text().as_bytes()) {
            return Ok(true);
        }
        let found =
            String::from_utf8_lossy(read.as_deref().unwrap_or_default()).trim().chars().take(60).collect::<String>();
        Err(Error::Unsupported(format!(
            "this store says {found:?} and not {:?}, use a version of leasehold that knows it",
            self.text().trim()
        )))
    }

    /// Marks the directory, unless it is marked; refuses one of another format.
    pub(crate) fn ensure<D: Directory>(self, store: &D, environment: &Environment) -> Result<()> {
        if self.is_marked(store)? {
            return Ok(());
        }
        // Whoever else does this at the same time writes the same text, so replacing it silently is harmless.
        let temporary = format!("{FORMAT_FILE}.{}.tmp", Nonce::draw(environment).text());
        let at = |error: FsError| Error::at("format", &error);
        let file = create_file(store, &temporary, &[self.text().as_bytes()]).map_err(at)?;
        let published = file.sync().and_then(|()| store.rename(&temporary, store, FORMAT_FILE));
        if let Err(error) = published {
            let _ = store.unlink(&temporary);
            return Err(at(error));
        }
        store.sync().map_err(at)
    }
}
