use std::fs::{self, File};
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::plan::markdown::read_document;
use crate::status::files::folder::REPLACED;
use crate::status::prepare;

const TEXT: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 One\n  - [ ] 1.1.1 Part\n- [x] 1.2 Two\n- [ ] 1.3 Three\n\n## Phase 2: B\n\n- [ ] 2.1 Four\n";

struct Place {
    folder: TempDir,
    plan: PlanName,
    document: Document,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            plan: "auth".parse().unwrap(),
            document: read_document(TEXT).0,
        };
        prepare(place.folder.path(), &place.plan, &place.document).unwrap();
        place
    }

    fn status(&self) -> PathBuf {
        status_file(self.folder.path())
    }

    fn read(&self) -> Reading {
        read(self.folder.path(), &self.plan, &self.document, None)
    }

    fn read_with(&self, text: impl AsRef<[u8]>) -> Reading {
        fs::write(self.status(), text).unwrap();
        self.read()
    }
}

fn shown(reading: &Reading) -> Vec<String> {
    let item = |said: &Statement| match &said.note {
        Some(note) => format!("{} {}: {note}", said.item, said.state),
        None => format!("{} {}", said.item, said.state),
    };
    reading.items.iter().map(item).collect()
}

#[test]
fn a_new_folder_says_what_the_document_says() {
    let reading = Place::new().read();
    assert_eq!(
        shown(&reading),
        [
            "1.1 pending",
            "1.1.1 pending",
            "1.2 done",
            "1.3 pending",
            "2.1 pending"
        ]
    );
    assert_eq!(reading.warnings, [""; 0]);
}

#[test]
fn preparing_again_changes_nothing_that_is_there() {
    let place = Place::new();
    fs::write(place.status(), "theirs").unwrap();
    fs::write(plan_file(place.folder.path()), "ticked").unwrap();
    prepare(place.folder.path(), &place.plan, &place.document).unwrap();
    assert_eq!(fs::read_to_string(place.status()).unwrap(), "theirs");
    assert_eq!(
        fs::read_to_string(plan_file(place.folder.path())).unwrap(),
        "ticked"
    );
    let mut names: Vec<_> = fs::read_dir(place.folder.path().join(FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [PLAN, STATUS]);
}

#[test]
fn a_link_or_a_file_in_the_folder_s_place_lies_in_the_folder_afterwards() {
    let (elsewhere, worktree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (document, _) = read_document(TEXT);
    let (folder, plan) = (worktree.path().join(FOLDER), "auth".parse().unwrap());
    let replaced = folder.join(REPLACED);

    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    prepare(worktree.path(), &plan, &document).unwrap();
    assert_eq!(fs::read_link(&replaced).unwrap(), elsewhere.path());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(plan_file(worktree.path())).unwrap(), TEXT);

    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "theirs").unwrap();
    prepare(worktree.path(), &plan, &document).unwrap();
    assert_eq!(fs::read_to_string(&replaced).unwrap(), "theirs");
    // Beside the folder there is nothing that would be taken for work.
    assert_eq!(fs::read_dir(worktree.path()).unwrap().count(), 1);
}

#[test]
fn what_is_no_status_file_is_one_warning() {
    let place = Place::new();
    let kept = "; what was known before stays";
    for (text, expected) in [
        (
            &b""[..],
            "ends in the middle of its JSON, as while it is being written",
        ),
        (
            b"{\"tasks\": {\"1.1\"",
            "ends in the middle of its JSON, as while it is being written",
        ),
        (b"{\"tasks\": }", "is not valid JSON"),
        (b"{} {}", "is not valid JSON"),
        (b"[1]", "is not a JSON object"),
        (b"{\"x\": \"\xff\"}", "is not UTF-8 text"),
        (
            b"{\"plan\": \"billing\", \"tasks\": {\"1.1\": \"done\"}}",
            "belongs to plan `billing`",
        ),
        ("[".repeat(100_000).as_bytes(), "is not valid JSON"),
    ] {
        let reading = place.read_with(text);
        assert_eq!(reading.warnings, [format!(".orch/status.json {expected}{kept}")]);
        assert!(reading.items.is_empty());
    }
}

