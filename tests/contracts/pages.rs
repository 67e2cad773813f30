//! The tests that `docs/contracts.md` and `docs/holes.md` name are there, and every bug of every source has one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The bugs of each source, as they are counted.
const BUGS: [(char, usize); 5] = [('A', 9), ('H', 8), ('L', 7), ('C', 8), ('F', 10)];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn page(name: &str) -> String {
    fs::read_to_string(repository().join("docs").join(name)).unwrap()
}

/// What stands between backquotes in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The cells of a row of a table; none of any other line.
fn cells(line: &str) -> Vec<&str> {
    match line.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        Some(row) => row.split('|').map(str::trim).collect(),
        None => Vec::new(),
    }
}

/// The tests of a file that are run.
fn tests_in(source: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line == "#[test]";
            is_ignored |= line.starts_with("#[ignore");
        } else if !line.starts_with("//") {
            let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|_| is_test && !is_ignored) {
                tests.insert(name.to_string());
            }
            (is_test, is_ignored) = (false, false);
        }
    }
    tests
}

/// All tests by how the pages write them: `module::test`, and `cli::module::test` of the command's.
fn all_tests() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (directory, prefix) in [("tests/contracts", ""), ("tests/schedules", ""), ("host/tests/cli", "cli::")] {
        let directory = repository().join(directory);
        let main = fs::read_to_string(directory.join("main.rs")).unwrap();
        for module in main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')) {
            // A module without a file of its own has no tests that a page names.
            let source = fs::read_to_string(directory.join(format!("{module}.rs"))).unwrap_or_default();
            all.extend(tests_in(&source).iter().map(|test| format!("{prefix}{module}::{test}")));
        }
    }
    all
}

fn is_path_of_test(written: &str) -> bool {
    written.contains("::") && written.split("::").all(is_identifier)
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Every source file of the repository, by its path in it.
fn sources() -> Vec<String> {
    fn visit(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    for part in ["core/src", "guest/src", "host/src", "host/tests", "tests/src", "tests/contracts", "tests/schedules"] {
        visit(&repository().join(part), &mut found);
    }
    found
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let all = all_tests();
    let mut missing = Vec::new();
    for name in ["contracts.md", "holes.md"] {
        let page = page(name);
        let named: BTreeSet<_> = page.lines().flat_map(quoted).filter(|written| is_path_of_test(written)).collect();
        assert!(named.len() >= 5, "{name} names {named:?} only");
        missing.extend(named.into_iter().filter(|test| !all.contains(*test)).map(|test| format!("{name}: {test}")));
    }
    assert!(missing.is_empty(), "these tests are not there: {missing:#?}");
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let sources = sources();
    for name in ["contracts.md", "holes.md"] {
        for written in page(name).lines().flat_map(quoted).filter(|written| written.ends_with(".rs")) {
            let ending = format!("/{written}");
            assert!(sources.iter().any(|path| path.ends_with(&ending)), "{name}: there is no {written}");
        }
    }
}

#[test]
fn every_bug_has_a_test_and_every_table_the_command_that_runs_it() {
    let (page, all) = (page("contracts.md"), all_tests());
    // The module of the table that is being read.
    let mut module = String::new();
    let mut bugs: BTreeMap<String, usize> = BTreeMap::new();
    for line in page.lines() {
        let cells = cells(line);
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else { continue };
        if *first == "bug" {
            let file = last.strip_prefix("test in `").and_then(|rest| rest.split('`').next()).unwrap();
            module = Path::new(file).file_stem().unwrap().to_str().unwrap().to_string();
            let command = format!("`cargo test --release -p leasehold-tests --test contracts {module}::`");
            assert!(page.contains(&command), "nothing says how {file} is run: {command}");
        } else if first.starts_with(|c: char| c.is_ascii_uppercase()) {
            for written in quoted(last) {
                let test = if written.contains("::") { written.to_string() } else { format!("{module}::{written}") };
                assert!(all.contains(&test), "{first}: there is no {test}");
                *bugs.entry((*first).to_string()).or_default() += 1;
            }
        }
    }
    let wanted = BUGS.iter().flat_map(|(of, count)| (1..=*count).map(move |number| format!("{of}{number}")));
    let without: Vec<_> = wanted.filter(|bug| !bugs.contains_key(bug)).collect();
    assert!(without.is_empty(), "these bugs have no test: {without:?}");
}
