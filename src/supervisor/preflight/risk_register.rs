//! What went wrong with plans in earlier runs, how likely it is next time, and what came true in a run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::journal::{JournalReader, OrchDir, Record};
use crate::plan::{Lint, LintId, PlanName, RunId};
use crate::schedule::{Event, Exit, MergeTrouble};
use crate::supervisor::project::error::SupervisorError;

/// What can go wrong with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// Its work conflicts with other work.
    Conflict,
    /// Its merge fails the verification.
    RedMerge,
    /// Its attempts are used up.
    Failure,
    /// An agent of it runs out of time.
    TimeOut,
    /// An agent of it stalls.
    Stall,
    /// An account of its agent meets a limit, or its service fails.
    Limit,
    /// An agent of it asks a person.
    Question,
}

impl RiskKind {
    /// The kind of risk that came true with this event.
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::WorkConflicted(_) => Some(Self::Conflict),
            Event::MergeFailed(failed) if matches!(failed.why, MergeTrouble::Conflict { .. }) => {
                Some(Self::Conflict)
            }
            Event::MergeFailed(failed) if matches!(failed.why, MergeTrouble::Verification { .. }) => {
                Some(Self::RedMerge)
            }
            Event::PlanFailed(_) => Some(Self::Failure),
            Event::AgentEnded {
                exit: Exit::TimedOut, ..
            } => Some(Self::TimeOut),
            Event::AgentStalled(_) => Some(Self::Stall),
            Event::AttemptParked(_) => Some(Self::Limit),
            Event::QuestionAsked(_) => Some(Self::Question),
            _ => None,
        }
    }

    /// The kind of risk that a lint foresees.
    fn foreseen(lint: LintId) -> Option<Self> {
        match lint {
            LintId::Overlap | LintId::Conflict => Some(Self::Conflict),
            LintId::RedTogether => Some(Self::RedMerge),
            LintId::TimeOut => Some(Self::TimeOut),
            _ => None,
        }
    }

    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::RedMerge => "red merge",
            Self::Failure => "attempts used up",
            Self::TimeOut => "time-out",
            Self::Stall => "stalled agent",
            Self::Limit => "rate limit or outage",
            Self::Question => "question",
        }
    }

    /// How it announces itself.
    fn warning(self) -> &'static str {
        match self {
            Self::Conflict => "`orch conflicts` names the two branches",
            Self::RedMerge => "`orch conflicts` names branches that do not pass together",
            Self::Failure => "a failed attempt in `orch status`",
            Self::TimeOut => "no task is reported for long",
            Self::Stall => "an old last sign of life in `orch top`",
            Self::Limit => "a `parked` plan",
            Self::Question => "the first lines of `orch status`",
        }
    }

    /// What helps then.
    fn contingency(self) -> &'static str {
        match self {
            Self::Conflict => "`orch merge --resolve PLAN`, or `depends` between the two plans",
            Self::RedMerge => "`orch retry PLAN` gives its agent the output",
            Self::Failure => {
                "`orch why PLAN`, then `orch retry PLAN`; `agents` names another agent to take over"
            }
            Self::TimeOut => "a longer `timeout`, or smaller parts with `dispatch = \"phase\"`",
            Self::Stall => "`on_stuck = \"restart\"`",
            Self::Limit => "`agents` names another agent to take over",
            Self::Question => "`orch answer PLAN TEXT`; `[escalate] question` tells somebody",
        }
    }
}

/// A risk that came true in earlier runs, or that this preview foresees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KnownRisk {
    /// Its kind.
    pub kind: RiskKind,
    /// The plans with which it came true, counted once for each run.
    pub plans: usize,
    /// All plans on which agents worked, counted likewise.
    pub of: usize,
    /// How likely it is with a plan, in percent; `None` before any agent has worked.
    pub percent: Option<usize>,
    /// How it announces itself.
    pub warning: &'static str,
    /// What helps then.
    pub contingency: &'static str,
}

/// The risks that are known from these records and those that are foreseen, the likeliest first.
fn known(records: &[Record], foreseen: &BTreeSet<RiskKind>) -> Vec<KnownRisk> {
    let mut worked: BTreeSet<(RunId, &PlanName)> = BTreeSet::new();
    let mut came_true: BTreeMap<RiskKind, BTreeSet<(RunId, &PlanName)>> = BTreeMap::new();
    for record in records {
        let Some(plan) = record.event.plan() else { continue };
        if matches!(record.event, Event::AttemptAssigned { .. }) {
            worked.insert((record.run, plan));
        }
        if let Some(kind) = RiskKind::of(&record.event) {
            came_true.entry(kind).or_default().insert((record.run, plan));
        }
    }
    for kind in foreseen {
        came_true.entry(*kind).or_default();
    }
    let of = worked.len();
    let risk = |(kind, plans): (RiskKind, BTreeSet<(RunId, &PlanName)>)| {
        let plans = plans.intersection(&worked).count();
        (plans > 0 || foreseen.contains(&kind)).then(|| KnownRisk {
            kind,
            plans,
            of,
            percent: (plans * 100 + of / 2).checked_div(of),
            warning: kind.warning(),
            contingency: kind.contingency(),
        })
    };
    let mut risks: Vec<KnownRisk> = came_true.into_iter().filter_map(risk).collect();
    risks.sort_by_key(|risk| std::cmp::Reverse(risk.plans));
    risks
}

