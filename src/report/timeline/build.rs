//! Arranging the story of a run as rows of bars.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::critical::{Handover, START, mark_critical};
use super::model::{BarKind, RunTimeline, TimelineBar, TimelineRow};
use crate::plan::{Dependency, PlanName, PlanState, Point};
use crate::report::story::attempt_story::AttemptStory;
use crate::report::story::chronicle::{PlanStory, RunStory};
use crate::report::story::spell::SpellKind;
use crate::report::text::span::ms;

/// Knowledge about plans beyond the story of a run.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// The dependencies of each plan and of its phases.
    pub depends: BTreeMap<PlanName, Vec<Dependency>>,
    /// When each plan was expected to be done as the run began, in milliseconds since then.
    pub planned: BTreeMap<PlanName, u64>,
    /// When agents will begin on each plan and when it will be done, in milliseconds from now; for a run that continues.
    pub expected: BTreeMap<PlanName, (u64, u64)>,
}

/// The timeline of a run at `now`; `None` before the run began.
pub fn timeline(run: &RunStory, outlook: &Outlook, now: Timestamp) -> Option<RunTimeline> {
    let began = run.began?;
    let end = if run.goes_on {
        now
    } else {
        run.ended.unwrap_or(now)
    };
    let axis = TimeAxis { began, end };
    let expected: &BTreeMap<PlanName, (u64, u64)> = if run.goes_on {
        &outlook.expected
    } else {
        &BTreeMap::new()
    };
    let planless = PlanStory::default();
    let names: BTreeSet<&PlanName> = run.plans.keys().chain(expected.keys()).collect();
    let mut rows = Vec::new();
    let mut handovers = BTreeMap::new();
    for name in names {
        let story = run.plans.get(name).unwrap_or(&planless);
        let mut lanes: BTreeMap<u32, Vec<TimelineBar>> = BTreeMap::from([(0, own_bars(story, &axis))]);
        for attempt in &story.attempts {
            let bars = lanes.entry(attempt.lane).or_default();
            bars.extend(attempt_bar(attempt, run.goes_on, &axis));
        }
        let depends = outlook.depends.get(name).map(Vec::as_slice).unwrap_or_default();
        let met = met(depends, run, &axis);
        if let Some(own) = lanes.get_mut(&0) {
            waits(own, story, &met, &axis);
            if let Some((begin, left)) = expected.get(name) {
                let now = axis.at(end);
                let text = format!("{name}: done in about {}", ms(*left));
                own.push(bar(BarKind::Expected, now + begin, now + left, text));
            }
        }
        handovers.insert(name.to_string(), met);
        for (lane, mut bars) in lanes {
            bars.sort_by_key(|bar| (bar.from_ms, bar.to_ms));
            rows.push(TimelineRow {
                plan: name.to_string(),
                lane,
                planned_ms: outlook.planned.get(name).copied().filter(|_| lane == 0),
                bars,
            });
        }
    }
    rows.retain(|row| !row.bars.is_empty());
    mark_critical(&mut rows, &handovers);
    let ends = rows.iter().flat_map(|row| &row.bars).map(|bar| bar.to_ms);
    Some(RunTimeline {
        began,
        now_ms: run.goes_on.then(|| axis.at(end)),
        length_ms: ends.chain([axis.at(end), 1]).max().unwrap_or(1),
        rows,
    })
}

/// Moments as milliseconds since the beginning.
struct TimeAxis {
    began: Timestamp,
    end: Timestamp,
}

impl TimeAxis {
    fn at(&self, moment: Timestamp) -> u64 {
        u64::try_from(moment.as_millisecond() - self.began.as_millisecond()).unwrap_or(0)
    }
}

fn bar(kind: BarKind, from_ms: u64, to_ms: u64, text: String) -> TimelineBar {
    TimelineBar {
        kind,
        from_ms,
        to_ms: to_ms.max(from_ms),
        text,
        critical: false,
    }
}

