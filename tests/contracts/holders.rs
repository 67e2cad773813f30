use crate::support::MINUTE_MS;
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_tests::sim::World;

#[test]
fn each_opening_is_a_later_epoch_and_the_earlier_one_is_lost() {
    let world = World::new();
    let first = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    let second = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    assert!(second.epoch() > first.epoch());
    assert!(matches!(first.renew(Standard), Err(Error::Lost(_))));
    assert!(matches!(first.end(Standard), Err(Error::Lost(_))));
    second.renew(Standard).unwrap();
}

#[test]
fn joining_renews_and_keeps_the_epoch() {
    let world = World::new();
    let first = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    world.advance(MINUTE_MS - 1);
    let second = world.holders().attach("w", Standard).unwrap();
    assert_eq!(second.epoch(), first.epoch());
    world.advance(MINUTE_MS - 1);
    let third = world.holders().ensure("w", 5, Standard).unwrap();
    assert_eq!(third.epoch(), first.epoch());
    assert!(first.renew(Standard).is_ok(), "the handle that was used first still works");
}

#[test]
fn there_is_nothing_to_join_where_none_lives() {
    let world = World::new();
    assert!(matches!(world.holders().attach("w", Standard), Err(Error::NotFound(_))));
    let holder = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    holder.end(Standard).unwrap();
    assert!(matches!(world.holders().attach("w", Standard), Err(Error::NotFound(_))));
    let later = world.holders().ensure("w", MINUTE_MS, Standard).unwrap();
    assert!(later.epoch() > holder.epoch());
    world.advance(MINUTE_MS + 1);
    assert!(matches!(world.holders().attach("w", Standard), Err(Error::NotFound(_))));
}

#[test]
fn a_late_holder_that_nobody_declared_dead_may_still_renew() {
    let world = World::new();
    let holder = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    world.advance(2 * MINUTE_MS);
    assert!(!world.holders().list().unwrap()[0].alive);
    holder.renew(Standard).unwrap();
    assert!(world.holders().list().unwrap()[0].alive);
}

#[test]
fn an_epoch_never_falls_even_when_the_clock_does_and_the_record_is_swept() {
    let world = World::new();
    let holder = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    holder.end(Standard).unwrap();
    world.advance(10 * MINUTE_MS);
    assert_eq!(world.maintenance().sweep(5 * MINUTE_MS).unwrap(), 1);
    assert!(world.holders().list().unwrap().is_empty());
    world.set_wall(5);
    let later = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    assert!(later.epoch() > holder.epoch());
}

#[test]
fn names_that_cannot_be_and_times_that_make_no_sense_change_nothing() {
    let world = World::new();
    let before = world.view(|view| view.tree());
    for name in ["", ".", "..", "a/b", "a\\b", "a\0b", &"x".repeat(10_000)] {
        assert!(matches!(world.holders().open(name, 1, Standard), Err(Error::InvalidName(_))));
        assert!(matches!(world.holders().ensure(name, 1, Standard), Err(Error::InvalidName(_))));
        assert!(matches!(world.holders().attach(name, Standard), Err(Error::InvalidName(_))));
    }
    assert!(matches!(world.holders().open("w", 0, Standard), Err(Error::InvalidArgument(_))));
    assert!(matches!(world.holders().open("w", u64::MAX, Standard), Err(Error::InvalidArgument(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn any_legal_name_is_listed_as_it_was_given() {
    let world = World::new();
    let mut names = vec![
        "plain".to_string(),
        "With Case".into(),
        "with case".into(),
        "größe:7.toml".into(),
        "tmp".into(),
        "format".into(),
        "con".into(),
        "x".repeat(255),
        "é".repeat(127),
        "%41".into(),
    ];
    for name in &names {
        world.holders().open(name, MINUTE_MS, Standard).unwrap();
    }
    names.sort();
    let listed: Vec<String> = world.holders().list().unwrap().into_iter().map(|state| state.name).collect();
    assert_eq!(listed, names);
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn a_store_of_another_version_is_refused_and_not_touched() {
    let world = World::new();
    world.file("holders/format", b"leasehold holders 2\n");
    let before = world.view(|view| view.tree());
    let refused = world.holders().open("w", MINUTE_MS, Standard).unwrap_err();
    assert!(matches!(&refused, Error::Unsupported(text) if text.contains("leasehold holders 2")), "{refused}");
    assert!(matches!(world.holders().list(), Err(Error::Unsupported(_))));
    assert!(matches!(world.maintenance().sweep(MINUTE_MS), Err(Error::Unsupported(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn an_epoch_that_was_ended_through_a_handle_is_over_for_that_handle_too() {
    let world = World::new();
    let holder = world.holders().open("w", MINUTE_MS, Standard).unwrap();
    holder.end(Standard).unwrap();
    assert!(matches!(holder.renew(Standard), Err(Error::Lost(_))));
    assert!(matches!(holder.end(Standard), Err(Error::Lost(_))));
    assert!(!world.holders().list().unwrap()[0].alive);
}
