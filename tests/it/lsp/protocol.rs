//! `orch lsp` as an editor meets it: a scripted client in the real protocol.

use std::fs;

use serde_json::{Value, json};

use crate::support::editor::{Editor, behind, edited};
use crate::support::{Sandbox, document};

pub const MANIFEST: &str = "[run]\nagent = \"x\"\n[agents.x]\ncommand = [\"true\"]\n\n[resources]\ndatabase = 1\n\n\
                        [plans.auth]\nfile = \"plans/auth.md\"\n\n[plans.auth.phases.2]\nuses = [\"database\"]\n\n\
                        [plans.billing]\nfile = \"plans/billing.md\"\ndepends = [\"auth.phase2\", \"auth.1.2@landed\"]\n";

pub const AUTH: &str = "# Sign in 🙂 漢字\n\n## Phase 1: Sessions\n\n- [ ] 1.1 Store 🙂\n- [ ] 1.2 End (depends: 1.1)\n\n\
                    **VERIFY Phase 1:**\n- [ ] passes\n\n## Phase 2: 漢字 🙂 (depends: docs.1)\n\n- [ ] 2.1 🙂🙂 more (depends: 1.2, docs.1.1)\n\
                    - [ ] 2.2 Last (depends: 2.1)\n";

/// Three plans that wait for parts of each other.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .write("plans/auth.md", AUTH)
        .write("plans/billing.md", document(&[1]))
        .write("plans/docs.md", document(&[2]))
        .write(
            "plans.toml",
            format!("{MANIFEST}[plans.docs]\nfile = \"plans/docs.md\"\n"),
        );
    sandbox.orch("check").code(0).ok();
    sandbox
}

pub fn manifest(sandbox: &Sandbox) -> String {
    sandbox.read("plans.toml")
}

