//! The tables, for a terminal and for a page.

use crate::peers::table;
use crate::report::{InstanceCost, ListRate, Rate, Report, ScaleTable, Sides, Spread, StoreRate, median};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What is between these marks on the page is measured, and replaced by each run.
const BEGIN: &str = "<!-- measured: `make bench` writes from here -->";
const END: &str = "<!-- to here -->";

/// Replaces what is between the marks on the page at `path`; the plots are in a folder beneath the page's.
pub(crate) fn write_into(path: &Path, report: &Report, plots: Option<&Path>) -> Result<()> {
    let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{}: no mark `{BEGIN}`", path.display()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{}: no mark `{END}`", path.display()))?;
    let beneath = path.parent().unwrap_or(path);
    let plots = plots.map(|folder| folder.strip_prefix(beneath).unwrap_or(folder).to_string_lossy().into_owned());
    let page = format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables(report, plots.as_deref()));
    fs::write(path, page).with_context(|| path.display().to_string())
}

/// Everything, as Markdown.
pub(crate) fn tables(report: &Report, plots: Option<&str>) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} ({} cores), {} GiB, {}; the disk is {}, in memory is {}; the load before was {:.1}.\n",
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.kernel,
        machine.disk,
        machine.memory,
        machine.load_before
    );
    if !report.contenders.is_empty() {
        text.push_str(&table::of_marks(&report.marks));
        text.push_str("\n### Beside others\n\n");
    }
    for contenders in &report.contenders {
        text.push_str(&table::of_contenders(contenders, plots));
    }
    if let Some(sides) = &report.sides {
        side_tables(&mut text, sides);
    }
    if !report.status.is_empty() {
        text.push_str("### The command\n\n");
        status_table(&mut text, report);
        job_table(&mut text, report);
    }
    if !report.scale.is_empty() {
        text.push_str("\n### Much of everything\n\nWhat one call costs, not synced, payloads of 180 bytes.\n\n");
        report.scale.iter().for_each(|table| scale_table(&mut text, table));
    }
    text
}

fn scale_table(text: &mut String, table: &ScaleTable) {
    let where_ = if table.place == "memory" { "in memory" } else { "on the disk" };
    let sizes: Vec<String> = table.sizes.iter().map(|size| grouped(*size as f64)).collect();
    let _ = writeln!(text, "| {where_}, {}: {} | {} | most/fewest |", table.side, table.of, sizes.join(" | "));
    let _ = writeln!(text, "|---{}|--:|", "|--:".repeat(sizes.len()));
    for (action, costs) in &table.costs {
        let unit = if action.starts_with("memory") { memory } else { micros };
        let cells: Vec<String> = costs.iter().map(|cost| unit(*cost)).collect();
        let ratio = costs.last().zip(costs.first()).map_or(f64::NAN, |(last, first)| last / first);
        let _ = writeln!(text, "| {action} | {} | {ratio:.2} |", cells.join(" | "));
    }
    text.push('\n');
}

fn memory(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / f64::from(1 << 20))
}

fn micros(micros: f64) -> String {
    if micros < 10_000.0 { format!("{micros:.0} µs") } else { format!("{:.0} ms", micros / 1_000.0) }
}

fn side_tables(text: &mut String, sides: &Sides) {
    let _ = writeln!(
        text,
        "### Component and native\n\nPayloads of {} bytes; medians of {} rounds, of {} where each call waits for the \
         disk.\n",
        sides.payload_bytes,
        sides.rounds,
        sides.rounds.div_ceil(2)
    );
    for (place, where_) in [("memory", "in memory"), ("disk", "on the disk")] {
        for is_synced in [false, true] {
            let rates = sides.rates.iter().filter(|rate| rate.place == place && rate.is_synced == is_synced);
            rate_table(text, where_, is_synced, rates);
        }
    }
    let (lost, duplicates) = sides.faults();
    let _ = writeln!(text, "Tasks lost: {lost}. Tasks handed out twice: {duplicates}.\n");
    for (place, where_) in [("memory", "in memory"), ("disk", "on the disk")] {
        for is_synced in [false, true] {
            let rates = sides.store_rates.iter().filter(|rate| rate.place == place && rate.is_synced == is_synced);
            store_table(text, where_, is_synced, rates);
        }
    }
    for (place, where_) in [("memory", "in memory"), ("disk", "on the disk")] {
        list_table(text, where_, sides.list_rates.iter().filter(|rate| rate.place == place));
    }
    instance_table(text, &sides.instances);
}

