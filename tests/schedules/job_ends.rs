//! The life of a job while all who may change it do at the same time: it is started under one supervisor, its end is
//! made once, and that a command ended by itself is said wherever its code stood before it was to be killed.

use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::capability::{Directory, File};
use leasehold_core::job::{EXIT_FILE, Job, JobSpec, JobState, Process, Reason};
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Act, Actor, Deed, Endings, Scenario, Verdict, View, World};

const WAITER: Process = Process { pid: 70, started: 700 };
const DEAD: Process = Process { pid: 60, started: 600 };

/// A supervisor of this actor.
fn this(actor: &Actor) -> Process {
    Process { pid: u32::from(actor.name().as_bytes()[0]), started: 1 }
}

/// A world with one job, in the state that `prepare` brings it to.
fn with_job(prepare: impl Fn(&World, &str)) -> (World, String) {
    let world = World::new();
    let spec = JobSpec { command: vec!["true".into()], notify: true, ..JobSpec::default() };
    let id = world.jobs().create(&spec, None, Standard).unwrap();
    prepare(&world, &id);
    (world, id)
}

fn running() -> (World, String) {
    with_job(|world, id| drop(world.jobs().start(id, WAITER, DEAD, Standard).unwrap()))
}

/// What became of a call.
fn told(result: Result<Job>) -> String {
    match result {
        Ok(job) => format!("{} {:?}", job.state.text(), job.exit_code),
        Err(Error::Lost(_)) => "lost".into(),
        Err(error) => error.to_string(),
    }
}

/// The waiter: leaves the code of a command that ended, by one rename.
fn leave_code(actor: &Actor, id: &str) -> Result<String> {
    let job = actor.jobs().get(id)?.ok_or_else(|| Error::NotFound("it".into()))?;
    let (_, content) = job.directory.split_once('/').unwrap();
    let files = actor.dir("jobs").open_dir(id).and_then(|dir| dir.open_dir(content)).unwrap();
    let file = files.create("exit.tmp").unwrap();
    file.write_at(b"7", 0).unwrap();
    files.rename("exit.tmp", &files, EXIT_FILE).unwrap();
    Ok("left".into())
}

/// Logs each state that the job gets into, and the moment of the exit code.
fn witness(act: &Act) -> Option<(String, u64)> {
    let to = act.to.as_deref().filter(|_| act.deed == Deed::Rename)?;
    let name = to.rsplit('/').next()?;
    if name == EXIT_FILE {
        return Some(("code".into(), 0));
    }
    let mut fields = name.split('.');
    let revision = u64::from_str_radix(fields.next()?, 32).ok()?;
    let state = fields.next()?;
    JobState::parse(state).map(|_| (format!("is {state}"), revision))
}

/// Each change is a revision of its own, nothing follows an end, and a code that stood first is the end.
fn goes_right(view: &View<'_>) -> Verdict {
    let log = view.log();
    let mut last: Option<(u64, &str)> = None;
    let (mut has_code, mut was_to_be_killed) = (false, false);
    for event in log {
        let Some(state) = event.what.strip_prefix("is ") else {
            has_code |= event.what == "code";
            continue;
        };
        if let Some((revision, before)) = last {
            if event.value != revision + 1 {
                return Err(format!("revision {} after {revision}", event.value));
            }
            if JobState::parse(before).is_some_and(JobState::is_terminal) && before != state {
                return Err(format!("{state} after {before}"));
            }
        }
        was_to_be_killed |= state == "killing";
        if state == "killed" && !was_to_be_killed {
            return Err("killed, and nobody had said that it was to be".into());
        }
        if state == "completed" || (state == "failed" && was_to_be_killed) {
            return Err(format!("{state}, with code 7, to be killed: {was_to_be_killed}, has code: {has_code}"));
        }
        last = Some((event.value, state));
    }
    Ok(())
}

/// All who were told of an end were told of the one that there is.
fn agrees(view: &View<'_>, ends: &Endings, id: &str, names: &[&str]) -> std::result::Result<Job, String> {
    let job = view.world().jobs().get(id).map_err(|error| error.to_string())?.ok_or("it is gone")?;
    let end = format!("{} {:?}", job.state.text(), job.exit_code);
    for words in names.iter().filter_map(|name| ends.of(name)) {
        let state = words.split(' ').next().and_then(JobState::parse);
        if state.is_some_and(JobState::is_terminal) && *words != end {
            return Err(format!("told {words:?}, and it is {end:?}"));
        }
    }
    Ok(job)
}

