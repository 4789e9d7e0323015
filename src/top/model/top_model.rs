//! All that is shown.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cursor::Cursor;
use super::lists::Sorting;
use super::log_text::LogText;
use super::page::TextPage;
use super::seen::{HappenedRow, NeedRow, Seen, TopRow, TrainRow};
use super::steering::TopQuestion;
use super::tab::Tab;

/// Rows around the list: header, attention, tabs, last line.
const AROUND: u16 = 4;
/// With fewer rows, the line of attention is left out.
pub(in crate::top) const LOW: u16 = 10;
/// Most entries of the journal that are kept.
const MOST_EVENTS: usize = 50_000;

/// All that is shown, and nothing that is not.
#[derive(Debug, Clone)]
pub struct TopModel {
    /// The fleet.
    pub seen: Seen,
    /// True once the fleet was seen.
    pub looked: bool,
    /// Why the last look failed.
    pub trouble: Option<String>,
    /// The moment.
    pub now: Timestamp,
    /// Where clocks are shown for.
    pub zone: TimeZone,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// True when colours are wanted.
    pub colour: bool,
    /// True when nothing may be steered.
    pub readonly: bool,
    /// The tab that is shown.
    pub tab: Tab,
    /// The tab that a log was opened from.
    pub from: Tab,
    /// By what the fleet is sorted.
    pub sorting: Sorting,
    /// The plan that is to be chosen once it is seen.
    pub awaited: Option<String>,
    /// The plans as they are sorted.
    pub order: Vec<usize>,
    /// The place in the fleet and in the timeline.
    pub fleet: Cursor,
    /// The place among what needs a person.
    pub needs: Cursor,
    /// The place in the train.
    pub train_at: Cursor,
    /// The place in the journal.
    pub events_at: Cursor,
    /// True while the journal's end is followed.
    pub events_follow: bool,
    /// The train; none before it was looked at.
    pub train: Option<Vec<TrainRow>>,
    /// Why there is no train to be seen.
    pub train_trouble: Option<String>,
    /// The journal.
    pub events: VecDeque<HappenedRow>,
    /// The log.
    pub log: LogText,
    /// The text over the tabs.
    pub page: Option<TextPage>,
    /// What a person is asked, or types.
    pub ask: Option<TopQuestion>,
    /// The marked plans.
    pub marks: BTreeSet<String>,
    /// What was searched for.
    pub search: String,
    /// The last thing that was said.
    pub note: Option<String>,
    /// The command whose page is waited for, until another key is pressed.
    pub awaits: Option<String>,
    /// The commands under way.
    pub under_way: Vec<String>,
}

impl TopModel {
    /// Before anything was seen.
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

    /// Rows of a tab's list: some have a line of titles above it.
    pub fn rows(&self, tab: Tab) -> usize {
        let titles = match tab {
            Tab::Fleet | Tab::Train | Tab::Timeline => 1,
            Tab::Needs | Tab::Log | Tab::Events => 0,
        };
        let each = if tab == Tab::Needs { 2 } else { 1 };
        self.body().saturating_sub(titles) / each
    }

    /// The plans in the order in which they are shown.
    pub fn sorted(&self) -> impl ExactSizeIterator<Item = &TopRow> {
        self.order.iter().map(|at| &self.seen.plans[*at])
    }

    /// The plan that the chosen row of the fleet is about.
    pub fn chosen(&self) -> Option<&TopRow> {
        self.order.get(self.fleet.at).map(|at| &self.seen.plans[*at])
    }

    /// What the chosen row of what needs a person is about.
    pub fn chosen_need(&self) -> Option<&NeedRow> {
        self.seen.needs.get(self.needs.at)
    }

    /// The plan that keys are about.
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

    /// The plans that keys steer: the marked ones, else the current one.
    pub fn steered(&self) -> Vec<String> {
        if !self.marks.is_empty() && matches!(self.tab, Tab::Fleet | Tab::Timeline) {
            let names = self.seen.plans.iter().map(|row| &row.name);
            return names.filter(|name| self.marks.contains(*name)).cloned().collect();
        }
        self.current().into_iter().collect()
    }

    /// What has to be read besides the fleet: a log (and whether of the attempt before the last), and whether the train.
    pub fn wish(&self) -> (Option<(String, bool)>, bool) {
        let log = (self.tab == Tab::Log && !self.log.plan.is_empty())
            .then(|| (self.log.plan.clone(), self.log.previous));
        (log, self.tab == Tab::Train)
    }

    /// Takes what a look has brought. Whoever was chosen stays chosen.
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

    /// Sorts the fleet; the plan of this name is chosen afterwards.
    pub(super) fn sort(&mut self, chosen: Option<&str>) {
        self.order = self.sorting.order(&self.seen);
        let at = chosen.and_then(|name| self.sorted().position(|row| row.name == name));
        self.fleet.at = at.unwrap_or(self.fleet.at);
    }

    /// Takes further entries of the journal.
    pub(super) fn happened(&mut self, rows: Vec<HappenedRow>) {
        let known = self.events.back().map_or(0, |row| row.seq);
        self.events.extend(rows.into_iter().filter(|row| row.seq > known));
        let over = self.events.len().saturating_sub(MOST_EVENTS);
        self.events.drain(..over);
        self.events_at.at = self.events_at.at.saturating_sub(over);
        self.events_at.top = self.events_at.top.saturating_sub(over);
    }

    /// Puts every place where it can be.
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
