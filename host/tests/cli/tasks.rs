//! Task lists: what is made is there once, one has it at a time, and what waits is not handed out.

use crate::place::{Place, json};
use serde_json::{Value, json};
use std::fs;

pub(crate) fn show(place: &Place, list: &str, id: &str) -> Value {
    json(&place.ok(&["task", "show", list, id, "--json"]))
}

/// The lines of an answer in JSON.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

/// Claims what cannot be claimed; answers why.
fn refused_claim(place: &Place, arguments: &[&str]) -> Value {
    let claim = [&["task", "claim"], arguments, &["--json"]].concat();
    let answer = place.run(&claim);
    json(&answer.expect(1, &claim))
}

#[test]
fn a_task_is_what_it_was_made_as() {
    for place in Place::both() {
        assert_eq!(place.ok(&["task", "new", "l", "first"]), "1");
        let new = [
            "task",
            "new",
            "l",
            "second \u{1f980}",
            "--description",
            "two\nlines",
            "--active-form",
            "seconding",
            "--priority",
            "2",
            "--blocked-by",
            "1",
            "--metadata",
            "{\"b\":[1.5,null]}",
            "--by",
            "ada",
            "--json",
        ];
        assert_eq!(json(&place.ok(&new)), json!({ "id": 2 }));
        let task = show(&place, "l", "2");
        let expected = json!({
            "id": 2, "subject": "second \u{1f980}", "description": "two\nlines", "active_form": "seconding",
            "status": "pending", "priority": 2, "owner": null, "alive": false, "blocked_by": [1], "unresolved": [1],
            "blocks": [], "metadata": { "b": [1.5, null] },
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&task[key], value, "{key}");
        }
        assert!(task["created"].is_u64() && task["created"] == task["updated"] && task["revision"].is_u64());
        assert_eq!(show(&place, "l", "1")["blocks"], json!([2]));
        let text = place.ok(&["task", "show", "l", "2"]);
        assert!(text.contains("subject: second \u{1f980}\nstatus: pending\n"), "{text}");
        assert!(text.ends_with("\n\ntwo\nlines"), "{text}");
    }
}

#[test]
fn ids_count_on_whatever_becomes_of_the_tasks() {
    for place in Place::both() {
        for id in ["1", "2", "3"] {
            assert_eq!(place.ok(&["task", "new", "l", "x"]), id);
        }
        assert_eq!(place.ok(&["task", "rm", "l", "3"]), "");
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "4");
        assert_eq!(show(&place, "l", "3")["status"], "deleted");
        assert_eq!(place.ok(&["task", "reset", "l"]), "3");
        assert_eq!(place.ok(&["task", "ls", "l", "--all"]), "");
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "5");
        place.ok(&["task", "remove-list", "l"]);
        assert_eq!(place.ok(&["task", "lists"]), "");
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "1");
    }
}

#[test]
fn a_list_is_made_once_and_says_what_it_is_for() {
    for place in Place::both() {
        let about = || json(&place.ok(&["task", "lists", "--json"]));
        assert_eq!(place.ok(&["task", "ensure", "l", "--by", "ada"]), "");
        let first = about();
        assert_eq!(
            (&first["list"], &first["created_by"], &first["metadata"]),
            (&json!("l"), &json!("ada"), &json!({}))
        );
        assert_eq!(first["pending"], 0);
        let ensure = ["task", "ensure", "l", "--metadata", "{\"a\":1,\"b\":[2]}", "--seen", "bob", "--json"];
        assert_eq!(json(&place.ok(&ensure)), json!({ "list": "l", "state": "there" }));
        let before = place.snapshot();
        place.ok(&ensure);
        place.ok(&["task", "ensure", "l", "--by", "eve", "--metadata", "{\"c\":null}"]);
        assert_eq!(place.snapshot(), before);
        place.ok(&["task", "ensure", "l", "--metadata", "{\"a\":null,\"b\":3}", "--seen", "cid", "--no-sync"]);
        let now = about();
        assert_eq!((&now["metadata"], &now["seen"]), (&json!({ "b": 3 }), &json!(["bob", "cid"])));
        assert_eq!((&now["created"], &now["created_by"]), (&first["created"], &json!("ada")));
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "1");
        for name in 0..12 {
            place.ok(&["task", "ensure", "l", "--seen", &format!("n{name}")]);
        }
        let seen: Vec<String> = (2..12).map(|name| format!("n{name}")).collect();
        assert_eq!(about()["seen"], json!(seen));
    }
}

