//! The peers that are servers: started here, heard on a Unix socket only, and ended with what is measured.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A server, and the folder of its socket, whose path has to be short.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) sockets: TempDir,
    /// Its data, where they go with it.
    _data: Option<TempDir>,
}

impl Server {
    /// With its log in `folder`: each write synced, or none.
    pub(crate) fn beanstalkd(program: &Path, folder: &Path, is_synced: bool) -> Result<Self> {
        let sockets = TempDir::new()?;
        let socket = sockets.path().join("socket");
        let mut command = Command::new(program);
        command.arg("-b").arg(folder).arg(if is_synced { "-f0" } else { "-F" }).args(["-z", "1048576"]);
        command.arg("-l").arg(format!("unix:{}", socket.display()));
        Self::started(command, sockets, None, &socket)
    }

    /// With its data in a folder beneath `disk`.
    pub(crate) fn postgres(programs: &Path, disk: &Path) -> Result<Self> {
        let user = if rustix::process::geteuid().is_root() { Some(unprivileged()?) } else { None };
        let folder = |beneath: &Path| -> Result<TempDir> {
            let folder = tempfile::Builder::new().prefix("leasehold-bench.").tempdir_in(beneath)?;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
            if let Some((user, group)) = user {
                chown(folder.path(), Some(user), Some(group))?;
            }
            Ok(folder)
        };
        let (data, sockets) = (folder(disk)?, folder(&std::env::temp_dir())?);
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.arg("-D").arg(data.path()).current_dir(data.path());
            if let Some((user, group)) = user {
                // It refuses to be run by root.
                command.gid(group).uid(user);
            }
            command
        };
        let mut initdb = command("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let output = initdb.stdin(Stdio::null()).output().context("initdb cannot be run")?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr).trim());
        let mut postgres = command("postgres");
        postgres.arg("-k").arg(sockets.path()).args(["-c", "listen_addresses="]);
        let socket = sockets.path().join(".s.PGSQL.5432");
        Self::started(postgres, sockets, Some(data), &socket)
    }

    fn started(mut command: Command, sockets: TempDir, data: Option<TempDir>, socket: &Path) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| name.clone())?;
        let mut server = Self { child, sockets, _data: data };
        for _ in 0..500 {
            if socket.exists() {
                // PostgreSQL takes connections a moment after that.
                thread::sleep(Duration::from_millis(500));
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended with {status}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("{name} did not open its socket within 10 s")
    }

    /// The socket of a beanstalkd.
    pub(crate) fn socket(&self) -> PathBuf {
        self.sockets.path().join("socket")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both end well at an interrupt, and PostgreSQL leaves no shared memory then.
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        }
        for _ in 0..500 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ids of `postgres`, or of `nobody`.
fn unprivileged() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let mut fields = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("there is no user to run PostgreSQL as")
}
