//! Actions of people on a page. Each action is a command line of this program, which is shown before it is run.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::plan::{CommitId, LONGEST_MESSAGE, WorkRef};

use super::answers::{ReadPlan, Status};

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `orch answer`.
    Answer,
    /// `orch approve`.
    Approve,
    /// `orch review --approve`.
    Review,
    /// `orch retry`.
    Retry,
    /// `orch pause`.
    Pause,
    /// `orch resume`.
    Resume,
    /// `orch cancel`.
    Cancel,
    /// `orch send`.
    Send,
    /// `orch merge`.
    Merge,
}

/// Every action, with its label on a button and its consequences.
pub const VERBS: [(Verb, &str, &str, &str); 9] = [
    (
        Verb::Answer,
        "answer",
        "Answer",
        "The agent's conversation continues with your answer.",
    ),
    (
        Verb::Approve,
        "approve",
        "Approve",
        "The gate opens: what waits behind it starts as soon as a slot is free.",
    ),
    (
        Verb::Review,
        "review",
        "Approve",
        "Exactly this commit may land. It lands at once where plans land by themselves, otherwise with the next merge.",
    ),
    (
        Verb::Retry,
        "retry",
        "Retry",
        "It is tried again, and so is everything that was skipped because of it.",
    ),
    (
        Verb::Pause,
        "pause",
        "Pause",
        "Nothing new of it starts. What is running continues to its end.",
    ),
    (Verb::Resume, "resume", "Resume", "It continues after its pause."),
    (
        Verb::Cancel,
        "cancel",
        "Cancel",
        "It is stopped for good, its agent is ended, and its dependents are skipped. A retry takes it up again.",
    ),
    (
        Verb::Send,
        "send",
        "Send a message",
        "The agent gets your message with its next prompt.",
    ),
    (
        Verb::Merge,
        "merge",
        "Merge",
        "The plan is merged with its target, verified, and lands when that passes.",
    ),
];

impl Verb {
    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = VERBS.iter().find(|(_, own, ..)| *own == name);
        found.map(|(verb, ..)| *verb)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static str) {
        // Every action is in the table, as a test shows.
        VERBS.iter().find(|(own, ..)| *own == self).unwrap_or(&VERBS[0])
    }

    /// Its command.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its label on a button.
    pub fn label(self) -> &'static str {
        self.row().2
    }

    /// Its consequences.
    pub fn follows(self) -> &'static str {
        self.row().3
    }

    /// True when it needs a text.
    pub fn has_text(self) -> bool {
        matches!(self, Self::Answer | Self::Send)
    }
}

/// A button that leads to the confirmation of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Its command.
    pub verb: &'static str,
    label: &'static str,
    /// Its subject.
    what: String,
}

impl Offer {
    fn new(verb: Verb, what: impl Into<String>) -> Self {
        Self {
            verb: verb.name(),
            label: verb.label(),
            what: what.into(),
        }
    }
}

/// The actions that make sense for a plan in its current state.
pub fn offered(plan: &ReadPlan) -> Vec<Offer> {
    use Verb::{Cancel, Merge, Pause, Resume, Retry, Send};
    // What is done has no agent that would read a message.
    let is_done = plan.phases.iter().all(|phase| phase.state == "done");
    let verbs: &[Verb] = match plan.state.as_str() {
        "running" => &[Send, Pause, Cancel],
        "ready" | "blocked" => &[Pause, Cancel],
        "parked" => &[Retry, Pause, Cancel],
        "paused" => &[Resume, Cancel],
        "held" if is_done => &[Retry, Cancel],
        "held" => &[Retry, Send, Cancel],
        "failed" | "skipped" | "cancelled" => &[Retry],
        "finished" => &[Merge, Cancel],
        _ => &[],
    };
    verbs.iter().map(|verb| Offer::new(*verb, &plan.name)).collect()
}

/// The action of a command that settles something; for `orch why auth && orch retry auth` the last one.
pub fn settles(command: &str) -> Option<Offer> {
    let last = command.rsplit("orch ").next()?;
    let words: Vec<&str> = last.split_whitespace().collect();
    let (verb, what) = match words.as_slice() {
        [verb, what] => (Verb::named(verb)?, what),
        [verb, what, "TEXT"] => (Verb::named(verb).filter(|verb| verb.has_text())?, what),
        _ => return None,
    };
    let work: WorkRef = what.parse().ok()?;
    Some(Offer::new(verb, work.to_string()))
}

/// A person's request.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wanted {
    /// The plan, phase or task.
    pub what: String,
    /// The reviewed commit.
    #[serde(default)]
    pub commit: String,
    /// The question, when no other may be answered.
    #[serde(default)]
    pub question: String,
    /// The message or answer.
    #[serde(default)]
    pub text: String,
    /// The plan's state when the person decided; `None` where the state does not matter.
    #[serde(default)]
    pub seen: Option<String>,
    /// The key of the server's own forms.
    #[serde(default)]
    pub key: String,
}

