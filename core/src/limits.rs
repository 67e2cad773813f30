//! Every limit, in one place.

/// A name's longest UTF-8 form, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest file name that a name is encoded to, in bytes.
pub const KEY_BYTES_MAX: usize = 100;
/// The longest payload, and the longest outcome, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most tasks in one push.
pub const BATCH_TASKS_MAX: usize = 65_536;
/// The most payload in one push, in bytes.
pub const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most tasks in one claim.
pub const CLAIM_TASKS_MAX: u32 = 1_000;
/// A claim hands out no further task once those it has taken have this much payload, in bytes.
pub const CLAIM_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// All attributes of a task together, keys and values, in bytes.
pub const ATTRIBUTES_BYTES_MAX: usize = 16 * 1024;
/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 4 * 1024;
/// The largest page of a listing.
pub const PAGE_MAX: u32 = 10_000;
/// The least urgent priority.
pub const PRIORITY_MAX: u8 = 9;
/// The priority of a task that names none.
pub const PRIORITY_DEFAULT: u8 = 5;
/// The most attempts a task may have.
pub const ATTEMPTS_MAX: u32 = 1_000;
/// The attempts of a task that names none.
pub const ATTEMPTS_DEFAULT: u32 = 5;
/// The longest time to live, delay or claim, in milliseconds: 366 days.
pub const DURATION_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1_000;
/// How long a claim lasts unless told, in milliseconds.
pub const CLAIM_MS_DEFAULT: u64 = 10 * 60 * 1_000;
/// How long a file dropped into `pending` must be unchanged before it is a task, in milliseconds.
pub const SETTLE_MS: u64 = 1_000;
/// The youngest debris that a sweep may take, in milliseconds.
pub const SWEEP_MS_MIN: u64 = 60 * 1_000;
/// How often an operation that loses races is tried before it answers `exhausted`.
pub const TRIES_MAX: u32 = 64;
/// The most saves of a run that are kept.
pub const HISTORY_MAX: u32 = 100;
/// How long a place in line lasts unless asked for again, in milliseconds.
pub const PLACE_MS: u64 = 10_000;
/// What a list may weigh, deleted tasks too: an upper bound of what it takes in memory and on the disk, in bytes. An instance
/// that changes all of a list at once has it in memory three times.
pub const LIST_WEIGHT_MAX: usize = 64 * 1024 * 1024;
/// What a task weighs beside its texts, its metadata and what it waits for.
pub const TASK_WEIGHT: usize = 384;
/// The longest change of a list, and the longest snapshot, in bytes.
pub const LIST_BYTES_MAX: usize = 96 * 1024 * 1024;
/// How deep metadata may be nested.
pub const METADATA_DEPTH_MAX: usize = 32;
/// How often a change of a list that loses races is tried before it answers `exhausted`.
pub const LIST_TRIES_MAX: u32 = 65_536;
/// How many lists an instance remembers.
pub const LISTS_KEPT_MAX: usize = 8;
/// What lists may weigh that an instance remembers while it reads another.
pub const LISTS_KEPT_WEIGHT_MAX: usize = 16 * 1024 * 1024;
/// How many packs an instance keeps open that it has read changes from.
pub const PACKS_KEPT_MAX: usize = 128;
/// A history that has more changes than this forgets the oldest.
pub const CHANGES_KEPT_MAX: u64 = 4_096;
/// About how many changes it keeps then.
pub const CHANGES_KEPT_MIN: usize = 3_072;
/// The longest subject of a task, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 4 * 1024;
/// The longest other text of a task, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// How many users a list remembers.
pub const SEEN_MAX: usize = 10;
/// A job's program and arguments together, in bytes.
pub const COMMAND_BYTES_MAX: usize = 128 * 1024;
/// The longest record of what a job runs.
pub const SPEC_BYTES_MAX: usize = 8 * COMMAND_BYTES_MAX;
/// What a page of jobs holds at most, unless it is one: instances have little memory.
pub const JOBS_BYTES_MAX: usize = 2 * 1024 * 1024;
