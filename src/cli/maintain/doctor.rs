//! `orch doctor`

use serde::Serialize;

use crate::git::{GitError, require_git};
use crate::journal::SCHEMA;
use crate::report::{hanging, size};
use crate::supervisor::doctor::{
    AgentFacts, ExecutorFacts, Finding, FindingKind, MachineFacts, RepairEnd, agent_facts, diagnose,
    installed_facts, look, machine_facts, machine_facts_at, repair,
};
use crate::supervisor::{NAME_YOURSELF, Project, SupervisorError};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Find and repair what is wrong in the repository
///
/// Looks at worktrees, branches, refs, locks, attempts, the database and agents, and says what the machine offers.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Do the repairs
    #[arg(long)]
    fix: bool,
}

/// The output of `orch doctor --json`.
#[derive(Debug, Serialize)]
struct DoctorOutput<'a> {
    schema: u32,
    ok: bool,
    findings: Vec<FindingOutput<'a>>,
    machine: MachineFacts,
    agents: Vec<AgentFacts>,
    /// The executors of the manifest.
    #[serde(skip_serializing_if = "<[ExecutorFacts]>::is_empty")]
    executors: &'a [ExecutorFacts],
}

impl<'a> DoctorOutput<'a> {
    fn new(
        ok: bool,
        findings: Vec<FindingOutput<'a>>,
        machine: MachineFacts,
        agents: Vec<AgentFacts>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            ok,
            findings,
            machine,
            agents,
            executors: &[],
        }
    }
}

#[derive(Debug, Serialize)]
struct FindingOutput<'a> {
    kind: FindingKind,
    what: &'a str,
    /// The repair, or null when a person has to do it.
    step: Option<String>,
    advice: Option<&'a str>,
    /// `mended`, `failed` or `left`; null without `--fix`.
    outcome: Option<&'static str>,
    why: Option<&'a str>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or repairs are requested while a supervisor is running.
pub fn run(context: &Context, args: &DoctorArgs) -> Result<ProgramExit, CliError> {
    let Some(project) = project(context)? else {
        return before_any_plan(context);
    };
    let seen = look(&project)?;
    let findings = diagnose(&seen.facts);
    let repairable = findings.iter().any(|finding| finding.step.is_some());
    if args.fix && repairable && seen.driven.is_some() {
        return Err(
            CliError::refused("a supervisor is at work: nothing is repaired meanwhile")
                .with_hint("`orch down` stops it; without --fix, nothing is changed"),
        );
    }
    let outcomes = match args.fix && repairable {
        true => Some(repair(&project, &findings)?),
        false => None,
    };
    let outcome = |at: usize| outcomes.as_ref().map(|outcomes| &outcomes[at]);
    let agents = agent_facts(&project);
    // The state of an agent that no plan uses does not matter.
    let lacking = agents.iter().any(|agent| agent.used && !agent.off.is_empty());
    let machine = machine_facts(&project);
    let nameless = machine.identity == Some(false);
    let ok = !lacking && !nameless && (0..findings.len()).all(|at| outcome(at) == Some(&RepairEnd::Done));
    if context.json {
        let shown = findings.iter().enumerate().map(|(at, finding)| FindingOutput {
            kind: finding.kind,
            what: &finding.what,
            step: finding.step.as_ref().map(ToString::to_string),
            advice: finding.advice.as_deref(),
            outcome: outcome(at).map(word),
            why: match outcome(at) {
                Some(RepairEnd::Failed(why)) => Some(why),
                _ => None,
            },
        });
        let output = DoctorOutput {
            executors: &seen.facts.executors,
            ..DoctorOutput::new(ok, shown.collect(), machine, agents)
        };
        output::json(&output)?;
    } else {
        let mut text = surroundings_text(&machine, &agents, " (no plan uses it)");
        text.extend(seen.facts.executors.iter().map(executor_text));
        text.push('\n');
        for (at, finding) in findings.iter().enumerate() {
            text += &finding_text(finding, outcome(at));
        }
        text += &match (findings.len(), repairable && !args.fix, ok) {
            (0, ..) if nameless => "git does not know who commits\n".to_owned(),
            (0, ..) if lacking => "an agent that plans use is not ready\n".to_owned(),
            (0, ..) => "no problems found\n".to_owned(),
            (_, true, _) => "`orch doctor --fix` does what follows \"would\", and nothing else\n".to_owned(),
            (_, _, true) => "everything was repaired\n".to_owned(),
            (_, _, false) => "what is left needs a person\n".to_owned(),
        };
        output::text(&text)?;
    }
    Ok(if ok {
        ProgramExit::Done
    } else {
        ProgramExit::Trouble
    })
}

/// Opens the plans. Returns `None` when there is no manifest yet, or no usable repository for one.
fn project(context: &Context) -> Result<Option<Project>, CliError> {
    match Project::open_over(&context.dir, context.manifest.as_deref()) {
        Err(
            SupervisorError::NoManifest { .. }
            | SupervisorError::Git(
                GitError::NotARepository { .. }
                | GitError::NoCommit { .. }
                | GitError::Missing { .. }
                | GitError::TooOld { .. },
            ),
        ) if context.manifest.is_none() => Ok(None),
        _ => context.project_to_end().map(Some),
    }
}

