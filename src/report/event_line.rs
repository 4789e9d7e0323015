//! One event on one line, for people.

use crate::journal::Record;
use crate::plan::{ManifestChange, OnStall, PlanName};
use crate::schedule::{
    Event, Failed, FlakyMerge, FoundPlan, Hold, LaneNote, LaunchTrouble, MergeTrouble, PhaseSaid,
    PhaseVerify, PinRefusal, VerifiedMerge, point_word,
};
use crate::supervisor::given;

use super::resolving_line::resolving_line;
use super::usage_line::{facts_line, parked_line};

/// `03:04:05 auth     agent.started        attempt auth-1`
pub fn event_line(record: &Record) -> String {
    let time = record.wall.to_string();
    let clock = time.get(11..19).unwrap_or_default();
    let plan = record.event.plan().map_or("-", |plan| plan.as_str());
    let columns = crate::journal::Columns::of(&record.event);
    format!(
        "{clock} {plan:<12} {:<17} {}",
        columns.event,
        detail(&record.event)
    )
    .trim_end()
    .to_owned()
}

/// What there is to say beyond the event's name.
pub fn detail(event: &Event) -> String {
    match event {
        Event::RunStarted {
            run, target, base, ..
        } => format!("{run} from {} onto {target}", base.short()),
        Event::RunStopping { now } => if *now {
            "agents are ended at once"
        } else {
            "agents are asked to end; Ctrl-C again ends them at once"
        }
        .to_owned(),
        Event::RunStopped { why, .. } => why.clone(),
        Event::RunSettled {}
        | Event::WorktreeLost { .. }
        | Event::VerifyStarted { .. }
        | Event::VerifyStopped { .. }
        | Event::PlanFinished { .. }
        | Event::PlanCancelled { .. } => String::new(),
        Event::WorktreeCreated { path, branch, .. } => format!("{branch} in {path}"),
        Event::WorktreeRefused(LaneNote { why, .. })
        | Event::WorktreeWaits(LaneNote { why, .. })
        | Event::WorktreeDeferred(LaneNote { why, .. })
        | Event::PinRefused(PinRefusal { why, .. })
        | Event::PlanFailed(Failed { why, .. })
        | Event::VerifyFailed(Failed { why, .. })
        | Event::PlanSkipped { why, .. }
        | Event::Warning { why, .. } => first_line(why),
        Event::ManifestChanged(edit) => edit.changes.iter().map(edited).collect::<Vec<_>>().join("; "),
        Event::AttemptAssigned {
            attempt,
            agent,
            units,
            ..
        } => {
            format!("{attempt}: agent {agent}, {}", given(units))
        }
        Event::WorkMerged { attempt, commit, .. } => format!("{attempt} at {}", commit.short()),
        Event::WorkConflicted(about) => format!("{} in {}", about.attempt, about.files.join(", ")),
        Event::WorkRefused(refusal) => format!("{}: {}", refusal.attempt, first_line(&refusal.why)),
        Event::WorkFailed {
            unit, why, built_on, ..
        } => {
            let ids: Vec<String> = built_on.iter().map(ToString::to_string).collect();
            let built = if ids.is_empty() {
                String::new()
            } else {
                format!("; built on it: {}", ids.join(", "))
            };
            format!("{unit}: {}{built}", first_line(why))
        }
        Event::Ticked(of) => format!("{} boxes are ticked in its document", of.ticks.items.len()),
        Event::WorkAdded(about) => format!("{}: it came in after that was done", about.unit),
        Event::WorkLeftOut(about) | Event::WorkCancelled(about) => about.unit.to_string(),
        Event::Paused { point, now, .. } => {
            format!("{}{}", point_word(*point), if *now { ", at once" } else { "" })
        }
        Event::Resumed(about)
        | Event::RetryRequested(about)
        | Event::CancelRequested(about)
        | Event::Approved(about) => point_word(about.point),
        Event::WorkSkipped(skip) => format!("{}: {}", skip.unit, first_line(&skip.why)),
        Event::AgentStarted { attempt, pid, .. } => format!("{attempt}, process {pid}"),
        Event::AgentRefused { attempt, why, .. } => format!("{attempt}: {}", launch_trouble(why)),
        Event::AgentEnded { attempt, exit, .. } => format!("{attempt} {}", exit.describe()),
        Event::AgentUsage(usage) => format!("{}: {}", usage.attempt, facts_line(&usage.facts)),
        Event::AttemptParked(parked) => parked_line(parked),
        Event::AttemptChecked {
            attempt, evidence, ..
        } => {
            let left = match evidence.leftovers_committed {
                0 => String::new(),
                1 => ", 1 leftover file committed".to_owned(),
                files => format!(", {files} leftover files committed"),
            };
            let commits = if evidence.commits == 1 {
                "commit"
            } else {
                "commits"
            };
            format!("{attempt}: {} {commits}{left}", evidence.commits)
        }
        Event::AttemptFailed { why, retry_in_ms, .. } => {
            let again = retry_in_ms
                .map(|ms| format!("; again in {:.1}s", ms as f64 / 1000.0))
                .unwrap_or_default();
            format!("{}{again}", first_line(why))
        }
        Event::StageDone { attempt, .. } => attempt.to_string(),
        Event::TaskStarted(report)
        | Event::TaskDone(report)
        | Event::TaskFailed(report)
        | Event::TaskSkipped(report) => match &report.note {
            Some(note) => format!("{}: {}", report.task, first_line(note)),
            None => report.task.to_string(),
        },
        Event::PhaseDone { phase, .. } => format!("phase {phase}"),
        Event::PhaseVerify(fact) => phase_verify(fact),
        Event::Pinned(pinned) => format!("{} at {}", point_word(pinned.point), pinned.commit.short()),
        Event::VerifyPassed { commit, .. } => commit.short().to_owned(),
        Event::PlanHeld { why, .. } => hold(why),
        Event::MergeRequested { plans, .. } => {
            let names: Vec<String> = plans.iter().map(ToString::to_string).collect();
            if names.is_empty() {
                "all that is finished".to_owned()
            } else {
                names.join(", ")
            }
        }
        Event::MergeStarted { .. } => String::new(),
        Event::MergeVerified(VerifiedMerge { plans, verdict, .. }) => {
            let said = if verdict.green { "green" } else { "red" };
            let known = if verdict.known { ", known from before" } else { "" };
            format!("{}: {said}{known}", stacked(plans))
        }
        Event::MergeFlaky(FlakyMerge { plans, why, .. }) => {
            format!("{}: green after {}", stacked(plans), first_line(why))
        }
        Event::MergeLanded(landed) => {
            let part = landed.part.as_ref();
            let part = part.map(|part| format!("{}: ", part.words())).unwrap_or_default();
            format!("{part}{} is at {}", landed.target, landed.commit.short())
        }
        Event::MergeFound(FoundPlan { target, evidence, .. }) => {
            format!("{target} has it already: {evidence}")
        }
        Event::MergeReverted(back) | Event::MergeRestored(back) => {
            format!("{} is at {}", back.target, back.commit.short())
        }
        Event::TargetChecked(checked) => match checked.trouble() {
            Some(trouble) => first_line(&trouble),
            None => format!(
                "{} passes in a fresh worktree ({})",
                checked.target,
                checked.commit.short()
            ),
        },
        Event::MergeFailed(failed) => {
            let part = failed.up_to.map(|phase| format!("up to phase {phase}: "));
            format!("{}{}", part.unwrap_or_default(), merge_trouble(&failed.why))
        }
        Event::AgentStalled(notice) => format!("{} is stuck: {}", notice.attempt, notice.ages.words()),
        Event::AgentStirred(about) => format!("{} moves again", about.attempt),
        Event::StallActed(done) => format!("{}: {}", done.attempt, stall_action(done.action)),
        Event::ReportLate(late) if late.refused => {
            format!("{} {}, which could not begin", late.task, late.state)
        }
        Event::ReportLate(late) => format!("{} {}, after its agent had ended", late.task, late.state),
        Event::MessageSent(sent) => {
            let message = &sent.message;
            format!(
                "{} from {}: {}",
                message.kind,
                message.sender(),
                first_line(&message.text)
            )
        }
        Event::Escalated(wait) => first_line(&wait.why),
        Event::ConflictForeseen(seen) => format!("with {}: {}", seen.with, seen.files.join(", ")),
        Event::ConflictGone(seen) => format!("with {}", seen.with),
        Event::Resolve(fact) => resolving_line(fact),
        Event::UnionRed(seen) => format!("with {}: {}", stacked(&seen.with), first_line(&seen.why)),
        Event::UnionGreen(seen) => format!("with {}", stacked(&seen.with)),
    }
}

