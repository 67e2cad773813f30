//! The component answers each call exactly as the core does without a sandbox.

use super::granted;
use leasehold::directory::NativeDirectory;
use leasehold::job::{JobSpec, JobState, Process, Reason};
use leasehold::tasklist::{Claim, Filter, NewTask as NewListTask, Status, Update};
use leasehold::{
    Durability, Engine, NewTask, OnDuplicate, Result, RunState, SaveOptions, Session, Store, TaskState, Turn,
};
use leasehold_core::capability::{Clock, Environment, Random};
use std::cell::Cell;
use std::fmt::Debug;
use std::path::Path;
use std::rc::Rc;
use std::slice;

/// A clock that moves a little whenever the script says, and numbers that are all different.
struct Scripted {
    now_ms: Cell<u64>,
    number: Cell<u64>,
}

impl Clock for Scripted {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn monotonic_ms(&self) -> u64 {
        self.now_ms.get() - 1_000_000_000
    }
}

impl Random for Scripted {
    fn next_u64(&self) -> u64 {
        let number = self.number.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.number.set(number);
        (number ^ (number >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

fn scripted() -> (Rc<Scripted>, Environment) {
    let scripted = Rc::new(Scripted { now_ms: Cell::new(1_800_000_000_000), number: Cell::new(1) });
    let environment = Environment { clock: scripted.clone(), random: scripted.clone() };
    (scripted, environment)
}

fn directories(root: &Path) -> Vec<(String, NativeDirectory)> {
    [Store::Queues, Store::Leases, Store::Checkpoints, Store::Tasks, Store::Jobs, Store::Holders]
        .into_iter()
        .map(|store| {
            let name = store.directory_name();
            (name.to_owned(), NativeDirectory::open_ambient(&root.join(name)).unwrap())
        })
        .collect()
}

const SYNCED: Durability = Durability::Synced;
const UNSYNCED: Durability = Durability::Unsynced;

/// Collects what every call of the contract answers, good and bad.
struct Script<'a> {
    session: &'a mut Session,
    clock: &'a Scripted,
    answers: Vec<String>,
}

impl Script<'_> {
    fn note<T: Debug>(&mut self, what: &str, answer: Result<T>) -> Option<T> {
        self.answers.push(format!("{what}: {answer:?}"));
        self.clock.now_ms.set(self.clock.now_ms.get() + 7);
        answer.ok()
    }

    fn run(mut self) -> Vec<String> {
        self.leases();
        self.checkpoints();
        self.tasks();
        self.jobs();
        self.queues();
        self.maintenance();
        self.answers
    }

    fn leases(&mut self) {
        macro_rules! lease {
            ($call:ident, $($argument:expr),*) => {{
                let answer = self.session.$call($($argument),*);
                self.note(stringify!($call), answer)
            }};
        }
        let name = "l \u{fc}";
        let [ada, bob, eve] =
            ["ada", "bob", "eve"].map(|name| self.session.holder_open(name, 60_000, UNSYNCED).unwrap());
        lease!(lease_get, name);
        lease!(lease_acquire, "a/b", &ada, UNSYNCED);
        lease!(lease_release, name, 3, UNSYNCED);
        let token = lease!(lease_acquire, name, &ada, SYNCED).unwrap();
        lease!(lease_acquire, name, &ada, UNSYNCED);
        lease!(lease_acquire, name, &bob, UNSYNCED);
        lease!(lease_acquire_in_turn, name, &bob, UNSYNCED);
        lease!(lease_acquire_in_turn, name, &eve, UNSYNCED);
        lease!(lease_get, name);
        lease!(lease_release, name, token + 1, UNSYNCED);
        lease!(lease_release, name, token, UNSYNCED);
        lease!(lease_release, name, token, SYNCED);
        lease!(lease_acquire, name, &ada, UNSYNCED);
        lease!(lease_acquire_in_turn, name, &eve, UNSYNCED);
        lease!(lease_leave, name, &bob);
        let turn = lease!(lease_acquire_in_turn, name, &eve, SYNCED);
        assert!(matches!(turn, Some(Turn::Granted(_))), "{turn:?}");
        lease!(lease_acquire, "another", &ada, UNSYNCED);
        let page = lease!(lease_list, None, 1).unwrap();
        lease!(lease_list, page.cursor.as_deref(), 10);
        lease!(lease_list, Some("gar/bage"), 10);
        lease!(lease_list, None, 0);
        lease!(holder_end, &eve, UNSYNCED);
        lease!(lease_get, name);
        lease!(lease_reap, UNSYNCED);
        lease!(lease_acquire, name, &eve, UNSYNCED);
    }

    fn checkpoints(&mut self) {
        macro_rules! checkpoint {
            ($call:ident, $($argument:expr),*) => {{
                let answer = self.session.$call($($argument),*);
                self.note(stringify!($call), answer)
            }};
        }
        let run = "r \u{fc}";
        let plain = SaveOptions::default();
        let [ada, bob] = ["carol", "dan"].map(|name| self.session.holder_open(name, 60_000, UNSYNCED).unwrap());
        checkpoint!(checkpoint_get, run);
        checkpoint!(checkpoint_load, run, None);
        checkpoint!(checkpoint_history, run);
        checkpoint!(checkpoint_claim, run, &ada, None, UNSYNCED);
        checkpoint!(checkpoint_remove, run, UNSYNCED);
        checkpoint!(checkpoint_save, "..", b"", &plain, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"\0\xffcontent", &SaveOptions { history: Some(101), ..plain }, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"\0\xffcontent", &SaveOptions { keep_claim: true, ..plain }, UNSYNCED);
        let first = checkpoint!(checkpoint_save, run, b"\0\xffcontent", &plain, SYNCED).unwrap();
        checkpoint!(checkpoint_save, run, b"second", &SaveOptions { history: Some(2), ..plain }, UNSYNCED);
        checkpoint!(checkpoint_load, run, Some(&first));
        checkpoint!(checkpoint_load, run, Some("garbage"));
        checkpoint!(checkpoint_claim, run, &ada, Some(&first), UNSYNCED);
        let claim = checkpoint!(checkpoint_claim, run, &ada, None, SYNCED).unwrap().unwrap();
        checkpoint!(checkpoint_claim, run, &bob, None, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"by another", &plain, UNSYNCED);
        checkpoint!(checkpoint_remove, run, UNSYNCED);
        let mine = SaveOptions { receipt: Some(&claim.receipt), ..plain };
        checkpoint!(checkpoint_save, run, b"third", &SaveOptions { keep_claim: true, ..mine }, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"fourth", &mine, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"fifth", &mine, UNSYNCED);
        checkpoint!(checkpoint_save, run, b"sixth", &SaveOptions { receipt: Some("garbage"), ..plain }, UNSYNCED);
        checkpoint!(checkpoint_history, run);
        let claim = checkpoint!(checkpoint_claim, run, &bob, None, UNSYNCED).unwrap().unwrap();
        checkpoint!(checkpoint_release, run, &claim.receipt, UNSYNCED);
        checkpoint!(checkpoint_release, run, &claim.receipt, UNSYNCED);
        checkpoint!(checkpoint_save, "another", b"", &plain, UNSYNCED);
        for state in [None, Some(RunState::Armed), Some(RunState::Held), Some(RunState::Damaged), Some(RunState::Done)]
        {
            let page = checkpoint!(checkpoint_list, state, None, 1).unwrap();
            checkpoint!(checkpoint_list, state, page.cursor.as_deref(), 10);
        }
        checkpoint!(checkpoint_claim, run, &bob, None, UNSYNCED);
        checkpoint!(holder_end, &bob, UNSYNCED);
        checkpoint!(checkpoint_get, run);
        checkpoint!(checkpoint_recover, UNSYNCED);
        let claim = checkpoint!(checkpoint_claim, run, &ada, None, UNSYNCED).unwrap().unwrap();
        checkpoint!(checkpoint_complete, run, &claim.receipt, SYNCED);
        checkpoint!(checkpoint_complete, run, &claim.receipt, UNSYNCED);
        checkpoint!(checkpoint_complete, run, "garbage", UNSYNCED);
        checkpoint!(checkpoint_load, run, None);
        checkpoint!(checkpoint_get, run);
        checkpoint!(checkpoint_remove, run, SYNCED);
    }

    fn jobs(&mut self) {
        macro_rules! job {
            ($call:ident, $($argument:expr),*) => {{
                let answer = self.session.$call($($argument),*);
                self.note(stringify!($call), answer)
            }};
        }
        let full = JobSpec {
            command: vec!["gr\u{fc}\u{df}e".into(), String::new(), "x y".into()],
            dir: Some("/a".into()),
            timeout_ms: Some(1_000),
            output_bytes_max: Some(10),
            pty: true,
            notify: true,
        };
        let plain = JobSpec { command: vec!["true".into()], ..JobSpec::default() };
        let [waiter, supervisor, other] = [1, 2, 3].map(|pid| Process { pid, started: u64::MAX - u64::from(pid) });
        job!(job_get, "nothing");
        job!(job_get, "..");
        job!(job_create, &JobSpec::default(), None, UNSYNCED);
        job!(job_create, &JobSpec { timeout_ms: Some(0), ..full.clone() }, None, UNSYNCED);
        let first = job!(job_create, &full, None, SYNCED).unwrap();
        let second = job!(job_create, &plain, Some(2), UNSYNCED).unwrap();
        job!(job_create, &plain, Some(2), UNSYNCED);
        job!(job_adopt, &first, None, supervisor, UNSYNCED);
        job!(job_start, &first, waiter, other, UNSYNCED);
        job!(job_start, &first, waiter, supervisor, SYNCED);
        job!(job_adopt, &first, None, other, UNSYNCED);
        job!(job_adopt, &first, Some(supervisor), other, UNSYNCED);
        job!(job_acknowledge, &first, UNSYNCED);
        job!(job_settle, &first, false, UNSYNCED);
        for reason in [Reason::Asked, Reason::Timeout] {
            job!(job_kill, &first, reason, UNSYNCED);
        }
        job!(job_settle, &first, true, SYNCED);
        job!(job_fail, &second, Reason::Spawn, UNSYNCED);
        for reason in [Reason::None, Reason::Timeout, Reason::Output, Reason::Lost, Reason::Terminal] {
            let id = job!(job_create, &plain, None, UNSYNCED).unwrap();
            job!(job_kill, &id, reason, UNSYNCED);
            job!(job_settle, &id, true, UNSYNCED);
        }
        for state in [None, Some(JobState::Failed), Some(JobState::Killed), Some(JobState::TimedOut)] {
            let page = job!(job_list, state, None, 1).unwrap();
            job!(job_list, state, page.cursor.as_deref(), 10);
        }
        for state in [JobState::Starting, JobState::Running, JobState::Killing, JobState::Completed] {
            job!(job_list, Some(state), None, 10);
        }
        job!(job_events, None, 10);
        job!(job_acknowledge, &first, UNSYNCED);
        job!(job_events, Some("gar/bage"), 10);
        job!(job_promote, &first, UNSYNCED);
        job!(job_events, None, 0);
        job!(job_collect, 60_000);
        job!(job_collect, 0);
        job!(job_get, &first);
        job!(job_get, &second);
    }

    fn tasks(&mut self) {
        macro_rules! task {
            ($call:ident, $($argument:expr),*) => {{
                let answer = self.session.$call($($argument),*);
                self.note(stringify!($call), answer)
            }};
        }
        let list = "colony:l \u{fc}";
        let by = Some("eve \u{1f980}");
        let [eve, fay] = ["eve", "fay"].map(|name| self.session.holder_open(name, 60_000, UNSYNCED).unwrap());
        task!(task_get, list, 1);
        task!(task_page, list, Filter::default(), None, 10);
        task!(task_list_info, list);
        task!(task_history, list, 0, 10);
        task!(task_claim, list, 1, &eve, false, UNSYNCED);
        task!(task_claim_next, list, &eve, true, UNSYNCED);
        task!(task_reset, list, None, UNSYNCED);
        task!(task_reap, list, UNSYNCED);
        task!(task_remove_list, list, UNSYNCED);
        task!(task_lists,);
        let plain = NewListTask { subject: "plain", ..NewListTask::default() };
        let full = NewListTask {
            subject: "full \u{df}",
            description: "two\nlines",
            active_form: Some("filling"),
            priority: Some(9),
            blocked_by: &[],
            blocked_by_new: &[0],
            metadata: Some("{\"b\":[1,null],\"_internal\":true}"),
        };
        task!(task_create, "..", slice::from_ref(&plain), None, UNSYNCED);
        task!(task_create, list, &[NewListTask { subject: " ", ..plain.clone() }], by, UNSYNCED);
        task!(task_create, list, &[NewListTask { metadata: Some("[]"), ..plain.clone() }], by, UNSYNCED);
        task!(task_create, list, &[NewListTask { blocked_by: &[7], ..plain.clone() }], by, UNSYNCED);
        task!(task_create, list, &[NewListTask { blocked_by_new: &[7], ..plain.clone() }], by, UNSYNCED);
        task!(task_create, list, &[plain.clone(), full], by, SYNCED);
        task!(task_create, list, &[NewListTask { blocked_by: &[1, 2], ..plain.clone() }], None, UNSYNCED);
        for filter in [
            Filter::default(),
            Filter { status: None, internal: true },
            Filter { status: Some(Status::Deleted), internal: true },
        ] {
            let page = task!(task_page, list, filter, None, 1).unwrap();
            task!(task_page, list, filter, page.cursor, 10);
        }
        task!(task_page, list, Filter::default(), None, 0);
        task!(task_get, list, 2);
        task!(task_claim, list, 3, &eve, false, UNSYNCED);
        let Some(Claim::Ok { token, task: seen }) = task!(task_claim, list, 1, &eve, false, SYNCED) else { panic!() };
        task!(task_claim, list, 1, &eve, false, UNSYNCED);
        task!(task_claim, list, 1, &fay, false, UNSYNCED);
        task!(task_create, list, slice::from_ref(&plain), by, UNSYNCED);
        task!(task_claim, list, 4, &eve, true, UNSYNCED);
        task!(task_claim_next, list, &eve, true, UNSYNCED);
        let completed = Update { status: Some(Status::Completed), ..Update::default() };
        task!(task_update, list, 1, &completed, by, UNSYNCED);
        task!(task_update, list, 1, &Update { token: Some(token + 1), ..completed.clone() }, by, UNSYNCED);
        task!(
            task_update,
            list,
            1,
            &Update { if_revision: Some(seen.revision - 1), ..completed.clone() },
            by,
            UNSYNCED
        );
        task!(task_update, list, 1, &Update { token: Some(token), ..completed.clone() }, by, SYNCED);
        task!(task_update, list, 1, &Update { status: Some(Status::Abandoned), ..Update::default() }, by, UNSYNCED);
        task!(task_claim, list, 1, &fay, false, UNSYNCED);
        let everything = Update {
            subject: Some("new"),
            description: Some("newer"),
            active_form: Some(""),
            priority: Some(0),
            status: Some(Status::InProgress),
            add_blocked_by: &[4],
            remove_blocked_by: &[1],
            add_blocks: &[3],
            remove_blocks: &[4],
            metadata: Some("{\"b\":null,\"c\":2}"),
            token: None,
            if_revision: None,
        };
        task!(task_update, list, 2, &everything, by, UNSYNCED);
        task!(task_update, list, 2, &everything, by, UNSYNCED);
        task!(task_update, list, 4, &Update { add_blocked_by: &[2], ..Update::default() }, None, UNSYNCED);
        task!(task_update, list, 9, &Update::default(), None, UNSYNCED);
        let Some(Claim::Ok { token, .. }) = task!(task_claim_next, list, &fay, false, UNSYNCED) else { panic!() };
        task!(task_release, list, 4, token + 1, by, UNSYNCED);
        task!(task_release, list, 4, token, by, UNSYNCED);
        task!(task_claim, list, 4, &fay, false, UNSYNCED);
        task!(task_delete, list, 4, None, None, None, UNSYNCED);
        task!(holder_end, &fay, UNSYNCED);
        task!(task_get, list, 4);
        task!(task_reap, list, UNSYNCED);
        task!(task_claim, list, 4, &fay, false, UNSYNCED);
        task!(task_delete, list, 4, None, Some(1), by, UNSYNCED);
        task!(task_delete, list, 4, None, None, by, SYNCED);
        task!(task_get, list, 4);
        task!(task_ensure_list, list, Some("{\"m\":{}}"), Some("watcher"), by, SYNCED);
        task!(task_ensure_list, list, Some("garbage"), None, None, UNSYNCED);
        task!(task_ensure_list, "session:a:b", None, None, by, UNSYNCED);
        task!(task_list_info, list);
        let Some(leasehold::tasklist::History::Changes { revision, .. }) = task!(task_history, list, 0, 3) else {
            panic!()
        };
        task!(task_history, list, revision, 10_000);
        task!(task_history, list, u64::MAX, 10);
        task!(task_history, list, 0, 0);
        task!(task_reset, list, by, SYNCED);
        task!(task_history, list, revision, 10_000);
        // Long enough that a snapshot is made.
        for _ in 0..70 {
            task!(task_create, list, slice::from_ref(&plain), by, UNSYNCED);
        }
        task!(task_lists,);
        task!(task_remove_list, "session:a:b", SYNCED);
        task!(task_lists,);
    }

    fn queues(&mut self) {
        let attributes = [(String::from("kind"), String::from("gr\u{f6}\u{df}e")), (String::new(), String::from("x"))];
        let full = NewTask {
            id: Some("given \u{1f980}"),
            payload: b"\0\xffpayload",
            priority: Some(0),
            delay_ms: 0,
            max_attempts: Some(2),
            attributes: &attributes,
        };
        let plain = NewTask { payload: b"plain", ..NewTask::default() };
        let late = NewTask { payload: b"late", delay_ms: 60_000, ..NewTask::default() };

        for (name, ttl_ms) in [("h", 600_000), ("", 1), ("a/b", 1), ("h", 0), ("h", u64::MAX)] {
            let holder = self.session.holder_open(name, ttl_ms, SYNCED).map(|holder| holder.epoch());
            self.note("holder-open", holder);
        }
        let attached = self.session.holder_attach("nobody", UNSYNCED).map(drop);
        self.note("holder-attach", attached);
        let holder = self.session.holder_ensure("h", 600_000, UNSYNCED).unwrap();
        let renewed = self.session.holder_renew(&holder, UNSYNCED);
        self.note("holder-renew", renewed);

        let name = "q \u{fc}";
        macro_rules! queue {
            ($call:ident, $($argument:expr),*) => {{
                let answer = self.session.queue(name).and_then(|mut queue| queue.$call($($argument),*));
                self.note(stringify!($call), answer)
            }};
        }
        let unnamed = self.session.queue("..").map(drop);
        self.note("queue", unnamed);
        queue!(status,);
        queue!(push, &[plain.clone(), late, plain.clone()], OnDuplicate::Refuse, UNSYNCED);
        for on_duplicate in [OnDuplicate::Refuse, OnDuplicate::Keep, OnDuplicate::Replace, OnDuplicate::Refuse] {
            queue!(push, slice::from_ref(&full), on_duplicate, SYNCED);
        }
        queue!(push, &[NewTask { priority: Some(10), ..plain.clone() }], OnDuplicate::Keep, UNSYNCED);
        queue!(peek, "given \u{1f980}");
        queue!(peek, "nothing");
        for state in [TaskState::Ready, TaskState::Delayed, TaskState::Claimed, TaskState::Done, TaskState::Dead] {
            let page = queue!(list, state, None, 1);
            if let Some(cursor) = page.and_then(|page| page.cursor) {
                queue!(list, state, Some(&cursor), 10);
            }
        }
        queue!(list, TaskState::Ready, Some("garbage"), 10);

        queue!(pause, UNSYNCED);
        queue!(claim, &holder, 1, None, UNSYNCED);
        queue!(resume, UNSYNCED);
        queue!(claim, &holder, 0, None, UNSYNCED);
        let claimed = queue!(claim, &holder, 2, Some(30_000), SYNCED).unwrap();
        queue!(list, TaskState::Claimed, None, 10);
        queue!(push, slice::from_ref(&full), OnDuplicate::Replace, UNSYNCED);
        queue!(extend, &claimed[0].receipt, 90_000, UNSYNCED);
        queue!(extend, "garbage", 90_000, UNSYNCED);
        queue!(cancel, "given \u{1f980}", UNSYNCED);
        queue!(retry, &claimed[0].receipt, 0, "first", UNSYNCED);
        queue!(retry, &claimed[0].receipt, 0, "again", UNSYNCED);
        let again = queue!(claim, &holder, 1, None, UNSYNCED).unwrap();
        queue!(retry, &again[0].receipt, 5, "last", UNSYNCED);
        queue!(list, TaskState::Dead, None, 10);
        queue!(revive, "given \u{1f980}", UNSYNCED);
        queue!(release, &claimed[1].receipt, UNSYNCED);
        let rest = queue!(claim, &holder, 10, None, UNSYNCED).unwrap();
        queue!(done, &rest[0].receipt, Some(b"outcome\0"), SYNCED);
        queue!(done, &rest[0].receipt, Some(b"outcome\0"), SYNCED);
        queue!(outcome, &rest[0].id);
        queue!(outcome, "nothing");
        queue!(bury, &rest[1].receipt, "hopeless", UNSYNCED);
        queue!(done, &rest[2].receipt, None, UNSYNCED);
        queue!(done, &rest[2].receipt, None, UNSYNCED);
        queue!(status,);
        queue!(purge, TaskState::Dead, 0, SYNCED);
        queue!(purge, TaskState::Claimed, 0, SYNCED);
        self.clock.now_ms.set(self.clock.now_ms.get() + 60_000);
        queue!(claim, &holder, 10, Some(1), UNSYNCED);
        queue!(reap, UNSYNCED);
        queue!(status,);

        let ended = self.session.holder_end(&holder, UNSYNCED);
        self.note("holder-end", ended);
        let ended = self.session.holder_end(&holder, UNSYNCED);
        self.note("holder-end", ended);
        queue!(claim, &holder, 1, None, UNSYNCED);
        let (holders, queues) = (self.session.holder_list(), self.session.queue_list());
        self.note("holder-list", holders);
        self.note("queue-list", queues);
    }

    fn maintenance(&mut self) {
        let found = self.session.maintenance_check();
        self.note("check", found);
        let found = self.session.maintenance_reconcile();
        self.note("reconcile", found);
        for older_than_ms in [1, 60_000] {
            let swept = self.session.maintenance_sweep(older_than_ms);
            self.note("sweep", swept);
        }
        let found = self.session.maintenance_quarantine();
        self.note("quarantine", found);
    }
}

#[test]
fn the_component_answers_as_the_core_does() {
    let (place, _) = granted();
    let answers = |component: bool, root: &Path| {
        let (scripted, environment) = scripted();
        let directories = directories(root);
        let mut session = if component {
            Engine::new().unwrap().open_over(directories, environment).unwrap()
        } else {
            Session::native_over(directories, &environment)
        };
        Script { session: &mut session, clock: &scripted, answers: Vec::new() }.run()
    };
    let native = answers(false, &place.path().join("native"));
    let component = answers(true, &place.path().join("component"));
    for (native, component) in native.iter().zip(&component) {
        assert_eq!(native, component);
    }
    assert_eq!(native.len(), component.len());
    // The script reaches what it is meant to reach.
    for reached in [
        "Held(",
        "Exists(",
        "Lost(",
        "Paused(",
        "NotFound(",
        "InvalidName(",
        "Dead",
        "outcome",
        "Granted(",
        "AlreadyOwned",
        "AlreadyCompleted",
        "Blocked(",
        "Busy(",
        "Reset",
        "Waiting",
        "Done",
    ] {
        assert!(native.iter().any(|answer| answer.contains(reached)), "{reached} in {native:#?}");
    }
}
