//! Running verifications, under a runner like an agent, so that nothing of one is left behind either.

use std::path::Path;
use std::time::Duration;

use crate::agent::{AgentError, Environment, Job, JobFolder, JobInput, JobState, Reading, Runner};
use crate::plan::{CommitId, PlanName, StopSignal};
use crate::schedule::{Event, Exit, OfPlan};

use super::super::{Campaign, environment};

/// Bytes of output that a verdict quotes.
const QUOTED: usize = 2000;

/// What a verification says.
#[must_use = "a target must never move on a verdict that nobody read"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It succeeded.
    Passed,
    /// It did not, in words.
    Failed(String),
    /// It was stopped because a person asked.
    Stopped,
}

/// Runs the plan's own verification in its worktree.
pub fn verify(campaign: &Campaign, worktree: &Path, name: &PlanName) -> Event {
    let plan = name.clone();
    match verdict(campaign, worktree, name) {
        Ok((commit, Verdict::Passed)) => Event::VerifyPassed { plan, commit },
        Ok((_, Verdict::Failed(why))) | Err(why) => Event::VerifyFailed { plan, why },
        Ok((_, Verdict::Stopped)) => Event::VerifyStopped(OfPlan { plan }),
    }
}

fn verdict(campaign: &Campaign, worktree: &Path, name: &PlanName) -> Result<(CommitId, Verdict), String> {
    let plan = campaign
        .plan(name)
        .ok_or("the plan is not in the manifest any more")?;
    let line = plan
        .verify
        .as_deref()
        .ok_or("the plan has nothing to verify any more")?;
    let commit = campaign
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("the branch `{}` is gone", plan.branch))?;
    let folder = JobFolder::new(campaign.dir.verification(name));
    let check = Check {
        tag: format!("verify-{name}-{}", commit.short()),
        line,
        worktree,
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
    };
    let variables = environment::for_plan(campaign, plan, worktree);
    let verdict = run(campaign, &folder, variables, &check)?;
    Ok((commit, verdict))
}

/// Ends the plan's verification, its own or that of its merge, if one runs.
pub fn stop_verification(campaign: &Campaign, name: &PlanName) {
    for folder in [
        campaign.dir.verification(name),
        campaign.dir.merge_verification(name),
    ] {
        if let Ok(Some(runner)) = Runner::adopt(JobFolder::new(folder)) {
            Runner::stop(runner.process(), false);
        }
    }
}

/// One verification.
pub(super) struct Check<'a> {
    pub tag: String,
    pub line: &'a str,
    pub worktree: &'a Path,
    pub timeout: Duration,
    pub grace: Duration,
}

/// Runs a shell line to its end; one that is still running for the same commit, since before a restart, is waited for
/// instead.
///
/// # Errors
///
/// Why it could not be run.
pub(super) fn run(
    campaign: &Campaign,
    folder: &JobFolder,
    variables: Environment,
    check: &Check<'_>,
) -> Result<Verdict, String> {
    let job = Job {
        tag: check.tag.clone(),
        argv: vec!["sh".to_owned(), "-c".to_owned(), check.line.to_owned()],
        folder: check.worktree.to_owned(),
        env: variables.into_map(),
        input: JobInput::Null,
        timeout: Some(check.timeout),
        grace: check.grace,
        stop: vec![StopSignal::Term],
        reading: Reading::default(),
        patience: None,
        head: None,
    };
    let trouble = |error: AgentError| format!("`{}` could not be run: {error}", check.line);
    for _ in 0..VANISHED_AT_MOST {
        match run_once(campaign, folder, &job).map_err(trouble)? {
            // Whoever killed its runner gave no verdict.
            Exit::Lost => {}
            exit => return Ok(verdict_of(folder, check.line, &exit)),
        }
    }
    Err(format!(
        "`{}` vanished {VANISHED_AT_MOST} times without a record of its end: something kills its runner",
        check.line
    ))
}

/// How often a verification whose runner was killed is begun.
const VANISHED_AT_MOST: u32 = 3;

fn run_once(campaign: &Campaign, folder: &JobFolder, job: &Job) -> Result<Exit, AgentError> {
    let at_work = Runner::adopt(folder.clone())?;
    let same = at_work.is_some()
        && folder
            .job()
            .is_ok_and(|old| old.tag == job.tag && old.argv == job.argv);
    let runner = match at_work {
        Some(runner) if same => runner,
        other => {
            if let Some(old) = other {
                Runner::stop(old.process(), true);
                old.wait()?;
            }
            let lock = folder.prepare(job, None)?;
            campaign.launcher.launch(folder.clone(), lock)?
        }
    };
    Ok(match runner.wait()? {
        JobState::Ended(record) => record.exit,
        JobState::Unstarted | JobState::Running(_) | JobState::Lost(_) => Exit::Lost,
    })
}

fn verdict_of(folder: &JobFolder, line: &str, exit: &Exit) -> Verdict {
    match exit {
        Exit::Code { code: 0 } => return Verdict::Passed,
        Exit::Stopped => return Verdict::Stopped,
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut | Exit::Lost | Exit::NotStarted { .. } => {}
    }
    let tail = folder.tail(QUOTED);
    let output = if tail.trim().is_empty() {
        String::new()
    } else {
        format!("\n{}", tail.trim_end())
    };
    Verdict::Failed(format!("`{line}` {}{output}", exit.describe()))
}
