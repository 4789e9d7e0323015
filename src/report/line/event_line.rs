//! One event on one line, for people.

use std::time::Duration;

use crate::journal::Record;
use crate::plan::{CommitId, Currency, ManifestChange, Message, OnStall, PlanName};
use crate::schedule::{
    AgentSilence, AgentStart, AgentSubmit, Because, Event, Evidence, Failed, FlakyMerge, Hold, Landed,
    LaneNote, LateReport, LaunchTrouble, MergeTrouble, NotLanded, PhaseSaid, PhaseVerify, PinRefusal,
    SkippedPlan, TargetChecked, TaskReport, VerifiedMerge, point_word,
};
use crate::supervisor::given;
use crate::words::{self, ages, because, conflict_words, held, rough, target_trouble, width_words};

use super::person_line::person_line;
use super::resolving_line::resolving_line;
use super::usage_line::{facts_line, parked_line};
use crate::report::text::clock::clock;
use crate::report::text::count::count;
use crate::report::text::width::fit;

/// Without a process id, the attempt was handed over to another machine, or its process is no
/// longer known.
fn started_line(start: &AgentStart) -> String {
    let attempt = &start.attempt;
    match (&start.node, start.pid) {
        (Some(node), _) => format!("{attempt} on {node}"),
        (None, 0) => attempt.to_string(),
        (None, pid) => format!("{attempt}, process {pid}"),
    }
}

fn attempt_failed(why: &Because, retry_in_ms: Option<u64>) -> String {
    match retry_in_ms {
        Some(ms) => format!("{}; again in {:.1}s", first_reason(why), ms as f64 / 1000.0),
        None => first_reason(why),
    }
}

fn silence_line(silence: &AgentSilence) -> String {
    let time = rough(Duration::from_millis(silence.for_ms));
    format!("{}: its node has been silent for {time}", silence.attempt)
}

fn submitted_line(submitted: &AgentSubmit) -> String {
    let (attempt, executor) = (&submitted.attempt, &submitted.executor);
    match &submitted.job {
        Some(job) => format!("{attempt} to {executor}, job {job}"),
        None => format!("{attempt} to {executor}"),
    }
}

/// `03:04:05 auth     agent.started        attempt auth-1`. Costs are in this currency.
pub fn event_line(record: &Record, currency: Currency) -> String {
    let clock = clock(record.wall);
    let plan = record.event.plan().map_or("-", |plan| plan.as_str());
    let columns = crate::journal::Columns::of(&record.event);
    let detail = detail(&record.event, currency);
    let detail = fit(&detail, LONGEST);
    let line = format!("{clock} {plan:<12} {:<17} {detail}", columns.event);
    line.trim_end().to_owned()
}

/// The widest detail of an event on its line, in columns. `--json` has the whole text.
const LONGEST: usize = 400;

