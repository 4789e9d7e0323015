//! The fold of stalls, late reports, messages, questions and foreseen conflicts.

use super::reopening::was_set_back;
use super::resolver::stall_of_resolver;
use super::steering::{attach, detach, returned, reviewed};
use crate::plan::AttemptId;
use crate::plan::WhyAgain;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::PersonFact;
use crate::schedule::state::attempt::Stall;
use crate::schedule::state::open_question::OpenQuestion;
use crate::schedule::state::person::attached::Attached;
use crate::schedule::state::plan_run::PlanRun;

/// The stall of a running attempt, whether the attempt is at the plan's work or at a conflict.
pub(in crate::schedule) fn stall_of<'a>(
    run: &'a mut PlanRun,
    attempt: &AttemptId,
) -> Option<&'a mut Option<Stall>> {
    if run.attempts.values().any(|current| current.id == *attempt) {
        return run.current(attempt).map(|current| &mut current.stall);
    }
    stall_of_resolver(run, attempt)
}

/// Folds a fact about the exchange between agents and people.
pub(in crate::schedule) fn apply_person(run: &mut PlanRun, at: At, fact: &PersonFact) {
    match fact {
        PersonFact::Delivered(mail) => run.mail.delivered = run.mail.delivered.max(mail.up_to),
        PersonFact::Read(mail) => run.mail.read = run.mail.read.max(Some(mail.up_to)),
        PersonFact::ToLead(sent) => run.mail.answered.extend(sent.message.answers),
        PersonFact::Seen { .. } => {}
        PersonFact::AttachBegan(began) => attach(
            run,
            Attached {
                lane: began.lane,
                pid: began.pid,
                command: began.command.clone(),
                since: at,
                paused: None,
            },
        ),
        PersonFact::Replaced(replaced) => {
            run.stand_ins.insert(replaced.own.clone(), replaced.by.clone());
            // The stand-in begins with all retries. Work that is given up stays so, with its failures.
            let lost = &run.lost;
            let tries = run.tries.iter_mut().filter(|(unit, _)| !lost.contains_key(unit));
            tries.for_each(|(_, tries)| tries.begin_again());
            run.repair.begin_again();
        }
        PersonFact::AttachEnded(ended) => detach(run, at, ended.pid),
        PersonFact::ReviewCommented(comment) => run.review.comments.push(comment.clone()),
        PersonFact::ReviewApproved(approval) => reviewed(run, at, approval),
        PersonFact::ReviewReturned(back) => returned(run, at, back),
        PersonFact::SetBack(back) => was_set_back(run, at, back),
    }
}

pub(in crate::schedule) fn apply_notice(run: &mut PlanRun, at: At, event: &Event) {
    match event {
        Event::AgentStalled(notice) => {
            if let Some(stall) = stall_of(run, &notice.attempt) {
                *stall = Some(Stall {
                    since: at,
                    ages: notice.ages,
                    acted: None,
                    acted_at: None,
                });
            }
        }
        Event::AgentStirred(about) => {
            if let Some(stall) = stall_of(run, &about.attempt) {
                *stall = None;
            }
        }
        Event::StallActed(done) => {
            if let Some(Some(stall)) = stall_of(run, &done.attempt) {
                stall.acted = Some(done.action);
                stall.acted_at = Some(at);
            }
        }
        Event::ReportLate(late) => {
            run.heard.insert(late.task.clone(), late.state);
        }
        Event::MessageSent(sent) => {
            run.mail.take(at, &sent.message);
        }
        Event::QuestionAsked(question) => {
            let first = run.attempt(&question.attempt);
            let first = first.and_then(|attempt| attempt.units.first().copied());
            let (text, since) = (question.text.clone(), at);
            run.questions
                .insert(question.unit, OpenQuestion { text, since, first });
        }
        Event::QuestionAnswered(answer) => {
            let over = run.questions.remove(&answer.unit);
            // The message with the answer comes next.
            let message = run.mail.inbox.last().map_or(1, |last| last.id + 1);
            if let Some(unit) = answer.unit {
                run.mail.addressed.insert(message, unit);
            }
            let tries = over.and_then(|over| Some((run.tries_mut(over.first, false)?, over.text)));
            if let Some((tries, question)) = tries {
                tries.before = Some((WhyAgain::Answered, question.into()));
                tries.owed.insert(message);
            }
        }
        Event::Escalated(wait) => {
            run.escalated.insert((wait.waiting, wait.on.clone()), at);
        }
        Event::ConflictForeseen(seen) => {
            run.foreseen.insert(seen.with.clone(), seen.files.clone());
        }
        Event::ConflictGone(seen) => {
            run.foreseen.remove(&seen.with);
        }
        Event::UnionRed(seen) => {
            run.red_with.insert(seen.with.clone(), seen.why.clone());
        }
        Event::UnionGreen(seen) => {
            run.red_with.remove(&seen.with);
        }
        _ => {}
    }
}
