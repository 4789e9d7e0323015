//! Changing the status file beside other writers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::plan::{Document, ItemId, LONGEST_MESSAGE, PlanName, TaskState, added_question};
use crate::status::files::error::StatusError;
use crate::status::files::file_format::StatusFile;
use crate::status::files::folder::{FOLDER, STATUS, status_file};
use crate::status::files::guard::Guard;
use crate::status::files::replace::{Replaced, move_aside, replace};
use crate::status::files::untrusted::{Flaw, Links, STATUS_LIMIT, read_text};
use crate::status::report::change::Change;
use crate::status::report::edit;
use crate::status::report::parse::{Malformed, object};
use crate::status::report::prepare::make_folder;

/// How often the file is read again when others replace it meanwhile.
const TRIES: u32 = 100;
/// How often, and at what interval, a file is read again that may be in the middle of being written in place.
const SETTLING: u32 = 20;
const SETTLING_PAUSE: Duration = Duration::from_millis(10);

/// The result of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The file's new version.
    pub version: u64,
    /// Anything unusual on the way, such as a damaged file that was moved aside.
    pub warnings: Vec<String>,
}

/// Writes changes into `.orch/status.json`, all of them or none, with the time `at`. Makes missing files and folders.
///
/// Safe with any number of callers, and with programs that replace the file themselves: when such a program puts a new
/// file in place meanwhile, that file is read and the changes are made on top of it. Unknown fields stay. A file that
/// is no status file of this plan is kept as `status.json.damaged-N`, and a new file is begun.
///
/// # Errors
/// When an item is not in `document`, a state is `ready`, or the file cannot be replaced.
pub fn update(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    at: Timestamp,
    changes: &[Change],
) -> Result<Updated, StatusError> {
    for change in changes {
        check(plan, document, change)?;
    }
    let text = at.to_string();
    edit_file(worktree, plan, document, &text, |object| {
        for change in changes {
            edit::change(object, change, &text);
        }
        Ok(())
    })
}

/// True when the plan has a status file that can be changed.
pub fn is_usable(worktree: &Path, plan: &PlanName) -> bool {
    matches!(look(&status_file(worktree), plan), FileLook::Usable(_))
}

/// Makes a status file with the known states in place of a missing or damaged one. A damaged file is kept; a valid file
/// stays. Returns warnings.
///
/// # Errors
/// When the file cannot be replaced.
pub fn renew(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    states: impl Fn(&ItemId) -> TaskState,
) -> Result<Vec<String>, StatusError> {
    make_folder(worktree)?;
    let path = status_file(worktree);
    let guard = Guard::take(worktree)?;
    let mut warnings = Vec::new();
    let pause = || std::thread::sleep(SETTLING_PAUSE);
    if find(&guard, &path, plan, &mut warnings, pause)?.is_none()
        && let Ok(Value::Object(object)) = serde_json::to_value(StatusFile::known(plan, document, states))
    {
        // Ignores a clash: another process has put a newer file there.
        replace(&guard, &path, None, text_of(&object).as_bytes())?;
    }
    Ok(warnings)
}

/// Sets or removes the text for people to read; otherwise like [`update()`].
///
/// # Errors
/// When the file cannot be replaced.
pub fn set_message(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    at: Timestamp,
    text: Option<&str>,
) -> Result<Updated, StatusError> {
    edit_file(worktree, plan, document, &at.to_string(), |object| {
        object.insert("message".to_owned(), text.into());
        Ok(())
    })
}

/// Adds a question to a person after the questions that the attempt has asked before; otherwise like [`update()`].
///
/// # Errors
/// When all questions together are longer than a message, or the file cannot be replaced.
pub fn add_question(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    at: Timestamp,
    question: &str,
) -> Result<Updated, StatusError> {
    edit_file(worktree, plan, document, &at.to_string(), |object| {
        let before = object.get("needs").and_then(Value::as_str).unwrap_or_default();
        let all = added_question(before, question);
        if all.len() > LONGEST_MESSAGE {
            return Err(StatusError::LongQuestions { bytes: all.len() });
        }
        object.insert("needs".to_owned(), all.into());
        Ok(())
    })
}

fn check(plan: &PlanName, document: &Document, change: &Change) -> Result<(), StatusError> {
    if change.state == TaskState::Ready {
        return Err(StatusError::Derived {
            item: change.item.to_string(),
        });
    }
    if document.items().any(|(item, _)| item == change.item) {
        return Ok(());
    }
    Err(StatusError::UnknownItem {
        plan: plan.to_string(),
        item: change.item.to_string(),
        hint: what_there_is(document, &change.item),
    })
}

/// The sub-tasks of the item's task, or else the tasks of its phase, or else the phases.
fn what_there_is(document: &Document, item: &ItemId) -> String {
    let (of, ids): (String, Vec<String>) = if let Some(task) = document.task(item.task) {
        let subtasks = task.subtasks.iter().map(|sub| sub.id.to_string());
        (format!("task {} has the sub-tasks", task.id), subtasks.collect())
    } else if let Some(phase) = document.phase(item.task.phase) {
        let tasks = phase.tasks.iter().map(|task| task.id.to_string());
        (format!("phase {} has the tasks", phase.id), tasks.collect())
    } else {
        let phases = document.phases.iter().map(|phase| phase.id.to_string());
        ("its phases are".to_owned(), phases.collect())
    };
    match ids.as_slice() {
        [] => format!("{of}: none"),
        few if few.len() <= 12 => format!("{of} {}", few.join(", ")),
        [first, .., last] => format!("{of} {first} to {last}"),
        [only] => format!("{of} {only}"),
    }
}

