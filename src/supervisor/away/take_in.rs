//! Importing what a node reports: first the work, then facts and log, then the agent's reports, and the end last. Each step
//! can be repeated.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::agent::ExitRecord;
use crate::failpoint;
use crate::git::hub::HubRecord;
use crate::git::{LaneMoved, keep, move_lane, put_snapshot, stamp, stand_on};
use crate::plan::CommitId;
use crate::schedule::{Exit, Facts};
use crate::status::{OUTBOX_FILE, mirror, mirror_outbox};
use crate::supervisor::node::report::{NodeRecord, REPORTED};
use crate::supervisor::perform::attempt::unit::alone;
use crate::supervisor::project::error::in_words;

use super::away_attempt::AwayAttempt;

/// The file of facts about the agent's work, in records and in the attempt's folder.
const FACTS: &str = "facts.json";

/// Imports news. Returns what a person should know.
///
/// # Errors
///
/// When something prevents the import. The import is tried again.
pub(super) fn take_news(remote: &mut AwayAttempt, news: &CommitId) -> Result<Vec<String>, String> {
    let on_hub = HubRecord::open(remote.repo.common_dir(), news).map_err(in_words)?;
    let record = NodeRecord::read(&on_hub).map_err(in_words)?;
    let told = follow(remote, &on_hub, &record.made)?;
    failpoint::point("away.moved");
    take_log(remote, &on_hub, record.log_from)?;
    take_facts(remote, &on_hub)?;
    take_reports(remote, &on_hub)?;
    note_node(remote, &record)?;
    remote.news = Some(news.clone());
    Ok(told.into_iter().collect())
}

/// Imports the end. Returns what a person should know.
///
/// # Errors
///
/// When something prevents the import. The import is tried again.
pub(super) fn take_end(remote: &mut AwayAttempt, fate: &CommitId) -> Result<Vec<String>, String> {
    let on_hub = HubRecord::open(remote.repo.common_dir(), fate).map_err(in_words)?;
    let record = NodeRecord::read(&on_hub).map_err(in_words)?;
    let mut exit = record.exit.clone().ok_or("its end on the hub says nothing")?;
    if remote.away.stop.is_some() && exit.exit == Exit::Lost {
        // The engine ended the job because it was asked to.
        exit.exit = Exit::Stopped;
    }
    note_node(remote, &record)?;
    let mut told = Vec::new();
    if record.node.is_some() {
        told.extend(follow(remote, &on_hub, &record.made)?);
        told.extend(take_rest(remote, &record)?);
        failpoint::point("away.moved");
        take_whole_log(remote, &on_hub)?;
        take_facts(remote, &on_hub)?;
        take_reports(remote, &on_hub)?;
    }
    if record.why.is_some() {
        remote.away.why.clone_from(&record.why);
        remote.folder.note_away(&remote.away).map_err(in_words)?;
    }
    failpoint::point("away.taken");
    remote.folder.come_back(&exit).map_err(in_words)?;
    Ok(told)
}

/// Notes the node that a record comes from.
fn note_node(remote: &mut AwayAttempt, record: &NodeRecord) -> Result<(), String> {
    if record.node.is_some() && record.node != remote.away.node {
        remote.away.node.clone_from(&record.node);
        remote.away.waits = None;
        remote.folder.note_away(&remote.away).map_err(in_words)?;
    }
    Ok(())
}

/// The exit record of an attempt whose end this machine decides.
pub(super) fn ended_here(remote: &AwayAttempt, exit: Exit, at: jiff::Timestamp) -> ExitRecord {
    ExitRecord {
        schema: 1,
        exit,
        started_at: remote.away.handed_at,
        ended_at: at,
        output_bytes: fs::metadata(remote.folder.log()).map_or(0, |log| log.len()),
        left_behind: 0,
    }
}

/// Moves the lane to the commits of a record.
fn follow(remote: &AwayAttempt, record: &HubRecord, made: &[CommitId]) -> Result<Option<String>, String> {
    let tip = record.work().map_err(in_words)?;
    let _alone = alone(&remote.lock);
    match move_lane(&remote.away.worktree, &tip, made).map_err(in_words)? {
        LaneMoved::Done => Ok(None),
        LaneMoved::Rewritten(old) => {
            let kept = keep::backup(&remote.repo, &remote.lane.plan, &old, &stamp()).map_err(in_words)?;
            Ok(Some(format!(
                "its agent has rewritten the branch: what was there before is kept as {kept}"
            )))
        }
        LaneMoved::Refused(why) => Err(format!(
            "the work of {} is on the hub, and the worktree {} was changed meanwhile: commit, stash or remove the changes \
             ({why})",
            remote.away.attempt,
            remote.away.worktree.display()
        )),
    }
}