fn instance_table(text: &mut String, costs: &[InstanceCost]) {
    let _ = writeln!(text, "| an instance of the component, made and dropped | median |\n|---|--:|");
    for InstanceCost { action, micros } in costs {
        let _ = writeln!(text, "| {action} | {:.1} µs |", median(micros));
    }
    text.push('\n');
}

fn rate_table<'a>(text: &mut String, where_: &str, is_synced: bool, rates: impl Iterator<Item = &'a Rate>) {
    let synced = if is_synced { "synced" } else { "not synced" };
    let _ = writeln!(text, "| {where_}, {synced}: tasks/s | native | component | component/native |");
    let _ = writeln!(text, "|---|--:|--:|--:|");
    for rate in rates {
        let how = match (rate.action, rate.is_batch) {
            ("done", true) => String::from(", of a batch"),
            (_, true) => format!(", {} at once", rate.at_once),
            (_, false) => String::new(),
        };
        let _ = writeln!(
            text,
            "| {}{how} | {} | {} | {:.2} |",
            rate.action,
            middle(&rate.native),
            middle(&rate.sandboxed),
            rate.ratio
        );
    }
    text.push('\n');
}

fn store_table<'a>(text: &mut String, where_: &str, is_synced: bool, rates: impl Iterator<Item = &'a StoreRate>) {
    let synced = if is_synced { "synced" } else { "not synced" };
    let _ = writeln!(text, "| {where_}, {synced}: times/s | native | component | component/native |");
    let _ = writeln!(text, "|---|--:|--:|--:|");
    for rate in rates {
        let (native, sandboxed) = (middle(&rate.native), middle(&rate.sandboxed));
        let _ = writeln!(text, "| {} | {native} | {sandboxed} | {:.2} |", rate.action, rate.ratio);
    }
    text.push('\n');
}

fn list_table<'a>(text: &mut String, where_: &str, rates: impl Iterator<Item = &'a ListRate>) {
    let _ = writeln!(text, "| {where_}, synced as by default: times/s | native | component | component/native |");
    let _ = writeln!(text, "|---|--:|--:|--:|");
    for rate in rates {
        let (native, sandboxed) = (middle(&rate.native), middle(&rate.sandboxed));
        let tasks = grouped(rate.tasks as f64);
        let _ = writeln!(
            text,
            "| {}, in a list of {tasks} tasks | {native} | {sandboxed} | {:.2} |",
            rate.action, rate.ratio
        );
    }
    text.push('\n');
}

fn status_table(text: &mut String, report: &Report) {
    let _ = writeln!(text, "| `leasehold queue status`, start to finish | median | slowest | native median |");
    let _ = writeln!(text, "|---|--:|--:|--:|");
    for runs in &report.status {
        let _ = writeln!(
            text,
            "| a queue of {} tasks ({} runs) | {:.1} ms | {:.1} ms | {:.1} ms |",
            grouped(runs.tasks as f64),
            runs.sandboxed.runs,
            runs.sandboxed.median_ms,
            runs.sandboxed.max_ms,
            runs.native.median_ms
        );
    }
}

fn job_table(text: &mut String, report: &Report) {
    let _ = writeln!(text, "\n| `leasehold job` | median | slowest | native median |");
    let _ = writeln!(text, "|---|--:|--:|--:|");
    for runs in &report.jobs {
        let Spread { runs: count, median_ms, max_ms } = runs.sandboxed;
        let native = runs.native.median_ms;
        let _ =
            writeln!(text, "| {} ({count} runs) | {median_ms:.1} ms | {max_ms:.1} ms | {native:.1} ms |", runs.action);
    }
}

/// The median; where rounds differ more than twofold, with the slowest and the fastest.
pub(crate) fn middle(rates: &[f64]) -> String {
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    let median = grouped(median(rates));
    if fastest <= 2.0 * slowest {
        return median;
    }
    format!("{median} ({} to {})", grouped(slowest), grouped(fastest))
}

/// A whole number with commas.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_parted() {
        let texts: Vec<String> = [0.0, 999.4, 1_000.0, 123_456.0, 1_234_567.0].map(grouped).into();
        assert_eq!(texts, ["0", "999", "1,000", "123,456", "1,234,567"]);
    }
}
