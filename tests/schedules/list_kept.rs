//! Task lists that are made shorter, swept, removed and made anew while others change them and look.

use super::deeds::{LONG, OLD, killed_before, kind};
use super::laws::walks;
use super::list_laws::{
    NOBODY, TIDY, claim, create, goes_on, held, listed, marked, nearly_long, new, subjects, sweep, update, watched,
};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::capability::Directory;
use leasehold_core::tasklist::{Filter, History, Update, Upkeep};
use leasehold_tests::sim::{Actor, Listings, Scenario, Verdict};

fn rename(a: &Actor, subject: &'static str) -> &'static str {
    kind(update(&a.lists().with_upkeep(TIDY), 1, &Update { subject: Some(subject), ..Update::default() }), "changed")
}

/// Hole 1, for the entries of a log: the sweeper lists, an entry is there, the swap names it, the sweeper unlinks it.
#[test]
fn an_entry_that_is_swept_while_it_is_named_is_never_missing() {
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        let world = listed(&[], 1);
        // Beside an entry that a killed change left.
        killed_before(&world, "rename tasks/l/", |w| {
            update(&w.lists(), 1, &Update { subject: Some("killed"), ..Update::default() })
        });
        let mut scenario = watched(Scenario::new(format!("changed twice and swept, {listings:?}"), &world))
            .actor("A", |a| rename(a, "first"))
            .then("A", |a, _| rename(a, "second"))
            .actor("W", sweep)
            .listings(listings)
            .crashes(1);
        // Where listings are whole there is room for another.
        let two = listings == Listings::Atomic;
        if two {
            scenario = scenario.actor("B", |a| create(a, &["y"]));
        }
        scenario
            .finally(move |view, ends| {
                let there = subjects(&view.world().lists()).map_err(|error| error.to_string())?;
                let made = if two { ends.of("B") } else { Some("2") };
                let (renamed, second) = there.split_once(' ').unwrap_or((&there, if two { "" } else { "y" }));
                match (ends.of("A"), made, ends.of("W")) {
                    (Some("changed"), Some("2"), Some("swept") | None) if (renamed, second) == ("second", "y") => {}
                    (Some("changed"), None, _) if renamed == "second" => {}
                    (None, Some("2"), _) if second == "y" => {}
                    other => return Err(format!("{other:?}, and {there:?} is there")),
                }
                goes_on(view)
            })
            .holds();
    }
}

