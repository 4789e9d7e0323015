//! `orch lsp` with any text: its faults are those of `orch check`, and half a text is answered for.

use std::collections::BTreeMap;

use lsp_server::Message;
use serde_json::{Value, json};

use super::protocol::{AUTH, MANIFEST, manifest, sandbox};
use crate::support::editor::behind;
use crate::support::reading::samples;
use crate::support::{Dice, Sandbox};

/// A fault or warning: what and what to do, and its file, line and column where it has them.
type Found = (String, Option<(String, Value, Value)>);

/// What `orch check --json` finds.
fn of_check(sandbox: &Sandbox) -> Vec<Found> {
    let said = sandbox.orch("check --json");
    if said.out.is_empty() {
        return Vec::new();
    }
    let said = said.json();
    let faults = said["faults"].as_array().into_iter().flatten();
    let warnings = said["warnings"].as_array().into_iter().flatten();
    let found = faults.chain(warnings).map(|found| {
        let file = found["file"].as_str();
        let place = file.map(|file| (file.to_owned(), found["line"].clone(), found["column"].clone()));
        (format!("{} {}", found["message"], found["hint"]), place)
    });
    let mut all: Vec<Found> = found.collect();
    all.sort_by_key(|found| format!("{found:?}"));
    all
}

/// What the server shows, without the places of what `orch check` names no file for. Each range begins at the line and column
/// of its fault.
fn of_server(
    sandbox: &Sandbox,
    shown: &BTreeMap<String, Value>,
    check: &[Found],
    texts: &[(&str, &str)],
) -> Vec<Found> {
    let mut all = Vec::new();
    for (uri, list) in shown {
        let file = uri
            .strip_prefix(&format!("file://{}/", sandbox.path().display()))
            .unwrap();
        let text = texts.iter().find(|(name, _)| *name == file);
        for found in list.as_array().unwrap() {
            let data = &found["data"];
            let what = format!("{} {}", data["message"], data["hint"]);
            let named = check
                .iter()
                .any(|(other, place)| *other == what && place.is_some());
            let place = (file.to_owned(), data["line"].clone(), data["column"].clone());
            if let (Some((_, text)), Some(line), Some(column)) =
                (text, data["line"].as_u64(), data["column"].as_u64())
            {
                let line = usize::try_from(line).unwrap() - 1;
                let column = usize::try_from(column).unwrap() - 1;
                let before = text
                    .split('\n')
                    .nth(line)
                    .unwrap_or_default()
                    .trim_end_matches('\r');
                let before = before.trim_start_matches('\u{feff}').chars().take(column);
                let byte_order_mark = line == 0 && text.starts_with('\u{feff}');
                let character = before.map(char::len_utf16).sum::<usize>() + usize::from(byte_order_mark);
                assert_eq!(
                    found["range"]["start"],
                    json!({ "line": line, "character": character }),
                    "{found}"
                );
            }
            all.push((what, named.then_some(place)));
        }
    }
    all.sort_by_key(|found| format!("{found:?}"));
    all
}

