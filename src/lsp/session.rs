//! One editor's session: messages in, messages out.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lsp_server::{ErrorCode, Message, Request, Response};
use serde_json::{Value, json};

use super::answer::diagnosis::{self, published};
use super::requests::{Asked, EditorAbilities, Requests, error};
use super::uri::path_of;
use super::wire::notification;
use super::workspace::Workspace;

/// The results of a message.
#[derive(Debug, Default)]
pub struct Reply {
    /// Messages to send.
    pub out: Vec<Message>,
    /// A command to run; its output is the answer.
    pub run: Option<Asked>,
    /// The exit code, at the end of the session.
    pub end: Option<u8>,
}

/// The stage of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Started,
    Stopped,
}

/// The session.
#[derive(Debug)]
pub struct Session {
    /// The open files.
    pub workspace: Workspace,
    stage: Stage,
    abilities: EditorAbilities,
    published: BTreeSet<PathBuf>,
    /// The revision whose diagnostics were sent last.
    checked: u64,
}

impl Session {
    /// A session in a folder, with the named manifest.
    pub fn new(dir: PathBuf, manifest: Option<PathBuf>) -> Self {
        Self {
            workspace: Workspace::new(dir, manifest),
            stage: Stage::New,
            abilities: EditorAbilities::default(),
            published: BTreeSet::new(),
            checked: 0,
        }
    }

    /// Handles a message.
    pub fn take(&mut self, message: &Message) -> Reply {
        let mut reply = Reply::default();
        match message {
            Message::Request(request) => self.asked(request, &mut reply),
            // The server sends no requests to the editor.
            Message::Response(_) => {}
            Message::Notification(said) if said.method == "exit" => {
                reply.end = Some(u8::from(self.stage != Stage::Stopped));
            }
            Message::Notification(said) => {
                if self.stage == Stage::Started
                    && let Err(why) = self.notified(&said.method, &said.params)
                {
                    let said = json!({ "type": 2, "message": format!("{}: {why}", said.method) });
                    reply.out.push(notification("window/logMessage", said));
                }
            }
        }
        reply
    }

    fn asked(&mut self, request: &Request, reply: &mut Reply) {
        let Request { id, method, params } = request;
        let invalid = |why| Err(error(ErrorCode::InvalidRequest, why));
        let response_result = match (self.stage, method.as_str()) {
            (Stage::New, "initialize") => Ok(self.start(params)),
            (Stage::New, _) => Err(error(ErrorCode::ServerNotInitialized, "`initialize` comes first")),
            (Stage::Started, "initialize") => invalid("`initialize` came already"),
            (Stage::Stopped, _) => invalid("only `exit` comes behind `shutdown`"),
            (Stage::Started, "shutdown") => {
                self.stage = Stage::Stopped;
                Ok(Value::Null)
            }
            (Stage::Started, "workspace/executeCommand") => match self.requests().command(id, params) {
                Ok(asked) => {
                    reply.run = Some(asked);
                    return;
                }
                Err(error) => Err(error),
            },
            (Stage::Started, method) => self.requests().answer(method, params),
        };
        let id = id.clone();
        reply.out.push(Response { id, response_result }.into());
    }

    /// The diagnostics of all files, when something has changed since they were sent.
    pub fn publish(&mut self) -> Vec<Message> {
        if self.stage != Stage::Started || self.checked == self.workspace.revision() {
            return Vec::new();
        }
        self.checked = self.workspace.revision();
        let Some(view) = self.workspace.checked() else {
            return Vec::new();
        };
        let mut lists: Vec<(PathBuf, Value)> = Vec::new();
        for (path, shown) in diagnosis::all(view) {
            let list = match shown.is_empty() {
                true => json!([]),
                false => published(view.text_of(&path).unwrap_or_default(), &shown),
            };
            lists.push((path, list));
        }
        let now: BTreeSet<PathBuf> = lists.iter().map(|(path, _)| path.clone()).collect();
        let gone = self.published.difference(&now).cloned();
        let gone: Vec<PathBuf> = gone.collect();
        // A file without problems, before and now, is left out.
        lists.retain(|(path, list)| {
            self.published.contains(path) || list.as_array().is_some_and(|list| !list.is_empty())
        });
        self.published = lists
            .iter()
            .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
            .map(|(path, _)| path.clone())
            .collect();
        lists.extend(gone.into_iter().map(|path| (path, json!([]))));
        let messages = lists.into_iter().map(|(path, list)| {
            let params = json!({
                "uri": self.workspace.uri(&path),
                "version": self.workspace.version(&path),
                "diagnostics": list,
            });
            notification("textDocument/publishDiagnostics", params)
        });
        messages.collect()
    }

    fn requests(&mut self) -> Requests<'_> {
        Requests {
            workspace: &mut self.workspace,
            abilities: self.abilities,
        }
    }

    fn start(&mut self, params: &Value) -> Value {
        self.stage = Stage::Started;
        let folder = params.pointer("/workspaceFolders/0/uri").and_then(Value::as_str);
        let root = folder.or(params["rootUri"].as_str()).and_then(path_of);
        if let Some(root) = root {
            self.workspace.set_dir(root);
        }
        let edit = &params["capabilities"]["workspace"]["workspaceEdit"];
        let can = |operation: &str| {
            let all = edit["resourceOperations"].as_array().into_iter().flatten();
            edit["documentChanges"] != false && all.into_iter().any(|known| known == operation)
        };
        self.abilities = EditorAbilities {
            makes_files: can("create"),
            renames_files: can("rename"),
        };
        json!({
            "serverInfo": { "name": "orch", "version": env!("CARGO_PKG_VERSION") },
            "capabilities": {
                "positionEncoding": "utf-16",
                "textDocumentSync": { "openClose": true, "change": 2, "save": true },
                "completionProvider": { "triggerCharacters": ["\"", "'", "[", "(", ".", " ", "="] },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "renameProvider": { "prepareProvider": true },
                "documentSymbolProvider": true,
                "foldingRangeProvider": true,
                "codeActionProvider": { "codeActionKinds": ["quickfix"] },
                "codeLensProvider": {},
                "executeCommandProvider": {
                    "commands": ["orch.why", "orch.logs", "orch.approve", "orch.answer"],
                },
            },
        })
    }

    fn notified(&mut self, method: &str, params: &Value) -> Result<(), String> {
        let document = &params["textDocument"];
        let uri = document["uri"].as_str().unwrap_or_default();
        let path = || path_of(uri).ok_or_else(|| format!("`{uri}` is no file"));
        let version = document["version"].as_i64();
        match method {
            "textDocument/didOpen" => {
                let text = document["text"].as_str().ok_or("a file without a text")?;
                self.workspace
                    .open(&path()?, uri, version.unwrap_or_default(), text);
            }
            "textDocument/didChange" => {
                let changes = params["contentChanges"].as_array().ok_or("no changes")?;
                self.workspace
                    .change(&path()?, version.unwrap_or(i64::MAX), changes)?;
            }
            "textDocument/didClose" => self.workspace.close(&path()?),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.workspace.forget(),
            _ => {}
        }
        Ok(())
    }
}
