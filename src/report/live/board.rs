//! The plans of a live board, and its lines.

use std::time::Duration;

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::plan::PlanState;

use crate::report::line::count_line::STATES;
use crate::report::text::palette::plan_style;
use crate::report::text::span::span;
use crate::report::text::width::{fit, fit_names, pad};

/// The width of the longest state's name.
const STATE: usize = 9;
/// The width of a bar.
const BAR: usize = 10;
/// The width of a line without the plan's name and text: bar, counts, state, time, gaps.
const FIXED: usize = BAR + 7 + STATE + 7 + 5;
/// The least width of a plan's name on a terminal with bars.
const NAME: usize = 20;
/// The least width of a plan's text, however long the name is.
const SAID: usize = 24;
/// Below this width there are no bars.
const NARROW: usize = 60;
/// With fewer lines there is no line about hidden plans: the header counts all.
const FEW: usize = 3;

/// The data of one plan on the board.
#[derive(Debug, Clone)]
pub struct BoardRow {
    pub name: String,
    pub state: PlanState,
    /// The plan's position among the items that need a person, by urgency.
    pub asks: Option<usize>,
    pub done: usize,
    pub all: usize,
    /// How long an agent has been working.
    pub took: Option<Duration>,
    /// What the plan is doing, or why it is in its state.
    pub said: String,
}

impl BoardRow {
    /// Smaller ranks come first: plans that need a person, then running plans, then the rest by state.
    fn rank(&self) -> (usize, usize) {
        let state = STATES.iter().position(|state| *state == self.state);
        match self.asks {
            Some(place) => (0, place),
            None => (1, state.unwrap_or(STATES.len())),
        }
    }

    fn line(&self, name: &str, width: usize, columns: usize, colour: bool) -> String {
        let mut head = format!("{} ", pad(&fit(name, width), width));
        if columns >= NARROW {
            let done = (BAR * self.done).checked_div(self.all).unwrap_or(0);
            let tip = usize::from(done < BAR && self.done > 0);
            head += &format!(
                "{}{}{} ",
                "=".repeat(done),
                ">".repeat(tip),
                "-".repeat(BAR - done - tip)
            );
        }
        head += &format!("{:>3}/{:<3} ", self.done, self.all);
        let head = fit(&head, columns);
        let word = fit(self.state.as_str(), columns - head.width());
        let gap = " ".repeat(STATE.saturating_sub(word.width()) + 1);
        let took = self.took.map(span).unwrap_or_default();
        let tail = match columns >= NARROW {
            true => format!("{gap}{took:>7} {}", fit(&self.said, usize::MAX)),
            false => format!("{gap}{}", fit(&self.said, usize::MAX)),
        };
        let tail = fit(&tail, columns - head.width() - word.width());
        let style = if colour {
            plan_style(self.state)
        } else {
            Style::new()
        };
        format!("{head}{style}{word}{style:#}{}", tail.trim_end())
    }
}

/// The data of the board, in manifest order.
#[derive(Debug, Clone, Default)]
pub struct LiveBoard {
    /// Counts.
    pub counts: String,
    /// Time and money.
    pub figures: String,
    /// The same without the range of the time.
    pub brief: String,
    pub rows: Vec<BoardRow>,
}

impl LiveBoard {
    /// The lines for a terminal with `room` rows: the header, the plans that need a person, the running plans, as many others as fit, and
    /// the number of hidden plans.
    pub fn lines(&self, columns: usize, room: usize, colour: bool) -> Vec<String> {
        let mut rows: Vec<&BoardRow> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.rank());
        let room = room.saturating_sub(1);
        let shown = match rows.len() > room && room + 1 >= FEW {
            true => room - 1,
            false => room.min(rows.len()),
        };
        let (shown, hidden) = rows.split_at(shown);
        let widest = self.rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
        let width = widest.min(columns.saturating_sub(FIXED + SAID).max(NAME.min(columns / 2)));
        let names: Vec<&str> = shown.iter().map(|row| row.name.as_str()).collect();
        let names = fit_names(&names, width);
        let lines = shown.iter().zip(names);
        let lines = lines.map(|(row, name)| row.line(&name, width, columns, colour));
        let mut lines: Vec<String> = [self.header(columns)].into_iter().chain(lines).collect();
        if !hidden.is_empty() && room + 1 >= FEW {
            lines.push(fit(&rest(hidden), columns));
        }
        lines
    }

    /// Where there is too little space the range of the time is left out, then the counts are cut, because plans show their states
    /// themselves.
    fn header(&self, columns: usize) -> String {
        let figures = match self.counts.width() + self.figures.width() <= columns {
            true => &self.figures,
            false => &self.brief,
        };
        let room = columns.saturating_sub(figures.width()).max(NAME);
        fit(&format!("{}{figures}", fit(&self.counts, room)), columns)
    }
}

