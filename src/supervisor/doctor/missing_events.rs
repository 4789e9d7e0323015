//! The events of a plan that are missing from the journal. Pure.

use jiff::Timestamp;

use crate::plan::{
    AttemptId, CommitId, ItemId, Phase, PhaseId, Plan, PlanName, Point, Speaker, Statement, TaskId,
    TaskState, UnitId,
};
use crate::schedule::{
    AgentStart, AgentUsage, Event, Exit, Facts, Hold, Landed, MergeBegun, OfPlan, Pinned, PlanRun, Prefix,
    TakenBack, TaskReport,
};
use crate::words;

/// The evidence about one plan.
#[derive(Debug, Clone, Default)]
pub(super) struct PlanEvidence {
    /// Lane, folder, and the commit at which the branch began.
    pub(super) trees: Vec<(u32, String, CommitId)>,
    pub(super) attempts: Vec<ShownAttempt>,
    pub(super) items: Vec<Statement>,
    pub(super) done: Vec<UnitId>,
    pub(super) pins: Vec<(Point, CommitId)>,
    /// The merge on the target that names the plan.
    pub(super) landed: Option<(String, CommitId)>,
    /// The commit that reverted the merge since.
    pub(super) taken_back: Option<CommitId>,
    /// The merge on the target that names the plan's first phases, when the whole plan has not landed.
    pub(super) landed_part: Option<(String, CommitId, Prefix)>,
}

impl PlanEvidence {
    /// True when all work of a phase was reported, and its check too, unless the check runs in the background.
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

/// The evidence about one attempt.
#[derive(Debug, Clone)]
pub(super) struct ShownAttempt {
    pub(super) id: AttemptId,
    pub(super) number: u32,
    pub(super) lane: u32,
    pub(super) units: Vec<UnitId>,
    pub(super) pid: u32,
    pub(super) head: Option<CommitId>,
    pub(super) started: Option<Timestamp>,
    /// `None` while the attempt's runner is at work.
    pub(super) ended: Option<(Timestamp, Exit)>,
    /// The facts in the attempt's output.
    pub(super) facts: Option<Facts>,
}

/// An event, with its time if known.
type Dated = (Option<Timestamp>, Event);

/// The events of a plan that are missing from the journal. When the whole journal was `lost`, a plan that has not landed is held
/// for a person.
pub(super) fn missing_events(plan: &Plan, shown: &PlanEvidence, run: &PlanRun, lost: bool) -> Vec<Dated> {
    let missing = MissingEvents {
        plan,
        shown,
        run,
        lost,
    };
    let mut events: Vec<Dated> = missing.worktrees().collect();
    let is_known = |id: &AttemptId| run.history.iter().any(|record| record.id == *id);
    for attempt in shown.attempts.iter().filter(|attempt| !is_known(&attempt.id)) {
        missing.attempt(attempt, &mut events);
    }
    let mut facts = missing.reports();
    facts.extend(missing.stages());
    facts.extend(missing.pins());
    facts.extend(missing.landings());
    events.extend(facts.into_iter().map(|fact| (None, fact)));
    if lost && !events.is_empty() && shown.landed.is_none() {
        let (plan, why) = (plan.name.clone(), Hold::JournalLost {});
        events.push((None, Event::PlanHeld { plan, why }));
    }
    events
}

/// The evidence about a plan, next to the state according to the journal.
struct MissingEvents<'a> {
    plan: &'a Plan,
    shown: &'a PlanEvidence,
    run: &'a PlanRun,
    lost: bool,
}

