//! Which facts of a plan the journal does not tell yet. Pure.

use jiff::Timestamp;

use crate::plan::{
    AttemptId, CommitId, ItemId, Phase, PhaseId, Plan, Point, Speaker, Statement, TaskId, TaskState, UnitId,
};
use crate::schedule::{
    AgentUsage, Event, Exit, Facts, Hold, Landed, MergeBegun, OfPlan, Pinned, PlanRun, Prefix, TakenBack,
    TaskReport,
};

/// What is shown of one plan.
#[derive(Debug, Clone, Default)]
pub(super) struct PlanEvidence {
    /// Lane, folder, and where the branch began.
    pub(super) trees: Vec<(u32, String, CommitId)>,
    pub(super) attempts: Vec<ShownAttempt>,
    pub(super) items: Vec<Statement>,
    pub(super) done: Vec<UnitId>,
    pub(super) pins: Vec<(Point, CommitId)>,
    /// The merge on the target that names it.
    pub(super) landed: Option<(String, CommitId)>,
    /// The commit that took it back since.
    pub(super) taken_back: Option<CommitId>,
    /// The merge on the target that names its first phases, where not the whole of it has landed.
    pub(super) landed_part: Option<(String, CommitId, Prefix)>,
}

impl PlanEvidence {
    /// True when all work of a phase was reported, and its check unless that runs in the background.
    pub(super) fn all_said(&self, plan: &Plan, phase: PhaseId) -> bool {
        let Some(phase) = plan.document.phase(phase) else {
            return false;
        };
        let settled = |task: TaskId| {
            let said = |said: &Statement| said.item == task.into() && said.state.is_settled();
            self.items.iter().any(said)
        };
        let block = phase.verify.as_ref().filter(|block| !block.background);
        let check = block.map(|_| TaskId::verify(phase.id));
        let failed = |said: &Statement| said.item.task.phase == phase.id && said.state == TaskState::Failed;
        let mut work = phase.tasks.iter().map(|task| task.id).chain(check);
        !phase.tasks.is_empty() && work.all(settled) && !self.items.iter().any(failed)
    }
}

/// What is shown of one attempt.
#[derive(Debug, Clone)]
pub(super) struct ShownAttempt {
    pub(super) id: AttemptId,
    pub(super) number: u32,
    pub(super) lane: u32,
    pub(super) units: Vec<UnitId>,
    pub(super) pid: u32,
    pub(super) head: Option<CommitId>,
    pub(super) started: Option<Timestamp>,
    /// None while its runner is at work.
    pub(super) ended: Option<(Timestamp, Exit)>,
    /// What its output tells.
    pub(super) facts: Option<Facts>,
}