#[test]
fn the_faults_of_any_text_are_those_of_check() {
    let sandbox = sandbox();
    sandbox.commit("as it is");
    let text = manifest(&sandbox);
    let mut session = orch::lsp::Session::new(sandbox.path().to_owned(), None);
    let uri = |file: &str| format!("file://{}", sandbox.join(file).display());
    let greeting = json!({ "id": 1, "method": "initialize", "params": { "rootUri": uri("").trim_end_matches('/'), "capabilities": {} } });
    session.take(&message(greeting));
    for (file, text) in [("plans.toml", text.as_str()), ("plans/auth.md", AUTH)] {
        let document = json!({ "uri": uri(file), "version": 1, "text": text });
        session.take(&message(
            json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } }),
        ));
    }
    let mut dice = Dice::new(7);
    let mut known = BTreeMap::new();
    for round in 0..60 {
        let (file, text) = if round % 2 == 0 {
            ("plans.toml", text.as_str())
        } else {
            ("plans/auth.md", AUTH)
        };
        let chars: Vec<char> = text.chars().collect();
        let at = dice.below(chars.len());
        let mut new = chars.clone();
        match dice.below(5) {
            0 => new.truncate(at),
            1 => drop(new.remove(at)),
            2 => new.insert(0, '\u{feff}'),
            3 => new.insert(at, ['x', '"', '[', '\n', '🙂', '2', ')'][dice.below(7)]),
            _ => new.swap(at, (at + 1) % chars.len()),
        }
        let new: String = new.into_iter().collect();
        let document = json!({ "uri": uri(file), "version": round + 2 });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": new }] });
        session.take(&message(
            json!({ "method": "textDocument/didChange", "params": params }),
        ));
        for message in session.publish() {
            let message = json!(message);
            let params = &message["params"];
            known.insert(
                params["uri"].as_str().unwrap().to_owned(),
                params["diagnostics"].clone(),
            );
        }
        let before = sandbox.read(file);
        sandbox.write(file, &new);
        let check = of_check(&sandbox);
        let shown = of_server(&sandbox, &known, &check, &[(file, &new)]);
        assert_eq!(shown, check, "{file}:\n{new}");
        sandbox.write(file, before);
        // And back again.
        let document = json!({ "uri": uri(file), "version": round + 2 });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        session.take(&message(
            json!({ "method": "textDocument/didChange", "params": params }),
        ));
    }
}

/// What is asked of each text that is being typed.
const ASKED: [&str; 5] = [
    "completion",
    "hover",
    "documentSymbol",
    "foldingRange",
    "definition",
];

fn message(text: Value) -> Message {
    serde_json::from_value(text).unwrap()
}

/// Types a text into a file, one step after another, and asks about its end at each.
fn type_in(session: &mut orch::lsp::Session, uri: &str, text: &str, step: usize) {
    let document = json!({ "uri": uri, "version": 0, "text": "" });
    session.take(&message(
        json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } }),
    ));
    let mut ends: Vec<usize> = text.char_indices().map(|(end, _)| end).step_by(step).collect();
    ends.push(text.len());
    for (version, end) in ends.into_iter().enumerate() {
        let typed = &text[..end];
        let document = json!({ "uri": uri, "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": typed }] });
        session.take(&message(
            json!({ "method": "textDocument/didChange", "params": params }),
        ));
        let place = behind(typed, typed);
        for method in ASKED {
            let params = json!({ "textDocument": { "uri": uri }, "position": place });
            let asked = json!({ "id": 2, "method": format!("textDocument/{method}"), "params": params });
            let reply = session.take(&message(asked));
            let answered = matches!(&reply.out[0], Message::Response(said) if said.response_result.is_ok());
            assert!(answered, "{method} at {end}: {:?}", reply.out);
        }
        session.publish();
    }
    let params = json!({ "textDocument": { "uri": uri } });
    session.take(&message(
        json!({ "method": "textDocument/didClose", "params": params }),
    ));
}

#[test]
fn a_manifest_is_answered_for_at_every_step_of_its_typing() {
    let sandbox = sandbox();
    let template = include_str!("../../../templates/plans.toml").replace("plans/example.md", "plans/auth.md");
    let mut session = orch::lsp::Session::new(sandbox.path().to_owned(), None);
    session.take(&message(json!({ "id": 1, "method": "initialize", "params": {} })));
    let uri = format!("file://{}", sandbox.join("plans.toml").display());
    for text in [&template, include_str!("../../../plans.toml"), MANIFEST] {
        type_in(&mut session, &uri, text, 1);
    }
}

/// Real documents too, where there are some.
#[test]
fn a_document_is_answered_for_at_the_steps_of_its_typing() {
    let sandbox = sandbox();
    let mut session = orch::lsp::Session::new(sandbox.path().to_owned(), None);
    session.take(&message(json!({ "id": 1, "method": "initialize", "params": {} })));
    let uri = format!("file://{}", sandbox.join("plans/auth.md").display());
    for text in samples() {
        type_in(&mut session, &uri, &text, 1 + text.len() / 60);
    }
}
