//! The evidence for a landing, taken from the journal: the note that each landed merge carries.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::{Record, SCHEMA};
use crate::plan::{AttemptId, ItemId, PhaseId, WorkRef};
use crate::schedule::{AgentStart, Event, Exit, Landed, PersonFact, PhaseSaid, Ran, TaskReport};
use crate::words::{self, because};

/// The note on a commit of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceNote {
    /// Version of this format: 1.
    pub schema: u32,
    /// The plans, or their first phases, that landed with this commit. Plans may share a commit.
    pub landings: Vec<LandingEvidence>,
}

/// The landing of a plan, or of its first phases, on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LandingEvidence {
    /// The plan.
    pub plan: String,
    /// The branch that the plan landed on.
    pub target: String,
    /// The branch's tip before the landing; null when the branch did not exist.
    pub before: Option<String>,
    /// The commit with which the plan landed.
    pub commit: String,
    /// The time of the landing (RFC 3339).
    pub landed_at: String,
    /// The landed phases; null when the whole plan landed.
    pub phases: Option<Vec<u32>>,
    /// The last reports about tasks, sub-tasks and VERIFY blocks.
    pub items: Vec<ItemEvidence>,
    /// The attempts, oldest first.
    pub attempts: Vec<AttemptEvidence>,
    /// The verifications, oldest first.
    pub verified: Vec<VerifyEvidence>,
    /// Approvals by people.
    pub approvals: Vec<ApprovalEvidence>,
    /// Approvals by people who reviewed the work.
    pub reviews: Vec<ApprovalEvidence>,
}

/// The last report about a task, a sub-task or a VERIFY block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemEvidence {
    /// `2.3`, `2.3.1`, `2.verify`.
    pub id: String,
    /// `done`, `failed` or `skipped`.
    pub state: String,
    /// The attempt whose agent made the report; null for a person's report.
    pub attempt: Option<String>,
    /// True when nobody reported it: the attempt's commits counted, because no agent of the plan reported anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// True when nobody reported it: the box was already ticked in the document when the plan was begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ticked: bool,
    /// The time of the report (RFC 3339).
    pub at: String,
    /// The agent's note about it.
    pub note: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptEvidence {
    /// The attempt's id.
    pub id: String,
    /// The agent's name in the manifest.
    pub agent: String,
    /// The agent's program.
    pub program: Option<String>,
    /// The version that the program reported when the note was written.
    pub version: Option<String>,
    /// The work of the attempt: phases, tasks or VERIFY blocks.
    pub given: Vec<String>,
    /// The start time (RFC 3339).
    pub started_at: Option<String>,
    /// The end time (RFC 3339).
    pub ended_at: Option<String>,
    /// How it ended, in words.
    pub exit: Option<String>,
    /// The program's exit code; null when the program did not exit on its own.
    pub exit_code: Option<i32>,
    /// Why the attempt failed; null when it did not fail.
    pub failed: Option<String>,
}

/// One verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyEvidence {
    /// `phase`, `plan` or `merge`.
    pub of: String,
    /// The phase, for a verification of a phase.
    pub phase: Option<u32>,
    /// The shell line; null when it is not known.
    pub command: Option<String>,
    /// The commit that was verified.
    pub commit: Option<String>,
    /// The tree that was verified.
    pub tree: Option<String>,
    /// True when the command exited with code 0.
    pub passed: bool,
    /// The duration in milliseconds.
    pub took_ms: Option<u64>,
    /// The time of the record (RFC 3339).
    pub at: String,
}

/// A person's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalEvidence {
    /// What was approved: the plan, a phase of the plan or, after a review, the plan at its commit.
    pub what: String,
    /// The time of the approval (RFC 3339).
    pub at: String,
}

/// An attempt's program and the program's version, as far as they are known.
pub type Program = (Option<String>, Option<String>);

