//! `orch history --durations`: stated durations, measured durations, and the number of tasks done a day.

use std::fmt::Write;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::graph::{Durations, median};
use crate::plan::{AgentName, PlanName, PlanSet, UnitId};
use crate::report::text::span::span;
use crate::report::text::width::pad;

/// The number of days for the velocity, and for the period to compare with.
const DAYS: i64 = 7;

/// The known durations, in seconds.
#[derive(Debug, Serialize)]
pub struct DurationsPage {
    /// Plans with measurements, in manifest order.
    pub plans: Vec<PlanEstimate>,
    /// The duration of a task for each agent.
    pub agents: Vec<AgentPace>,
    /// The durations of tasks, VERIFY blocks and phases.
    pub kinds: Vec<KindPace>,
    /// The number of tasks done.
    pub velocity: Velocity,
}

/// The measured and the stated durations of a plan.
#[derive(Debug, Serialize)]
pub struct PlanEstimate {
    /// The plan.
    pub plan: PlanName,
    /// Its agent.
    pub agent: AgentName,
    /// The number of measured tasks.
    pub tasks: usize,
    /// Their measured time.
    pub took_s: f64,
    /// The stated time of those measured tasks that have one; `None` where no task has one.
    pub stated_s: Option<f64>,
    /// The factor for the plan's stated durations; 1 where nothing can be compared.
    pub factor: f64,
}

/// The duration of an agent's tasks.
#[derive(Debug, Serialize)]
pub struct AgentPace {
    /// The agent.
    pub agent: AgentName,
    /// The average, with more weight on newer tasks.
    pub task_s: f64,
}

/// The duration of one kind of work.
#[derive(Debug, Serialize)]
pub struct KindPace {
    /// `task`, `verify` or `phase`.
    pub kind: &'static str,
    /// The number of measurements.
    pub measured: usize,
    /// The median.
    pub median_s: f64,
}

/// The number of tasks done over time.
#[derive(Debug, Serialize)]
pub struct Velocity {
    /// In the last seven days.
    pub last_7_days: usize,
    /// In the seven days before.
    pub days_before: usize,
    /// Tasks a day in the last seven days.
    pub per_day: f64,
    /// `rising`, `falling` or `steady`, with a threshold of a tenth; `None` when nothing was done in the seven
    /// days before.
    pub trend: Option<&'static str>,
}

impl DurationsPage {
    /// `done` lists the moments at which tasks were done.
    pub fn new(set: &PlanSet, durations: &Durations, done: &[Timestamp], now: Timestamp) -> Self {
        let plans = set.plans.iter().filter_map(|plan| {
            let known = durations.calibration(plan)?;
            Some(PlanEstimate {
                plan: plan.name.clone(),
                agent: plan.agent.clone(),
                tasks: known.tasks,
                took_s: seconds(known.took),
                stated_s: known.compared.map(|(_, stated)| seconds(stated)),
                factor: known.factor,
            })
        });
        let agents = durations.agents.iter().map(|(agent, measured)| AgentPace {
            agent: agent.clone(),
            task_s: seconds(measured.mean),
        });
        Self {
            plans: plans.collect(),
            agents: agents.collect(),
            kinds: kinds(durations),
            velocity: velocity(done, now),
        }
    }

    /// The page as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let names = self.plans.iter().map(|row| row.plan.as_str().len());
        let name = names.max().unwrap_or(0).max(4);
        if !self.plans.is_empty() {
            let _ = writeln!(
                text,
                "{}  tasks  stated     took       factor  agent",
                pad("plan", name)
            );
        }
        for row in &self.plans {
            let stated = row.stated_s.map_or("-".to_owned(), words);
            let factor = row
                .stated_s
                .map_or("-".to_owned(), |_| format!("{:.2}", row.factor));
            let _ = writeln!(
                text,
                "{}  {:<5}  {stated:<9}  {:<9}  {factor:<6}  {}",
                pad(row.plan.as_str(), name),
                row.tasks,
                words(row.took_s),
                row.agent
            );
        }
        for pace in &self.agents {
            let _ = writeln!(text, "a task of {} takes {}", pace.agent, words(pace.task_s));
        }
        for pace in &self.kinds {
            let _ = writeln!(
                text,
                "a {} takes {} (median of {})",
                pace.kind,
                words(pace.median_s),
                pace.measured
            );
        }
        let velocity = &self.velocity;
        let trend = velocity.trend.map_or(String::new(), |trend| format!(", {trend}"));
        let _ = writeln!(
            text,
            "tasks done in the last {DAYS} days: {} ({:.1} a day{trend}); in the {DAYS} days before: {}",
            velocity.last_7_days, velocity.per_day, velocity.days_before
        );
        text
    }
}

fn kinds(durations: &Durations) -> Vec<KindPace> {
    let units = || durations.units.values().flatten();
    let of = |kind, is: fn(UnitId) -> bool| {
        let own: Vec<u64> = units()
            .filter(|(unit, _)| is(**unit))
            .map(|(_, took)| *took)
            .collect();
        Some(KindPace {
            kind,
            measured: own.len(),
            median_s: seconds(median(&own)?),
        })
    };
    let kinds = [
        of("task", |unit| {
            matches!(unit, UnitId::Task(_)) && !unit.is_verify()
        }),
        of("VERIFY block", UnitId::is_verify),
        of("phase", |unit| matches!(unit, UnitId::Phase(_))),
    ];
    kinds.into_iter().flatten().collect()
}

fn velocity(done: &[Timestamp], now: Timestamp) -> Velocity {
    let week = SignedDuration::from_hours(24 * DAYS);
    let ago = |times: i32| now.checked_sub(week * times).unwrap_or(Timestamp::MIN);
    let between = |from: Timestamp, to: Timestamp| done.iter().filter(|at| **at > from && **at <= to).count();
    let (last, before) = (between(ago(1), now), between(ago(2), ago(1)));
    let trend = match (last * 10, before) {
        (_, 0) => None,
        (last, before) if last >= before * 11 => Some("rising"),
        (last, before) if last <= before * 9 => Some("falling"),
        _ => Some("steady"),
    };
    Velocity {
        last_7_days: last,
        days_before: before,
        per_day: last as f64 / DAYS as f64,
        trend,
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn words(seconds: f64) -> String {
    span(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_velocity_has_a_trend_once_there_is_something_to_compare() {
        let now: Timestamp = "2026-03-20T12:00:00Z".parse().unwrap();
        let days = |days: &[i64]| -> Vec<Timestamp> {
            let ago = |days: &i64| {
                now.checked_sub(SignedDuration::from_hours(24 * days + 1))
                    .unwrap()
            };
            days.iter().map(ago).collect()
        };
        let of = |done: &[i64]| {
            let found = velocity(&days(done), now);
            (found.last_7_days, found.days_before, found.trend)
        };
        assert_eq!(of(&[]), (0, 0, None));
        assert_eq!(of(&[0, 1, 6]), (3, 0, None));
        assert_eq!(of(&[0, 1, 7, 20]), (2, 1, Some("rising")));
        assert_eq!(of(&[0, 7, 8]), (1, 2, Some("falling")));
        assert_eq!(of(&[0, 13]), (1, 1, Some("steady")));
    }
}
