//! What the record of a job promises. What runs and dies is played here; the bugs of the source system are named F1 to
//! F10 as in `docs/contracts.md`.

use super::support::{MINUTE_MS, remove};
use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::Error;
use leasehold_core::capability::Directory;
use leasehold_core::job::{Job, JobSpec, JobState, Jobs, Process, Reason};
use leasehold_tests::sim::{Scenario, SimDirectory, World};

const WAITER: Process = Process { pid: 70, started: 700 };
const SUPERVISOR: Process = Process { pid: 60, started: 600 };
const OTHER: Process = Process { pid: 61, started: 610 };

fn spec() -> JobSpec {
    JobSpec { command: vec!["true".into()], notify: true, ..JobSpec::default() }
}

fn running(jobs: &Jobs<SimDirectory>) -> Job {
    let id = jobs.create(&spec(), None, Standard).unwrap();
    jobs.start(&id, WAITER, SUPERVISOR, Standard).unwrap()
}

/// What the process that waits for the command does when that ends.
fn leave_marker(world: &World, job: &Job, code: &str) {
    world.file(&format!("jobs/{}/exit", job.directory), code);
}

fn states(job: &Job) -> (JobState, Option<u8>, Reason) {
    (job.state, job.exit_code, job.reason)
}

#[test]
fn a_job_goes_from_starting_to_running_to_its_end() {
    let world = World::new();
    let jobs = world.jobs();
    let id = jobs.create(&spec(), None, Standard).unwrap();
    assert_eq!(jobs.get(&id).unwrap().unwrap().state, JobState::Starting);
    let job = jobs.start(&id, WAITER, SUPERVISOR, Standard).unwrap();
    assert_eq!((job.state, job.process, job.supervisor), (JobState::Running, Some(WAITER), Some(SUPERVISOR)));
    assert_eq!(jobs.settle(&id, false, Standard).unwrap().state, JobState::Running);
    leave_marker(&world, &job, "0");
    assert_eq!(states(&jobs.settle(&id, false, Standard).unwrap()), (JobState::Completed, Some(0), Reason::None));
    let job = running(&jobs);
    leave_marker(&world, &job, "3\n");
    assert_eq!(states(&jobs.settle(&job.id, true, Standard).unwrap()), (JobState::Failed, Some(3), Reason::None));
}

/// F1: an end was overwritten by another.
#[test]
fn an_end_never_changes() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    jobs.kill(&job.id, Reason::Asked, Standard).unwrap();
    let killed = jobs.settle(&job.id, true, Standard).unwrap();
    assert_eq!(states(&killed), (JobState::Killed, Some(137), Reason::Asked));
    leave_marker(&world, &job, "0");
    for same in [
        jobs.settle(&job.id, true, Standard).unwrap(),
        jobs.kill(&job.id, Reason::Timeout, Standard).unwrap(),
        jobs.fail(&job.id, Reason::Spawn, Standard).unwrap(),
    ] {
        assert_eq!(same, killed);
    }
    assert!(matches!(jobs.start(&job.id, WAITER, SUPERVISOR, Standard), Err(Error::Lost(_))));
    assert!(matches!(jobs.adopt(&job.id, Some(SUPERVISOR), OTHER, Standard), Err(Error::Lost(_))));
}

/// F1, as a race: of a kill and an end, and of two who settle, one makes the end and the others see it.
#[test]
fn of_racing_ends_one_is_made_and_all_see_it() {
    let world = World::new();
    let id = running(&world.jobs()).id;
    let (a, b, c) = (id.clone(), id.clone(), id.clone());
    let tell = |job: leasehold_core::Result<Job>| job.map(|job| job.state.text().to_owned());
    Scenario::new("racing ends", &world)
        .actor("K", move |w| {
            w.jobs()
                .kill(&a, Reason::Timeout, Unsynced)
                .and_then(|_| w.jobs().settle(&a, true, Unsynced))
                .map(|job| job.state.text().to_owned())
        })
        .actor("L", move |w| tell(w.jobs().settle(&b, true, Unsynced)))
        .crashes(1)
        .finally(move |view, ends| {
            let end = view.world().jobs().settle(&c, true, Unsynced).map_err(|error| error.to_string())?;
            let seen = [ends.of("K"), ends.of("L")];
            if seen.iter().flatten().all(|seen| *seen == end.state.text()) {
                Ok(())
            } else {
                Err(format!("{seen:?} {end:?}"))
            }
        })
        .holds();
}