fn labels(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item["label"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_session_begins_answers_and_ends() {
    let sandbox = sandbox();
    let mut editor = Editor::silent(&sandbox);
    let early = editor.ask("textDocument/hover", json!({})).unwrap_err();
    assert_eq!(early["code"], -32002);
    let greeted = editor
        .ask(
            "initialize",
            json!({ "rootUri": editor.uri(""), "capabilities": {} }),
        )
        .unwrap();
    assert_eq!(greeted["serverInfo"]["name"], "orch");
    assert_eq!(greeted["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(editor.ask("initialize", json!({})).unwrap_err()["code"], -32600);
    assert_eq!(
        editor.ask("textDocument/unheardOf", json!({})).unwrap_err()["code"],
        -32601
    );
    assert_eq!(
        editor.ask("textDocument/hover", json!({})).unwrap_err()["code"],
        -32602
    );
    editor.tell("$/unheardOf", json!({}));
    assert!(editor.end().success());
    let editor = Editor::new(&sandbox);
    assert_eq!(editor.wait().code(), Some(1), "it ends with its input");
}

#[test]
fn unsaved_text_of_one_file_shows_faults_in_both() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    editor.open("plans.toml");
    editor.open("plans/auth.md");
    editor.type_in(
        "plans/auth.md",
        2,
        &AUTH
            .replace("Phase 2:", "Phase 4:")
            .replace("2.1", "4.1")
            .replace("2.2", "4.2"),
    );
    let faults = editor.faults("plans.toml");
    let wrong: Vec<&Value> = faults.iter().filter(|fault| fault["severity"] == 1).collect();
    let on = |fault: &Value| fault["range"]["start"]["line"].as_u64().unwrap();
    let text = manifest(&sandbox);
    let line = text.lines().position(|line| line.starts_with("depends")).unwrap() as u64;
    assert!(wrong.iter().any(|fault| on(fault) == line), "{faults:?}");
    assert!(wrong.iter().all(|fault| {
        fault["message"]
            .as_str()
            .unwrap()
            .contains("plan `auth` has no phase 2")
    }));
    // What is half typed in the document is red there.
    editor.type_in("plans/auth.md", 3, &AUTH.replace("docs.1.1)", "docs.1.9)"));
    let faults = editor.faults("plans/auth.md");
    let start = &faults[0]["range"]["start"];
    assert_eq!(
        *start,
        behind(AUTH, "2.1 🙂🙂 more (depends: 1.2, "),
        "columns count in UTF-16"
    );
    editor.type_in("plans/auth.md", 4, AUTH);
    assert_eq!(editor.faults("plans/auth.md").len(), 0);
    assert!(editor.end().success());
}

#[test]
fn a_file_that_changes_on_the_disk_is_checked_again() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    editor.open("plans.toml");
    sandbox.write("plans/docs.md", "# Nothing\n");
    let faults = editor.faults("plans/docs.md");
    assert!(
        faults[0]["message"].as_str().unwrap().contains("has no phase"),
        "{faults:?}"
    );
    fs::remove_file(sandbox.join("plans/docs.md")).unwrap();
    let faults = editor.faults("plans.toml");
    assert!(
        faults
            .iter()
            .any(|fault| fault["message"].as_str().unwrap().contains("does not exist"))
    );
}

#[test]
fn what_may_be_typed_is_offered() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let text = manifest(&sandbox);
    let mut version = 1;
    editor.open("plans.toml");
    let mut offered = |part: &str, typed: &str| {
        version += 1;
        let text = text.replacen(part, typed, 1);
        editor.type_in("plans.toml", version, &text);
        let typed = typed.trim_end_matches(['\n', ']']);
        let typed = typed.strip_suffix('"').unwrap_or(typed);
        labels(&editor.at("completion", "plans.toml", &text, typed).unwrap())
    };
    let keys = offered("[plans.billing]\n", "[plans.billing]\npri\n");
    assert!(
        keys.contains(&"priority".to_owned()) && !keys.contains(&"file".to_owned()),
        "{keys:?}"
    );
    let keys = offered("[plans.auth.phases.2]\n", "[plans.auth.phases.2]\nti\n");
    assert!(
        keys.contains(&"timeout".to_owned()) && !keys.contains(&"priority".to_owned()),
        "{keys:?}"
    );
    let references = offered("[\"auth.phase2\"", "[\"au\"");
    for expected in ["auth", "auth.phase2", "auth.1.2", "docs.phase1"] {
        assert!(references.contains(&expected.to_owned()), "{references:?}");
    }
    assert!(!references.contains(&"billing".to_owned()));
    assert_eq!(offered("uses = [\"database\"]", "uses = [\"\"]"), ["database"]);
    let agents = offered("agent = \"x\"", "agent = \"\"");
    assert!(
        agents.contains(&"x".to_owned()) && agents.contains(&"claude".to_owned()),
        "{agents:?}"
    );
    let cluster = "[executors.cluster]\nkind = \"slurm\"\n[plans.docs]\nexecutor = \"\"";
    assert_eq!(offered("[plans.docs]", cluster), ["cluster", "local"]);
    assert_eq!(offered("[run]\n", "[run]\nmerge = \"\"\n"), ["manual", "auto"]);
    assert_eq!(offered("[run]\n", "[run]\nmerge = \n"), ["manual", "auto"]);
    sandbox.write("plans/extra.md", document(&[1]));
    assert_eq!(
        offered(
            "[plans.docs]\nfile = \"plans/docs.md\"",
            "[plans.docs]\nfile = \"\""
        )
        .first()
        .unwrap(),
        "plans/docs.md"
    );
    let headers = offered("[run]\n", "[plans.a");
    assert!(headers.contains(&"plans.auth.phases.2".to_owned()), "{headers:?}");
    assert_eq!(offered("[run]\n", "# [ru"), [""; 0]);
}

#[test]
fn annotations_and_their_targets_are_offered_in_documents() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    editor.open("plans/auth.md");
    let mut version = 1;
    let mut offered = |typed: &str| {
        version += 1;
        let text = AUTH.replace("- [ ] 2.2 Last (depends: 2.1)", typed);
        editor.type_in("plans/auth.md", version, &text);
        editor.at("completion", "plans/auth.md", &text, typed).unwrap()
    };
    let inside = labels(&offered("- [ ] 2.2 漢🙂 (depends: 1."));
    for expected in ["none", "1.1", "docs.phase1", "docs.1.1"] {
        assert!(inside.contains(&expected.to_owned()), "{inside:?}");
    }
    let marks = offered("- [ ] 2.2 漢🙂 [S");
    assert_eq!(labels(&marks), ["[SEQUENTIAL]", "[PARALLEL]"]);
    let edit = &marks[0]["textEdit"];
    assert_eq!(
        (&edit["range"]["start"]["character"], &edit["newText"]),
        (&14.into(), &"[SEQUENTIAL]".into())
    );
    let open = labels(&offered("- [ ] 2.2 x (pip"));
    assert!(
        open.iter().any(|label| label.starts_with("(pipeline-start")),
        "{open:?}"
    );
}

