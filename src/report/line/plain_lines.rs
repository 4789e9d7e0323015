//! The stream of records as lines, where there is no terminal.

use std::fmt::Write as _;
use std::io::Write as _;

use anstream::adapter::strip_bytes;

use crate::journal::Record;
use crate::plan::Currency;
use crate::schedule::{Event, PersonFact, Scheduler, attention};
use crate::supervisor::Observer;
use crate::words::{attention_line, attention_text};

use super::event_line::event_line;

/// Prints records to standard error, one line each.
#[derive(Debug)]
pub struct PlainLines {
    verbose: bool,
    answered: bool,
    coloured: bool,
    currency: Currency,
}

impl PlainLines {
    /// Prints everything when verbose, otherwise only events that matter to a waiting person. Costs are in this currency.
    pub fn new(verbose: bool, currency: Currency) -> Self {
        Self {
            verbose,
            currency,
            answered: false,
            coloured: anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
        }
    }

    /// For a merge whose answer states the result of each plan: prints verdicts as they arrive, and no result twice.
    #[must_use]
    pub fn before_an_answer(self) -> Self {
        Self {
            answered: true,
            ..self
        }
    }

    fn is_told(&self, event: &Event) -> bool {
        let told = match event {
            Event::MergeVerified(_) => self.answered,
            event if self.answered && is_in_the_answer(event) => false,
            event => is_news(event),
        };
        self.verbose || told
    }
}

impl Observer for PlainLines {
    fn awaits(&mut self, scheduler: &Scheduler) {
        let (work, state) = (scheduler.work(), scheduler.state());
        let mut lines = String::new();
        for item in attention(work, state) {
            let (text, command) = attention_text(&item, state);
            let _ = writeln!(
                lines,
                "waiting: {} ({command})",
                attention_line(Some(item.plan.as_str()), &text)
            );
        }
        lines.push_str(
            "waiting for a person: the run goes on once one of them is settled, and ends with `orch down`\n",
        );
        let _ = std::io::stderr().write_all(lines.as_bytes());
    }

    fn recorded(&mut self, records: &[Record], _: &Scheduler) {
        let mut lines = String::new();
        for record in records.iter().filter(|record| self.is_told(&record.event)) {
            lines.push_str(&event_line(record, self.currency));
            lines.push('\n');
        }
        if lines.is_empty() {
            return;
        }
        // In one write: an adapter that strips colours would write each line, and each coloured word, separately.
        let lines = match self.coloured {
            true => lines.into_bytes(),
            false => strip_bytes(lines.as_bytes()).into_vec(),
        };
        // The run does not depend on a reader.
        let _ = std::io::stderr().write_all(&lines);
    }
}

/// True for events that the answer of a merge contains, or makes obvious.
fn is_in_the_answer(event: &Event) -> bool {
    matches!(
        event,
        Event::MergeLanded(_)
            | Event::MergeFailed(_)
            | Event::MergeRequested { .. }
            | Event::RunStarted { .. }
            | Event::RunStopped { .. }
    )
}

/// False for intermediate steps.
fn is_news(event: &Event) -> bool {
    match event {
        Event::AttemptAssigned { .. }
        | Event::AgentUsage(_)
        | Event::AttemptChecked { .. }
        | Event::StageDone { .. }
        | Event::WorktreeDeferred(_)
        | Event::WorkMerged { .. }
        | Event::WorkLeftOut { .. }
        | Event::Ticked(_)
        | Event::Person(PersonFact::Delivered(_) | PersonFact::Read(_) | PersonFact::Seen { .. })
        | Event::MergeStarted { .. }
        | Event::MergeVerified(_)
        | Event::VerifyStarted { .. }
        | Event::VerifyStopped { .. }
        | Event::Pinned { .. }
        | Event::TaskStarted { .. } => false,
        Event::AgentSubmitted(submitted) => submitted.job.is_some(),
        Event::RunStarted { .. }
        | Event::RunStopping { .. }
        | Event::RunStopped { .. }
        | Event::RunSettled {}
        | Event::RunWidth(_)
        | Event::WorktreeCreated { .. }
        | Event::WorktreeRefused(_)
        | Event::WorktreeWaits(_)
        | Event::WorktreeLost { .. }
        | Event::AgentStarted(_)
        | Event::AgentSilent(_)
        | Event::AgentHeard(_)
        | Event::AgentRefused { .. }
        | Event::AgentEnded { .. }
        | Event::AttemptFailed { .. }
        | Event::AttemptParked(_)
        | Event::TaskDone { .. }
        | Event::TaskFailed { .. }
        | Event::TaskSkipped { .. }
        | Event::PhaseDone { .. }
        | Event::PhaseVerify(_)
        | Event::PinRefused { .. }
        | Event::WorkConflicted(_)
        | Event::WorkRefused { .. }
        | Event::WorkAdded(_)
        | Event::WorkFailed { .. }
        | Event::WorkSkipped { .. }
        | Event::VerifyPassed { .. }
        | Event::VerifyFailed { .. }
        | Event::PlanFinished { .. }
        | Event::PlanFailed(_)
        | Event::PlanSkipped(_)
        | Event::PlanHeld { .. }
        | Event::Paused(_)
        | Event::Resumed { .. }
        | Event::RetryRequested { .. }
        | Event::CancelRequested { .. }
        | Event::PlanCancelled { .. }
        | Event::WorkCancelled { .. }
        | Event::Approved { .. }
        | Event::MergeRequested { .. }
        | Event::MergeLanded { .. }
        | Event::MergeFound { .. }
        | Event::MergeReverted(_)
        | Event::MergeRestored(_)
        | Event::MergeFlaky(_)
        | Event::TargetChecked(_)
        | Event::MergeFailed { .. }
        | Event::AgentStalled(_)
        | Event::AgentStirred(_)
        | Event::StallActed(_)
        | Event::ReportLate(_)
        | Event::MessageSent(_)
        | Event::Person(
            PersonFact::ToLead(_)
            | PersonFact::Replaced(_)
            | PersonFact::AttachBegan(_)
            | PersonFact::AttachEnded(_)
            | PersonFact::ReviewCommented(_)
            | PersonFact::ReviewApproved(_)
            | PersonFact::ReviewReturned(_)
            | PersonFact::SetBack(_),
        )
        | Event::QuestionAsked(_)
        | Event::QuestionAnswered(_)
        | Event::Escalated(_)
        | Event::ManifestChanged(_)
        | Event::ConflictForeseen(_)
        | Event::ConflictGone(_)
        | Event::Resolve(_)
        | Event::UnionRed(_)
        | Event::UnionGreen(_)
        | Event::Warning { .. } => true,
    }
}