fn stall_action(action: OnStall) -> &'static str {
    match action {
        OnStall::Notice => "nothing is done",
        OnStall::Nudge => "it is sent a message",
        OnStall::Restart => "it is ended and tried again",
        OnStall::Hold => "it is ended and waits for a person",
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// `auth.priority medium -> high`.
fn edited(change: &ManifestChange) -> String {
    let said = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{} {before} -> {after}", change.about),
        (None, Some(after)) => format!("{} is new: {after}", change.about),
        (Some(_), None) => format!("{} is gone", change.about),
        (None, None) => format!("{} changed", change.about),
    };
    match &change.refused {
        None => said,
        Some(why) => format!("{said}: refused, {why}"),
    }
}

fn launch_trouble(why: &LaunchTrouble) -> String {
    match why {
        LaunchTrouble::Conflict { with, files } => format!("conflicts with {with} in {}", files.join(", ")),
        LaunchTrouble::Refused { why } | LaunchTrouble::Failed { why } | LaunchTrouble::Lost { why } => {
            first_line(why)
        }
    }
}

fn phase_verify(fact: &PhaseVerify) -> String {
    let phase = fact.phase;
    let at = fact.ran.as_ref().map(|ran| format!(" at {}", ran.commit.short()));
    let at = at.unwrap_or_default();
    match fact.said {
        PhaseSaid::Started => format!("phase {phase}: verifying"),
        PhaseSaid::Passed => format!("phase {phase} passes{at}"),
        PhaseSaid::Failed => {
            let why = first_line(fact.why.as_deref().unwrap_or_default());
            format!("phase {phase} is red{at}: {why}")
        }
        PhaseSaid::Stopped => format!("phase {phase}: verification stopped"),
    }
}

