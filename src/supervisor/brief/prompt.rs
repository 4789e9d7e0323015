//! An agent's prompt, rendered from the repository's own templates where it has them, else from the built-in ones.

use std::path::{Component, Path, PathBuf};

use crate::agent::JobFolder;
use crate::plan::{
    FinishCheck, ItemId, Message, Phase, Plan, PromptContext, PromptFailure, PromptKind, PromptMessage,
    PromptPhase, PromptTask, TaskId, TaskState, UnitId, WhyAgain,
};
use crate::schedule::{After, Launch, Scheduler, Verify, after};
use crate::words::because;

use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::{Project, committed_document};

/// How many bytes of the last attempt's log the next attempt is shown.
const TAIL: usize = 2000;

/// The contents of an attempt's prompt.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// The phases or tasks.
    pub units: &'a [UnitId],
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The previous attempt, and why there is another one.
    pub after: Option<After>,
    /// Messages that no agent has been given yet.
    pub messages: Vec<&'a Message>,
    /// Commits that people have made since the last agent ended.
    pub by_people: Vec<String>,
    /// True when the program continues the conversation of the previous attempt.
    pub goes_on: bool,
    /// The unit on whose branch the agent works; `None` for the plan's own branch.
    pub branch_of: Option<UnitId>,
}

impl<'a> From<&'a Launch> for Given<'a> {
    fn from(order: &'a Launch) -> Self {
        Self {
            units: &order.units,
            number: order.number,
            after: order.after.clone(),
            messages: order.new_messages().collect(),
            by_people: Vec::new(),
            goes_on: false,
            branch_of: order.place.branch_of,
        }
    }
}

/// Renders the prompt of one attempt.
///
/// # Errors
///
/// When a template is wrong; says what is wrong.
pub fn render(
    project: &Project,
    plan: &Plan,
    worktree: &Path,
    given: &Given<'_>,
    states: &dyn Fn(&ItemId) -> TaskState,
) -> Result<String, String> {
    let phases = plan.document.phases.iter();
    let phases = phases.filter(|phase| given.units.iter().any(|unit| unit.phase() == phase.id));
    let phases: Vec<PromptPhase> = phases.map(|phase| describe(phase, given.units, states)).collect();
    let failure = given.after.as_ref().map(|after| PromptFailure {
        cause: after.cause,
        reason: because(&after.why),
        tail: tail_of(project, after),
    });
    let open = phases.iter().flat_map(|phase| &phase.tasks);
    let open = open
        .filter(|task| failure.is_some() && !task.state.is_settled())
        .map(|task| task.id);
    let text = |path: &str| worktree.join(path).to_string_lossy().into_owned();
    let messages = given.messages.iter().map(|message| PromptMessage {
        from: message.sender().to_owned(),
        kind: message.kind,
        text: message.text.clone(),
    });
    // An uncommitted document is not in the worktree, so nobody would see ticks there.
    let document = committed_document(project, plan.file.as_deref(), worktree);
    let document = document.filter(|document| {
        let inside = document.strip_prefix(worktree).unwrap_or(document);
        match worktree.is_dir() {
            true => document.is_file(),
            false => project.repo.has_file(&project.base, inside).unwrap_or(false),
        }
    });
    let context = PromptContext {
        kind: kind_of(plan, given),
        plan: plan.name.clone(),
        title: plan.document.title.clone(),
        goal: plan.document.goal.clone(),
        attempt: given.number,
        open: open.collect(),
        failure,
        verify: FinishCheck::plan_line(plan),
        is_last: comes_to_the_end(plan, given),
        red: given
            .after
            .as_ref()
            .and_then(|after| after.red.as_ref().map(because)),
        review: given.after.as_ref().and_then(|after| after.review.clone()),
        phases,
        brief: given.goes_on
            && given
                .after
                .as_ref()
                .is_some_and(|after| matches!(after.cause, WhyAgain::Unread | WhyAgain::Answered)),
        by_people: given.by_people.clone(),
        messages: messages.collect(),
        branch: match given.branch_of {
            Some(unit) => project.unit_branch(plan, unit),
            None => plan.branch.clone(),
        },
        base: project.base_name.clone(),
        target: project.target.clone(),
        status_file: text(".orch/status.json"),
        plan_file: text(".orch/plan.md"),
        document: document.map(|path| path.to_string_lossy().into_owned()),
    };
    project.set.templates.prompt(&context).map_err(in_words)
}