/// F3: a kill replaced the code of a command that had ended by itself. F4: it was judged by age before the marker.
#[test]
fn a_command_that_had_ended_by_itself_was_not_killed() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    leave_marker(&world, &job, "7");
    world.advance(48 * 60 * MINUTE_MS);
    let job = jobs.kill(&job.id, Reason::Timeout, Standard).unwrap();
    assert_eq!(states(&job), (JobState::Failed, Some(7), Reason::None));
}

/// F4: a job that had run for a day was called dead, and its code never looked for.
#[test]
fn a_job_that_runs_for_days_is_not_called_dead() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    for _ in 0..3 {
        world.advance(24 * 60 * MINUTE_MS);
        world.maintenance().sweep(MINUTE_MS).unwrap();
        assert_eq!(jobs.collect(0).unwrap(), 0);
        assert_eq!(states(&jobs.settle(&job.id, false, Standard).unwrap()), (JobState::Running, None, Reason::None));
    }
    leave_marker(&world, &job, "0");
    assert_eq!(states(&jobs.settle(&job.id, true, Standard).unwrap()), (JobState::Completed, Some(0), Reason::None));
}

/// F9: where records were looked for depended on which directories existed, so that making or removing one hid them.
#[test]
fn records_stand_in_one_place_whatever_directories_come_and_go() {
    let world = World::new();
    let before = running(&world.jobs());
    // What somebody else puts beside them, or clears away.
    world.directory("jobs/harness/0123456789abcdef");
    world.directory("harness");
    remove(&world, "jobs/tmp");
    let after = running(&world.jobs());
    remove(&world, "jobs/harness");
    remove(&world, "jobs/tmp");
    let jobs = world.jobs();
    let listed: Vec<_> = jobs.list(None, None, 10).unwrap().jobs.into_iter().map(|job| job.id).collect();
    assert_eq!(listed, [before.id.clone(), after.id.clone()]);
    for job in [&before, &after] {
        leave_marker(&world, job, "0");
        assert_eq!(jobs.settle(&job.id, true, Standard).unwrap().state, JobState::Completed);
        assert!(world.view(|view| view.exists(&format!("jobs/{}/exit", job.directory))));
    }
}

#[test]
fn a_kill_beats_an_exit_that_comes_after_it() {
    let world = World::new();
    let jobs = world.jobs();
    for (reason, end) in [
        (Reason::Asked, (JobState::Killed, Some(137), Reason::Asked)),
        (Reason::Timeout, (JobState::TimedOut, Some(124), Reason::Timeout)),
        (Reason::Output, (JobState::Killed, Some(137), Reason::Output)),
    ] {
        let job = running(&jobs);
        assert_eq!(jobs.kill(&job.id, reason, Standard).unwrap().state, JobState::Killing);
        leave_marker(&world, &job, "143");
        assert_eq!(states(&jobs.settle(&job.id, false, Standard).unwrap()), end);
    }
}

/// F5: a process was found dead between its marker's absence and its look at it. F6: a command that ran was taken for
/// one that never started.
#[test]
fn a_process_that_is_gone_has_left_its_marker_or_is_lost() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    leave_marker(&world, &job, "0");
    assert_eq!(jobs.settle(&job.id, true, Standard).unwrap().state, JobState::Completed);
    let job = running(&jobs);
    leave_marker(&world, &job, "nonsense");
    assert_eq!(states(&jobs.settle(&job.id, true, Standard).unwrap()), (JobState::Failed, Some(125), Reason::Lost));
    let id = jobs.create(&spec(), None, Standard).unwrap();
    assert_eq!(states(&jobs.settle(&id, true, Standard).unwrap()), (JobState::Failed, Some(125), Reason::Spawn));
    assert!(matches!(jobs.start(&id, WAITER, SUPERVISOR, Standard), Err(Error::Lost(_))));
}