/// The details besides the event's name. Costs are in this currency.
pub fn detail(event: &Event, currency: Currency) -> String {
    match event {
        Event::RunStarted {
            run, target, base, ..
        } => format!("{run} from {} onto {target}", base.short()),
        Event::RunStopping { now } => stopping(*now).to_owned(),
        Event::RunStopped { why, .. } => because(why),
        Event::RunWidth(change) => width_words(change),
        Event::RunSettled {}
        | Event::WorktreeLost { .. }
        | Event::VerifyStarted { .. }
        | Event::VerifyStopped { .. }
        | Event::MergeStarted { .. }
        | Event::PlanFinished { .. }
        | Event::PlanCancelled { .. } => String::new(),
        Event::WorktreeCreated { path, branch, .. } => format!("{branch} in {path}"),
        Event::WorktreeRefused(LaneNote { why, .. })
        | Event::WorktreeWaits(LaneNote { why, .. })
        | Event::WorktreeDeferred(LaneNote { why, .. })
        | Event::PinRefused(PinRefusal { why, .. }) => first_line(why),
        Event::PlanFailed(Failed { why, .. })
        | Event::VerifyFailed(Failed { why, .. })
        | Event::PlanSkipped(SkippedPlan { why, .. })
        | Event::Warning { why, .. } => first_reason(why),
        Event::ManifestChanged(edit) => edit.changes.iter().map(edited).collect::<Vec<_>>().join("; "),
        Event::AttemptAssigned {
            attempt,
            agent,
            units,
            ..
        } => format!("{attempt}: agent {agent}, {}", given(units)),
        Event::WorkMerged { attempt, commit, .. } => format!("{attempt} at {}", commit.short()),
        Event::WorkConflicted(about) => format!("{} in {}", about.attempt, about.files.join(", ")),
        Event::WorkRefused(refusal) => format!("{}: {}", refusal.attempt, first_line(&refusal.why)),
        Event::WorkFailed { .. } => unit_failed(event),
        Event::Ticked(of) => format!("{} boxes are ticked in its document", of.ticks.items.len()),
        Event::WorkAdded(about) => format!("{}: added to finished work", about.unit),
        Event::WorkLeftOut(about) | Event::WorkCancelled(about) => about.unit.to_string(),
        Event::Paused(asked) if asked.now => format!("{}, at once", point_word(asked.point)),
        Event::Paused(asked) => point_word(asked.point),
        Event::QuestionAsked(question) => format!("{}: {}", question.attempt, first_line(&question.text)),
        Event::QuestionAnswered(answer) => first_line(&answer.text),
        Event::Resumed(about)
        | Event::RetryRequested(about)
        | Event::CancelRequested(about)
        | Event::Approved(about) => point_word(about.point),
        Event::WorkSkipped(skip) => format!("{}: {}", skip.unit, first_reason(&skip.why)),
        Event::AgentStarted(start) => started_line(start),
        Event::AgentSubmitted(submitted) => submitted_line(submitted),
        Event::AgentSilent(silence) => silence_line(silence),
        Event::AgentHeard(of) => format!("{}: its node is heard from again", of.attempt),
        Event::AgentRefused { attempt, why, .. } => format!("{attempt}: {}", launch_trouble(why)),
        Event::AgentEnded {
            attempt, exit, why, ..
        } => match why {
            Some(why) => format!("{attempt} {}: {why}", words::exit(exit)),
            None => format!("{attempt} {}", words::exit(exit)),
        },
        Event::AgentUsage(usage) => format!("{}: {}", usage.attempt, facts_line(&usage.facts, currency)),
        Event::AttemptParked(parked) => parked_line(parked),
        Event::AttemptChecked {
            attempt, evidence, ..
        } => format!("{attempt}: {}", made(evidence)),
        Event::AttemptFailed { why, retry_in_ms, .. } => attempt_failed(why, *retry_in_ms),
        Event::StageDone { attempt, .. } => attempt.to_string(),
        Event::TaskStarted(report)
        | Event::TaskDone(report)
        | Event::TaskFailed(report)
        | Event::TaskSkipped(report) => task_report(report),
        Event::PhaseDone { phase, .. } => format!("phase {phase}"),
        Event::PhaseVerify(fact) => phase_verify(fact),
        Event::Pinned(pinned) => format!("{} at {}", point_word(pinned.point), pinned.commit.short()),
        Event::VerifyPassed { commit, .. } => commit.short().to_owned(),
        Event::PlanHeld { why, .. } => hold(why),
        Event::MergeRequested { plans, .. } if plans.is_empty() => "all finished plans".to_owned(),
        Event::MergeRequested { plans, .. } => listed(plans),
        Event::MergeVerified(merge) => verified(merge),
        Event::MergeFlaky(merge) => flaky(merge),
        Event::MergeLanded(landed) => landing(landed),
        Event::MergeFound(found) => format!("already on {}: {}", found.target, found.evidence),
        Event::MergeReverted(back) | Event::MergeRestored(back) => is_at(&back.target, &back.commit),
        Event::TargetChecked(checked) => target_checked(checked),
        Event::MergeFailed(failed) => not_landed(failed),
        Event::AgentStalled(notice) => format!("{} is stuck: {}", notice.attempt, ages(notice.ages)),
        Event::AgentStirred(about) => format!("{} moves again", about.attempt),
        Event::StallActed(done) => format!("{}: {}", done.attempt, stall_action(done.action)),
        Event::ReportLate(late) => report_late(late),
        Event::MessageSent(sent) => message(&sent.message),
        Event::Escalated(wait) => first_line(&wait.why),
        Event::ConflictForeseen(seen) => format!("with {}: {}", seen.with, seen.files.join(", ")),
        Event::ConflictGone(seen) => format!("with {}", seen.with),
        Event::Resolve(fact) => resolving_line(fact),
        Event::Person(fact) => person_line(fact),
        Event::UnionRed(seen) => format!("with {}: {}", stacked(&seen.with), first_line(&seen.why)),
        Event::UnionGreen(seen) => format!("with {}", stacked(&seen.with)),
    }
}

