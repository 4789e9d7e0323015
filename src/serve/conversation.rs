//! What the lead and the agents of a plan said to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::server::Server;
use crate::journal::{JournalReader, Record};
use crate::plan::AttemptId;
use crate::schedule::{Event, PersonFact};

/// The most turns that a page shows: the last ones.
const TURNS: usize = 200;

/// Something that somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Utterance {
    /// When.
    pub at: Timestamp,
    /// The lead, a plan, an attempt, or `orch` itself.
    pub who: String,
    /// How: `asks`, `answers`, `ends`, `reviews`, or the kind of the message.
    pub how: &'static str,
    /// The question that is answered, or the plan to which a message went.
    pub about: Option<String>,
    /// The attempt whose log shows the rest of what its agent said and did.
    pub attempt: Option<String>,
    /// The text.
    pub text: String,
}

/// The last turns of a plan's conversation, oldest first. Empty while there is no journal that can be read.
pub async fn conversation(server: &Arc<Server>, plan: &str) -> Vec<Utterance> {
    let (dir, plan) = (server.dir.clone(), plan.to_owned());
    let read = move || {
        let reader = JournalReader::open(&dir).ok()??;
        // What this plan's agents said to other plans is in the records of those plans.
        let keep = |event: &str, of: Option<&str>| of == Some(&plan) || event == "message.sent";
        Some(turns(&plan, &reader.filtered(0, &keep).ok()?))
    };
    let found = tokio::task::spawn_blocking(read).await;
    let mut turns = found.ok().flatten().unwrap_or_default();
    turns.drain(..turns.len().saturating_sub(TURNS));
    turns
}

/// The turns among the entries: those of the plan, and messages between other plans. An answer reaches the agent as a message that
/// repeats the question; only the answer is shown.
fn turns(plan: &str, records: &[Record]) -> Vec<Utterance> {
    let mut turns: Vec<Utterance> = Vec::new();
    let mut asked = BTreeMap::new();
    let mut answered = false;
    for record in records {
        let own = record.event.plan().is_some_and(|of| of.as_str() == plan);
        let repeats =
            own && std::mem::replace(&mut answered, matches!(record.event, Event::QuestionAnswered(_)));
        let turn = |who: &str, how, text: &str| Utterance {
            at: record.wall,
            who: who.to_owned(),
            how,
            about: None,
            attempt: None,
            text: text.to_owned(),
        };
        let by_attempt = |attempt: &AttemptId, how, text: &str| Utterance {
            attempt: Some(attempt.to_string()),
            ..turn(attempt.as_str(), how, text)
        };
        match &record.event {
            Event::QuestionAsked(own) => {
                asked.insert(own.unit, own.text.clone());
                // It is recorded once the attempt has ended, but was asked before the agent's last words.
                let last = turns.iter().rposition(|turn| turn.how == ENDS);
                let last = last.filter(|last| turns[*last].attempt.as_deref() == Some(own.attempt.as_str()));
                let mut question = by_attempt(&own.attempt, "asks", &own.text);
                if let Some(last) = last {
                    question.at = turns[last].at;
                }
                turns.insert(last.unwrap_or(turns.len()), question);
            }
            Event::QuestionAnswered(own) => turns.push(Utterance {
                about: asked.get(&own.unit).cloned(),
                ..turn("the lead", "answers", &own.text)
            }),
            Event::MessageSent(_) if repeats => {}
            Event::MessageSent(sent) => {
                let message = &sent.message;
                let who = if message.by_orch { "orch" } else { message.sender() };
                if own {
                    turns.push(turn(who, message.kind.as_str(), &message.text));
                } else if who == plan {
                    turns.push(Utterance {
                        about: Some(sent.plan.to_string()),
                        ..turn(who, message.kind.as_str(), &message.text)
                    });
                }
            }
            Event::Person(PersonFact::ToLead(sent)) => {
                let message = &sent.message;
                let who = sent.plan.as_ref().map_or("a person", |plan| plan.as_str());
                turns.push(turn(who, message.kind.as_str(), &message.text));
            }
            Event::Person(PersonFact::ReviewReturned(own)) => {
                turns.push(turn("the lead", "reviews", &own.text))
            }
            Event::AgentUsage(told) => {
                let end = told.facts.end.as_ref().filter(|end| !end.text.is_empty());
                turns.extend(end.map(|end| by_attempt(&told.attempt, ENDS, &end.text)));
            }
            _ => {}
        }
    }
    turns
}

/// The way of an agent's last words.
const ENDS: &str = "ends";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::RunId;
    use crate::schedule::At;

    fn record(seq: i64, event: Value) -> Record {
        let name = event["event"].as_str().unwrap().to_owned();
        Record {
            seq,
            at: At::default(),
            wall: Timestamp::from_second(seq).unwrap(),
            run: RunId(1),
            event: Event::read(&name, event).unwrap(),
        }
    }

    #[test]
    fn each_side_speaks_once() {
        let sent = |to: &str, text: &str, from: Option<&str>| {
            let message = json!({"id": 1, "kind": "coordination", "text": text, "from": from});
            json!({"event": "message.sent", "plan": to, "message": message})
        };
        let ends = |attempt: &str, text: &str| {
            let end = json!({"good": true, "text": text});
            json!({"event": "agent.told", "plan": "a", "attempt": attempt, "facts": {"end": end}})
        };
        let events = [
            ends("a-1", "I have asked."),
            json!({"event": "question.asked", "plan": "a", "attempt": "a-1", "text": "Which colour?"}),
            json!({"event": "question.answered", "plan": "a", "text": "Blue"}),
            sent("a", "You asked: Which colour? The answer: Blue", None),
            sent("a", "Mind the tests", Some("b")),
            sent("b", "I do", Some("a")),
            sent("c", "Not for a", Some("b")),
            ends("a-2", "All is done."),
            json!({"event": "plan.finished", "plan": "a"}),
        ];
        let records = events.into_iter().zip(1..).map(|(event, seq)| record(seq, event));
        let records: Vec<Record> = records.collect();
        let said = turns("a", &records);
        let said: Vec<_> = said
            .iter()
            .map(|turn| {
                format!(
                    "{} {} ({}): {}",
                    turn.who,
                    turn.how,
                    turn.about.as_deref().unwrap_or("-"),
                    turn.text
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                "a-1 asks (-): Which colour?",
                "a-1 ends (-): I have asked.",
                "the lead answers (Which colour?): Blue",
                "b coordination (-): Mind the tests",
                "a coordination (b): I do",
                "a-2 ends (-): All is done.",
            ]
        );
    }
}
