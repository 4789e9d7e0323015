//! A run, and all runs, as text for a terminal.

use std::fmt::Write;

use crate::plan::{AgentName, Currency, PlanState, first_of, listed};

use super::efficiency::efficiency_sentences;
use crate::report::line::usage_line::tokens_text;
use crate::report::story::attempt_story::Spending;
use crate::report::story::chronicle::{PlanStory, RunStory};
use crate::report::story::figures::Figures;
use crate::report::text::clock::{clock, day_and_time, with_zone};
use crate::report::text::count::count;
use crate::report::text::hanging::folded;
use crate::report::text::palette::plan_style;
use crate::report::text::span::ms;
use crate::report::text::width::{fit, pad};
use crate::supervisor::TrueRisk;
use crate::words::{cost, width_words};

/// `12.3k tokens, $0.42`; empty when no agent reports its usage.
pub fn spending(spent: Spending, currency: Currency) -> String {
    let tokens = match spent.tokens {
        0 => String::new(),
        some => tokens_text(some),
    };
    let cost = spent
        .cost
        .map(|amount| cost(amount, currency))
        .unwrap_or_default();
    [tokens, cost]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// `3 landed, 1 failed`
pub fn outcomes(run: &RunStory) -> String {
    let counted = PlanState::ALL
        .iter()
        .rev()
        .filter_map(|state| match run.count(*state) {
            0 => None,
            many => Some(format!("{many} {state}")),
        });
    counted.collect::<Vec<_>>().join(", ")
}

/// The figures as full sentences, for people who did not follow the run.
pub fn sentences(figures: &Figures) -> Vec<String> {
    let mut lines = vec![format!(
        "{} agent time in {}: {:.1} agents at once on average, {} at most",
        ms(figures.agent_ms),
        ms(figures.driven_ms),
        figures.mean,
        figures.peak
    )];
    let share = |part: u64, whole: u64| {
        if whole == 0 {
            0.0
        } else {
            part as f64 / whole as f64 * 100.0
        }
    };
    if figures.failed_attempts > 0 {
        lines.push(format!(
            "{} of {} {} not enough: {} or {:.0} % of the agent time",
            figures.failed_attempts,
            count(figures.attempts, "attempt"),
            if figures.failed_attempts == 1 {
                "was"
            } else {
                "were"
            },
            ms(figures.wasted_ms),
            share(figures.wasted_ms, figures.agent_ms)
        ));
    }
    if share(figures.idle_ms, figures.driven_ms) >= 1.0 {
        lines.push(format!(
            "no agent was at work for {} or {:.0} % of the time (worktrees, verifications, merges, waits for people)",
            ms(figures.idle_ms),
            share(figures.idle_ms, figures.driven_ms)
        ));
    }
    lines.extend(efficiency_sentences(figures));
    let spent = spending(figures.spent, figures.currency);
    if !spent.is_empty() {
        lines.push(format!("usage: {spent}"));
    }
    lines
}

/// One run, wrapped to a width.
pub fn run_text(run: &RunStory, columns: usize) -> String {
    let mut text = String::new();
    let began = run.began.map(with_zone).unwrap_or_default();
    let ending = run.ending_words();
    let _ = writeln!(text, "{} onto {}, begun {began}: {ending}\n", run.run, run.target);
    let width = run
        .plans
        .keys()
        .map(|name| name.as_str().len())
        .max()
        .unwrap_or(0);
    for (name, plan) in &run.plans {
        let state = plan.state.unwrap_or(PlanState::Ready);
        let style = plan_style(state);
        let failed = plan
            .attempts
            .iter()
            .filter(|attempt| attempt.failed.is_some())
            .count();
        let attempts = match (plan.attempts.len(), failed) {
            (0, _) => String::new(),
            (all, 0) => count(all, "attempt"),
            (all, failed) => format!("{}, {failed} failed", count(all, "attempt")),
        };
        let row = format!(
            "{}  {style}{:<9}{style:#}  {:>8}  {attempts:<22}  {}",
            pad(name.as_str(), width),
            state.to_string(),
            ms(plan.agent_ms()),
            spending(plan.spent(), run.currency)
        );
        let _ = writeln!(text, "{}", row.trim_end());
        if let Some(agents) = agents(plan) {
            let _ = writeln!(text, "{}{agents}", " ".repeat(width + 2));
        }
        if !plan.outputs.is_empty() {
            let below = " ".repeat(width + 2);
            let _ = writeln!(text, "{}", folded(&below, &outputs(plan), columns));
        }
        if let Some(why) = &plan.why {
            let below = " ".repeat(width + 2);
            let _ = writeln!(text, "{}", folded(&below, &fit(why, 3 * columns), columns));
        }
    }
    text.push('\n');
    for line in sentences(&Figures::of(run)) {
        let _ = writeln!(text, "{}", folded("", &line, columns));
    }
    for line in risk_sentences(run) {
        let _ = writeln!(text, "{}", folded("", &line, columns));
    }
    for (at, change) in &run.widths {
        let time = format!("{} ", clock(*at));
        let _ = writeln!(text, "{}", folded(&time, &width_words(change), columns));
    }
    for (at, warning) in &run.warnings {
        let time = format!("{} ", clock(*at));
        let _ = writeln!(text, "{}", folded(&time, &fit(warning, 3 * columns), columns));
    }
    text
}

/// The risks that came true, each with how likely it was: `came true for auth, docs: conflict (14 % of plans in earlier runs)`.
pub fn risk_sentences(run: &RunStory) -> Vec<String> {
    let sentence = |risk: &TrueRisk| {
        let likely = match risk.expected_percent {
            Some(0) => "never in earlier runs".to_owned(),
            Some(percent) => format!("{percent} % of plans in earlier runs"),
            None => "no earlier run tells how likely it was".to_owned(),
        };
        format!(
            "came true for {}: {} ({likely})",
            listed(&risk.plans),
            risk.kind.words()
        )
    };
    run.risks.iter().map(sentence).collect()
}

/// The files that a plan brought: the first ones, and how many more.
fn outputs(plan: &PlanStory) -> String {
    const NAMED: usize = 10;
    format!("outputs: {}", first_of(&plan.outputs, NAMED, ", "))
}

/// The agents of a plan, when there were several: `claude 2 attempts, then codex 1 attempt`.
fn agents(plan: &PlanStory) -> Option<String> {
    let mut turns: Vec<(&AgentName, usize)> = Vec::new();
    for attempt in &plan.attempts {
        match turns.last_mut() {
            Some((agent, many)) if **agent == attempt.agent => *many += 1,
            _ => turns.push((&attempt.agent, 1)),
        }
    }
    let turns: Vec<String> = turns
        .iter()
        .map(|(agent, many)| format!("{agent} {}", count(*many, "attempt")))
        .collect();
    (turns.len() > 1).then(|| turns.join(", then "))
}

/// One line for each run, newest last.
pub fn history_text(runs: &[RunStory]) -> String {
    let mut text = String::from("run   begun             time      agents    attempts  on average  plans\n");
    for run in runs {
        let figures = Figures::of(run);
        let spent = spending(figures.spent, figures.currency);
        let spent = if spent.is_empty() {
            spent
        } else {
            format!("; {spent}")
        };
        let row = format!(
            "{:<5} {:<17} {:<9} {:<9} {:<9} {:<11.1} {}{spent}",
            run.run,
            run.began.map(day_and_time).unwrap_or_default(),
            ms(figures.driven_ms),
            ms(figures.agent_ms),
            figures.attempts,
            figures.mean,
            outcomes(run)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}
