//! Conflicts that a merge would meet: finds new ones and sends messages about them.

use std::collections::BTreeMap;

use crate::plan::{Message, MessageKind, PlanName};
use crate::schedule::attempts::stall::next_id;
use crate::schedule::board::orch_message::{OrchMessage, Wording};
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::{Foreseen, Sent};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;

/// Two branches that conflict as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clashing {
    /// A plan, or the target's branch.
    pub one: String,
    /// A plan.
    pub other: String,
    /// The files, each with the kind of conflict.
    pub files: Vec<String>,
}

/// Returns the events that follow from a comparison of all live branches: conflicts that are new, changed or gone. The
/// plan's agents get a message about a new conflict, in these words.
pub fn foresee(state: &State, found: &[Clashing], wording: Wording) -> Vec<Event> {
    let mut events = Vec::new();
    for (name, run) in state.plans() {
        let mut now: BTreeMap<&str, &Vec<String>> = BTreeMap::new();
        for pair in found {
            if pair.one == name.as_str() {
                now.insert(&pair.other, &pair.files);
            } else if pair.other == name.as_str() {
                now.insert(&pair.one, &pair.files);
            }
        }
        let mut inbox = run.mail.inbox.clone();
        for (with, files) in &now {
            let known = run.foreseen.get(*with);
            if known == Some(*files) {
                continue;
            }
            events.push(Event::ConflictForeseen(Foreseen {
                plan: name.clone(),
                with: (*with).to_owned(),
                files: (*files).clone(),
            }));
            if known.is_none() && run.outcome.is_none() {
                let message = message(state, &inbox, with, files, wording);
                inbox.push(message.clone());
                let plan = name.clone();
                events.push(Event::MessageSent(Sent { plan, message }));
            }
        }
        let gone = run
            .foreseen
            .keys()
            .filter(|with| !now.contains_key(with.as_str()));
        events.extend(gone.map(|with| {
            Event::ConflictGone(Foreseen {
                plan: name.clone(),
                with: with.clone(),
                files: Vec::new(),
            })
        }));
    }
    events
}

fn message(state: &State, inbox: &[Message], with: &str, files: &[String], wording: Wording) -> Message {
    let files = files.to_vec();
    let from = with
        .parse::<PlanName>()
        .ok()
        .filter(|name| state.number(name).is_some());
    let about = match from.clone() {
        Some(plan) => OrchMessage::ClashWithPlan { plan, files },
        None => OrchMessage::ClashWithTarget {
            target: with.to_owned(),
            files,
        },
    };
    Message {
        id: next_id(inbox),
        from,
        kind: MessageKind::Conflict,
        text: wording(&about),
        answers: None,
        by_orch: true,
    }
}

/// Returns the number of plans not yet on the target that a plan would conflict with. Plans that conflict with fewer others
/// land first.
pub(in crate::schedule) fn in_the_way_of(state: &State, run: &PlanRun) -> usize {
    let open = |with: &&String| {
        let name = with.parse::<PlanName>().ok();
        name.is_some_and(|name| state.number(&name).is_some() && !state.is_landed(&name))
    };
    run.foreseen.keys().filter(open).count()
}
