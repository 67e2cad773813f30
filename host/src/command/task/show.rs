//! `leasehold task show`

use super::json::TaskJson;
use super::status::status_name;
use super::{ids_or_dash, no_task, one_line};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;

/// Tells all that is known of a task, a deleted one too
///
/// With --json: {"id", "subject", "description", "active_form", "status", "priority", "owner", "alive", "blocked_by",
/// "unresolved", "blocks", "metadata", "created", "updated", "revision"}, where "owner" is {"holder", "epoch", "token"} or
/// null, "alive" tells whether the owner lives, and "unresolved" are those of "blocked_by" that are not completed;
/// moments in milliseconds since 1970. Exits with 1 where there is no such task.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task show house 2 --json")]
pub(crate) struct Show {
    /// The list
    list: String,
    /// The task
    id: u64,
}

impl Show {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let Some(task) = stores::open(globals, TASKS, &[&self.list])?.task_get(&self.list, self.id)? else {
            return Err(no_task(&self.list, self.id));
        };
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&TaskJson::new(&task))?;
            return output.finish();
        }
        output.line(format_args!("id: {}", task.id))?;
        output.line(format_args!("subject: {}", one_line(&task.subject)))?;
        output.line(format_args!("status: {}", status_name(task.status)))?;
        if let Some(form) = &task.active_form {
            output.line(format_args!("active form: {}", one_line(form)))?;
        }
        output.line(format_args!("priority: {}", task.priority))?;
        if let Some(owner) = &task.owner {
            let life = if task.alive { "alive" } else { "dead" };
            output.line(format_args!("owner: {} (epoch {}, {life})", one_line(&owner.holder), owner.epoch))?;
            output.line(format_args!("token: {}", owner.token))?;
        }
        output.line(format_args!("blocked by: {}", ids_or_dash(&task.blocked_by)))?;
        output.line(format_args!("unresolved: {}", ids_or_dash(&task.unresolved)))?;
        output.line(format_args!("blocks: {}", ids_or_dash(&task.blocks)))?;
        output.line(format_args!("metadata: {}", one_line(&task.metadata)))?;
        output.line(format_args!("created: {}", show_moment(task.created_ms)))?;
        output.line(format_args!("updated: {}", show_moment(task.updated_ms)))?;
        output.line(format_args!("revision: {}", task.revision))?;
        if !task.description.is_empty() {
            output.line("")?;
            for line in task.description.lines() {
                output.line(one_line(line))?;
            }
        }
        output.finish()
    }
}
