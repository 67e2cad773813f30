//! Brings the peers from their registries, once, into a folder of the benchmark's.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of a venv that has `package` (`name==version`), or of one that has nothing besides itself.
pub(crate) fn python(kept: &Path, package: &str) -> Result<PathBuf> {
    let venv = kept.join("venv");
    let python = venv.join("bin/python");
    once(kept, "venv", "3", || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv)))?;
    if !package.is_empty() {
        let install = || {
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]))
        };
        once(kept, &format!("pip-{}", package.split(['=', '[']).next().unwrap_or(package)), package, install)?;
    }
    Ok(python)
}

/// A folder that has what `package.json` names.
pub(crate) fn node(kept: &Path, package: &Path) -> Result<PathBuf> {
    let folder = kept.join("node");
    let content = fs::read_to_string(package).with_context(|| package.display().to_string())?;
    once(kept, "npm", &content, || {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("package.json"), &content)?;
        let npm = || {
            let mut npm = Command::new("npm");
            npm.current_dir(&folder);
            npm
        };
        run(npm().args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
        // Its prebuilt binaries are in no registry, so it is built, which takes a few minutes.
        eprintln!("  building better-sqlite3 from source");
        run(npm().args(["rebuild", "better-sqlite3", "--build-from-source"]))
    })?;
    Ok(folder)
}

pub(crate) fn beanstalkd(kept: &Path) -> Result<PathBuf> {
    let program = Path::new("/usr/bin/beanstalkd");
    if program.exists() {
        return Ok(program.to_owned());
    }
    Ok(debian(kept, "beanstalkd")?.join("usr/bin/beanstalkd"))
}

/// The folder with `initdb` and `postgres`: the newest that is installed, or else Debian's.
pub(crate) fn postgres(kept: &Path) -> Result<PathBuf> {
    if let Ok(installed) = newest_postgres(Path::new("/")) {
        return Ok(installed);
    }
    let answer = Command::new("apt-cache").args(["search", "--names-only", "^postgresql-[0-9]+$"]).output()?;
    let names = String::from_utf8_lossy(&answer.stdout).into_owned();
    let names = names.lines().filter_map(|line| line.split(' ').next());
    let newest = names.max().context("there is no package of PostgreSQL")?;
    newest_postgres(&debian(kept, newest)?)
}

fn newest_postgres(root: &Path) -> Result<PathBuf> {
    let versions = fs::read_dir(root.join("usr/lib/postgresql"))?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let newest = folders.filter(|folder| folder.join("postgres").exists()).max();
    newest.context("PostgreSQL is not there")
}

/// What is in a package of Debian's, unpacked and not installed, so that nobody need be root.
fn debian(kept: &Path, package: &str) -> Result<PathBuf> {
    let folder = kept.join("debian").join(package);
    once(kept, &format!("deb-{package}"), package, || {
        fs::create_dir_all(&folder)?;
        run(Command::new("apt-get").args(["download", "--quiet", package]).current_dir(&folder))?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                run(Command::new("dpkg").arg("-x").arg(&path).arg(&folder))?;
            }
        }
        Ok(())
    })?;
    Ok(folder)
}

/// Does it unless it was done before for the same `what`.
fn once(kept: &Path, name: &str, what: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let mark = kept.join(format!("{name}.installed"));
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == what) {
        return Ok(());
    }
    eprintln!("  installing {name}");
    install()?;
    Ok(fs::write(&mark, what)?)
}

/// Runs it; where it fails, with the last line that it said.
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{program} cannot be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it did not say why");
    ensure!(output.status.success(), "it cannot be installed: {}", last.trim());
    Ok(())
}
