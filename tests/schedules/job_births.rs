//! Jobs that are made at the same time: never more than the limit, and never fewer for no reason.

use super::laws::walks;
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::job::{JobSpec, JobState};
use leasehold_tests::sim::{Actor, Endings, Listings, Scenario, Verdict, View, World};

fn spec() -> JobSpec {
    JobSpec { command: vec!["true".into()], ..JobSpec::default() }
}

/// Makes a job, and tells what came of it.
fn create(actor: &Actor, limit: u32) -> String {
    match actor.jobs().create(&spec(), Some(limit), Standard) {
        Ok(_) => "made".into(),
        Err(Error::Exhausted(why)) if why.contains("have not ended yet") => "refused".into(),
        Err(error) => error.to_string(),
    }
}

/// A world with a store of jobs, and some that have not ended.
fn with_jobs(unended: usize) -> World {
    let world = World::new();
    let ended = world.jobs().create(&spec(), None, Standard).unwrap();
    world.jobs().settle(&ended, true, Standard).unwrap();
    for _ in 0..unended {
        world.advance(1);
        world.jobs().create(&spec(), None, Standard).unwrap();
    }
    world.advance(1);
    world
}

/// How many jobs have not ended.
fn unended(view: &View<'_>) -> usize {
    let jobs = view.world().jobs().list(Some(JobState::Starting), None, 100).unwrap().jobs;
    jobs.len()
}

/// As many are there as were told so, no more than there may be, and nobody was refused while there was room.
fn fits(view: &View<'_>, ends: &Endings, before: usize, limit: usize) -> Verdict {
    let (made, refused, there) = (ends.count("made"), ends.count("refused"), unended(view));
    // One at most.
    let killed = usize::from(!ends.all_ended());
    if made + before > limit {
        return Err(format!("{made} were made beside {before}"));
    }
    if there < made + before || there > made + before + killed {
        return Err(format!("{made} were made beside {before}, and {there} are there"));
    }
    if killed == 0 && refused > 0 && made + before < limit {
        return Err(format!("{refused} were refused although only {made} were made beside {before}"));
    }
    Ok(())
}

/// Two create where there is room for one: one gets it, wherever the other is.
#[test]
fn of_two_who_create_a_job_where_there_is_room_for_one_one_does() {
    for (before, limit, crashes) in [(0, 1, 1), (1, 2, 0), (0, 2, 0)] {
        Scenario::new(format!("two create beside {before}, limit {limit}"), &with_jobs(before))
            .actor("A", move |a| create(a, limit))
            .actor("B", move |a| create(a, limit))
            .crashes(crashes)
            .finally(move |view, ends| fits(view, ends, before, limit as usize))
            .holds();
    }
}

/// The clock is put back between them: the later one has the smaller id.
#[test]
fn whatever_the_clock_says_there_are_no_more_jobs_than_the_limit() {
    Scenario::new("two create while the clock is put back", &with_jobs(0))
        .actor("A", |a| create(a, 1))
        .actor("B", |a| create(a, 1))
        .clock("clock", |c| c.jump(-3_600_000))
        .crashes(0)
        .finally(|view, ends| fits(view, ends, 0, 1))
        .holds();
    let world = with_jobs(0);
    world.jobs().create(&spec(), Some(1), Standard).unwrap();
    world.jump(-3_600_000);
    assert!(matches!(world.jobs().create(&spec(), Some(1), Standard), Err(Error::Exhausted(_))));
}

/// Three create where there is room for one or two, and listings are as bad as they can be.
#[test]
fn of_three_who_create_jobs_as_many_do_as_there_is_room_for() {
    for limit in [1, 2] {
        let scenario = Scenario::new(format!("three create, limit {limit}, Btrfs"), &with_jobs(0))
            .actor("A", move |a| create(a, limit))
            .actor("B", move |a| create(a, limit))
            .actor("C", move |a| create(a, limit))
            .listings(Listings::Btrfs)
            .crashes(1)
            .finally(move |view, ends| fits(view, ends, 0, limit as usize));
        walks(scenario, 4_000);
    }
}
