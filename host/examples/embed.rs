//! A program of yours with work queues in it: one engine, one session, a task from push to done.
//!
//! Run it with `cargo run --example embed -- DIRECTORY`, in several terminals at once if you like.

use leasehold::{Durability, Engine, Grants, NewTask, OnDuplicate};

fn main() -> anyhow::Result<()> {
    let root = std::env::args().nth(1).unwrap_or_else(|| String::from(".leasehold"));

    // Once per program; the component in it is compiled already.
    let engine = Engine::new()?;
    // Once per thread. The component sees these directories, and nothing else.
    let mut session = engine.open(&Grants::beneath(&root))?;

    let task = NewTask { payload: b"resize cat.jpg", ..NewTask::default() };
    let ids = session.queue("thumbnails")?.push(&[task], OnDuplicate::Refuse, Durability::Standard)?;
    println!("pushed {}", ids.join(", "));

    // Opening gives back what an earlier run under this name held when it was killed. Processes that work at the
    // same time each need a name of their own.
    let name = format!("embed-{}", std::process::id());
    let holder = session.holder_open(&name, 60_000, Durability::Standard)?;
    for task in session.queue("thumbnails")?.claim(&holder, 10, None, Durability::Standard)? {
        println!("attempt {} at {}: {}", task.attempt, task.id, String::from_utf8_lossy(&task.payload));
        // A task whose work fails is given back with `retry` instead.
        session.queue("thumbnails")?.done(&task.receipt, None, Durability::Standard)?;
    }
    session.holder_end(&holder, Durability::Standard)?;
    Ok(())
}
