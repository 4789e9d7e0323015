//! `orch task next`: the tasks of a plan that can be worked on now, and the dependencies of the others.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::graph::{FileLocks, Gate, PlanOrder, Why, common_files, task_order};
use crate::plan::{
    Arrangement, Document, ItemId, Phase, PhaseId, PlanName, ResourceName, Task, TaskId, TaskState, UnitId,
    VerifyBlock,
};
use crate::status::tasks::task_list::state;

/// The answer of `orch task next --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskNext {
    /// The format: 1.
    pub schema: u32,
    /// The plan.
    pub plan: PlanName,
    /// Tasks that can be worked on: begun tasks, then failed ones, then pending ones, each group in document order.
    pub ready: Vec<ReadyTask>,
    /// Tasks that wait or are closed to the caller, in document order.
    pub blocked: Vec<BlockedTask>,
}

/// A task that can be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadyTask {
    /// The task.
    pub id: TaskId,
    /// Why the task can be worked on now.
    pub reason: String,
}

/// A task that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockedTask {
    /// The task.
    pub id: TaskId,
    /// The tasks of the plan and the work of other plans that must settle first.
    pub by: Vec<String>,
    /// Files that both this task and tasks of `by` touch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Resources that this task uses and tasks of `by` use up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceName>,
}

/// What a plan is, for the question which of its tasks come next.
#[derive(Debug, Clone, Copy)]
pub struct PlannedTasks<'a> {
    /// The plan.
    pub plan: &'a PlanName,
    /// The plan's document.
    pub document: &'a Document,
    /// The plan's strategy.
    pub arrangement: &'a Arrangement,
    /// At most this many agents work on it at once.
    pub slots: usize,
    /// What is known about resources.
    pub resources: &'a TaskResources,
}

/// The resources that tasks of a plan may have to wait for.
#[derive(Debug, Clone, Default)]
pub struct TaskResources {
    /// How many may hold each resource at once. One may where the resource is missing.
    pub tokens: BTreeMap<ResourceName, u32>,
    /// The resources that all tasks of a phase use.
    pub of_phases: BTreeMap<PhaseId, Vec<ResourceName>>,
    /// Work of other plans that holds each resource, such as `auth.1.1`.
    pub held: BTreeMap<ResourceName, Vec<String>>,
}

/// Sorts the open tasks of a plan into those that can be worked on, at most `limit`, and those that wait.
///
/// The graph decides which task waits for which, under the plan's strategy; batches block no caller of this function.
/// Of several tasks that touch the same file, one is offered, and the others wait for it. Of tasks that use a resource, as many are
/// offered as may hold it. `states` is as for
/// [`task_list`](crate::status::tasks::task_list()). `open_elsewhere` names everything else that keeps an unsettled task from being
/// worked on, such as its dependencies in other plans.
pub fn task_next(
    tasks: PlannedTasks<'_>,
    states: &BTreeMap<ItemId, TaskState>,
    limit: Option<usize>,
    open_elsewhere: impl Fn(TaskId) -> Vec<String>,
) -> TaskNext {
    let document = tasks.document;
    let locks = FileLocks::new(document);
    let look = TaskSituation {
        document,
        states,
        order: task_order(document, tasks.arrangement, &locks.of, tasks.slots),
    };
    let is_begun = |state: TaskState| state == TaskState::Running;
    let has_failed = |state: TaskState| state == TaskState::Failed;
    let is_pending = |state: TaskState| matches!(state, TaskState::Pending | TaskState::Ready);
    let ids: Vec<TaskId> = document.phases.iter().flat_map(items).collect();
    let (mut ready, mut blocked) = (Vec::new(), BTreeMap::new());
    let mut holders = Holders {
        locks: &locks,
        resources: tasks.resources,
        tasks: Vec::new(),
    };
    for wanted in [&is_begun as &dyn Fn(TaskState) -> bool, &has_failed, &is_pending] {
        for (place, id) in ids.iter().copied().enumerate() {
            let state = look.state(id);
            if !wanted(state) {
                continue;
            }
            let mut by = if is_pending(state) {
                look.open(id)
            } else {
                Vec::new()
            };
            let own = document.task(id).filter(|_| !is_begun(state) && by.is_empty());
            let (files, resources) = own.map(|own| holders.hold(own, &mut by)).unwrap_or_default();
            by.extend(open_elsewhere(id));
            dedup(&mut by);
            if by.is_empty() {
                let reason = match state {
                    TaskState::Running => "begun and not done".to_owned(),
                    TaskState::Failed => "failed; may be tried again".to_owned(),
                    TaskState::Pending | TaskState::Ready | TaskState::Done | TaskState::Skipped => {
                        look.reason(id)
                    }
                };
                ready.push(ReadyTask { id, reason });
            } else {
                blocked.insert(
                    place,
                    BlockedTask {
                        id,
                        by,
                        files,
                        resources,
                    },
                );
            }
            if is_begun(state) || ready.last().is_some_and(|last| last.id == id) {
                holders.tasks.extend(document.task(id));
            }
        }
    }
    ready.truncate(limit.unwrap_or(usize::MAX));
    TaskNext {
        schema: 1,
        plan: tasks.plan.clone(),
        ready,
        blocked: blocked.into_values().collect(),
    }
}

