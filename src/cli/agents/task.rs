//! `orch task`

use std::fmt::Write;

use jiff::Timestamp;

use crate::git::{InProgress, WorktreeState, inspect_by_git};
use crate::plan::{Document, IdError, ItemId, Point, Speaker, TaskId, TaskState};
use crate::schedule::Scheduler;
use crate::status::{self, Change, PlannedTasks, StatusError, TaskList, TaskNext, task_list, task_next};

use super::task_ask;
use super::task_gate::ReportGate;
use super::task_inbox;
use super::task_stop;
use super::task_subject::Subject;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Read and report tasks, for agents and scripts
///
/// Run it in a plan's worktree, or with --plan.
#[derive(Debug, clap::Args)]
pub struct TaskArgs {
    #[command(subcommand)]
    action: TaskAction,
}

#[derive(Debug, clap::Subcommand)]
enum TaskAction {
    /// List the plan's tasks
    List,
    /// Print tasks that can begin, and what blocks the rest
    Next {
        /// At most this many
        count: Option<usize>,
    },
    /// Report tasks as started
    Start(TaskReportArgs),
    /// Report tasks as done; commit their work first
    Done(TaskReportArgs),
    /// Report tasks as failed
    Fail(TaskReportArgs),
    /// Report tasks as left out on purpose
    Skip(TaskReportArgs),
    /// Ask a person; end your turn then, and continue with the answer
    Ask {
        /// The question
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
        /// The task that it is about
        #[arg(long, value_name = "ID")]
        task: Option<String>,
    },
    /// Print new messages
    Inbox {
        /// Print read messages too
        #[arg(long)]
        all: bool,
    },
    /// Give a sign of life
    Heartbeat {
        /// What is happening
        message: Option<String>,
    },
    /// Answer an agent's program that asks whether it may end: the hook `Stop` of Claude Code
    #[command(hide = true)]
    StopHook,
    /// Hand new messages to an agent's program: the hook `PostToolUse` of Claude Code
    #[command(hide = true)]
    MessageHook,
}

