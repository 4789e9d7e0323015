//! Converting the fleet to the texts that are shown.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use crate::agent::JobFolder;
use crate::git;
use crate::plan::{CommitId, Plan, TaskState};
use crate::report::{Visible, counts_and_figures, run_word};
use crate::schedule::Outcome;
use crate::supervisor::{Depth, InForce, PlanView, Project, Situation, StatusView, SupervisorError};

use super::model::{NeedRow, Seen, TopRow, WorkSpan};

/// How long one look may count changed lines that were not counted before; the next look continues.
const COUNTING: Duration = Duration::from_millis(200);

/// Numbers of changed lines between two commits, cached because they never change.
pub(super) type LineCounts = HashMap<(CommitId, CommitId), (usize, usize)>;

/// A running attempt: the index of its plan, and its folder.
pub(super) type OpenLog = (usize, JobFolder);

/// Reads everything. Also returns the running attempts.
pub(super) fn look(
    in_force: &InForce,
    counted: &mut LineCounts,
) -> Result<(Seen, Vec<OpenLog>), SupervisorError> {
    let project = &in_force.project;
    let situation = Situation::look(project)?;
    let view = situation.view(project, Depth::Branches)?;
    let (counts, figures) = counts_and_figures(&view);
    let behind = behind(project, &situation);
    let since = Instant::now();
    let rows = view.plans.iter().zip(&project.set.plans).enumerate();
    let plans = rows.map(|(place, (shown, plan))| {
        let mut row = row(project, &situation, shown, plan);
        row.need = view
            .attention
            .iter()
            .position(|item| item.plan.as_ref() == Some(&shown.name));
        row.behind = behind.get(&place).cloned().unwrap_or_default();
        if let (Some(base), Some(head)) = (&shown.base, &shown.head) {
            let key = (base.clone(), head.clone());
            if !counted.contains_key(&key) && since.elapsed() < COUNTING {
                let lines = git::repo::lines_between(&project.repo, base, head);
                counted.insert(key.clone(), lines.unwrap_or_default());
            }
            row.lines = counted.get(&key).copied().filter(|lines| *lines != (0, 0));
        }
        row
    });
    let mut seen = Seen {
        counts,
        figures,
        standing: standing(in_force, &situation, &view),
        target: project.target.clone(),
        plans: plans.collect(),
        needs: view.attention.iter().map(need).collect(),
        currency: project.set.run.currency,
    };
    let at_work = at_work(project, &view);
    signs_of_life(&mut seen, &at_work);
    Ok((seen, at_work))
}

/// Updates the signs of life of running agents.
pub(super) fn signs_of_life(seen: &mut Seen, at_work: &[OpenLog]) {
    for (place, folder) in at_work {
        let changed = folder.log().metadata().and_then(|log| log.modified());
        let changed = changed.unwrap_or(SystemTime::UNIX_EPOCH);
        let row = &mut seen.plans[*place];
        row.heard = Timestamp::try_from(changed).ok().filter(|at| at.as_second() > 0);
        row.said = harmless(&folder.last_line().unwrap_or_default());
    }
}

/// Text from others, with control characters made visible.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = Visible::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = shown.write_all(text.as_bytes());
    String::from_utf8_lossy(&shown.into_inner()).replace('\t', "    ")
}

fn need(item: &crate::supervisor::AttentionView) -> NeedRow {
    NeedRow {
        plan: item.plan.as_ref().map(ToString::to_string),
        kind: item.kind,
        text: harmless(&item.text),
        since: item.since,
        holds_up_s: item.holds_up_s,
        command: item.command.clone(),
    }
}

/// A text about the run, when nobody drives it or its manifest cannot be used.
fn standing(in_force: &InForce, situation: &Situation, view: &StatusView) -> Option<String> {
    let alone = (!situation.driven).then(|| format!("no supervisor: {}", run_word(view.state)));
    let stopping = || (view.state == crate::supervisor::RunView::Stopping).then(|| "stopping".to_owned());
    let words = alone.or_else(stopping);
    match (&in_force.warning, words) {
        (None, words) => words,
        (Some(warning), None) => Some(warning.clone()),
        (Some(warning), Some(words)) => Some(format!("{words}; {warning}")),
    }
}