/// The facts that a plan's events did not tell yet, each with its time where that is known. Where all of the journal was `lost`,
/// a person has to look at a plan that has not landed.
pub(super) fn missing_events(
    plan: &Plan,
    shown: &PlanEvidence,
    run: &PlanRun,
    lost: bool,
) -> Vec<(Option<Timestamp>, Event)> {
    let name = || plan.name.clone();
    let mut events = Vec::new();
    let own = shown
        .trees
        .iter()
        .filter(|(lane, ..)| !run.worktrees.contains_key(lane));
    events.extend(own.map(|(lane, path, base)| {
        let made = Event::WorktreeCreated {
            plan: name(),
            lane: *lane,
            path: path.clone(),
            branch: plan.branch.clone(),
            base: base.clone(),
        };
        (shown.attempts.iter().find_map(|attempt| attempt.started), made)
    }));
    let is_known = |id: &AttemptId| run.history.iter().any(|record| record.id == *id);
    for attempt in shown.attempts.iter().filter(|attempt| !is_known(&attempt.id)) {
        tell_attempt(plan, attempt, &mut events);
    }
    let landed = shown
        .landed
        .as_ref()
        .filter(|(target, _)| !run.landed.contains_key(target));
    let landed_part = shown
        .landed_part
        .as_ref()
        .filter(|(target, ..)| !run.landed_prefix.contains_key(target) && !run.landed.contains_key(target));
    let attempt = |said: &Statement| match &said.by {
        Some(Speaker::Attempt(id)) if lost => shown.attempts.iter().find(|attempt| attempt.id == *id),
        Some(Speaker::Attempt(_) | Speaker::Person) | None => None,
    };
    let report = |item: &ItemId, said: Option<&Statement>| TaskReport {
        title: plan.document.title_of(item),
        attempt: said.and_then(attempt).map(|attempt| attempt.id.clone()),
        said_at: said.and_then(|said| said.at),
        commit: said.and_then(|said| said.commit.clone()),
        ..TaskReport::by_person(name(), item.clone(), said.and_then(|said| said.note.clone()))
    };
    for said in &shown.items {
        let item = &said.item;
        match (run.is_item_settled(item), said.state) {
            (false, TaskState::Done) => events.push((None, Event::TaskDone(report(item, Some(said))))),
            (false, TaskState::Skipped) => events.push((None, Event::TaskSkipped(report(item, Some(said))))),
            (false, TaskState::Failed) if run.item_state(item) != TaskState::Failed => {
                events.push((None, Event::TaskFailed(report(item, Some(said)))));
            }
            _ => {}
        }
    }
    let mut done: Vec<UnitId> = shown.done.clone();
    let has_landed = |phase: &Phase| {
        landed.is_some() || landed_part.is_some_and(|(_, _, part)| part.phases.contains(&phase.id))
    };
    if landed.is_some() || landed_part.is_some() {
        for phase in plan.document.phases.iter().filter(|phase| has_landed(phase)) {
            done.push(UnitId::Phase(phase.id));
            for task in &phase.tasks {
                let item = ItemId::from(task.id);
                if !run.is_item_settled(&item) && !shown.items.iter().any(|said| said.item == item) {
                    events.push((None, Event::TaskDone(report(&item, None))));
                }
            }
        }
        done.sort();
        done.dedup();
    }
    done.retain(|unit| !run.proven.contains(unit));
    if !done.is_empty() {
        let by = shown
            .attempts
            .last()
            .map_or_else(|| AttemptId::new(&plan.name, 0), |last| last.id.clone());
        for unit in &done {
            if let UnitId::Phase(phase) = unit
                && !run.phases_done.contains_key(phase)
            {
                let (plan, phase) = (name(), *phase);
                events.push((
                    None,
                    Event::PhaseDone {
                        plan,
                        phase,
                        proven: true,
                    },
                ));
            }
        }
        events.push((
            None,
            Event::StageDone {
                plan: name(),
                attempt: by,
                units: done,
            },
        ));
    }
    for (point, commit) in shown
        .pins
        .iter()
        .filter(|(point, _)| !run.pins.contains_key(point))
    {
        if let Point::Phase(phase) = point
            && !run.phases_done.contains_key(phase)
            && !shown.done.contains(&UnitId::Phase(*phase))
            && shown.all_said(plan, *phase)
            && landed.is_none()
        {
            let (plan, phase) = (name(), *phase);
            events.push((
                None,
                Event::PhaseDone {
                    plan,
                    phase,
                    proven: false,
                },
            ));
        }
        let (plan, point, commit) = (name(), *point, commit.clone());
        let pinned = Pinned {
            plan,
            point,
            commit,
            holds: Vec::new(),
            uncommitted: 0,
        };
        events.push((None, Event::Pinned(pinned)));
    }
    if let Some((target, commit, part)) = landed_part {
        tell_landing(plan, target, commit, Some(part), &mut events);
    }
    if let Some((target, commit)) = landed {
        if run.outcome.is_none() {
            events.push((None, Event::PlanFinished(OfPlan { plan: name() })));
        }
        tell_landing(plan, target, commit, None, &mut events);
        if let Some(commit) = shown.taken_back.clone() {
            let (plan, target) = (name(), target.clone());
            events.push((None, Event::MergeReverted(TakenBack { plan, target, commit })));
        }
    }
    if lost && !events.is_empty() && shown.landed.is_none() {
        let (plan, why) = (name(), Hold::JournalLost {});
        events.push((None, Event::PlanHeld { plan, why }));
    }
    events
}

