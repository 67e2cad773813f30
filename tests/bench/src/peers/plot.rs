//! The contenders' tables, as bars.

use crate::page::grouped;
use crate::peers::catalogue::LEADER;
use crate::peers::result::{Row, Table};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const LABEL_WIDTH: f64 = 190.0;
const BAR_WIDTH: f64 = 330.0;
const WIDTH: f64 = 620.0;
const LINE: f64 = 20.0;

/// Writes a file for each table into the folder, and takes away those of an earlier run.
pub(crate) fn write_all(tables: &[Table], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            fs::remove_file(path)?;
        }
    }
    for table in tables {
        let path = folder.join(file_name(table));
        fs::write(&path, svg(table)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

pub(crate) fn file_name(table: &Table) -> String {
    format!("{}-{}.svg", table.section.name(), table.setting.slug())
}

fn svg(table: &Table) -> String {
    let rows: Vec<&Row> = table.rows.iter().filter(|row| row.absent.is_none()).collect();
    let lines = table.ops.len() * (rows.len() + 2) + 1;
    let height = LINE * lines as f64 + 10.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut line = 0;
    let mut baseline = || {
        line += 1;
        LINE * f64::from(line)
    };
    let (name, setting) = (table.section.name(), &table.setting);
    label(&mut text, 8.0, baseline(), "bold", &format!("{name}, {setting}"));
    for (index, op) in table.ops.iter().enumerate() {
        let top = baseline();
        label(&mut text, 8.0, top, "normal", &format!("{}, times per second", table.section.title_of(*op)));
        let medians = rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| cell.median);
        let fastest = medians.fold(0.0, f64::max);
        for row in &rows {
            let Some(cell) = row.cells.get(index) else { continue };
            let y = baseline();
            let length = if fastest > 0.0 { BAR_WIDTH * cell.median / fastest } else { 0.0 };
            let fill = if row.name == LEADER { "#1f6f8b" } else { "#b9c4c9" };
            label(&mut text, 16.0, y, "normal", row.title);
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "<rect x=\"{LABEL_WIDTH}\" y=\"{}\" width=\"{length:.1}\" height=\"14\" fill=\"{fill}\"/>",
                y - 11.0
            );
            label(&mut text, LABEL_WIDTH + length + 6.0, y, "normal", &grouped(cell.median));
        }
        baseline();
    }
    text.push_str("</svg>\n");
    text
}

fn label(text: &mut String, x: f64, y: f64, weight: &str, what: &str) {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{y}\" font-weight=\"{weight}\">{what}</text>");
}
