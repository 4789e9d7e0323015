//! Running verifications: each runs under a runner like an agent, so that it leaves no orphans.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{AgentError, Environment, Job, JobFolder, JobInput, JobState, OutputReading, Runner};
use crate::git::{self, commit_leftovers};
use crate::plan::{CommitId, CommitPolicy, FinishCheck, Plan, PlanName, StopSignal};
use crate::schedule::{Event, Exit, Failed, OfPlan, Ran};
use crate::words;

use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// How many bytes of output a verdict quotes.
const QUOTED: usize = 2000;

/// The outcome of a verification.
#[must_use = "a target must never move on a verdict that nobody read"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyOutcome {
    /// The verification succeeded.
    Passed,
    /// The verification failed.
    Failed {
        /// The reason in words, with the end of the output.
        why: String,
        /// True when the verification exceeded its time limit.
        timed_out: bool,
    },
    /// A person stopped the verification.
    Stopped,
}

/// Runs the plan's own verification in its worktree, and ends it once it is `unwanted`.
pub fn verify(project: &Project, worktree: &Path, name: &PlanName, unwanted: &dyn Fn() -> bool) -> Event {
    let plan = name.clone();
    match verdict(project, worktree, name, unwanted) {
        Ok((ran, VerifyOutcome::Passed)) => Event::VerifyPassed {
            plan,
            commit: ran.commit.clone(),
            ran: Some(ran),
        },
        Ok((_, VerifyOutcome::Failed { why, .. })) | Err(why) => Event::VerifyFailed(Failed {
            plan,
            why: why.into(),
        }),
        Ok((_, VerifyOutcome::Stopped)) => Event::VerifyStopped(OfPlan { plan }),
    }
}

