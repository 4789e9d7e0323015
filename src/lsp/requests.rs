//! The answers to an editor's requests.

use std::ops::Range;
use std::path::{Path, PathBuf};

use lsp_server::{ErrorCode, RequestId, ResponseError};
use serde_json::{Value, json};

use super::answer::diagnosis::{self, Remedy, published};
use super::answer::link::{FilePlace, definition, references};
use super::answer::renaming::{Renaming, renamable, renamed};
use super::answer::{completion, hover, outline};
use super::text::position::Utf16Position;
use super::text::text_index::TextIndex;
use super::uri::{path_of, uri_of};
use super::view::fleet_state;
use super::workspace::Workspace;
use crate::plan::{PlanName, new_plan};

/// The error for a request that cannot be answered.
pub fn error(code: ErrorCode, message: impl Into<String>) -> ResponseError {
    ResponseError {
        code: code as i32,
        message: message.into(),
        data: None,
    }
}

/// A command of `orch` that an editor requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The request.
    pub id: RequestId,
    /// The command and its arguments.
    pub arguments: Vec<String>,
    /// The folder to run it in.
    pub dir: PathBuf,
}

/// The editor's abilities with files.
#[derive(Debug, Clone, Copy, Default)]
pub struct EditorAbilities {
    /// It can create files.
    pub makes_files: bool,
    /// It can rename files.
    pub renames_files: bool,
}

/// The data from which requests are answered.
pub struct Requests<'w> {
    /// The open files.
    pub workspace: &'w mut Workspace,
    /// The editor's abilities.
    pub abilities: EditorAbilities,
}

