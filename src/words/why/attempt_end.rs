//! The end of an attempt, and what was wrong with its work, in words.

use crate::plan::{TaskState, listed};
use crate::schedule::{Besides, Exit, Fault, ForeignWork, GoneWork, OddEnd, OpenReport, Shortfall};

/// How an agent's process ended: `exited with code 3`, `was killed by signal 9`.
pub fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Code { code } => format!("exited with code {code}"),
        Exit::Signal { signal } => format!("was killed by signal {signal}"),
        Exit::TimedOut => "ran out of time".to_owned(),
        Exit::Stopped => "was stopped".to_owned(),
        Exit::ByHand => "left the work to a person".to_owned(),
        Exit::Lost => "vanished without a record of its end".to_owned(),
        Exit::NotStarted { why } => format!("could not be started: {why}"),
    }
}

/// What was wrong with an attempt.
pub(super) fn shortfall(shortfall: &Shortfall) -> String {
    match shortfall {
        Shortfall::Ended { end, tasks, besides } => {
            format!(
                "{}{}{}",
                odd_end(end),
                open_reports(tasks),
                self::besides(besides)
            )
        }
        Shortfall::OddButDone { end } => {
            format!(
                "{}; all of its work was reported and committed, so it counts",
                odd_end(end)
            )
        }
        Shortfall::LeftOpen { open, tasks } => format!(
            "a person worked on it and left open: {}{}",
            listed(open),
            open_reports(tasks)
        ),
        Shortfall::Uncommitted { files } => format!(
            "changes were left uncommitted, and `commit = \"require\"` forbids that: {}",
            listed(files)
        ),
        Shortfall::Gone { gone } => self::gone(gone),
        Shortfall::Foreign { foreign } => self::foreign(foreign),
        Shortfall::NotDone {
            reported,
            open,
            tasks,
            last,
        } => {
            let how = if *reported {
                "with work left"
            } else {
                "without reporting"
            };
            let (open, tasks, last) = (listed(open), open_reports(tasks), last_word(last.as_deref()));
            format!("the agent exited with code 0 {how}: {open}{tasks}{last}")
        }
        Shortfall::CheckNotReported { check, last } => format!(
            "the agent exited with code 0 and said nothing about {check}: `orch task done {check}` says that it passes, `orch \
             task fail {check}` that it does not{}",
            last_word(last.as_deref())
        ),
        Shortfall::NothingMade { reported: true, .. } => {
            "the agent reported its tasks done but made no commit".to_owned()
        }
        Shortfall::NothingMade {
            reported: false,
            last,
        } => format!(
            "the agent exited with code 0 but made no commit and reported nothing{}",
            last_word(last.as_deref())
        ),
    }
}

/// A commit of another plan: `its branch has 1a2b3c4d5e of plan p, which has not landed: …`.
pub fn foreign(work: &ForeignWork) -> String {
    let ForeignWork { plan, commit } = work;
    format!(
        "its branch has {} of plan {plan}, which has not landed: add `depends = [\"{plan}\"]`, land {plan} first, or take that \
         commit out of the branch (`git reset` or `git rebase`; a revert keeps it there)",
        commit.short()
    )
}

/// A commit with reported work that is no longer on the branch.
fn gone(gone: &GoneWork) -> String {
    let kept = gone.backup.as_ref();
    let kept = kept.map(|backup| format!("; that commit is kept as {backup}"));
    format!(
        "{} was reported done at {}, which is no longer on the branch{}",
        listed(&gone.items),
        gone.commit.short(),
        kept.unwrap_or_default()
    )
}

fn odd_end(end: &OddEnd) -> String {
    let ended = format!("the agent {}", exit(&end.exit));
    let good = end.exit == Exit::Code { code: 0 };
    match &end.fault {
        None => ended,
        Some(Fault::LastWord { text }) if !good => format!("{ended}: {text}"),
        Some(fault) => format!("{ended}, but {}", self::fault(fault)),
    }
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Denied { tools } => {
            let what = if tools.count == 1 { "a tool" } else { "tools" };
            format!(
                "it was denied {what}: {tools}; let it use them (`permissions` of its agent), or forbid them in the plan"
            )
        }
        Fault::LastWord { text } => format!("its last word is an error: {text}"),
        Fault::BreaksOff => "its output breaks off before its last word".to_owned(),
    }
}

/// `; reported failed: 2.1 (why); started and not ended: 2.2.1`, or the part of it that applies.
fn open_reports(reports: &[OpenReport]) -> String {
    let clause = |state: TaskState, word: &str| {
        let found = reports.iter().filter(|report| report.state == state);
        let found = found.map(|OpenReport { item, note, .. }| match note {
            Some(note) => format!("{item} ({note})"),
            None => item.to_string(),
        });
        let found: Vec<String> = found.collect();
        match found.is_empty() {
            true => String::new(),
            false => format!("; {word}: {}", listed(&found)),
        }
    };
    clause(TaskState::Failed, "reported failed") + &clause(TaskState::Running, "started and not ended")
}

fn besides(besides: &Besides) -> String {
    let found = [
        besides.trouble.clone(),
        besides.gone.as_ref().map(gone),
        besides.foreign.as_ref().map(foreign),
    ];
    let found: String = found.iter().flatten().map(|found| format!("; {found}")).collect();
    found + &last_word(besides.last.as_deref())
}

/// `; its last words: “what it said at the end”`.
fn last_word(last: Option<&str>) -> String {
    last.map(|last| format!("; its last words: “{last}”"))
        .unwrap_or_default()
}