#[test]
fn what_is_no_file_neither_blocks_nor_is_read() {
    let place = Place::new();
    let path = place.status();
    let warning = |why: &str| vec![format!(".orch/status.json {why}; what was known before stays")];

    fs::remove_file(&path).unwrap();
    assert_eq!(place.read().warnings, warning("is missing"));

    fs::create_dir(&path).unwrap();
    assert_eq!(place.read().warnings, warning("is not a regular file"));
    fs::remove_dir(&path).unwrap();

    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    assert_eq!(place.read().warnings, warning("is not a regular file"));
    fs::remove_file(&path).unwrap();

    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    assert_eq!(place.read().warnings, warning("is not a regular file"));
    fs::remove_file(&path).unwrap();

    File::create(&path).unwrap().set_len(100 << 20).unwrap();
    assert_eq!(place.read().warnings, warning("is larger than 4 MiB"));

    if !rustix::process::geteuid().is_root() {
        use std::os::unix::fs::PermissionsExt;
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
        assert_eq!(
            place.read().warnings,
            warning("cannot be read: permission denied")
        );
    }

    fs::remove_dir_all(place.folder.path().join(FOLDER)).unwrap();
    assert_eq!(place.read().warnings, warning("is missing"));
    fs::write(place.folder.path().join(FOLDER), "").unwrap();
    assert!(
        place
            .read()
            .warnings
            .contains(&warning("is not a regular file")[0])
    );
}