/// Brings the worktree into the state in which the agent left it: off its branch, with uncommitted files. The data of an open
/// operation is kept.
fn take_rest(remote: &AwayAttempt, record: &NodeRecord) -> Result<Option<String>, String> {
    let _alone = alone(&remote.lock);
    let worktree = &remote.away.worktree;
    if let (Some(open), Some(snapshot)) = (&record.open, &record.snapshot) {
        let kept = keep::backup(&remote.repo, &remote.lane.plan, snapshot, &stamp()).map_err(in_words)?;
        return Ok(Some(format!(
            "its agent left a {open} open, which was given up: its files are kept as {kept}"
        )));
    }
    if let Some(astray) = record.astray.as_ref().filter(|_| record.open.is_none()) {
        stand_on(worktree, astray).map_err(in_words)?;
    }
    if let Some(snapshot) = &record.snapshot {
        put_snapshot(worktree, snapshot).map_err(in_words)?;
    }
    Ok(None)
}

/// Appends the new part of the log. News contain only the log's last part.
fn take_log(remote: &AwayAttempt, record: &HubRecord, from: u64) -> Result<(), String> {
    let Some(bytes) = record.file("log").map_err(in_words)? else {
        return Ok(());
    };
    let path = remote.folder.log();
    let there = fs::metadata(&path).map_or(0, |log| log.len());
    let known = usize::try_from(there.saturating_sub(from)).unwrap_or(usize::MAX);
    let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
        return Ok(());
    };
    // When a part is missing, the end brings the whole log.
    if there < from {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(new)).map_err(in_words)
}

/// Completes the log. When the existing file is a beginning of the log, the rest is appended, so that its readers can
/// continue.
fn take_whole_log(remote: &AwayAttempt, record: &HubRecord) -> Result<(), String> {
    let older = record.file("log.1").map_err(in_words)?;
    if let Some(bytes) = &older {
        remote.folder.write_back("log.1", bytes).map_err(in_words)?;
    }
    for times in ["log.1.times", "log.times"] {
        if let Some(bytes) = record.file(times).map_err(in_words)? {
            remote.folder.write_back(times, &bytes).map_err(in_words)?;
        }
    }
    let Some(log) = record.file("log").map_err(in_words)? else {
        return Ok(());
    };
    let there = fs::read(remote.folder.log()).unwrap_or_default();
    if older.is_none() && log.starts_with(&there) {
        return take_log(remote, record, 0);
    }
    remote.folder.write_back("log", &log).map_err(in_words)
}

/// Imports the facts without the conversation: a conversation on a node can be continued neither here nor on another node.
fn take_facts(remote: &mut AwayAttempt, record: &HubRecord) -> Result<(), String> {
    let bytes = record.file(FACTS).map_err(in_words)?;
    let Some(bytes) = bytes.filter(|bytes| remote.mirrored.get(FACTS) != Some(bytes)) else {
        return Ok(());
    };
    let Ok(mut facts) = serde_json::from_slice::<Facts>(&bytes) else {
        return Ok(());
    };
    facts.session = None;
    let text = serde_json::to_vec(&facts).map_err(in_words)?;
    remote.folder.write_back(FACTS, &text).map_err(in_words)?;
    remote.mirrored.insert(FACTS, bytes);
    Ok(())
}

fn take_reports(remote: &mut AwayAttempt, record: &HubRecord) -> Result<(), String> {
    for name in REPORTED {
        let Some(bytes) = record.file(name).map_err(in_words)? else {
            continue;
        };
        if remote.mirrored.get(name) == Some(&bytes) {
            continue;
        }
        if name == OUTBOX_FILE {
            let new =
                mirror_outbox(&remote.away.worktree, &bytes, &mut remote.away.posted).map_err(in_words)?;
            if new {
                remote.folder.note_away(&remote.away).map_err(in_words)?;
            }
        } else {
            mirror(&remote.away.worktree, name, &bytes).map_err(in_words)?;
        }
        remote.mirrored.insert(name, bytes);
    }
    Ok(())
}