impl EvidenceNote {
    /// Parses a note; `None` when the text is not an evidence note.
    pub fn read(text: &str) -> Option<Self> {
        let note: Self = serde_json::from_str(text).ok()?;
        (note.schema == SCHEMA).then_some(note)
    }

    /// The text of the note, as it is stored.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers are JSON");
        text.push('\n');
        text
    }

    /// The JSON Schema of a note.
    pub fn json_schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }
}

impl LandingEvidence {
    /// The evidence for a landing, from the entries about its plan, in order. `None` when the journal has no entry of
    /// the landing.
    pub fn of(
        records: &[Record],
        landed: &Landed,
        program: &dyn Fn(&AttemptId, &str) -> Program,
    ) -> Option<Self> {
        let is_it = |record: &&Record| matches!(&record.event, Event::MergeLanded(found) if found == landed);
        let end = records.iter().rev().find(is_it)?;
        let before: Vec<&Record> = records.iter().filter(|record| record.seq < end.seq).collect();
        let phases = landed.part.as_ref().map(|part| part.phases.clone());
        let within = |phase: PhaseId| phases.as_ref().is_none_or(|phases| phases.contains(&phase));
        Some(Self {
            plan: landed.plan.to_string(),
            target: landed.target.clone(),
            before: landed.before.as_ref().map(ToString::to_string),
            commit: landed.commit.to_string(),
            landed_at: end.wall.to_string(),
            items: items(&before, &within),
            attempts: attempts(&before, program),
            verified: verified(&before, landed, &within),
            approvals: approvals(&before),
            reviews: reviews(&before),
            phases: phases.map(|phases| phases.iter().map(|phase| phase.0).collect()),
        })
    }
}

/// The report about a task in an event, and the state that it reports.
fn said(event: &Event) -> Option<(&TaskReport, &'static str)> {
    if let Event::TaskDone(report) = event {
        Some((report, "done"))
    } else if let Event::TaskFailed(report) = event {
        Some((report, "failed"))
    } else if let Event::TaskSkipped(report) = event {
        Some((report, "skipped"))
    } else {
        None
    }
}

fn items(records: &[&Record], within: &dyn Fn(PhaseId) -> bool) -> Vec<ItemEvidence> {
    let mut last: BTreeMap<ItemId, ItemEvidence> = BTreeMap::new();
    for record in records {
        if let Event::AttemptAssigned {
            ticks: Some(ticks), ..
        } = &record.event
        {
            for id in ticks.items.iter().filter(|id| within(id.task.phase)) {
                last.entry(id.clone()).or_insert_with(|| ItemEvidence {
                    id: id.to_string(),
                    state: "done".to_owned(),
                    attempt: None,
                    assumed: false,
                    ticked: true,
                    at: record.wall.to_string(),
                    note: None,
                });
            }
        }
        let Some((report, state)) = said(&record.event).filter(|(report, _)| within(report.task.task.phase))
        else {
            continue;
        };
        let item = ItemEvidence {
            id: report.task.to_string(),
            state: state.to_owned(),
            attempt: report.attempt.as_ref().map(ToString::to_string),
            assumed: report.assumed,
            ticked: false,
            at: report.said_at.unwrap_or(record.wall).to_string(),
            note: report.note.clone(),
        };
        last.insert(report.task.clone(), item);
    }
    last.into_values().collect()
}

