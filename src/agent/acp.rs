//! The client side of the Agent Client Protocol (version 1, <https://agentclientprotocol.com>) for one prompt. The client is a
//! process between the runner and a program that speaks the protocol over its standard input and output. It prints every event for
//! the log as a line of JSON.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema;
use agent_client_protocol::{
    Agent, Channel, Client, Error, ErrorCode, JsonRpcMessage, JsonRpcRequest, TransportFrame, UntypedMessage,
    is_incoming_transport_closed, on_receive_notification, on_receive_request,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdout, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::agent::reader::LineBuffer;
use crate::plan::PermissionPolicy;

/// The hidden argument that turns this program into the client.
pub const ACP_ARGUMENT: &str = "__acp";

/// How long a program may take to end its turn after a question, and to end after its input was closed.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long a program may take for each step before its turn. Loading a long conversation takes seconds.
const GREETING: Duration = Duration::from_secs(120);

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

/// Runs one prompt, described as JSON, to its end. The exit code is 0 when the program ended its turn by itself.
pub fn run_acp(call: &str) -> ExitCode {
    let ended = serde_json::from_str(call)
        .map_err(|error| format!("what is to be asked is not known: {error}"))
        .and_then(|call: AcpCall| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("cannot wait for the program: {error}"))?;
            runtime.block_on(run(&call))
        });
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

/// Starts the program, takes a turn with it and waits until it has ended.
async fn run(call: &AcpCall) -> Result<bool, String> {
    let cancels = signal(SignalKind::interrupt());
    let cancels = cancels.map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (program, arguments) = call.command.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(format!("cannot talk to {program}"));
    };
    let (channel, Channel { tx, mut rx, .. }) = Channel::duplex();
    // Tasks of their own, which outlive the connection: the program must not block on its output after the turn, and learns from
    // the end of its input that there is no more work.
    let reading = tokio::spawn(read(output, move |message| drop(tx.unbounded_send(message))));
    let writing = tokio::spawn(async move {
        while let Ok(message) = rx.recv().await {
            let line = message.to_json().map_err(io::Error::other)?;
            input.write_all(format!("{line}\n").as_bytes()).await?;
        }
        io::Result::Ok(())
    });
    // What it has written before is read first. Something that it has started may hold its output open for ever.
    let lost = async {
        let why = tokio::select! {
            Ok(Err(error)) = writing => format!("it no longer listens: {error}"),
            _ = child.wait() => "it ended in mid-turn, and left its output open".to_owned(),
        };
        tokio::time::sleep(GOODBYE).await;
        why
    };
    let ended = tokio::select! {
        ended = converse(call, channel, cancels) => ended,
        why = lost => Err(why),
    };
    let _ = tokio::time::timeout(GOODBYE, reading).await;
    let _ = child.kill().await;
    ended
}

