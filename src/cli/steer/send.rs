//! `orch send`

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::{OrchDir, SCHEMA};
use crate::plan::{MessageKind, PlanName};
use crate::schedule::{Outgoing, check_text};
use crate::status::{self, Assignment};
use crate::supervisor::{Answer, Posted, Project, Request, ask, record_message};
use crate::words::{RefusalText, addressee};

use crate::cli::agents::task_subject::own_assignment;
use crate::cli::call::asking::{RequestOutcome, ask_or};
use crate::cli::call::context::no_such_plan;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// The name that agents use to write to a person.
const LEAD: &str = "lead";

/// Send a message to a plan's agents, or to the lead
///
/// The agent gets it with its next prompt, and can read it at once with `orch task inbox`. An agent's message comes from its
/// plan. `lead` is the person who looks after the plans: `orch status` lists what needs that person, and `orch inbox` shows it.
#[derive(Debug, clap::Args)]
pub struct SendArgs {
    /// The agents' plan, or `lead`
    #[arg(value_name = "PLAN")]
    to: String,
    /// The message
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// coordination, status, request, conflict or sync_request; the lead hears the last two too
    #[arg(long, value_name = "KIND", default_value = "coordination")]
    kind: MessageKind,
    /// The message that it answers, by its number
    #[arg(long, value_name = "NUMBER")]
    reply_to: Option<u32>,
}

#[derive(Debug, Serialize)]
struct SentTo {
    schema: u32,
    /// A plan, or `lead`.
    to: String,
    from: Option<PlanName>,
    kind: MessageKind,
    /// False without a supervisor. Then the next `orch up` delivers the message.
    driven: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such plan, or no agent will work on it again.
pub fn run(context: &Context, args: &SendArgs) -> Result<ProgramExit, CliError> {
    if let Some((work, worktree)) = own_assignment(context) {
        return by_agent(context, args, &work, &worktree);
    }
    let project = context.project_in_force()?;
    let is_lead = is_lead(args, project.set.plans.iter().map(|plan| &plan.name));
    let to = (!is_lead)
        .then(|| context.named(&project, &args.to))
        .transpose()?;
    let from = sender(context, &project)?.filter(|from| Some(from) != to.as_ref());
    let outgoing = outgoing(args, to, from);
    let request = Request::Send(outgoing.clone());
    let asked = ask_or(&project.dir, &request, || record_message(&project, &outgoing))?;
    let when = match asked {
        RequestOutcome::Answered(answer) => answered(answer)?,
        RequestOutcome::Alone(Ok(Posted { delivered: true })) => When::Readable,
        RequestOutcome::Alone(Ok(Posted { delivered: false })) => When::Later,
        RequestOutcome::Alone(Err(refusal)) => return Err(refusal.into()),
    };
    say(context, &outgoing, when)
}

/// Sends an agent's message through the supervisor. If the agent's sandbox prevents that, leaves the message in its
/// worktree.
fn by_agent(
    context: &Context,
    args: &SendArgs,
    work: &Assignment,
    worktree: &Path,
) -> Result<ProgramExit, CliError> {
    let names = || work.plans.iter().map(PlanName::as_str);
    let to = work.plans.iter().find(|plan| plan.as_str() == args.to).cloned();
    if to.is_none() && !is_lead(args, work.plans.iter()) {
        return Err(no_such_plan(&args.to, "the manifest", names()));
    }
    let from = Some(work.plan.clone());
    let outgoing = outgoing(args, to, from);
    check_text(&outgoing.text)?;
    let when = match ask(&OrchDir::at(&work.home), &Request::Send(outgoing.clone())) {
        Ok(Some(answer @ (Answer::Refused { .. } | Answer::Accepted))) => answered(answer)?,
        Ok(_) | Err(_) => {
            let now = Timestamp::now().as_nanosecond();
            let posted = status::OutboxLine {
                id: format!("{}-{now}", std::process::id()),
                to: outgoing.to.clone(),
                kind: outgoing.kind,
                text: outgoing.text.clone(),
                answers: outgoing.answers,
            };
            let posted = status::post(worktree, &posted);
            posted.map_err(anyhow::Error::msg)?;
            When::Collected
        }
    };
    say(context, &outgoing, when)
}

/// Returns true when the message is for the lead. A plan with that name takes precedence.
fn is_lead<'a>(args: &SendArgs, mut plans: impl Iterator<Item = &'a PlanName>) -> bool {
    args.to == LEAD && !plans.any(|plan| plan.as_str() == LEAD)
}

fn outgoing(args: &SendArgs, to: Option<PlanName>, from: Option<PlanName>) -> Outgoing {
    Outgoing {
        to,
        from,
        kind: args.kind,
        text: args.text.join(" "),
        answers: args.reply_to,
    }
}

/// When a message reaches its recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Now: the supervisor has it.
    Now,
    /// No supervisor is running, but an agent that is still running can read it.
    Readable,
    /// With the next `orch up`.
    Later,
    /// As soon as a supervisor checks the sender's worktree.
    Collected,
}

fn answered(answer: Answer) -> Result<When, CliError> {
    match answer {
        Answer::Refused { why, hint } => Err(RefusalText { why, hint }.into()),
        Answer::Accepted
        | Answer::Steered { .. }
        | Answer::Merged(_)
        | Answer::Resolved(_)
        | Answer::Train { .. }
        | Answer::Ended => Ok(When::Now),
    }
}

fn say(context: &Context, outgoing: &Outgoing, when: When) -> Result<ProgramExit, CliError> {
    let Outgoing { to, from, kind, .. } = outgoing;
    if context.json {
        output::json(&SentTo {
            schema: SCHEMA,
            to: to.as_ref().map_or(LEAD, PlanName::as_str).to_owned(),
            from: from.clone(),
            kind: *kind,
            driven: when == When::Now,
        })?;
    } else if !context.quiet {
        let when = match when {
            When::Now => "",
            When::Readable | When::Later if to.is_none() => "",
            When::Readable => "; its agent, still at work, can read it now (orch task inbox)",
            When::Later => "; the next `orch up` delivers it",
            When::Collected => "; the supervisor collects it from this worktree",
        };
        output::text(&format!("sent to {}{when}\n", addressee(outgoing.to.as_ref())))?;
    }
    Ok(ProgramExit::Done)
}

/// Returns the plan that sends the message: `--plan`, else `ORCH_PLAN`, else the plan of the current worktree. Returns
/// `None` for a person.
fn sender(context: &Context, project: &Project) -> Result<Option<PlanName>, CliError> {
    let variable = std::env::var("ORCH_PLAN").ok().filter(|name| !name.is_empty());
    match context.plan.clone().or(variable) {
        Some(name) => context.named(project, &name).map(Some),
        None => Ok(context.plan_here(project)),
    }
}
