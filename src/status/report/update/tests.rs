use std::cell::Cell;
use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::plan::Speaker;
use crate::plan::markdown::read_document;
use crate::status::{prepare, read};

const TEXT: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 One\n  - [ ] 1.1.1 Part\n- [ ] 1.2 Two\n";

struct Place {
    folder: TempDir,
    plan: PlanName,
    document: Document,
    at: Timestamp,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            plan: "auth".parse().unwrap(),
            document: read_document(TEXT).0,
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
        };
        prepare(place.folder.path(), &place.plan, &place.document).unwrap();
        place
    }

    fn status(&self) -> PathBuf {
        status_file(self.folder.path())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.status()).unwrap()).unwrap()
    }

    fn report(&self, item: &str, state: TaskState) -> Result<Updated, StatusError> {
        let change = Change {
            item: item.parse().unwrap(),
            state,
            note: None,
            by: Speaker::Person,
            commit: None,
        };
        update(self.folder.path(), &self.plan, &self.document, self.at, &[change])
    }

    /// Like `report("1.1", Done)`, but runs `meanwhile` between reading and replacing, the first time.
    fn report_while(&self, meanwhile: impl Fn()) -> Result<Updated, StatusError> {
        let first = Cell::new(true);
        edit_file(self.folder.path(), &self.plan, &self.document, "now", |object| {
            if first.take() {
                meanwhile();
            }
            let change = Change {
                item: "1.1".parse().unwrap(),
                state: TaskState::Done,
                note: None,
                by: Speaker::Person,
                commit: None,
            };
            edit::change(object, &change, "now");
            Ok(())
        })
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(FOLDER)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Does what another program may do: makes a new file and renames it into place.
    fn foreign(&self, text: &str) {
        let new = self.folder.path().join("foreign");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.status()).unwrap();
    }
}

#[test]
fn an_update_is_read_back() {
    let place = Place::new();
    assert_eq!(place.report("1.1", TaskState::Running).unwrap().version, 1);
    let updated = place.report("1.1.1", TaskState::Done).unwrap();
    assert_eq!(
        updated,
        Updated {
            version: 2,
            warnings: vec![]
        }
    );
    set_message(
        place.folder.path(),
        &place.plan,
        &place.document,
        place.at,
        Some("hi"),
    )
    .unwrap();
    let at = "2026-01-02T03:04:05Z";
    assert_eq!(
        place.json(),
        json!({
            "schema": 1, "plan": "auth", "version": 3, "updated_at": at, "message": "hi", "needs": null,
            "tasks": {
                "1.1": {"state": "running", "started_at": at, "said_at": at, "by": "person"},
                "1.1.1": {"state": "done", "ended_at": at, "said_at": at, "by": "person"},
                "1.2": {"state": "pending"},
            },
        })
    );
    assert_eq!(place.names(), ["plan.md", "status.json", "status.lock"]);
    let reading = read(place.folder.path(), &place.plan, &place.document, None);
    assert_eq!(reading.warnings, [""; 0]);
}

#[test]
fn only_what_the_plan_has_can_be_reported_and_never_as_ready() {
    let place = Place::new();
    let before = place.json();
    let message = |item, state| place.report(item, state).unwrap_err().to_string();
    assert_eq!(
        message("1.7", TaskState::Done),
        "plan `auth` has no task 1.7: phase 1 has the tasks 1.1, 1.2"
    );
    assert_eq!(
        message("1.1.9", TaskState::Done),
        "plan `auth` has no task 1.1.9: task 1.1 has the sub-tasks 1.1.1"
    );
    assert_eq!(
        message("3.1", TaskState::Done),
        "plan `auth` has no task 3.1: its phases are 1"
    );
    assert!(message("1.1", TaskState::Ready).contains("report `pending`"));
    assert_eq!(place.json(), before);
}

#[test]
fn a_damaged_file_is_kept_and_a_new_one_begun() {
    let place = Place::new();
    for (n, text) in ["not JSON", "{\"tasks\": 3}", "{\"plan\": \"other\"}"]
        .iter()
        .enumerate()
    {
        fs::write(place.status(), text).unwrap();
        let updated = place.report("1.1", TaskState::Done).unwrap();
        let kept = format!("status.json.damaged-{}", n + 1);
        assert_eq!(
            fs::read_to_string(place.folder.path().join(FOLDER).join(&kept)).unwrap(),
            *text
        );
        assert!(updated.warnings[0].contains(&kept), "{updated:?}");
        assert_eq!(updated.version, 1);
        assert_eq!(place.json()["tasks"]["1.1"]["state"], "done");
    }
}

