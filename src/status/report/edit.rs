//! Changing the content of a status file, without touching fields of others.

use serde_json::{Map, Value, json};

use crate::plan::{CommitId, PlanName, TaskState};
use crate::status::files::entry_state::{original_word, state_of};
use crate::status::report::change::Change;

/// The version of the file; 0 when it has no valid version.
pub(in crate::status) fn version(object: &Map<String, Value>) -> u64 {
    object.get("version").and_then(Value::as_u64).unwrap_or(0)
}

/// Records that the file is changed at `at` (RFC 3339): increases the version by one and sets the fields that every
/// status file has.
pub(in crate::status) fn stamp(object: &mut Map<String, Value>, plan: &PlanName, at: &str) -> u64 {
    let version = version(object).saturating_add(1);
    object.entry("schema").or_insert(json!(1));
    object.insert("plan".to_owned(), json!(plan.as_str()));
    object.insert("version".to_owned(), json!(version));
    object.insert("updated_at".to_owned(), json!(at));
    version
}

/// Makes one change. Keeps all other fields, in whichever of the two forms `tasks` has.
pub(in crate::status) fn change(object: &mut Map<String, Value>, change: &Change, at: &str) {
    let id = change.item.to_string();
    let tasks = object.entry("tasks").or_insert_with(|| json!({}));
    match tasks {
        Value::Array(tasks) => {
            let found = tasks
                .iter()
                .rposition(|entry| entry.get("id").and_then(Value::as_str) == Some(&id));
            let place = found.unwrap_or_else(|| {
                tasks.push(json!({ "id": id }));
                tasks.len() - 1
            });
            if let Value::Object(entry) = &mut tasks[place] {
                apply(entry, change, at, "status");
            }
        }
        other => {
            if !other.is_object() {
                *other = json!({});
            }
            if let Value::Object(tasks) = other {
                let entry = tasks.entry(id).or_insert_with(|| json!({}));
                if !entry.is_object() {
                    // A bare word is also a valid form.
                    *entry = json!({ "state": entry });
                }
                if let Value::Object(entry) = entry {
                    apply(entry, change, at, "state");
                }
            }
        }
    }
}