/// The command line of an action.
///
/// # Errors
///
/// When its subject cannot exist, or the text is missing or too long.
pub fn line(verb: Verb, wanted: &Wanted) -> Result<(WorkRef, Vec<String>), String> {
    let work: WorkRef = wanted
        .what
        .parse()
        .map_err(|_| "name a plan, a phase or a task, such as auth.2".to_owned())?;
    let mut line = vec![verb.name().to_owned()];
    if verb == Verb::Review {
        let commit: CommitId = wanted
            .commit
            .parse()
            .map_err(|_| "name the commit that you have reviewed".to_owned())?;
        line.extend(["--approve".to_owned(), "--commit".to_owned(), commit.to_string()]);
    }
    if verb == Verb::Answer && !wanted.question.is_empty() {
        line.push(format!("--question={}", wanted.question.replace("\r\n", "\n")));
    }
    // Every argument after `--` is a name or a text, whatever it begins with.
    line.extend(["--".to_owned(), work.to_string()]);
    if verb.has_text() {
        // Browsers send CRLF line ends.
        let text = wanted.text.replace("\r\n", "\n");
        let text = text.trim();
        if text.is_empty() || text == "-" {
            return Err("write a text first".to_owned());
        }
        if text.contains('\0') {
            return Err("the text has a NUL in it, which no command can be given".to_owned());
        }
        if text.len() > LONGEST_MESSAGE {
            return Err(format!("the text is longer than {} KiB", LONGEST_MESSAGE >> 10));
        }
        line.push(text.to_owned());
    }
    Ok((work, line))
}

/// The command line as a person would type it.
pub fn typed(line: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    let word = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let words: Vec<String> = line.iter().map(word).collect();
    format!("orch {}", words.join(" ")).replacen(" -- ", " ", usize::from(!text_begins_with_dash(line)))
}

fn text_begins_with_dash(line: &[String]) -> bool {
    line.iter().skip(2).any(|word| word.starts_with('-'))
}

/// A fingerprint of a plan's state: while it is unchanged, nothing that matters for an action has happened.
pub fn look_of(status: &Status, plan: &ReadPlan) -> String {
    let mut hash = Xxh3::new();
    let mut add = |text: &str| {
        hash.write(text.as_bytes());
        hash.write_u8(0);
    };
    add(&plan.state);
    add(&plan.since.map(|at| at.to_string()).unwrap_or_default());
    for question in &plan.asks {
        add(&question.text);
    }
    for item in &status.attention {
        if item.plan.as_ref() == Some(&plan.name) {
            add(&item.kind);
            add(item.command.as_deref().unwrap_or_default());
        }
    }
    format!("{:016x}", hash.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_action_once() {
        for (place, (verb, name, ..)) in VERBS.iter().enumerate() {
            assert_eq!(Verb::named(name), Some(*verb));
            assert_eq!(VERBS.iter().position(|(own, ..)| own == verb), Some(place));
            assert_eq!(verb.name(), *name);
        }
    }

    #[test]
    fn commands_that_settle_become_buttons() {
        let verb = |command: &str| settles(command).map(|offer| (offer.verb, offer.what));
        assert_eq!(verb("orch approve b.3"), Some(("approve", "b.3".to_owned())));
        assert_eq!(
            verb("orch why a && orch retry a"),
            Some(("retry", "a".to_owned()))
        );
        assert_eq!(
            verb("orch answer a.2.1 TEXT"),
            Some(("answer", "a.2.1".to_owned()))
        );
        assert_eq!(verb("orch review a"), Some(("review", "a".to_owned())));
        for other in ["orch merge --resolve a", "orch doctor --fix", "orch logs a", ""] {
            assert_eq!(verb(other), None, "{other}");
        }
    }

    #[test]
    fn texts_are_words_and_never_options() {
        let wanted = |what: &str, text: &str| Wanted {
            what: what.to_owned(),
            text: text.to_owned(),
            ..Wanted::default()
        };
        let (_, said) = line(Verb::Send, &wanted("a", " --plan=b; rm 'x'\r\n")).unwrap();
        assert_eq!(said, ["send", "--", "a", "--plan=b; rm 'x'"]);
        assert_eq!(typed(&said), r"orch send -- a '--plan=b; rm '\''x'\'''");
        let (_, said) = line(Verb::Retry, &wanted("a.2", "")).unwrap();
        assert_eq!(typed(&said), "orch retry a.2");
        let reviewed = Wanted {
            commit: "c".repeat(40),
            ..wanted("a", "")
        };
        let (_, said) = line(Verb::Review, &reviewed).unwrap();
        assert_eq!(
            typed(&said),
            format!("orch review --approve --commit {} -- a", "c".repeat(40))
        );
        assert!(
            line(Verb::Review, &wanted("a", "")).is_err(),
            "no commit was seen"
        );
        for what in ["--now", "../a", "a b", "", "A", "a.b", "a/../b", "a\n"] {
            assert!(line(Verb::Retry, &wanted(what, "")).is_err(), "{what}");
        }
        for text in ["", " \n", "-", &"x".repeat(LONGEST_MESSAGE + 1), "a\0b"] {
            assert!(line(Verb::Answer, &wanted("a", text)).is_err());
        }
    }
}
