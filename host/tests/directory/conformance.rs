//! What the core relies on, checked through the trait alone, so that any implementation can be held to it.

use leasehold_core::capability::{Directory, File, FsError, Kind};
use std::collections::BTreeMap;

/// A check of an empty directory.
pub(crate) type Check<D> = fn(&D);

/// Every check with its name.
pub(crate) fn checks<D: Directory>() -> Vec<(&'static str, Check<D>)> {
    vec![
        ("what is written is read", what_is_written_is_read),
        ("reading stops at the end", reading_stops_at_the_end),
        ("of two creations one fails", of_two_creations_one_fails),
        ("a file replaces a file", a_file_replaces_a_file),
        ("a rename of what is gone is not found", a_rename_of_what_is_gone_is_not_found),
        ("a directory replaces only an empty one", a_directory_replaces_only_an_empty_one),
        ("a rename never mixes kinds", a_rename_never_mixes_kinds),
        ("a rename crosses directories", a_rename_crosses_directories),
        ("removal wants the right kind", removal_wants_the_right_kind),
        ("opening wants the right kind", opening_wants_the_right_kind),
        ("a listing shows names and kinds", a_listing_shows_names_and_kinds),
        ("a long listing is whole", a_long_listing_is_whole),
        ("a name is one component", a_name_is_one_component),
        ("metadata tells kind, size and links", metadata_tells_kind_size_and_links),
        ("a removed directory takes nothing more", a_removed_directory_takes_nothing_more),
        ("an open file outlives its name", an_open_file_outlives_its_name),
        ("everything can be synced", everything_can_be_synced),
    ]
}

fn write<D: Directory>(directory: &D, name: &str, content: &[u8]) {
    let file = directory.create(name).unwrap();
    let mut written = 0;
    while written < content.len() {
        written += file.write_at(&content[written..], written as u64).unwrap();
    }
}

fn read<D: Directory>(directory: &D, name: &str) -> Vec<u8> {
    let file = directory.open(name).unwrap();
    let mut content = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read_at(&mut content[length..], length as u64).unwrap() {
            0 => break,
            more => length += more,
        }
    }
    content.truncate(length);
    content
}

fn entries<D: Directory>(directory: &D) -> BTreeMap<String, Kind> {
    let mut entries = BTreeMap::new();
    directory
        .list(&mut |name, kind| {
            let before = entries.insert(name.to_owned(), kind);
            assert_eq!(before, None, "{name} is listed twice");
        })
        .unwrap();
    entries
}

/// The error; what came instead can not always be shown.
fn refused<T>(outcome: Result<T, FsError>) -> FsError {
    match outcome {
        Err(error) => error,
        Ok(_) => panic!("it was not refused"),
    }
}

fn what_is_written_is_read<D: Directory>(directory: &D) {
    let content: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    write(directory, "file", &content);
    assert!(read(directory, "file") == content);
    write(directory, "empty", b"");
    assert_eq!(read(directory, "empty"), b"");
    // A hole reads as zeroes.
    let file = directory.create("hole").unwrap();
    assert_eq!(file.write_at(b"x", 3).unwrap(), 1);
    assert_eq!(read(directory, "hole"), b"\0\0\0x");
}

fn reading_stops_at_the_end<D: Directory>(directory: &D) {
    write(directory, "file", b"abc");
    let file = directory.open("file").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(file.read_at(&mut buffer, 1).unwrap(), 2);
    assert_eq!(&buffer[..2], b"bc");
    assert_eq!(file.read_at(&mut buffer, 3).unwrap(), 0);
    assert_eq!(file.read_at(&mut buffer, 1_000_000).unwrap(), 0);
}

fn of_two_creations_one_fails<D: Directory>(directory: &D) {
    write(directory, "file", b"first");
    assert_eq!(refused(directory.create("file")), FsError::Exists);
    assert_eq!(refused(directory.create_dir("file")), FsError::Exists);
    assert_eq!(read(directory, "file"), b"first");
    directory.create_dir("directory").unwrap();
    assert_eq!(refused(directory.create_dir("directory")), FsError::Exists);
    assert_eq!(refused(directory.create("directory")), FsError::Exists);
}

