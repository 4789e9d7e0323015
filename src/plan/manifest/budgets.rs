//! Budgets that nobody could keep: an agent whose program reports only token counts needs a price.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::Ledger;
use super::written::raw::RawManifest;
use crate::plan::{Agent, AgentName, Plan};

/// Reports every agent that works under a budget, reports only how many tokens it uses, and has no price.
pub(super) fn check(
    manifest: &RawManifest,
    plans: &[Plan],
    agents: &BTreeMap<AgentName, Agent>,
    ledger: &mut Ledger,
) {
    let mut told = BTreeSet::new();
    let of_run = manifest.run.as_ref();
    let of_run = of_run.and_then(|run| Some(run.value.budget.as_ref()?.place));
    for plan in plans {
        let mut raw = manifest.plans.iter().flat_map(|plans| &plans.value.entries);
        let own = raw.find(|(key, _)| key.value == plan.name.as_str());
        let own = own.and_then(|(_, raw)| Some(raw.value.budget.as_ref()?.place));
        let Some(place) = own.or(of_run) else { continue };
        let phases = plan.phases.values().filter_map(|phase| phase.agent.as_ref());
        for name in phases.chain([&plan.agent]) {
            let agent = agents.get(name);
            let unknown =
                agent.is_some_and(|agent| agent.price.is_none() && agent.events.counts_tokens_alone());
            if unknown && told.insert(name) {
                let message = format!("there is a `budget`, and agent `{name}` does not say what it spends");
                let hint = format!(
                    "write price = {{ input = 1.25, output = 10.0 }} in [agents.{name}]: money for a million tokens of each"
                );
                ledger.at(place, message, hint);
            }
        }
    }
}