fn stopping(now: bool) -> &'static str {
    match now {
        true => "agents are ended at once",
        false => "agents are asked to end; press Ctrl-C again to end them at once",
    }
}

fn flaky(merge: &FlakyMerge) -> String {
    let plans = stacked(&merge.plans);
    format!("{plans}: green after {}", first_line(&merge.why))
}

fn unit_failed(event: &Event) -> String {
    let Event::WorkFailed {
        unit, why, built_on, ..
    } = event
    else {
        return String::new();
    };
    let built = match built_on.is_empty() {
        true => String::new(),
        false => format!("; built on it: {}", listed(built_on)),
    };
    format!("{unit}: {}{built}", first_reason(why))
}

/// The results of an attempt.
fn made(evidence: &Evidence) -> String {
    let left = match evidence.leftovers_committed {
        0 => String::new(),
        files => format!(", {} committed", count(files as usize, "leftover file")),
    };
    format!("{}{left}", count(evidence.commits as usize, "commit"))
}

fn task_report(report: &TaskReport) -> String {
    match &report.note {
        Some(note) => format!("{}: {}", report.task, first_line(note)),
        None => report.task.to_string(),
    }
}

fn verified(merge: &VerifiedMerge) -> String {
    let verdict = if merge.verdict.green { "green" } else { "red" };
    let known = if merge.verdict.known {
        ", from an earlier verification"
    } else {
        ""
    };
    format!("{}: {verdict}{known}", stacked(&merge.plans))
}

fn is_at(target: &str, commit: &CommitId) -> String {
    format!("{target} is at {}", commit.short())
}

fn landing(landed: &Landed) -> String {
    let part = landed.part.as_ref();
    let part = part
        .map(|part| format!("{}: ", words::phases(&part.phases)))
        .unwrap_or_default();
    format!("{part}{}", is_at(&landed.target, &landed.commit))
}

fn target_checked(checked: &TargetChecked) -> String {
    let (target, commit) = (&checked.target, checked.commit.short());
    match target_trouble(checked) {
        Some(trouble) => first_line(&trouble),
        None => format!("{target} passes in a fresh worktree ({commit})"),
    }
}

fn report_late(late: &LateReport) -> String {
    let why = if late.refused {
        "which could not begin"
    } else {
        "after its agent had ended"
    };
    format!("{} {}, {why}", late.task, late.state)
}

fn message(message: &Message) -> String {
    let (kind, from) = (message.kind, message.sender());
    format!("{kind} from {from}: {}", first_line(&message.text))
}

fn stall_action(action: OnStall) -> &'static str {
    match action {
        OnStall::Notice => "nothing is done",
        OnStall::Nudge => "it is sent a message",
        OnStall::Restart => "it is ended and tried again",
        OnStall::Hold => "it is ended and waits for a person",
    }
}

fn first_reason(why: &Because) -> String {
    first_line(&because(why))
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
    let unit = match why {
        Hold::Work { unit, .. } => format!("{unit}: "),
        _ => String::new(),
    };
    format!("{unit}{}", first_line(&held(why)))
}

/// `a, b`; the target itself when the list is empty.
fn stacked(plans: &[PlanName]) -> String {
    if plans.is_empty() {
        return "the target".to_owned();
    }
    listed(plans)
}

fn listed(items: &[impl ToString]) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn not_landed(failed: &NotLanded) -> String {
    let part = failed.up_to.map(|phase| format!("up to phase {phase}: "));
    format!("{}{}", part.unwrap_or_default(), merge_trouble(&failed.why))
}

fn merge_trouble(why: &MergeTrouble) -> String {
    match why {
        MergeTrouble::Conflict {
            with, files, tried, ..
        } => conflict_words(with, files, tried.as_deref().map(first_reason).as_deref()),
        MergeTrouble::TargetRed { why } => format!("the target itself is red: {}", first_line(why)),
        MergeTrouble::Verification { why } | MergeTrouble::Obstacle { why } => first_line(why),
        MergeTrouble::Refused { why } | MergeTrouble::NotFinished { why } => first_reason(why),
        MergeTrouble::Waits { on } => format!("waits for {on} to land"),
        MergeTrouble::Review { commit } => format!("waits for review of {}", commit.short()),
    }
}
