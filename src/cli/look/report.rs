//! `orch report` and `orch history`

use anyhow::Context as _;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use globset::{GlobBuilder, GlobSetBuilder};
use serde::Serialize;

use crate::journal::{JournalReader, OrchDir, Record, RepositoryLock, SCHEMA};
use crate::report::{
    DurationsPage, Figures, Outlook, RunStory, RunTimeline, chronicle, history_text, outcomes,
    output_columns, run_page, run_text, timeline, with_states,
};

use crate::plan::{CommitId, PlanName, PlanState, RunId};
use crate::schedule::{eta, history, plan_state};
use crate::supervisor::{Depth, Project, Situation, StatusView, planned_ends, true_risks, waits_for};
use crate::words::explained;

use super::graph::picture;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Summarize a run: plans, time, cost, efficiency
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Such as r2 [default: the current one, else the last in which agents worked]
    run: Option<String>,
    /// Write an HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// List all runs with their figures
///
/// With -v also runs in which nothing was left to do.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// Stated and measured durations, and tasks done a day
    #[arg(long)]
    durations: bool,
}

/// A run with its figures.
#[derive(Debug, Serialize)]
struct ReportOutput<'a> {
    #[serde(flatten)]
    run: &'a RunStory,
    figures: Figures,
    speed_up: Option<f64>,
    efficiency_percent: Option<f64>,
    overhead_percent: Option<f64>,
}

impl<'a> From<&'a RunStory> for ReportOutput<'a> {
    fn from(run: &'a RunStory) -> Self {
        let figures = Figures::of(run);
        Self {
            run,
            figures,
            speed_up: figures.speed_up(),
            efficiency_percent: figures.efficiency(),
            overhead_percent: figures.overhead(),
        }
    }
}

/// All runs, with their journal and the current plans.
struct ReportSource {
    runs: Vec<RunStory>,
    records: Vec<Record>,
    now: Option<(Project, Situation)>,
}

impl ReportSource {
    fn of(context: &Context) -> Result<Self, CliError> {
        let dir = OrchDir::new(context.repository()?.common_dir());
        let records = match JournalReader::open(&dir)? {
            Some(reader) => reader.after(0, None)?,
            None => Vec::new(),
        };
        let now = Project::in_force(&context.dir, context.manifest.as_deref());
        let now = now.ok().and_then(|found| {
            let situation = Situation::look(&found.project).ok()?;
            Some((found.project, situation))
        });
        let mut runs = chronicle(&records);
        if let Some((project, _)) = &now {
            for run in &mut runs {
                run.currency = project.set.run.currency;
            }
            for (name, plan) in runs.last_mut().into_iter().flat_map(|last| &mut last.plans) {
                plan.outputs = outputs(project, name, plan.landed.as_ref());
            }
        }
        let driven = RepositoryLock::holder(&dir)?.is_some();
        if let Some(last) = runs.last_mut().filter(|run| driven && run.ending.is_none()) {
            last.under_way(jiff::Timestamp::now());
        }
        let Some(last) = runs.last_mut() else {
            return Err(
                CliError::new(ProgramExit::Nothing, "nothing has been run here yet").with_hint("orch up"),
            );
        };
        if let Some((project, situation)) = &now {
            as_they_stand(situation, last);
            for (name, plan) in &mut last.plans {
                plan.outputs = outputs(project, name, plan.landed.as_ref());
            }
        }
        Ok(Self { runs, records, now })
    }

    /// Returns the graph with the present states, for the last run.
    fn graph(&self, run: &RunStory) -> Option<String> {
        let (project, situation) = self.now.as_ref()?;
        self.runs.last().filter(|last| last.run == run.run)?;
        let view = situation.view(project, Depth::Journal).ok()?;
        // Within a page the picture needs no name of its language.
        let svg =
            picture(&project.set, &situation.durations).replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
        Some(with_states(&svg, &states(&view), &HashSet::new()))
    }

