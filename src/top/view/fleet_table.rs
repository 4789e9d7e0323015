//! The fleet, one line a plan.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::style::Style;

use crate::report::fit_names;
use crate::top::model::{Tab, TopModel, TopRow, seconds};
use crate::words::rough;

use super::columns::{Column, WIDE, columns, price};
use super::pen::Pen;
use super::theme::{Theme, glyph};

/// Draws titles and rows.
pub(super) fn fleet(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let columns = columns(model);
    let mut left = 0;
    for (column, width) in &columns {
        let title = column.title().get(..*width).unwrap_or(column.title());
        // Numbers end at the same column, and so does their title.
        let title = match column {
            Column::Cost => format!("{title:>width$}"),
            _ => title.to_owned(),
        };
        pen.text((0, left), *width, &title, theme.quiet());
        left += width + 1;
    }
    let rows = model.rows(Tab::Fleet);
    let shown: Vec<&TopRow> = model.sorted().skip(model.fleet.top).take(rows).collect();
    let names: Vec<&str> = shown.iter().map(|row| row.name.as_str()).collect();
    let width = columns.iter().find(|(column, _)| *column == Column::Plan);
    let names = fit_names(&names, width.map_or(0, |(_, width)| *width));
    for (place, (row, name)) in shown.iter().zip(&names).enumerate() {
        let mut left = 0;
        for (column, width) in &columns {
            let (text, style) = cell((*column, *width), row, name, model, theme);
            pen.text((place + 1, left), *width, &text, style);
            left += width + 1;
        }
        if model.fleet.top + place == model.fleet.at {
            pen.row(place + 1, theme.chosen());
        }
    }
}

fn cell(
    (column, width): (Column, usize),
    row: &TopRow,
    name: &str,
    model: &TopModel,
    theme: Theme,
) -> (String, Style) {
    let plain = Style::new();
    match column {
        Column::Sign => {
            let sign = match (model.marks.contains(&row.name), row.need) {
                (true, _) => "*",
                (false, Some(_)) => "!",
                (false, None) => "",
            };
            (sign.to_owned(), theme.alarm())
        }
        Column::Plan if row.need.is_some() => (name.to_owned(), theme.strong()),
        Column::Plan => (name.to_owned(), plain),
        Column::State => (
            format!("{} {}", glyph(row.state), row.state),
            theme.state(row.state),
        ),
        Column::Tasks => (format!("{:>3}/{}", row.done, row.all), plain),
        Column::Phase => (row.phase.clone(), plain),
        Column::Agent => (row.agent.clone(), plain),
        Column::Life => match row.heard {
            Some(heard) => (format!("{:>4} {}", age(heard, model.now), row.said), plain),
            None => (row.said.clone(), theme.quiet()),
        },
        Column::Lines => {
            let lines = row
                .lines
                .map(|(added, removed)| format!("+{} −{}", short(added), short(removed)));
            (lines.unwrap_or_default(), plain)
        }
        Column::Conflicts => (row.conflicts.clone(), theme.alarm()),
        Column::Waits => (row.waits.clone(), plain),
        Column::Left => (left(row, model), plain),
        Column::Cost => (
            price(row, model)
                .map(|text| format!("{text:>width$}"))
                .unwrap_or_default(),
            plain,
        ),
    }
}

/// `1h 40m (25m)`: the remaining time, and the elapsed time.
fn left(row: &TopRow, model: &TopModel) -> String {
    let time = |seconds: u64| rough(Duration::from_secs(seconds));
    let remaining = row.remaining_s.map(time).unwrap_or_default();
    match row.elapsed_s(model.now) {
        Some(elapsed) if usize::from(model.size.0) >= WIDE => format!("{remaining:>7} ({})", time(elapsed)),
        _ => format!("{remaining:>7}"),
    }
}

/// An age in four columns: `12s`, `3m`, `2h`, `9d`.
pub(super) fn age(moment: Timestamp, now: Timestamp) -> String {
    let seconds = seconds(moment, now);
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6000 => format!("{}m", seconds / 60),
        6000..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A count in four columns: `812`, `12k`.
fn short(count: usize) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}
