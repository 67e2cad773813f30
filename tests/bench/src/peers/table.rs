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
    // Without the component's numbers there is nothing to compare.
    let ratio = |ratio: f64| if ratio.is_finite() { format!("{ratio:.2}") } else { String::from("–") };
    format!("{rate} · {} · {}", ratio(cell.ratio), ratio(cell.ratio_of_medians))
}

#[cfg(test)]
mod tests {
    use super::of_contenders;
    use crate::peers::catalogue::Section;
    use crate::peers::faults::Faults;
    use crate::peers::protocol::Op;
    use crate::peers::result::{Row, Table};
    use crate::peers::setting::Setting;

    fn row(name: &'static str, absent: Option<&str>, rates: Vec<Vec<f64>>, lost: usize) -> Row {
        let faults = Faults { lost, ..Faults::default() };
        Row::new(name, name, String::from("1.2"), true, absent.map(str::to_owned), rates, faults)
    }

    fn table(rows: Vec<Row>) -> String {
        let setting = Setting { is_synced: false, processes: 1, batch: 1, payload: 180, count: 100, rounds: 1 };
        of_contenders(&Table::new(Section::Queue, setting, &[Op::Push, Op::Work], rows), None)
    }

    #[test]
    fn each_row_has_its_rates_the_ratios_and_what_went_wrong() {
        let text = table(vec![
            row("component", None, vec![vec![2_000.0], vec![50.0]], 0),
            row("peer", None, vec![vec![1_000.0], vec![100.0]], 3),
        ]);
        assert!(text.contains("| peer 1.2 | 1,000 · 2.00 · 2.00 | 100 · 0.50 · 0.50 | 3 | 0 |"), "{text}");
    }

    #[test]
    fn who_cannot_be_had_stands_in_the_table_with_the_reason_in_one_cell() {
        let text = table(vec![row("peer", Some("a | b\nc"), Vec::new(), 0)]);
        let line = text.lines().find(|line| line.contains("peer")).unwrap_or_default();
        assert!(line.contains("a   b c"), "{text}");
        let header = text.lines().next().unwrap_or_default();
        assert_eq!(line.matches('|').count(), header.matches('|').count(), "{text}");
    }
}
