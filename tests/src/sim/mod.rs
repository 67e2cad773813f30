//! The simulated directory, and the scheduler that runs the real core over every interleaving.
//!
//! A [`World`] is a file system in memory with the semantics of Linux. A [`Scenario`] begins as some world
//! stands, has a few actors (closures that call the core), and visits every state that any order of their
//! directory operations can reach, with a crash after any of them. Checks look at every state and at every end;
//! a violation comes with a shortest trace.
//!
//! ```
//! use leasehold_core::capability::Directory;
//! use leasehold_tests::sim::{Actor, Listings, Scenario, World};
//!
//! // Where it begins: the real code may run here too, with no scheduler.
//! let world = World::bare();
//! world.file("store/free", "");
//!
//! // What an actor does. Its run ends in words.
//! fn take(actor: &Actor) -> &'static str {
//!     let store = actor.dir("store");
//!     let mut found = false;
//!     store.list(&mut |name, _| found |= name == "free").unwrap();
//!     if !found {
//!         return "held";
//!     }
//!     match store.rename("free", &store, &format!("held.{}", actor.name())) {
//!         Ok(()) => {
//!             actor.log("taken", 1); // stands in the log from the moment of the rename
//!             "taken"
//!         }
//!         Err(_) => "lost",
//!     }
//! }
//!
//! let explored = Scenario::new("one file, two takers", &world)
//!     .actor("A", take)
//!     .actor("B", take)
//!     .crashes(1)
//!     .listings(Listings::Btrfs)
//!     .always(|view| match view.logged("taken").len() {
//!         0 | 1 => Ok(()),
//!         n => Err(format!("{n} have taken it")),
//!     })
//!     .finally(|view, ends| match view.names("store").len() {
//!         1 => Ok(()),
//!         _ => Err(format!("A ended {:?}, and the store holds {:?}", ends.of("A"), view.names("store"))),
//!     })
//!     .holds();
//! assert!(explored.schedules > 10);
//! ```
//!
//! Things to know:
//!
//! - An actor is run again and again from its beginning; it must be deterministic and keep nothing outside.
//! - Syncs answer at once (only a power cut could tell), and clock reads too unless there is a clock actor.
//! - `actor.log` takes effect with the actor's last operation before it. To log at an operation inside a call
//!   of the core, use [`Scenario::observe`], or read what happened off the names.
//! - A check may run the real code on a copy: `view.world().queue("q").status()`.
//! - Operations that nobody else can notice take no place in the schedule (`unnoticed` says which and why).

mod actor;
mod apply;
mod checks;
mod directory;
mod explorer;
mod filesystem;
mod fingerprint;
mod history;
mod operation;
mod paths;
mod powercut;
mod scenario;
mod search;
mod state;
mod unnoticed;
mod view;
mod violation;
mod world;

pub use actor::{Actor, Event, Summary};
pub use directory::{SimDirectory, SimFile};
pub use powercut::{Cut, Disk};
pub use scenario::{Act, Deed, Endings, Explored, Listings, Scenario, Verdict};
pub use view::View;
pub use violation::{Step, Violation};
pub use world::{START_MS, World};