#[test]
fn a_file_that_is_damaged_again_and_again_leaves_few_copies_and_the_latest() {
    let place = Place::new();
    for n in 0..30 {
        fs::write(place.status(), format!("damaged {n}")).unwrap();
        place.report("1.1", TaskState::Done).unwrap();
    }
    let kept = fs::read_dir(place.folder.path().join(FOLDER)).unwrap().flatten();
    let kept: Vec<_> = kept
        .filter(|file| file.file_name().to_string_lossy().contains("damaged"))
        .collect();
    assert_eq!(kept.len(), 10);
    assert!(
        kept.iter()
            .any(|file| fs::read_to_string(file.path()).unwrap() == "damaged 29")
    );
}

#[test]
fn a_folder_in_the_file_s_place_is_kept_too() {
    let place = Place::new();
    fs::remove_file(place.status()).unwrap();
    fs::create_dir(place.status()).unwrap();
    fs::write(place.status().join("work"), "precious").unwrap();
    place.report("1.1", TaskState::Done).unwrap();
    let kept = place
        .folder
        .path()
        .join(FOLDER)
        .join("status.json.damaged-1/work");
    assert_eq!(fs::read_to_string(kept).unwrap(), "precious");
}

#[test]
fn a_missing_file_and_folder_are_made() {
    let place = Place::new();
    fs::remove_dir_all(place.folder.path().join(FOLDER)).unwrap();
    assert_eq!(place.report("1.2", TaskState::Skipped).unwrap().version, 1);
    assert_eq!(place.json()["tasks"]["1.2"]["state"], "skipped");
}

#[test]
fn what_another_program_puts_in_place_meanwhile_is_built_upon() {
    let place = Place::new();
    let theirs = r#"{"version": 40, "mine": true, "tasks": {"1.2": {"state": "failed"}}}"#;
    let updated = place.report_while(|| place.foreign(theirs)).unwrap();
    assert_eq!(
        updated,
        Updated {
            version: 41,
            warnings: vec![]
        }
    );
    let json = place.json();
    assert_eq!(json["mine"], true);
    assert_eq!(json["tasks"]["1.2"]["state"], "failed");
    assert_eq!(json["tasks"]["1.1"]["state"], "done");
}

#[test]
fn what_comes_and_goes_meanwhile_costs_nothing_known() {
    let place = Place::new();
    place.report("1.2", TaskState::Done).unwrap();
    // Removed: the content that was read is still known.
    place
        .report_while(|| fs::remove_file(place.status()).unwrap())
        .unwrap();
    assert_eq!(place.json()["tasks"]["1.2"]["state"], "done");
    assert_eq!(place.json()["version"], 2);

    // Made by another process just before it would be made here.
    fs::remove_file(place.status()).unwrap();
    place.report_while(|| place.foreign(r#"{"mine": true}"#)).unwrap();
    assert_eq!(place.json()["mine"], true);
    assert_eq!(place.json()["tasks"]["1.1"]["state"], "done");

    // Damaged meanwhile: the content that was read continues, and the damaged file is kept.
    let updated = place.report_while(|| place.foreign("{")).unwrap();
    assert_eq!(place.json()["mine"], true);
    assert_eq!(updated.warnings.len(), 1);
    let kept = place.folder.path().join(FOLDER).join("status.json.damaged-1");
    assert_eq!(fs::read_to_string(kept).unwrap(), "{");
}

#[test]
fn a_file_that_is_being_written_in_place_is_waited_for() {
    let place = Place::new();
    let whole = r#"{"mine": true, "tasks": {}}"#;
    fs::write(place.status(), &whole[..10]).unwrap();
    let guard = Guard::take(place.folder.path()).unwrap();
    let mut warnings = Vec::new();
    let found = find(&guard, &place.status(), &place.plan, &mut warnings, || {
        fs::write(place.status(), whole).unwrap();
    });
    assert_eq!(found.unwrap().unwrap().object["mine"], true);
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_lock_file_that_was_replaced_is_locked_anew() {
    let place = Place::new();
    let lock = place.folder.path().join(FOLDER).join("status.lock");
    let first = Guard::take(place.folder.path()).unwrap();
    fs::remove_file(&lock).unwrap();
    // A process that waited for the removed file would now hold a lock that nobody else asks for.
    let second = Guard::take(place.folder.path()).unwrap();
    let there = fs::File::open(&lock).unwrap();
    let refused = rustix::fs::flock(&there, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    assert_eq!(refused, Err(rustix::io::Errno::WOULDBLOCK));
    drop((first, second));
}
