//! `orch send`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{MessageKind, PlanName};
use crate::schedule::SteerRefusal;
use crate::supervisor::{Answer, Campaign, Outgoing, Posted, Request, record_message};

use super::asking::{Asked, ask_or};
use super::{CliError, Context, Exit, output};

/// Send a message to those who work on a plan
///
/// Its agent is told with its next prompt, and can read it at once with `orch task inbox`. What an agent sends comes from its
/// plan.
#[derive(Debug, clap::Args)]
pub struct SendArgs {
    /// The plan whose agent is written to
    #[arg(value_name = "PLAN")]
    to: String,
    /// What there is to say
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// What it is about: coordination, status, conflict or sync_request
    #[arg(long, value_name = "KIND", default_value = "coordination")]
    kind: MessageKind,
}

#[derive(Debug, Serialize)]
struct SentTo {
    schema: u32,
    to: PlanName,
    from: Option<PlanName>,
    kind: MessageKind,
    /// False when nobody drives: it is told with the next `orch up`.
    driven: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When there is no such plan, or nobody will work on it any more.
pub fn run(context: &Context, args: &SendArgs) -> Result<Exit, CliError> {
    let campaign = context.campaign_in_force()?;
    let to = context.named(&campaign, &args.to)?;
    let from = sender(context, &campaign)?.filter(|from| *from != to);
    let outgoing = Outgoing {
        to,
        from,
        kind: args.kind,
        text: args.text.join(" "),
    };
    let request = Request::Send(outgoing.clone());
    let asked = ask_or(&campaign.dir, &request, || record_message(&campaign, &outgoing))?;
    let (driven, delivered) = match asked {
        Asked::Answered(Answer::Refused { why, hint }) => return Err(SteerRefusal { why, hint }.into()),
        Asked::Answered(_) => (true, false),
        Asked::Alone(Ok(Posted { delivered })) => (false, delivered),
        Asked::Alone(Err(refusal)) => return Err(refusal.into()),
    };
    let Outgoing { to, from, kind, .. } = outgoing;
    if context.json {
        output::json(&SentTo {
            schema: SCHEMA,
            to,
            from,
            kind,
            driven,
        })?;
    } else if !context.quiet {
        let when = match (driven, delivered) {
            (true, _) => "",
            (false, true) => "; its agent, still at work, can read it now (orch task inbox)",
            (false, false) => "; it is told with the next orch up",
        };
        output::text(&format!("sent to {to}{when}\n"))?;
    }
    Ok(Exit::Done)
}

/// The plan in whose name it is sent: `--plan`, else `ORCH_PLAN`, else the worktree one stands in; none for a person.
fn sender(context: &Context, campaign: &Campaign) -> Result<Option<PlanName>, CliError> {
    let variable = std::env::var("ORCH_PLAN").ok().filter(|name| !name.is_empty());
    match context.plan.clone().or(variable) {
        Some(name) => context.named(campaign, &name).map(Some),
        None => Ok(context.plan_here(campaign)),
    }
}
