//! This program once more, as another process.

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::setsid;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// This program, to be started again.
pub(crate) fn this_program() -> io::Result<Command> {
    let program = if cfg!(target_os = "linux") {
        // Right also when the file was replaced by a newer version since.
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe()?
    };
    let mut command = Command::new(program);
    command.arg0("leasehold");
    Ok(command)
}

/// This program, to be started in a session of its own: no terminal reaches it, no signal that is meant for us, and
/// nothing that whoever started us left open, such as a lock that is had for as long as it is.
pub(crate) fn this_program_apart() -> io::Result<Command> {
    let mut command = this_program()?;
    hand_on_no_descriptors();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: between fork and exec there is one system call, which allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| Ok(setsid().map(drop)?));
    }
    Ok(command)
}

/// Whatever is open here is closed in every program that is started from now on, but for its standard streams.
fn hand_on_no_descriptors() {
    let open = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    for descriptor in open.filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok()) {
        if descriptor > 2 {
            // SAFETY: it is borrowed for this one call, which fails where it is closed meanwhile, and changes nothing
            // but what a program that is started sees of it.
            let _ = fcntl_setfd(unsafe { BorrowedFd::borrow_raw(descriptor) }, FdFlags::CLOEXEC);
        }
    }
}
