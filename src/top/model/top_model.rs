//! The state of the view.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cursor::Cursor;
use super::lists::Sorting;
use super::log_text::LogText;
use super::page::TextPage;
use super::seen::{HappenedRow, NeedRow, Seen, TopRow, TrainRow};
use super::tab::Tab;
use super::top_question::TopQuestion;

/// Rows around the list: header, attention, tabs, last line.
const AROUND: u16 = 4;
/// With fewer rows, the attention line is left out.
pub(in crate::top) const LOW: u16 = 10;
/// The most journal entries to keep.
const MOST_EVENTS: usize = 50_000;

/// Everything that is shown, and nothing else.
#[derive(Debug, Clone)]
pub struct TopModel {
    /// The fleet.
    pub seen: Seen,
    /// True once the fleet was read.
    pub looked: bool,
    /// Why the last look failed.
    pub trouble: Option<String>,
    /// The current time.
    pub now: Timestamp,
    /// The time zone for clocks.
    pub zone: TimeZone,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// True when colours are wanted.
    pub colour: bool,
    /// True when steering is refused.
    pub readonly: bool,
    /// The tab that is shown.
    pub tab: Tab,
    /// The tab that a log was opened from.
    pub from: Tab,
    /// The order of the fleet.
    pub sorting: Sorting,
    /// The plan to choose once it appears.
    pub awaited: Option<String>,
    /// The indexes of the plans in their order.
    pub order: Vec<usize>,
    /// The position in the fleet and in the timeline.
    pub fleet: Cursor,
    /// The position in the list of items that need a person.
    pub needs: Cursor,
    /// The position in the train.
    pub train_at: Cursor,
    /// The position in the journal.
    pub events_at: Cursor,
    /// True while the journal's end is followed.
    pub events_follow: bool,
    /// The train; `None` before it was read.
    pub train: Option<Vec<TrainRow>>,
    /// Why the train cannot be read.
    pub train_trouble: Option<String>,
    /// The journal.
    pub events: VecDeque<HappenedRow>,
    /// The log.
    pub log: LogText,
    /// The text over the tabs.
    pub page: Option<TextPage>,
    /// The open question or text input.
    pub ask: Option<TopQuestion>,
    /// The marked plans.
    pub marks: BTreeSet<String>,
    /// The last search.
    pub search: String,
    /// The last message.
    pub note: Option<String>,
    /// The command whose page is awaited, until another key is pressed.
    pub awaits: Option<String>,
    /// The running commands.
    pub under_way: Vec<String>,
}

impl TopModel {
    /// The state before anything was read.
    pub fn new(now: Timestamp, zone: TimeZone, size: (u16, u16)) -> Self {
        Self {
            seen: Seen::default(),
            looked: false,
            trouble: None,
            now,
            zone,
            size,
            colour: true,
            readonly: false,
            tab: Tab::default(),
            from: Tab::default(),
            sorting: Sorting::default(),
            awaited: None,
            order: Vec::new(),
            fleet: Cursor::default(),
            needs: Cursor::default(),
            train_at: Cursor::default(),
            events_at: Cursor::default(),
            events_follow: true,
            train: None,
            train_trouble: None,
            events: VecDeque::new(),
            log: LogText::default(),
            page: None,
            ask: None,
            marks: BTreeSet::new(),
            search: String::new(),
            note: None,
            awaits: None,
            under_way: Vec::new(),
        }
    }

    /// Rows between the tabs and the last line.
    pub fn body(&self) -> usize {
        let around = if self.size.1 < LOW { AROUND - 1 } else { AROUND };
        usize::from(self.size.1.saturating_sub(around))
    }

    /// The rows of a tab's list. Some tabs have a title line above the list.
    pub fn rows(&self, tab: Tab) -> usize {
        let titles = match tab {
            Tab::Fleet | Tab::Train | Tab::Timeline => 1,
            Tab::Needs | Tab::Log | Tab::Events => 0,
        };
        let each = if tab == Tab::Needs { 2 } else { 1 };
        self.body().saturating_sub(titles) / each
    }

    /// The plans in the shown order.
    pub fn sorted(&self) -> impl ExactSizeIterator<Item = &TopRow> {
        self.order.iter().map(|at| &self.seen.plans[*at])
    }

