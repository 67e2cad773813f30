//! What the core may rely on of a directory, and what this machine's directories do beyond that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod conformance;
mod hostile;

use leasehold::directory::NativeDirectory;
use tempfile::TempDir;

/// An empty directory of this machine; it goes away with the first part.
fn native() -> (TempDir, NativeDirectory) {
    let place = TempDir::new().unwrap();
    let directory = NativeDirectory::open_ambient(place.path()).unwrap();
    (place, directory)
}

#[test]
fn a_directory_of_this_machine_is_what_the_core_relies_on() {
    for (what, check) in conformance::checks() {
        let (_place, directory) = native();
        println!("{what}");
        check(&directory);
    }
}
