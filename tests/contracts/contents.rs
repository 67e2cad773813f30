//! A ref with more than one directory of content: one is what somebody has stored, and nobody can tell which.

use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::capability::Directory;
use leasehold_core::checkpoint::SaveOptions;
use leasehold_core::queue::{NewTask, OnDuplicate};
use leasehold_core::tasklist;
use leasehold_tests::sim::World;

/// The doctor moves neither of them, nor what they stand in; once the foreign one is gone, all is as it was.
fn is_left_alone(path: &str, make: &dyn Fn(&World), look: &dyn Fn(&World) -> Result<(), Error>) {
    // Sorted before and after the other.
    for foreign in ["c.0000000000000000", "c.vvvvvvvvvvvvvvvv"] {
        let world = World::new();
        make(&world);
        look(&world).unwrap();
        world.directory(&format!("{path}/{foreign}"));
        world.file(&format!("{path}/{foreign}/notes"), "mine");
        assert!(matches!(look(&world), Err(Error::Damaged(_))), "{path} {foreign}");
        let before = world.view(|view| view.tree());
        let found = world.maintenance().check().unwrap();
        assert_eq!(found.len(), 1, "{path} {foreign}: {found:?}");
        world.maintenance().quarantine().unwrap();
        assert_eq!(world.view(|view| view.tree()), before, "{path} {foreign}");
        world.dir(&format!("{path}/{foreign}")).unlink("notes").unwrap();
        world.dir(path).remove_dir(foreign).unwrap();
        look(&world).unwrap();
        assert!(world.maintenance().check().unwrap().is_empty());
    }
}

#[test]
fn a_list_with_two_logs_is_left_alone() {
    let make = |world: &World| {
        let task = tasklist::NewTask { subject: "a", ..tasklist::NewTask::default() };
        world.lists().create("l", &[task], tasklist::Author::default(), Standard).map(drop).unwrap();
    };
    let look = |world: &World| match world.lists().get("l", 1)? {
        Some(task) if task.subject == "a" => Ok(()),
        other => panic!("{other:?}"),
    };
    is_left_alone("tasks/l", &make, &look);
}

#[test]
fn a_run_with_two_directories_of_saves_is_left_alone() {
    let make = |world: &World| {
        world.checkpoints().save("r", b"content", &SaveOptions::default(), Standard).map(drop).unwrap();
    };
    let look = |world: &World| match world.checkpoints().load("r", None)? {
        Some(loaded) if loaded.content == b"content" => Ok(()),
        other => panic!("{other:?}"),
    };
    is_left_alone("checkpoint/r", &make, &look);
}

#[test]
fn a_task_with_two_directories_of_content_is_left_alone() {
    let make = |world: &World| {
        let task = NewTask { payload: b"content", id: Some("t"), ..NewTask::default() };
        world.queue("q").push(&[task], OnDuplicate::Refuse, Standard).map(drop).unwrap();
    };
    let look = |world: &World| match world.queue("q").peek("t") {
        Ok(task) if task.payload == b"content" => Ok(()),
        Err(error) => Err(error),
        other => panic!("{other:?}"),
    };
    is_left_alone("aristo/q-queue/ids/t", &make, &look);
}