/// Runs the checks that need no manifest: git, the machine and the installed agents.
fn before_any_plan(context: &Context) -> Result<ProgramExit, CliError> {
    let (machine, agents) = (machine_facts_at(&context.dir), installed_facts());
    let ok = machine.identity != Some(false) && require_git().is_ok();
    if context.json {
        output::json(&DoctorOutput::new(ok, Vec::new(), machine, agents))?;
    } else {
        let mut text = surroundings_text(&machine, &agents, "");
        if agents.is_empty() {
            text += &hanging(
                "agent",
                "no built-in agent is installed; any program can be an agent",
            );
        }
        text += match ok {
            true => "\nno problems found; there is no plans.toml yet (orch init writes one)\n",
            false => "\ngit has a problem\n",
        };
        output::text(&text)?;
    }
    Ok(if ok {
        ProgramExit::Done
    } else {
        ProgramExit::Trouble
    })
}

fn word(outcome: &RepairEnd) -> &'static str {
    match outcome {
        RepairEnd::Done => "mended",
        RepairEnd::Failed(_) => "failed",
        RepairEnd::Left => "left",
    }
}

fn finding_text(finding: &Finding, outcome: Option<&RepairEnd>) -> String {
    let mut text = hanging(&finding.kind.to_string(), &finding.what);
    let mut line = |word: &str, said: &str| text += &hanging("", &format!("{word}: {said}"));
    match (&finding.step, outcome) {
        (Some(step), None) => line("would", &step.to_string()),
        (Some(step), Some(RepairEnd::Done)) => line("did", &step.to_string()),
        (Some(step), Some(RepairEnd::Failed(why))) => {
            line("tried", &step.to_string());
            line("failed", why);
        }
        (Some(_) | None, _) => {}
    }
    if let Some(advice) = &finding.advice {
        line("do", advice);
    }
    text
}

/// Describes the machine, then the agents. `unused` marks agents that no plan uses.
fn surroundings_text(machine: &MachineFacts, agents: &[AgentFacts], unused: &str) -> String {
    let agents = agents.iter().map(|agent| agent_text(agent, unused));
    machine_text(machine) + &agents.collect::<String>()
}

fn agent_text(agent: &AgentFacts, unused: &str) -> String {
    let version = match (&agent.version, &agent.path) {
        (Some(version), _) => version.clone(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => format!("`{}`", agent.program),
    };
    let login = match agent.logged_in {
        Some(true) => ", logged in",
        Some(false) | None => "",
    };
    let unused = if agent.used { "" } else { unused };
    let mut text = hanging("agent", &format!("{}: {version}{login}{unused}", agent.name));
    for off in &agent.off {
        text += &hanging("", &format!("off: {off}"));
    }
    for remark in &agent.remarks {
        text += &hanging("", remark);
    }
    text
}

fn executor_text(executor: &ExecutorFacts) -> String {
    let mut text = hanging("executor", &format!("{}: {}", executor.name, executor.engine));
    for remark in &executor.remarks {
        text += &hanging("", remark);
    }
    text
}

fn machine_text(machine: &MachineFacts) -> String {
    let yes = |what: Option<bool>, yes: &str, no: &str, unknown: &str| match what {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => unknown.to_owned(),
    };
    let room = machine.free_bytes.map_or_else(
        || "room unknown".to_owned(),
        |bytes| format!("{} free", size(bytes)),
    );
    let rows = [
        ("git", machine.git.clone()),
        (
            "",
            match machine.identity {
                Some(false) => {
                    format!("problem: git does not know who commits here, so agents cannot; {NAME_YOURSELF}")
                }
                Some(true) | None => String::new(),
            },
        ),
        (
            "files",
            format!(
                "{}, {}, {}, {room}",
                yes(
                    machine.reflink,
                    "copies share blocks",
                    "copies take space",
                    "copies unknown"
                ),
                yes(
                    machine.folds_case,
                    "case is folded",
                    "case matters",
                    "case unknown"
                ),
                yes(
                    machine.notify,
                    "changes are reported",
                    "changes are NOT reported",
                    "notices unknown"
                ),
            ),
        ),
        ("", format!("in {}", machine.worktrees.display())),
        (
            "processes",
            format!("no process is left behind: {}", machine.extinction),
        ),
        (
            "",
            match machine.cgroup {
                true => {
                    "(even by a process that clears its environment and whose runner is killed)".to_owned()
                }
                false => {
                    "(but by a process that clears its environment, should its runner be killed: no control \
                          group can be made here)"
                        .to_owned()
                }
            },
        ),
    ];
    let rows = rows.iter().filter(|(_, said)| !said.is_empty());
    rows.map(|(name, said)| hanging(name, said)).collect()
}
