//! A model server on loopback: the four interfaces that coding agents speak (Anthropic Messages, OpenAI Responses, OpenAI
//! Chat, Gemini), streamed or whole. It has no model: the prompt carries a script, `[[script: [STEP, …]]]`, and the n-th
//! answer is the n-th step, n being the number of tool results that the conversation has after the script.
//!
//! | step | answer |
//! |---|---|
//! | `{"run": "COMMAND"}` | a call of the shell tool that the agent offers |
//! | `{"say": "TEXT"}` | a last word |
//! | `{"http": 429, "times": 2, "headers": {…}, "type": "…", "message": "…", "say": "TEXT"}` | an error, as often; then the word |
//! | `{"break": true, "say": "TEXT"}` | a stream that breaks off |
//! | `{"hang": true}` | none, for as long as the client waits |
//! | `{"use": "TOOL", "with": {…}}` | a call of that tool, whether it is offered or not; for codex also `SPACE/TOOL` |

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A running server; it ends with the test.
pub struct ModelServer {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Path and body of every question.
    questions: Vec<(String, Value)>,
    /// How often each failing step has failed.
    failures: BTreeMap<String, u64>,
    answers: u64,
}

impl ModelServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
        };
        let seen = server.seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        server
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every tool that was offered in a question that has this in it.
    pub fn offered(&self, text: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let with = seen
            .questions
            .iter()
            .filter(|(_, body)| body.to_string().contains(text));
        let mut all: Vec<String> = with.flat_map(|(_, body)| offered(body)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The messages of the last question that has this in it, as one text each.
    pub fn last_conversation(&self, text: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let has = |(_, body): &&(String, Value)| body.to_string().contains(text);
        let last = seen.questions.iter().rev().find(has);
        last.map(|(_, body)| messages(body).iter().map(flat).collect())
            .unwrap_or_default()
    }
}

/// The names of the tools that a question offers.
fn offered(question: &Value) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for tool in question["tools"].as_array().into_iter().flatten() {
        let names = [&tool["name"], &tool["function"]["name"]];
        offered.extend(names.iter().filter_map(|name| name.as_str()).map(str::to_owned));
        let declared = tool["functionDeclarations"].as_array().into_iter().flatten();
        offered.extend(declared.filter_map(|one| one["name"].as_str()).map(str::to_owned));
    }
    offered
}

fn serve(mut stream: TcpStream, seen: &Mutex<Seen>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut chunked) = (0usize, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "transfer-encoding" => chunked = value.contains("chunked"),
            "expect" => stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        chunked = size > 0;
    }
    if method != "POST" {
        let models = json!({"object": "list", "data": [{"id": "script", "object": "model"}], "models": []});
        return whole(&mut stream, 200, &[], &models);
    }
    let question: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = path.split('?').next()?.to_owned();
    answer(&mut stream, &path, &question, seen)
}

