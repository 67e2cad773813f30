//! Every interleaving of small configurations, with crashes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod blobs;
mod checkpoint_claims;
mod checkpoint_laws;
mod checkpoint_removed;
mod checkpoint_saves;
mod debris;
mod deeds;
mod dropped;
mod ended;
mod explorer;
mod ids;
mod job_births;
mod job_ends;
mod laws;
mod lease_laws;
mod lease_line;
mod lease_races;
mod lease_rebirth;
mod list_changes;
mod list_claims;
mod list_kept;
mod list_laws;
mod list_packs;
mod names;
mod order;
mod packs;
mod plain;
mod rebirth;
mod receipts;
mod reduced;
mod removed;
mod reserved;
mod toys;
mod twice;
