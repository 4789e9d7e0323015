//! Reading an agent's output, line by line, for facts about its attempt ([`Facts`]).
//!
//! Each program has a file of its own. All readers are pure, ignore what they do not know, and survive any input:
//! broken lines, huge lines, other languages. A sign of progress clears an obstacle, a successful end clears all of
//! them.

mod acp;
mod aider;
mod claude;
mod codex;
mod gemini;
mod json;
mod lines;
mod obstacles;
mod opencode;
mod plain;
mod readable;
mod reset;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{EventFormat, added_question, fit_question};
use crate::schedule::{Exit, Facts, Obstacle, ObstacleKind, Spent, Word};

pub(super) use lines::LineBuffer;

pub use readable::Readable;

/// How to read a job's output: part of `attempt.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutputReading {
    /// The format of the events.
    pub format: EventFormat,
    /// The tokens and money that the conversation had used before, for programs that count over the whole conversation.
    pub before: Spent,
    /// Prices in millionths per million tokens of input, cached input and output, for programs that state no cost.
    pub price: Option<[u64; 3]>,
}

/// The reader of one attempt's output.
#[derive(Debug)]
pub struct OutputReader {
    reading: OutputReading,
    lines: LineBuffer,
    draft: ReadingDraft,
}

/// The facts read so far, with the state that is needed to continue reading.
#[derive(Debug, Default)]
struct ReadingDraft {
    facts: Facts,
    /// How often the obstacle was seen since the last progress.
    sightings: u32,
    /// The last counted answer of the model.
    last_message: Option<String>,
    /// The agent's last text, for a program whose final event does not repeat it.
    said: String,
    /// The last lines that are not events.
    plain: plain::Tail,
}

impl OutputReader {
    /// A reader before any output.
    pub fn new(reading: OutputReading) -> Self {
        Self {
            reading,
            lines: LineBuffer::default(),
            draft: ReadingDraft::default(),
        }
    }

    /// Reads more output.
    pub fn feed(&mut self, bytes: &[u8], now: Timestamp) {
        let (format, draft, before) = (self.reading.format, &mut self.draft, self.reading.before);
        self.lines
            .feed(bytes, |line| read_line(format, line, draft, before, now));
    }

    /// The facts known so far.
    pub fn facts(&self) -> Facts {
        let mut facts = self.draft.facts.clone();
        if let (None, Some(price)) = (facts.spent.micros, self.reading.price) {
            let tokens = [facts.spent.input, facts.spent.cached, facts.spent.output];
            let each = tokens.into_iter().zip(price);
            let micros = each.map(|(tokens, price)| tokens.saturating_mul(price) / 1_000_000);
            facts.spent.micros = (facts.spent.tokens() > 0).then(|| micros.sum());
        }
        facts
    }

    /// The name of the conversation.
    pub(super) fn session(&self) -> Option<&str> {
        self.draft.facts.session.as_deref()
    }

    /// Records the total usage of the conversation, as counted elsewhere.
    pub(super) fn count(&mut self, total: Spent) {
        let spent = total.beyond(self.reading.before);
        if spent.tokens() > self.draft.facts.spent.tokens() {
            self.draft.facts.spent = spent;
        }
    }

    /// How often the current obstacle was seen since the last progress.
    pub fn sightings(&self) -> u32 {
        self.draft.sightings
    }

    /// The final facts.
    pub fn finish(mut self, exit: &Exit, now: Timestamp) -> Facts {
        let (format, before) = (self.reading.format, self.reading.before);
        let draft = &mut self.draft;
        self.lines.end(|line| read_line(format, line, draft, before, now));
        if format == EventFormat::Aider {
            aider::finish(&mut self.draft);
        }
        let well = *exit == Exit::Code { code: 0 };
        if format != EventFormat::None && !self.draft.facts.end.as_ref().is_some_and(|end| end.good) && !well
        {
            plain::finish(&mut self.draft, now);
        }
        self.facts()
    }
}

