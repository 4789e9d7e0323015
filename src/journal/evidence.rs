//! The evidence for a landing, taken from the journal: the note that each landed merge carries.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::{Record, SCHEMA};
use crate::plan::{AttemptId, ItemId, PhaseId, WorkRef};
use crate::schedule::{Event, Exit, Landed, PersonFact, PhaseSaid, Ran, TaskReport};

/// The note on a commit of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceNote {
    /// Version of this format: 1.
    pub schema: u32,
    /// What came onto the target with this commit; more than one where plans share it.
    pub landings: Vec<LandingEvidence>,
}

/// A plan, or its first phases, on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LandingEvidence {
    /// The plan.
    pub plan: String,
    /// The branch it landed on.
    pub target: String,
    /// Where that stood before; none when it did not exist.
    pub before: Option<String>,
    /// The commit with which it landed.
    pub commit: String,
    /// When (RFC 3339).
    pub landed_at: String,
    /// The phases that landed, where not the whole plan did.
    pub phases: Option<Vec<u32>>,
    /// What was last said of tasks, parts of them and VERIFY blocks.
    pub items: Vec<ItemEvidence>,
    /// The attempts, oldest first.
    pub attempts: Vec<AttemptEvidence>,
    /// What was verified, oldest first.
    pub verified: Vec<VerifyEvidence>,
    /// What persons approved.
    pub approvals: Vec<ApprovalEvidence>,
    /// What persons said who looked at the work.
    pub reviews: Vec<ApprovalEvidence>,
}

/// The last word about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemEvidence {
    /// `2.3`, `2.3.1`, `2.verify`.
    pub id: String,
    /// `done`, `failed` or `skipped`.
    pub state: String,
    /// The attempt whose agent said so; none for a person's word.
    pub attempt: Option<String>,
    /// True when nobody said so: the attempt's commits counted, because no agent of the plan reported anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// True when nobody said so: the document had it ticked when the plan was begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ticked: bool,
    /// When (RFC 3339).
    pub at: String,
    /// The agent's words about it.
    pub note: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptEvidence {
    /// Its id.
    pub id: String,
    /// Its agent, as the manifest calls it.
    pub agent: String,
    /// The agent's program.
    pub program: Option<String>,
    /// What the program said its version is, when the note was written.
    pub version: Option<String>,
    /// What it was given: phases, tasks or VERIFY blocks.
    pub given: Vec<String>,
    /// When it started (RFC 3339).
    pub started_at: Option<String>,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
    /// How it ended, in words.
    pub exit: Option<String>,
    /// The code with which its program exited; none where it did not exit on its own.
    pub exit_code: Option<i32>,
    /// Why it was not enough; none where it was.
    pub failed: Option<String>,
}

/// One verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyEvidence {
    /// `phase`, `plan` or `merge`.
    pub of: String,
    /// The phase, where it is one's.
    pub phase: Option<u32>,
    /// The shell line; none where that is not known.
    pub command: Option<String>,
    /// The commit that was verified.
    pub commit: Option<String>,
    /// The tree that was verified.
    pub tree: Option<String>,
    /// True when it succeeded: it exited with code 0.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
    /// When it was recorded (RFC 3339).
    pub at: String,
}

/// A person's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalEvidence {
    /// What was approved: the plan or a phase of it, or after a review the plan with its commit.
    pub what: String,
    /// When (RFC 3339).
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
        } else if let Event::AgentStarted { attempt, .. } = &record.event
            && let Some(own) = of(&mut all, attempt)
        {
            own.started_at = wall();
        } else if let Event::AgentEnded { attempt, exit, .. } = &record.event
            && let Some(own) = of(&mut all, attempt)
        {
            own.ended_at = wall();
            own.exit = Some(exit.describe());
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
            own.failed = Some(why.clone());
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
