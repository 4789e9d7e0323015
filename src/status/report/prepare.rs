//! Making `.orch/` in a worktree.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failpoint;
use crate::plan::{Document, ItemId, PlanName, Statement, TaskState};
use crate::status::files::error::StatusError;
use crate::status::files::file_format::StatusFile;
use crate::status::files::folder::{
    GATES, MESSAGES, OUTBOX, PLAN, READ_UP_TO, REPLACED, STATUS, WORK, folder, plan_file, status_file,
};
use crate::status::files::untrusted::{DOCUMENT_LIMIT, Links, STATUS_LIMIT, read_text};
use crate::status::report::parse::{Malformed, object};
use crate::status::report::read::read;
use crate::status::report::ticks::is_other_document;

/// Makes `.orch/` in `worktree` with `plan.md` (the document's text) and a first `status.json`: version 0, ticked tasks
/// done, all others pending. Existing files stay as they are unless they belong to another plan, so `prepare` may be
/// called at any time.
///
/// # Errors
/// When something cannot be written.
pub fn prepare(worktree: &Path, plan: &PlanName, document: &Document) -> Result<(), StatusError> {
    make_folder(worktree)?;
    let (copy, status) = (plan_file(worktree), status_file(worktree));
    let text = document.text.clone().into_bytes();
    match read_text(&copy, DOCUMENT_LIMIT, Links::Refuse)
        .is_ok_and(|there| is_other_document(&there, document))
    {
        true => write_over(&copy, &text)?,
        false => write_new(&copy, || text)?,
    }
    let said = read_text(&status, STATUS_LIMIT, Links::Refuse);
    match said.is_ok_and(|text| matches!(object(&text, plan), Err(Malformed::Foreign(_)))) {
        true => write_over(&status, &first_status(plan, document)),
        false => write_new(&status, || first_status(plan, document)),
    }
}

/// Like [`prepare`], for an `.orch/` that came out of a commit: its content says nothing about this worktree.
///
/// # Errors
/// When something cannot be written.
pub fn prepare_anew(worktree: &Path, plan: &PlanName, document: &Document) -> Result<(), StatusError> {
    let folder = folder(worktree);
    let read_here = [PLAN, STATUS, MESSAGES, READ_UP_TO, GATES, WORK, OUTBOX].map(|name| folder.join(name));
    let foreign: Vec<PathBuf> = match fs::symlink_metadata(&folder) {
        // Nobody reads any other file.
        Ok(found) if found.is_dir() => read_here.into(),
        Ok(_) => vec![folder],
        Err(_) => Vec::new(),
    };
    for file in foreign.iter().filter(|file| file.symlink_metadata().is_ok()) {
        fs::remove_file(file).map_err(StatusError::file("remove", file))?;
    }
    prepare(worktree, plan, document)
}

/// Makes `.orch/` in a lane for its next task: `plan.md`, and a `status.json` with the known states of all tasks
/// instead of the reports of the lane's last agent. The version continues from that of the earlier file.
///
/// # Errors
/// When something cannot be written.
pub fn prepare_lane(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    states: impl Fn(&ItemId) -> TaskState,
) -> Result<(), StatusError> {
    make_folder(worktree)?;
    // Boxes that the last agent ticked say nothing about the work of the next agent.
    write_over(&plan_file(worktree), document.text.as_bytes())?;
    let path = status_file(worktree);
    let mut first = StatusFile::known(plan, document, states);
    first.version = version_of(&path).map_or(0, |version| version.saturating_add(1));
    let mut bytes = serde_json::to_vec_pretty(&first).expect("texts and numbers are JSON");
    bytes.push(b'\n');
    write_over(&path, &bytes)
}

/// Like [`prepare`], for an agent that has to do work again that another agent reported as done, because the report did
/// not count or the work is to be repeated. A `status.json` that wrongly calls tasks done is replaced as in
/// [`prepare_lane`].
///
/// # Errors
/// When something cannot be written.
pub fn prepare_again(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    states: impl Fn(&ItemId) -> TaskState,
) -> Result<(), StatusError> {
    let said = read(worktree, plan, document, None);
    let taken_back =
        |said: &Statement| said.state == TaskState::Done && states(&said.item) == TaskState::Pending;
    // A question of the last attempt is answered by now, or will be asked again.
    match said.needs.is_some() || said.items.iter().any(taken_back) {
        true => prepare_lane(worktree, plan, document, states),
        false => prepare(worktree, plan, document),
    }
}

/// Replaces a file, or makes a missing one, in one step.
pub(in crate::status) fn write_over(path: &Path, bytes: &[u8]) -> Result<(), StatusError> {
    let write = || -> io::Result<()> {
        let mut new = beside(path)?;
        new.write_all(bytes)?;
        failpoint::around("status.prepare", || new.persist(path))?;
        Ok(())
    };
    write().map_err(StatusError::file("write", path))
}

/// Makes a new file beside `path`, with the permissions that a file made there would have.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o666)) // less the umask
        .tempfile_in(path.parent().unwrap_or(path))
}

/// The version of a status file, if it can be read.
fn version_of(path: &Path) -> Option<u64> {
    let text = read_text(path, STATUS_LIMIT, Links::Refuse).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    value.get("version")?.as_u64()
}

/// The first status file's bytes.
fn first_status(plan: &PlanName, document: &Document) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(&StatusFile::initial(plan, document)).expect("texts and numbers are JSON");
    bytes.push(b'\n');
    bytes
}

/// Makes `.orch` when it is missing, or when something else has its name.
pub(in crate::status) fn make_folder(worktree: &Path) -> Result<(), StatusError> {
    let folder = folder(worktree);
    match fs::create_dir(&folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(&folder).map_err(StatusError::file("look at", &folder))?;
            if found.is_dir() {
                return Ok(());
            }
            // A link could lead writes out of the worktree, and a file belongs to somebody.
            replace(worktree, &folder).map_err(StatusError::file("move aside", &folder))
        }
        Err(error) => Err(StatusError::file("make", folder)(error)),
    }
}

/// Replaces whatever is at the path with a folder, and moves it into that folder.
fn replace(worktree: &Path, folder: &Path) -> io::Result<()> {
    let new = tempfile::Builder::new()
        .prefix(".orch-")
        .permissions(Permissions::from_mode(0o777)) // less the umask
        .tempdir_in(worktree)?;
    fs::rename(folder, new.path().join(REPLACED))?;
    fs::rename(new.keep(), folder)
}

/// Writes a file that does not exist yet, whole or not at all. Anything that is already at the path stays.
fn write_new(path: &Path, bytes: impl FnOnce() -> Vec<u8>) -> Result<(), StatusError> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        let mut new = beside(path)?;
        new.write_all(&bytes())?;
        match new.persist_noclobber(path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    };
    write().map_err(StatusError::file("write", path))
}
