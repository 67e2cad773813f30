//! After a trap the next call gets a fresh instance, and the program's handles still work.

use super::{granted, task};
use leasehold::{Durability, Engine, Error, Grants, Limits, OnDuplicate, Session};
use leasehold_core::Error as StoreError;

const STANDARD: Durability = Durability::Standard;
const MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;

fn session(grants: &Grants) -> Session {
    let mut limits = Limits::default();
    limits.memory_bytes_max = MEMORY_BYTES_MAX;
    Engine::with_limits(limits).unwrap().open(grants).unwrap()
}

fn trap(session: &mut Session) {
    let too_much = vec![0; MEMORY_BYTES_MAX];
    let trapped = session.queue("other").unwrap().push(&[task(&too_much)], OnDuplicate::Refuse, STANDARD);
    assert!(matches!(trapped, Err(Error::Trapped(_))), "{trapped:?}");
}

#[test]
fn what_a_holder_holds_outlives_a_trap() {
    let (_place, grants) = granted();
    let mut session = session(&grants);
    let holder = session.holder_open("h", 60_000, STANDARD).unwrap();
    session.queue("q").unwrap().push(&[task(b"task")], OnDuplicate::Refuse, STANDARD).unwrap();
    let claimed = session.queue("q").unwrap().claim(&holder, 1, None, STANDARD).unwrap();

    trap(&mut session);
    session.queue("q").unwrap().extend(&claimed[0].receipt, 1_000, STANDARD).unwrap();
    trap(&mut session);
    session.holder_renew(&holder, STANDARD).unwrap();
    trap(&mut session);
    session.queue("q").unwrap().done(&claimed[0].receipt, None, STANDARD).unwrap();
    trap(&mut session);
    assert_eq!(session.queue("q").unwrap().claim(&holder, 1, None, STANDARD).unwrap(), []);
    assert_eq!(session.holder_list().unwrap()[0].epoch, holder.epoch());
    session.holder_end(&holder, STANDARD).unwrap();
}

#[test]
fn a_holder_that_was_opened_again_meanwhile_is_lost() {
    let (_place, grants) = granted();
    let mut session = session(&grants);
    let holder = session.holder_open("h", 60_000, STANDARD).unwrap();
    let mut other = Session::native(&grants).unwrap();
    let later = other.holder_open("h", 60_000, STANDARD).unwrap();
    assert!(later.epoch() > holder.epoch());

    trap(&mut session);
    let lost = session.holder_renew(&holder, STANDARD).unwrap_err();
    assert!(matches!(lost, Error::Store(StoreError::Lost(_))), "{lost:?}");
    let lost = session.queue("q").unwrap().claim(&holder, 1, None, STANDARD).unwrap_err();
    assert!(matches!(lost, Error::Store(StoreError::Lost(_))), "{lost:?}");

    other.holder_end(&later, STANDARD).unwrap();
    trap(&mut session);
    let lost = session.holder_end(&holder, STANDARD).unwrap_err();
    assert!(matches!(lost, Error::Store(StoreError::Lost(_))), "{lost:?}");
}

#[test]
fn holders_dropped_before_and_after_a_trap_leave_nothing_behind() {
    let (_place, grants) = granted();
    let mut session = session(&grants);
    let kept = session.holder_open("kept", 60_000, STANDARD).unwrap();
    let before = session.holder_open("before", 60_000, STANDARD).unwrap();
    session.holder_close(before);
    let after = session.holder_open("after", 60_000, STANDARD).unwrap();
    trap(&mut session);
    drop(after);
    session.holder_renew(&kept, STANDARD).unwrap();
    // Closing a handle ended no one.
    assert!(session.holder_list().unwrap().iter().all(|holder| holder.alive));
}