fn attempts(records: &[&Record], program: &dyn Fn(&AttemptId, &str) -> Program) -> Vec<AttemptEvidence> {
    let mut all: Vec<AttemptEvidence> = Vec::new();
    for record in records {
        let wall = || Some(record.wall.to_string());
        if let Event::AttemptAssigned {
            attempt,
            agent,
            units,
            ..
        } = &record.event
        {
            let (program, version) = program(attempt, agent.as_str());
            all.push(AttemptEvidence {
                id: attempt.to_string(),
                agent: agent.to_string(),
                program,
                version,
                given: units.iter().map(ToString::to_string).collect(),
                started_at: None,
                ended_at: None,
                exit: None,
                exit_code: None,
                failed: None,
            });
        } else if let Event::AgentStarted(AgentStart { attempt, .. }) = &record.event
            && let Some(own) = of(&mut all, attempt)
        {
            own.started_at = wall();
        } else if let Event::AgentEnded { attempt, exit, .. } = &record.event
            && let Some(own) = of(&mut all, attempt)
        {
            own.ended_at = wall();
            own.exit = Some(words::exit(exit));
            own.exit_code = match exit {
                Exit::Code { code } => Some(*code),
                Exit::Signal { .. }
                | Exit::TimedOut
                | Exit::Stopped
                | Exit::Lost
                | Exit::ByHand
                | Exit::NotStarted { .. } => None,
            };
        } else if let Event::AttemptFailed { attempt, why, .. } = &record.event
            && let Some(own) = of(&mut all, attempt)
        {
            own.failed = Some(because(why));
        }
    }
    all
}

fn of<'a>(all: &'a mut [AttemptEvidence], attempt: &AttemptId) -> Option<&'a mut AttemptEvidence> {
    all.iter_mut().rev().find(|known| known.id == attempt.as_str())
}

fn verified(records: &[&Record], landed: &Landed, within: &dyn Fn(PhaseId) -> bool) -> Vec<VerifyEvidence> {
    let evidence =
        |record: &Record, of: &str, phase: Option<PhaseId>, ran: Option<&Ran>, passed: bool| VerifyEvidence {
            of: of.to_owned(),
            phase: phase.map(|phase| phase.0),
            command: ran.map(|ran| ran.line.clone()),
            commit: ran.map(|ran| ran.commit.to_string()),
            tree: ran.map(|ran| ran.tree.clone()),
            passed,
            took_ms: ran.map(|ran| ran.took_ms),
            at: record.wall.to_string(),
        };
    let mut all = Vec::new();
    for record in records {
        if let Event::PhaseVerify(fact) = &record.event
            && within(fact.phase)
            && matches!(fact.said, PhaseSaid::Passed | PhaseSaid::Failed)
        {
            let passed = fact.said == PhaseSaid::Passed;
            all.push(evidence(
                record,
                "phase",
                Some(fact.phase),
                fact.ran.as_ref(),
                passed,
            ));
        } else if let Event::VerifyPassed { commit, ran, .. } = &record.event {
            let mut found = evidence(record, "plan", None, ran.as_ref(), true);
            found.commit = Some(commit.to_string());
            all.push(found);
        } else if let Event::VerifyFailed(_) = &record.event {
            all.push(evidence(record, "plan", None, None, false));
        } else if let Event::MergeVerified(about) = &record.event
            && about.plans.contains(&landed.plan)
        {
            let verdict = &about.verdict;
            let mut found = evidence(record, "merge", None, verdict.ran.as_deref(), verdict.green);
            found.took_ms = u64::try_from(verdict.took.as_millis()).ok();
            all.push(found);
        }
    }
    all
}

fn reviews(records: &[&Record]) -> Vec<ApprovalEvidence> {
    let approved = records.iter().filter_map(|record| {
        let Event::Person(PersonFact::ReviewApproved(approval)) = &record.event else {
            return None;
        };
        Some(ApprovalEvidence {
            what: format!("{} at {}", approval.plan, approval.commit),
            at: record.wall.to_string(),
        })
    });
    approved.collect()
}

fn approvals(records: &[&Record]) -> Vec<ApprovalEvidence> {
    let approved = records.iter().filter_map(|record| {
        let Event::Approved(steered) = &record.event else {
            return None;
        };
        Some(ApprovalEvidence {
            what: WorkRef::at(&steered.plan, steered.point).to_string(),
            at: record.wall.to_string(),
        })
    });
    approved.collect()
}
