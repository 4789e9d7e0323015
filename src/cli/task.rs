//! `orch task`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::plan::markdown::read_document;
use crate::plan::{Document, IdError, ItemId, Phase, PlanName, Speaker, Task, TaskState};
use crate::status::{self, Change, StatusError, TaskList, TaskNext, read_plain, task_list, task_next};
use crate::supervisor::{Campaign, Situation, committed_document};

use super::task_gate::Gate;
use super::{CliError, Context, Exit, output, task_inbox, task_stop};

/// Read and report tasks: for agents and scripts, in a plan's worktree or with --plan
#[derive(Debug, clap::Args)]
pub struct TaskArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the plan's tasks
    List,
    /// Say what can be worked on now, and what blocks the rest
    Next {
        /// At most so many
        count: Option<usize>,
    },
    /// Report that work on tasks begins
    Start(Report),
    /// Report tasks as done; commit their work first
    Done(Report),
    /// Report tasks as failed
    Fail(Report),
    /// Report tasks as left out on purpose
    Skip(Report),
    /// Print the messages that came since you looked last
    Inbox {
        /// Those that were read, too
        #[arg(long)]
        all: bool,
    },
    /// Say that work goes on, although nothing shows; `orch why` shows when the status file was changed last
    Heartbeat {
        /// What is going on
        message: Option<String>,
    },
    /// Answer an agent's program that asks whether it may end: the hook `Stop` of Claude Code
    #[command(hide = true)]
    StopHook,
}

#[derive(Debug, clap::Args)]
struct Report {
    /// Tasks or sub-tasks, such as 2.1 or 2.1.A
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// What there is to say about it
    #[arg(long, short, visible_alias = "error")]
    note: Option<String>,
}

/// The plan that the command speaks of.
struct Subject {
    name: PlanName,
    document: Arc<Document>,
    worktree: Option<PathBuf>,
    campaign: Option<Campaign>,
}

/// Runs the command.
///
/// # Errors
///
/// When no plan is named and none is near, or there is no such task.
pub fn run(context: &Context, args: &TaskArgs) -> Result<Exit, CliError> {
    if matches!(args.action, Action::StopHook) {
        // Whatever is wrong here, an agent may end.
        if let Ok(subject) = subject(context) {
            answer_stop_hook(&subject)?;
        }
        return Ok(Exit::Done);
    }
    let subject = subject(context)?;
    match &args.action {
        Action::StopHook => {}
        Action::List => {
            let list = task_list(&subject.name, &subject.document, &states(&subject)?);
            if context.json {
                output::json(&list)?
            } else {
                output::text(&listing(&list))?
            }
        }
        Action::Next { count } => {
            let next = next(&subject, *count)?;
            if context.json {
                output::json(&next)?
            } else {
                output::text(&proposal(&next, &subject.document))?
            }
        }
        Action::Start(report) => tell(context, &subject, report, TaskState::Running)?,
        Action::Done(report) => tell(context, &subject, report, TaskState::Done)?,
        Action::Fail(report) => tell(context, &subject, report, TaskState::Failed)?,
        Action::Skip(report) => tell(context, &subject, report, TaskState::Skipped)?,
        Action::Inbox { all } => task_inbox::show(context, &subject.name, worktree_of(&subject)?, *all)?,
        Action::Heartbeat { message } => heartbeat(context, &subject, message.as_deref())?,
    }
    Ok(Exit::Done)
}