fn tell_landing(
    plan: &Plan,
    target: &str,
    commit: &CommitId,
    part: Option<&Prefix>,
    events: &mut Vec<(Option<Timestamp>, Event)>,
) {
    let begun = MergeBegun {
        plan: plan.name.clone(),
        part: part.cloned(),
    };
    let landed = Landed {
        plan: plan.name.clone(),
        target: target.to_owned(),
        before: None,
        commit: commit.clone(),
        part: part.cloned(),
        print: None,
    };
    events.push((None, Event::MergeStarted(begun)));
    events.push((None, Event::MergeLanded(landed)));
}

fn tell_attempt(plan: &Plan, attempt: &ShownAttempt, events: &mut Vec<(Option<Timestamp>, Event)>) {
    let name = || plan.name.clone();
    let id = || attempt.id.clone();
    let assigned = Event::AttemptAssigned {
        plan: name(),
        attempt: id(),
        number: attempt.number,
        agent: plan.agent.clone(),
        units: attempt.units.clone(),
        lane: attempt.lane,
        account: None,
        ticks: None,
    };
    let started = Event::AgentStarted {
        plan: name(),
        attempt: id(),
        pid: attempt.pid,
        head: attempt.head.clone(),
    };
    events.push((attempt.started, assigned));
    events.push((attempt.started, started));
    if let Some(facts) = &attempt.facts {
        // An obstacle of those days is none now.
        let facts = Facts {
            obstacle: None,
            ..facts.clone()
        };
        let usage = AgentUsage {
            plan: name(),
            attempt: id(),
            facts,
            resets_in_ms: None,
        };
        let at = attempt.ended.as_ref().map(|(at, _)| *at).or(attempt.started);
        events.push((at, Event::AgentUsage(usage)));
    }
    let Some((at, exit)) = &attempt.ended else {
        return;
    };
    let ended = Event::AgentEnded {
        plan: name(),
        attempt: id(),
        exit: exit.clone(),
    };
    events.push((Some(*at), ended));
    // What it did is judged by what is there, not by how it ended.
    let closed = match exit {
        Exit::Code { code: 0 } => Event::StageDone {
            plan: name(),
            attempt: id(),
            units: Vec::new(),
        },
        _ => Event::AttemptFailed {
            plan: name(),
            attempt: id(),
            why: exit.describe(),
            retry_in_ms: None,
            counted: false,
            nothing_made: false,
            unread: false,
        },
    };
    events.push((Some(*at), closed));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanSet;
    use crate::schedule::{Obstacle, ObstacleKind};

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    /// A plan `p` with two phases of one task each.
    fn plans() -> (tempfile::TempDir, PlanSet) {
        let folder = tempfile::tempdir().unwrap();
        let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
        std::fs::write(folder.path().join("p.md"), document).unwrap();
        let manifest = folder.path().join("plans.toml");
        std::fs::write(
            &manifest,
            "[agents.a]\ncommand = [\"true\"]\n[plans.p]\nfile = \"p.md\"\nagent = \"a\"\n",
        )
        .unwrap();
        let set = crate::supervisor::load(&manifest).unwrap();
        (folder, set)
    }

    fn names(events: &[(Option<Timestamp>, Event)]) -> Vec<String> {
        let name = |event: &Event| {
            serde_json::to_value(event).unwrap()["event"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        events.iter().map(|(_, event)| name(event)).collect()
    }

    fn attempt(ended: Option<Exit>) -> ShownAttempt {
        let (_folder, set) = plans();
        ShownAttempt {
            id: AttemptId::new(&set.plans[0].name, 1),
            number: 1,
            lane: 0,
            units: vec![],
            pid: 7,
            head: Some(commit('1')),
            started: Some(Timestamp::UNIX_EPOCH),
            ended: ended.map(|exit| (Timestamp::UNIX_EPOCH, exit)),
            facts: None,
        }
    }

    #[test]
    fn nothing_is_told_of_a_plan_of_which_nothing_is_there() {
        let (_folder, set) = plans();
        assert!(
            missing_events(
                &set.plans[0],
                &PlanEvidence::default(),
                &PlanRun::default(),
                false
            )
            .is_empty()
        );
    }

    #[test]
    fn an_attempt_at_work_is_left_open_and_one_that_ended_is_closed_without_counting() {
        let (_folder, set) = plans();
        let tell = |ended| {
            let shown = PlanEvidence {
                attempts: vec![attempt(ended)],
                ..PlanEvidence::default()
            };
            names(&missing_events(&set.plans[0], &shown, &PlanRun::default(), false))
        };
        assert_eq!(tell(None), ["attempt.assigned", "agent.started"]);
        let closed =
            |with: &str| ["attempt.assigned", "agent.started", "agent.ended", with].map(str::to_owned);
        assert_eq!(tell(Some(Exit::Code { code: 0 })), closed("leg.done"));
        assert_eq!(tell(Some(Exit::Lost)), closed("attempt.failed"));
    }

    #[test]
    fn what_an_agent_used_up_is_told_and_no_obstacle_that_it_met() {
        let (_folder, set) = plans();
        let mut shown = attempt(Some(Exit::Lost));
        shown.facts = Some(Facts {
            turns: 3,
            obstacle: Some(Obstacle {
                kind: ObstacleKind::RateLimit,
                why: "enough for today".to_owned(),
                until: None,
            }),
            ..Facts::default()
        });
        let shown = PlanEvidence {
            attempts: vec![shown],
            ..PlanEvidence::default()
        };
        let events = missing_events(&set.plans[0], &shown, &PlanRun::default(), false);
        let facts = events.into_iter().find_map(|(_, event)| match event {
            Event::AgentUsage(usage) => Some(usage.facts),
            _ => None,
        });
        let facts = facts.unwrap();
        assert_eq!((facts.turns, facts.obstacle), (3, None));
    }

    #[test]
    fn what_the_journal_has_already_is_not_told_again() {
        let (_folder, set) = plans();
        let shown = PlanEvidence {
            trees: vec![(0, "/t/p".to_owned(), commit('1'))],
            attempts: vec![attempt(Some(Exit::Lost))],
            items: vec![Statement::bare("1.1".parse().unwrap(), TaskState::Done)],
            done: vec![UnitId::Phase(crate::plan::PhaseId(1))],
            pins: vec![(Point::Phase(crate::plan::PhaseId(1)), commit('2'))],
            ..PlanEvidence::default()
        };
        let durations = crate::schedule::history::durations([]);
        let work = crate::schedule::Work::new(&set, &durations, false);
        let mut scheduler = crate::schedule::Scheduler::new(work);
        let events = missing_events(
            &set.plans[0],
            &shown,
            scheduler.state().plan(&set.plans[0].name),
            false,
        );
        assert_eq!(events.len(), 9, "{:?}", names(&events));
        let at = crate::schedule::At(0);
        scheduler.replay(events.iter().map(|(_, event)| (at, event)));
        let again = missing_events(
            &set.plans[0],
            &shown,
            scheduler.state().plan(&set.plans[0].name),
            false,
        );
        assert!(again.is_empty(), "{:?}", names(&again));
    }

    #[test]
    fn a_landed_plan_is_done_in_all_its_parts() {
        let (_folder, set) = plans();
        let shown = PlanEvidence {
            landed: Some(("main".to_owned(), commit('3'))),
            ..PlanEvidence::default()
        };
        let events = missing_events(&set.plans[0], &shown, &PlanRun::default(), false);
        assert_eq!(
            names(&events),
            [
                "task.done",
                "task.done",
                "phase.done",
                "phase.done",
                "leg.done",
                "plan.finished",
                "merge.started",
                "merge.landed"
            ]
        );
    }
}
