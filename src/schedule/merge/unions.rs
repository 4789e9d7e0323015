//! Connects the state to early unions: free slots, events and messages.

use std::collections::BTreeSet;

use crate::plan::{Message, MessageKind, PlanName};
use crate::schedule::attempts::stall::next_id;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::orch_message::OrchMessage;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::{Sent, UnionSeen};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::train::BuildId;
use crate::schedule::train::early::{Heads, UnionBuild, UnionSaid};

/// Applies the tips of branches.
pub(in crate::schedule) fn look_at_heads(board: &mut Board, heads: Heads) {
    board.early.look(heads);
}

/// Returns worktrees that the train wants back, and starts builds in the others.
pub(in crate::schedule) fn try_unions(board: &mut Board, step: &mut Step, stopping: bool) {
    let settings = board.work.train;
    let off = stopping || !settings.early || !settings.verified;
    let back = if off {
        board.early.busy()
    } else {
        board.train.wanted_back()
    };
    for build in board.early.end(back) {
        board.ask(Ask::StopUnion(build), Effect::StopUnion(build), step);
    }
    if off || back > 0 {
        return;
    }
    let taken = board.train.running().count() + board.early.busy();
    for build in board.early.choose(settings.slots.saturating_sub(taken)) {
        board.ask(Ask::Union(build.id), Effect::Union(build), step);
    }
}

/// Applies the result of a build.
pub(in crate::schedule) fn take_union(
    board: &mut Board,
    at: At,
    build: BuildId,
    said: UnionSaid,
    step: &mut Step,
) {
    board.asked.remove(&Ask::Union(build));
    board.asked.remove(&Ask::StopUnion(build));
    board.early.take(build, said);
    board.frontier.landing = true;
    for event in news_of_unions(board) {
        board.record(at, event, step);
    }
}

/// Returns new verdicts on branches that do not pass together, with a message to the agents of each.
fn news_of_unions(board: &Board) -> Vec<Event> {
    let mut events = Vec::new();
    let red = board.early.red();
    for (name, run) in board.state.plans() {
        let own = red.iter().filter(|(union, _)| union.contains(name));
        let own = own.map(|(union, why)| {
            let others = union.iter().filter(|other| *other != name);
            (others.cloned().collect::<Vec<PlanName>>(), why)
        });
        let mut inbox = run.mail.inbox.clone();
        for (with, why) in own {
            if run.red_with.contains_key(&with) {
                continue;
            }
            if run.outcome.is_none() {
                let message = message(board, &inbox, &with, why);
                inbox.push(message.clone());
                let plan = name.clone();
                events.push(Event::MessageSent(Sent { plan, message }));
            }
            events.push(Event::UnionRed(UnionSeen {
                plan: name.clone(),
                with,
                why: why.clone(),
            }));
        }
        let over = run.red_with.keys().filter(|with| {
            let mut union = (*with).clone();
            union.push(name.clone());
            board.early.is_green(&union)
        });
        events.extend(over.map(|with| {
            Event::UnionGreen(UnionSeen {
                plan: name.clone(),
                with: with.clone(),
                why: String::new(),
            })
        }));
    }
    events
}

fn message(board: &Board, inbox: &[Message], with: &[PlanName], why: &str) -> Message {
    let about = OrchMessage::RedUnion {
        target: board.state.run.as_ref().map(|run| run.target.clone()),
        with: with.to_vec(),
        why: why.to_owned(),
    };
    Message {
        id: next_id(inbox),
        from: with.first().filter(|_| with.len() == 1).cloned(),
        kind: MessageKind::Conflict,
        text: (board.wording)(&about),
        answers: None,
        by_orch: true,
    }
}

/// Returns the groups of plans that do not pass together, each once, in manifest order.
pub fn red_unions(state: &State) -> BTreeSet<Vec<PlanName>> {
    let all = state.plans().filter(|(name, _)| !is_over(state, name));
    let groups = all.flat_map(|(name, run)| {
        live(state, run).map(move |(with, _)| {
            let mut group = with.clone();
            group.push(name.clone());
            group.sort_by_key(|plan| state.number(plan));
            group
        })
    });
    groups.collect()
}

/// Plans that landed or were cancelled in the meantime need no message.
fn is_over(state: &State, plan: &PlanName) -> bool {
    state.is_landed(plan) || state.plan(plan).outcome == Some(Outcome::Cancelled)
}

pub(in crate::schedule) fn live<'a>(
    state: &'a State,
    run: &'a PlanRun,
) -> impl Iterator<Item = (&'a Vec<PlanName>, &'a String)> {
    let red = run.red_with.iter();
    red.filter(|(with, _)| !with.iter().any(|plan| is_over(state, plan)))
}

impl UnionBuild {
    /// Returns the plans that are merged.
    pub fn plans(&self) -> impl Iterator<Item = &PlanName> {
        self.heads.iter().map(|(plan, _)| plan)
    }
}