/// The events that tell of a risk, or that agents worked on a plan.
const EVENTS: [&str; 8] = [
    "attempt.assigned",
    "work.conflicted",
    "merge.failed",
    "plan.failed",
    "agent.ended",
    "agent.stuck",
    "attempt.parked",
    "question.asked",
];

/// The risks that are known from all runs so far, and those that lints foresee.
///
/// # Errors
///
/// When the journal cannot be read.
pub(super) fn known_risks(dir: &OrchDir, lints: &[Lint]) -> Result<Vec<KnownRisk>, SupervisorError> {
    let records = match JournalReader::open(dir)? {
        Some(reader) => reader.filtered(0, &|event, _| EVENTS.contains(&event))?,
        None => Vec::new(),
    };
    let foreseen = lints.iter().filter_map(|lint| RiskKind::foreseen(lint.id));
    Ok(known(&records, &foreseen.collect()))
}

/// A risk that came true in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrueRisk {
    /// Its kind.
    pub kind: RiskKind,
    /// The plans with which it came true.
    pub plans: Vec<PlanName>,
    /// How likely it was with a plan before the run, in percent; `None` in a first run.
    pub expected_percent: Option<usize>,
}

/// The risks that came true in a run, beside what was known of them when it began.
pub fn true_risks(records: &[Record], run: RunId) -> Vec<TrueRisk> {
    let before = records.partition_point(|record| record.run < run);
    let mut found: BTreeMap<RiskKind, BTreeSet<PlanName>> = BTreeMap::new();
    for record in records[before..].iter().take_while(|record| record.run == run) {
        let kind = RiskKind::of(&record.event);
        if let Some((kind, plan)) = kind.zip(record.event.plan()) {
            found.entry(kind).or_default().insert(plan.clone());
        }
    }
    let known = known(&records[..before], &found.keys().copied().collect());
    let risk = |(kind, plans): (RiskKind, BTreeSet<PlanName>)| TrueRisk {
        kind,
        plans: plans.into_iter().collect(),
        expected_percent: known
            .iter()
            .find(|risk| risk.kind == kind)
            .and_then(|risk| risk.percent),
    };
    found.into_iter().map(risk).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::schedule::At;

    fn record(run: u32, event: Value) -> Record {
        let name = event["event"].as_str().unwrap().to_owned();
        Record {
            seq: 1,
            at: At::default(),
            wall: Timestamp::UNIX_EPOCH,
            run: RunId(run),
            event: Event::read(&name, event).unwrap(),
        }
    }

    fn assigned(run: u32, plan: &str) -> Record {
        let attempt = format!("{plan}-{run}");
        record(
            run,
            json!({"event": "attempt.assigned", "plan": plan, "attempt": attempt, "agent": "a", "number": 1, "units": [1]}),
        )
    }

    #[test]
    fn a_risk_is_as_likely_as_it_was_in_earlier_runs() {
        let red = |run| {
            let why = json!({"kind": "verification", "why": "red"});
            record(run, json!({"event": "merge.failed", "plan": "a", "why": why}))
        };
        let records = [
            assigned(1, "a"),
            red(1),
            red(1),
            assigned(1, "b"),
            assigned(2, "a"),
            record(2, json!({"event": "plan.failed", "plan": "a", "why": "exit 3"})),
            red(2),
        ];
        let told: Vec<_> = known(&records, &BTreeSet::new())
            .iter()
            .map(|risk| (risk.kind, risk.plans, risk.of, risk.percent))
            .collect();
        assert_eq!(
            told,
            [
                (RiskKind::RedMerge, 2, 3, Some(67)),
                (RiskKind::Failure, 1, 3, Some(33))
            ]
        );
        let foreseen = BTreeSet::from([RiskKind::Conflict]);
        let told = known(&records, &foreseen);
        assert_eq!((told[2].kind, told[2].percent), (RiskKind::Conflict, Some(0)));
        assert_eq!(known(&[], &foreseen)[0].percent, None);
        let told: Vec<_> = true_risks(&records, RunId(2))
            .into_iter()
            .map(|risk| (risk.kind, risk.plans.len(), risk.expected_percent))
            .collect();
        assert_eq!(
            told,
            [(RiskKind::RedMerge, 1, Some(50)), (RiskKind::Failure, 1, Some(0))]
        );
        assert_eq!(true_risks(&records, RunId(1))[0].expected_percent, None);
        assert!(true_risks(&records, RunId(3)).is_empty());
    }
}