#[test]
fn a_marker_that_is_no_file_says_nothing() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    world.directory(&format!("jobs/{}/exit", job.directory));
    assert_eq!(jobs.settle(&job.id, false, Standard).unwrap().state, JobState::Running);
    assert_eq!(jobs.kill(&job.id, Reason::Asked, Standard).unwrap().state, JobState::Killing);
    assert_eq!(states(&jobs.settle(&job.id, true, Standard).unwrap()), (JobState::Killed, Some(137), Reason::Asked));
}

/// Whoever judges a job that nobody starts adopts it first, so that one who was only slow does not start it after all.
#[test]
fn a_job_that_another_has_adopted_is_not_started() {
    let world = World::new();
    let jobs = world.jobs();
    let id = jobs.create(&spec(), None, Standard).unwrap();
    jobs.adopt(&id, None, OTHER, Standard).unwrap();
    assert!(matches!(jobs.start(&id, WAITER, SUPERVISOR, Standard), Err(Error::Lost(_))));
    assert_eq!(jobs.start(&id, WAITER, OTHER, Standard).unwrap().supervisor, Some(OTHER));
}

#[test]
fn of_those_who_adopt_a_job_one_does() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    assert_eq!(jobs.adopt(&job.id, Some(SUPERVISOR), OTHER, Standard).unwrap().supervisor, Some(OTHER));
    let third = Process { pid: 62, started: 620 };
    assert!(matches!(jobs.adopt(&job.id, Some(SUPERVISOR), third, Standard), Err(Error::Lost(_))));
}

#[test]
fn an_end_is_told_until_it_is_acknowledged_and_again_when_it_is_promoted() {
    let world = World::new();
    let jobs = world.jobs();
    let told = || jobs.events(None, 10).unwrap().jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    let job = running(&jobs);
    assert!(told().is_empty());
    assert!(matches!(jobs.acknowledge(&job.id, Standard), Err(Error::InvalidArgument(_))));
    leave_marker(&world, &job, "0");
    jobs.settle(&job.id, false, Standard).unwrap();
    assert_eq!(told(), std::slice::from_ref(&job.id));
    assert_eq!(world.jobs().events(None, 10).unwrap().jobs.len(), 1, "looking acknowledges nothing");
    jobs.acknowledge(&job.id, Standard).unwrap();
    jobs.acknowledge(&job.id, Standard).unwrap();
    assert!(told().is_empty());
    jobs.promote(&job.id, Standard).unwrap();
    assert_eq!(told(), [job.id]);
}

/// F8, F10: what was never told is never collected, and what is collected goes with all its files.
#[test]
fn only_what_was_told_is_collected() {
    let world = World::new();
    let jobs = world.jobs();
    let (due, quiet, live) = (running(&jobs), running(&jobs), running(&jobs));
    for job in [&due, &quiet] {
        leave_marker(&world, job, "0");
        jobs.settle(&job.id, false, Standard).unwrap();
    }
    jobs.acknowledge(&quiet.id, Standard).unwrap();
    assert_eq!(jobs.collect(MINUTE_MS).unwrap(), 0, "too young");
    world.advance(MINUTE_MS);
    assert_eq!(jobs.collect(MINUTE_MS).unwrap(), 1);
    assert!(jobs.get(&quiet.id).unwrap().is_none());
    assert!(!world.view(|view| view.exists(&format!("jobs/{}", quiet.id))));
    assert_eq!(jobs.get(&due.id).unwrap().unwrap().state, JobState::Completed);
    assert_eq!(jobs.get(&live.id).unwrap().unwrap().state, JobState::Running);
}

