//! `orch merge`

use std::fmt::Write;

use serde::Serialize;

use crate::git;
use crate::journal::SCHEMA;
use crate::plan::{CommitId, WorkRef};
use crate::report::{PlainLines, error_is_drawable};
use crate::schedule::Ending;
use crate::supervisor::{
    Answer, Goal, MergeOutcome, MergeReport, MergedPlan, Observer, Project, Request, ResolveStep, Situation,
    SupervisorError, ask, drive, rehearse_merge,
};

use super::resolve::Came;
use super::{resolve, wanted};
use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit, output};
use crate::cli::start::up;

/// Land finished plans in dependency order, each verified
///
/// The merged tree is verified, and exactly that tree lands.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// auth, or auth.2 for its phases up to 2 [default: every finished plan]
    #[arg(value_name = "PLAN[.PHASE]")]
    plans: Vec<String>,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// The branch to land on instead of `target`
    #[arg(long, value_name = "REF")]
    into: Option<String>,
    /// Check out a plan's conflict with the target in a worktree
    #[arg(long, group = "conflict", conflicts_with_all = ["dry_run", "into"])]
    resolve: bool,
    /// Verify and land the resolution
    #[arg(long = "continue", group = "conflict", conflicts_with_all = ["dry_run", "into"])]
    go_on: bool,
    /// Remove that worktree; keep a backup of its changes
    #[arg(long, group = "conflict", conflicts_with_all = ["dry_run", "into"])]
    abort: bool,
}

/// The output of `orch merge --json`.
#[derive(Debug, Serialize)]
struct MergeOutput<'a> {
    schema: u32,
    target: &'a str,
    before: Option<&'a CommitId>,
    after: Option<&'a CommitId>,
    plans: Vec<MergedRow<'a>>,
}

#[derive(Debug, Serialize)]
struct MergedRow<'a> {
    name: &'a WorkRef,
    outcome: MergeOutcome,
    commit: Option<&'a CommitId>,
    why: Option<&'a str>,
}

