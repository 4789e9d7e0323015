//! The first phases of a plan, which can land while later phases are still in progress.
//!
//! A prefix ends at a commit of the plan's branch: the pin of its last done phase. The events before the pin say what that
//! commit contains, so unfinished work never lands.

use crate::plan::{PhaseId, Point};
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::not_landing::NotLanding;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// Returns the prefix that ends with a phase, or `None` while the commit of that end is being pinned.
///
/// # Errors
///
/// Returns an error when no such prefix can land, and why.
pub(in crate::schedule) fn prefix(
    plan: &PlanWork,
    run: &PlanRun,
    up_to: PhaseId,
) -> Result<Option<Prefix>, MergeTrouble> {
    let name = &plan.name;
    let unfinished = |no: NotLanding| Err(MergeTrouble::NotFinished { why: no.into() });
    let refused = |no: NotLanding| Err(MergeTrouble::Refused { why: no.into() });
    let Some(place) = plan.phases.iter().position(|phase| phase.id == up_to) else {
        return unfinished(NotLanding::NoSuchPhase(name.clone(), up_to));
    };
    if plan.review {
        return refused(NotLanding::LandsWhole);
    }
    if !plan.keeps_commits {
        return refused(NotLanding::OtherCommits(name.clone(), up_to));
    }
    let wanted: Vec<PhaseId> = plan.phases[..=place].iter().map(|phase| phase.id).collect();
    let open: Vec<PhaseId> = wanted
        .iter()
        .copied()
        .filter(|phase| !is_done(plan, run, *phase))
        .collect();
    if !open.is_empty() {
        return unfinished(NotLanding::NotDone(open));
    }
    // The pin of the phase that was done last contains all of them.
    let ends = wanted
        .iter()
        .filter_map(|phase| Some((*phase, run.ends.get(phase)?)));
    let ends = ends.filter(|(_, end)| wanted.iter().all(|phase| end.done.contains(phase)));
    let Some((last, end)) = ends.min_by_key(|(_, end)| end.done.len()) else {
        let open = wanted.iter().map(|phase| Point::Phase(*phase));
        let open: Vec<Point> = open.filter(|point| !run.pins.contains_key(point)).collect();
        if let Some(why) = open.iter().find_map(|point| run.pins_refused.get(point)) {
            return refused(NotLanding::NotPinned(up_to, why.clone()));
        }
        if !open.is_empty() {
            return Ok(None);
        }
        return refused(NotLanding::NotKnown(up_to));
    };
    let Some(head) = run.pins.get(&Point::Phase(last)) else {
        return Ok(None);
    };
    if end.uncommitted > 0 {
        return refused(NotLanding::Uncommitted(last, end.uncommitted));
    }
    let partly: Vec<PhaseId> = end
        .begun
        .iter()
        .copied()
        .filter(|phase| !wanted.contains(phase))
        .collect();
    if !partly.is_empty() {
        return refused(NotLanding::HoldsPartOf(last, partly));
    }
    if plan.phases.iter().all(|phase| end.done.contains(&phase.id)) {
        return refused(NotLanding::HoldsAll(last, name.clone()));
    }
    Ok(Some(Prefix {
        up_to,
        phases: end.done.iter().copied().collect(),
        head: head.clone(),
    }))
}

/// Returns true when a phase and all its checks are done.
fn is_done(plan: &PlanWork, run: &PlanRun, phase: PhaseId) -> bool {
    let mut units = plan.units.iter().filter(|unit| unit.id.phase() == phase);
    run.phases_done.contains_key(&phase)
        && !run.lost.keys().any(|unit| unit.phase() == phase)
        && !run.has_failed_task(phase)
        && units.all(|unit| !run.by_units || run.is_unit_done(unit.id))
}

