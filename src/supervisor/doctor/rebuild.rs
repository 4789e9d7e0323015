//! Rebuilding the journal from git, the worktrees and the attempts' folders.
//!
//! Only proven events are recorded. An attempt whose end left a record ended that way. A phase is done when its tasks and its
//! check are reported done on commits of the branch, nothing is uncommitted, and the phase waits for nobody and has no `verify`.
//! A plan has landed when the target has a merge that names the plan and no commit that reverts it; the same holds for a plan's
//! first phases. Everything else is judged or worked on again. People's decisions are lost, so a plan that has not landed is
//! held.

use jiff::Timestamp;

use crate::agent::{JobFolder, JobState};
use crate::git::{self, FoundLanding, Repository, conflict_key, inspect};
use crate::journal::{Epoch, Journal, Record, Sync};
use crate::plan::{AttemptId, CommitId, LaneId, PhaseId, Plan, Point, RunId, Statement, UnitId, WorkRef};
use crate::schedule::{Event, Exit, Prefix};
use crate::status;

use super::facts::{attempts, expected};
use super::missing_events::{PlanEvidence, ShownAttempt, missing_events};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::replay::Replay;
use crate::supervisor::project::repository_plans::Project;

/// Records the events that are missing from the journal. `saved` holds the readable entries of a damaged journal. Returns the
/// number of written entries.
///
/// # Errors
///
/// When the repository cannot be read or the journal cannot be written.
pub(super) fn rebuild(
    project: &Project,
    saved: Option<(Epoch, Vec<Record>)>,
    now: Timestamp,
) -> Result<usize, SupervisorError> {
    let shown = look_at_plans(project)?;
    let times = shown
        .iter()
        .flat_map(|shown| shown.attempts.iter().filter_map(|attempt| attempt.started));
    let began = saved.as_ref().map(|(epoch, _)| epoch.began());
    let began = began.unwrap_or_else(|| times.min().unwrap_or(now).min(now));
    let mut journal = Journal::open(&project.dir, began)?;
    let mut written = 0;
    let lost = journal.read_all()?.is_empty();
    if lost {
        for record in saved.into_iter().flat_map(|(_, records)| records) {
            written += journal
                .append(record.at, record.run, &[record.event], Sync::Process)?
                .len();
        }
    }
    let Replay { mut scheduler, .. } = Replay::of(&project.set, &journal.read_all()?, false);
    let run = scheduler.state().run.as_ref().map_or(RunId(1), |run| run.id);
    let mut events = Vec::new();
    if scheduler.state().run.is_none() {
        let base = shown
            .iter()
            .find_map(|shown| shown.trees.first().map(|(_, _, base)| base.clone()));
        let started = Event::RunStarted {
            run,
            base: base.unwrap_or_else(|| project.base.clone()),
            target: project.target.clone(),
            only: Vec::new(),
            merge_only: false,
        };
        events.push((Some(began), started));
    }
    for (plan, shown) in project.set.plans.iter().zip(&shown) {
        events.extend(missing_events(
            plan,
            shown,
            scheduler.state().plan(&plan.name),
            lost,
        ));
    }
    // Events of unknown time come last, in their own order.
    events.sort_by_key(|(at, _)| at.unwrap_or(now));
    for (at, event) in events {
        let at = journal.epoch().at(at.unwrap_or(now)).max(scheduler.state().now);
        if scheduler.take(at, &event) {
            written += journal.append(at, run, &[event], Sync::Process)?.len();
        }
    }
    // Writing the last entry syncs all entries before it to disk.
    let why = format!("the journal was rebuilt: {written} entries");
    let at = journal.epoch().at(now).max(scheduler.state().now);
    journal.append(at, run, &[Event::warning(None, why)], Sync::Disk)?;
    Ok(written)
}