    /// Returns the timeline of a run, or `None` before it started.
    fn timeline(&self, run: &RunStory) -> Option<RunTimeline> {
        let outlook = self.now.as_ref().map(|(project, situation)| {
            let number = run.run.trim_start_matches('r').parse().map(RunId);
            let planned = number.map(|number| planned_ends(&project.set, &self.records, number));
            let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
            let eta = eta(work, state);
            let names = project.set.plans.iter().map(|plan| plan.name.clone());
            let expected = names.zip(eta.begins.into_iter().zip(eta.plans));
            Outlook {
                depends: waits_for(&project.set),
                planned: planned.unwrap_or_default(),
                expected: expected
                    .filter_map(|(name, (begin, end))| Some((name, (begin?, end?))))
                    .collect(),
            }
        });
        timeline(run, &outlook.unwrap_or_default(), jiff::Timestamp::now())
    }
}

/// Returns the states of all plans, phases and tasks by the ids of the graph.
fn states(view: &StatusView) -> HashMap<String, &'static str> {
    let mut states = HashMap::new();
    for plan in &view.plans {
        let name = &plan.name;
        states.insert(name.to_string(), plan.state.as_str());
        if let Some(verify) = plan.verify {
            states.insert(format!("{name}.verify"), verify.as_str());
        }
        if plan.state == PlanState::Landed {
            states.insert(format!("{name}@landed"), plan.state.as_str());
        }
        for phase in &plan.phases {
            states.insert(format!("{name}.{}", phase.id), phase.state.as_str());
            let tasks = phase.tasks.iter().map(|task| (task.id, task.state));
            for (id, state) in tasks.chain(phase.verify.iter().map(|check| (check.id, check.state))) {
                states.insert(format!("{name}.{id}"), state.as_str());
            }
        }
    }
    states
}

/// Adds the present state of plans that the last run did not finish, because no record says that a plan waits. A plan that
/// has waited for a person from the start has no record at all.
fn as_they_stand(situation: &Situation, last: &mut RunStory) {
    let scheduler = &situation.scheduler;
    for plan in &scheduler.work().plans {
        if plan_state(scheduler.work(), scheduler.state(), &plan.name) == PlanState::Held {
            last.plan(&plan.name);
        }
    }
    for (name, plan) in &mut last.plans {
        let now = plan_state(scheduler.work(), scheduler.state(), name);
        if scheduler.state().number(name).is_none() || plan.state == Some(now) {
            continue;
        }
        plan.state = Some(now);
        let needs_none = matches!(
            now,
            PlanState::Running | PlanState::Ready | PlanState::Finished | PlanState::Landed
        );
        let reasons = explained(scheduler.work(), scheduler.state(), name).into_iter();
        plan.why = reasons.map(|reason| reason.text).next().filter(|_| !needs_none);
    }
}

/// Returns the files matching a plan's `outputs`: in the landed commit, else on its branch.
fn outputs(project: &Project, name: &PlanName, landed: Option<&CommitId>) -> Vec<String> {
    let Some(plan) = project.plan(name).filter(|plan| !plan.outputs.is_empty()) else {
        return Vec::new();
    };
    let tip = || project.repo.branch_tip(&plan.branch).ok().flatten();
    let mut globs = GlobSetBuilder::new();
    for glob in &plan.outputs {
        let built = GlobBuilder::new(glob).literal_separator(true).build();
        globs = built.into_iter().fold(globs, |mut globs, glob| {
            globs.add(glob);
            globs
        });
    }
    let (Some(commit), Ok(globs)) = (landed.cloned().or_else(tip), globs.build()) else {
        return Vec::new();
    };
    project.repo.files_like(&commit, &globs).unwrap_or_default()
}

