//! Everything that needs a person, ranked by the work that waits for it.

use std::cmp::Reverse;

use super::open_work::OpenWork;
use crate::plan::{PlanName, PlanState, UnitId};
use crate::schedule::attempts::unread::MOST_AGAIN;
use crate::schedule::event::at::At;
use crate::schedule::event::facts::ObstacleKind;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Hold;
use crate::schedule::explain::outcome::explain_lost;
use crate::schedule::explain::reason::{
    AttemptActivity, CapacityReason, DependencyState, MergeReason, Reason, WaitingFor,
};
use crate::schedule::explain::reasons::explain;
use crate::schedule::explain::since::in_state_since;
use crate::schedule::explain::states::plan_state;
use crate::schedule::ready::freeze;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::state::resolution::WayOut;
use crate::schedule::work::plans::Work;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// The plan.
    pub plan: PlanName,
    /// Its kind.
    pub kind: AttentionKind,
    /// Why it needs a person.
    pub reason: Reason,
    /// Since when the plan has been in this state.
    pub since: Option<At>,
    /// Expected milliseconds of all work that waits for it.
    pub holds_up: u64,
}

/// The kinds of reasons that need a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttentionKind {
    /// An agent's question.
    Question,
    /// A gate that a person has to approve.
    Approval,
    /// A finished plan that a person has to review.
    Review,
    /// A merge conflict.
    Conflict,
    /// Attempts are used up, a verification is red, or something stands in the way.
    Failed,
    /// An agent cannot log in, or asks what only a person can answer.
    Login,
    /// An agent stalled, or work holds a resource for too long.
    Stalled,
    /// The budget is used up.
    Budget,
    /// A message that no agent reads any more.
    Message,
}

impl AttentionKind {
    /// Its name in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Approval => "approval",
            Self::Review => "review",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Login => "login",
            Self::Stalled => "stalled",
            Self::Budget => "budget",
            Self::Message => "message",
        }
    }
}

/// Everything that needs a person. What holds up the most work comes first, then what has waited longest.
pub fn attention(work: &Work, state: &State) -> Vec<Attention> {
    let open = OpenWork::of(work, state);
    let mut found = Vec::new();
    for (number, plan) in work.plans.iter().enumerate() {
        if !state.drives(&plan.name) || state.is_landed(&plan.name) {
            continue;
        }
        let run = state.plan(&plan.name);
        let lost = run.lost.iter().filter(|_| run.outcome.is_none());
        let lost = lost.map(|(unit, lost)| explain_lost(run, *unit, lost));
        let reasons = explain(work, state, &plan.name).reasons.into_iter();
        let mut kinds = Vec::new();
        for reason in reasons.chain(lost) {
            let approves = || plan_state(work, state, &plan.name) == PlanState::Held;
            let is_new = |kind: &AttentionKind| *kind == AttentionKind::Question || !kinds.contains(kind);
            let kind = match is_about_messages(run, &reason) {
                true => Some(AttentionKind::Message),
                false => kind(&reason, approves),
            };
            let Some(kind) = kind.filter(is_new) else {
                continue;
            };
            kinds.push(kind);
            let units = open.of_plan[number].iter().copied();
            let lost = unit_of(&reason);
            let is_held = |at: &usize| lost.is_none_or(|unit| plan.units[open.units[*at].place].id == unit);
            let mut units: Vec<usize> = units.filter(is_held).collect();
            units.extend(behind_landing(work, state, &open, &plan.name));
            found.push(Attention {
                plan: plan.name.clone(),
                kind,
                since: asked_at(run, &reason).or_else(|| in_state_since(work, state, &plan.name)),
                reason,
                holds_up: open.held_up_by(units),
            });
        }
    }
    found.sort_by_key(|item| (Reverse(item.holds_up), item.since.unwrap_or(state.now)));
    found
}