/// The tasks that hold files and resources: begun tasks come before failed ones, and those before the others.
struct Holders<'a> {
    locks: &'a FileLocks,
    resources: &'a TaskResources,
    tasks: Vec<&'a Task>,
}

impl Holders<'_> {
    /// The files and resources that keep a task from being worked on. Adds the tasks that hold them to `by`.
    fn hold(&self, task: &Task, by: &mut Vec<String>) -> (Vec<String>, Vec<ResourceName>) {
        let (mut files, mut resources) = (Vec::new(), Vec::new());
        let locks = |task: &Task| self.locks.of.get(&task.id).map(Vec::as_slice).unwrap_or_default();
        for holder in &self.tasks {
            if locks(task).iter().any(|file| locks(holder).contains(file)) {
                let (own, others) = (task.files.iter(), holder.files.iter());
                files.extend(common_files(own.map(String::as_str), others.map(String::as_str)));
                by.push(holder.id.to_string());
            }
        }
        for resource in self.uses(task) {
            let own = self
                .tasks
                .iter()
                .filter(|holder| self.uses(holder).any(|used| used == resource));
            let own = own.map(|holder| holder.id.to_string());
            let elsewhere = self.resources.held.get(resource).into_iter().flatten().cloned();
            let users: Vec<String> = own.chain(elsewhere).collect();
            let tokens = self.resources.tokens.get(resource);
            if users.len() >= tokens.map_or(1, |count| *count as usize) {
                resources.push(resource.clone());
                by.extend(users);
            }
        }
        dedup(&mut files);
        (files, resources)
    }

    /// The resources of a task, those of its phase included.
    fn uses<'t>(&'t self, task: &'t Task) -> impl Iterator<Item = &'t ResourceName> {
        let of_phase = self.resources.of_phases.get(&task.id.phase).into_iter().flatten();
        let own = task.uses.iter();
        own.chain(of_phase.filter(|used| !task.uses.contains(used)))
    }
}

/// The tasks of a phase and its VERIFY block.
fn items(phase: &Phase) -> impl Iterator<Item = TaskId> + '_ {
    let check = phase.verify.as_ref().map(|_| TaskId::verify(phase.id));
    phase.tasks.iter().map(|task| task.id).chain(check)
}

fn dedup(by: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    by.retain(|id| seen.insert(id.clone()));
}

struct TaskSituation<'a> {
    document: &'a Document,
    states: &'a BTreeMap<ItemId, TaskState>,
    order: PlanOrder,
}