#[test]
fn what_is_pointed_at_is_explained() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let text = manifest(&sandbox);
    let mut said = |file: &str, text: &str, part: &str| {
        let found = editor.at("hover", file, text, part).unwrap();
        found["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert!(
        said("plans.toml", &text, "[run]\nage").contains("The agent that works on plans which name none")
    );
    assert!(
        said("plans.toml", &text, "[\"auth.phas").is_empty()
            || !said("plans.toml", &text, "[\"auth.phase2").is_empty()
    );
    assert!(said("plans.toml", &text, "[\"auth.phase2").contains("phase 2 of auth: **漢字 🙂**"));
    assert!(said("plans.toml", &text, "\"auth.1.2").contains("task 1.2 of auth: **End**"));
    assert!(said("plans.toml", &text, "\"plans/aut").contains("2 phases, 4 tasks"));
    assert!(said("plans/auth.md", AUTH, "(depends: docs").contains("plan **docs**"));
    assert!(said("plans/auth.md", AUTH, "2.2 Last (depends: 2.1").contains("🙂🙂 more"));
    let plan = said("plans.toml", &text, "[plans.au");
    assert!(plan.contains("plan **auth** Sign in 🙂 漢字"), "{plan}");
    assert!(!plan.contains("**pending**"), "there is no journal yet: {plan}");
}

#[test]
fn the_state_of_a_plan_is_shown_and_commands_run() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let text = manifest(&sandbox);
    let mut editor = Editor::new(&sandbox);
    editor.open("plans.toml");
    let said = editor.at("hover", "plans.toml", &text, "[plans.p").unwrap();
    assert!(
        said["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("**finished**"),
        "{said}"
    );
    let file = json!({ "textDocument": { "uri": editor.uri("plans.toml") } });
    let lenses = editor.ask("textDocument/codeLens", file).unwrap();
    let titles: Vec<&str> = lenses
        .as_array()
        .unwrap()
        .iter()
        .map(|lens| lens["command"]["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["why", "logs"]);
    assert_eq!(lenses[0]["command"]["arguments"], json!(["p"]));
    let why = json!({ "command": "orch.why", "arguments": ["p"] });
    let why = editor.ask("workspace/executeCommand", why).unwrap();
    assert!(why.as_str().unwrap().contains("finished"), "{why}");
    let wrong = json!({ "command": "orch.why", "arguments": ["--help"] });
    assert_eq!(
        editor.ask("workspace/executeCommand", wrong).unwrap_err()["code"],
        -32602
    );
    let empty = json!({ "command": "orch.answer", "arguments": ["p"] });
    let refused = editor.ask("workspace/executeCommand", empty).unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("orch answer p TEXT"),
        "{refused}"
    );
    // Its names are in the journal by now.
    let params = json!({ "newName": "q" });
    let refused = editor
        .at_with("rename", "plans.toml", &text, "[plans.p", params)
        .unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("has the branch `orch/p` already"),
        "{refused}"
    );
}

#[test]
fn definitions_and_references_lead_between_the_files() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let text = manifest(&sandbox);
    let mut places = |method: &str, file: &str, text: &str, part: &str| {
        let params = json!({ "context": { "includeDeclaration": true } });
        let found = editor.at_with(method, file, text, part, params).unwrap();
        let found = found.as_array().unwrap().iter();
        let mut found: Vec<(String, u64)> = found
            .map(|place| {
                let file = place["uri"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned();
                (file, place["range"]["start"]["line"].as_u64().unwrap())
            })
            .collect();
        found.sort();
        found
    };
    let is = |file: &str, line: u64| (file.to_owned(), line);
    assert_eq!(
        places("definition", "plans.toml", &text, "[\"auth.phase2"),
        [is("auth.md", 10)]
    );
    assert_eq!(
        places("definition", "plans.toml", &text, "\"auth.1.2"),
        [is("auth.md", 5)]
    );
    assert_eq!(
        places("definition", "plans.toml", &text, "[\"aut"),
        [is("plans.toml", 8)]
    );
    assert_eq!(
        places("definition", "plans.toml", &text, "\"plans/a"),
        [is("auth.md", 0)]
    );
    assert_eq!(
        places("definition", "plans.toml", &text, "uses = [\"dat"),
        [is("plans.toml", 6)]
    );
    assert_eq!(
        places(
            "definition",
            "plans/auth.md",
            AUTH,
            "more (depends: 1.2, docs.1.1"
        ),
        [is("docs.md", 4)]
    );
    assert_eq!(
        places("references", "plans/auth.md", AUTH, "- [ ] 1.2"),
        [is("auth.md", 5), is("auth.md", 12), is("plans.toml", 16)]
    );
    assert_eq!(
        places("references", "plans.toml", &text, "[plans.au"),
        [
            is("plans.toml", 8),
            is("plans.toml", 11),
            is("plans.toml", 16),
            is("plans.toml", 16)
        ]
    );
}

