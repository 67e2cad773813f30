//! What somebody else may have put into a directory of this machine.

use super::native;
use leasehold::directory::NativeDirectory;
use leasehold_core::capability::{Directory, File, FsError, Kind};
use rustix::fs::{CWD, Mode, mkfifoat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

fn kinds(directory: &NativeDirectory) -> Vec<(String, Kind)> {
    let mut kinds = Vec::new();
    directory.list(&mut |name, kind| kinds.push((name.to_owned(), kind))).unwrap();
    kinds.sort();
    kinds
}

#[test]
fn a_link_is_never_followed() {
    let (place, directory) = native();
    let (outside, _) = native();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::write(place.path().join("file"), "file").unwrap();
    symlink(outside.path().join("secret"), place.path().join("to_file")).unwrap();
    symlink(outside.path(), place.path().join("to_directory")).unwrap();
    symlink("file", place.path().join("to_neighbour")).unwrap();
    symlink("nowhere", place.path().join("dangling")).unwrap();

    for link in ["to_file", "to_directory", "to_neighbour", "dangling"] {
        assert_eq!(directory.open(link).unwrap_err(), FsError::Link, "{link}");
        assert_eq!(directory.open_dir(link).unwrap_err(), FsError::Link, "{link}");
        assert_eq!(directory.create(link).unwrap_err(), FsError::Exists, "{link}");
        assert_eq!(directory.create_dir(link).unwrap_err(), FsError::Exists, "{link}");
        assert_eq!(directory.remove_dir(link).unwrap_err(), FsError::NotDirectory, "{link}");
        assert_eq!(directory.metadata(link).unwrap().kind, Kind::Link, "{link}");
    }
    let links = kinds(&directory).into_iter().filter(|(_, kind)| *kind == Kind::Link);
    assert_eq!(links.count(), 4);

    // What is renamed, replaced or removed is the link.
    directory.rename("to_neighbour", &directory, "renamed").unwrap();
    directory.rename("file", &directory, "to_file").unwrap();
    directory.unlink("to_directory").unwrap();
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(place.path().join("to_file")).unwrap(), b"file");
}

#[test]
fn a_pipe_or_a_socket_is_refused_at_once() {
    let (place, directory) = native();
    mkfifoat(CWD, place.path().join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
    let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
    for name in ["pipe", "socket"] {
        assert!(matches!(directory.open(name), Err(FsError::Other(_))), "{name}");
        assert_eq!(directory.open_dir(name).unwrap_err(), FsError::NotDirectory, "{name}");
        assert_eq!(directory.metadata(name).unwrap().kind, Kind::Other, "{name}");
    }
    assert!(kinds(&directory).iter().all(|(_, kind)| *kind == Kind::Other));
}

#[test]
fn a_name_that_is_not_utf8_is_seen_and_stops_nothing() {
    let (place, directory) = native();
    fs::write(place.path().join(OsStr::from_bytes(b"odd\xff")), "").unwrap();
    fs::write(place.path().join("plain"), "").unwrap();
    let expected = [(String::from("odd\u{fffd}"), Kind::File), (String::from("plain"), Kind::File)];
    assert_eq!(kinds(&directory), expected);
}

#[test]
fn a_name_that_is_too_long_is_said_to_be() {
    let (_place, directory) = native();
    let name = "x".repeat(256);
    assert_eq!(directory.create(&name).unwrap_err(), FsError::NameTooLong);
    assert_eq!(directory.open_dir(&name).unwrap_err(), FsError::NameTooLong);
}

#[test]
fn a_second_name_is_counted() {
    let (place, directory) = native();
    fs::write(place.path().join("one"), "").unwrap();
    fs::hard_link(place.path().join("one"), place.path().join("two")).unwrap();
    assert_eq!(directory.metadata("one").unwrap().links, 2);
    assert_eq!(directory.open("two").unwrap().metadata().unwrap().links, 2);
}

#[test]
fn the_listing_of_a_removed_directory_is_not_taken_for_an_empty_one() {
    let (_place, directory) = native();
    directory.create_dir("gone").unwrap();
    let gone = directory.open_dir("gone").unwrap();
    directory.remove_dir("gone").unwrap();
    assert_eq!(gone.list(&mut |_, _| {}).unwrap_err(), FsError::NotFound);
}

#[test]
fn a_handle_stays_on_its_directory_wherever_that_is_moved() {
    let (place, directory) = native();
    directory.create_dir("before").unwrap();
    let handle = directory.open_dir("before").unwrap();
    directory.rename("before", &directory, "after").unwrap();
    drop(handle.create("file").unwrap());
    assert!(place.path().join("after/file").exists());
}

#[test]
fn a_path_that_is_missing_is_made_and_one_that_is_a_file_is_refused() {
    let (place, _) = native();
    let deep = place.path().join("a/b/c");
    drop(NativeDirectory::open_ambient(&deep).unwrap());
    assert!(deep.is_dir());
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(NativeDirectory::open_ambient(&file).is_err());
    assert!(NativeDirectory::open_ambient(Path::new("/proc/leasehold")).is_err());
}