/// One conversation over a connection: what the program asks for is answered while the turn is waited for.
async fn converse(call: &AcpCall, channel: Channel, cancels: Signal) -> Result<bool, String> {
    let is_replay = Arc::new(AtomicBool::new(false));
    let is_known = Arc::clone(&is_replay);
    let (policy, mut answer) = (call.permissions, call.answer);
    let client = Client
        .v1()
        .on_receive_request(
            async move |request: schema::RequestPermissionRequest,
                        responder,
                        connection: ConnectionTo<Agent>| {
                let outcome = permission(&request, policy, &mut answer);
                // A cancelled permission leaves nothing to do until a person has answered.
                let is_over = outcome == schema::RequestPermissionOutcome::Cancelled;
                responder.respond(schema::RequestPermissionResponse::new(outcome))?;
                if is_over {
                    connection.send_notification(schema::CancelNotification::new(request.session_id))?;
                    // The question must not wait for a program that ignores this.
                    connection.spawn(async {
                        tokio::time::sleep(GOODBYE).await;
                        Err(Error::internal_error().data("its turn went on after a question".to_owned()))
                    })?;
                }
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_notification(
            // Untyped, so that updates which this version of the protocol does not know reach the log as well.
            async move |update: UntypedMessage, _| {
                if update.method() == "session/update" && !is_known.load(Ordering::Relaxed) {
                    tell(&json!({ "type": "update", "update": update.params()["update"] }));
                }
                Ok(())
            },
            on_receive_notification!(),
        );
    let turn = async |connection| {
        let turn = AcpTurn {
            connection,
            cancels,
            session: None,
            is_replay,
        };
        Ok(turn.run(call).await)
    };
    let ended = client.connect_with(channel, turn).await;
    ended.unwrap_or_else(|error| Err(words_of(&error)))
}

/// One turn of the program.
struct AcpTurn {
    connection: ConnectionTo<Agent>,
    /// Requests for an end, by a person or the time-out.
    cancels: Signal,
    session: Option<schema::SessionId>,
    /// True while an old conversation is loaded: its messages are known already.
    is_replay: Arc<AtomicBool>,
}

impl AcpTurn {
    async fn run(mut self, call: &AcpCall) -> Result<bool, String> {
        let prompt = std::fs::read_to_string(&call.prompt);
        let prompt = prompt.map_err(|error| format!("{}: {error}", call.prompt.display()))?;
        let info = schema::Implementation::new("orch", env!("CARGO_PKG_VERSION")).title("orch".to_owned());
        let hello = schema::InitializeRequest::new(ProtocolVersion::V1).client_info(info);
        let loads = self.ask_soon(hello).await?.agent_capabilities.load_session;
        let session = self.enter(call, loads).await?;
        // A conversation that cannot be loaded again needs no name.
        if loads {
            tell(&json!({ "type": "session", "session": session }));
        }
        self.session = Some(session.clone());
        // The answer is taken as it is: version 1 has no place for the usage, and a program may know more reasons.
        let prompt = schema::PromptRequest::new(session, vec![schema::ContentBlock::from(prompt)])
            .to_untyped_message();
        let ended = self.ask(prompt.map_err(|error| words_of(&error))?).await?;
        let reason = ended["stopReason"].as_str().unwrap_or("unknown");
        tell(&json!({ "type": "end", "reason": reason, "usage": usage_of(&ended) }));
        Ok(reason == "end_turn")
    }

    /// Returns the conversation to continue, or starts a new one.
    async fn enter(&mut self, call: &AcpCall, loads: bool) -> Result<schema::SessionId, String> {
        let folder = std::env::current_dir().map_err(|error| format!("the folder is gone: {error}"))?;
        let servers = match call.mcp {
            true => vec![own_server()?],
            false => Vec::new(),
        };
        if let Some(session) = call.session.as_ref().filter(|_| loads) {
            self.is_replay.store(true, Ordering::Relaxed);
            let load = schema::LoadSessionRequest::new(session.clone(), folder).mcp_servers(servers);
            let loaded = self.ask_soon(load).await;
            self.is_replay.store(false, Ordering::Relaxed);
            // The prompt only makes sense in the old conversation, so no new one is started.
            return loaded.map(|_| session.clone().into());
        }
        let new = schema::NewSessionRequest::new(folder).mcp_servers(servers);
        self.ask_soon(new).await.map(|made| made.session_id)
    }

    /// Likewise, for a request that a program answers at once if it answers at all.
    async fn ask_soon<R: JsonRpcRequest>(&mut self, request: R) -> Result<R::Response, String> {
        let method = request.method().to_owned();
        let answer = tokio::time::timeout(GREETING, self.ask(request)).await;
        answer.unwrap_or_else(|_| Err(format!("`{method}` was not answered in {} s", GREETING.as_secs())))
    }

    /// Sends a request and waits for its answer. An end that is asked for meanwhile cancels the turn, whose answer still arrives.
    async fn ask<R: JsonRpcRequest>(&mut self, request: R) -> Result<R::Response, String> {
        let method = request.method().to_owned();
        let mut answer = pin!(self.connection.send_request(request).block_task());
        loop {
            tokio::select! {
                answer = &mut answer => return answer.map_err(|error| refused(&method, &error)),
                _ = self.cancels.recv() => {
                    let session = self.session.clone();
                    let session = session.ok_or_else(|| format!("stopped before `{method}` was answered"))?;
                    let sent = self.connection.send_notification(schema::CancelNotification::new(session));
                    sent.map_err(|error| words_of(&error))?;
                }
            }
        }
    }
}

/// Why a request has no answer. A missing login is told with the status that it has in HTTP.
fn refused(method: &str, error: &Error) -> String {
    if is_incoming_transport_closed(error) {
        return format!("it ended before `{method}` was answered");
    }
    let why = format!("`{method}`: {}", words_of(error));
    if error.code == ErrorCode::AUTH_REQUIRED {
        tell(&json!({ "type": "error", "message": why, "status": 401 }));
    }
    why
}

/// The answer to a request for permission.
fn permission(
    request: &schema::RequestPermissionRequest,
    policy: PermissionPolicy,
    answer: &mut Option<bool>,
) -> schema::RequestPermissionOutcome {
    let title = request.tool_call.fields.title.as_deref().unwrap_or("a tool");
    let allows = match (policy, answer.take()) {
        (PermissionPolicy::Allow, _) => true,
        (PermissionPolicy::Deny, _) => false,
        (PermissionPolicy::Ask, Some(answer)) => answer,
        (PermissionPolicy::Ask, None) => {
            tell(&json!({ "type": "ask", "tool": title }));
            return schema::RequestPermissionOutcome::Cancelled;
        }
    };
    let option = chosen(&request.options, allows);
    let answer = if allows && option.is_some() {
        "allowed"
    } else {
        "denied"
    };
    tell(&json!({ "type": "permission", "tool": title, "answer": answer }));
    option.map_or(schema::RequestPermissionOutcome::Cancelled, |option| {
        schema::RequestPermissionOutcome::Selected(schema::SelectedPermissionOutcome::new(option.clone()))
    })
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
fn own_server() -> Result<schema::McpServer, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    let own = std::env::vars().filter(|(name, _)| name.starts_with("ORCH_") || name == "PATH");
    let env = own
        .map(|(name, value)| schema::EnvVariable::new(name, value))
        .collect();
    let server = schema::McpServerStdio::new("orch", program).args(vec!["mcp".to_owned()]);
    Ok(schema::McpServer::Stdio(server.env(env)))
}

/// The option to choose, by kind: the narrower one first.
fn chosen(options: &[schema::PermissionOption], allows: bool) -> Option<&schema::PermissionOptionId> {
    let kinds = match allows {
        true => [
            schema::PermissionOptionKind::AllowOnce,
            schema::PermissionOptionKind::AllowAlways,
        ],
        false => [
            schema::PermissionOptionKind::RejectOnce,
            schema::PermissionOptionKind::RejectAlways,
        ],
    };
    let option = |kind| options.iter().find(|option| option.kind == kind);
    kinds.into_iter().find_map(option).map(|option| &option.option_id)
}

/// Describes an error that the program returned.
fn words_of(error: &Error) -> String {
    let data = error.data.as_ref();
    let member = |name| data.and_then(|data| data.get(name));
    let detail = member("message")
        .or(member("details"))
        .or(member("error"))
        .or(data);
    match detail.and_then(Value::as_str) {
        Some(detail) if detail != error.message => format!("{}: {detail}", error.message),
        _ => error.message.clone(),
    }
}

/// Passes on the program's messages. Other lines, which some programs print as well, are for the log.
async fn read(mut output: ChildStdout, pass: impl Fn(TransportFrame)) {
    let mut lines = LineBuffer::default();
    let mut chunk = vec![0; 64 << 10];
    let line = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        match TransportFrame::parse_json(text.trim()) {
            _ if text.trim().is_empty() => {}
            TransportFrame::Malformed { raw, .. } => tell(&raw),
            message => pass(message),
        }
    };
    while let Ok(count @ 1..) = output.read(&mut chunk).await {
        lines.feed(&chunk[..count], line);
    }
    lines.end(line);
}
