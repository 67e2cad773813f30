//! Work queues.
//!
//! A task without a given id is one file, whose name is its state and which moves from directory to directory; a
//! task with a given id is a ref under `ids/`, for which a ticket stands in the same directories. See
//! `docs/names.md` for the names, and each module's head for its transitions.

mod adopt;
mod batch;
mod bucket;
mod candidates;
mod claim;
mod content;
mod damage;
mod entry;
mod finish;
mod given;
pub mod glance;
mod group;
mod hand_out;
mod layout;
mod locate;
mod members;
mod named;
mod note;
mod operate;
mod part;
mod push;
mod push_given;
mod reap;
mod receipt;
mod reconcile;
mod reserve;
mod reserved;
mod scan;
mod sweep;
mod task;
mod ticket;
mod view;
mod window;

pub use task::{ClaimedTask, NewTask, OnDuplicate, Status, TaskInfo, TaskPage, TaskState, TaskView};

use crate::capability::{Directory, Environment, FsError};
use crate::error::{Error, Result};
use crate::holder::Holders;
use crate::limits::{DURATION_MS_MAX, TRIES_MAX};
use crate::name::{Key, Nonce};
use crate::store::{Format, Pack, open_or_absent, sync_all};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use bucket::BucketName;
use candidates::Candidates;
use core::cell::{Cell, RefCell};
use entry::{Entry, SEQ_LIMIT};
use layout::Layout;
use push::OpenBucket;
use reserve::Reserve;
use window::Window;

pub(crate) const FORMAT: Format = Format { kind: "queues", version: 1 };
const SUFFIX: &str = "-queue";
/// A clock this far behind the last order number was set back.
const ORDER_AHEAD_MS: u64 = 1_000;

/// The store of queues, in one granted directory.
#[derive(Debug, Clone)]
pub struct Queues<D> {
    pub(crate) dir: D,
    pub(crate) holders: Holders<D>,
    pub(crate) environment: Environment,
}

impl<D: Directory> Queues<D> {
    /// The queues kept in `dir`, whose claims are held by `holders`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, holders: Holders<D>, environment: Environment) -> Self {
        Queues { dir, holders, environment }
    }

    /// The queue `name`. Makes nothing: the first push does.
    ///
    /// # Errors
    /// [`Error::InvalidName`].
    pub fn queue(&self, name: &str) -> Result<Queue<D>> {
        let key = Key::of(name)?;
        Ok(self.queue_in(String::from(name), format!("{}{SUFFIX}", key.as_str())))
    }

    fn queue_in(&self, name: String, directory: String) -> Queue<D> {
        Queue {
            queues: self.clone(),
            name,
            directory,
            layout: RefCell::new(None),
            candidates: RefCell::new(Candidates::default()),
            order: Cell::new((0, 0)),
            shard: Cell::new((0, 0, 0)),
            dropped: RefCell::default(),
            is_anchored: Cell::new(false),
            thorough_ms: Cell::new(None),
            is_named: Cell::new(false),
            pack: Pack::default(),
            reserve: Reserve::default(),
            reserves_seen: RefCell::default(),
            bucket: RefCell::new(None),
            window: RefCell::default(),
            extended: RefCell::default(),
            listing_ms: Cell::new(0),
        }
    }
}

/// One queue, as one instance sees it. It keeps what it has listed, so use one again rather than anew.
#[derive(Debug)]
pub struct Queue<D: Directory> {
    queues: Queues<D>,
    name: String,
    directory: String,
    layout: RefCell<Option<Rc<Layout<D>>>>,
    candidates: RefCell<Candidates<D>>,
    /// The last place in the order that was given out: millisecond and the next sequence number.
    order: Cell<(u64, u32)>,
    /// The window last pushed into, how many tasks went there, and where its last bucket begins.
    shard: Cell<(u64, u64, u64)>,
    /// Files dropped into `pending` whose age is not known by the clock.
    dropped: RefCell<adopt::Watched>,
    /// Whether the directories above the tasks were synced since they were opened.
    is_anchored: Cell<bool>,
    /// When a claim that found nothing last looked at more than `pending`, on the monotonic clock.
    thorough_ms: Cell<Option<u64>>,
    /// Whether this instance has seen to it that the queue tells its name.
    is_named: Cell<bool>,
    /// Where tasks stand that are pushed one after the other.
    pack: Pack<D>,
    /// Where they stand if each is to wait for the disk.
    reserve: Reserve<D>,
    /// When the reserves were last written to in which this instance has found nothing left to publish.
    reserves_seen: RefCell<BTreeMap<Nonce, Option<u64>>>,
    /// The bucket that was last pushed into.
    bucket: RefCell<Option<Rc<OpenBucket<D>>>>,
    window: RefCell<Window<D::File>>,
    /// Claims that this instance has extended, or finished in part, as they stand since.
    extended: RefCell<BTreeMap<Nonce, Entry>>,
    /// How long the last look at what is pending has taken.
    listing_ms: Cell<u64>,
}

