//! Between the state and what is tried early: when there is room, what is recorded of it, and who is told.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::{Message, MessageKind, PlanName};
use crate::schedule::attempts::stuck::next_id;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::Sent;
use crate::schedule::explain::reasons::Reason;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::train::TrialId;
use crate::schedule::train::early::Heads;
use crate::schedule::train::early::{UnionSaid, UnionTrial};

/// Branches that each pass on the target, merge, and together do not pass; or do by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnionSeen {
    /// The plan.
    pub plan: PlanName,
    /// The others, in the order of the manifest.
    pub with: Vec<PlanName>,
    /// What the verification said; empty when they pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Scheduler {
    /// Takes in where branches stand.
    pub(in crate::schedule) fn look_at_heads(&mut self, heads: Heads) {
        self.early.look(heads);
    }

    /// Gives worktrees back that the train wants, and tries what can be tried in those that it does not.
    pub(in crate::schedule) fn try_unions(&mut self, step: &mut Step, stopping: bool) {
        let settings = self.work.train;
        let off = stopping || !settings.early || !settings.verified;
        let back = if off {
            self.early.busy()
        } else {
            self.train.wanted_back()
        };
        for trial in self.early.end(back) {
            self.ask(Ask::StopUnion(trial), Effect::StopUnion(trial), step);
        }
        if off || back > 0 {
            return;
        }
        let taken = self.train.running().count() + self.early.busy();
        for trial in self.early.choose(settings.slots.saturating_sub(taken)) {
            self.ask(Ask::Union(trial.id), Effect::Union(trial), step);
        }
    }

    /// Takes in what came of a trial.
    pub(in crate::schedule) fn take_union(
        &mut self,
        at: At,
        trial: TrialId,
        said: UnionSaid,
        step: &mut Step,
    ) {
        self.asked.remove(&Ask::Union(trial));
        self.asked.remove(&Ask::StopUnion(trial));
        self.early.take(trial, said);
        self.frontier.landing = true;
        for event in self.news_of_unions() {
            self.record(at, event, step);
        }
    }

    /// What is new of branches that do not go together, with a message to each of those who work on them.
    fn news_of_unions(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let red = self.early.red();
        for (name, run) in self.state.plans() {
            let own = red.iter().filter(|(union, _)| union.contains(name));
            let own = own.map(|(union, why)| {
                let others = union.iter().filter(|other| *other != name);
                (others.cloned().collect::<Vec<PlanName>>(), why)
            });
            let mut inbox = run.inbox.clone();
            for (with, why) in own {
                if run.red_with.contains_key(&with) {
                    continue;
                }
                if run.outcome.is_none() {
                    let message = word(&self.state, &inbox, &with, why);
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
                self.early.is_green(&union)
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
}

fn word(state: &State, inbox: &[Message], with: &[PlanName], why: &str) -> Message {
    let target = state.run.as_ref().map_or("the target", |run| run.target.as_str());
    Message {
        id: next_id(inbox),
        from: with.first().filter(|_| with.len() == 1).cloned(),
        kind: MessageKind::Conflict,
        text: format!(
            "this branch passes on {target}, and so {}; merged together they do not: {}. Agree on what each may rely on",
            match with {
                [one] => format!("does that of plan {one}"),
                more => format!("do those of plans {}", listed(more)),
            },
            shortened(why)
        ),
        by_orch: true,
    }
}

/// What a verification said, short enough to be read in passing: the first line, and the last ones of the output.
fn shortened(why: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = why.lines().collect();
    match lines.as_slice() {
        [first, rest @ ..] if rest.len() > LINES => {
            format!("{first}\n{}", rest[rest.len() - LINES..].join("\n"))
        }
        _ => why.to_owned(),
    }
}

fn listed(plans: &[PlanName]) -> String {
    plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}

/// The plans that do not go together, each group once, in the order of the manifest.
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

/// What has landed or was cancelled meanwhile is told by other means.
fn is_over(state: &State, plan: &PlanName) -> bool {
    state.is_landed(plan) || state.plan(plan).outcome == Some(Outcome::Cancelled)
}

fn live<'a>(state: &'a State, run: &'a PlanRun) -> impl Iterator<Item = (&'a Vec<PlanName>, &'a String)> {
    let red = run.red_with.iter();
    red.filter(|(with, _)| !with.iter().any(|plan| is_over(state, plan)))
}

/// What is known of a plan and others that do not go together, as reasons for people.
pub(in crate::schedule) fn red_with(state: &State, run: &PlanRun) -> Vec<Reason> {
    let reason = |(with, why): (&Vec<PlanName>, &String)| {
        Reason::with_remedy(
            format!(
                "together with {} it does not pass: {}",
                listed(with),
                shortened(why)
            ),
            "a warning from branches as they stood: mend one of them, or let both agree (orch send)",
        )
    };
    live(state, run).map(reason).collect()
}

impl UnionTrial {
    /// The plans that are merged.
    pub fn plans(&self) -> impl Iterator<Item = &PlanName> {
        self.heads.iter().map(|(plan, _)| plan)
    }
}
