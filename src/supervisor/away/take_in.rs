//! Taking in what a node tells: the work first, then facts and log, then the reports, the end last. Each step can be repeated.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::agent::ExitRecord;
use crate::failpoint;
use crate::git::hub::{LaneMoved, move_lane, put_snapshot, read_record, stand_on, work_of};
use crate::git::{keep, stamp};
use crate::plan::CommitId;
use crate::schedule::{Exit, Facts};
use crate::status::{OUTBOX_FILE, mirror, mirror_outbox};
use crate::supervisor::node::report::{NodeRecord, REPORTED};
use crate::supervisor::perform::attempt::unit::alone;
use crate::supervisor::project::error::in_words;

use super::charge::Charge;

/// Takes news in. Gives what a person should know.
///
/// # Errors
///
/// What is in the way. It is tried again.
pub(super) fn take_news(charge: &mut Charge, news: &CommitId) -> Result<Vec<String>, String> {
    let record = NodeRecord::read(charge.repo.common_dir(), news).map_err(in_words)?;
    let told = follow(charge, news, &record.made)?;
    failpoint::point("away.moved");
    take_log(charge, news, record.log_from)?;
    take_facts(charge, news)?;
    take_reports(charge, news)?;
    if record.node.is_some() && record.node != charge.away.node {
        charge.away.node = record.node;
        charge.away.waits = None;
        charge.folder.note_away(&charge.away).map_err(in_words)?;
    }
    charge.news = Some(news.clone());
    Ok(told.into_iter().collect())
}

/// Takes the end in. Gives what a person should know.
///
/// # Errors
///
/// What is in the way. It is tried again.
pub(super) fn take_end(charge: &mut Charge, fate: &CommitId) -> Result<Vec<String>, String> {
    let record = NodeRecord::read(charge.repo.common_dir(), fate).map_err(in_words)?;
    let mut exit = record.exit.clone().ok_or("its end on the hub says nothing")?;
    if charge.away.stop.is_some() && exit.exit == Exit::Lost {
        // The engine ended it, as it was asked to.
        exit.exit = Exit::Stopped;
    }
    let mut told: Vec<String> = record.why.clone().into_iter().collect();
    if record.node.is_some() {
        told.extend(follow(charge, fate, &record.made)?);
        told.extend(take_rest(charge, &record)?);
        failpoint::point("away.moved");
        take_whole_log(charge, fate)?;
        take_facts(charge, fate)?;
        take_reports(charge, fate)?;
    }
    failpoint::point("away.taken");
    charge.folder.come_back(&exit).map_err(in_words)?;
    Ok(told)
}

/// The end that this machine decides.
pub(super) fn ended_here(charge: &Charge, exit: Exit, at: jiff::Timestamp) -> ExitRecord {
    ExitRecord {
        schema: 1,
        exit,
        started_at: charge.away.handed_at,
        ended_at: at,
        output_bytes: fs::metadata(charge.folder.log()).map_or(0, |log| log.len()),
        left_behind: 0,
    }
}

/// Moves the lane to the work of a record.
fn follow(charge: &Charge, record: &CommitId, made: &[CommitId]) -> Result<Option<String>, String> {
    let tip = work_of(charge.repo.common_dir(), record).map_err(in_words)?;
    let _alone = alone(&charge.lock);
    match move_lane(&charge.away.worktree, &tip, made).map_err(in_words)? {
        LaneMoved::Done => Ok(None),
        LaneMoved::Rewritten(old) => {
            let kept = keep::backup(&charge.repo, &charge.lane.plan, &old, &stamp()).map_err(in_words)?;
            Ok(Some(format!(
                "its agent has rewritten the branch: what was there before is kept as {kept}"
            )))
        }
        LaneMoved::Refused(why) => Err(format!(
            "the work of {} is on the hub, and the worktree {} was changed meanwhile: commit, stash or remove the changes \
             ({why})",
            charge.away.attempt,
            charge.away.worktree.display()
        )),
    }
}

/// Puts the worktree as its agent left it: off its branch, with uncommitted files. What an open operation held is kept.
fn take_rest(charge: &Charge, record: &NodeRecord) -> Result<Option<String>, String> {
    let _alone = alone(&charge.lock);
    let worktree = &charge.away.worktree;
    if let (Some(open), Some(snapshot)) = (&record.open, &record.snapshot) {
        let kept = keep::backup(&charge.repo, &charge.lane.plan, snapshot, &stamp()).map_err(in_words)?;
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

/// Adds what is new of the log. News have its last part alone.
fn take_log(charge: &Charge, record: &CommitId, from: u64) -> Result<(), String> {
    let Some(bytes) = read_record(charge.repo.common_dir(), record, "log").map_err(in_words)? else {
        return Ok(());
    };
    let path = charge.folder.log();
    let there = fs::metadata(&path).map_or(0, |log| log.len());
    let known = usize::try_from(there.saturating_sub(from)).unwrap_or(usize::MAX);
    let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
        return Ok(());
    };
    // Where a part is missing, the end brings the whole.
    if there < from {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(new)).map_err(in_words)
}

/// Makes the log whole: continued where what is there is its beginning, so that its readers continue too.
fn take_whole_log(charge: &Charge, record: &CommitId) -> Result<(), String> {
    let git_dir = charge.repo.common_dir();
    let older = read_record(git_dir, record, "log.1").map_err(in_words)?;
    if let Some(bytes) = &older {
        charge.folder.write_back("log.1", bytes).map_err(in_words)?;
    }
    let Some(log) = read_record(git_dir, record, "log").map_err(in_words)? else {
        return Ok(());
    };
    let there = fs::read(charge.folder.log()).unwrap_or_default();
    if older.is_none() && log.starts_with(&there) {
        return take_log(charge, record, 0);
    }
    charge.folder.write_back("log", &log).map_err(in_words)
}

/// A conversation on a node is not continued here, nor on another node.
fn take_facts(charge: &Charge, record: &CommitId) -> Result<(), String> {
    let bytes = read_record(charge.repo.common_dir(), record, "facts.json").map_err(in_words)?;
    let facts = bytes.and_then(|bytes| serde_json::from_slice::<Facts>(&bytes).ok());
    let Some(mut facts) = facts else {
        return Ok(());
    };
    facts.session = None;
    let text = serde_json::to_vec(&facts).map_err(in_words)?;
    charge.folder.write_back("facts.json", &text).map_err(in_words)
}

fn take_reports(charge: &mut Charge, record: &CommitId) -> Result<(), String> {
    for name in REPORTED {
        let Some(bytes) = read_record(charge.repo.common_dir(), record, name).map_err(in_words)? else {
            continue;
        };
        if charge.mirrored.get(name) == Some(&bytes) {
            continue;
        }
        if name == OUTBOX_FILE {
            let new =
                mirror_outbox(&charge.away.worktree, &bytes, &mut charge.away.posted).map_err(in_words)?;
            if new {
                charge.folder.note_away(&charge.away).map_err(in_words)?;
            }
        } else {
            mirror(&charge.away.worktree, name, &bytes).map_err(in_words)?;
        }
        charge.mirrored.insert(name, bytes);
    }
    Ok(())
}