fn hold(why: &Hold) -> String {
    match why {
        Hold::Conflict { with, files } => format!("conflicts with {with} in {}", files.join(", ")),
        Hold::Verification { why }
        | Hold::Refused { why }
        | Hold::Stuck { why }
        | Hold::Needs { why, .. } => first_line(why),
        Hold::TakenAway { by, items, keys, .. } => {
            let items = items.iter().map(ToString::to_string);
            let what: Vec<String> = items.chain(keys.iter().cloned()).collect();
            format!("the landing of {by} took away or changed {}", what.join(", "))
        }
        Hold::JournalLost {} => Hold::JOURNAL_LOST.to_owned(),
        Hold::Work { unit, why, .. } => format!("{unit}: {}", first_line(why)),
    }
}

/// `a, b`; the target itself where nothing is merged onto it.
fn stacked(plans: &[PlanName]) -> String {
    if plans.is_empty() {
        return "the target".to_owned();
    }
    plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}

fn merge_trouble(why: &MergeTrouble) -> String {
    match why {
        MergeTrouble::Conflict {
            with, files, tried, ..
        } => crate::schedule::conflict_words(
            with,
            files,
            tried.as_deref().and_then(|tried| tried.lines().next()),
        ),
        MergeTrouble::TargetRed { why } => format!("the target itself is red: {}", first_line(why)),
        MergeTrouble::Verification { why }
        | MergeTrouble::Refused { why }
        | MergeTrouble::Obstacle { why }
        | MergeTrouble::NotFinished { why } => first_line(why),
        MergeTrouble::Waits { on } => format!("waits for {on} to land"),
    }
}