#[test]
fn plans_phases_and_tasks_are_renamed_everywhere() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let text = manifest(&sandbox);
    let renamed = |editor: &mut Editor, file: &str, of: &str, part: &str, new: &str| {
        editor.at_with("rename", file, of, part, json!({ "newName": new }))
    };
    let edit = renamed(&mut editor, "plans.toml", &text, "[plans.au", "login").unwrap();
    let new = edited(&text, &editor.uri("plans.toml"), &edit);
    assert_eq!(new, text.replace("auth", "login"));
    let moved = edit["documentChanges"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&moved["kind"], &moved["oldUri"], &moved["newUri"]),
        (
            &"rename".into(),
            &editor.uri("plans/auth.md").into(),
            &editor.uri("plans/login.md").into()
        )
    );
    let edit = renamed(&mut editor, "plans/auth.md", AUTH, "## Phase 2", "5").unwrap();
    let manifest = edited(&text, &editor.uri("plans.toml"), &edit);
    let auth = edited(AUTH, &editor.uri("plans/auth.md"), &edit);
    assert!(
        manifest.contains("[plans.auth.phases.5]") && manifest.contains("\"auth.phase5\""),
        "{manifest}"
    );
    assert!(
        auth.contains("## Phase 5:") && auth.contains("- [ ] 5.2 Last (depends: 5.1)"),
        "{auth}"
    );
    sandbox
        .write("plans.toml", &manifest)
        .write("plans/auth.md", &auth);
    sandbox.orch("check").code(0).ok();
    sandbox.write("plans.toml", &text).write("plans/auth.md", AUTH);
    let edit = renamed(&mut editor, "plans/auth.md", AUTH, "- [ ] 1.2", "1.7").unwrap();
    let manifest = edited(&text, &editor.uri("plans.toml"), &edit);
    let auth = edited(AUTH, &editor.uri("plans/auth.md"), &edit);
    assert!(manifest.contains("\"auth.1.7@landed\""), "{manifest}");
    assert!(
        auth.contains("- [ ] 1.7 End (depends: 1.1)") && auth.contains("(depends: 1.7, docs.1.1)"),
        "{auth}"
    );
    for (part, new, why) in [
        ("- [ ] 1.2", "1.1", "has a task 1.1 already"),
        ("- [ ] 1.2", "2.9", "is in phase 1"),
        ("- [ ] 1.2", "x", "is not the id of a task"),
        ("## Phase 2", "1", "has a phase 1 already"),
        ("# Sign", "x", "no plan, phase or task here"),
    ] {
        let refused = renamed(&mut editor, "plans/auth.md", AUTH, part, new).unwrap_err();
        assert!(refused["message"].as_str().unwrap().contains(why), "{refused}");
    }
    let refused = renamed(&mut editor, "plans.toml", &text, "[plans.au", "docs").unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("there is a plan `docs` already"),
        "{refused}"
    );
    let refused = renamed(&mut editor, "plans.toml", &text, "[plans.au", "Big").unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("Big"), "{refused}");
}

