//! `orch simulate`

use anyhow::Context as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::graph::{Durations, Generated};
use crate::journal::SCHEMA;
use crate::plan::{PlanName, PlanSet};
use crate::report::{gantt, span};
use crate::schedule::{Ending, Simulation, SimulationSettings, Work, simulate};
use crate::supervisor::Situation;

use super::arrangement::{self, DispatchName, StrategyName};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Simulate the schedule without starting anything
///
/// The same scheduler that `orch up` uses runs in virtual time, with durations measured in earlier runs, else stated,
/// else equal. Everything is simulated from the beginning; ticked tasks are done.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Agents at once [default: as in the manifest, or 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_agents: Option<u32>,
    /// Hand everything over to one executor of so many slots
    #[arg(long, value_name = "slots=N", conflicts_with = "max_agents", value_parser = executor_slots)]
    executor: Option<u32>,
    /// The same seed gives the same answer
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of generated plans, instead of the manifest
    #[arg(long, value_name = "N")]
    plans: Option<usize>,
    /// Tasks of each generated plan
    #[arg(long, value_name = "N", requires = "plans", default_value_t = 50)]
    tasks: usize,
    /// Strategy of every plan
    #[arg(long, value_enum)]
    strategy: Option<StrategyName>,
    /// Dispatch of every plan
    #[arg(long, value_enum)]
    dispatch: Option<DispatchName>,
    /// Share of attempts that fail
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    failures: f64,
    /// Multiply each expected duration by e^N(0, SIGMA)
    #[arg(long, value_name = "SIGMA", default_value_t = 0.0, value_parser = sigma)]
    noise: f64,
    /// Share of attempts that take four times as long
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    stragglers: f64,
    /// Draw the schedule
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn executor_slots(text: &str) -> Result<u32, String> {
    let value = text.strip_prefix("slots=").and_then(|slots| slots.parse().ok());
    let value = value.filter(|slots| (1..=100_000).contains(slots));
    value.ok_or_else(|| "expected slots=N, with N from 1 to 100000".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    let value: Result<f64, _> = text.trim_end_matches('%').parse();
    let value = value.ok().filter(|value| (0.0..=100.0).contains(value));
    value.ok_or_else(|| "expected a number from 0 to 100".to_owned())
}

fn sigma(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok().filter(|value| (0.0..=5.0).contains(value));
    value.ok_or_else(|| "expected a number from 0 to 5".to_owned())
}

/// The output of `orch simulate --json`.
#[derive(Debug, Serialize)]
struct SimulateOutput {
    schema: u32,
    tasks: usize,
    makespan_s: f64,
    lower_bound_s: f64,
    efficiency: f64,
    idle_slot_s: f64,
    plans: usize,
    slots: usize,
    tasks_done: usize,
    attempts: usize,
    attempts_failed: usize,
    attempts_timed_out: usize,
    attempts_too_long: usize,
    #[serde(skip)]
    gated: bool,
    settled: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the picture cannot be written.
pub fn run(context: &Context, args: &SimulateArgs) -> Result<ProgramExit, CliError> {
    let (mut set, durations, manifest) = plans(context, args)?;
    if let Some(max) = args.max_agents {
        set.run.max_agents = max as usize;
    }
    arrangement::impose(&mut set, manifest.as_deref(), args.strategy, args.dispatch)?;
    let names: Vec<PlanName> = set.plans.iter().map(|plan| plan.name.clone()).collect();
    let mut work = Work::new(&set, &durations, set.run.auto_merge);
    if let Some(slots) = args.executor {
        let name = "executor".parse().context("the name of the executor")?;
        work.hand_all_over(name, slots as usize);
    }
    let slots = work.all_slots();
    let gated = set.plans.iter().any(|plan| !plan.approvals().is_empty());
    drop(set);
    let settings = SimulationSettings {
        seed: args.seed,
        noise: args.noise,
        failures: args.failures,
        stragglers: args.stragglers,
        ..SimulationSettings::default()
    };
    let found = simulate(work, &settings);
    if found.ending.is_none() {
        return Err(CliError::new(ProgramExit::Bug, "the simulated run stands still"));
    }
    if let Some(file) = &args.svg {
        let file = context.dir.join(file);
        std::fs::write(&file, gantt(&found, &names, slots))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let answer = answer(&found, names.len(), slots, gated);
    if context.json {
        output::json(&answer)?;
    } else {
        output::text(&told(&found, &answer))?;
    }
    Ok(ProgramExit::Done)
}

/// Returns generated plans, or the manifest's plans with the manifest's path and the durations from the journal.
fn plans(context: &Context, args: &SimulateArgs) -> Result<(PlanSet, Durations, Option<PathBuf>), CliError> {
    let Some(plans) = args.plans else {
        let project = context.project()?;
        let durations = Situation::look(&project)?.durations;
        return Ok((project.set, durations, Some(project.manifest)));
    };
    if plans == 0 || args.tasks == 0 {
        return Err(CliError::refused(
            "there is nothing to simulate: name at least one plan and one task",
        ));
    }
    let generated = Generated {
        seed: args.seed,
        plans,
        tasks: args.tasks,
        ..Generated::default()
    };
    Ok((generated.plan_set(), Durations::default(), None))
}

fn answer(found: &Simulation, plans: usize, slots: usize, gated: bool) -> SimulateOutput {
    let seconds = |millis: u64| millis as f64 / 1000.0;
    SimulateOutput {
        schema: SCHEMA,
        tasks: found.tasks_in_all,
        makespan_s: seconds(found.makespan),
        lower_bound_s: seconds(found.lower_bound),
        efficiency: (found.efficiency() * 10_000.0).round() / 10_000.0,
        idle_slot_s: seconds(found.idle_slot),
        plans,
        slots,
        tasks_done: found.tasks,
        attempts: found.spans.len(),
        attempts_failed: found.spans.iter().filter(|span| span.failed).count(),
        attempts_timed_out: found.spans.iter().filter(|span| span.timed_out).count(),
        attempts_too_long: found.spans.iter().filter(|span| span.too_long.is_some()).count(),
        gated,
        settled: found.ending == Some(Ending::Settled),
    }
}

fn told(found: &Simulation, answer: &SimulateOutput) -> String {
    let time = |millis: u64| span(Duration::from_millis(millis));
    let share = answer.idle_slot_s / (answer.makespan_s * answer.slots as f64).max(0.001) * 100.0;
    let mut text = format!(
        "{} of {} in {}: {}\n",
        output::count(answer.tasks, "task"),
        output::count(answer.plans, "plan"),
        output::count(answer.slots, "slot"),
        time(found.makespan)
    );
    text += &format!(
        "  no schedule can end before {} ({:.1} % of the time that it takes)\n",
        time(found.lower_bound),
        answer.efficiency * 100.0
    );
    text += &format!(
        "  slots were free for {} in total ({share:.1} %)\n",
        time(found.idle_slot)
    );
    if answer.gated {
        text += "  each gate is approved as soon as it is reached\n";
    }
    if answer.attempts_too_long > 0 {
        text += &format!(
            "  {} expected to take longer than the time-out; `orch preview` names them, and none is cut short here\n",
            match answer.attempts_too_long {
                1 => "1 attempt is".to_owned(),
                more => format!("{more} attempts are"),
            }
        );
    }
    if answer.attempts_failed > 0 {
        let timed_out = answer.attempts_timed_out;
        let by_chance = answer.attempts_failed - timed_out;
        let causes = [
            (timed_out, "out of time"),
            (by_chance, "by chance, as --failures says"),
        ];
        let causes = causes.iter().filter(|(many, _)| *many > 0);
        let causes: Vec<String> = causes.map(|(many, cause)| format!("{many} {cause}")).collect();
        text += &format!(
            "  {} of {} failed: {}\n",
            answer.attempts_failed,
            output::count(answer.attempts, "attempt"),
            causes.join(", ")
        );
    }
    if answer.tasks_done < answer.tasks {
        let why = match answer.attempts_failed {
            0 => "their dependencies never came",
            _ => "their attempts were used up, or those of their dependencies",
        };
        let undone = answer.tasks - answer.tasks_done;
        let were = if undone == 1 { "was" } else { "were" };
        text += &format!("  {} {were} not done: {why}\n", output::count(undone, "task"));
    }
    text
}
