//! The attempts over time.

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

use crate::report::fit_names;
use crate::top::model::{Tab, TopModel, TopRow};

use super::pen::Pen;
use super::theme::{Theme, glyph};

/// Columns between two marks of the scale.
const TICK: usize = 15;

/// The drawn time range, and its width in columns.
struct Scale {
    from: Timestamp,
    seconds: i64,
    columns: usize,
}

impl Scale {
    fn of(model: &TopModel, columns: usize) -> Self {
        let rows = model.seen.plans.iter();
        let from = rows.clone().filter_map(|row| Some(row.worked()?.0)).min();
        let from = from.unwrap_or(model.now).min(model.now);
        let open = rows
            .clone()
            .any(|row| row.attempts.iter().any(|span| span.to.is_none()));
        let ended = rows.clone().filter_map(|row| row.worked()?.1).max();
        let last = if open {
            model.now
        } else {
            ended.unwrap_or(model.now)
        };
        let ahead = rows.filter_map(|row| row.remaining_s).max().unwrap_or(0);
        let ahead = SignedDuration::from_secs(i64::try_from(ahead).unwrap_or(0));
        let to = (model.now.checked_add(ahead).unwrap_or(last)).max(last);
        let to = if ahead.is_zero() { last } else { to };
        let seconds = to.duration_since(from).as_secs().max(1);
        Self {
            from,
            seconds,
            columns,
        }
    }

    fn column(&self, at: Timestamp) -> usize {
        let seconds = at.duration_since(self.from).as_secs().clamp(0, self.seconds);
        let last = self.columns.saturating_sub(1);
        let column = i64::try_from(last).unwrap_or(0) * seconds / self.seconds;
        usize::try_from(column).unwrap_or(0).min(last)
    }

    fn at(&self, column: usize) -> Timestamp {
        let last = i64::try_from(self.columns.saturating_sub(1)).unwrap_or(1).max(1);
        let seconds = self.seconds * i64::try_from(column).unwrap_or(0) / last;
        self.from
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(self.from)
    }
}

/// Draws the scale and a bar for each plan: `=` past work, `x` a failed attempt, `>` running, `.` expected.
pub(super) fn timeline(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let all = pen.columns();
    let widest = model
        .seen
        .plans
        .iter()
        .map(|row| row.name.width())
        .max()
        .unwrap_or(0);
    let width = widest.clamp(4, (all / 4).max(4));
    let left = (width + 4).min(all);
    let scale = Scale::of(model, all - left);
    pen.text((0, 2), width, "PLAN", theme.quiet());
    // For ranges of more than a day a clock time is not enough.
    let format = if scale.seconds > 86_400 {
        "%d %b %H:%M"
    } else {
        "%H:%M:%S"
    };
    for column in (0..scale.columns.saturating_sub(TICK - 3)).step_by(TICK) {
        let clock = scale.at(column).to_zoned(model.zone.clone());
        pen.text(
            (0, left + column),
            TICK - 1,
            &clock.strftime(format).to_string(),
            theme.quiet(),
        );
    }
    let rows = model.rows(Tab::Timeline);
    let shown: Vec<&TopRow> = model.sorted().skip(model.fleet.top).take(rows).collect();
    let names: Vec<&str> = shown.iter().map(|row| row.name.as_str()).collect();
    for (place, (row, name)) in shown.iter().zip(fit_names(&names, width)).enumerate() {
        let need = if row.need.is_some() { "!" } else { " " };
        pen.text((place + 1, 0), 1, need, theme.alarm());
        pen.text((place + 1, 2), width, &name, theme.strong());
        let style = theme.state(row.state);
        pen.text((place + 1, width + 3), 1, glyph(row.state), style);
        pen.text((place + 1, left), scale.columns, &bar(row, model, &scale), style);
        if model.fleet.top + place == model.fleet.at {
            pen.row(place + 1, theme.chosen());
        }
    }
}

fn bar(row: &TopRow, model: &TopModel, scale: &Scale) -> String {
    let mut cells = vec![' '; scale.columns];
    if let Some(ahead) = row.remaining_s {
        let ahead = SignedDuration::from_secs(i64::try_from(ahead).unwrap_or(0));
        let end = model.now.checked_add(ahead).unwrap_or(model.now);
        fill(&mut cells, scale.column(model.now), scale.column(end), '.');
    }
    for span in &row.attempts {
        let Some(from) = span.from else { continue };
        let to = scale.column(span.to.unwrap_or(model.now));
        fill(&mut cells, scale.column(from), to, '=');
        let end = match (span.to, span.failed) {
            (None, _) => '>',
            (Some(_), true) => 'x',
            (Some(_), false) => '=',
        };
        fill(&mut cells, to, to, end);
    }
    cells.into_iter().collect::<String>().trim_end().to_owned()
}

fn fill(cells: &mut [char], from: usize, to: usize, with: char) {
    if let Some(cells) = cells.get_mut(from..=to.max(from)) {
        cells.fill(with);
    }
}