#[test]
fn near_misses_and_missing_parts_have_a_remedy() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let good = manifest(&sandbox);
    editor.open("plans.toml");
    let mut version = 1;
    let mut remedied = |from: &str, to: &str, line_with: &str| {
        version += 1;
        let text = good.replacen(from, to, 1);
        editor.type_in("plans.toml", version, &text);
        let line = behind(&text, line_with)["line"].clone();
        let place = json!({ "line": line, "character": 0 });
        let params = json!({
            "textDocument": { "uri": editor.uri("plans.toml") },
            "range": { "start": place, "end": place },
            "context": { "diagnostics": [] },
        });
        let actions = editor.ask("textDocument/codeAction", params).unwrap();
        let action = actions.as_array().unwrap().first().cloned();
        let action = action.unwrap_or_else(|| panic!("no remedy for {to}"));
        (edited(&text, &editor.uri("plans.toml"), &action["edit"]), action)
    };
    assert_eq!(remedied("uses =", "usse =", "usse").0, good);
    assert_eq!(remedied("\"auth.phase2\"", "\"auht.phase2\"", "auht").0, good);
    assert_eq!(remedied("plans/docs.md", "plans/dosc.md", "dosc").0, good);
    assert_eq!(
        remedied("uses = [\"database\"]", "uses = [\"datbase\"]", "datbase").0,
        good
    );
    let (text, _) = remedied("file = \"plans/docs.md\"\n", "", "[plans.docs]");
    assert!(text.contains("[plans.docs]\nfile = \"plans/docs.md\""), "{text}");
    let (_, action) = remedied("plans/docs.md", "plans/something.md", "something");
    assert_eq!(action["title"], "Write something.md");
    let written = action["edit"]["documentChanges"][1]["edits"][0]["newText"]
        .as_str()
        .unwrap();
    assert!(written.contains("## Phase 1"), "{written}");
}

#[test]
fn parts_of_files_are_listed_and_folded() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    let mut asked = |method: &str, file: &str| {
        let params = json!({ "textDocument": { "uri": editor.uri(file) } });
        editor.ask(&format!("textDocument/{method}"), params).unwrap()
    };
    let symbols = asked("documentSymbol", "plans/auth.md");
    assert_eq!(symbols[1]["name"], "Phase 2: 漢字 🙂");
    assert_eq!(symbols[1]["children"][1]["name"], "2.2 Last");
    let tables = asked("documentSymbol", "plans.toml");
    assert!(
        tables
            .as_array()
            .unwrap()
            .iter()
            .any(|table| table["name"] == "plans.auth.phases.2")
    );
    let folds = asked("foldingRange", "plans/auth.md");
    assert_eq!(folds[0], json!({ "startLine": 2, "endLine": 8 }));
}

#[test]
fn what_is_no_message_is_answered_with_an_error_and_never_a_crash() {
    let sandbox = sandbox();
    let mut editor = Editor::new(&sandbox);
    editor.send_raw(b"Content-Length: 9\r\n\r\n{garbage}");
    let answer = editor.next();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &(-32700).into())
    );
    for odd in [
        json!(null),
        json!([1]),
        json!("x"),
        json!({ "id": 5 }),
        json!({ "id": 6, "method": 7 }),
    ] {
        editor.send(&odd);
        assert_eq!(editor.next()["error"]["code"], -32600, "{odd}");
    }
    // A change of what is not open, an old one, places far away, and numbers that are none.
    editor.type_in("plans.toml", 2, "x");
    assert!(
        editor.next()["params"]["message"]
            .as_str()
            .unwrap()
            .contains("is not open")
    );
    editor.open("plans.toml");
    editor.type_in("plans.toml", -7, "x");
    loop {
        let next = editor.next();
        if next["method"] == "window/logMessage" {
            assert!(
                next["params"]["message"].as_str().unwrap().contains("version -7"),
                "{next}"
            );
            break;
        }
    }
    for place in [
        json!({ "line": 99999, "character": 99999 }),
        json!({ "line": 0, "character": 0 }),
    ] {
        let params = json!({ "textDocument": { "uri": editor.uri("plans.toml") }, "position": place });
        for method in ["hover", "completion", "definition", "references"] {
            editor
                .ask(&format!("textDocument/{method}"), params.clone())
                .unwrap();
        }
    }
    let params = json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": -1 } });
    assert_eq!(
        editor.ask("textDocument/hover", params).unwrap_err()["code"],
        -32602
    );
    // A message that is too long is passed over.
    let long = 65 << 20;
    editor.send_raw(format!("Content-Length: {long}\r\n\r\n").as_bytes());
    let piece = vec![b' '; 1 << 20];
    for _ in 0..65 {
        editor.send_raw(&piece);
    }
    assert!(
        editor.next()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("64 MiB")
    );
    assert!(
        editor.ask("textDocument/hover", json!({})).is_err(),
        "it still answers"
    );
    editor.send_raw(b"what is this\r\n\r\n");
    assert!(
        editor.next()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("is no header")
    );
    assert_eq!(editor.wait().code(), Some(1));
}
