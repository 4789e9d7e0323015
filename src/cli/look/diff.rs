//! `orch diff`

use anyhow::Context as _;

use crate::cli::call::{CliError, Context, ProgramExit};
use crate::git;
use crate::supervisor::{Project, Situation, landed_range};

/// Show what a plan changed
///
/// Since its branch started. For a landed plan: what landed.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Options for git diff
    #[arg(last = true)]
    options: Vec<String>,
    /// Names and counts only
    #[arg(long)]
    stat: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the plan has no branch yet.
pub fn run(context: &Context, args: &DiffArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let name = context.one_plan(&project, args.plan.as_deref())?;
    let branch = project
        .plan(&name)
        .map(|plan| plan.branch.clone())
        .unwrap_or_default();
    let mut options: Vec<&str> = args.options.iter().map(String::as_str).collect();
    if args.stat {
        options.insert(0, "--stat");
    }
    if project.repo.branch_tip(&branch)?.is_none() {
        let Some((before, after)) = landed_range(&project, &name)? else {
            return Err(CliError::new(
                ProgramExit::Nothing,
                format!("plan `{name}` has no branch `{branch}`"),
            )
            .with_hint(format!("orch why {name}")));
        };
        return show(&project, &before.to_string(), &after.to_string(), &options);
    }
    // Compare with the merge base with the target, so that changes of merged-in plans are left out. For a landed plan,
    // compare with the target as it was before the landing.
    let situation = Situation::look(&project)?;
    let landed = situation.scheduler.state().landed_commit(&name);
    let base = match (landed, project.repo.branch_tip(&project.target)?) {
        (Some(commit), Some(_)) => format!("{commit}^1"),
        (None, Some(_)) => project.target.clone(),
        (_, None) => project.base_name.clone(),
    };
    show(&project, &base, &branch, &options)
}

fn show(project: &Project, base: &str, head: &str, options: &[&str]) -> Result<ProgramExit, CliError> {
    let status = git::repo::diff_command(&project.repo, base, head, options)
        .status()
        .context("cannot run git diff")?;
    Ok(if status.success() {
        ProgramExit::Done
    } else {
        ProgramExit::Trouble
    })
}
