//! Diagnostics on standard error, where `LEASEHOLD_LOG` asks for them.

use std::str::FromStr;
use tracing::Level;

/// The environment variable that names the level.
const LEVEL_VARIABLE: &str = "LEASEHOLD_LOG";

/// Starts to log at the level that the environment names; costs nothing where it names none.
pub(crate) fn start() {
    let Some(level) = std::env::var(LEVEL_VARIABLE).ok().and_then(|name| Level::from_str(&name).ok()) else {
        return;
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).init();
}