/// Returns the units whose dependencies must be on the target before a prefix: the units of its phases, and those for which
/// other plans' work is in its commits.
pub(in crate::schedule) fn units<'a>(
    plan: &'a PlanWork,
    run: &PlanRun,
    prefix: &Prefix,
) -> Vec<&'a UnitWork> {
    let ends = run.ends.iter();
    let of_head = ends.filter(|(phase, _)| run.pins.get(&Point::Phase(**phase)) == Some(&prefix.head));
    let ended = of_head.map(|(_, end)| end.at).max();
    // One agent merges in all dependencies of its stage before it starts the first phase.
    let before = run
        .history
        .iter()
        .filter(|record| record.started.is_none() || ended.is_none() || record.started <= ended);
    let places = before.flat_map(|record| &record.units);
    let merged_in = places
        .filter_map(|unit| plan.unit_place(*unit))
        .max()
        .filter(|_| plan.carry && !plan.by_units());
    let units = plan.units.iter().enumerate().filter(|(place, unit)| {
        prefix.phases.contains(&unit.id.phase()) || merged_in.is_some_and(|last| *place <= last)
    });
    units.map(|(_, unit)| unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Durations;
    use crate::plan::CommitId;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
    use crate::plan::{PlanName, PlanSet, TaskId};
    use crate::schedule::event::about::TaskReport;
    use crate::schedule::event::at::At;
    use crate::schedule::event::fact::Event;
    use crate::schedule::event::merge_facts::Landed;
    use crate::schedule::event::merge_facts::Pinned;
    use crate::schedule::fold::plan::apply;
    use crate::schedule::work::plans::Work;

    fn name() -> PlanName {
        "auth".parse().unwrap()
    }

    fn commit(number: u32) -> CommitId {
        format!("{number:040x}").parse().unwrap()
    }

    fn set(keys: &str) -> PlanSet {
        let text = format!(
            "[agents.mine]\ncommand = [\"mine\"]\n[plans.auth]\nfile = \"auth.md\"\nagent = \"mine\"\n{keys}"
        );
        let document = "# A\n## Phase 1: A\n- [ ] 1.1 a\n## Phase 2: B\n- [ ] 2.1 b\n- [ ] 2.2 c\n## Phase 3: C\n- [ ] 3.1 d\n";
        let source = DocumentSource {
            display: "auth.md".into(),
            content: Ok(Content::Bytes(document.as_bytes().to_vec()).read()),
        };
        resolve(
            parse_manifest("plans.toml".as_ref(), &text),
            [(name(), source)].into(),
        )
        .unwrap()
    }

    struct Case {
        plan: PlanWork,
        run: PlanRun,
        commits: u32,
    }

    impl Case {
        fn new(keys: &str) -> Self {
            let work = Work::new(&set(keys), &Durations::default(), false);
            Self {
                plan: work.plans[0].clone(),
                run: PlanRun::default(),
                commits: 0,
            }
        }

        fn done(&mut self, task: TaskId) -> &mut Self {
            let report = TaskReport::by_person(name(), task.into(), None);
            apply(&mut self.run, At(1), &Event::TaskDone(report));
            self
        }

        fn ended(&mut self, phase: u32) -> &mut Self {
            let (plan, phase) = (name(), PhaseId(phase));
            let done = Event::PhaseDone {
                plan,
                phase,
                proven: false,
            };
            apply(&mut self.run, At(1), &done);
            self
        }

        fn pinned(&mut self, phase: u32, uncommitted: u32) -> &mut Self {
            self.commits += 1;
            let pinned = Pinned {
                plan: name(),
                point: Point::Phase(PhaseId(phase)),
                commit: commit(self.commits),
                holds: self.run.phases_done.keys().copied().collect(),
                uncommitted,
            };
            apply(&mut self.run, At(2), &Event::Pinned(pinned));
            self
        }

        fn ask(&self, phase: u32) -> Result<Option<Prefix>, String> {
            prefix(&self.plan, &self.run, PhaseId(phase)).map_err(|why| match why {
                MergeTrouble::NotFinished { why } | MergeTrouble::Refused { why } => {
                    crate::words::because(&why)
                }
                other => panic!("{other:?}"),
            })
        }
    }

    #[test]
    fn a_prefix_ends_at_the_commit_of_the_phase_that_was_done_last() {
        let mut case = Case::new("");
        case.ended(2).pinned(2, 0);
        assert_eq!(case.ask(2).unwrap_err(), "phase 1 is not done");
        case.ended(1);
        assert_eq!(case.ask(2), Ok(None), "the commit is being looked for");
        case.pinned(1, 0);
        let found = case.ask(2).unwrap().unwrap();
        assert_eq!(found.head, commit(2));
        assert_eq!(found.phases, [PhaseId(1), PhaseId(2)]);
        assert!(found.holds(Point::Task(TaskId::new(2, 1))));
        assert!(!found.holds(Point::Phase(PhaseId(3))) && !found.holds(Point::Plan));
    }

    #[test]
    fn nothing_lands_that_was_begun_and_not_finished() {
        let mut case = Case::new("");
        case.done(TaskId::new(2, 1)).ended(1).pinned(1, 0);
        assert!(case.ask(1).unwrap_err().contains("may hold a part of phase 2"));
        let mut case = Case::new("");
        case.ended(1).pinned(1, 2);
        assert!(
            case.ask(1)
                .unwrap_err()
                .starts_with("2 files of phase 1 were in no commit")
        );
    }

    #[test]
    fn the_whole_plan_is_no_prefix_and_neither_is_what_lands_as_other_commits() {
        let mut case = Case::new("");
        case.ended(1).ended(2).ended(3).pinned(1, 0);
        assert!(case.ask(1).unwrap_err().contains("holds the whole plan"));
        let mut squashed = Case::new("merge_strategy = \"squash\"");
        squashed.ended(1).pinned(1, 0);
        assert!(
            squashed
                .ask(1)
                .unwrap_err()
                .contains("merge_strategy = \"merge\"")
        );
    }

    #[test]
    fn what_an_older_journal_does_not_tell_is_not_guessed() {
        let mut case = Case::new("");
        case.ended(1);
        let old = r#"{"event":"plan.pinned","plan":"auth","point":{"phase":1},"commit":"0000000000000000000000000000000000000001"}"#;
        let old = old.replace(
            r#"{"phase":1}"#,
            &serde_json::to_string(&Point::Phase(PhaseId(1))).unwrap(),
        );
        let old: serde_json::Value = serde_json::from_str(&old).unwrap();
        let old = Event::read("plan.pinned", old).unwrap();
        apply(&mut case.run, At(2), &old);
        assert_eq!(case.run.pins.len(), 1);
        assert!(case.ask(1).unwrap_err().contains("is not known"));
    }

    #[test]
    fn a_shorter_prefix_takes_nothing_off_a_longer_one() {
        let mut run = PlanRun::default();
        let mut land = |phases: &[u32], number: u32| {
            let phases: Vec<PhaseId> = phases.iter().map(|phase| PhaseId(*phase)).collect();
            let landed = Landed {
                plan: name(),
                target: "main".to_owned(),
                before: None,
                commit: commit(number),
                part: Some(Prefix {
                    up_to: phases[phases.len() - 1],
                    phases,
                    head: commit(number),
                }),
                print: None,
            };
            apply(&mut run, At(1), &Event::MergeLanded(landed));
            run.landed_prefix["main"].commit.clone()
        };
        assert_eq!(land(&[1], 1), commit(1));
        assert_eq!(land(&[1, 2], 2), commit(2));
        assert_eq!(land(&[1], 3), commit(2));
        assert!(run.landed.is_empty(), "the plan itself has not landed");
    }
}
