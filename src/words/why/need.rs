//! What a person can do about a need, in words.

use super::stalled::obstacle;
use crate::plan::PlanName;
use crate::schedule::{AgentNeed, Because, ObstacleKind};

/// What a person can do about the need of a plan. `how` is the advice of an older journal.
pub fn advice(plan: &PlanName, why: &Because, how: &str) -> String {
    match why {
        Because::BudgetSpent { of_run: true, .. } => {
            "raise `budget` in [run]; a new run begins with a new one".to_owned()
        }
        Because::BudgetSpent { of_run: false, .. } => format!("raise `budget` in [plans.{plan}]"),
        Because::Unread { .. } => format!("read it with orch status {plan}"),
        Because::AgentNeeds { need } => advice_to(need, plan),
        _ => how.to_owned(),
    }
}

fn advice_to(need: &AgentNeed, plan: &PlanName) -> String {
    let AgentNeed { agent, login, .. } = need;
    let by_hand = || format!("run {agent} by hand in the worktree and answer what it asks");
    let account = of_account(need);
    match need.obstacle {
        ObstacleKind::Login if login.is_empty() => by_hand(),
        ObstacleKind::Login if !account.is_empty() => format!("as{account}: {login}"),
        ObstacleKind::Login => login.clone(),
        ObstacleKind::Account => format!("see to its account{account}"),
        ObstacleKind::Budget => format!("raise `budget` in [plans.{plan}], or in [run]"),
        ObstacleKind::Trust | ObstacleKind::RateLimit | ObstacleKind::Outage => by_hand(),
    }
}

/// What an agent needs.
pub(super) fn agent_need(need: &AgentNeed) -> String {
    let (account, obstacle) = (of_account(need), obstacle(need.obstacle));
    format!("agent {}{account}: {obstacle}: {}", need.agent, need.said)
}

/// ` (account work)`; empty when the agent has only one.
fn of_account(need: &AgentNeed) -> String {
    let account = need
        .account
        .as_ref()
        .map(|account| format!(" (account {account})"));
    account.unwrap_or_default()
}
