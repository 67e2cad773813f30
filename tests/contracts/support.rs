//! Short ways to say what the tests are about.

use leasehold_core::Durability::Standard;
use leasehold_core::capability::Directory;
use leasehold_core::holder::Holder;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Queue};
use leasehold_tests::sim::{SimDirectory, World};

pub(crate) type SimQueue = Queue<SimDirectory>;
pub(crate) type SimHolder = Holder<SimDirectory>;

pub(crate) const MINUTE_MS: u64 = 60_000;

pub(crate) fn task(payload: &[u8]) -> NewTask<'_> {
    NewTask { payload, ..NewTask::default() }
}

pub(crate) fn given<'a>(id: &'a str, payload: &'a [u8]) -> NewTask<'a> {
    NewTask { id: Some(id), payload, ..NewTask::default() }
}

pub(crate) fn push(queue: &SimQueue, payload: &[u8]) -> String {
    queue.push(&[task(payload)], OnDuplicate::Refuse, Standard).unwrap().remove(0)
}

pub(crate) fn push_given(queue: &SimQueue, id: &str, payload: &[u8]) {
    assert_eq!(queue.push(&[given(id, payload)], OnDuplicate::Refuse, Standard).unwrap(), [id]);
}

pub(crate) fn claim(queue: &SimQueue, holder: &SimHolder) -> Option<ClaimedTask> {
    queue.claim(holder, 1, None, Standard).unwrap().pop()
}

pub(crate) fn payloads(queue: &SimQueue, holder: &SimHolder) -> Vec<String> {
    let tasks = queue.claim(holder, 1_000, None, Standard).unwrap();
    tasks.into_iter().map(|task| String::from_utf8(task.payload).unwrap()).collect()
}

/// A world with a queue and a holder that lives for ten minutes.
pub(crate) fn scene() -> (World, SimQueue, SimHolder) {
    let world = World::new();
    let queue = world.queue("mail");
    let holder = world.holders().open("worker", 10 * MINUTE_MS, Standard).unwrap();
    (world, queue, holder)
}

/// Ready, delayed, claimed, dead, done.
pub(crate) fn counts(queue: &SimQueue) -> [u64; 5] {
    let status = queue.status().unwrap();
    assert_eq!(status.damaged, 0);
    [status.ready, status.delayed, status.claimed, status.dead, status.done]
}

/// Removes what stands at `path` with all that is in it, as `rm -r` would.
pub(crate) fn remove(world: &World, path: &str) {
    fn remove_in(dir: &SimDirectory, name: &str) {
        match dir.open_dir(name) {
            Ok(inner) => {
                let mut names = Vec::new();
                inner.list(&mut |name, _| names.push(name.to_string())).unwrap();
                for name in names {
                    remove_in(&inner, &name);
                }
                dir.remove_dir(name).unwrap();
            }
            Err(_) => dir.unlink(name).unwrap(),
        }
    }
    let mut parts: Vec<_> = path.split('/').collect();
    let last = parts.pop().unwrap();
    let mut dir = world.dir(parts.remove(0));
    for part in parts {
        dir = dir.open_dir(part).unwrap();
    }
    remove_in(&dir, last);
}
