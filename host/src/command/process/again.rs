//! This program once more, as another process.

use rustix::process::setsid;
use std::io;
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

/// This program, to be started in a session of its own: no terminal reaches it, and no signal that is meant for us.
pub(crate) fn this_program_apart() -> io::Result<Command> {
    let mut command = this_program()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: between fork and exec there is one system call, which allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| Ok(setsid().map(drop)?));
    }
    Ok(command)
}
