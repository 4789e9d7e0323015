//! Obstacles that only a person can remove.

use crate::plan::PlanName;
use crate::schedule::board::core::Board;
use crate::schedule::event::facts::{Obstacle, ObstacleKind};
use crate::schedule::state::attempt::Attempt;

/// Returns a description of the obstacle that stopped the attempt's agent, and advice.
pub(in crate::schedule) fn what_is_needed(
    board: &Board,
    attempt: &Attempt,
    plan: &PlanName,
    obstacle: &Obstacle,
) -> (String, String) {
    let agent = &attempt.agent;
    let how = board.work.agents.get(agent).map_or("", |agent| agent.login);
    let account = attempt
        .account
        .as_ref()
        .map(|account| format!(" (account {account})"));
    let account = account.unwrap_or_default();
    let why = format!(
        "agent {agent}{account}: {}: {}",
        obstacle.kind.word(),
        obstacle.why
    );
    let by_hand = || format!("run {agent} by hand in the worktree and answer what it asks");
    let how = match obstacle.kind {
        ObstacleKind::Login if how.is_empty() => by_hand(),
        ObstacleKind::Login if !account.is_empty() => format!("as{account}: {how}"),
        ObstacleKind::Login => how.to_owned(),
        ObstacleKind::Account => format!("see to its account{account}"),
        ObstacleKind::Budget => format!("raise `budget` in [plans.{plan}], or in [run]"),
        ObstacleKind::Trust | ObstacleKind::RateLimit | ObstacleKind::Outage => by_hand(),
    };
    (why, how)
}