/// Finds the plan: `--plan`, else `ORCH_PLAN`, else the worktree one stands in. An agent must be able to report even
/// while somebody edits the manifest, so in its own worktree the copy of the document is enough.
fn subject(context: &Context) -> Result<Subject, CliError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let own = variable("ORCH_PLAN").filter(|own| context.plan.as_ref().is_none_or(|plan| plan == own));
    let own_worktree = own
        .as_ref()
        .and_then(|_| variable("ORCH_WORKTREE"))
        .map(PathBuf::from);
    let manifest = context
        .manifest
        .clone()
        .or_else(|| variable("ORCH_MANIFEST").map(PathBuf::from));
    // What is worked on counts, whatever the manifest says by now. A plan that came later is only there.
    let in_force = Campaign::in_force(&context.dir, manifest.as_deref());
    let typed = context.plan.clone().or(own);
    let campaign = match (in_force, &typed) {
        (Ok(in_force), Some(name)) if context.named(&in_force.campaign, name).is_err() => {
            Campaign::open(&context.dir, manifest.as_deref()).or(Ok(in_force.campaign))
        }
        (in_force, _) => in_force.map(|in_force| in_force.campaign),
    };
    match (campaign, typed, own_worktree) {
        (Ok(campaign), Some(typed), worktree) => match (context.named(&campaign, &typed), worktree) {
            (Ok(name), worktree) => Ok(in_campaign(campaign, name, worktree)),
            // Somebody took it out of the manifest while its agent works.
            (Err(_), Some(worktree)) => from_copy(&typed, worktree),
            (Err(error), None) => Err(error),
        },
        (Ok(campaign), None, _) => {
            let name = context.one_plan(&campaign, None)?;
            Ok(in_campaign(campaign, name, None))
        }
        (Err(_), Some(typed), Some(worktree)) => from_copy(&typed, worktree),
        (Err(error), _, _) => Err(error.into()),
    }
}

fn in_campaign(campaign: Campaign, name: PlanName, worktree: Option<PathBuf>) -> Subject {
    let document = campaign
        .plan(&name)
        .map(|plan| Arc::clone(&plan.document))
        .unwrap_or_default();
    let worktree = worktree.unwrap_or_else(|| campaign.worktree_path(name.as_str()));
    Subject {
        name,
        document,
        worktree: worktree.is_dir().then_some(worktree),
        campaign: Some(campaign),
    }
}

fn from_copy(typed: &str, worktree: PathBuf) -> Result<Subject, CliError> {
    let name = typed
        .parse()
        .map_err(|error: crate::plan::NameError| CliError::refused(error.to_string()))?;
    let copy = worktree.join(".orch/plan.md");
    let bytes = read_plain(&copy).map_err(CliError::io(format!("read {}", copy.display())))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Subject {
        name,
        document: Arc::new(read_document(&text).0),
        worktree: Some(worktree),
        campaign: None,
    })
}

/// What is known of every task: the journal, as whoever works on it was told of it, and over it what the status file and
/// ticked boxes say now.
fn states(subject: &Subject) -> Result<BTreeMap<ItemId, TaskState>, CliError> {
    let mut states = BTreeMap::new();
    if let Some(campaign) = &subject.campaign {
        let situation = Situation::look(campaign)?;
        let run = situation.scheduler.state().plan(&subject.name);
        for item in run.items.keys() {
            states.insert(item.clone(), run.item_state(item));
        }
    }
    if let Some(worktree) = &subject.worktree {
        for said in status::read(worktree, &subject.name, &subject.document, None).items {
            let settled = states.get(&said.item).is_some_and(|known| known.is_settled());
            if said.state != TaskState::Pending && !(settled && said.state == TaskState::Running) {
                states.insert(said.item, said.state);
            }
        }
    }
    Ok(states)
}

fn next(subject: &Subject, count: Option<usize>) -> Result<TaskNext, CliError> {
    let situation = subject.campaign.as_ref().map(Situation::look).transpose()?;
    let elsewhere = |phase: &Phase, task: &Task| -> Vec<String> {
        let (Some(campaign), Some(situation)) = (&subject.campaign, &situation) else {
            return Vec::new();
        };
        let Some(plan) = campaign.plan(&subject.name) else {
            return Vec::new();
        };
        let settings = plan
            .phases
            .get(&phase.id)
            .map(|settings| settings.depends.as_slice())
            .unwrap_or_default();
        let waits = plan
            .depends
            .iter()
            .chain(settings)
            .chain(&phase.depends)
            .chain(&task.cross);
        let mut open: Vec<String> = waits
            .filter(|dependency| !situation.scheduler.state().is_satisfied(dependency))
            .map(ToString::to_string)
            .collect();
        open.dedup();
        open
    };
    let gate = Gate::of(&subject.name, subject.worktree.as_deref());
    let elsewhere = |phase: &Phase, task: &Task| -> Vec<String> {
        let scheduler = situation.as_ref().map(|situation| &situation.scheduler);
        let closed = gate.refusal(&subject.name, &task.id.into(), scheduler);
        let mut open = elsewhere(phase, task);
        // What is waited for says more than that it is.
        open.extend(closed.filter(|_| open.is_empty()));
        open
    };
    let plan = subject
        .campaign
        .as_ref()
        .and_then(|campaign| campaign.plan(&subject.name));
    let arrangement = plan.map(|plan| plan.arrangement).unwrap_or_default();
    Ok(task_next(
        &subject.name,
        &subject.document,
        &arrangement,
        &states(subject)?,
        count,
        elsewhere,
    ))
}

