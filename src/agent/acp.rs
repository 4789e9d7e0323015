//! The client side of the Agent Client Protocol (version 1, <https://agentclientprotocol.com>) for one prompt. The client is a
//! process between the runner and a program that speaks the protocol over its standard input and output. It prints every event for
//! the log as a line of JSON.
//!
//! The protocol's own crate is not used: it would change how `serde_json` orders keys in the whole of this program.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::agent::reader::LineBuffer;
use crate::plan::PermissionPolicy;

/// The hidden argument that turns this program into the client.
pub const ACP_ARGUMENT: &str = "__acp";

/// The protocol version that the client speaks.
const VERSION: u64 = 1;

/// How long a program may take to end after its input was closed.
const GOODBYE: Duration = Duration::from_secs(5);

/// The parameters of one prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AcpCall {
    /// The file with the prompt.
    pub prompt: std::path::PathBuf,
    /// The conversation to continue.
    pub session: Option<String>,
    /// How to answer requests for permission.
    pub permissions: PermissionPolicy,
    /// A person's answer to the request that ended the previous attempt. It answers the next request.
    pub answer: Option<bool>,
    /// True when the program gets the tools of `orch mcp`.
    pub mcp: bool,
    /// Program and arguments.
    pub command: Vec<String>,
}

impl AcpCall {
    /// The command line of the client.
    pub fn line(&self, program: &Path) -> Vec<String> {
        let call = serde_json::to_string(self).unwrap_or_default();
        vec![
            program.to_string_lossy().into_owned(),
            ACP_ARGUMENT.to_owned(),
            call,
        ]
    }
}

/// What the client waits for.
enum AcpNews {
    /// A line from the program.
    Line(String),
    /// The program's output has ended.
    Closed,
    /// A person or the time-out asks for an end.
    Cancel,
}

/// Runs one prompt, described as JSON, to its end. The exit code is 0 when the program ended its turn by itself.
pub fn run_acp(call: &str) -> ExitCode {
    let ended = serde_json::from_str(call)
        .map_err(|error| format!("what is to be asked is not known: {error}"))
        .and_then(|call: AcpCall| AcpTurn::begin(&call)?.run(&call));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            tell(&json!({ "type": "error", "message": why }));
            ExitCode::FAILURE
        }
    }
}

/// Prints an event or any other line. Write errors are ignored: the work continues even when nobody reads the output.
fn tell(event: &dyn Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}

/// One turn of the program.
struct AcpTurn {
    child: Child,
    input: ChildStdin,
    news: Receiver<AcpNews>,
    requests: u64,
    permissions: PermissionPolicy,
    answer: Option<bool>,
    session: Option<String>,
    /// True while an old conversation is loaded: its messages are known already.
    is_replay: bool,
}