    /// The plan of the chosen row of the fleet.
    pub fn chosen(&self) -> Option<&TopRow> {
        self.order.get(self.fleet.at).map(|at| &self.seen.plans[*at])
    }

    /// The chosen item that needs a person.
    pub fn chosen_need(&self) -> Option<&NeedRow> {
        self.seen.needs.get(self.needs.at)
    }

    /// The plan on which keys act.
    pub fn current(&self) -> Option<String> {
        let of_fleet = || self.chosen().map(|row| row.name.clone());
        let found = match self.tab {
            Tab::Fleet | Tab::Timeline => of_fleet(),
            Tab::Needs => self.chosen_need().and_then(|need| need.plan.clone()),
            Tab::Train => {
                let rows = self.train.as_ref();
                rows.and_then(|rows| rows.get(self.train_at.at))
                    .map(|row| row.plan.clone())
            }
            Tab::Log => Some(self.log.plan.clone()),
            Tab::Events => self.events.get(self.events_at.at).map(|row| row.plan.clone()),
        };
        found.filter(|plan| !plan.is_empty())
    }

    /// The plans that keys steer: the marked ones, or else the current one.
    pub fn steered(&self) -> Vec<String> {
        if !self.marks.is_empty() && matches!(self.tab, Tab::Fleet | Tab::Timeline) {
            let names = self.seen.plans.iter().map(|row| &row.name);
            return names.filter(|name| self.marks.contains(*name)).cloned().collect();
        }
        self.current().into_iter().collect()
    }

    /// The data to read in addition to the fleet: a log (true for the attempt before the last), and whether the train.
    pub fn wish(&self) -> (Option<(String, bool)>, bool) {
        let log = (self.tab == Tab::Log && !self.log.plan.is_empty())
            .then(|| (self.log.plan.clone(), self.log.previous));
        (log, self.tab == Tab::Train)
    }

    /// Shows the data of a look. The chosen item stays chosen.
    pub(super) fn take(&mut self, seen: Seen) {
        let chosen = self.chosen().map(|row| row.name.clone());
        let need = self.chosen_need().map(|need| (need.plan.clone(), need.kind));
        self.seen = seen;
        self.trouble = None;
        self.looked = true;
        let chosen = self.awaited.take().or(chosen);
        self.sort(chosen.as_deref());
        let mut needs = self.seen.needs.iter();
        if let Some(at) = needs.position(|new| need.as_ref() == Some(&(new.plan.clone(), new.kind))) {
            self.needs.at = at;
        }
        let names: BTreeSet<&str> = self.seen.plans.iter().map(|row| row.name.as_str()).collect();
        self.marks.retain(|name| names.contains(name.as_str()));
    }

    /// Sorts the fleet, and chooses the plan with this name.
    pub(super) fn sort(&mut self, chosen: Option<&str>) {
        self.order = self.sorting.order(&self.seen);
        let at = chosen.and_then(|name| self.sorted().position(|row| row.name == name));
        self.fleet.at = at.unwrap_or(self.fleet.at);
    }

    /// Appends journal entries.
    pub(super) fn happened(&mut self, rows: Vec<HappenedRow>) {
        let known = self.events.back().map_or(0, |row| row.seq);
        self.events.extend(rows.into_iter().filter(|row| row.seq > known));
        let over = self.events.len().saturating_sub(MOST_EVENTS);
        self.events.drain(..over);
        self.events_at.at = self.events_at.at.saturating_sub(over);
        self.events_at.top = self.events_at.top.saturating_sub(over);
    }

    /// Moves every position into its valid range.
    pub(super) fn settle(&mut self) {
        let rows = |tab| self.rows(tab);
        let (fleet, needs, train, events) = (
            rows(Tab::Fleet),
            rows(Tab::Needs),
            rows(Tab::Train),
            rows(Tab::Events),
        );
        self.fleet.keep(self.order.len(), fleet);
        self.needs.keep(self.seen.needs.len(), needs);
        self.train_at.keep(self.train.as_ref().map_or(0, Vec::len), train);
        if self.events_follow {
            self.events_at.at = self.events.len().saturating_sub(1);
        }
        self.events_at.keep(self.events.len(), events);
        self.log.top = self.log.top.min(self.log.lines.len().saturating_sub(1));
    }
}