fn answer(stream: &mut TcpStream, path: &str, question: &Value, seen: &Mutex<Seen>) -> Option<()> {
    if path.ends_with("/count_tokens") || path.ends_with(":countTokens") {
        return whole(stream, 200, &[], &json!({"input_tokens": 10, "totalTokens": 10}));
    }
    let step = step(question);
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.questions.push((path.to_owned(), question.clone()));
        seen.answers += 1;
        if let Some(status) = step["http"].as_u64() {
            let failures = seen.failures.entry(step.to_string()).or_default();
            *failures += 1;
            if *failures <= step["times"].as_u64().unwrap_or(u64::MAX) {
                let headers: Vec<(String, String)> = step["headers"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                    .collect();
                let kind = step["type"].as_str().unwrap_or("scripted_error");
                let message = step["message"].as_str().unwrap_or("as the script says");
                let mut error = json!({"type": "error", "error": {"type": kind, "message": message}});
                if let (Some(extra), Some(error)) =
                    (step["error"].as_object(), error["error"].as_object_mut())
                {
                    error.extend(extra.clone());
                }
                drop(seen);
                return whole(stream, u16::try_from(status).unwrap(), &headers, &error);
            }
        }
        seen.answers
    };
    if step["hang"].as_bool().unwrap_or(false) {
        // Until the client goes away.
        let mut rest = [0; 1];
        while stream.read(&mut rest).is_ok_and(|read| read > 0) {}
        return None;
    }
    let turn = Turn::new(&step, question);
    let streamed = question["stream"].as_bool().unwrap_or(false) || path.contains("streamGenerate");
    let breaks = step["break"].as_bool().unwrap_or(false);
    let (events, last, full) = if path.ends_with("/messages") {
        turn.messages(number, question)
    } else if path.ends_with("/responses") {
        turn.responses(number, question)
    } else if path.ends_with("/chat/completions") {
        turn.chat(number, question)
    } else if path.contains("enerateContent") {
        turn.gemini()
    } else {
        return whole(
            stream,
            404,
            &[],
            &json!({"error": {"message": "no such interface"}}),
        );
    };
    if !streamed {
        return whole(stream, 200, &[], &full);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        .ok()?;
    let kept = if breaks { 1 } else { events.len() };
    for event in &events[..kept.min(events.len())] {
        if let Some(name) = event["type"].as_str().filter(|_| !path.contains("chat")) {
            writeln!(stream, "event: {name}").ok()?;
        }
        write!(stream, "data: {event}\n\n").ok()?;
    }
    if !breaks {
        stream.write_all(last.as_bytes()).ok()?;
    }
    stream.flush().ok()
}

fn whole(stream: &mut TcpStream, status: u16, headers: &[(String, String)], body: &Value) -> Option<()> {
    let body = body.to_string();
    let mut head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    write!(stream, "{head}\r\n{body}").ok()?;
    stream.flush().ok()
}

fn messages(question: &Value) -> Vec<Value> {
    for key in ["messages", "input", "contents"] {
        match &question[key] {
            Value::Array(all) => return all.clone(),
            Value::String(one) => return vec![json!({"role": "user", "content": one})],
            _ => {}
        }
    }
    Vec::new()
}

/// All text of a message, whatever its shape.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(flat).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => ["text", "content", "parts", "output"]
            .iter()
            .filter_map(|key| fields.get(*key))
            .map(flat)
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// Tool results in a message.
fn results(message: &Value) -> usize {
    if message["role"] == "tool"
        || message["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("_output"))
    {
        return 1;
    }
    let parts = [&message["content"], &message["parts"]];
    let parts = parts.into_iter().filter_map(Value::as_array).flatten();
    parts
        .filter(|part| part["type"] == "tool_result" || part.get("functionResponse").is_some())
        .count()
}

/// The text of a message that is no result of a tool.
fn beside_results(message: &Value) -> String {
    let parts = message["content"].as_array().into_iter().flatten();
    let texts = parts.filter_map(|part| part["text"].as_str());
    texts.collect()
}

/// The step that is due: of the last script, by the tool results behind it.
fn step(question: &Value) -> Value {
    let (mut steps, mut done) = (Vec::new(), 0);
    for message in messages(question) {
        let count = results(&message);
        done += count;
        if message["role"] == "user" {
            // What a tool printed is no script; what stands beside its result may be one.
            let text = match count {
                0 => flat(&message),
                _ => beside_results(&message),
            };
            if let Some(script) = text.rfind("[[script:").map(|at| &text[at + "[[script:".len()..]) {
                let mut values = serde_json::Deserializer::from_str(script).into_iter::<Vec<Value>>();
                if let Some(Ok(found)) = values.next() {
                    (steps, done) = (found, 0);
                }
            }
        }
    }
    steps.get(done).cloned().unwrap_or(json!({"say": "done"}))
}

/// What is answered: a call of a tool, or a word.
struct Turn {
    call: Option<(String, Value)>,
    text: String,
}

impl Turn {
    fn new(step: &Value, question: &Value) -> Self {
        let offered = offered(question);
        let shells = [
            "Bash",
            "exec_command",
            "shell_command",
            "shell",
            "bash",
            "run_shell_command",
        ];
        let shell = shells
            .iter()
            .find(|name| offered.iter().any(|tool| tool == *name));
        let command = step["run"].as_str();
        let call = command.zip(shell).map(|(command, shell)| {
            let arguments = match *shell {
                "exec_command" => json!({"cmd": command}),
                "shell" => json!({"command": ["sh", "-c", command]}),
                _ => json!({"command": command, "description": "a step"}),
            };
            ((*shell).to_owned(), arguments)
        });
        let named = step["use"].as_str();
        let call = call.or_else(|| Some((named?.to_owned(), step["with"].clone())));
        Self {
            call,
            text: step["say"].as_str().unwrap_or("done").to_owned(),
        }
    }

    fn messages(&self, number: u64, question: &Value) -> (Vec<Value>, String, Value) {
        let (block, empty, delta, reason) = match &self.call {
            Some((name, input)) => {
                let id = format!("toolu_{number}");
                (
                    json!({"type": "tool_use", "id": id, "name": name, "input": input}),
                    json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                    json!({"type": "input_json_delta", "partial_json": input.to_string()}),
                    "tool_use",
                )
            }
            None => (
                json!({"type": "text", "text": self.text}),
                json!({"type": "text", "text": ""}),
                json!({"type": "text_delta", "text": self.text}),
                "end_turn",
            ),
        };
        let usage = json!({"input_tokens": 10, "output_tokens": 5});
        let mut full = json!({"id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": question["model"],
            "content": [block], "stop_reason": reason, "stop_sequence": null, "usage": usage});
        let answer = full.clone();
        full["content"] = json!([]);
        full["stop_reason"] = Value::Null;
        let events = vec![
            json!({"type": "message_start", "message": full}),
            json!({"type": "content_block_start", "index": 0, "content_block": empty}),
            json!({"type": "content_block_delta", "index": 0, "delta": delta}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 5}}),
            json!({"type": "message_stop"}),
        ];
        (events, String::new(), answer)
    }

    fn responses(&self, number: u64, question: &Value) -> (Vec<Value>, String, Value) {
        let item = match &self.call {
            Some((name, arguments)) => {
                let (space, name) = name.split_once('/').unzip();
                let name = name.or(self.call.as_ref().map(|(name, _)| name.as_str()));
                let mut call = json!({"type": "function_call", "id": format!("fc_{number}"), "call_id": format!("call_{number}"),
                "name": name, "arguments": arguments.to_string(), "status": "completed"});
                if let Some(space) = space {
                    call["namespace"] = json!(space);
                }
                call
            }
            None => {
                json!({"type": "message", "id": format!("msg_{number}"), "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": self.text, "annotations": []}]})
            }
        };
        let response = |status: &str, output: Value| {
            json!({"id": format!("resp_{number}"), "object": "response", "created_at": 1_700_000_000, "model": question["model"],
                "status": status, "output": output, "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15}})
        };
        let full = response("completed", json!([item]));
        let events = vec![
            json!({"type": "response.created", "response": response("in_progress", json!([]))}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.completed", "response": full}),
        ];
        (events, String::new(), full)
    }

    fn chat(&self, number: u64, question: &Value) -> (Vec<Value>, String, Value) {
        let (message, reason) = match &self.call {
            Some((name, arguments)) => (
                json!({"role": "assistant", "content": null, "tool_calls": [{"index": 0, "id": format!("call_{number}"),
                    "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}]}),
                "tool_calls",
            ),
            None => (json!({"role": "assistant", "content": self.text}), "stop"),
        };
        let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
        let base = |object: &str, choice: Value| {
            json!({"id": format!("chatcmpl-{number}"), "object": object, "created": 1_700_000_000, "model": question["model"],
                "choices": [choice], "usage": usage})
        };
        let chunk = "chat.completion.chunk";
        let mut first = base(
            chunk,
            json!({"index": 0, "delta": message, "finish_reason": null}),
        );
        first.as_object_mut().unwrap().remove("usage");
        let events = vec![
            first,
            base(chunk, json!({"index": 0, "delta": {}, "finish_reason": reason})),
        ];
        let full = base(
            "chat.completion",
            json!({"index": 0, "message": message, "finish_reason": reason}),
        );
        (events, "data: [DONE]\n\n".to_owned(), full)
    }

    fn gemini(&self) -> (Vec<Value>, String, Value) {
        let part = match &self.call {
            Some((name, arguments)) => json!({"functionCall": {"name": name, "args": arguments}}),
            None => json!({"text": self.text}),
        };
        let answer = json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}, "modelVersion": "script"});
        (vec![answer.clone()], String::new(), answer)
    }
}