fn read_line(format: EventFormat, line: &[u8], draft: &mut ReadingDraft, before: Spent, now: Timestamp) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let event = text
        .starts_with('{')
        .then(|| serde_json::from_str::<serde_json::Value>(text).ok())
        .flatten();
    match (format, &event) {
        (EventFormat::Claude, Some(event)) => claude::read(event, draft, now),
        (EventFormat::Codex, Some(event)) => codex::read(event, draft, before, now),
        (EventFormat::Opencode, Some(event)) => opencode::read(event, draft, now),
        (EventFormat::Gemini, Some(event)) => gemini::read(event, draft, now),
        (EventFormat::Aider, _) => aider::read(text, draft, now),
        (EventFormat::Opencode, None) => opencode::read_log(text, draft, now),
        (EventFormat::Gemini, None) => gemini::read_log(text, draft, now),
        (EventFormat::Codex, None) => codex::read_log(text, draft),
        (EventFormat::Acp, Some(event)) => acp::read(event, draft, now),
        (EventFormat::None | EventFormat::Claude, _) | (EventFormat::Acp, None) => {}
    }
    if event.is_none() {
        draft.plain.push(text);
    }
}

impl ReadingDraft {
    /// The agent makes progress: the obstacle is gone.
    fn progress(&mut self) {
        self.facts.obstacle = None;
        self.sightings = 0;
    }

    /// Takes in a tool call, with its input when the tool asks a person. Any other tool call after a question means that the
    /// agent decided without an answer.
    fn tool_called(&mut self, asks: Option<&serde_json::Value>) {
        let before = self.facts.asks.take().filter(|_| asks.is_some());
        let before = before.unwrap_or_default();
        let asked = asks.and_then(json::questions);
        let all = asked.map(|asked| added_question(&before, &fit_question(&asked)).into_boxed_str());
        self.facts.asks = all.or(Some(before).filter(|before| !before.is_empty()));
    }

    /// Records an obstacle. A known reset time is kept.
    fn obstructed(&mut self, kind: ObstacleKind, why: &str, until: Option<i64>) {
        let known = self.facts.obstacle.as_ref().filter(|known| known.kind == kind);
        let until = until.or(known.and_then(|known| known.until));
        self.sightings = self.sightings.saturating_add(1);
        self.facts.obstacle = Some(Obstacle {
            kind,
            why: shortened(why),
            until,
        });
    }

    /// Checks whether an error is an obstacle, by the status of the answer and by its text.
    fn error(&mut self, status: Option<u64>, why: &str, now: Timestamp) {
        self.facts.errors.add(shortened(why));
        if let Some(kind) = obstacles::kind(status, why) {
            self.obstructed(kind, why, reset::reset_time(why, now));
        }
    }

    /// Reads the final error. Its status overrides an earlier guess.
    fn last_error(&mut self, status: Option<u64>, why: &str, now: Timestamp) {
        let before = self
            .facts
            .obstacle
            .take()
            .filter(|_| status.is_none() || obstacles::kind(status, why).is_some());
        self.facts.obstacle = before;
        self.error(status, why, now);
        self.end(false, why);
    }

    /// Records a successful end of a program that does not describe its end: the agent's last text is used.
    fn well(&mut self, without_words: &str) {
        let said = std::mem::take(&mut self.said);
        self.end(
            true,
            if said.trim().is_empty() {
                without_words
            } else {
                &said
            },
        );
        self.said = said;
    }

    /// Records the end and the agent's last word.
    fn end(&mut self, good: bool, text: &str) {
        if good {
            self.progress();
        }
        self.facts.end = Some(Word {
            good,
            text: shortened(text),
        });
    }
}

/// The first line, cut to a readable length.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = json::inner_message(text);
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// `Bash(git push)`.
fn tool(name: &str, what: Option<&str>) -> String {
    match what {
        Some(what) => format!("{name}({})", shortened(what)),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
