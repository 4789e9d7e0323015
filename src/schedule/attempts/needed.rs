//! Obstacles that only a person can remove.

use crate::schedule::board::core::Board;
use crate::schedule::event::facts::Obstacle;
use crate::schedule::event::why::agent_need::AgentNeed;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::state::attempt::Attempt;

/// Returns the need of a person, for an attempt whose agent met the obstacle.
pub(in crate::schedule) fn what_is_needed(board: &Board, attempt: &Attempt, obstacle: &Obstacle) -> Hold {
    let agent = board.work.agents.get(&attempt.agent);
    let need = AgentNeed {
        agent: attempt.agent.clone(),
        account: attempt.account.clone(),
        obstacle: obstacle.kind,
        said: obstacle.why.clone(),
        login: agent.map_or("", |agent| agent.login).to_owned(),
    };
    Hold::Needs {
        why: Because::AgentNeeds { need: Box::new(need) },
        how: String::new(),
        obstacle: Some(obstacle.kind),
    }
}