impl<'a> From<&'a MergedPlan> for MergedRow<'a> {
    fn from(plan: &'a MergedPlan) -> Self {
        Self {
            name: &plan.name,
            outcome: plan.outcome,
            commit: plan.commit.as_ref(),
            why: plan.why.as_deref(),
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the repository cannot be read.
pub fn run(context: &Context, args: &MergeArgs) -> Result<ProgramExit, CliError> {
    if !args.dry_run {
        refuse_agents("lands plans")?;
    }
    let project = context.project_to_end()?;
    if args.resolve {
        return resolve::run(context, &project, &args.plans, ResolveStep::Open);
    }
    if args.abort {
        return resolve::run(context, &project, &args.plans, ResolveStep::Abort);
    }
    if args.go_on {
        let plan = resolve::one(context, &project, &args.plans, ResolveStep::Continue)?;
        let landing = match resolve::step(&project, &plan, ResolveStep::Continue)? {
            Came::Merged(report) => report.into(),
            Came::Done(_) => land(context, &project, vec![plan], None)?,
        };
        return conclude(context, &landing);
    }
    let plans = wanted::wanted(context, &project, &args.plans)?;
    let into = args
        .into
        .as_deref()
        .map(|name| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned());
    if let Some(into) = &into {
        git::landing::check_target(&project.repo, into).map_err(SupervisorError::from)?;
        refuse_own_branch(&project, into)?;
    }
    if args.dry_run {
        let situation = Situation::look(&project)?;
        let report = rehearse_merge(&project, situation, &plans, into.as_deref())?;
        show(context, &report, true)?;
        return Ok(exit_of(&report));
    }
    let landing = land(context, &project, plans, into)?;
    conclude(context, &landing)
}

/// The result of landing plans.
struct LandingResult {
    report: MergeReport,
    /// True when a person asked to stop during the landing.
    interrupted: bool,
    /// True when the target currently does not pass.
    red: bool,
}

impl From<MergeReport> for LandingResult {
    fn from(report: MergeReport) -> Self {
        Self {
            report,
            interrupted: false,
            red: false,
        }
    }
}

/// Prints the result.
fn conclude(context: &Context, landing: &LandingResult) -> Result<ProgramExit, CliError> {
    show(context, &landing.report, false)?;
    if landing.interrupted {
        anstream::eprintln!("interrupted: `orch merge` continues with the plans that have not landed");
        return Ok(ProgramExit::Interrupted);
    }
    Ok(match exit_of(&landing.report) {
        ProgramExit::Done if landing.red => ProgramExit::Trouble,
        exit => exit,
    })
}

/// Refuses a plan's branch as the target. The branch belongs to its agent, and nothing else may move it.
fn refuse_own_branch(project: &Project, into: &str) -> Result<(), CliError> {
    let owner = project.set.plans.iter().find(|plan| plan.branch == into);
    owner.map_or(Ok(()), |owner| {
        Err(CliError::refused(format!(
            "`{into}` is the branch that plan {} is worked on",
            owner.name
        ))
        .with_hint("name another branch; a plan that is to build on another names it in `depends`"))
    })
}

/// Lands plans. Asks a running supervisor to do it; without one, this process does.
fn land(
    context: &Context,
    project: &Project,
    plans: Vec<WorkRef>,
    into: Option<String>,
) -> Result<LandingResult, CliError> {
    let goal = Goal::Merge {
        plans: plans.clone(),
        into: into.clone(),
    };
    let quiet = Context {
        json: false,
        quiet: context.quiet || context.json,
        ..context.clone()
    };
    let mut observer: Box<dyn Observer> = if quiet.quiet || error_is_drawable() {
        up::observer(&quiet, project)
    } else {
        Box::new(PlainLines::new(context.verbose, project.set.run.currency).before_an_answer())
    };
    match drive(project.clone(), &goal, observer.as_mut()) {
        Ok(conclusion) => {
            let interrupted = conclusion.ending == Ending::Interrupted;
            let report = conclusion.merged.ok_or_else(|| {
                CliError::new(ProgramExit::Interrupted, "interrupted before any plan was merged")
            })?;
            let red = conclusion.red;
            Ok(LandingResult {
                report,
                interrupted,
                red,
            })
        }
        Err(SupervisorError::Held(holder)) => match ask(&project.dir, &Request::Merge { plans, into })? {
            Some(Answer::Merged(report)) => Ok(report.into()),
            Some(Answer::Refused { why, .. }) => Err(CliError::refused(why)),
            Some(
                Answer::Accepted
                | Answer::Steered { .. }
                | Answer::Resolved(_)
                | Answer::Train { .. }
                | Answer::Ended,
            )
            | None => Err(SupervisorError::Held(holder).into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn show(context: &Context, report: &MergeReport, dry_run: bool) -> Result<(), CliError> {
    if context.json {
        return output::json(&MergeOutput {
            schema: SCHEMA,
            target: &report.target,
            before: report.before.as_ref(),
            after: report.after.as_ref(),
            plans: report.plans.iter().map(MergedRow::from).collect(),
        });
    }
    let mut text = String::new();
    if report.plans.is_empty() {
        text += "nothing to merge: no plan is finished that has not landed (`orch status` shows them)\n";
    }
    for plan in &report.plans {
        let outcome = match (plan.outcome, dry_run) {
            (MergeOutcome::Landed, true) => "would land",
            (outcome, _) => outcome.as_str(),
        };
        let detail = match (&plan.why, &plan.commit) {
            (Some(why), Some(commit)) if !dry_run => {
                format!("{} ({})", commit.short(), why.replace('\n', "\n    "))
            }
            (Some(why), _) => why.replace('\n', "\n    "),
            (None, Some(commit)) if !dry_run => commit.short().to_owned(),
            (None, _) => String::new(),
        };
        let row = format!("{outcome:<10} {}  {detail}", plan.name);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if let (Some(after), false) = (&report.after, dry_run) {
        let moved = report.before.as_ref() != Some(after);
        if moved {
            let from = report.before.as_ref().map_or("nothing", CommitId::short);
            let _ = writeln!(text, "{}: {from} -> {}", report.target, after.short());
        }
    }
    output::text(&text)
}

fn exit_of(report: &MergeReport) -> ProgramExit {
    let landed = report
        .plans
        .iter()
        .any(|plan| plan.outcome == MergeOutcome::Landed);
    let refused = report.plans.iter().any(|plan| plan.refused);
    if report
        .plans
        .iter()
        .all(|plan| plan.outcome == MergeOutcome::Landed)
    {
        ProgramExit::Done
    } else if refused && !landed {
        ProgramExit::Usage
    } else {
        ProgramExit::Trouble
    }
}
