//! What the lead and the agents of a plan said to each other.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::server::Server;
use crate::journal::{JournalReader, Record};
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
        Some(turns(&reader.after(0, Some(&plan)).ok()?))
    };
    let found = tokio::task::spawn_blocking(read).await;
    let mut turns = found.ok().flatten().unwrap_or_default();
    turns.drain(..turns.len().saturating_sub(TURNS));
    turns
}

/// The turns among the entries of one plan. An answer reaches the agent as a message that repeats the question; only the answer
/// is shown.
fn turns(records: &[Record]) -> Vec<Utterance> {
    let mut turns = Vec::new();
    let mut answered = false;
    for record in records {
        let repeats = std::mem::replace(&mut answered, matches!(record.event, Event::QuestionAnswered(_)));
        let turn = |who: &str, how, text: &str| Utterance {
            at: record.wall,
            who: who.to_owned(),
            how,
            attempt: None,
            text: text.to_owned(),
        };
        let by_attempt = |attempt: String, how, text: &str| Utterance {
            attempt: Some(attempt.clone()),
            ..turn(&attempt, how, text)
        };
        turns.extend(match &record.event {
            Event::QuestionAsked(own) => Some(by_attempt(own.attempt.to_string(), "asks", &own.text)),
            Event::QuestionAnswered(own) => Some(turn("the lead", "answers", &own.text)),
            Event::MessageSent(_) if repeats => None,
            Event::MessageSent(sent) => {
                let message = &sent.message;
                let who = if message.by_orch { "orch" } else { message.sender() };
                Some(turn(who, message.kind.as_str(), &message.text))
            }
            Event::Person(PersonFact::ToLead(sent)) => {
                let message = &sent.message;
                let who = sent.plan.as_ref().map_or("a person", |plan| plan.as_str());
                Some(turn(who, message.kind.as_str(), &message.text))
            }
            Event::Person(PersonFact::ReviewReturned(own)) => Some(turn("the lead", "reviews", &own.text)),
            Event::AgentUsage(told) => {
                let end = told.facts.end.as_ref().filter(|end| !end.text.is_empty());
                end.map(|end| by_attempt(told.attempt.to_string(), "ends", &end.text))
            }
            _ => None,
        });
    }
    turns
}

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
        let sent = |text: &str, from: Option<&str>| {
            let message = json!({"id": 1, "kind": "coordination", "text": text, "from": from});
            json!({"event": "message.sent", "plan": "a", "message": message})
        };
        let end = json!({"good": true, "text": "All is done."});
        let events = [
            json!({"event": "question.asked", "plan": "a", "attempt": "a-1", "text": "Which colour?"}),
            json!({"event": "question.answered", "plan": "a", "text": "Blue"}),
            sent("You asked: Which colour? The answer: Blue", None),
            sent("Mind the tests", Some("b")),
            json!({"event": "agent.told", "plan": "a", "attempt": "a-2", "facts": {"end": end}}),
            json!({"event": "plan.finished", "plan": "a"}),
        ];
        let records = events.into_iter().zip(1..).map(|(event, seq)| record(seq, event));
        let records: Vec<Record> = records.collect();
        let said = turns(&records);
        let said: Vec<_> = said
            .iter()
            .map(|turn| format!("{} {}: {}", turn.who, turn.how, turn.text))
            .collect();
        assert_eq!(
            said,
            [
                "a-1 asks: Which colour?",
                "the lead answers: Blue",
                "b coordination: Mind the tests",
                "a-2 ends: All is done.",
            ]
        );
    }
}