fn look_at_plans(project: &Project) -> Result<Vec<PlanEvidence>, SupervisorError> {
    let repo = &project.repo;
    let admin = crate::git::WorktreeAdmin::new(repo);
    let target = repo.branch_tip(&project.target)?;
    let landings = target
        .as_ref()
        .map(|target| git::refs::landings(repo, target))
        .transpose()?
        .unwrap_or_default();
    let pins = git::refs::pins(repo)?;
    let expected = expected(project);
    let attempts = attempts(project);
    let mut all = Vec::new();
    for plan in &project.set.plans {
        let mut shown = PlanEvidence::default();
        let tip = repo.branch_tip(&plan.branch)?;
        let mine = expected
            .iter()
            .filter(|wanted| super::finding::plan_of(&wanted.key).as_ref() == Some(&plan.name))
            // Nobody works on tasks in the worktree of a conflict.
            .filter(|wanted| wanted.key != conflict_key(&plan.name));
        for wanted in mine {
            let lane = wanted
                .key
                .split_once('@')
                .and_then(|(_, lane)| lane.parse().ok())
                .unwrap_or(0);
            if let Some(base) =
                git::worktree::recorded_base(&admin, &wanted.key)?.filter(|_| wanted.path.is_dir())
            {
                let path = wanted.path.canonicalize().unwrap_or_else(|_| wanted.path.clone());
                shown
                    .trees
                    .push((lane, path.to_string_lossy().into_owned(), base));
            }
        }
        let landed = landings
            .iter()
            .find(|found| found.what == WorkRef::whole(&plan.name));
        let has_all = match (&tip, &target) {
            (Some(tip), Some(target)) => repo.is_ancestor(tip, target)?,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if let (Some(_), Some(target)) = (landed, &target) {
            shown.taken_back = git::repo::taken_back_by(repo, &plan.name, target)?;
        }
        shown.landed = landed
            .filter(|_| has_all || shown.taken_back.is_some())
            .map(|found| (project.target.clone(), found.commit.clone()));
        if let (None, Some(target)) = (&shown.landed, &target) {
            let part = landed_part(project, plan, target, &landings)?;
            shown.landed_part = part.map(|(commit, part)| (project.target.clone(), commit, part));
        }
        shown.pins = pins
            .iter()
            .filter(|pin| pin.plan == plan.name)
            .filter_map(|pin| match pin.point {
                crate::git::PinPoint::Done(point) => Some((point, pin.commit.clone())),
                crate::git::PinPoint::Landed => None,
            })
            .collect();
        let mut number = 0;
        let mut sorted: Vec<(u32, &AttemptId, &JobFolder)> = attempts
            .iter()
            .filter_map(|(id, folder)| {
                let (name, sequence) = id.parts()?;
                (name == plan.name).then_some((sequence, id, folder))
            })
            .collect();
        sorted.sort_by_key(|(sequence, ..)| *sequence);
        for (_, id, folder) in sorted {
            number += 1;
            shown
                .attempts
                .extend(look_at_attempt(project, plan, id, folder, number)?);
        }
        look_at_tasks(repo, plan, tip.as_ref(), &mut shown);
        all.push(shown);
    }
    Ok(all)
}

/// The longest prefix of the plan's phases that landed on its own, and the commit with which it landed.
fn landed_part(
    project: &Project,
    plan: &Plan,
    target: &CommitId,
    landings: &[FoundLanding],
) -> Result<Option<(CommitId, Prefix)>, SupervisorError> {
    let repo = &project.repo;
    let phases = &plan.document.phases;
    let place = |what: &WorkRef| match (what.plan == plan.name, what.point) {
        (true, Point::Phase(id)) => phases.iter().position(|phase| phase.id == id),
        _ => None,
    };
    let parts = landings
        .iter()
        .filter_map(|found| Some((place(&found.what)?, found)));
    // Of equal prefixes the newest landing comes first in the list. `max_by_key` returns the last of equals, hence `rev`.
    let Some((last, found)) = parts.rev().max_by_key(|(place, _)| *place) else {
        return Ok(None);
    };
    if git::repo::taken_back_by(repo, &plan.name, target)?.is_some() {
        return Ok(None);
    }
    let part = Prefix {
        up_to: phases[last].id,
        phases: phases[..=last].iter().map(|phase| phase.id).collect(),
        head: found.head.clone(),
    };
    Ok(Some((found.commit.clone(), part)))
}

/// Reads the reports in the plan's own worktree, and the phases that they complete.
fn look_at_tasks(repo: &Repository, plan: &Plan, tip: Option<&CommitId>, shown: &mut PlanEvidence) {
    let Some((_, path, base)) = shown.trees.iter().find(|(lane, ..)| *lane == 0) else {
        return;
    };
    let path = std::path::Path::new(path);
    let committed = plan.file.as_ref().map(|file| path.join(file));
    let reading = status::read(path, &plan.name, &plan.document, committed.as_deref());
    let has_commits = plan.allow_empty || tip.is_some_and(|tip| tip != base);
    let at_work = shown.attempts.iter().any(|attempt| attempt.ended.is_none());
    let clean = inspect(path).is_ok_and(|state| state.is_clean());
    shown.items = reading.items;
    // Reports on lost commits, or behind a gate that may have been closed, do not count.
    let kept = |said: &Statement| match (&said.commit, tip) {
        (Some(commit), Some(tip)) => repo.is_ancestor(commit, tip).unwrap_or(false),
        (None, _) | (_, None) => true,
    };
    let gates = plan.approvals();
    let gated = |said: &Statement| {
        let phase = Point::Phase(said.item.task.phase);
        gates.contains(&Point::Plan) || gates.contains(&phase)
    };
    shown
        .items
        .retain(|said| !said.state.is_settled() || (kept(said) && !gated(said)));
    if has_commits && clean && !at_work {
        let verified = |id| plan.phases.get(&id).is_some_and(|own| !own.verify.is_empty());
        let waits = |id| !plan.depends.is_empty() || !plan.phase_waits(id).is_empty();
        let phases = plan.document.phases.iter().map(|phase| phase.id);
        let done = phases.filter(|id| shown.all_said(plan, *id) && !verified(*id) && !waits(*id));
        shown.done = done.map(UnitId::Phase).collect();
    }
}

fn look_at_attempt(
    project: &Project,
    plan: &Plan,
    id: &AttemptId,
    folder: &JobFolder,
    number: u32,
) -> Result<Option<ShownAttempt>, SupervisorError> {
    let state = folder.state()?;
    let Some(job) = folder.job().ok().filter(|_| state != JobState::Unstarted) else {
        return Ok(None);
    };
    let lane = (1..64)
        .find(|lane| project.lane_path(&LaneId::new(&plan.name, *lane)) == job.folder)
        .unwrap_or(0);
    let listed = |name: &str| job.env.get(name).cloned().unwrap_or_default();
    let tasks: Vec<UnitId> = listed("ORCH_TASK")
        .split(',')
        .filter_map(|id| Some(UnitId::Task(id.parse().ok()?)))
        .collect();
    let units = match tasks.is_empty() {
        false => tasks,
        true => listed("ORCH_PHASE")
            .split(',')
            .filter_map(|id| Some(UnitId::Phase(PhaseId(id.parse().ok()?))))
            .collect(),
    };
    let mut shown = ShownAttempt {
        id: id.clone(),
        number,
        lane,
        units,
        pid: 0,
        head: job.head,
        started: None,
        ended: None,
        facts: folder.facts(),
    };
    match state {
        JobState::Running(running) => {
            shown.pid = running.as_ref().map_or(0, |running| running.runner.pid);
            shown.started = running.map(|running| running.started_at);
        }
        JobState::Ended(record) => {
            shown.started = Some(record.started_at);
            shown.ended = Some((record.ended_at, record.exit));
        }
        JobState::Lost(running) => {
            shown.pid = running.runner.pid;
            shown.started = Some(running.started_at);
            shown.ended = Some((running.started_at, Exit::Lost));
        }
        JobState::Away(away) => shown.started = Some(away.handed_at),
        JobState::Unstarted => return Ok(None),
    }
    Ok(Some(shown))
}
