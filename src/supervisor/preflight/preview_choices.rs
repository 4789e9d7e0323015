//! The selections of `auto`, plan by plan and phase by phase, for `orch preview`.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;

use crate::graph::{Graph, strategies};
use crate::plan::{Dispatch, PlanName, PlanSet, Strategy, parallel_words};
use crate::words::strategy_reason;

/// The selection of `dispatch = "auto"` for a plan.
#[derive(Debug, Clone, Serialize)]
pub struct ChosenDispatch {
    /// The plan.
    pub plan: PlanName,
    /// The units that one agent gets.
    #[serde(serialize_with = "as_text")]
    pub dispatch: Dispatch,
    /// The parts of the document that led to the selection.
    pub why: Vec<&'static str>,
}

/// The selection of `strategy = "auto"` for a phase.
#[derive(Debug, Clone, Serialize)]
pub struct ChosenPhase {
    /// The phase.
    pub phase: String,
    /// How its edges are drawn.
    #[serde(serialize_with = "as_text")]
    pub strategy: Strategy,
    /// The reason.
    pub why: Cow<'static, str>,
}

fn as_text<S: serde::Serializer>(word: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(word)
}

/// The selections for plans whose document decides.
pub(super) fn chosen_dispatches(set: &PlanSet) -> Vec<ChosenDispatch> {
    let chosen = set.plans.iter().filter(|plan| plan.arrangement.by_document);
    let chosen = chosen.map(|plan| ChosenDispatch {
        plan: plan.name.clone(),
        dispatch: plan.arrangement.dispatch,
        why: parallel_words(&plan.document)
            .iter()
            .map(|word| word.word)
            .collect(),
    });
    chosen.collect()
}

/// The selections for phases whose strategy is `auto`. While one agent works through a whole plan, there is
/// nothing to choose.
pub(super) fn chosen_strategies(set: &PlanSet, graph: &Graph) -> Vec<ChosenPhase> {
    let plans = set.plans.iter().zip(&graph.locks);
    let plans = plans.filter(|(plan, _)| plan.arrangement.dispatch != Dispatch::Plan);
    let phases = plans.flat_map(|(plan, locks)| {
        let chosen = strategies(&plan.document, &plan.arrangement, &locks.of, set.slots_of(plan));
        let phases = plan.document.phases.iter().zip(chosen);
        let phases = phases.filter_map(|(phase, chosen)| {
            Some(ChosenPhase {
                phase: format!("{}.{}", plan.name, phase.id),
                strategy: chosen.strategy,
                why: strategy_reason(chosen.why?),
            })
        });
        phases.collect::<Vec<_>>()
    });
    phases.collect()
}