impl<D: Directory> Queue<D> {
    /// The name it was opened with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.queues.environment
    }

    pub(crate) fn holders(&self) -> &Holders<D> {
        &self.queues.holders
    }

    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    /// The directories, if the queue is there.
    pub(crate) fn layout(&self) -> Result<Option<Rc<Layout<D>>>> {
        if let Some(layout) = self.layout.borrow().as_ref().filter(|layout| !layout.is_doubted()) {
            return Ok(Some(Rc::clone(layout)));
        }
        let is_marked = FORMAT.is_marked(&self.queues.dir)?;
        let Some(queue) = open_or_absent(&self.queues.dir, &self.directory)? else { return Ok(None) };
        // Somebody made the queue by hand, to drop files into it.
        if !is_marked {
            FORMAT.ensure(&self.queues.dir, self.environment())?;
        }
        let layout = match Layout::ensure(queue) {
            Ok(layout) => Rc::new(layout),
            // Removed again meanwhile.
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        *self.layout.borrow_mut() = Some(Rc::clone(&layout));
        self.is_anchored.set(false);
        Ok(Some(layout))
    }

    /// The directories, made where need be.
    pub(crate) fn layout_made(&self) -> Result<Rc<Layout<D>>> {
        for _ in 0..TRIES_MAX {
            if let Some(layout) = self.layout()? {
                if self.ensure_name(&layout)? {
                    return Ok(layout);
                }
                continue;
            }
            FORMAT.ensure(&self.queues.dir, self.environment())?;
            match self.queues.dir.create_dir(&self.directory) {
                Ok(()) | Err(FsError::Exists) => {}
                Err(error) => return Err(Error::at(&self.directory, &error)),
            }
            self.queues.dir.sync().map_err(|error| Error::at(".aristo", &error))?;
        }
        Err(self.exhausted())
    }

    /// The directories as they stand, to look at them: makes none, nor the store. What is whole is kept.
    pub(crate) fn look(&self) -> Result<Option<Rc<Layout<D>>>> {
        if let Some(layout) = self.layout.borrow().as_ref().filter(|layout| !layout.is_doubted()) {
            return Ok(Some(Rc::clone(layout)));
        }
        let is_marked = FORMAT.is_marked(&self.queues.dir)?;
        let Some(queue) = open_or_absent(&self.queues.dir, &self.directory)? else { return Ok(None) };
        let layout = Rc::new(Layout::look(queue)?);
        if is_marked && layout.is_whole() {
            *self.layout.borrow_mut() = Some(Rc::clone(&layout));
            self.is_anchored.set(false);
        }
        Ok(Some(layout))
    }

    /// Whether the directories are known; not so once somebody was found to have removed one.
    pub(crate) fn has_layout(&self) -> bool {
        self.layout.borrow().is_some()
    }

    /// Somebody removed directories: the next look opens or makes them by name.
    pub(crate) fn forget_layout(&self) {
        *self.layout.borrow_mut() = None;
        self.is_anchored.set(false);
        self.is_named.set(false);
        self.bucket.borrow_mut().take();
        self.pack.forget();
        self.reserve.forget();
        self.candidates.borrow_mut().clear();
    }

    /// The next `count` places in the order: this instance's tasks are claimed in the order of their pushing.
    pub(crate) fn take_order(&self, count: u32) -> (u64, u32) {
        let now_ms = self.environment().now_ms();
        let (last_ms, next) = self.order.get();
        let is_set_back = last_ms > now_ms.saturating_add(ORDER_AHEAD_MS);
        let (at_ms, seq) = if now_ms > last_ms || is_set_back {
            (now_ms, 0)
        } else if next.saturating_add(count) > SEQ_LIMIT {
            (last_ms + 1, 0)
        } else {
            (last_ms, next)
        };
        self.order.set((at_ms, seq.saturating_add(count)));
        (at_ms, seq)
    }

    /// The bucket for one more task that is due at `due_ms`. One that is full is followed by one that begins where the
    /// task is due that did not fit, so that who claims lists one after the other.
    fn take_bucket(&self, priority: u8, due_ms: u64) -> BucketName {
        let first = BucketName::shared(priority, due_ms, 0);
        let window = first.earliest_ms();
        let (last, count, from_ms) = self.shard.get();
        let (count, from_ms) = if last == window { (count, from_ms) } else { (0, window) };
        let from_ms = if count > 0 && count.is_multiple_of(bucket::SHARD_TASKS) { due_ms } else { from_ms };
        self.shard.set((window, count + 1, from_ms));
        let shard = count / bucket::SHARD_TASKS;
        // Those that wait for long may come in any order.
        if shard == 0 || due_ms < from_ms { first } else { BucketName::next(priority, from_ms, shard) }
    }

    /// After something was renamed out of `tmp`, and synced where it stands now: syncs `tmp`, and, once for each
    /// opening of the directories, those above, which some other process may have made and not synced.
    pub(crate) fn sync_published(&self, layout: &Layout<D>) -> Result<()> {
        sync_all(&[(&layout.tmp, "tmp")])?;
        self.anchor(layout)
    }

    /// Syncs the directories above those of the queue, once for each opening of them.
    fn anchor(&self, layout: &Layout<D>) -> Result<()> {
        if !self.is_anchored.get() {
            sync_all(&[(&layout.queue, &self.directory), (&self.queues.dir, ".aristo")])?;
            // One that is doubted was opened anew in part, and is opened anew as a whole by the next call.
            self.is_anchored.set(!layout.is_doubted());
        }
        Ok(())
    }

    pub(crate) fn exhausted(&self) -> Error {
        Error::Exhausted(format!("queue {:?} is changed by others all the time, try again", self.name))
    }
}

pub(crate) fn check_duration(what: &str, ms: u64, may_be_zero: bool) -> Result<()> {
    if ms <= DURATION_MS_MAX && (may_be_zero || ms > 0) {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!("{what} of {ms} ms, use {} ms to 366 days", u8::from(!may_be_zero))))
}