/// The prompt that the next attempt at `units` would get now.
///
/// # Errors
///
/// When a template is wrong; says what is wrong.
pub fn preview(
    project: &Project,
    scheduler: &Scheduler,
    plan: &Plan,
    units: &[UnitId],
) -> Result<String, String> {
    let run = scheduler.state().plan(&plan.name);
    let by_units = run.by_units;
    let tries = units.first().and_then(|first| run.tries.get(first));
    let given = Given {
        units,
        number: tries.map_or(1, |tries| tries.attempts + 1),
        after: after(run, units, run.verify == Verify::Failed, None),
        messages: run
            .mail
            .to_units(units)
            .filter(|message| {
                let id = message.id;
                let again = tries.is_some_and(|tries| tries.needs(id));
                id > run.mail.told || again
            })
            .collect(),
        by_people: Vec::new(),
        goes_on: false,
        branch_of: units.first().copied().filter(|_| by_units),
    };
    let worktree = match run.worktrees.get(&0) {
        Some(made) => PathBuf::from(&made.path),
        None => plain(&project.worktree_path(plan.name.as_str())),
    };
    render(project, plan, &worktree, &given, &|item| run.item_state(item))
}

/// Removes `..` from a path that need not exist yet.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// The end of the previous attempt's output, where that may help.
fn tail_of(project: &Project, after: &After) -> Option<String> {
    let helps = match after.cause {
        WhyAgain::Failed | WhyAgain::Vanished => true,
        WhyAgain::Stopped
        | WhyAgain::CutShort
        | WhyAgain::Verify
        | WhyAgain::Review
        | WhyAgain::Unread
        | WhyAgain::Answered
        | WhyAgain::ByHand => false,
    };
    let tail = helps.then(|| JobFolder::new(project.dir.attempt(&after.attempt)).readable_tail(TAIL))?;
    (!tail.trim().is_empty()).then(|| tail.trim_end().to_owned())
}

/// True when the whole plan can be verified after the given units: no later units remain, and nobody else works on the
/// plan.
fn comes_to_the_end(plan: &Plan, given: &Given<'_>) -> bool {
    let last = plan.document.phases.last();
    given.branch_of.is_none() && last.is_some_and(|last| given.units.contains(&UnitId::Phase(last.id)))
        || given
            .after
            .as_ref()
            .is_some_and(|after| after.red.is_some() || after.review.is_some())
}

fn kind_of(plan: &Plan, given: &Given<'_>) -> PromptKind {
    let is_check = |unit: &UnitId| matches!(unit, UnitId::Task(task) if task.is_verify());
    let has = |phase: &Phase| given.units.contains(&UnitId::Phase(phase.id));
    if given.units.iter().all(is_check) {
        PromptKind::Verifier
    } else if given.units.iter().any(|unit| matches!(unit, UnitId::Task(_))) {
        PromptKind::Task
    } else if given.branch_of.is_some() {
        PromptKind::Phase
    } else if plan.document.phases.iter().all(has) {
        PromptKind::Plan
    } else {
        PromptKind::Stage
    }
}

/// A phase with its given tasks, and with its checks when the given units complete the phase.
fn describe(phase: &Phase, units: &[UnitId], states: &dyn Fn(&ItemId) -> TaskState) -> PromptPhase {
    let whole = units.contains(&UnitId::Phase(phase.id));
    let given = |task: TaskId| whole || units.contains(&UnitId::Task(task));
    let tasks = phase.tasks.iter().filter(|task| given(task.id));
    let tasks = tasks.map(|task| PromptTask {
        id: task.id,
        title: task.title.clone(),
        details: task.details.clone(),
        state: states(&task.id.into()),
    });
    let checks = phase.verify.as_ref().filter(|_| given(TaskId::verify(phase.id)));
    PromptPhase {
        id: phase.id,
        title: phase.title.clone(),
        objective: phase.objective.clone(),
        tasks: tasks.collect(),
        checks: checks.map(|block| block.checks.clone()).unwrap_or_default(),
        verify: checks.map(|_| TaskId::verify(phase.id)),
    }
}