#[test]
fn a_file_cut_anywhere_gives_one_and_the_same_warning() {
    let place = Place::new();
    let whole = fs::read_to_string(place.status()).unwrap();
    let mut warnings: Vec<String> = (0..whole.trim_end().len())
        .flat_map(|end| place.read_with(&whole[..end]).warnings)
        .collect();
    warnings.dedup();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn what_is_good_is_taken_and_the_rest_warned_about() {
    let reading = Place::new().read_with(
        json!({
            "schema": 1, "plan": "auth", "version": "x", "message": "hello", "needs": 7, "other": {},
            "tasks": {
                "1.1": {"state": "running", "note": 5},
                "1.1.1": "done",
                "1.2": {"state": "finished"},
                "1.3": {"state": "failed", "error": "no \u{1b}[31mnetwork", "note": "tried"},
                "2.1": ["done"],
                "9.9": {"state": "done"},
                "zzz": {},
            }
        })
        .to_string(),
    );
    assert_eq!(
        shown(&reading),
        ["1.1 running", "1.1.1 done", "1.3 failed: no [31mnetwork"]
    );
    assert_eq!(
        (reading.message.as_deref(), &reading.needs),
        (Some("hello"), &None)
    );
    assert_eq!(
        reading.warnings,
        [
            "the status file's `needs` is not a text; it is ignored",
            "the status file's `note` of 1.1 is not a text; it is ignored",
            "the status file gives 1.2 the state `finished`; expected pending, running, done, failed or skipped",
            "the status file gives 2.1 no state; expected an object such as {\"state\": \"done\"}",
            "the status file speaks of `9.9`, which the plan does not have; `orch task list` shows its tasks",
            "the status file speaks of `zzz`, which the plan does not have; `orch task list` shows its tasks",
        ]
    );
}

#[test]
fn the_original_system_s_form_is_read() {
    let reading = Place::new().read_with(
        json!({"tasks": [
            {"id": "1.1", "status": "in_progress"},
            {"id": "1.2", "status": "completed"},
            {"id": "1.3", "status": "skipped", "note": "not needed"},
            {"id": 2.1, "status": "completed"},
            "x",
        ]})
        .to_string(),
    );
    assert_eq!(
        shown(&reading),
        ["1.1 running", "1.2 done", "1.3 skipped: not needed"]
    );
    assert_eq!(reading.warnings.len(), 1);
}

#[test]
fn ticked_boxes_count_unless_the_status_file_says_failed_or_skipped() {
    let place = Place::new();
    let ticked = TEXT.replace("[ ]", "[x]");
    fs::write(plan_file(place.folder.path()), &ticked).unwrap();
    assert_eq!(
        shown(&place.read()),
        ["1.1 done", "1.1.1 done", "1.2 done", "1.3 done", "2.1 done"]
    );
    let reading = place.read_with(r#"{"tasks": {"1.1": "failed", "1.2": "pending", "1.3": "running"}}"#);
    // 1.2 was ticked from the start, so its box is no news.
    assert_eq!(
        shown(&reading),
        ["1.1 failed", "1.1.1 done", "1.2 pending", "1.3 done", "2.1 done"]
    );
    fs::remove_file(place.status()).unwrap();
    let reading = place.read();
    assert_eq!(
        shown(&reading),
        ["1.1 done", "1.1.1 done", "1.3 done", "2.1 done"]
    );
    assert_eq!(reading.warnings.len(), 1);
}

#[test]
fn the_committed_document_counts_too_even_through_a_link() {
    let place = Place::new();
    let (real, committed) = (
        place.folder.path().join("real.md"),
        place.folder.path().join("auth.md"),
    );
    fs::write(&real, TEXT.replace("[ ] 2.1", "[x] 2.1")).unwrap();
    std::os::unix::fs::symlink(&real, &committed).unwrap();
    let reading = read(
        place.folder.path(),
        &place.plan,
        &place.document,
        Some(&committed),
    );
    assert!(shown(&reading).contains(&"2.1 done".to_owned()));
    assert_eq!(reading.warnings, [""; 0]);

    File::create(&real).unwrap().set_len(DOCUMENT_LIMIT + 1).unwrap();
    let reading = read(
        place.folder.path(),
        &place.plan,
        &place.document,
        Some(&committed),
    );
    assert_eq!(
        reading.warnings,
        ["auth.md is larger than 16 MiB; its ticked boxes do not count"]
    );
}

/// A JSON value of any shape, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9. \\x00-\\x1f]{0,12}".prop_map(Value::from),
        prop_oneof![Just("done"), Just("failed"), Just("completed"), Just("1.1")].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            Just("state".to_owned()),
            Just("status".to_owned()),
            Just("id".to_owned()),
            Just("1.1".to_owned()),
            "[a-z0-9.]{0,6}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(status in proptest::collection::vec(any::<u8>(), 0..300), plan in proptest::collection::vec(any::<u8>(), 0..300)) {
        let place = Place::new();
        fs::write(plan_file(place.folder.path()), plan).unwrap();
        let reading = place.read_with(status);
        prop_assert_eq!(place.read(), reading);
    }

    #[test]
    fn a_changed_byte_is_survived(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let place = Place::new();
        let mut bytes = fs::read(place.status()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let reading = place.read_with(bytes);
        let known: BTreeSet<ItemId> = place.document.items().map(|(item, _)| item).collect();
        prop_assert!(reading.items.iter().all(|said| known.contains(&said.item)));
    }

    #[test]
    fn a_good_entry_survives_anything_beside_it(
        entries in proptest::collection::btree_map("[0-9]\\.[0-9]|[a-z]{1,4}|2\\.1", any_json(), 0..6),
        fields in proptest::collection::btree_map("[a-z]{1,8}|message|needs|version|schema", any_json(), 0..6),
        array in any::<bool>(),
    ) {
        let place = Place::new();
        let mut file: serde_json::Map<String, Value> = fields.into_iter().filter(|(name, _)| name != "plan").collect();
        let good = json!({"id": "1.3", "state": "failed", "error": "why"});
        let tasks = if array {
            entries.into_values().filter(|entry| entry.get("id") != Some(&json!("1.3"))).chain([good]).collect()
        } else {
            let mut tasks: serde_json::Map<String, Value> = entries.into_iter().collect();
            tasks.insert("1.3".to_owned(), good);
            Value::Object(tasks)
        };
        file.insert("tasks".to_owned(), tasks);
        let reading = place.read_with(Value::Object(file).to_string());
        prop_assert!(shown(&reading).contains(&"1.3 failed: why".to_owned()), "{:?}", reading);
    }
}