fn edit_file(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    at: &str,
    edit: impl Fn(&mut Map<String, Value>) -> Result<(), StatusError>,
) -> Result<Updated, StatusError> {
    make_folder(worktree)?;
    let path = status_file(worktree);
    let guard = Guard::take(worktree)?;
    let mut warnings = Vec::new();
    let pause = || std::thread::sleep(SETTLING_PAUSE);
    let mut found = find(&guard, &path, plan, &mut warnings, pause)?;
    let mut base = match &found {
        Some(EditableStatus { object, .. }) => object.clone(),
        None => first(plan, document),
    };
    for _ in 0..TRIES {
        let mut new = base.clone();
        edit(&mut new)?;
        let version = edit::stamp(&mut new, plan, at);
        let text = text_of(&new);
        let expected = found.as_ref().and_then(|found| found.text.as_deref());
        match replace(&guard, &path, expected, text.as_bytes())? {
            Replaced::Done => return Ok(Updated { version, warnings }),
            Replaced::Clash => {
                found = find(&guard, &path, plan, &mut warnings, pause)?;
                // When the file was removed, its last content is still the best that is known.
                if let Some(EditableStatus { object, .. }) = &found {
                    base = object.clone();
                }
            }
            Replaced::Took(Ok(theirs), kept) => match usable(&theirs, plan) {
                // The new file has replaced a newer file of another process. The change is made again on top of that
                // file.
                Ok(object) => {
                    base = object.clone();
                    found = Some(EditableStatus {
                        object,
                        text: Some(text),
                    });
                }
                Err(malformed) => {
                    put_aside(&guard, &kept, &path, &malformed.to_string(), &mut warnings)?;
                    return Ok(Updated { version, warnings });
                }
            },
            Replaced::Took(Err(flaw), kept) => {
                put_aside(&guard, &kept, &path, &flaw.to_string(), &mut warnings)?;
                return Ok(Updated { version, warnings });
            }
        }
    }
    Err(StatusError::Contended { path, tries: TRIES })
}

/// A status file that can be changed.
#[derive(Debug)]
struct EditableStatus {
    object: Map<String, Value>,
    /// The text of the file at the path; `None` when there is no file.
    text: Option<String>,
}

/// Reads the file to change. A file that is no status file of the plan is moved aside, but only after some pauses: it
/// may be in the middle of being written in place.
fn find(
    guard: &Guard,
    path: &Path,
    plan: &PlanName,
    warnings: &mut Vec<String>,
    pause: impl Fn(),
) -> Result<Option<EditableStatus>, StatusError> {
    let mut looked = look(path, plan);
    for _ in 0..SETTLING {
        if !matches!(looked, FileLook::Unusable { settles: true, .. }) {
            break;
        }
        pause();
        looked = look(path, plan);
    }
    let why = match looked {
        FileLook::Missing => return Ok(None),
        FileLook::Usable(found) => return Ok(Some(found)),
        FileLook::Unusable { why, .. } => why,
    };
    let Some(kept) = put_aside(guard, path, path, &why, warnings)? else {
        return Ok(None);
    };
    // A valid file may have appeared between looking and moving. Then the new file continues from it.
    Ok(match look(&kept, plan) {
        FileLook::Usable(EditableStatus { object, .. }) => Some(EditableStatus { object, text: None }),
        FileLook::Missing | FileLook::Unusable { .. } => None,
    })
}

#[derive(Debug)]
enum FileLook {
    Missing,
    Usable(EditableStatus),
    /// `settles`: the file may be in the middle of being written.
    Unusable {
        why: String,
        settles: bool,
    },
}

fn look(path: &Path, plan: &PlanName) -> FileLook {
    let text = match read_text(path, STATUS_LIMIT, Links::Refuse) {
        Ok(text) => text,
        Err(Flaw::Missing) => return FileLook::Missing,
        Err(flaw) => {
            return FileLook::Unusable {
                settles: matches!(flaw, Flaw::NotUtf8),
                why: flaw.to_string(),
            };
        }
    };
    match usable(&text, plan) {
        Ok(object) => FileLook::Usable(EditableStatus {
            object,
            text: Some(text),
        }),
        Err(malformed) => FileLook::Unusable {
            settles: matches!(malformed, Malformed::Incomplete | Malformed::NotJson),
            why: malformed.to_string(),
        },
    }
}

/// The content of the file, if changes can be made without losing any of it.
fn usable(text: &str, plan: &PlanName) -> Result<Map<String, Value>, Malformed> {
    let object = object(text, plan)?;
    match object.get("tasks") {
        None | Some(Value::Null | Value::Object(_) | Value::Array(_)) => Ok(object),
        Some(_) => Err(Malformed::Tasks),
    }
}

fn put_aside(
    guard: &Guard,
    from: &Path,
    status: &Path,
    why: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<PathBuf>, StatusError> {
    let kept = move_aside(guard, from, status)?;
    if let Some(kept) = &kept {
        let name = kept.file_name().unwrap_or_default().display();
        warnings.push(format!(
            "{FOLDER}/{STATUS} {why}: it is kept as {FOLDER}/{name}, and a new one was begun"
        ));
    }
    Ok(kept)
}

fn first(plan: &PlanName, document: &Document) -> Map<String, Value> {
    match serde_json::to_value(StatusFile::initial(plan, document)) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn text_of(object: &Map<String, Value>) -> String {
    let mut text = serde_json::to_string_pretty(object).expect("JSON values are JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