/// Changes one entry. `usual` is the field for the state when the entry has neither field.
fn apply(entry: &mut Map<String, Value>, change: &Change, at: &str, usual: &'static str) {
    let word = entry
        .get("state")
        .or_else(|| entry.get("status"))
        .and_then(Value::as_str);
    let before = word.and_then(state_of);
    let field = match (entry.contains_key("state"), entry.contains_key("status")) {
        (true, _) => "state",
        (false, true) => "status",
        (false, false) => usual,
    };
    let word = if field == "state" {
        change.state.as_str()
    } else {
        original_word(change.state)
    };
    entry.insert(field.to_owned(), json!(word));
    if field == "state" && entry.contains_key("status") {
        entry.insert("status".to_owned(), json!(original_word(change.state)));
    }

    let mut set = |name: &str, value: Option<&str>| match value {
        Some(value) => drop(entry.insert(name.to_owned(), json!(value))),
        None => drop(entry.shift_remove(name)),
    };
    // Each call is a statement of its own, even when it repeats an earlier statement.
    set("said_at", Some(at));
    set("by", Some(&change.by.to_string()));
    set("commit", change.commit.as_ref().map(CommitId::as_str));
    set("known", None);
    // But a repeated state did not begin or end again.
    if before != Some(change.state) {
        match change.state {
            TaskState::Pending | TaskState::Ready => {
                set("started_at", None);
                set("ended_at", None);
            }
            TaskState::Running => {
                set("started_at", Some(at));
                set("ended_at", None);
            }
            TaskState::Done | TaskState::Failed | TaskState::Skipped => set("ended_at", Some(at)),
        }
        set("error", None);
    }
    if let Some(note) = &change.note {
        let name = if change.state == TaskState::Failed {
            "error"
        } else {
            "note"
        };
        set(name, Some(note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Speaker;

    const AT: &str = "2026-01-02T03:04:05Z";

    fn changed(before: Value, item: &str, state: TaskState, note: Option<&str>) -> Value {
        let Value::Object(mut object) = before else {
            panic!("not an object")
        };
        let asked = Change {
            item: item.parse().unwrap(),
            state,
            note: note.map(str::to_owned),
            by: Speaker::Person,
            commit: None,
        };
        change(&mut object, &asked, AT);
        Value::Object(object)
    }

    /// An entry with the fields that every statement has.
    fn said(entry: Value) -> Value {
        let Value::Object(mut entry) = entry else {
            panic!("not an object")
        };
        entry.insert("said_at".to_owned(), json!(AT));
        entry.insert("by".to_owned(), json!("person"));
        Value::Object(entry)
    }

    #[test]
    fn saying_the_same_again_is_a_statement_of_its_own() {
        let failed = changed(json!({}), "1.1", TaskState::Failed, Some("no schema"));
        let Value::Object(mut object) = failed else {
            panic!("not an object")
        };
        let again = Change {
            item: "1.1".parse().unwrap(),
            state: TaskState::Failed,
            note: Some("no schema".to_owned()),
            by: Speaker::from_word("auth-2"),
            commit: None,
        };
        const LATER: &str = "2026-01-02T04:00:00Z";
        change(&mut object, &again, LATER);
        assert_eq!(
            Value::Object(object),
            json!({"tasks": {"1.1": {
                "state": "failed", "error": "no schema", "ended_at": AT, "said_at": LATER, "by": "auth-2"
            }}})
        );
    }

    #[test]
    fn what_was_known_before_is_a_statement_once_somebody_repeats_it() {
        let before = json!({"tasks": {"1.1": {"state": "done", "known": "done"}}});
        let after = changed(before, "1.1", TaskState::Done, None);
        assert_eq!(after, json!({"tasks": {"1.1": said(json!({"state": "done"}))}}));
    }

    #[test]
    fn what_others_wrote_stays() {
        let before = json!({"x": [1], "tasks": {"1.1": {"state": "pending", "owner": "me"}, "9.9": 7}});
        let after = changed(before, "1.1", TaskState::Running, None);
        assert_eq!(
            after,
            json!({"x": [1], "tasks": {"1.1": said(json!({"state": "running", "owner": "me", "started_at": AT})), "9.9": 7}})
        );
    }

    #[test]
    fn a_failure_has_an_error_and_a_new_start_clears_it() {
        let failed = changed(json!({}), "1.1", TaskState::Failed, Some("no network"));
        assert_eq!(
            failed,
            json!({"tasks": {"1.1": said(json!({"state": "failed", "error": "no network", "ended_at": AT}))}})
        );
        let again = changed(failed, "1.1", TaskState::Running, None);
        assert_eq!(
            again,
            json!({"tasks": {"1.1": said(json!({"state": "running", "started_at": AT}))}})
        );
    }

    #[test]
    fn saying_it_again_keeps_the_first_time() {
        let before = json!({"tasks": {"1.1": {"state": "done", "ended_at": "earlier"}}});
        let after = changed(before, "1.1", TaskState::Done, Some("really"));
        assert_eq!(
            after,
            json!({"tasks": {"1.1": said(json!({"state": "done", "ended_at": "earlier", "note": "really"}))}})
        );
    }

    #[test]
    fn the_original_form_keeps_its_form_and_words() {
        let before = json!({"tasks": [{"id": "1.1", "status": "in_progress", "k": 1}, 5]});
        let after = changed(before, "1.1", TaskState::Done, None);
        assert_eq!(
            after,
            json!({"tasks": [said(json!({"id": "1.1", "status": "completed", "k": 1, "ended_at": AT})), 5]})
        );
        let more = changed(json!({"tasks": []}), "1.2", TaskState::Running, None);
        assert_eq!(
            more,
            json!({"tasks": [said(json!({"id": "1.2", "status": "in_progress", "started_at": AT}))]})
        );
    }

    #[test]
    fn a_bare_word_becomes_an_entry() {
        let after = changed(
            json!({"tasks": {"1.1": "running"}}),
            "1.1",
            TaskState::Skipped,
            None,
        );
        assert_eq!(
            after,
            json!({"tasks": {"1.1": said(json!({"state": "skipped", "ended_at": AT}))}})
        );
    }

    #[test]
    fn the_version_grows_by_one_and_a_strange_one_counts_as_none() {
        let plan: PlanName = "auth".parse().unwrap();
        for (before, after) in [
            (json!({}), 1),
            (json!({"version": 7}), 8),
            (json!({"version": "x"}), 1),
        ] {
            let Value::Object(mut object) = before else {
                panic!("not an object")
            };
            assert_eq!(stamp(&mut object, &plan, AT), after);
            assert_eq!(version(&object), after);
        }
    }
}