/// F10: an older binary put what a newer one had written into quarantine.
#[test]
fn what_a_later_version_has_made_is_left_alone_and_reported() {
    let world = World::new();
    let jobs = world.jobs();
    let job = running(&jobs);
    world.dir(&format!("jobs/{}", job.directory)).unlink("spec").unwrap();
    world.file(&format!("jobs/{}/spec", job.directory), r#"{"version":9,"command":{"elsewhere":true}}"#);
    assert!(matches!(jobs.get(&job.id), Err(Error::Unsupported(_))));
    assert!(matches!(jobs.settle(&job.id, true, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(jobs.kill(&job.id, Reason::Asked, Standard), Err(Error::Unsupported(_))));
    world.advance(MINUTE_MS);
    assert_eq!(world.maintenance().quarantine().unwrap(), []);
    let findings = world.maintenance().check().unwrap();
    assert!(findings.iter().any(|finding| finding.problem.contains("later version")), "{findings:?}");
}

#[test]
fn no_more_jobs_than_the_limit_run_at_once() {
    let world = World::new();
    let jobs = world.jobs();
    let first = jobs.create(&spec(), Some(2), Standard).unwrap();
    world.advance(1);
    jobs.create(&spec(), Some(2), Standard).unwrap();
    world.advance(1);
    assert!(matches!(jobs.create(&spec(), Some(2), Standard), Err(Error::Exhausted(_))));
    assert_eq!(jobs.list(None, None, 10).unwrap().jobs.len(), 2, "the third was withdrawn");
    jobs.settle(&first, true, Standard).unwrap();
    jobs.create(&spec(), Some(2), Standard).unwrap();
}

/// The state of a job is its name: what is damaged beneath it hinders neither its end nor others.
#[test]
fn a_job_whose_files_are_gone_can_be_ended_and_is_put_aside_after_that() {
    let world = World::new();
    let jobs = world.jobs();
    let (job, bad) = (running(&jobs), running(&jobs));
    let dir = world.dir(&format!("jobs/{}", job.id));
    dir.rename(&format!("c.{}", content_of(&job)), &world.dir("jobs/tmp"), "gone").unwrap();
    world.dir(&format!("jobs/{}", bad.directory)).unlink("spec").unwrap();
    world.file(&format!("jobs/{}/spec", bad.directory), "no line of JSON");
    for job in [&job, &bad] {
        assert!(matches!(jobs.get(&job.id), Err(Error::Damaged(_))));
        assert!(matches!(jobs.create(&spec(), Some(1), Standard), Err(Error::Exhausted(_))));
        assert_eq!(world.maintenance().quarantine().unwrap(), [], "it may well run");
        let adopted = jobs.adopt(&job.id, Some(SUPERVISOR), OTHER, Standard).unwrap();
        assert_eq!((adopted.process, adopted.supervisor), (Some(WAITER), Some(OTHER)));
        assert_eq!(jobs.kill(&job.id, Reason::Asked, Standard).unwrap().state, JobState::Killing);
        let killed = jobs.settle(&job.id, true, Standard).unwrap();
        assert_eq!(states(&killed), (JobState::Killed, Some(137), Reason::Asked));
        let moved = world.maintenance().quarantine().unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert!(moved[0].path.ends_with(&job.id), "{moved:?}");
        assert!(jobs.get(&job.id).unwrap().is_none());
    }
    jobs.create(&spec(), Some(1), Standard).unwrap();
}

fn content_of(job: &Job) -> &str {
    job.directory.rsplit_once("/c.").unwrap().1
}

/// F10: an older version took a name with a word that it did not know for debris, while its job ran.
#[test]
fn a_name_with_words_of_a_later_version_is_left_alone_and_reported() {
    for (word, later) in
        [(".-.", ".reboot."), (".running.", ".paused."), (".d.", ".quiet."), (".running.", ".running-on.")]
    {
        let world = World::new();
        let jobs = world.jobs();
        let job = running(&jobs);
        let dir = world.dir(&format!("jobs/{}", job.id));
        let name = world.view(|view| {
            let mut names = view.names(&format!("jobs/{}", job.id));
            names.retain(|name| !name.starts_with("c."));
            names.remove(0).to_string()
        });
        let renamed = name.replacen(word, later, 1) + ".more";
        dir.rename(&name, &dir, &renamed).unwrap();
        assert!(matches!(jobs.get(&job.id), Err(Error::Unsupported(_))), "{renamed}");
        assert!(matches!(jobs.settle(&job.id, true, Standard), Err(Error::Unsupported(_))));
        assert!(matches!(jobs.kill(&job.id, Reason::Asked, Standard), Err(Error::Unsupported(_))));
        assert!(matches!(jobs.create(&spec(), Some(1), Standard), Err(Error::Exhausted(_))), "it may well run");
        world.advance(MINUTE_MS);
        assert_eq!(world.maintenance().quarantine().unwrap(), []);
        assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 0);
        let findings = world.maintenance().check().unwrap();
        assert!(findings.iter().any(|finding| finding.problem.contains("later version")), "{findings:?}");
        assert!(world.view(|view| view.exists(&format!("jobs/{}/{renamed}", job.id))));
    }
}

/// Some characters take six bytes in JSON.
#[test]
fn a_command_that_could_not_be_read_again_is_refused() {
    let world = World::new();
    let jobs = world.jobs();
    let of = |count, text: &str| JobSpec { command: vec![text.into(); count], ..JobSpec::default() };
    for (count, text) in [(125_000, "\u{1}"), (1, "\u{1}".repeat(131_072).as_str()), (100_000, "abc")] {
        match jobs.create(&of(count, text), None, Standard) {
            Ok(id) => assert_eq!(jobs.get(&id).unwrap().unwrap().spec.command.len(), count),
            Err(error) => assert!(matches!(error, Error::TooLarge(_)), "{error}"),
        }
    }
    assert!(matches!(jobs.create(&of(125_000, "\u{1}"), None, Standard), Err(Error::TooLarge(_))));
    let id = jobs.create(&of(1, &"\u{1}".repeat(131_072)), None, Standard).unwrap();
    assert_eq!(jobs.get(&id).unwrap().unwrap().spec.command[0].len(), 131_072);
}

/// Instances have little memory.
#[test]
fn a_page_of_jobs_with_long_commands_is_short_and_none_is_left_out() {
    let world = World::new();
    let jobs = world.jobs();
    let long = JobSpec { command: vec!["x".into(); 20_000], ..JobSpec::default() };
    let mut ids: Vec<_> = (0..5).map(|_| jobs.create(&long, None, Standard).unwrap()).collect();
    ids.sort_unstable();
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = jobs.list(None, cursor.as_deref(), 1_000).unwrap();
        assert!((1..=2).contains(&page.jobs.len()), "{}", page.jobs.len());
        listed.extend(page.jobs.into_iter().map(|job| job.id));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
}

#[test]
fn what_is_no_job_takes_nobodys_room() {
    let world = World::new();
    let jobs = world.jobs();
    jobs.settle(&jobs.create(&spec(), None, Standard).unwrap(), true, Standard).unwrap();
    world.file("jobs/00-readme", "");
    world.file("jobs/0123456789abcdef", "");
    world.link("jobs/0123456789abcdeg", "elsewhere");
    jobs.create(&spec(), Some(1), Standard).unwrap();
    world.directory("jobs/0123456789abcdeh/c.0123456789abcdef");
    assert!(matches!(jobs.create(&spec(), Some(2), Standard), Err(Error::Exhausted(_))), "it may well run");
}

/// F6: whatever is started is on record before, so a crash leaves nothing that runs unknown.
#[test]
fn a_job_is_whole_or_not_there_whenever_its_maker_is_killed() {
    let world = World::new();
    Scenario::new("the birth of a job", &world)
        .actor("M", |w| w.jobs().create(&spec(), None, Standard).map(|_| "made"))
        .actor("S", |w| w.maintenance().sweep(MINUTE_MS))
        .crashes(1)
        .finally(|view, ends| {
            let jobs = view.world().jobs().list(None, None, 10).map_err(|error| error.to_string())?.jobs;
            match (ends.of("M"), jobs.as_slice()) {
                (Some("made"), [job]) | (None, [job]) if job.state == JobState::Starting && job.spec == spec() => {
                    Ok(())
                }
                (None, []) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}