#[test]
fn a_batch_is_made_whole_with_tasks_that_wait_for_each_other() {
    for place in Place::both() {
        let batch = ["task", "batch", "l"];
        let text = r#"[{"subject":"a"},{"subject":"b","blocked_by_new":[0],"priority":0,"metadata":{"k":"v"}}]"#;
        assert_eq!(place.run_with_input(&batch, text.as_bytes()).expect(0, &batch), "1\n2");
        fs::write(place.path().join("more"), "{\"subject\":\"c\",\"blocked_by\":[2]}\n{\"subject\":\"d\"}\n").unwrap();
        let printed = place.ok(&["task", "batch", "l", "more", "--by", "ada", "--json"]);
        assert_eq!(lines(&printed), [json!({ "id": 3 }), json!({ "id": 4 })]);
        assert_eq!(show(&place, "l", "2")["metadata"], json!({ "k": "v" }));
        assert_eq!(show(&place, "l", "3")["unresolved"], json!([2]));
        let change = json(place.ok(&["task", "history", "l", "--json"]).lines().last().unwrap());
        assert_eq!((&change["by"], change["events"].as_array().unwrap().len()), (&json!("ada"), 2));
        assert_eq!(place.run_with_input(&batch, b"[]").expect(0, &batch), "");

        let before = place.snapshot();
        let one_is_wrong = [
            (2, r#"[{"subject":"e"},{"subject":" "}]"#),
            (2, r#"[{"subject":"e"},{"subject":"f","blocked_by_new":[1]},{"subject":"g","blocked_by_new":[9]}]"#),
            (2, r#"[{"subject":"e","blocked_by_new":[1]},{"subject":"f","blocked_by_new":[0]}]"#),
            (2, r#"[{"subject":"e","priority":10}]"#),
            (1, r#"[{"subject":"e"},{"subject":"f","blocked_by":[99]}]"#),
        ];
        for (code, text) in one_is_wrong {
            place.run_with_input(&batch, text.as_bytes()).expect(code, &[text]);
            assert_eq!(place.snapshot(), before, "{text}");
        }
    }
}

#[test]
fn an_update_prints_what_changed_and_writes_nothing_where_nothing_does() {
    for place in Place::both() {
        for subject in ["a", "b", "c"] {
            place.ok(&["task", "new", "l", subject, "--metadata", "{\"x\":1,\"y\":2}"]);
        }
        let update = |flags: &[&str]| place.ok(&[&["task", "update", "l", "2"], flags].concat());
        assert_eq!(update(&["--subject", "z", "--priority", "9"]), "subject\npriority");
        let before = place.snapshot();
        assert_eq!(update(&["--subject", "z", "--priority", "9"]), "");
        assert_eq!(update(&[]), "");
        assert_eq!(place.snapshot(), before);
        assert_eq!(update(&["--blocked-by", "1", "--blocks", "3"]), "blocked-by\nblocks");
        assert_eq!(update(&["--unblocked-by", "1", "--unblocks", "3"]), "blocked-by\nblocks");
        assert_eq!(update(&["--active-form", "zing", "--description", "d"]), "description\nactive-form");
        assert_eq!(update(&["--active-form", ""]), "active-form");
        let answer = json(&update(&["--metadata", "{\"x\":null,\"w\":3}", "--json"]));
        assert_eq!(answer["changed"], json!(["metadata"]));
        assert_eq!(answer["task"]["metadata"], json!({ "w": 3, "y": 2 }));

        let revision = answer["task"]["revision"].to_string();
        assert_eq!(update(&["--status", "in-progress", "--if-revision", &revision]), "status");
        let late = ["task", "update", "l", "2", "--subject", "late", "--if-revision", &revision];
        place.run(&late).expect(3, &late);
        let circle = ["task", "update", "l", "1", "--blocked-by", "2", "--blocks", "2"];
        place.run(&circle).expect(2, &circle);
        assert_eq!(update(&["--status", "abandoned"]), "status");
        let over = ["task", "update", "l", "2", "--status", "pending"];
        place.run(&over).expect(3, &over);
    }
}

#[test]
fn a_claim_says_who_or_what_is_in_the_way() {
    for place in Place::both() {
        place.ok(&["task", "new", "l", "first"]);
        place.ok(&["task", "new", "l", "second", "--blocked-by", "1"]);
        place.ok(&["task", "new", "l", "third"]);
        let none = json!({ "outcome": "not-found", "by": null, "id": 9, "token": null });
        assert_eq!(refused_claim(&place, &["l", "9", "--holder", "ada"]), none);
        assert_eq!(refused_claim(&place, &["nowhere", "9", "--holder", "ada"]), none);
        let blocked = json!({ "outcome": "blocked", "by": [1], "id": 2, "token": null });
        assert_eq!(refused_claim(&place, &["l", "2", "--holder", "ada"]), blocked);
        let token = place.ok(&["task", "claim", "l", "1", "--holder", "ada"]);
        assert_eq!(place.ok(&["task", "claim", "l", "1", "--holder", "ada"]), token);
        let owned = refused_claim(&place, &["l", "1", "--holder", "bob"]);
        assert_eq!((&owned["outcome"], &owned["by"]["holder"]), (&json!("already-owned"), &json!("ada")));
        assert_eq!(owned["by"]["token"].to_string(), token);
        let busy = json!({ "outcome": "busy", "by": 1, "id": 3, "token": null });
        assert_eq!(refused_claim(&place, &["l", "3", "--holder", "ada", "--busy-refused"]), busy);
        place.ok(&["task", "done", "l", "1", "--token", &token]);
        let completed = json!({ "outcome": "already-completed", "by": null, "id": 1, "token": null });
        assert_eq!(refused_claim(&place, &["l", "1", "--holder", "bob"]), completed);

        let next = json(&place.ok(&["task", "claim", "l", "--next", "--holder", "ada", "--json"]));
        assert_eq!((&next["outcome"], &next["id"], &next["by"]), (&json!("ok"), &json!(2), &Value::Null));
        assert_eq!((&next["task"]["subject"], &next["task"]["status"]), (&json!("second"), &json!("in-progress")));
        let (id, token) = (next["id"].to_string(), next["token"].to_string());
        let text = place.ok(&["task", "claim", "l", "--next", "--holder", "ada"]);
        assert!(text.starts_with("3\t"), "{text}");
        let nothing = json!({ "outcome": "not-found", "by": null, "id": null, "token": null });
        assert_eq!(refused_claim(&place, &["l", "--next", "--holder", "bob"]), nothing);
        place.ok(&["task", "release", "l", &id, "--token", &token]);
        let line = place.ok(&["task", "claim", "l", "--next", "--holder", "bob"]);
        assert!(line.starts_with("2\t") && line.ends_with(|c: char| c.is_ascii_digit()), "{line}");
    }
}

#[test]
fn only_who_has_a_task_ends_it() {
    for place in Place::both() {
        for _ in 0..4 {
            place.ok(&["task", "new", "l", "x"]);
        }
        for id in ["1", "2", "3"] {
            place.ok(&["task", "claim", "l", id, "--holder", "ada"]);
        }
        for (code, arguments) in [
            (1, &["task", "done", "l", "1"][..]),
            (1, &["task", "abandon", "l", "1"]),
            (1, &["task", "rm", "l", "1"]),
            (1, &["task", "update", "l", "1", "--status", "pending"]),
            (1, &["task", "done", "l", "9"]),
            (1, &["task", "done", "l", "9", "--holder", "ada"]),
            (3, &["task", "done", "l", "1", "--token", "1"]),
            (3, &["task", "done", "l", "1", "--holder", "bob"]),
            (3, &["task", "release", "l", "1", "--holder", "bob"]),
            (3, &["task", "release", "l", "4", "--holder", "ada"]),
            (3, &["task", "rm", "l", "1", "--holder", "bob"]),
        ] {
            place.run(arguments).expect(code, arguments);
        }
        for arguments in [
            &["task", "done", "l", "1", "--holder", "ada"][..],
            &["task", "done", "l", "1", "--holder", "ada"],
            &["task", "abandon", "l", "2", "--holder", "ada"],
            &["task", "release", "l", "3", "--holder", "ada"],
            // Nobody has it.
            &["task", "done", "l", "4"],
        ] {
            assert_eq!(place.ok(arguments), "", "{arguments:?}");
        }
        let statuses = ["1", "2", "3", "4"].map(|id| show(&place, "l", id)["status"].as_str().unwrap().to_owned());
        assert_eq!(statuses, ["completed", "abandoned", "pending", "completed"]);
        let other_way = ["task", "abandon", "l", "1", "--holder", "ada"];
        place.run(&other_way).expect(3, &other_way);
        let answer = place.ok(&["task", "done", "l", "3", "--json"]);
        assert_eq!(json(&answer), json!({ "id": 3, "status": "completed" }));
    }
}

#[test]
fn what_a_dead_holder_has_comes_back() {
    for place in Place::both() {
        place.ok(&["task", "new", "l", "x"]);
        place.ok(&["task", "new", "l", "y"]);
        for id in ["1", "2"] {
            place.ok(&["task", "claim", "l", id, "--holder", "ada"]);
        }
        place.ok(&["holder", "end", "ada"]);
        assert_eq!(show(&place, "l", "1")["alive"], false);
        let done = ["task", "done", "l", "1", "--holder", "ada"];
        place.run(&done).expect(3, &done);
        place.ok(&["task", "claim", "l", "1", "--holder", "bob"]);
        assert_eq!(place.ok(&["task", "reap", "l"]), "2");
        assert_eq!(place.ok(&["task", "reap", "l", "--json"]), "");
        let task = show(&place, "l", "2");
        assert_eq!((&task["status"], &task["owner"]), (&json!("pending"), &Value::Null));
        assert_eq!(show(&place, "l", "1")["owner"]["holder"], "bob");
    }
}

#[test]
fn a_listing_shows_what_is_meant() {
    for place in Place::both() {
        assert_eq!(place.ok(&["task", "ls", "l"]), "");
        place.ok(&["task", "new", "l", "a"]);
        place.ok(&["task", "new", "l", "b\tb\nb", "--blocked-by", "1", "--priority", "0"]);
        place.ok(&["task", "new", "l", "hidden", "--metadata", "{\"_internal\":true}"]);
        place.ok(&["task", "new", "l", "gone"]);
        place.ok(&["task", "rm", "l", "4"]);
        place.ok(&["task", "claim", "l", "1", "--holder", "ada"]);
        let rows = "1\tin-progress\t5\tada\talive\t-\ta\n2\tpending\t0\t-\t-\t1\tb b b";
        assert_eq!(place.ok(&["task", "ls", "l"]), rows);
        place.ok(&["holder", "end", "ada"]);
        let ids = |flags: &[&str]| -> Vec<u64> {
            let printed = place.ok(&[&["task", "ls", "l", "--json"], flags].concat());
            lines(&printed).iter().map(|task| task["id"].as_u64().unwrap()).collect()
        };
        assert_eq!(ids(&[]), [1, 2]);
        assert_eq!(ids(&["--all"]), [1, 2, 3, 4]);
        assert_eq!(ids(&["--status", "in-progress"]), [1]);
        assert_eq!(ids(&["--status", "pending"]), [2]);
        assert_eq!(ids(&["--status", "pending", "--all"]), [2, 3]);
        assert_eq!(ids(&["--status", "deleted"]), [4]);
        assert!(place.ok(&["task", "ls", "l", "--status", "in-progress"]).contains("\tada\tdead\t"));
        let list = lines(&place.ok(&["task", "lists", "--json"])).remove(0);
        assert_eq!((&list["list"], &list["pending"], &list["in_progress"]), (&json!("l"), &json!(2), &json!(1)));
        assert!(place.ok(&["task", "lists"]).starts_with("l\t2\t1\t0\t0\t"));
    }
}

#[test]
fn a_listing_of_many_tasks_has_every_one() {
    for place in Place::both() {
        let batch: Vec<Value> = (0..2_345).map(|n| json!({ "subject": format!("task {n}") })).collect();
        let batch = serde_json::to_vec(&batch).unwrap();
        let arguments = ["task", "batch", "l"];
        place.run_with_input(&arguments, &batch).expect(0, &arguments);
        let ids: Vec<u64> = place
            .ok(&["task", "ls", "l"])
            .lines()
            .map(|row| row.split('\t').next().unwrap().parse().unwrap())
            .collect();
        assert!(ids.iter().copied().eq(1..=2_345));
    }
}

#[test]
fn why_tells_what_is_in_the_way_of_a_claim() {
    for place in Place::both() {
        for subject in ["a", "b", "c", "d"] {
            place.ok(&["task", "new", "l", subject]);
        }
        place.ok(&["task", "update", "l", "4", "--blocked-by", "1", "--blocked-by", "2", "--blocked-by", "3"]);
        assert_eq!(place.ok(&["task", "why", "l", "1"]), "it can be claimed");
        place.ok(&["task", "claim", "l", "1", "--holder", "ada"]);
        place.ok(&["task", "abandon", "l", "2"]);
        place.ok(&["task", "done", "l", "3"]);
        let no = |id: &str, expected: &str| {
            let why = ["task", "why", "l", id];
            let told = place.run(&why).expect(1, &why);
            assert!(told.contains(expected), "{told}");
        };
        no("1", "ada has it, and lives");
        no("2", "it is abandoned");
        no("4", "task 1, which is in-progress: ada has it, and lives");
        no("4", "task 2, which is abandoned for good: `update --unblocked-by 2`");
        no("9", "");
        let why = ["task", "why", "l", "4", "--json"];
        let told = json(&place.run(&why).expect(1, &why));
        assert_eq!((&told["claimable"], &told["unresolved"][0]["status"]), (&json!(false), &json!("in-progress")));
        assert_eq!(told["unresolved"][1]["status"], "abandoned");
        place.ok(&["holder", "end", "ada"]);
        assert_eq!(place.ok(&["task", "why", "l", "1"]), "it can be claimed: ada, who had it, is dead");
        no("4", "ada has it, and is dead");
        place.ok(&["task", "update", "l", "4", "--unblocked-by", "2", "--unblocked-by", "1"]);
        assert_eq!(json(&place.ok(&["task", "why", "l", "4", "--json"]))["claimable"], true);
        place.ok(&["task", "claim", "l", "4", "--holder", "bob"]);
    }
}

#[test]
fn on_a_terminal_tasks_are_drawn_as_a_tree() {
    let place = Place::new();
    place.ok(&["task", "new", "l", "draw"]);
    place.ok(&["task", "new", "l", "build", "--blocked-by", "1"]);
    let mut script = std::process::Command::new("script");
    let command = format!("{} task ls l", env!("CARGO_BIN_EXE_leasehold"));
    script.args(["-qec", &command, "/dev/null"]).current_dir(place.path()).env_remove("LEASEHOLD_ROOT");
    let Ok(output) = script.stdin(std::process::Stdio::null()).output() else {
        eprintln!("SKIPPED: there is no `script` here, which makes a terminal");
        return;
    };
    let drawn = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    assert_eq!(drawn, "1 \u{25cb} draw (pending)\n\u{2514}\u{2500} 2 \u{b7} build (pending)\n");
}
