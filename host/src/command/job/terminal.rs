//! The terminal of a command that is given one: what it shows goes to the job's output.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, ioctl_tiocsctty, pidfd_open, setsid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};

/// A size that programs expect.
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// How often it is asked for the end where the system cannot tell of it.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// More than a terminal holds back, in reads.
const LAST_READS_MAX: usize = 32;

/// Our end of it. When this process ends, the terminal hangs up.
pub(super) struct Terminal {
    ours: OwnedFd,
}

impl Terminal {
    /// Opens one and makes it the command's three standard streams.
    pub(super) fn open(command: &mut Command) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs = ioctl_tiocgptpeer(&ours, flags)?;
        tcsetwinsize(&theirs, SIZE)?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        Ok(Self { ours })
    }

    /// Makes it the terminal that controls this process, which is about to become the command.
    pub(super) fn take() -> io::Result<()> {
        setsid()?;
        Ok(ioctl_tiocsctty(io::stdin().as_fd())?)
    }

    /// Copies what is shown until the command has ended; leaves it to be reaped.
    pub(super) fn pump(self, child: &mut Child, mut stdout: File) -> io::Result<()> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        // Where the system cannot tell of the end, it is asked for again and again.
        let end = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let pause = end.is_none().then_some(PAUSE);
        let mut buffer = [0; 8 * 1024];
        let mut is_open = true;
        loop {
            let shown = is_open.then_some(&self.ours);
            let mut watched: Vec<_> = end.iter().chain(shown).map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
            match poll(&mut watched, pause.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let has_ended = match &end {
                Some(_) => !watched[0].revents().is_empty(),
                None => child.try_wait()?.is_some(),
            };
            if has_ended {
                break;
            }
            if is_open && watched.last().is_some_and(|shown| !shown.revents().is_empty()) {
                is_open = self.copy(&mut buffer, &mut stdout);
            }
        }
        // What it showed last. Others who still have the terminal may go on for ever.
        for _ in 0..LAST_READS_MAX {
            if !self.has_more() || !self.copy(&mut buffer, &mut stdout) {
                break;
            }
        }
        Ok(())
    }

    /// Copies once. False where nobody has the other end any more: then reading fails.
    fn copy(&self, buffer: &mut [u8], stdout: &mut File) -> bool {
        match rustix::io::read(&self.ours, &mut *buffer) {
            Ok(0) => false,
            Ok(count) => {
                // Where the disk is full, what was shown is lost, as it would be without a terminal.
                drop(stdout.write_all(&buffer[..count]));
                true
            }
            Err(error) => error == Errno::INTR,
        }
    }

    fn has_more(&self) -> bool {
        let mut watched = [PollFd::new(&self.ours, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&now)).is_ok() && watched[0].revents().contains(PollFlags::IN)
    }
}