/// The work that waits for the landing of a finished plan, or until its conflict is resolved: indices in [`OpenWork::units`].
fn behind_landing(work: &Work, state: &State, open: &OpenWork, name: &PlanName) -> Vec<usize> {
    let finished = state.plan(name).outcome == Some(Outcome::Finished);
    let waits = open.units.iter().enumerate().filter(|(_, unit)| {
        let plan = &work.plans[unit.plan];
        let own = &plan.units[unit.place];
        let mut depends = plan.depends.iter().chain(&own.depends);
        let lands = depends.any(|dependency| dependency.landed && dependency.on.plan == *name);
        let mut freezes = freeze::of_unit(plan, &state.plans[unit.plan], state, own);
        (finished && lands) || freezes.any(|freeze| freeze.of.plan == *name)
    });
    waits.map(|(at, _)| at).collect()
}

/// The kind of a reason, `None` when it needs nobody. `is_held` is true when a person is all that the plan waits for.
fn kind(reason: &Reason, is_held: impl Fn() -> bool) -> Option<AttentionKind> {
    match reason {
        Reason::Asks(..) => Some(AttentionKind::Question),
        Reason::Failed { .. } => Some(AttentionKind::Failed),
        Reason::Held(hold) => Some(of_hold(hold)),
        Reason::Lost(_, Lost::Failed { .. } | Lost::Held { .. }) => Some(AttentionKind::Failed),
        Reason::Merge(MergeReason::Trouble { trouble, way_out, .. }) => match (trouble, way_out) {
            (MergeTrouble::Conflict { .. }, WayOut::AgentAtWork(_)) => None,
            (MergeTrouble::Conflict { .. }, _) => Some(AttentionKind::Conflict),
            (
                MergeTrouble::Verification { .. }
                | MergeTrouble::TargetRed { .. }
                | MergeTrouble::Refused { .. }
                | MergeTrouble::Obstacle { .. },
                _,
            ) => Some(AttentionKind::Failed),
            (MergeTrouble::Review { .. }, _) => Some(AttentionKind::Review),
            (MergeTrouble::Waits { .. } | MergeTrouble::NotFinished { .. }, _) => None,
        },
        Reason::Waits(WaitingFor::Approval(_)) => is_held().then_some(AttentionKind::Approval),
        Reason::Waits(WaitingFor::FailedCheck(_) | WaitingFor::Plan(_, DependencyState::PinRefused(_))) => {
            Some(AttentionKind::Failed)
        }
        Reason::AtWork(_, AttemptActivity::Stuck(..)) => Some(AttentionKind::Stalled),
        Reason::Capacity(CapacityReason::Resource(taken)) => taken.overdue().map(|_| AttentionKind::Stalled),
        Reason::Skipped { .. }
        | Reason::Cancelled
        | Reason::Reverted { .. }
        | Reason::Lost(_, Lost::Skipped { .. } | Lost::Cancelled)
        | Reason::Done
        | Reason::Merge(
            MergeReason::NotAsked
            | MergeReason::Queued(_)
            | MergeReason::Running(_)
            | MergeReason::InTrain { .. },
        )
        | Reason::Landed(_)
        | Reason::Waits(_)
        | Reason::Later(_)
        | Reason::Capacity(_)
        | Reason::AtWork(..)
        | Reason::Verifying
        | Reason::Unread(_)
        | Reason::Foreseen { .. }
        | Reason::StandIn { .. }
        | Reason::RedWith { .. } => None,
    }
}

/// True for work that is held because a message to its plan is unread.
fn is_about_messages(run: &PlanRun, reason: &Reason) -> bool {
    let went_on = |unit: &UnitId| run.tries_of(Some(*unit), false).unread >= MOST_AGAIN;
    let held = if let Reason::Held(Hold::Needs { obstacle, .. }) = reason {
        obstacle.is_none()
    } else if let Reason::Held(Hold::Work { unit, .. }) | Reason::Lost(unit, Lost::Held { .. }) = reason {
        went_on(unit)
    } else {
        false
    };
    held && run.unread().next().is_some()
}

/// When a question was asked.
fn asked_at(run: &PlanRun, reason: &Reason) -> Option<At> {
    let Reason::Asks(unit, _) = reason else {
        return None;
    };
    Some(run.questions.get(unit)?.since)
}

/// The phase or task that a reason is about, `None` for a whole plan.
fn unit_of(reason: &Reason) -> Option<UnitId> {
    if let Reason::Lost(unit, _) | Reason::Asks(Some(unit), _) = reason {
        return Some(*unit);
    }
    None
}