impl AcpTurn {
    fn begin(call: &AcpCall) -> Result<Self, String> {
        let (program, arguments) = call.command.split_first().ok_or("the command is empty")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("cannot talk to {program}"));
        };
        let (sender, news) = channel();
        let mut signals =
            Signals::new([SIGINT]).map_err(|error| format!("cannot wait for signals: {error}"))?;
        let cancel = sender.clone();
        std::thread::spawn(move || signals.forever().try_for_each(|_| cancel.send(AcpNews::Cancel)));
        std::thread::spawn(move || read(output, &sender));
        Ok(Self {
            child,
            input,
            news,
            requests: 0,
            permissions: call.permissions,
            answer: call.answer,
            session: None,
            is_replay: false,
        })
    }

    fn run(mut self, call: &AcpCall) -> Result<bool, String> {
        let prompt = std::fs::read_to_string(&call.prompt);
        let prompt = prompt.map_err(|error| format!("{}: {error}", call.prompt.display()))?;
        let info = json!({ "name": "orch", "title": "orch", "version": env!("CARGO_PKG_VERSION") });
        let hello = json!({ "protocolVersion": VERSION, "clientCapabilities": {}, "clientInfo": info });
        let known = self.ask("initialize", hello)?;
        if known["protocolVersion"] != VERSION {
            return Err(format!(
                "it speaks version {} of the protocol; version {VERSION} is needed",
                known["protocolVersion"]
            ));
        }
        let loads = known.pointer("/agentCapabilities/loadSession") == Some(&Value::Bool(true));
        let session = self.enter(call, loads)?;
        // A conversation that cannot be loaded again needs no name.
        if loads {
            tell(&json!({ "type": "session", "session": session }));
        }
        self.session = Some(session.clone());
        let content = json!([{ "type": "text", "text": prompt }]);
        let ended = self.ask(
            "session/prompt",
            json!({ "sessionId": session, "prompt": content }),
        )?;
        let reason = ended["stopReason"].as_str().unwrap_or("unknown");
        tell(&json!({ "type": "end", "reason": reason, "usage": usage_of(&ended) }));
        // Closing standard input tells the program that there is no more work.
        drop(self.input);
        let until = Instant::now() + GOODBYE;
        while let Ok(AcpNews::Line(_) | AcpNews::Cancel) = self
            .news
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {}
        let _ = self.child.kill();
        let _ = self.child.wait();
        Ok(reason == "end_turn")
    }

    /// Returns the conversation to continue, or starts a new one.
    fn enter(&mut self, call: &AcpCall, loads: bool) -> Result<String, String> {
        let folder = std::env::current_dir().map_err(|error| format!("the folder is gone: {error}"))?;
        let servers = match call.mcp {
            true => json!([own_server()?]),
            false => json!([]),
        };
        if let Some(session) = call.session.as_ref().filter(|_| loads) {
            self.is_replay = true;
            let params = json!({ "sessionId": session, "cwd": folder, "mcpServers": servers });
            let loaded = self.ask("session/load", params);
            self.is_replay = false;
            // The prompt only makes sense in the old conversation, so no new one is started.
            return loaded.map(|_| session.clone());
        }
        let made = self.ask("session/new", json!({ "cwd": folder, "mcpServers": servers }))?;
        let session = made["sessionId"].as_str().ok_or("it named no session")?;
        Ok(session.to_owned())
    }

    /// Sends a request and handles messages until its answer arrives.
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.requests += 1;
        let id = json!(self.requests);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let line = match self.news.recv() {
                Ok(AcpNews::Line(line)) => line,
                Ok(AcpNews::Cancel) => {
                    if self.session.is_none() {
                        return Err(format!("stopped before `{method}` was answered"));
                    }
                    self.cancel()?;
                    continue;
                }
                Ok(AcpNews::Closed) | Err(_) => {
                    return Err(format!("it ended before `{method}` was answered"));
                }
            };
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                // Some programs print more than messages.
                tell(&line);
                continue;
            };
            if message.get("method").is_some() {
                self.handle(&message)?;
            } else if message["id"] == id {
                return match message.get("error") {
                    None => Ok(message["result"].clone()),
                    Some(error) => Err(words_of(method, error)),
                };
            }
        }
    }

    /// Handles a request or a notification of the program.
    fn handle(&mut self, message: &Value) -> Result<(), String> {
        let params = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some("session/update"), _) => {
                if !self.is_replay {
                    tell(&json!({ "type": "update", "update": params["update"] }));
                }
                Ok(())
            }
            (Some("session/request_permission"), Some(id)) => {
                let outcome = self.permission(params);
                let result = json!({ "outcome": outcome });
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))?;
                // A cancelled permission leaves nothing to do until a person has answered.
                match outcome["outcome"] == "cancelled" {
                    true => self.cancel(),
                    false => Ok(()),
                }
            }
            (Some(method), Some(id)) => {
                let error = json!({ "code": -32601, "message": format!("`{method}` is not offered") });
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "error": error }))
            }
            _ => Ok(()),
        }
    }

    /// The answer to a request for permission.
    fn permission(&mut self, params: &Value) -> Value {
        let title = params.pointer("/toolCall/title").and_then(Value::as_str);
        let title = title.unwrap_or("a tool");
        let allows = match (self.permissions, self.answer.take()) {
            (PermissionPolicy::Allow, _) => true,
            (PermissionPolicy::Deny, _) => false,
            (PermissionPolicy::Ask, Some(answer)) => answer,
            (PermissionPolicy::Ask, None) => {
                tell(&json!({ "type": "ask", "tool": title }));
                return json!({ "outcome": "cancelled" });
            }
        };
        let option = chosen(&params["options"], allows);
        let answer = if allows && option.is_some() {
            "allowed"
        } else {
            "denied"
        };
        tell(&json!({ "type": "permission", "tool": title, "answer": answer }));
        match option {
            Some(option) => json!({ "outcome": "selected", "optionId": option }),
            None => json!({ "outcome": "cancelled" }),
        }
    }

    /// Asks the program to end the turn. The answer to the prompt still arrives.
    fn cancel(&mut self) -> Result<(), String> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let params = json!({ "sessionId": session });
        self.send(&json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params }))
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let written = writeln!(self.input, "{message}").and_then(|()| self.input.flush());
        written.map_err(|error| format!("it no longer listens: {error}"))
    }
}

/// The tokens used. The protocol does not define them yet: the first form is the draft's, the second is Gemini CLI's.
fn usage_of(ended: &Value) -> Value {
    let quota = ended.pointer("/_meta/quota/token_count");
    let told = |quota: &Value| json!({ "inputTokens": quota["input_tokens"], "outputTokens": quota["output_tokens"] });
    match &ended["usage"] {
        Value::Null => quota.map_or(Value::Null, told),
        usage => usage.clone(),
    }
}

/// The `orch mcp` server in the form that the protocol expects. It lists the environment, because a program need not pass on its
/// own.
fn own_server() -> Result<Value, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    let own = std::env::vars().filter(|(name, _)| name.starts_with("ORCH_") || name == "PATH");
    let env: Vec<Value> = own
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    Ok(json!({ "name": "orch", "command": program, "args": ["mcp"], "env": env }))
}

/// The option to choose, by kind: the narrower one first.
fn chosen(options: &Value, allows: bool) -> Option<&Value> {
    let kinds = match allows {
        true => ["allow_once", "allow_always"],
        false => ["reject_once", "reject_always"],
    };
    let all = options.as_array()?;
    let found = kinds
        .iter()
        .find_map(|kind| all.iter().find(|option| option["kind"] == *kind))?;
    found.get("optionId")
}

/// Describes an error that the program returned.
fn words_of(method: &str, error: &Value) -> String {
    let message = error["message"].as_str().unwrap_or("an error");
    let detail = error.pointer("/data/message").or(error.pointer("/data/details"));
    let detail = detail.or(error.get("data")).and_then(Value::as_str);
    match detail {
        Some(detail) if detail != message => format!("`{method}`: {message}: {detail}"),
        _ => format!("`{method}`: {message}"),
    }
}

fn read(mut output: impl Read, sender: &Sender<AcpNews>) {
    let mut lines = LineBuffer::default();
    let mut chunk = vec![0; 64 << 10];
    let line = |line: &[u8]| {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        if !text.is_empty() {
            // The receiver may be gone; the program must not block on its output.
            let _ = sender.send(AcpNews::Line(text));
        }
    };
    while let Ok(count @ 1..) = output.read(&mut chunk) {
        lines.feed(&chunk[..count], line);
    }
    lines.end(line);
    let _ = sender.send(AcpNews::Closed);
}
