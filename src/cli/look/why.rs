//! `orch why`

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::agent::JobFolder;
use crate::graph::{Graph, Of, Ranks, Timeline};
use crate::journal::SCHEMA;
use crate::plan::{
    Document, ItemId, PlanName, PlanState, Point, Speaker, TaskId, TaskState, UnitId, harmless,
};
use crate::report::{ago, broken, fit, output_terminal, span};
use crate::schedule::{Outcome, PlanRun, task_state};
use crate::status;
use crate::supervisor::{Depth, PlanView, Project, Situation};
use crate::words::{ReasonText, explained_unit};

use super::why_commit;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Explain the state of a plan, phase or task, or a landed commit
///
/// Shows since when, and what would change it.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// Such as auth.2.3, or a commit of the target
    #[arg(value_name = "PLAN[.PHASE[.TASK]]|COMMIT")]
    what: Option<String>,
}

/// The maximum width of a quoted line of an agent, in columns.
const LONGEST_LINE: usize = 300;

/// The output of `orch why --json`.
#[derive(Debug, Serialize)]
struct WhyOutput {
    schema: u32,
    what: String,
    state: String,
    since: Option<String>,
    why: Vec<String>,
    remedies: Vec<String>,
    /// True on the critical path across all plans. Left out for finished work.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    /// How much later the work may start without delaying the end of all plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    slack_s: Option<u64>,
    /// The expected amount of sequential work from its start to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_s: Option<u64>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such plan, phase or task.
pub fn run(context: &Context, args: &WhyArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force();
    let work = project.and_then(|project| {
        let (name, what) = context.one_work(&project, args.what.as_deref())?;
        Ok((project, name, what))
    });
    let (project, name, what) = match (work, args.what.as_deref()) {
        (Ok(work), _) => work,
        (Err(error), None) => return Err(error),
        // An unknown name may be a commit, even where there are no plans.
        (Err(error), Some(typed)) => return why_commit::about(context, typed)?.ok_or(error),
    };
    let situation = Situation::look(&project)?;
    let view = situation.view(&project, Depth::Journal)?;
    let Some(plan) = view.plans.iter().find(|plan| plan.name == name) else {
        return Err(CliError::refused(format!("there is no plan `{name}`")));
    };
    let answer = about(&project, &situation, plan, what.point)?;
    let why: Vec<String> = answer.reasons.iter().map(|reason| reason.text.clone()).collect();
    let mut remedies: Vec<String> = Vec::new();
    for remedy in answer.reasons.iter().filter_map(|reason| reason.remedy.clone()) {
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    let path = on_path(&project, &situation, &name, what.point);
    let (state, since) = (answer.state, answer.since);
    if context.json {
        output::json(&WhyOutput {
            schema: SCHEMA,
            what: what.to_string(),
            state,
            since: since.map(|since| since.to_string()),
            why,
            remedies,
            critical: path.map(|path| path.slack_ms == 0),
            slack_s: path.map(|path| path.slack_ms / 1000),
            behind_s: path.map(|path| path.behind_ms / 1000),
        })?;
        return Ok(ProgramExit::Done);
    }
    let since = since
        .map(|since| format!(", since {}", ago(since)))
        .unwrap_or_default();
    let mut text = format!("{what}: {state}{since}\n");
    for reason in &why {
        text += &format!("  {}\n", reason.replace('\n', "\n    "));
    }
    if let Some(path) = path {
        text += &format!("  {}\n", path.words());
    }
    for remedy in &remedies {
        text += &format!("  next: {remedy}\n");
    }
    output::text(&broken(&text, output_terminal()))?;
    Ok(ProgramExit::Done)
}

/// The answer about a plan, phase or task.
struct WhyAnswer {
    state: String,
    since: Option<Timestamp>,
    reasons: Vec<ReasonText>,
}

fn about(
    project: &Project,
    situation: &Situation,
    plan: &PlanView,
    point: Point,
) -> Result<WhyAnswer, CliError> {
    let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
    let run = state.plan(&plan.name);
    let own = work.plans.iter().find(|work| work.name == plan.name);
    let missing = |what: String| {
        let known = plan.phases.iter().map(|phase| phase.id.to_string());
        let tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
        let known: Vec<String> = match point {
            Point::Task(_) => tasks.map(|task| task.id.to_string()).collect(),
            Point::Plan | Point::Phase(_) => known.collect(),
        };
        CliError::refused(format!("plan `{}` has no {what}", plan.name))
            .with_hint(format!("it has {}", known.join(", ")))
    };
    let whole = |state: String| {
        let landed = plan.landed.as_ref().filter(|landed| landed.up_to.is_none());
        let target = &project.target;
        let landed =
            landed.map(|landed| ReasonText::plain(format!("has landed on {target} with {}", landed.commit)));
        let reasons = landed.into_iter().chain(plan.reasons.clone());
        WhyAnswer {
            state,
            since: plan.since,
            reasons: reasons.chain(last_line(project, plan.state, run)).collect(),
        }
    };
    match point {
        Point::Plan => Ok(whole(plan.state.to_string())),
        Point::Phase(id) => {
            let phase = plan.phases.iter().find(|phase| phase.id == id);
            let phase = phase.ok_or_else(|| missing(format!("phase {id}")))?;
            let units = own.into_iter().flat_map(|own| &own.units);
            let open = units.filter(|unit| unit.id.phase() == id && !run.is_unit_done(unit.id));
            let mut reasons = Vec::new();
            for unit in open {
                for mut reason in explained_unit(work, state, &plan.name, unit.id) {
                    if unit.id != UnitId::Phase(id) && !reason.text.starts_with(&unit.id.to_string()) {
                        reason.text = format!("{}: {}", unit.id, reason.text);
                    }
                    reasons.push(reason);
                }
            }
            let landed = plan.landed.as_ref();
            let landed = landed.filter(|landed| landed.up_to.is_none() || landed.phases.contains(&id));
            if let Some(landed) = landed {
                let text = format!("has landed ({})", landed.commit.short());
                reasons.insert(0, ReasonText::plain(text));
            }
            if reasons.is_empty() {
                reasons.push(ReasonText::plain("is done"));
            }
            let done = run.phases_done.get(&id).and_then(|at| situation.wall(*at));
            Ok(WhyAnswer {
                state: phase.state.to_string(),
                since: done.or(plan.since),
                reasons,
            })
        }
        Point::Task(id) => {
            let known = project.plan(&plan.name).is_some_and(|plan| {
                let phase = plan.document.phase(id.phase);
                let verify = phase.is_some_and(|phase| id.is_verify() && phase.verify.is_some());
                verify || plan.document.task(id).is_some()
            });
            let (Some(own), true) = (own, known) else {
                return Err(missing(format!("task {id}")));
            };
            let now = task_state(own, run, id);
            let unit = match own.unit(UnitId::Task(id)) {
                Some(unit) => unit.id,
                None => UnitId::Phase(id.phase),
            };
            let mut reasons = if now.is_settled() && !run.lost.contains_key(&unit) {
                vec![ReasonText::plain(format!("is {now}"))]
            } else {
                explained_unit(work, state, &plan.name, unit)
            };
            let untold = |reason: &ReasonText| !reasons.iter().any(|known| known.text.contains(&reason.text));
            let said = called_failed(project, run, &plan.name, id);
            let said: Vec<ReasonText> = said.into_iter().filter(untold).collect();
            reasons.extend(said);
            let since = run
                .items
                .get(&id.into())
                .and_then(|item| situation.wall(item.since));
            Ok(WhyAnswer {
                state: now.to_string(),
                since: since.or(plan.since),
                reasons,
            })
        }
    }
}

/// Returns the last line that the plan's agent printed, if its last attempt failed and the plan needs a person.
fn last_line(project: &Project, state: PlanState, run: &PlanRun) -> Option<ReasonText> {
    let last = run.history.last().filter(|last| last.failure.is_some())?;
    if !matches!(state, PlanState::Failed | PlanState::Held) {
        return None;
    }
    let line = JobFolder::new(project.dir.attempt(&last.id)).last_line()?;
    let text = format!(
        "the last line of {}: {}",
        last.id,
        fit(&harmless(&line), LONGEST_LINE)
    );
    Some(ReasonText::plain(text))
}

/// Returns the reported failures of a task: from the journal, and from a person's report that no supervisor has read yet.
fn called_failed(project: &Project, run: &PlanRun, plan: &PlanName, task: TaskId) -> Vec<ReasonText> {
    let item = ItemId::from(task);
    let known = run
        .items
        .get(&item)
        .filter(|known| known.state == TaskState::Failed);
    let note = known.and_then(|known| known.note.as_ref());
    let heard = note.map(|note| ReasonText::plain(format!("reported failed: {note}")));
    let document = project.plan(plan).map(|plan| &plan.document);
    let read =
        |document: &Document| status::read(&project.worktree_path(plan.as_str()), plan, document, None).items;
    let said = document.map(|document| read(document)).unwrap_or_default();
    let new = said.into_iter().find(|said| {
        let by_person = said.by == Some(Speaker::Person) && said.state == TaskState::Failed;
        by_person && said.item == item && run.said_by_people.get(&item) != said.at.as_ref()
    });
    let new = new.map(|said| {
        let note = said.note.map(|note| format!(": {note}")).unwrap_or_default();
        ReasonText::plain(format!(
            "a person reported it failed{note}; the next `orch up` takes that in"
        ))
    });
    heard.into_iter().chain(new).collect()
}

/// Where some work is relative to the critical path.
#[derive(Debug, Clone, Copy)]
struct OnPath {
    slack_ms: u64,
    behind_ms: u64,
}

impl OnPath {
    fn words(self) -> String {
        let time = |ms: u64| span(Duration::from_secs(ms.div_ceil(1000)));
        let behind = time(self.behind_ms);
        match self.slack_ms {
            0 => format!("on the critical path: {behind} of work from its start to the end of everything"),
            slack => format!(
                "not on the critical path: {behind} of work from its start to the end, {} to spare",
                time(slack)
            ),
        }
    }
}

/// Returns `None` for finished work, and for items without work of their own.
fn on_path(project: &Project, situation: &Situation, plan: &PlanName, point: Point) -> Option<OnPath> {
    let run = situation.scheduler.state().plan(plan);
    // Work that will not be done is not on the path.
    let given_up = matches!(run.outcome, Some(Outcome::Cancelled | Outcome::Skipped(_)));
    if given_up || run.has_reached(point) {
        return None;
    }
    let mut graph = Graph::new(&project.set, &situation.durations);
    for node in &mut graph.nodes {
        if let Of::Task(task) = node.of {
            let own = situation
                .scheduler
                .state()
                .plan(&project.set.plans[node.plan].name);
            node.done |= own.has_reached(Point::Task(task));
        }
        if node.done {
            node.expected = 0;
        }
    }
    let ranks = Ranks::new(&graph, &project.set);
    let timeline = Timeline::new(&graph, &ranks);
    let number = graph.plan_number(plan)?;
    let tasks = graph.nodes.iter().enumerate().filter(|(_, node)| {
        let Of::Task(task) = node.of else {
            return false;
        };
        let asked = match point {
            Point::Plan => true,
            Point::Phase(phase) => task.phase == phase,
            Point::Task(id) => task == id,
        };
        node.plan == number && asked && !node.done
    });
    let tasks: Vec<usize> = tasks.map(|(node, _)| node).collect();
    Some(OnPath {
        slack_ms: tasks.iter().map(|node| timeline.slack[*node]).min()?,
        behind_ms: tasks.iter().map(|node| ranks.remaining[*node]).max()?,
    })
}
