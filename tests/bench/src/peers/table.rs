//! The contenders' tables, as Markdown.

use crate::page::middle;
use crate::peers::marks::Mark;
use crate::peers::plot;
use crate::peers::result::{Cell, Row, Table};
use std::fmt::Write;

/// Whether what was set was reached.
pub(crate) fn of_marks(marks: &[Mark]) -> String {
    let mut text = String::from("| mark | against | is to be | is | |\n|---|---|--:|--:|---|\n");
    for mark in marks {
        let against = mark.against.unwrap_or("–");
        let ratio = mark.ratio.map_or_else(|| String::from("–"), |ratio| format!("{ratio:.2}"));
        let outcome = match (mark.ratio, mark.is_reached) {
            (None, _) => "not measured",
            (_, true) => "reached",
            (_, false) => "**not reached**",
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} | {against} | {:.1} | {ratio} | {outcome} |", mark.what, mark.goal);
    }
    text
}

/// One setting, with the plot beside it where there are plots.
pub(crate) fn of_contenders(table: &Table, plots: Option<&str>) -> String {
    let mut text = String::new();
    let titles: Vec<&str> = table.ops.iter().map(|op| table.section.title_of(*op)).collect();
    let (name, setting) = (table.section.name(), &table.setting);
    let _ = writeln!(text, "| {name}, {setting}: times/s | {} | lost | twice |", titles.join(" | "));
    let _ = writeln!(text, "|---|{}--:|--:|", "--:|".repeat(titles.len()));
    for row in &table.rows {
        let title = format!("{} {}", row.title, if row.is_peer { row.version.as_str() } else { "" });
        let _ = writeln!(text, "| {} | {} |", title.trim(), cells(row, titles.len()));
    }
    if let Some(folder) = plots {
        let _ = writeln!(text, "\n![{name}, {setting}]({folder}/{})", plot::file_name(table));
    }
    text.push('\n');
    text
}

fn cells(row: &Row, ops: usize) -> String {
    if let Some(why) = &row.absent {
        // Whatever it says, it says it in one cell.
        let why = why.replace(['\n', '|'], " ");
        return format!("{why} |{} | ", " |".repeat(ops - 1));
    }
    let mut cells: Vec<String> = row.cells.iter().map(cell).collect();
    let mut lost = row.faults.lost.to_string();
    if row.faults.garbled > 0 {
        let _ = write!(lost, ", {} changed", row.faults.garbled);
    }
    cells.extend([lost, row.faults.twice.to_string()]);
    cells.join(" | ")
}

fn cell(cell: &Cell) -> String {
    let rate = if cell.median < 10.0 { format!("{:.1}", cell.median) } else { middle(&cell.rates) };
    format!("{rate} · {:.2} · {:.2}", cell.ratio, cell.ratio_of_medians)
}