/// `+ 14 blocked, 9 landed`.
fn rest(hidden: &[&BoardRow]) -> String {
    let asking = hidden.iter().filter(|row| row.asks.is_some()).count();
    let asking = (asking > 0).then(|| match asking {
        1 => "1 that needs you".to_owned(),
        more => format!("{more} that need you"),
    });
    let states = STATES.iter().filter_map(|state| {
        let of = |row: &&&BoardRow| row.asks.is_none() && row.state == *state;
        let plans = hidden.iter().filter(of).count();
        (plans > 0).then(|| format!("{plans} {state}"))
    });
    let parts: Vec<String> = asking.into_iter().chain(states).collect();
    format!("+ {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: PlanState) -> BoardRow {
        BoardRow {
            name: name.to_owned(),
            state,
            asks: None,
            done: 1,
            all: 4,
            took: (state == PlanState::Running).then(|| Duration::from_secs(75)),
            said: "phase 1: begin".to_owned(),
        }
    }

    /// In manifest order: 22 landed plans, six running, two failed. The second failed plan is more urgent.
    fn fleet() -> LiveBoard {
        let mut rows = Vec::new();
        for (state, count) in [
            (PlanState::Landed, 22),
            (PlanState::Running, 6),
            (PlanState::Failed, 2),
        ] {
            rows.extend((0..count).map(|number| row(&format!("{state}-{number}"), state)));
        }
        rows[28].asks = Some(1);
        rows[29].asks = Some(0);
        LiveBoard {
            counts: "30 plans: 2 need you, 6 running, 2 failed, 22 landed".to_owned(),
            figures: " · done in about 1h 40m · $14.20".to_owned(),
            brief: " · done in about 1h 40m · $14.20".to_owned(),
            rows,
        }
    }

    #[test]
    fn the_header_leaves_out_the_range_of_the_time_before_it_cuts_the_counts() {
        let mut fleet = fleet();
        fleet.counts = "3 plans: 1 running, 2 landed".to_owned();
        fleet.figures = " · done in about 1h 40m (1h 20m to 2h 5m) · $14.20".to_owned();
        let header = |columns: usize| fleet.lines(columns, 24, false).remove(0);
        assert_eq!(header(100), format!("{}{}", fleet.counts, fleet.figures));
        assert_eq!(header(70), format!("{}{}", fleet.counts, fleet.brief));
    }

    fn names(lines: &[String]) -> Vec<&str> {
        lines.iter().filter_map(|line| line.split(' ').next()).collect()
    }

    #[test]
    fn what_needs_a_person_comes_first_then_what_runs_and_the_rest_is_counted() {
        let lines = fleet().lines(80, 24, false);
        assert_eq!(lines.len(), 24);
        assert_eq!(
            names(&lines)[1..10],
            [
                "failed-1",
                "failed-0",
                "running-0",
                "running-1",
                "running-2",
                "running-3",
                "running-4",
                "running-5",
                "landed-0"
            ]
        );
        assert!(
            lines[3].contains("==>-------   1/4   running    1m 15s phase 1: begin"),
            "{}",
            lines[3]
        );
        assert_eq!(lines[23], "+ 8 landed");
        // Time and money are never cut.
        assert_eq!(lines[0].width(), 80);
        assert!(
            lines[0].starts_with("30 plans: 2 need you, 6 running") && lines[0].ends_with("$14.20"),
            "{}",
            lines[0]
        );
    }

    #[test]
    fn a_few_lines_hold_what_is_most_urgent() {
        let board = fleet();
        let three = board.lines(80, 3, false);
        assert_eq!(names(&three), ["30", "failed-1", "+"]);
        assert_eq!(three[2], "+ 1 that needs you, 6 running, 22 landed");
        assert_eq!(names(&board.lines(80, 2, false)), ["30", "failed-1"]);
        assert_eq!(names(&board.lines(80, 1, false)), ["30"]);
    }

    #[test]
    fn where_all_fit_nothing_is_counted_below() {
        let board = fleet();
        let lines = board.lines(200, 60, false);
        assert_eq!(lines.len(), 31);
        assert_eq!(lines[0], format!("{}{}", board.counts, board.figures));
        assert!(!lines[30].starts_with('+'));
        assert_eq!(board.lines(200, 31, false).len(), 31);
        assert_eq!(board.lines(200, 30, false)[29], "+ 2 landed");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_whatever_it_says() {
        let mut board = fleet();
        board.rows[29].name = "n".repeat(200);
        board.rows[28].name = "計画".repeat(50);
        board.rows[28].said = "検証に失敗しました\nmore".repeat(20);
        for columns in [1, 2, 7, 20, 36, 59, 60, 80, 200] {
            for line in board.lines(columns, 24, false) {
                assert!(
                    line.width() <= columns && !line.contains('\n'),
                    "{columns}: {line}"
                );
            }
        }
        let lines = board.lines(80, 24, false);
        assert!(lines[1].contains("failed"), "{}", lines[1]);
        assert!(
            lines[2].contains("failed") && lines[2].contains("検証"),
            "{}",
            lines[2]
        );
        // States are aligned.
        let place = |line: &str| line.find("1/4").map(|at| line[..at].width());
        assert_eq!(place(&lines[1]), place(&lines[2]));
        let coloured = board.lines(80, 24, true);
        assert!(coloured[1].contains("\x1b["), "{}", coloured[1]);
    }
}