fn of_hold(hold: &Hold) -> AttentionKind {
    match hold {
        Hold::Asks { .. } => AttentionKind::Question,
        Hold::Conflict { .. } => AttentionKind::Conflict,
        Hold::Stuck { .. } => AttentionKind::Stalled,
        Hold::Needs { obstacle, .. } => match obstacle {
            Some(ObstacleKind::Budget) => AttentionKind::Budget,
            Some(ObstacleKind::Login | ObstacleKind::Account | ObstacleKind::Trust) => AttentionKind::Login,
            Some(ObstacleKind::RateLimit | ObstacleKind::Outage) | None => AttentionKind::Failed,
        },
        Hold::Verification { .. }
        | Hold::Refused { .. }
        | Hold::TakenAway { .. }
        | Hold::JournalLost {}
        | Hold::Work { .. } => AttentionKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::graph::Durations;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::about::Failed;
    use crate::schedule::event::fact::Event;

    /// A scheduler for these plans: the name of each, its keys in the manifest and its expected minutes.
    fn scheduler(plans: &[(&str, &str, u32)]) -> Scheduler {
        let mut manifest =
            "[run]\nmax_agents = 4\nagent = \"a\"\n[agents.a]\ncommand = [\"true\"]\n".to_owned();
        for (name, keys, _) in plans {
            manifest += &format!("[plans.{name}]\nfile = \"{name}.md\"\n{keys}\n");
        }
        let parsed = parse_manifest("plans.toml".as_ref(), &manifest);
        let document = |plan: &PlanName| {
            let minutes = plans.iter().find(|(name, ..)| *name == plan.as_str()).unwrap().2;
            format!("# P\n## Phase 1: a (expected: {minutes}m)\n- [ ] 1.1 x\n")
        };
        let source = |plan: &PlanName| DocumentSource {
            display: "plan.md".into(),
            content: Ok(Content::Bytes(document(plan).into_bytes()).read()),
        };
        let sources = parsed
            .documents()
            .map(|request| (request.plan.clone(), source(&request.plan)));
        let sources = sources.collect();
        let set = resolve(parsed, sources).unwrap();
        Scheduler::new(Work::new(&set, &Durations::default(), true))
    }

    fn fail(scheduler: &mut Scheduler, plan: &str, at: u64) {
        let event = Event::PlanFailed(Failed {
            plan: plan.parse().unwrap(),
            why: "no".into(),
        });
        assert!(scheduler.take(At(at), &event));
    }

    fn shown(scheduler: &Scheduler) -> Vec<(String, AttentionKind, u64)> {
        let all = attention(scheduler.work(), scheduler.state()).into_iter();
        all.map(|item| (item.plan.to_string(), item.kind, item.holds_up / 60_000))
            .collect()
    }

    #[test]
    fn what_holds_up_most_work_comes_first_whatever_the_manifest_says() {
        let mut scheduler = scheduler(&[
            ("small", "", 5),
            ("large", "", 10),
            ("gated", "gate = \"approve\"", 1),
            ("behind", "depends = [\"large\"]", 60),
            ("further", "depends = [\"behind\"]", 30),
        ]);
        fail(&mut scheduler, "small", 1);
        fail(&mut scheduler, "large", 2);
        assert_eq!(
            shown(&scheduler),
            [
                ("large".to_owned(), AttentionKind::Failed, 10 + 60 + 30),
                ("small".to_owned(), AttentionKind::Failed, 5),
                ("gated".to_owned(), AttentionKind::Approval, 1),
            ]
        );
    }

    fn take(scheduler: &mut Scheduler, at: u64, event: serde_json::Value) {
        let name = event["event"].as_str().unwrap().to_owned();
        let event = Event::read(&name, event).unwrap();
        scheduler.replay([(At(at), &event)]);
    }

    fn since(scheduler: &Scheduler) -> Vec<(AttentionKind, Option<u64>)> {
        let all = attention(scheduler.work(), scheduler.state()).into_iter();
        all.map(|item| (item.kind, item.since.map(|at| at.0))).collect()
    }

    fn begin(scheduler: &mut Scheduler, at: u64) {
        let base = "ab".repeat(20);
        let event = json!({"event": "run.started", "run": 1, "base": base, "target": "main", "only": [], "merge_only": false});
        take(scheduler, at, event);
    }

    #[test]
    fn an_approval_is_awaited_since_the_plan_waits_for_nothing_else() {
        let mut scheduler = scheduler(&[("a", "", 5), ("b", "gate = \"approve\"\ndepends = [\"a\"]", 5)]);
        begin(&mut scheduler, 1);
        assert_eq!(since(&scheduler), []);
        take(
            &mut scheduler,
            700,
            json!({"event": "phase.done", "plan": "a", "phase": 1}),
        );
        take(
            &mut scheduler,
            701,
            json!({"event": "plan.finished", "plan": "a"}),
        );
        let commit = "cd".repeat(20);
        let pinned = json!({"event": "plan.pinned", "plan": "a", "point": "plan", "commit": commit});
        take(&mut scheduler, 702, pinned);
        assert_eq!(since(&scheduler), [(AttentionKind::Approval, Some(700))]);
    }

    #[test]
    fn a_review_is_awaited_since_it_was_first_asked_for_also_after_the_next_up() {
        let mut scheduler = scheduler(&[("a", "", 5)]);
        let asked = json!({"event": "merge.failed", "plan": "a", "why": {"kind": "review", "commit": "cd".repeat(20)}});
        begin(&mut scheduler, 1);
        take(&mut scheduler, 2, json!({"event": "plan.finished", "plan": "a"}));
        take(&mut scheduler, 3, asked.clone());
        begin(&mut scheduler, 800);
        take(&mut scheduler, 801, asked);
        assert_eq!(since(&scheduler), [(AttentionKind::Review, Some(3))]);
    }

    #[test]
    fn plans_that_were_skipped_because_of_it_count_as_held_up() {
        let mut scheduler = scheduler(&[
            ("a", "", 10),
            ("b", "depends = [\"a\"]", 60),
            ("gated", "gate = \"approve\"", 50),
        ]);
        fail(&mut scheduler, "a", 1);
        let skipped = json!({"event": "plan.skipped", "plan": "b", "why": "a failed", "cause": "a"});
        take(&mut scheduler, 2, skipped);
        assert_eq!(
            shown(&scheduler),
            [
                ("a".to_owned(), AttentionKind::Failed, 70),
                ("gated".to_owned(), AttentionKind::Approval, 50),
            ]
        );
    }

    #[test]
    fn a_conflict_holds_up_work_in_its_files_that_minds() {
        let mut scheduler = scheduler(&[
            ("a", "", 5),
            ("b", "touches = [\"src/\"]", 60),
            ("behind", "depends = [\"b\"]", 30),
            ("c", "touches = [\"src/\"]\noverlap = \"allow\"", 20),
            ("d", "touches = [\"docs/\"]", 10),
        ]);
        begin(&mut scheduler, 1);
        take(&mut scheduler, 2, json!({"event": "plan.finished", "plan": "a"}));
        let conflict = json!({"kind": "conflict", "with": [], "files": ["src/x.rs (content)"]});
        let failed = json!({"event": "merge.failed", "plan": "a", "why": conflict});
        take(&mut scheduler, 3, failed);
        let held = ("a".to_owned(), AttentionKind::Conflict, 90);
        assert_eq!(shown(&scheduler), std::slice::from_ref(&held));
        // A plan that is given up leaves its conflict behind.
        take(&mut scheduler, 4, json!({"event": "plan.cancelled", "plan": "a"}));
        assert_eq!(shown(&scheduler), []);
    }

    #[test]
    fn where_as_much_waits_what_is_older_comes_first() {
        let mut scheduler = scheduler(&[("a", "", 5), ("b", "", 5)]);
        fail(&mut scheduler, "b", 1);
        fail(&mut scheduler, "a", 2);
        let plans: Vec<String> = shown(&scheduler).into_iter().map(|(plan, ..)| plan).collect();
        assert_eq!(plans, ["b", "a"]);
    }
}