fn row(project: &Project, situation: &Situation, shown: &PlanView, plan: &Plan) -> TopRow {
    let run = situation.scheduler.state().plan(&shown.name);
    let phase = shown
        .phases
        .iter()
        .find(|phase| phase.state == TaskState::Running);
    let phase = phase.or_else(|| shown.phases.iter().find(|phase| phase.state == TaskState::Failed));
    let last = shown.attempts.last();
    let agent = last.map(|attempt| {
        let known = project
            .set
            .agents
            .iter()
            .find(|(name, _)| name.as_str() == attempt.agent);
        match known.and_then(|(_, agent)| agent.model.as_ref()) {
            Some(model) => format!("{} {model}", attempt.agent),
            None => attempt.agent.clone(),
        }
    });
    let attempts = shown
        .attempts
        .iter()
        .zip(&run.history)
        .map(|(attempt, record)| WorkSpan {
            id: attempt.id.to_string(),
            from: attempt.started_at,
            to: attempt.ended_at,
            failed: record.counted,
        });
    let settled = run.has_settled() || shown.landed.is_some();
    let over = run.outcome == Some(Outcome::Cancelled) || situation.scheduler.state().is_landed(&shown.name);
    TopRow {
        name: shown.name.to_string(),
        state: shown.state,
        need: None,
        paused: run.is_paused(),
        asks: shown
            .asks
            .iter()
            .map(|ask| {
                let what = ask.unit.map(|unit| format!("{}.{unit}", shown.name));
                (what.unwrap_or_else(|| shown.name.to_string()), ask.text.clone())
            })
            .collect(),
        phase: phase
            .map(|phase| format!("{}: {}", phase.id, phase.title))
            .unwrap_or_default(),
        done: shown.tally.done,
        all: shown.tally.all,
        agent: agent.unwrap_or_default(),
        heard: None,
        said: harmless(shown.why.first().map(String::as_str).unwrap_or_default()),
        lines: None,
        head: shown.head.as_ref().map(ToString::to_string),
        conflicts: match over {
            true => String::new(),
            false => run
                .foreseen
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        },
        waits: if settled {
            String::new()
        } else {
            waits(situation, plan).join(", ")
        },
        remaining_s: shown.eta_s,
        cost: shown.cost,
        attempts: attempts.collect(),
        behind: Vec::new(),
    }
}

/// The points of other plans that a plan still waits for.
fn waits(situation: &Situation, plan: &Plan) -> Vec<String> {
    let state = situation.scheduler.state();
    let open = plan.all_waits().filter(|wait| !state.is_satisfied(wait));
    let mut waits = Vec::new();
    for wait in open.map(|wait| wait.to_string()) {
        if !waits.contains(&wait) {
            waits.push(wait);
        }
    }
    waits
}

/// The open plans that wait for each plan, by the plan's index.
fn behind(project: &Project, situation: &Situation) -> HashMap<usize, Vec<String>> {
    let state = situation.scheduler.state();
    let plans = &project.set.plans;
    let places: HashMap<_, _> = plans
        .iter()
        .enumerate()
        .map(|(place, plan)| (&plan.name, place))
        .collect();
    let mut behind: HashMap<usize, Vec<String>> = HashMap::new();
    for plan in plans.iter().filter(|plan| !state.plan(&plan.name).has_settled()) {
        for wait in plan.all_waits().filter(|wait| !state.is_satisfied(wait)) {
            let Some(place) = places.get(&wait.on.plan) else {
                continue;
            };
            let names = behind.entry(*place).or_default();
            if names.last().is_none_or(|last| last != plan.name.as_str()) {
                names.push(plan.name.to_string());
            }
        }
    }
    behind
}

fn at_work(project: &Project, view: &StatusView) -> Vec<OpenLog> {
    let plans = view.plans.iter().enumerate();
    let open = plans.filter_map(|(place, plan)| {
        let mut attempts = plan.attempts.iter().rev();
        let open = attempts.find(|attempt| attempt.started_at.is_some() && attempt.ended_at.is_none())?;
        Some((place, JobFolder::new(project.dir.attempt(&open.id))))
    });
    open.collect()
}
