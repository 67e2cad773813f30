//! Task lists that are made shorter, swept, removed and made anew while others change them and look.

use super::deeds::{LONG, OLD, killed_before, kind};
use super::laws::walks;
use super::list_laws::{
    NOBODY, claim, create, goes_on, held, listed, marked, nearly_long, new, subjects, sweep, update, watched,
};
use leasehold_core::Durability::Standard;
use leasehold_core::tasklist::{Filter, History, Update};
use leasehold_tests::sim::{Actor, Listings, Scenario};

fn rename(a: &Actor, subject: &'static str) -> &'static str {
    kind(update(&a.lists(), 1, &Update { subject: Some(subject), ..Update::default() }), "changed")
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