fn verdict(
    project: &Project,
    worktree: &Path,
    name: &PlanName,
    unwanted: &dyn Fn() -> bool,
) -> Result<(Ran, VerifyOutcome), String> {
    let plan = project
        .plan(name)
        .ok_or("the plan is no longer in the manifest")?;
    let checks = FinishCheck::of_plan(plan);
    let line = FinishCheck::line_of(&checks).ok_or("the plan no longer has a `verify`")?;
    let tip = || {
        let tip = project.repo.branch_tip(&plan.branch);
        tip.map_err(in_words)?
            .ok_or_else(|| format!("the branch `{}` is gone", plan.branch))
    };
    let tag = |commit: &CommitId| format!("verify-{name}-{}", commit.short());
    let folder = JobFolder::new(project.dir.verification(name));
    let mut commit = tip()?;
    let earlier = at_work(&folder, &tag(&commit), &checks);
    // Not for an adopted verification: files that a running one writes must not land.
    if earlier.is_none() {
        commit_all(project, plan, worktree)?;
        commit = tip()?;
    }
    let check = Check {
        tag: tag(&commit),
        checks: &checks,
        worktree,
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
        gently: false,
    };
    let variables = environment::for_plan(project, plan, worktree);
    let began = Instant::now();
    let said = run(project, &folder, variables, &check, earlier, unwanted)?;
    let now = tip()?;
    if now != commit && said == VerifyOutcome::Passed {
        return Err(format!(
            "`{line}` passed on {}, but {} now stands on {}, which was not verified: let it commit nothing",
            commit.short(),
            plan.branch,
            now.short()
        ));
    }
    let ran = Ran {
        line,
        tree: project.repo.tree_of(&commit).map_err(in_words)?,
        commit,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok((ran, said))
}

/// Commits everything: the verified files must be the files that land.
fn commit_all(project: &Project, plan: &Plan, worktree: &Path) -> Result<(), String> {
    let seen = git::state::inspect_in(&project.repo, worktree).map_err(in_words)?;
    let Some(first) = seen.dirty.first() else {
        return Ok(());
    };
    match plan.commit {
        CommitPolicy::Auto => {
            let message = format!("{}: commit what was in its worktree", plan.name);
            let trailers = [("Orch-Plan", plan.name.as_str())];
            let committed = commit_leftovers(worktree, &plan.branch, &message, &trailers);
            committed.map(drop).map_err(in_words)
        }
        CommitPolicy::Require => Err(format!(
            "its worktree has uncommitted changes, which would not land (`{}`{}): commit them",
            first.display(),
            match seen.dirty.len() {
                1 => String::new(),
                more => format!(" and {} more", more - 1),
            }
        )),
    }
}

/// Ends the plan's own verification, if it runs.
pub fn stop_verification(project: &Project, name: &PlanName) {
    if let Ok(Some(runner)) = Runner::adopt(JobFolder::new(project.dir.verification(name))) {
        Runner::stop(runner.process(), false);
    }
}

/// A check that has been running since before a restart.
pub struct AtWork {
    /// Its place in the list of checks; those before it have passed.
    place: usize,
    runner: Runner,
}

/// The one of the checks that runs there under this tag, if any. It is searched for once and then waited for, because it may
/// end at any moment.
pub fn at_work(folder: &JobFolder, tag: &str, checks: &[FinishCheck]) -> Option<AtWork> {
    let runner = Runner::adopt(folder.clone()).ok()??;
    let place = checks.iter().position(|check| is_job(folder, tag, &check.line))?;
    Some(AtWork { place, runner })
}

/// True when the last job there has this tag and runs this line.
pub fn is_job(folder: &JobFolder, tag: &str, line: &str) -> bool {
    let job = folder.job();
    job.is_ok_and(|job| job.tag == tag && job.argv.last().is_some_and(|last| last == line))
}

/// The result and duration of the verification with this tag, when it ended while no supervisor was running.
pub fn finished_before(folder: &JobFolder, tag: &str, line: &str) -> Option<(VerifyOutcome, Duration)> {
    if folder.job().ok()?.tag != tag || !matches!(folder.state(), Ok(JobState::Ended(_))) {
        return None;
    }
    let record = folder.exit().ok()??;
    match record.exit {
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => {}
        // These exits say nothing about the verified files.
        Exit::Stopped | Exit::Lost | Exit::ByHand | Exit::NotStarted { .. } => return None,
    }
    let took = record.ended_at.duration_since(record.started_at);
    let took = Duration::try_from(took).unwrap_or_default();
    Some((said_by(folder, line, &record.exit), took))
}

/// Removes the record of an end that is recorded elsewhere by now, so that it counts once.
pub fn forget_end(folder: &JobFolder) {
    let _ = std::fs::remove_file(folder.path().join("exit.json"));
}

/// Immediately ends any job that runs in the folder.
///
/// # Errors
///
/// Why the job could not be ended.
pub fn end(folder: &JobFolder) -> Result<(), String> {
    let ended = Runner::adopt(folder.clone()).and_then(|runner| match runner {
        Some(runner) => {
            runner.hold().stop(true);
            runner.wait().map(|_| ())
        }
        None => Ok(()),
    });
    ended.map_err(in_words)
}

/// The limits of a verification that belongs to no plan.
pub const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);
pub const GRACE: Duration = Duration::from_secs(10);

/// One verification: checks that run one after the other until one fails.
pub struct Check<'a> {
    pub tag: String,
    /// What has to hold, in this order. Each may take the whole `timeout`.
    pub checks: &'a [FinishCheck],
    pub worktree: &'a Path,
    pub timeout: Duration,
    pub grace: Duration,
    /// True when the check runs with the lowest priority.
    pub gently: bool,
}