/// A snapshot is made while others change the list and read it, from the beginning or from what they know: each sees what was
/// so at one time.
#[test]
fn a_list_that_is_made_shorter_is_read_whole() {
    for again in [false, true] {
        let world = nearly_long(&[], again);
        let before = subjects(&world.lists()).unwrap();
        let look = move |a: &Actor| {
            let lists = a.lists();
            let (known, again) = (subjects(&lists)?, subjects(&lists)?);
            subjects(&a.lists()).map(|fresh| format!("{known},{again},{fresh}"))
        };
        let rank = move |seen: &str| match seen {
            seen if seen == before => Some(0),
            "first" => Some(1),
            "second" => Some(2),
            _ => None,
        };
        let ranked = rank.clone();
        watched(Scenario::new(format!("a snapshot and a reader, another before it: {again}"), &world))
            .actor("A", |a| rename(a, "first"))
            .then("A", |a, words| if words == "changed" { rename(a, "second") } else { "unchanged" })
            .actor("R", look)
            .crashes(2)
            .finally(move |view, ends| {
                let left = subjects(&view.world().lists()).map_err(|error| error.to_string())?;
                let seen: Vec<&str> = ends.of("R").map(|seen| seen.split(',').collect()).unwrap_or_default();
                if seen.iter().any(|seen| ranked(seen).is_none()) || !seen.is_sorted_by_key(|seen| ranked(seen)) {
                    return Err(format!("{seen:?}"));
                }
                match (ends.of("A"), left.as_str()) {
                    (Some("changed"), "second") => goes_on(view),
                    (None, left) if ranked(left).is_some() => goes_on(view),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
        watched(Scenario::new(format!("a snapshot, a change and a sweep, another before it: {again}"), &world))
            .actor("A", |a| rename(a, "first"))
            .actor("B", |a| create(a, &["y"]))
            .actor("W", sweep)
            .crashes(1)
            .finally(move |view, ends| {
                let left = subjects(&view.world().lists()).map_err(|error| error.to_string())?;
                let (first, second) = left.split_once(' ').unwrap_or((&left, ""));
                let fine = |end: Option<&str>, is_made: bool| end.is_none() || is_made;
                if !fine(ends.of("A"), first == "first") || !fine(ends.of("B"), second == "y") {
                    return Err(format!("{:?} {:?}, and {left:?} is there", ends.of("A"), ends.of("B")));
                }
                goes_on(view)
            })
            .holds();
    }
}

/// Who reads the history while it goes on, from the beginning or page by page, misses nothing and sees nothing twice.
#[test]
fn a_history_is_read_whole_while_it_goes_on() {
    let world = nearly_long(&[], true);
    let whole = |a: &Actor, since: u64| match a.lists().history("l", since, 10_000) {
        Ok(History::Changes { changes, revision, more: false }) => {
            let is_sorted = changes.is_sorted_by(|one, next| one.revision < next.revision);
            let from = changes.first().map_or(0, |first| first.revision);
            format!("{} {is_sorted} {} {revision}", changes.len(), from > since)
        }
        other => format!("{other:?}"),
    };
    let History::Changes { changes, revision: known, .. } = world.lists().history("l", 0, 10_000).unwrap() else {
        panic!()
    };
    let count = changes.len();
    watched(Scenario::new("a history that goes on", &world))
        .actor("A", |a| rename(a, "first"))
        .then("A", |a, _| rename(a, "second"))
        .actor("R", move |a| whole(a, 0))
        .then("R", move |a, words| {
            let since = words.rsplit(' ').next().and_then(|since| since.parse().ok()).unwrap_or(known);
            format!("{words} / {}", whole(a, since))
        })
        .crashes(1)
        .finally(move |view, ends| {
            let Some(words) = ends.of("R") else { return goes_on(view) };
            let numbers: Vec<&str> = words.split([' ', '/']).filter(|word| !word.is_empty()).collect();
            match &numbers[..] {
                [first, "true", "true", _, second, "true", _, _] => {
                    let (first, second): (usize, usize) = (first.parse().unwrap(), second.parse().unwrap());
                    let most = first >= count && first + second <= count + 2;
                    if most { goes_on(view) } else { Err(words.to_owned()) }
                }
                _ => Err(words.to_owned()),
            }
        })
        .holds();
}

/// Asks for the history two changes at a time, from the beginning, or from where it is told that it goes on; answers what it
/// was told.
fn page_by_page(a: &Actor) -> String {
    let lists = a.lists();
    let (mut since, mut told) = (0, Vec::new());
    loop {
        match lists.history("l", since, 2) {
            Ok(History::Changes { changes, revision, more }) => {
                let revisions: Vec<String> = changes.iter().map(|change| change.revision.to_string()).collect();
                told.push(format!("{since}:{}:{more}", revisions.join(",")));
                if !more {
                    return told.join(" ");
                }
                since = revision;
            }
            Ok(History::TooOld { oldest }) if oldest > since => since = oldest,
            other => return format!("{other:?}"),
        }
    }
}

/// Whether each page tells all changes after the revision that was asked from, as many as it may, and the last one no less
/// than what was there before.
fn is_complete(told: &str, changes: &[u64], before: usize) -> Verdict {
    for page in told.split(' ') {
        let [since, revisions, more] = page.split(':').collect::<Vec<_>>()[..] else { return Err(told.to_owned()) };
        let since: u64 = since.parse().map_err(|_| told.to_owned())?;
        let revisions: Vec<u64> = revisions.split(',').filter_map(|revision| revision.parse().ok()).collect();
        let meant: Vec<u64> = changes.iter().copied().filter(|revision| *revision > since).collect();
        let there = changes[..before].iter().filter(|revision| **revision > since).count();
        let is_full = if more == "true" { revisions.len() == 2 } else { revisions.len() >= there };
        if !meant.starts_with(&revisions) || !is_full {
            return Err(format!("{page} of {meant:?}, in {told}"));
        }
    }
    Ok(())
}

/// Who reads the history page by page while others make it shorter is told all that was asked for, or that it is too old:
/// never silently less.
#[test]
fn a_history_that_is_made_shorter_is_told_whole_or_too_old() {
    const BRIEF: Upkeep = Upkeep { changes_min: 3, turns: 1, history_max: 4, history_min: 2 };
    let world = listed(&[], 1);
    let lists = world.lists();
    for subject in ["a", "b", "c", "d"] {
        update(&lists, 1, &Update { subject: Some(subject), ..Update::default() }).unwrap();
    }
    let History::Changes { changes, .. } = lists.history("l", 0, 10).unwrap() else { panic!() };
    let known: Vec<u64> = changes.iter().map(|change| change.revision).collect();
    let brief = |a: &Actor, subject| {
        let fields = Update { subject: Some(subject), ..Update::default() };
        kind(update(&a.lists().with_upkeep(BRIEF), 1, &fields), "changed")
    };
    let scene = |name: &str, two: bool| {
        let known = known.clone();
        let mut scenario = watched(Scenario::new(format!("a history that is made shorter, {name}"), &world))
            .actor("A", move |a| brief(a, "first"))
            .actor("R", page_by_page)
            .crashes(1);
        if two {
            scenario = scenario
                .then("A", move |a, _| brief(a, "second"))
                .actor("B", move |a| brief(a, "other"))
                .actor("W", sweep);
        }
        scenario.finally(move |view, ends| {
            let changes = [&known[..], &view.logged("change l")].concat();
            if let Some(told) = ends.of("R") {
                is_complete(told, &changes, known.len())?;
            }
            if ends.all_ended() && view.logged("forgetting l").is_empty() {
                return Err("nothing was forgotten".into());
            }
            goes_on(view)
        })
    };
    scene("read", false).holds();
    walks(scene("read, changed and swept", true), 2_000);
}

/// Two make a list shorter while it is changed: one snapshot is named, and what is forgotten is in it.
#[test]
fn two_who_make_a_list_shorter_at_once_forget_nothing_that_is_needed() {
    const BRIEF: Upkeep = Upkeep { changes_min: 2, turns: 1, history_max: 2, history_min: 1 };
    let brief = |a: &Actor, subject| {
        let fields = Update { subject: Some(subject), ..Update::default() };
        kind(update(&a.lists().with_upkeep(BRIEF), 1, &fields), "changed")
    };
    let scene = |with_reader: bool, listings: Listings| {
        let mut scenario =
            watched(Scenario::new(format!("two tidy up, read: {with_reader}, {listings:?}"), &listed(&[], 1)))
                .actor("A", move |a| brief(a, "a"))
                .actor("B", move |a| brief(a, "b"))
                .listings(listings)
                .crashes(1);
        if with_reader {
            scenario = scenario
                .actor("R", |a| subjects(&a.lists()))
                .then("R", |a, words| {
                    format!("{words} {}", subjects(&a.lists()).unwrap_or_else(|error| error.to_string()))
                })
                .actor("W", sweep);
        }
        scenario.finally(move |view, ends| {
            let is_fine = |word: &str| ["x", "a", "b"].contains(&word);
            let told = if with_reader { ends.of("R") } else { None };
            match told.filter(|told| !told.split(' ').all(is_fine)) {
                Some(told) => Err(told.to_owned()),
                None => goes_on(view),
            }
        })
    };
    scene(false, Listings::Atomic).holds();
    walks(scene(true, Listings::Atomic), 2_000);
    walks(scene(true, Listings::Btrfs), 1_000);
}

/// One is slow to make a list, which another makes, removes and looks for again meanwhile: a revision that it has seen is
/// that of no task of the later list.
#[test]
fn a_revision_of_a_list_that_was_removed_is_none_of_the_one_made_after_it() {
    let world = marked(&[]);
    killed_before(&world, "rename tasks/tmp/", |w| w.lists().create("l", &[new("slow")], NOBODY, Standard));
    let unborn = world.view(|view| view.names("tasks/tmp")).remove(0);
    world.lists().create("l", &[new("seen")], NOBODY, Standard).unwrap();
    let seen = world.lists().get("l", 1).unwrap().unwrap().revision;
    watched(Scenario::new("made slowly, while the list of that name is removed and changed", &world))
        .actor("S", move |a| {
            // What is left of the birth, which was begun before there was any.
            let dir = a.dir("tasks");
            match dir.open_dir("tmp").and_then(|tmp| tmp.rename(&unborn, &dir, "l")) {
                Ok(()) => create(a, &["slow"]),
                // There is a list already.
                Err(_) => Ok("late".to_owned()),
            }
        })
        .actor("A", move |a| {
            let lists = a.lists();
            lists.remove("l", Standard)?;
            let fields = Update { description: Some("decided"), if_revision: Some(seen), ..Update::default() };
            Ok::<_, Error>(kind(update(&lists, 1, &fields), "changed"))
        })
        .crashes(0)
        .finally(|view, ends| match ends.of("A") {
            Some("lost" | "not found") => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// A list is removed while one makes it anew and one claims of it: no id, no token and no revision of the old one comes back.
#[test]
fn a_list_that_is_removed_while_it_is_made_anew_is_gone_or_whole() {
    let scene = |name: &str, with: &str, listings: Listings| {
        let (world, old) = held(&["a", "b"], 1);
        let with: String = with.into();
        let mut scenario = watched(Scenario::new(format!("removed, {name}, {listings:?}"), &world))
            .actor("X", |a| kind(a.lists().remove("l", Standard), "removed"))
            .listings(listings)
            .crashes(1);
        if with.contains('C') {
            scenario = scenario.actor("C", |a| kind(a.lists().create("l", &[new("y")], NOBODY, Standard), "made"));
        }
        if with.contains('B') {
            scenario = scenario
                .actor("B", |a| {
                    kind(a.holders().attach("a", Standard).and_then(|holder| holder.end(Standard)), "ended")
                })
                .then("B", |a, _| claim(a, None));
        }
        scenario.finally(move |view, ends| {
            let token =
                if with.contains('B') { ends.of("B").and_then(|words| words.parse::<u64>().ok()) } else { None };
            if token.is_some_and(|token| token <= old) {
                return Err(format!("{token:?} follows {old}"));
            }
            let left =
                view.world().lists().list("l", Filter::default(), None, 10).map_err(|error| error.to_string())?;
            let there: Vec<&str> = left.tasks.iter().map(|task| task.subject.as_str()).collect();
            let made = if with.contains('C') { ends.of("C") } else { Some("none") };
            match (ends.of("X"), made, &there[..]) {
                (Some("removed"), Some("made"), ["y"] | []) | (Some("removed"), None, ["y"] | []) => {}
                (None, Some("made"), ["x", "y"] | ["y"] | []) | (None, None, ["x"] | ["x", "y"] | ["y"] | []) => {}
                (Some("removed"), Some("none"), []) | (None, Some("none"), ["x"] | []) => {}
                other => return Err(format!("{other:?}")),
            }
            goes_on(view)
        })
    };
    scene("and made anew", "C", Listings::Atomic).holds();
    scene("and claimed", "B", Listings::Atomic).holds();
    walks(scene("and made anew", "C", Listings::Mixed), 1_500);
    walks(scene("and claimed", "B", Listings::Mixed), 1_500);
    walks(scene("made anew and claimed", "CB", Listings::Btrfs), 3_000);
}

/// The birth of a list is swept as debris, since its maker was slow: it is made anew, whole.
#[test]
fn the_birth_of_a_list_that_is_swept_half_way_is_made_anew() {
    watched(Scenario::new("the birth of a list while tmp is swept", &marked(&[])))
        .actor("A", |a| create(a, &["a", "b"]))
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(0)
        .finally(|view, ends| match (ends.of("A"), subjects(&view.world().lists())) {
            (Some("1 2"), Ok(there)) if there == "a b" => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Two remove it, and one who was killed half-way before them: it is gone, whoever meets what is left.
#[test]
fn what_a_killed_remover_left_is_finished_by_who_meets_it() {
    for words in ["remove directory tasks/l/c.", "make directory tasks/floor", "unlink tasks/l/"] {
        let world = listed(&["a"], 1);
        world.advance(LONG / 2);
        killed_before(&world, words, |w| w.lists().remove("l", Standard));
        let scenario = watched(Scenario::new(format!("killed before: {words}"), &world))
            .actor("A", |a| create(a, &["y"]))
            .actor("X", |a| kind(a.lists().remove("l", Standard), "removed"))
            .actor("W", sweep)
            .crashes(1)
            .finally(|view, ends| match (ends.of("A"), ends.of("X"), ends.of("W")) {
                (Some("1") | None, Some("removed" | "not found") | None, Some("swept") | None) => goes_on(view),
                other => Err(format!("{other:?}")),
            });
        walks(scenario, 1_000);
    }
}