impl TaskSituation<'_> {
    fn state(&self, id: TaskId) -> TaskState {
        let phase = self.document.phase(id.phase);
        let check = phase.and_then(|phase| phase.verify.as_ref());
        let ticked = match id.is_verify() {
            true => check.is_some_and(VerifyBlock::is_ticked),
            false => self.document.task(id).is_some_and(|task| task.ticked),
        };
        // A tick in the document counts as it stands.
        let whole = phase.filter(|_| id.is_verify()).is_some_and(Phase::is_ticked);
        state(self.states, &id.into(), ticked || whole)
    }

    fn is_settled(&self, place: usize) -> bool {
        match self.order.units[place].id {
            UnitId::Task(id) => self.state(id).is_settled(),
            // A phase without tasks has nothing to report.
            UnitId::Phase(_) => true,
        }
    }

    fn gates(&self, id: TaskId) -> impl Iterator<Item = Gate<'_>> {
        let mut units = self.order.units.iter();
        let unit = units.position(|unit| unit.id == UnitId::Task(id));
        let gates = unit.into_iter().flat_map(|unit| self.order.waits.of(unit));
        gates.map(|gate| self.order.gates.get(gate))
    }

    /// The unsettled members of closed gates.
    fn open(&self, id: TaskId) -> Vec<String> {
        let closed = self
            .gates(id)
            .filter(|gate| gate.missing(|member| self.is_settled(member)) > 0);
        let missing = closed.flat_map(|gate| gate.of().filter(|member| !self.is_settled(*member)));
        missing
            .map(|member| self.order.units[member].id.to_string())
            .collect()
    }

    fn reason(&self, id: TaskId) -> String {
        let reasons = self.gates(id).map(|gate| match gate_words(gate.why) {
            Some(words) => format!("{words} is settled"),
            None => {
                let ids = gate.of().map(|member| self.order.units[member].id.to_string());
                format!("settled: {}", ids.collect::<Vec<_>>().join(", "))
            }
        });
        let mut reasons: Vec<String> = reasons.collect();
        dedup(&mut reasons);
        if reasons.is_empty() {
            "waits for nothing".to_owned()
        } else {
            reasons.join("; ")
        }
    }
}