/// Runs the checks one after the other until one fails, and waits for the one found by `at_work`. What runs is ended once it is
/// `unwanted`.
///
/// # Errors
///
/// Why a check could not be run.
pub fn run(
    project: &Project,
    folder: &JobFolder,
    variables: Environment,
    check: &Check<'_>,
    at_work: Option<AtWork>,
    unwanted: &dyn Fn() -> bool,
) -> Result<VerifyOutcome, String> {
    let (first, mut runner) = match at_work {
        Some(at_work) => (at_work.place, Some(at_work.runner)),
        None => (0, None),
    };
    let variables = variables.into_map();
    for one in check.checks.get(first..).unwrap_or_default() {
        let job = job(check, &one.line, variables.clone());
        let said = run_line(project, folder, &job, &one.line, runner.take(), unwanted)?;
        match said {
            VerifyOutcome::Passed => {}
            VerifyOutcome::Failed { why, timed_out } => {
                let why = one.failure(&why);
                return Ok(VerifyOutcome::Failed { why, timed_out });
            }
            VerifyOutcome::Stopped => return Ok(said),
        }
    }
    Ok(VerifyOutcome::Passed)
}

fn job(check: &Check<'_>, line: &str, variables: BTreeMap<String, String>) -> Job {
    Job {
        tag: check.tag.clone(),
        argv: argv(check, line),
        folder: check.worktree.to_owned(),
        env: variables,
        input: JobInput::Null,
        timeout: Some(check.timeout),
        grace: check.grace,
        stop: vec![StopSignal::Term],
        reading: OutputReading::default(),
        patience: None,
        head: None,
        ends_with: None,
    }
}

fn run_line(
    project: &Project,
    folder: &JobFolder,
    job: &Job,
    line: &str,
    mut at_work: Option<Runner>,
    unwanted: &dyn Fn() -> bool,
) -> Result<VerifyOutcome, String> {
    let trouble = |error: AgentError| format!("`{line}` could not be run: {error}");
    for _ in 0..VANISHED_AT_MOST {
        if unwanted() {
            return Ok(VerifyOutcome::Stopped);
        }
        match run_once(project, folder, job, at_work.take(), unwanted).map_err(trouble)? {
            // A killed runner gives no verdict.
            Exit::Lost => {}
            exit => return Ok(said_by(folder, line, &exit)),
        }
    }
    Err(format!(
        "`{line}` vanished {VANISHED_AT_MOST} times without a record of its end: something kills its runner"
    ))
}

/// The command line, at the lowest priority when it is run gently.
fn argv(check: &Check<'_>, line: &str) -> Vec<String> {
    let gently: &[&str] = if check.gently { &["nice", "-n", "19"] } else { &[] };
    let words = gently.iter().copied().chain(["sh", "-c", line]);
    words.map(str::to_owned).collect()
}

/// How often to start a verification whose runner was killed.
const VANISHED_AT_MOST: u32 = 3;

fn run_once(
    project: &Project,
    folder: &JobFolder,
    job: &Job,
    at_work: Option<Runner>,
    unwanted: &dyn Fn() -> bool,
) -> Result<Exit, AgentError> {
    let runner = match at_work {
        Some(runner) => runner,
        None => {
            if let Some(old) = Runner::adopt(folder.clone())? {
                old.hold().stop(true);
                old.wait()?;
            }
            let lock = folder.prepare(job, None)?;
            project.launcher.launch(folder.clone(), lock)?
        }
    };
    // A request to stop may have arrived before there was a runner.
    if unwanted() {
        runner.hold().stop(false);
    }
    Ok(match runner.wait()? {
        JobState::Ended(record) => record.exit,
        JobState::Unstarted | JobState::Running(_) | JobState::Lost(_) | JobState::Away(_) => Exit::Lost,
    })
}

fn said_by(folder: &JobFolder, line: &str, exit: &Exit) -> VerifyOutcome {
    match exit {
        Exit::Code { code: 0 } => return VerifyOutcome::Passed,
        Exit::Stopped => return VerifyOutcome::Stopped,
        Exit::Code { .. }
        | Exit::Signal { .. }
        | Exit::TimedOut
        | Exit::Lost
        | Exit::ByHand
        | Exit::NotStarted { .. } => {}
    }
    let tail = folder.tail(QUOTED);
    let output = if tail.trim().is_empty() {
        String::new()
    } else {
        format!("\n{}", tail.trim_end())
    };
    VerifyOutcome::Failed {
        why: format!("`{line}` {}{output}", words::exit(exit)),
        timed_out: *exit == Exit::TimedOut,
    }
}
