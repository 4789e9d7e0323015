//! The columns of the fleet, and their widths.

use unicode_width::UnicodeWidthStr;

use crate::top::model::{TopModel, TopRow};
use crate::words::cost;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Sign,
    Plan,
    State,
    Tasks,
    Phase,
    Agent,
    Life,
    Lines,
    Conflicts,
    Waits,
    Left,
    Cost,
}

/// All columns, in the order in which they are shown.
const ORDER: [Column; 12] = [
    Column::Sign,
    Column::Plan,
    Column::State,
    Column::Tasks,
    Column::Phase,
    Column::Agent,
    Column::Life,
    Column::Lines,
    Column::Conflicts,
    Column::Waits,
    Column::Left,
    Column::Cost,
];

/// The columns that are added where there is space, in this order.
const FURTHER: [Column; 6] = [
    Column::Cost,
    Column::Waits,
    Column::Agent,
    Column::Conflicts,
    Column::Lines,
    Column::Phase,
];

/// From this width on, the elapsed time is shown beside the remaining time.
pub(super) const WIDE: usize = 100;
/// Below this width, times are left out.
const NARROW: usize = 60;
/// The least width of costs: small ones do not move the columns while they grow.
const LEAST_PRICE: usize = 7;
/// The least width for a sign of life before another column is added.
const LIFE: usize = 28;

impl Column {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Sign => "",
            Self::Plan => "PLAN",
            Self::State => "STATE",
            Self::Tasks => "TASKS",
            Self::Phase => "PHASE",
            Self::Agent => "AGENT",
            Self::Life => "LAST SIGN OF LIFE, OR WHY",
            Self::Lines => "LINES",
            Self::Conflicts => "CONFLICTS",
            Self::Waits => "WAITS FOR",
            // Aligned with numbers that end at the same column.
            Self::Left => "   LEFT (TOOK)",
            Self::Cost => "COST",
        }
    }

    /// Its greatest width.
    fn most(self) -> usize {
        match self {
            Self::Plan => 28,
            Self::Phase => 24,
            Self::Agent => 20,
            Self::Conflicts | Self::Waits => 18,
            Self::Sign | Self::State | Self::Tasks | Self::Life | Self::Lines | Self::Left | Self::Cost => {
                usize::MAX
            }
        }
    }

    /// The width of its contents; `None` where it is empty in all rows.
    fn wanted(self, model: &TopModel) -> usize {
        let rows = &model.seen.plans;
        let text = |of: for<'r> fn(&'r TopRow) -> &'r str| {
            let widest = rows.iter().map(|row| of(row).width()).max().unwrap_or(0);
            if widest == 0 {
                0
            } else {
                widest.max(self.title().len())
            }
        };
        let some = |is: fn(&TopRow) -> bool, width| if rows.iter().any(is) { width } else { 0 };
        let wide = usize::from(model.size.0) >= WIDE;
        match self {
            Self::Sign => 1,
            Self::Plan => text(|row| &row.name).max(4),
            Self::State => 11,
            Self::Tasks => 7,
            Self::Phase => text(|row| &row.phase),
            Self::Agent => text(|row| &row.agent),
            Self::Conflicts => text(|row| &row.conflicts),
            Self::Waits => text(|row| &row.waits),
            Self::Lines => some(|row| row.lines.is_some(), 12),
            Self::Left if usize::from(model.size.0) < NARROW => 0,
            Self::Left => some(
                |row| row.remaining_s.is_some() || !row.attempts.is_empty(),
                if wide { 16 } else { 7 },
            ),
            Self::Cost => {
                let prices = rows.iter().filter_map(|row| price(row, model));
                prices
                    .map(|text| text.width().max(LEAST_PRICE))
                    .max()
                    .unwrap_or(0)
            }
            Self::Life => 0,
        }
        .min(self.most())
    }
}

/// The cost of a plan in words.
pub(super) fn price(row: &TopRow, model: &TopModel) -> Option<String> {
    row.cost.map(|amount| cost(amount, model.seen.currency))
}

/// The columns with their widths. They are separated by one space.
pub(super) fn columns(model: &TopModel) -> Vec<(Column, usize)> {
    let all = usize::from(model.size.0);
    let mut chosen = Vec::new();
    let mut taken = 0;
    for column in [
        Column::Sign,
        Column::State,
        Column::Plan,
        Column::Tasks,
        Column::Left,
    ] {
        let mut width = column.wanted(model);
        if column == Column::Plan {
            // Long names are cut before the texts about plans.
            width = width.min(
                (all / 4)
                    .max(all.saturating_sub(taken + 1))
                    .min((all / 4).max(12)),
            );
        }
        if width > 0 && taken + width < all {
            taken += width + 1;
            chosen.push((column, width));
        }
    }
    for column in FURTHER {
        let width = column.wanted(model);
        if width > 0 && taken + width + 1 + LIFE <= all {
            taken += width + 1;
            chosen.push((column, width));
        }
    }
    if taken < all {
        chosen.push((Column::Life, all - taken));
    }
    chosen.sort_by_key(|(column, _)| ORDER.iter().position(|other| other == column));
    chosen
}