impl MissingEvents<'_> {
    fn name(&self) -> PlanName {
        self.plan.name.clone()
    }

    fn worktrees(&self) -> impl Iterator<Item = Dated> {
        let started = self.shown.attempts.iter().find_map(|attempt| attempt.started);
        let trees = self.shown.trees.iter();
        let unknown = trees.filter(|(lane, ..)| !self.run.worktrees.contains_key(lane));
        unknown.map(move |(lane, path, base)| {
            let made = Event::WorktreeCreated {
                plan: self.name(),
                lane: *lane,
                path: path.clone(),
                branch: self.plan.branch.clone(),
                base: base.clone(),
            };
            (started, made)
        })
    }

    fn landed(&self) -> Option<&(String, CommitId)> {
        let landed = self.shown.landed.as_ref();
        landed.filter(|(target, _)| !self.run.landed.contains_key(target))
    }

    fn landed_part(&self) -> Option<&(String, CommitId, Prefix)> {
        let part = self.shown.landed_part.as_ref();
        let known =
            |target| self.run.landed_prefix.contains_key(target) || self.run.landed.contains_key(target);
        part.filter(|(target, ..)| !known(target))
    }

    /// The phases of a landing that is missing from the journal.
    fn landed_phases(&self) -> impl Iterator<Item = &Phase> {
        let (landed, part) = (self.landed().is_some(), self.landed_part());
        let phases = self.plan.document.phases.iter();
        phases.filter(move |phase| landed || part.is_some_and(|(_, _, part)| part.phases.contains(&phase.id)))
    }

    fn report(&self, item: &ItemId, said: Option<&Statement>) -> TaskReport {
        let known = |id: &AttemptId| self.lost && self.shown.attempts.iter().any(|attempt| attempt.id == *id);
        let attempt = said.and_then(|said| match &said.by {
            Some(Speaker::Attempt(id)) if known(id) => Some(id.clone()),
            Some(Speaker::Attempt(_) | Speaker::Person) | None => None,
        });
        TaskReport {
            title: self.plan.document.title_of(item),
            attempt,
            said_at: said.and_then(|said| said.at),
            commit: said.and_then(|said| said.commit.clone()),
            ..TaskReport::by_person(self.name(), item.clone(), said.and_then(|said| said.note.clone()))
        }
    }

    /// The reports that were read, and the tasks without a report in landed phases.
    fn reports(&self) -> Vec<Event> {
        let (shown, run) = (self.shown, self.run);
        let read = shown.items.iter().filter_map(|said| {
            let item = &said.item;
            let report = || self.report(item, Some(said));
            match said.state {
                TaskState::Done if !run.is_item_settled(item) => Some(Event::TaskDone(report())),
                TaskState::Skipped if !run.is_item_settled(item) => Some(Event::TaskSkipped(report())),
                TaskState::Failed
                    if !run.is_item_settled(item) && run.item_state(item) != TaskState::Failed =>
                {
                    Some(Event::TaskFailed(report()))
                }
                _ => None,
            }
        });
        let landed = self.landed_phases().flat_map(|phase| &phase.tasks);
        let unreported = landed
            .map(|task| ItemId::from(task.id))
            .filter(|item| !run.is_item_settled(item) && !shown.items.iter().any(|said| said.item == *item));
        read.chain(unreported.map(|item| Event::TaskDone(self.report(&item, None))))
            .collect()
    }

    fn phase_done(&self, phase: PhaseId, proven: bool) -> Event {
        let plan = self.name();
        Event::PhaseDone { plan, phase, proven }
    }

    /// The finished units, and their phases.
    fn stages(&self) -> Vec<Event> {
        let mut done = self.shown.done.clone();
        done.extend(self.landed_phases().map(|phase| UnitId::Phase(phase.id)));
        done.retain(|unit| !self.run.proven.contains(unit));
        done.sort();
        done.dedup();
        if done.is_empty() {
            return Vec::new();
        }
        let phases = done.iter().filter_map(|unit| match unit {
            UnitId::Phase(phase) => Some(*phase).filter(|phase| !self.run.phases_done.contains_key(phase)),
            UnitId::Task(_) => None,
        });
        let mut events: Vec<Event> = phases.map(|phase| self.phase_done(phase, true)).collect();
        let last = self.shown.attempts.last();
        events.push(Event::StageDone {
            plan: self.name(),
            attempt: last.map_or_else(|| AttemptId::new(&self.plan.name, 0), |last| last.id.clone()),
            units: done,
        });
        events
    }

    /// The pins, and the phases that are complete according to them.
    fn pins(&self) -> Vec<Event> {
        let (shown, run) = (self.shown, self.run);
        let mut events = Vec::new();
        for (point, commit) in shown
            .pins
            .iter()
            .filter(|(point, _)| !run.pins.contains_key(point))
        {
            if let Point::Phase(phase) = point
                && !run.phases_done.contains_key(phase)
                && !shown.done.contains(&UnitId::Phase(*phase))
                && shown.all_said(self.plan, *phase)
                && self.landed().is_none()
            {
                events.push(self.phase_done(*phase, false));
            }
            events.push(Event::Pinned(Pinned {
                plan: self.name(),
                point: *point,
                commit: commit.clone(),
                holds: Vec::new(),
                uncommitted: 0,
            }));
        }
        events
    }

    fn landings(&self) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some((target, commit, part)) = self.landed_part() {
            events.extend(self.landing(target, commit, Some(part)));
        }
        if let Some((target, commit)) = self.landed() {
            if self.run.outcome.is_none() {
                events.push(Event::PlanFinished(OfPlan { plan: self.name() }));
            }
            events.extend(self.landing(target, commit, None));
            if let Some(commit) = self.shown.taken_back.clone() {
                let (plan, target) = (self.name(), target.clone());
                events.push(Event::MergeReverted(TakenBack { plan, target, commit }));
            }
        }
        events
    }

    fn landing(&self, target: &str, commit: &CommitId, part: Option<&Prefix>) -> [Event; 2] {
        let begun = MergeBegun {
            plan: self.name(),
            part: part.cloned(),
        };
        let landed = Landed {
            plan: self.name(),
            target: target.to_owned(),
            before: None,
            commit: commit.clone(),
            part: part.cloned(),
            print: None,
        };
        [Event::MergeStarted(begun), Event::MergeLanded(landed)]
    }

    fn attempt(&self, attempt: &ShownAttempt, events: &mut Vec<Dated>) {
        let id = || attempt.id.clone();
        let assigned = Event::AttemptAssigned {
            plan: self.name(),
            attempt: id(),
            number: attempt.number,
            agent: self.plan.agent.clone(),
            units: attempt.units.clone(),
            lane: attempt.lane,
            account: None,
            ticks: None,
        };
        let started = Event::AgentStarted(AgentStart {
            plan: self.name(),
            attempt: id(),
            pid: attempt.pid,
            head: attempt.head.clone(),
            node: None,
        });
        events.push((attempt.started, assigned));
        events.push((attempt.started, started));
        if let Some(facts) = &attempt.facts {
            // An obstacle of that time no longer matters.
            let facts = Facts {
                obstacle: None,
                ..facts.clone()
            };
            let usage = AgentUsage {
                plan: self.name(),
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
            plan: self.name(),
            attempt: id(),
            exit: exit.clone(),
            why: None,
        };
        events.push((Some(*at), ended));
        // The repository decides about the work, not the exit.
        let closed = match exit {
            Exit::Code { code: 0 } => Event::StageDone {
                plan: self.name(),
                attempt: id(),
                units: Vec::new(),
            },
            _ => Event::AttemptFailed {
                plan: self.name(),
                attempt: id(),
                why: words::exit(exit).into(),
                retry_in_ms: None,
                counted: false,
                nothing_made: false,
                unread: false,
            },
        };
        events.push((Some(*at), closed));
    }
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
                why: "enough for today".into(),
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
        let durations = crate::graph::Durations::default();
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