fn tell(context: &Context, subject: &Subject, report: &Report, state: TaskState) -> Result<(), CliError> {
    let worktree = worktree_of(subject)?;
    let gate = Gate::of(&subject.name, subject.worktree.as_deref());
    // An agent need not be able to read the journal.
    let asks = matches!(gate, Gate::Person) && state != TaskState::Failed;
    let campaign = subject.campaign.as_ref().filter(|_| asks);
    let situation = campaign.map(Situation::look).transpose()?;
    let scheduler = situation.as_ref().map(|situation| &situation.scheduler);
    let changes: Result<Vec<Change>, CliError> = report
        .ids
        .iter()
        .map(|id| {
            let item: ItemId = id
                .parse()
                .map_err(|error: IdError| CliError::refused(error.to_string()))?;
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
            })
        })
        .collect();
    let updated = status::update(
        worktree,
        &subject.name,
        &subject.document,
        Timestamp::now(),
        &changes?,
    );
    let updated = updated.map_err(|error| match error {
        StatusError::UnknownItem { .. } => CliError::refused(error.to_string()),
        other => CliError::new(Exit::Trouble, other.to_string()),
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
    remind_of_commit(context, worktree, state);
    Ok(())
}

/// Who reports: the agent of an attempt, which has its attempt's name in its environment, or a person.
fn speaker() -> Speaker {
    let attempt = std::env::var("ORCH_ATTEMPT").ok().filter(|id| !id.is_empty());
    attempt.map_or(Speaker::Person, |id| Speaker::from_word(&id))
}

/// Changes the status file's version and time, and its message where one is given: a sign of life.
fn heartbeat(context: &Context, subject: &Subject, message: Option<&str>) -> Result<(), CliError> {
    let worktree = worktree_of(subject)?;
    let before = || status::read(worktree, &subject.name, &subject.document, None).message;
    let message = message.map(str::to_owned).or_else(before);
    let updated = status::set_message(
        worktree,
        &subject.name,
        &subject.document,
        Timestamp::now(),
        message.as_deref(),
    );
    let updated = updated.map_err(|error| CliError::new(Exit::Trouble, error.to_string()))?;
    if context.json {
        output::json(&serde_json::json!({
            "schema": 1, "plan": subject.name, "version": updated.version, "message": message,
        }))?;
    }
    Ok(())
}

fn answer_stop_hook(subject: &Subject) -> Result<(), CliError> {
    let Some(worktree) = &subject.worktree else {
        return Ok(());
    };
    let campaign = subject.campaign.as_ref();
    let file = campaign.and_then(|campaign| campaign.plan(&subject.name)?.file.as_deref());
    let committed = campaign.and_then(|campaign| committed_document(campaign, file, worktree));
    task_stop::answer(&subject.name, &subject.document, worktree, committed.as_deref())
}

fn worktree_of(subject: &Subject) -> Result<&Path, CliError> {
    subject.worktree.as_deref().ok_or_else(|| {
        CliError::new(
            Exit::Nothing,
            format!("plan `{}` has no worktree yet", subject.name),
        )
        .with_hint("`orch up` makes it")
    })
}

/// Those who wait for a phase start from what is committed, so an agent that reports before it commits is told.
fn remind_of_commit(context: &Context, worktree: &Path, state: TaskState) {
    if state != TaskState::Done || context.quiet {
        return;
    }
    if let Ok(found) = crate::git::inspect(worktree)
        && !found.dirty.is_empty()
    {
        anstream::eprintln!(
            "note: {} files are not committed yet; commit a task's work before reporting it done",
            found.dirty.len()
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
        let title = document.task(ready.id).map_or("", |task| task.title.as_str());
        let _ = writeln!(text, "{:<6} {title}  ({})", ready.id, ready.reason);
    }
    for blocked in &next.blocked {
        let _ = writeln!(text, "{:<6} waits for {}", blocked.id, blocked.by.join(", "));
    }
    if text.is_empty() {
        text.push_str("nothing is left to do\n");
    }
    text
}