/// The work behind a gate in words, or `None` when naming the gate's members is enough.
fn gate_words(why: Why) -> Option<String> {
    Some(match why {
        Why::Sequential => "before it in its [SEQUENTIAL] group".to_owned(),
        Why::Threshold(thousandths) => format!("{}% of an earlier phase", f64::from(thousandths) / 10.0),
        Why::PipelineStart => "its pipeline-start".to_owned(),
        Why::PhaseOrder => "an earlier phase".to_owned(),
        Why::Batch => "the batch before".to_owned(),
        Why::Checks => "what it checks".to_owned(),
        Why::Verified => "the check of an earlier phase".to_owned(),
        Why::Named | Why::OneAgent | Why::Depends | Why::Overlap | Why::PartOf | Why::Landing => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    fn two_seats() -> TaskResources {
        let name = |name: &str| name.parse::<ResourceName>().unwrap();
        TaskResources {
            tokens: [(name("database"), 1), (name("seats"), 2)].into(),
            of_phases: [(PhaseId(8), vec![name("database")])].into(),
            held: [(name("held"), vec!["q.1.1".to_owned()])].into(),
        }
    }

    fn planned<'a>(
        document: &'a Document,
        plan: &'a PlanName,
        arrangement: &'a Arrangement,
        resources: &'a TaskResources,
    ) -> PlannedTasks<'a> {
        PlannedTasks {
            plan,
            document,
            arrangement,
            slots: 4,
            resources,
        }
    }

    fn next(
        text: &str,
        states: &[(&str, TaskState)],
        elsewhere: &[(&str, &str)],
    ) -> (Vec<String>, Vec<String>) {
        let (document, _) = read_document(text);
        let states = states
            .iter()
            .map(|(id, state)| (id.parse().unwrap(), *state))
            .collect();
        let next = task_next(
            planned(
                &document,
                &"p".parse().unwrap(),
                &Arrangement::default(),
                &two_seats(),
            ),
            &states,
            None,
            |task| {
                let of_task = elsewhere.iter().filter(|(id, _)| *id == task.to_string());
                of_task.map(|(_, wait)| (*wait).to_owned()).collect()
            },
        );
        let blocked = next.blocked.iter().map(|task| {
            let resources = task.resources.iter().map(ToString::to_string);
            let over: Vec<String> = task.files.iter().cloned().chain(resources).collect();
            let word = if over.is_empty() { "" } else { " over " };
            format!("{} by {}{word}{}", task.id, task.by.join(" "), over.join(" "))
        });
        (
            next.ready.iter().map(|task| task.id.to_string()).collect(),
            blocked.collect(),
        )
    }

    #[test]
    fn resources_of_phases_and_those_that_other_plans_hold_count_too() {
        let (ready, blocked) = next(
            "# P\n\n## Phase 8: A\n\n- [ ] 8.1 a\n- [ ] 8.2 b\n- [ ] 8.3 c (uses: held)\n",
            &[],
            &[],
        );
        assert_eq!(ready, ["8.1"]);
        assert_eq!(
            blocked,
            ["8.2 by 8.1 over database", "8.3 by q.1.1 8.1 over held database"]
        );
    }

    const TWO: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B\n\n- [ ] 2.1 c\n- [ ] 2.2 d (depends: 1.1)\n- [ ] 2.3 e (depends: none)\n";

    #[test]
    fn a_task_waits_for_what_it_names_else_for_earlier_phases() {
        let (ready, blocked) = next(TWO, &[], &[]);
        assert_eq!(ready, ["1.1", "1.2", "2.3"]);
        assert_eq!(blocked, ["2.1 by 1.1 1.2", "2.2 by 1.1"]);
        let (ready, blocked) = next(TWO, &[("1.1", TaskState::Done)], &[]);
        assert_eq!(ready, ["1.2", "2.2", "2.3"]);
        assert_eq!(blocked, ["2.1 by 1.2"]);
    }

    #[test]
    fn begun_work_comes_first_then_failed_and_skipped_counts_as_settled() {
        let states = [
            ("1.1", TaskState::Skipped),
            ("1.2", TaskState::Failed),
            ("2.2", TaskState::Running),
        ];
        let (ready, blocked) = next(TWO, &states, &[]);
        assert_eq!(ready, ["2.2", "1.2", "2.3"]);
        assert_eq!(blocked, ["2.1 by 1.2"]);
    }

    #[test]
    fn sequential_tasks_go_one_after_the_other() {
        let text = "# P\n\n## Phase 1: A\n\n**Execution Note:** Tasks 1.1-1.3 are [SEQUENTIAL] - order\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d\n";
        let (ready, blocked) = next(text, &[("1.1", TaskState::Running)], &[]);
        assert_eq!(ready, ["1.1", "1.4"]);
        assert_eq!(blocked, ["1.2 by 1.1", "1.3 by 1.2"]);
    }

    #[test]
    fn parallel_phases_do_not_wait_for_each_other() {
        let text = "# P\n\n## Phase 1: A\n\n- [x] 1.1 a\n\n## Phase 2: B\n\n**Execution Note:** Phases 2-3 are [PARALLEL] - why\n\n- [ ] 2.1 b\n\n## Phase 3: C\n\n- [ ] 3.1 c\n\n## Phase 4: D\n\n- [ ] 4.1 d\n";
        let (ready, blocked) = next(text, &[], &[]);
        assert_eq!(ready, ["2.1", "3.1"]);
        assert_eq!(blocked, ["4.1 by 2.1 3.1"]);
    }

    #[test]
    fn a_check_is_offered_once_its_phase_is_worked_through_and_a_blocking_one_holds_the_next() {
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] it works\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
        assert_eq!(next(text, &[], &[]).0, ["1.1"]);
        let (ready, blocked) = next(text, &[("1.1", TaskState::Done)], &[]);
        assert_eq!(ready, ["1.verify"]);
        assert_eq!(blocked, ["2.1 by 1.verify"]);
        let done = [("1.1", TaskState::Done), ("1.verify", TaskState::Done)];
        assert_eq!(next(text, &done, &[]).0, ["2.1"]);
        let background = text.replace("**VERIFY Phase 1:**", "**VERIFY Phase 1:** (non-blocking)");
        assert_eq!(
            next(&background, &[("1.1", TaskState::Done)], &[]).0,
            ["1.verify", "2.1"]
        );
    }

    #[test]
    fn a_share_of_a_phase_can_start_the_next() {
        let text = "# P\n\n## Phase 1: A\n\n- [x] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B (pipeline-start: 50% of Phase 1)\n\n- [ ] 2.1 c\n";
        assert_eq!(next(text, &[], &[]).0, ["1.2", "2.1"]);
        assert_eq!(next(&text.replace("50%", "60%"), &[], &[]).1, ["2.1 by 1.2"]);
    }

    #[test]
    fn work_of_other_plans_holds_a_task_too() {
        let (ready, blocked) = next(TWO, &[], &[("1.1", "auth.2")]);
        assert_eq!(ready, ["1.2", "2.3"]);
        assert_eq!(blocked[0], "1.1 by auth.2");
    }

    #[test]
    fn of_tasks_that_touch_the_same_file_one_is_offered() {
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a in `src/x.rs`\n- [ ] 1.2 b in `src/x.rs` and `src/y.rs`\n- [ ] 1.3 c in `src/y.rs`\n- [ ] 1.4 d (reads: src/x.rs)\n";
        let (ready, blocked) = next(text, &[], &[]);
        assert_eq!(ready, ["1.1", "1.3", "1.4"]);
        assert_eq!(blocked, ["1.2 by 1.1 over src/x.rs"]);
        // A begun task keeps its files, and a failed task comes before tasks that nobody has tried.
        let states = [("1.2", TaskState::Failed), ("1.3", TaskState::Running)];
        let (ready, blocked) = next(text, &states, &[]);
        assert_eq!(ready, ["1.3", "1.1", "1.4"]);
        assert_eq!(blocked, ["1.2 by 1.3 over src/y.rs"]);
        let (ready, blocked) = next(text, &[("1.2", TaskState::Failed)], &[]);
        assert_eq!(ready, ["1.2", "1.4"]);
        assert_eq!(blocked, ["1.1 by 1.2 over src/x.rs", "1.3 by 1.2 over src/y.rs"]);
    }

    #[test]
    fn a_file_under_a_pattern_is_named_with_the_pattern_and_other_files_are_free() {
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (touches: src/*.rs)\n- [ ] 1.2 b in `src/a.rs`\n- [ ] 1.3 c in `src/db/x.rs`\n";
        let (ready, blocked) = next(text, &[], &[]);
        assert_eq!(ready, ["1.1", "1.3"]);
        assert_eq!(blocked, ["1.2 by 1.1 over src/a.rs (src/*.rs)"]);
        let text = text.replace("1.1 a (touches: src/*.rs)", "1.1 a (touches: src/b.rs)");
        let text = format!("{text}- [ ] 1.4 d (touches: src/**)\n");
        let (ready, blocked) = next(&text, &[], &[]);
        assert_eq!(ready, ["1.1", "1.2", "1.3"]);
        assert_eq!(
            blocked,
            ["1.4 by 1.1 1.2 1.3 over src/b.rs (src/**) src/a.rs (src/**) src/db/x.rs (src/**)"]
        );
    }

    #[test]
    fn of_tasks_that_use_a_resource_as_many_are_offered_as_may_hold_it() {
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (uses: database)\n- [ ] 1.2 b (uses: database, seats)\n- [ ] 1.3 c (uses: seats)\n\
                    - [ ] 1.4 d (uses: seats)\n- [ ] 1.5 e (uses: seats)\n";
        let (ready, blocked) = next(text, &[], &[]);
        assert_eq!(ready, ["1.1", "1.3", "1.4"]);
        assert_eq!(blocked, ["1.2 by 1.1 over database", "1.5 by 1.3 1.4 over seats"]);
        let (ready, blocked) = next(text, &[("1.2", TaskState::Running)], &[]);
        assert_eq!(ready, ["1.2", "1.3"]);
        assert_eq!(
            blocked,
            [
                "1.1 by 1.2 over database",
                "1.4 by 1.2 1.3 over seats",
                "1.5 by 1.2 1.3 over seats"
            ]
        );
    }

    #[test]
    fn the_limit_is_for_ready_tasks_alone() {
        let (document, _) = read_document(TWO);
        let next = task_next(
            planned(
                &document,
                &"p".parse().unwrap(),
                &Arrangement::default(),
                &two_seats(),
            ),
            &BTreeMap::new(),
            Some(1),
            |_| vec![],
        );
        let json = serde_json::to_value(&next).unwrap();
        assert_eq!(
            json["ready"],
            serde_json::json!([{"id": "1.1", "reason": "waits for nothing"}])
        );
        assert_eq!(json["blocked"].as_array().unwrap().len(), 2);
        assert_eq!(
            json["blocked"][1],
            serde_json::json!({"id": "2.2", "by": ["1.1"]})
        );
    }
}
