//! What every store's directory has: a format, a place for what is being made, a floor under its tokens.

mod damage;
mod files;
mod floor;
mod format;
mod pack;
mod patience;
mod trash;

pub(crate) use damage::{Damage, set_aside};
pub(crate) use files::{
    create_file, ensure_dir, for_each_entry, is_sync, list_entries, open_or_absent, read_file, read_from, read_sized,
    remove_tree, sync_all, try_ensure_dir, write_all,
};
pub(crate) use floor::Floor;
pub(crate) use format::{FORMAT_FILE, Format};
pub(crate) use pack::{Extent, PACK_LINKS_MAX, Pack, SEPARATOR, read_size, write_size};
pub(crate) use patience::Patience;
pub(crate) use trash::{Swept, Trash};

/// Where things stand while they are being made; no scan looks there.
pub(crate) const TMP: &str = "tmp";
/// Where entries go that nobody understands.
pub(crate) const QUARANTINE: &str = "quarantine";