fn a_file_replaces_a_file<D: Directory>(directory: &D) {
    write(directory, "from", b"new");
    write(directory, "to", b"old");
    directory.rename("from", directory, "to").unwrap();
    assert_eq!(entries(directory).len(), 1);
    assert_eq!(read(directory, "to"), b"new");
}

fn a_rename_of_what_is_gone_is_not_found<D: Directory>(directory: &D) {
    write(directory, "from", b"");
    directory.rename("from", directory, "to").unwrap();
    assert_eq!(refused(directory.rename("from", directory, "to")), FsError::NotFound);
    assert_eq!(entries(directory).into_keys().collect::<Vec<_>>(), ["to"]);
}

fn a_directory_replaces_only_an_empty_one<D: Directory>(directory: &D) {
    directory.create_dir("from").unwrap();
    write(&directory.open_dir("from").unwrap(), "mine", b"");
    directory.create_dir("full").unwrap();
    write(&directory.open_dir("full").unwrap(), "theirs", b"");
    let error = refused(directory.rename("from", directory, "full"));
    assert!(matches!(error, FsError::NotEmpty | FsError::Exists), "{error}");
    assert_eq!(entries(&directory.open_dir("full").unwrap()).into_keys().collect::<Vec<_>>(), ["theirs"]);

    directory.create_dir("empty").unwrap();
    directory.rename("from", directory, "empty").unwrap();
    assert_eq!(entries(&directory.open_dir("empty").unwrap()).into_keys().collect::<Vec<_>>(), ["mine"]);
    assert_eq!(refused(directory.open_dir("from")), FsError::NotFound);
}

fn a_rename_never_mixes_kinds<D: Directory>(directory: &D) {
    write(directory, "file", b"");
    directory.create_dir("directory").unwrap();
    assert_eq!(refused(directory.rename("file", directory, "directory")), FsError::IsDirectory);
    assert_eq!(refused(directory.rename("directory", directory, "file")), FsError::NotDirectory);
    assert_eq!(entries(directory).len(), 2);
}

fn a_rename_crosses_directories<D: Directory>(directory: &D) {
    directory.create_dir("a").unwrap();
    directory.create_dir("b").unwrap();
    let (a, b) = (directory.open_dir("a").unwrap(), directory.open_dir("b").unwrap());
    write(&a, "file", b"content");
    a.rename("file", &b, "moved").unwrap();
    assert!(entries(&a).is_empty());
    assert_eq!(read(&b, "moved"), b"content");
}

fn removal_wants_the_right_kind<D: Directory>(directory: &D) {
    write(directory, "file", b"");
    directory.create_dir("directory").unwrap();
    write(&directory.open_dir("directory").unwrap(), "within", b"");
    assert_eq!(refused(directory.unlink("directory")), FsError::IsDirectory);
    assert_eq!(refused(directory.remove_dir("file")), FsError::NotDirectory);
    let error = refused(directory.remove_dir("directory"));
    assert!(matches!(error, FsError::NotEmpty | FsError::Exists), "{error}");
    assert_eq!(entries(directory).len(), 2);

    directory.open_dir("directory").unwrap().unlink("within").unwrap();
    directory.remove_dir("directory").unwrap();
    directory.unlink("file").unwrap();
    assert!(entries(directory).is_empty());
    assert_eq!(refused(directory.unlink("file")), FsError::NotFound);
    assert_eq!(refused(directory.remove_dir("directory")), FsError::NotFound);
}

fn opening_wants_the_right_kind<D: Directory>(directory: &D) {
    write(directory, "file", b"");
    directory.create_dir("directory").unwrap();
    assert_eq!(refused(directory.open_dir("file")), FsError::NotDirectory);
    assert_eq!(refused(directory.open("directory")), FsError::IsDirectory);
    assert_eq!(refused(directory.open("nothing")), FsError::NotFound);
    assert_eq!(refused(directory.open_dir("nothing")), FsError::NotFound);
    assert_eq!(refused(directory.metadata("nothing")), FsError::NotFound);
}

