//! `orch status`

use std::time::{Duration, Instant};

use crate::journal::JournalReader;
use crate::plan::PlanName;
use crate::report::{disk_text, one_plan, table};
use crate::supervisor::{Campaign, Depth, PlanView, Situation, StatusView, disk_use};

use super::{CliError, Context, Exit, output};

/// Show every plan, or one plan with its phases, tasks and attempts
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Only this plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Show it again whenever something changes, until interrupted
    #[arg(short, long)]
    watch: bool,
}

/// How often a watcher looks for news.
const LOOK: Duration = Duration::from_millis(250);
/// How often ages are drawn anew.
const REDRAW: Duration = Duration::from_secs(1);

/// Runs the command.
///
/// # Errors
///
/// When the manifest is wrong or the journal cannot be read.
pub fn run(context: &Context, args: &StatusArgs) -> Result<Exit, CliError> {
    let campaign = context.campaign_in_force()?;
    let plan = args
        .plan
        .as_ref()
        .or(context.plan.as_ref())
        .map(|name| context.named(&campaign, name))
        .transpose()?;
    show(context, &campaign, plan.as_ref())?;
    if !args.watch {
        return Ok(Exit::Done);
    }
    let mut seen = last_entry(&campaign)?;
    let mut shown = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let now = last_entry(&campaign)?;
        // Ages move on even when nothing happens; a script hears of news only.
        if now != seen || (!context.json && shown.elapsed() > REDRAW) {
            seen = now;
            shown = Instant::now();
            if !context.json {
                output::text("\x1b[H\x1b[2J")?;
            }
            show(context, &campaign, plan.as_ref())?;
        }
    }
}

fn last_entry(campaign: &Campaign) -> Result<i64, CliError> {
    Ok(match JournalReader::open(&campaign.dir)? {
        Some(reader) => reader.last()?,
        None => 0,
    })
}

fn show(context: &Context, campaign: &Campaign, plan: Option<&PlanName>) -> Result<(), CliError> {
    let situation = Situation::look(campaign)?;
    let depth = if context.json || plan.is_some() {
        Depth::Worktrees
    } else {
        Depth::Journal
    };
    let mut view: StatusView = situation.view(campaign, depth)?;
    if context.json {
        if let Some(name) = plan {
            view.plans.retain(|shown| &shown.name == name);
        }
        if !context.verbose {
            return output::json(&view);
        }
        let mut view = serde_json::to_value(&view).unwrap_or_default();
        let used = disk_use(campaign, situation.scheduler.state());
        view["disk"] = serde_json::to_value(used).unwrap_or_default();
        return output::json(&view);
    }
    match plan {
        None if context.verbose => {
            let used = disk_use(campaign, situation.scheduler.state());
            output::text(&format!("{}\n{}", table(&view), disk_text(&used)))
        }
        None => output::text(&table(&view)),
        Some(name) => {
            let shown: Option<&PlanView> = view.plans.iter().find(|shown| &shown.name == name);
            output::text(&shown.map(one_plan).unwrap_or_default())
        }
    }
}
