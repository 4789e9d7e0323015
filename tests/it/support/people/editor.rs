//! An editor that speaks to `orch lsp` over its standard input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, Tree};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The editor.
pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Value>,
    number: i64,
    /// What came without being asked for.
    pub told: Vec<Value>,
    root: Tree,
}

impl Editor {
    /// Starts the server; nothing is said yet.
    pub fn silent(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(["lsp"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stream = BufReader::new(child.stdout.take().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                    length = line.split_once(':').unwrap().1.trim().parse().unwrap();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            output,
            number: 0,
            told: Vec::new(),
            root: Tree::at(sandbox.path()),
        }
    }

    /// Starts the server in the sandbox and greets it.
    pub fn new(sandbox: &Sandbox) -> Self {
        let mut editor = Self::silent(sandbox);
        let operations = json!({ "documentChanges": true, "resourceOperations": ["create", "rename"] });
        let greeting = json!({
            "rootUri": editor.uri(""),
            "capabilities": { "workspace": { "workspaceEdit": operations } },
        });
        editor.ask("initialize", greeting).unwrap();
        editor.tell("initialized", json!({}));
        editor
    }

    /// The address of a file.
    pub fn uri(&self, file: &str) -> String {
        let path = self.root.join(file);
        format!("file://{}", path.display())
            .trim_end_matches('/')
            .to_owned()
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        let _ = input.write_all(bytes).and_then(|()| input.flush());
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    /// The next message.
    #[track_caller]
    pub fn next(&self) -> Value {
        self.output.recv_timeout(PATIENCE).expect("a message")
    }

    /// Sends a request and waits for its answer.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.number += 1;
        let id = json!(self.number);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let next = self.next();
            if next["id"] == id {
                return match next.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(next["result"].clone()),
                };
            }
            self.told.push(next);
        }
    }

    /// Sends what needs no answer.
    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Opens a file with the text that it has.
    pub fn open(&mut self, file: &str) {
        let text = self.root.read(file);
        self.open_as(file, &text);
    }

    /// Opens a file with this text.
    pub fn open_as(&mut self, file: &str, text: &str) {
        let document = json!({ "uri": self.uri(file), "languageId": "x", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the text of a file that is open.
    pub fn type_in(&mut self, file: &str, version: i64, text: &str) {
        let document = json!({ "uri": self.uri(file), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        self.tell("textDocument/didChange", params);
    }

    /// Asks about a place of a file: behind the first `part` in `text`.
    #[track_caller]
    pub fn at(&mut self, method: &str, file: &str, text: &str, part: &str) -> Result<Value, Value> {
        self.at_with(method, file, text, part, json!({}))
    }

    /// The same with more than a place.
    #[track_caller]
    pub fn at_with(
        &mut self,
        method: &str,
        file: &str,
        text: &str,
        part: &str,
        mut params: Value,
    ) -> Result<Value, Value> {
        params["textDocument"] = json!({ "uri": self.uri(file) });
        params["position"] = behind(text, part);
        self.ask(&format!("textDocument/{method}"), params)
    }

    /// The faults of a file as they were sent last; waits until they were sent again.
    #[track_caller]
    pub fn faults(&mut self, file: &str) -> Vec<Value> {
        // An answer comes behind what was sent before; what follows from a change is sent when nothing else waits.
        let uri = self.uri(file);
        loop {
            let next = match self.told.is_empty() {
                true => self.next(),
                false => self.told.remove(0),
            };
            if next["method"] == "textDocument/publishDiagnostics" && next["params"]["uri"] == uri.as_str() {
                return next["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// Ends the session as the protocol wants it.
    #[track_caller]
    pub fn end(mut self) -> ExitStatus {
        self.ask("shutdown", Value::Null).unwrap();
        self.tell("exit", Value::Null);
        self.child.wait().unwrap()
    }

    /// Waits for the server's end.
    pub fn wait(mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The place behind the first `part` of a text.
#[track_caller]
pub fn behind(text: &str, part: &str) -> Value {
    let at = text
        .find(part)
        .unwrap_or_else(|| panic!("{part:?} is not in {text}"))
        + part.len();
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": text[start..at].encode_utf16().count() })
}

/// The text with the edits of an answer that concern a file.
#[track_caller]
pub fn edited(text: &str, uri: &str, edit: &Value) -> String {
    let all = edit["documentChanges"].as_array().unwrap();
    let own = all.iter().find(|change| change["textDocument"]["uri"] == uri);
    let mut edits: Vec<(usize, usize, String)> = own
        .map(|own| own["edits"].as_array().unwrap().clone())
        .unwrap_or_default()
        .iter()
        .map(|edit| {
            let at = |end: &str| offset(text, &edit["range"][end]);
            (
                at("start"),
                at("end"),
                edit["newText"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, &new);
    }
    text
}

fn offset(text: &str, at: &Value) -> usize {
    let line = usize::try_from(at["line"].as_u64().unwrap()).unwrap();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut left = at["character"].as_u64().unwrap();
    let mut offset = start;
    for c in text[start..].chars() {
        if left == 0 {
            break;
        }
        left -= c.len_utf16() as u64;
        offset += c.len_utf8();
    }
    offset
}