#[derive(Debug, clap::Args)]
struct TaskReportArgs {
    /// 2.1 or 2.1.A
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// A note
    #[arg(long, short, visible_alias = "error")]
    note: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when no plan is named and none is found, or there is no such task.
pub fn run(context: &Context, args: &TaskArgs) -> Result<ProgramExit, CliError> {
    // A hook must never keep an agent from continuing or ending, whatever is wrong.
    match args.action {
        TaskAction::StopHook => {
            if let Ok(subject) = Subject::find(context) {
                answer_stop_hook(&subject)?;
            }
            return Ok(ProgramExit::Done);
        }
        TaskAction::MessageHook => {
            task_inbox::answer_hook()?;
            return Ok(ProgramExit::Done);
        }
        _ => {}
    }
    let subject = Subject::find(context)?;
    let speaks = matches!(
        args.action,
        TaskAction::Ask { .. } | TaskAction::Inbox { .. } | TaskAction::Heartbeat { .. }
    );
    if speaks && let Some(why) = ReportGate::of(&subject.name, None).foreign(&subject.name) {
        return Err(CliError::refused(why));
    }
    match &args.action {
        TaskAction::StopHook | TaskAction::MessageHook => {}
        TaskAction::List => {
            let list = task_list(&subject.name, &subject.document, &subject.states()?);
            if context.json {
                output::json(&list)?
            } else {
                output::text(&listing(&list))?
            }
        }
        TaskAction::Next { count } => {
            let next = next(&subject, *count)?;
            if context.json {
                output::json(&next)?
            } else {
                output::text(&proposal(&next, &subject.document))?
            }
        }
        TaskAction::Start(report) => send_report(context, &subject, report, TaskState::Running)?,
        TaskAction::Done(report) => send_report(context, &subject, report, TaskState::Done)?,
        TaskAction::Fail(report) => send_report(context, &subject, report, TaskState::Failed)?,
        TaskAction::Skip(report) => send_report(context, &subject, report, TaskState::Skipped)?,
        TaskAction::Ask { text, task } => task_ask::run(context, &subject, &text.join(" "), task.as_deref())?,
        TaskAction::Inbox { all } => task_inbox::show(context, &subject.name, subject.worktree()?, *all)?,
        TaskAction::Heartbeat { message } => heartbeat(context, &subject, message.as_deref())?,
    }
    Ok(ProgramExit::Done)
}

fn next(subject: &Subject, count: Option<usize>) -> Result<TaskNext, CliError> {
    let waits = subject.waits()?;
    let situation = subject.situation()?;
    let scheduler = situation.as_ref().map(|situation| &situation.scheduler);
    let gate = ReportGate::of(&subject.name, subject.worktree().ok());
    let elsewhere = |id: TaskId| -> Vec<String> {
        let closed = gate.refusal(&subject.name, &id.into(), scheduler);
        let mut open = waits.get(&id).cloned().unwrap_or_default();
        // Named dependencies say more than a bare refusal.
        open.extend(closed.filter(|_| open.is_empty()));
        open
    };
    let tasks = PlannedTasks {
        plan: &subject.name,
        document: &subject.document,
        arrangement: &subject.arrangement(),
        slots: subject.slots(),
        resources: &subject.resources(scheduler),
    };
    Ok(task_next(tasks, &subject.states()?, count, elsewhere))
}

fn send_report(
    context: &Context,
    subject: &Subject,
    report: &TaskReportArgs,
    state: TaskState,
) -> Result<(), CliError> {
    let worktree = subject.worktree()?;
    let gate = ReportGate::of(&subject.name, Some(worktree));
    // An agent may be unable to read the journal.
    let asks = matches!(gate, ReportGate::Person) && state != TaskState::Failed;
    let situation = if asks { subject.situation()? } else { None };
    let scheduler = situation.as_ref().map(|situation| &situation.scheduler);
    refuse_over(subject, scheduler, state)?;
    // A sandbox may hide the repository. Then the supervisor determines the worktree's commit.
    let stands = (state == TaskState::Done).then(|| inspect_by_git(worktree).ok());
    let stands = stands.flatten();
    refuse_half_way(stands.as_ref())?;
    let changes: Result<Vec<Change>, CliError> = report
        .ids
        .iter()
        .map(|id| {
            let item: ItemId = id
                .parse()
                .map_err(|error: IdError| CliError::refused(error.to_string()))?;
            if state == TaskState::Running
                && let Some(why) = gate.over(&subject.name, &item, scheduler)
            {
                return Err(CliError::refused(format!("{item} cannot be started: {why}")));
            }
            if state != TaskState::Failed
                && let Some(why) = gate.refusal(&subject.name, &item, scheduler)
            {
                return Err(CliError::refused(format!("{item} may not begin: {why}")));
            }
            Ok(Change {
                item,
                state,
                note: report.note.clone(),
                by: speaker(),
                commit: stands.as_ref().map(|stands| stands.head.clone()),
            })
        })
        .collect();
    let mut changes = changes?;
    changes.extend(failed_wholes(&subject.document, &changes));
    subject.renew(worktree)?;
    let updated = status::update(
        worktree,
        &subject.name,
        &subject.document,
        Timestamp::now(),
        &changes,
    );
    let updated = updated.map_err(|error| match error {
        StatusError::UnknownItem { .. } => CliError::refused(error.to_string()),
        other => anyhow::Error::msg(other).into(),
    })?;
    for warning in &updated.warnings {
        anstream::eprintln!("warning: {warning}");
    }
    if context.json {
        output::json(&serde_json::json!({
            "schema": 1, "plan": subject.name, "version": updated.version, "tasks": report.ids, "state": state,
        }))?;
    } else if context.verbose {
        output::text(&format!("{}: {} {state}\n", subject.name, report.ids.join(", ")))?;
    }
    if let Some(stands) = stands.filter(|_| !context.quiet) {
        remind_of_commit(&stands);
    }
    Ok(())
}

/// Refuses to start anything in a finished plan.
fn refuse_over(subject: &Subject, scheduler: Option<&Scheduler>, state: TaskState) -> Result<(), CliError> {
    let run = scheduler.map(|scheduler| scheduler.state().plan(&subject.name));
    let over = run.filter(|run| state == TaskState::Running && run.has_reached(Point::Plan));
    let name = &subject.name;
    match over.map(|run| run.landed.is_empty()) {
        None => Ok(()),
        Some(true) => Err(
            CliError::refused(format!("plan `{name}` is finished: nothing of it can begin"))
                .with_hint(format!("`orch task fail ID --plan {name}` opens a task again")),
        ),
        Some(false) => Err(CliError::refused(format!(
            "plan `{name}` has landed: nothing of it can begin"
        ))),
    }
}

/// Returns failures for the items whose parts failed: tasks with sub-tasks, and VERIFY blocks with numbered boxes.
fn failed_wholes(document: &Document, changes: &[Change]) -> Vec<Change> {
    let is_check = |item: &ItemId| document.numbered_checks().any(|check| check.id == *item);
    let whole = |item: &ItemId| match item {
        check if is_check(check) => Some(TaskId::verify(check.task.phase)),
        part => part.sub.is_some().then_some(part.task),
    };
    let failed = changes.iter().filter(|change| change.state == TaskState::Failed);
    let wholes = failed.filter_map(|change| {
        Some(Change {
            item: whole(&change.item)?.into(),
            note: Some(match &change.note {
                Some(note) => format!("{}: {note}", change.item),
                None => format!("{} failed", change.item),
            }),
            ..change.clone()
        })
    });
    wholes.collect()
}

/// Returns who reports: the agent of an attempt, which has the attempt's id in its environment, or a person.
fn speaker() -> Speaker {
    let attempt = std::env::var("ORCH_ATTEMPT").ok().filter(|id| !id.is_empty());
    attempt.map_or(Speaker::Person, |id| Speaker::from_word(&id))
}

/// Gives a sign of life: updates the version and time of the status file, and its message if one is given.
fn heartbeat(context: &Context, subject: &Subject, message: Option<&str>) -> Result<(), CliError> {
    let worktree = subject.worktree()?;
    let before = || status::read(worktree, &subject.name, &subject.document, None).message;
    let message = message.map(str::to_owned).or_else(before);
    subject.renew(worktree)?;
    let updated = status::set_message(
        worktree,
        &subject.name,
        &subject.document,
        Timestamp::now(),
        message.as_deref(),
    );
    let updated = updated.map_err(anyhow::Error::msg)?;
    if context.json {
        output::json(&serde_json::json!({
            "schema": 1, "plan": subject.name, "version": updated.version, "message": message,
        }))?;
    }
    Ok(())
}

fn answer_stop_hook(subject: &Subject) -> Result<(), CliError> {
    let Ok(worktree) = subject.worktree() else {
        return Ok(());
    };
    let committed = subject.committed();
    task_stop::answer(&subject.name, &subject.document, worktree, committed.as_deref())
}

/// Refuses a report during a merge or rebase: work held only by that operation is lost if it is aborted.
fn refuse_half_way(stands: Option<&WorktreeState>) -> Result<(), CliError> {
    match stands.and_then(|stands| stands.in_progress) {
        None | Some(InProgress::Bisect) => Ok(()),
        Some(half_way) => Err(CliError::refused(format!(
            "the worktree is in the middle of a {half_way}: end it, or give it up (`{}`), then report",
            half_way.end()
        ))),
    }
}

/// Reminds an agent that reports before it commits. Dependents of a phase start from its commits.
fn remind_of_commit(stands: &WorktreeState) {
    if !stands.dirty.is_empty() {
        anstream::eprintln!(
            "note: {} files are not committed yet; commit a task's work before reporting it done",
            stands.dirty.len()
        );
    }
}

fn listing(list: &TaskList) -> String {
    let mut text = String::new();
    for task in &list.tasks {
        let _ = writeln!(text, "{:<8} {:<6} {}", task.state, task.id, task.title);
        for part in &task.subtasks {
            let _ = writeln!(text, "  {:<8} {:<6} {}", part.state, part.id, part.title);
        }
    }
    text
}

fn proposal(next: &TaskNext, document: &Document) -> String {
    let mut text = String::new();
    for ready in &next.ready {
        let check = if ready.id.is_verify() {
            "check the finished phase"
        } else {
            ""
        };
        let title = document.task(ready.id).map_or(check, |task| task.title.as_str());
        let _ = writeln!(text, "{:<6} {title}  ({})", ready.id, ready.reason);
    }
    for blocked in &next.blocked {
        let _ = write!(text, "{:<6} waits for {}", blocked.id, blocked.by.join(", "));
        if !blocked.files.is_empty() {
            let _ = write!(text, " (same file: {})", blocked.files.join(", "));
        }
        if !blocked.resources.is_empty() {
            let names: Vec<String> = blocked.resources.iter().map(ToString::to_string).collect();
            let _ = write!(text, " (same resource: {})", names.join(", "));
        }
        text.push('\n');
    }
    if text.is_empty() {
        text.push_str("nothing is left to do\n");
    }
    text
}