/// The spells of a plan, and its landing.
fn own_bars(story: &PlanStory, axis: &TimeAxis) -> Vec<TimelineBar> {
    let mut bars = Vec::new();
    for spell in &story.spells {
        let kind = match spell.kind {
            SpellKind::Gate => BarKind::Gate,
            SpellKind::Held => BarKind::Held,
            SpellKind::Parked => BarKind::Parked,
            SpellKind::Paused => BarKind::Paused,
            SpellKind::Verifying => BarKind::Verifying,
            SpellKind::VerifyFailed => BarKind::Failed,
            SpellKind::Merging => BarKind::Merging,
        };
        let (from, to) = (axis.at(spell.from), axis.at(spell.to.unwrap_or(axis.end)));
        let took = ms(to.saturating_sub(from));
        let label = match spell.kind {
            SpellKind::VerifyFailed => "verification failed",
            _ => kind.label(),
        };
        let text = match spell.text.as_str() {
            "" => format!("{label}: {took}"),
            text => format!("{label}: {took}, {text}"),
        };
        bars.push(bar(kind, from, to, text));
    }
    let is_open = story.spells.iter().any(|spell| spell.to.is_none());
    if story.state == Some(PlanState::Held) && !is_open {
        // A wait for an approval or a review has no event of its own: only the current state shows it.
        let from = story.last_activity().map_or(0, |at| axis.at(at));
        let why = story.why.as_deref().unwrap_or(BarKind::Gate.label());
        bars.push(bar(BarKind::Gate, from, axis.at(axis.end), why.to_owned()));
    }
    if let (Some(at), Some(commit)) = (story.landed_at, &story.landed) {
        let at = axis.at(at);
        bars.push(bar(
            BarKind::Landed,
            at,
            at,
            format!("landed with {}", commit.short()),
        ));
    }
    bars
}

fn attempt_bar(attempt: &AttemptStory, goes_on: bool, axis: &TimeAxis) -> Option<TimelineBar> {
    let (from, to) = (
        axis.at(attempt.began?),
        axis.at(attempt.ended.unwrap_or(axis.end)),
    );
    let took = ms(to.saturating_sub(from));
    let (kind, how) = match (&attempt.failed, &attempt.interrupted, attempt.ended) {
        (Some(why), ..) => (BarKind::Failed, format!(", failed: {why}")),
        (None, Some(why), _) => (BarKind::Attempt, format!(", ended early: {why}")),
        (None, None, None) if goes_on => (BarKind::Working, ", at work".to_owned()),
        (None, None, _) => (BarKind::Attempt, String::new()),
    };
    let text = format!("{} ({}): {took}{how}", attempt.attempt, attempt.agent);
    Some(bar(kind, from, to, text))
}

/// When the dependencies of a plan were met, in the order of time.
fn met(depends: &[Dependency], run: &RunStory, axis: &TimeAxis) -> Vec<Handover> {
    let moment = |wait: &Dependency| {
        let other = run.plans.get(&wait.on.plan)?;
        let at = match (wait.landed, wait.on.point) {
            (true, _) => other.landed_at,
            (false, Point::Plan) => other.finished_at,
            (false, Point::Phase(phase)) => other.phases_done.get(&phase).copied(),
            (false, Point::Task(task)) => other.phases_done.get(&task.phase).copied(),
        };
        Some(Handover {
            at_ms: axis.at(at?),
            by: wait.on.plan.to_string(),
            what: wait.to_string(),
        })
    };
    let mut met: Vec<Handover> = depends.iter().filter_map(moment).collect();
    met.sort_by_key(|met| met.at_ms);
    met
}

/// Adds the idle times before the plan's attempts, with the reason for each.
fn waits(own: &mut Vec<TimelineBar>, story: &PlanStory, met: &[Handover], axis: &TimeAxis) {
    let attempts = story.attempts.iter().filter_map(|attempt| {
        let from = axis.at(attempt.began?);
        Some((from, axis.at(attempt.ended.unwrap_or(axis.end))))
    });
    let attempts: Vec<(u64, u64)> = attempts.collect();
    let busy = own
        .iter()
        .map(|bar| (bar.from_ms, bar.to_ms))
        .chain(attempts.iter().copied());
    let busy: Vec<(u64, u64)> = busy.collect();
    for (from, _) in attempts {
        let before = busy.iter().filter(|(other, _)| *other < from);
        let added = story.added.map_or(0, |at| axis.at(at));
        let since = before.map(|(_, to)| *to).max().unwrap_or(added);
        let last = met.iter().rfind(|wait| wait.at_ms > since && wait.at_ms <= from);
        // Creating a worktree and starting a process takes a moment too.
        if since >= from || (last.is_none() && from - since <= START) {
            continue;
        }
        let what = last.map_or("a slot", |wait| wait.what.as_str());
        let text = format!("waited for {what}: {}", ms(from - since));
        own.push(bar(BarKind::Waiting, since, from, text));
    }
}