fn a_listing_shows_names_and_kinds<D: Directory>(directory: &D) {
    assert!(entries(directory).is_empty());
    write(directory, "file", b"");
    write(directory, "\u{e4}\u{4e2d}\u{1f980}", b"");
    write(directory, ".hidden", b"");
    directory.create_dir("directory").unwrap();
    let expected = [
        ("file", Kind::File),
        ("\u{e4}\u{4e2d}\u{1f980}", Kind::File),
        (".hidden", Kind::File),
        ("directory", Kind::Directory),
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    assert_eq!(entries(directory), expected);
    assert_eq!(entries(directory), expected, "a second listing starts anew");
}

fn a_long_listing_is_whole<D: Directory>(directory: &D) {
    let name = |number: u32| format!("{number:04}{}", "x".repeat(60));
    for number in 0..1_500 {
        write(directory, &name(number), b"");
    }
    // A listing within a listing: neither disturbs the other.
    let mut within = 0;
    let mut seen = 0;
    directory
        .list(&mut |_, _| {
            if seen % 500 == 0 {
                within = entries(directory).len();
                assert_eq!(within, 1_500);
            }
            seen += 1;
        })
        .unwrap();
    assert_eq!((seen, within), (1_500, 1_500));
}

fn a_name_is_one_component<D: Directory>(directory: &D) {
    directory.create_dir("directory").unwrap();
    write(&directory.open_dir("directory").unwrap(), "file", b"");
    for name in ["", ".", "..", "/", "directory/file", "directory/", "/directory", "a\0b"] {
        assert_eq!(refused(directory.open_dir(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.create_dir(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.create(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.open(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.metadata(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.unlink(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.remove_dir(name)), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.rename(name, directory, "x")), FsError::Invalid, "{name:?}");
        assert_eq!(refused(directory.rename("directory", directory, name)), FsError::Invalid, "{name:?}");
    }
    assert_eq!(entries(directory).into_keys().collect::<Vec<_>>(), ["directory"]);
}

fn metadata_tells_kind_size_and_links<D: Directory>(directory: &D) {
    write(directory, "file", b"12345");
    let named = directory.metadata("file").unwrap();
    assert_eq!((named.kind, named.size, named.links), (Kind::File, 5, 1));
    let opened = directory.open("file").unwrap().metadata().unwrap();
    assert_eq!(opened, named);
    directory.create_dir("directory").unwrap();
    assert_eq!(directory.metadata("directory").unwrap().kind, Kind::Directory);
}

fn a_removed_directory_takes_nothing_more<D: Directory>(directory: &D) {
    directory.create_dir("gone").unwrap();
    let gone = directory.open_dir("gone").unwrap();
    write(directory, "file", b"");
    directory.remove_dir("gone").unwrap();
    assert_eq!(refused(gone.create("file")), FsError::NotFound);
    assert_eq!(refused(gone.create_dir("directory")), FsError::NotFound);
    assert_eq!(refused(gone.open("file")), FsError::NotFound);
    assert_eq!(refused(directory.rename("file", &gone, "file")), FsError::NotFound);
    assert_eq!(entries(directory).into_keys().collect::<Vec<_>>(), ["file"]);
}

fn an_open_file_outlives_its_name<D: Directory>(directory: &D) {
    write(directory, "file", b"content");
    let file = directory.open("file").unwrap();
    directory.unlink("file").unwrap();
    let mut buffer = [0; 7];
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 7);
    assert_eq!(&buffer, b"content");
}

fn everything_can_be_synced<D: Directory>(directory: &D) {
    let file = directory.create("file").unwrap();
    assert_eq!(file.write_at(b"content", 0).unwrap(), 7);
    file.sync().unwrap();
    directory.open("file").unwrap().sync().unwrap();
    directory.create_dir("directory").unwrap();
    directory.open_dir("directory").unwrap().sync().unwrap();
    directory.sync().unwrap();
}