impl Requests<'_> {
    /// The file, and the byte in it, of a request.
    fn place(&mut self, params: &Value) -> Result<(PathBuf, usize), ResponseError> {
        let path = file_of(params)?;
        let at = serde_json::from_value::<Utf16Position>(params["position"].clone());
        let at = at.map_err(|why| error(ErrorCode::InvalidParams, format!("no position: {why}")))?;
        let text = self.workspace.view().and_then(|view| view.text_of(&path));
        Ok((
            path.clone(),
            text.map_or(0, |text| TextIndex::new(text).offset(at)),
        ))
    }

    /// The answer to a request.
    ///
    /// # Errors
    ///
    /// When the request is unknown, or makes no sense.
    pub fn answer(&mut self, method: &str, params: &Value) -> Result<Value, ResponseError> {
        match method {
            "textDocument/completion" => {
                let (path, at) = self.place(params)?;
                let around = self.workspace.documents_around();
                let view = self.workspace.view();
                Ok(view.map_or(json!([]), |view| {
                    completion::completions(view, &path, at, &around)
                }))
            }
            "textDocument/hover" => self.hover(params),
            "textDocument/definition" => {
                let (path, at) = self.place(params)?;
                let found = self.workspace.view().map(|view| definition(view, &path, at));
                Ok(self.locations(&found.unwrap_or_default()))
            }
            "textDocument/references" => {
                let (path, at) = self.place(params)?;
                let with_definition = params["context"]["includeDeclaration"] != false;
                let view = self.workspace.view();
                let found = view.map(|view| references(view, &path, at, with_definition));
                Ok(self.locations(&found.unwrap_or_default()))
            }
            "textDocument/prepareRename" => {
                let (path, at) = self.place(params)?;
                let (found, plan) = self.renamable(&path, at)?;
                self.refuse_begun(&plan)?;
                let view = self.workspace.view();
                let text = view.and_then(|view| view.text_of(&path)).unwrap_or_default();
                let range = TextIndex::new(text).range(&found);
                Ok(json!({ "range": range, "placeholder": &text[found] }))
            }
            "textDocument/rename" => {
                let (path, at) = self.place(params)?;
                let (_, plan) = self.renamable(&path, at)?;
                self.refuse_begun(&plan)?;
                let new = params["newName"].as_str();
                let new = new.ok_or_else(|| error(ErrorCode::InvalidParams, "no new name"))?;
                let with_file = self.abilities.renames_files;
                let view = self
                    .workspace
                    .view()
                    .ok_or_else(|| error(ErrorCode::RequestFailed, "there is no manifest"))?;
                let renaming = renamed(view, &path, at, new, with_file);
                let renaming = renaming.map_err(|why| error(ErrorCode::RequestFailed, why))?;
                Ok(self.workspace_edit(&renaming))
            }
            "textDocument/documentSymbol" => {
                let path = file_of(params)?;
                Ok(self
                    .workspace
                    .view()
                    .map_or(json!([]), |view| outline::symbols(view, &path)))
            }
            "textDocument/foldingRange" => {
                let path = file_of(params)?;
                Ok(self
                    .workspace
                    .view()
                    .map_or(json!([]), |view| outline::folds(view, &path)))
            }
            "textDocument/codeAction" => self.actions(params),
            "textDocument/codeLens" => {
                let path = file_of(params)?;
                let is_manifest = self.workspace.view().is_some_and(|view| view.manifest == path);
                let commands = self
                    .workspace
                    .project()
                    .filter(|_| is_manifest)
                    .map(fleet_state::commands);
                let view = self.workspace.view().filter(|_| is_manifest);
                Ok(view.map_or(json!([]), |view| {
                    outline::lenses(view, &commands.unwrap_or_default())
                }))
            }
            _ => Err(error(
                ErrorCode::MethodNotFound,
                format!("`{method}` is not known here"),
            )),
        }
    }

    fn hover(&mut self, params: &Value) -> Result<Value, ResponseError> {
        let (path, at) = self.place(params)?;
        let Some(view) = self.workspace.view() else {
            return Ok(Value::Null);
        };
        let Some(found) = hover::hovered(view, &path, at) else {
            return Ok(Value::Null);
        };
        let range = TextIndex::new(view.text_of(&path).unwrap_or_default()).range(&found.range);
        let state = found.plan.as_ref().zip(self.workspace.project());
        let state = state.and_then(|(plan, project)| fleet_state::described(project, plan));
        let text = match state {
            Some(state) => format!("{}\n\n{state}", found.text),
            None => found.text,
        };
        Ok(json!({ "contents": { "kind": "markdown", "value": text }, "range": range }))
    }

    fn renamable(&mut self, path: &Path, at: usize) -> Result<(Range<usize>, PlanName), ResponseError> {
        let view = self
            .workspace
            .view()
            .ok_or_else(|| error(ErrorCode::RequestFailed, "there is no manifest"))?;
        let found = renamable(view, path, at).map_err(|why| error(ErrorCode::RequestFailed, why))?;
        Ok((found.0.range, found.1))
    }

    /// Refuses to rename a plan that has a branch: the branch, the journal and reports use its
    /// names.
    fn refuse_begun(&mut self, plan: &PlanName) -> Result<(), ResponseError> {
        let project = self.workspace.project();
        let branch = project.and_then(|project| Some((project, &project.plan(plan)?.branch)));
        match branch.map(|(project, branch)| (branch, project.repo.branch_tip(branch))) {
            Some((branch, Ok(Some(_)))) => {
                let why = format!(
                    "plan `{plan}` has the branch `{branch}` already: its names are in reports and in the journal"
                );
                Err(error(ErrorCode::RequestFailed, why))
            }
            Some((_, Err(why))) => Err(error(ErrorCode::RequestFailed, why.to_string())),
            Some((_, Ok(None))) | None => Ok(()),
        }
    }

    fn actions(&mut self, params: &Value) -> Result<Value, ResponseError> {
        let path = file_of(params)?;
        let line = |end: &str| params["range"][end]["line"].as_u64().unwrap_or_default() as usize;
        let wanted = line("start")..=line("end");
        let Some(view) = self.workspace.checked() else {
            return Ok(json!([]));
        };
        let text = view.text_of(&path).unwrap_or_default();
        let index = TextIndex::new(text);
        let mut actions = Vec::new();
        for shown in diagnosis::all(view).remove(&path).unwrap_or_default() {
            let range = index.range(&shown.range);
            if range.end.line < *wanted.start() || range.start.line > *wanted.end() {
                continue;
            }
            let listed = published(text, std::slice::from_ref(&shown));
            for remedy in diagnosis::remedies(view, &path, &shown) {
                actions.push((listed.clone(), remedy));
            }
        }
        let made = actions.into_iter().filter_map(|(diagnostics, remedy)| {
            let (title, edit) = self.remedy(&path, remedy)?;
            Some(json!({
                "title": title,
                "kind": "quickfix",
                "diagnostics": diagnostics,
                "isPreferred": true,
                "edit": edit,
            }))
        });
        Ok(made.collect())
    }

    fn remedy(&self, path: &Path, remedy: Remedy) -> Option<(String, Value)> {
        match remedy {
            Remedy::Replace(title, range, new) => {
                let mut renaming = Renaming::default();
                renaming.edits.insert(path.to_owned(), vec![(range, new)]);
                Some((title, self.workspace_edit(&renaming)))
            }
            Remedy::Write(file) => {
                let stem = file.file_stem()?.to_string_lossy().to_lowercase();
                let text = new_plan(&stem.parse().ok()?, None);
                let uri = uri_of(&file);
                let start = json!({ "line": 0, "character": 0 });
                let edit = json!({ "documentChanges": [
                    { "kind": "create", "uri": uri },
                    {
                        "textDocument": { "uri": uri, "version": null },
                        "edits": [{ "range": { "start": start, "end": start }, "newText": text }],
                    },
                ] });
                let title = format!("Write {}", file.file_name()?.to_string_lossy());
                self.abilities.makes_files.then_some((title, edit))
            }
        }
    }

    fn workspace_edit(&self, renaming: &Renaming) -> Value {
        let Some(view) = self.workspace.known() else {
            return Value::Null;
        };
        let files = renaming.edits.iter().map(|(path, edits)| {
            let index = TextIndex::new(view.text_of(path).unwrap_or_default());
            let edits = edits.iter();
            let edits: Value = edits
                .map(|(range, new)| json!({ "range": index.range(range), "newText": new }))
                .collect();
            (path, edits)
        });
        if !self.abilities.renames_files {
            let changes = files.map(|(path, edits)| (self.workspace.uri(path), edits));
            return json!({ "changes": changes.collect::<serde_json::Map<String, Value>>() });
        }
        let mut changes: Vec<Value> = files
            .map(|(path, edits)| {
                let document =
                    json!({ "uri": self.workspace.uri(path), "version": self.workspace.version(path) });
                json!({ "textDocument": document, "edits": edits })
            })
            .collect();
        if let Some((old, new)) = &renaming.file {
            changes
                .push(json!({ "kind": "rename", "oldUri": self.workspace.uri(old), "newUri": uri_of(new) }));
        }
        json!({ "documentChanges": changes })
    }

    fn locations(&self, places: &[FilePlace]) -> Value {
        let Some(view) = self.workspace.known() else {
            return json!([]);
        };
        let all = places.iter().map(|(path, range)| {
            let range = TextIndex::new(view.text_of(path).unwrap_or_default()).range(range);
            json!({ "uri": self.workspace.uri(path), "range": range })
        });
        all.collect()
    }

    /// The requested command of `orch`.
    ///
    /// # Errors
    ///
    /// When there is no such command.
    pub fn command(&mut self, id: &RequestId, params: &Value) -> Result<Asked, ResponseError> {
        let name = params["command"].as_str().unwrap_or_default();
        let name = name
            .strip_prefix("orch.")
            .filter(|name| ["why", "logs", "approve", "answer"].contains(name));
        let name = name.ok_or_else(|| error(ErrorCode::InvalidParams, "no such command"))?;
        let all = params["arguments"].as_array().into_iter().flatten();
        let mut arguments: Vec<String> = all.filter_map(|one| one.as_str().map(str::to_owned)).collect();
        let view = self
            .workspace
            .view()
            .ok_or_else(|| error(ErrorCode::RequestFailed, "there is no manifest"))?;
        let is_plan = arguments
            .first()
            .is_some_and(|plan| view.plan_names().any(|known| known == plan));
        if !is_plan {
            return Err(error(
                ErrorCode::InvalidParams,
                "the first argument is the name of a plan",
            ));
        }
        if name == "answer" && arguments.len() < 2 {
            let plan = &arguments[0];
            let why = format!(
                "an answer is needed: pass it as the second argument, or run `orch answer {plan} TEXT`"
            );
            return Err(error(ErrorCode::RequestFailed, why));
        }
        arguments.insert(0, name.to_owned());
        Ok(Asked {
            id: id.clone(),
            arguments,
            dir: view.home().to_owned(),
        })
    }
}

fn file_of(params: &Value) -> Result<PathBuf, ResponseError> {
    let uri = params["textDocument"]["uri"].as_str();
    let path = uri.and_then(path_of);
    path.ok_or_else(|| error(ErrorCode::InvalidParams, "no file is named"))
}