/// One kills it, its waiter leaves the code, and two who look settle it. The waiter is dead for sure once it has left it.
#[test]
fn an_end_is_made_once_and_is_the_commands_own_where_its_code_stood_first() {
    let (world, id) = running();
    let ids: Vec<String> = vec![id; 5];
    let [k, w, s, t, f]: [String; 5] = ids.try_into().unwrap();
    Scenario::new("killed, ended by itself and settled", &world)
        .observe(witness)
        .actor("K", move |a| told(a.jobs().kill(&k, Reason::Asked, Unsynced)))
        .actor("W", move |a| leave_code(a, &w))
        .actor("S", move |a| told(a.jobs().settle(&s, false, Unsynced)))
        .actor("T", move |a| told(a.jobs().settle(&t, false, Unsynced)))
        .crashes(1)
        .always(goes_right)
        .finally(move |view, ends| {
            agrees(view, ends, &f, &["K", "S", "T"])?;
            let jobs = view.world().jobs();
            let job = jobs.settle(&f, true, Unsynced).map_err(|error| error.to_string())?;
            let to_be_killed = !view.logged("is killing").is_empty();
            match (ends.of("K"), job.state, job.exit_code) {
                (_, JobState::Killed, Some(137)) if to_be_killed => Ok(()),
                (_, JobState::Failed, Some(7)) if !to_be_killed && ends.of("W").is_some() => Ok(()),
                // Both were cut off, or the waiter was.
                (None, JobState::Failed, Some(125)) if ends.of("W").is_none() && !to_be_killed => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// Its supervisor is dead: of those who adopt it one does, while another kills it.
#[test]
fn of_those_who_adopt_a_job_that_is_being_killed_one_does() {
    let (world, id) = running();
    let ids: Vec<String> = vec![id; 4];
    let [a, b, k, f]: [String; 4] = ids.try_into().unwrap();
    Scenario::new("adopted twice and killed", &world)
        .observe(witness)
        .actor("A", move |actor| told(actor.jobs().adopt(&a, Some(DEAD), this(actor), Unsynced)))
        .actor("B", move |actor| told(actor.jobs().adopt(&b, Some(DEAD), this(actor), Unsynced)))
        .actor("K", move |actor| told(actor.jobs().kill(&k, Reason::Timeout, Unsynced)))
        .crashes(1)
        .always(goes_right)
        .finally(move |view, ends| {
            let job = agrees(view, ends, &f, &[])?;
            let has = |name: &str| ends.of(name).is_some_and(|words| words != "lost");
            let expected = match (has("A"), has("B")) {
                (true, true) => return Err("two have adopted it".into()),
                (true, false) => Some(u32::from(b'A')),
                (false, true) => Some(u32::from(b'B')),
                (false, false) if ends.all_ended() => return Err("nobody has adopted it".into()),
                (false, false) => None,
            };
            let supervisor = job.supervisor.map(|process| process.pid);
            let right = expected.is_none() || supervisor == expected;
            let killed = ends.of("K").is_none() || job.state == JobState::Killing;
            if right && killed { Ok(()) } else { Err(format!("{supervisor:?} {:?}", job.state)) }
        })
        .holds();
}

/// Nobody came to start it for long: one who looks says that it never ran, while whoever was slow starts it, and one kills
/// it. Where it was said that it never ran, it was not started.
#[test]
fn a_job_is_started_or_said_to_have_never_run_and_not_both() {
    let (world, id) = with_job(|_, _| {});
    let ids: Vec<String> = vec![id; 4];
    let [s, l, k, f]: [String; 4] = ids.try_into().unwrap();
    Scenario::new("started late, given up and killed", &world)
        .observe(witness)
        .actor("S", move |a| {
            let jobs = a.jobs();
            told(jobs.adopt(&s, None, this(a), Unsynced).and_then(|_| jobs.start(&s, WAITER, this(a), Unsynced)))
        })
        .actor("L", move |a| {
            let jobs = a.jobs();
            told(jobs.adopt(&l, None, this(a), Unsynced).and_then(|_| jobs.settle(&l, true, Unsynced)))
        })
        .actor("K", move |a| told(a.jobs().kill(&k, Reason::Asked, Unsynced)))
        .crashes(1)
        .always(goes_right)
        .finally(move |view, ends| {
            let job = agrees(view, ends, &f, &["L"])?;
            let started = ends.of("S").is_some_and(|words| words.starts_with("running"));
            let given_up = ends.of("L").is_some_and(|words| words.starts_with("failed"));
            match (started, given_up, job.state) {
                (true, true, _) => Err("it was started, and said to have never run".into()),
                (true, _, JobState::Running | JobState::Killing) => Ok(()),
                (_, true, JobState::Failed) => Ok(()),
                (false, false, _) if !view.logged("is killing").is_empty() || !ends.all_ended() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}