/// Runs `orch report`.
///
/// # Errors
///
/// Returns an error when there is no such run, or the file cannot be written.
pub fn report(context: &Context, args: &ReportArgs) -> Result<ProgramExit, CliError> {
    let source = ReportSource::of(context)?;
    let runs = &source.runs;
    let found = match &args.run {
        None => {
            let worked = |run: &&RunStory| run.goes_on || (!run.merge_only && run.had_work());
            let told = |run: &&RunStory| !run.did_nothing();
            let last = runs.iter().rfind(worked).or_else(|| runs.iter().rfind(told));
            last.or(runs.last())
        }
        Some(name) => runs
            .iter()
            .find(|run| run.run == *name || run.run.trim_start_matches('r') == name),
    };
    let Some(run) = found else {
        let names: Vec<&str> = runs.iter().map(|run| run.run.as_str()).collect();
        let typed = args.run.as_deref().unwrap_or_default();
        return Err(
            CliError::refused(format!("there is no run `{typed}`")).with_hint(format!(
                "there are {}; `orch history` lists them",
                names.join(", ")
            )),
        );
    };
    let mut run = run.clone();
    if let Ok(number) = run.run.trim_start_matches('r').parse() {
        run.risks = true_risks(&source.records, RunId(number));
    }
    let run = &run;
    if let Some(file) = &args.html {
        let file = context.dir.join(file);
        let graph = source.graph(run);
        let page = run_page(run, source.timeline(run).as_ref(), graph.as_deref());
        std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
        if !context.quiet {
            anstream::eprintln!("wrote {}", file.display());
        }
    }
    if context.json {
        output::json(
            &serde_json::json!({ "schema": SCHEMA, "report": ReportOutput::from(run), "timeline": source.timeline(run) }),
        )?;
    } else if args.html.is_none() {
        output::text(&run_text(run, output_columns()))?;
        let later = runs.iter().filter(|other| other.began > run.began);
        for other in later.filter(|other| args.run.is_none() && !other.did_nothing()) {
            let what = if other.merge_only {
                "only merged"
            } else {
                "went on"
            };
            output::text(&format!(
                "{} {what} after it ({}): orch report {}\n",
                other.run,
                outcomes(other),
                other.run
            ))?;
        }
    }
    Ok(ProgramExit::Done)
}

/// Runs `orch history`.
///
/// # Errors
///
/// Returns an error when nothing was ever run.
pub fn history(context: &Context, args: &HistoryArgs) -> Result<ProgramExit, CliError> {
    if args.durations {
        return durations(context);
    }
    let runs = ReportSource::of(context)?.runs;
    if context.json {
        let told: Vec<ReportOutput<'_>> = runs.iter().map(ReportOutput::from).collect();
        output::json(&serde_json::json!({ "schema": SCHEMA, "runs": told }))?;
    } else {
        let (told, idle): (Vec<RunStory>, Vec<RunStory>) = runs
            .into_iter()
            .partition(|run| context.verbose || !run.did_nothing());
        output::text(&history_text(&told))?;
        match idle.len() {
            0 => {}
            1 => output::text("1 run in which nothing was left to do is not shown; -v shows it\n")?,
            more => output::text(&format!(
                "{more} runs in which nothing was left to do are not shown; -v shows them\n"
            ))?,
        }
    }
    Ok(ProgramExit::Done)
}

/// Prints the measured durations of the manifest's plans.
fn durations(context: &Context) -> Result<ProgramExit, CliError> {
    let project = context.project()?;
    let reader = JournalReader::open(&project.dir)?;
    let records = match &reader {
        Some(reader) => reader.after(0, None)?,
        None => Vec::new(),
    };
    let events = || records.iter().map(|record| (record.at, &record.event));
    let epoch = reader.as_ref().map(JournalReader::epoch);
    let done = history::tasks_done(&project.set, events()).into_iter();
    let done: Vec<jiff::Timestamp> = done.filter_map(|at| Some(epoch?.wall(at))).collect();
    let known = history::durations(&project.set, events());
    let page = DurationsPage::new(&project.set, &known, &done, jiff::Timestamp::now());
    if context.json {
        output::json(&serde_json::json!({ "schema": SCHEMA, "durations": page }))?;
    } else {
        output::text(&page.text())?;
    }
    Ok(ProgramExit::Done)
}
