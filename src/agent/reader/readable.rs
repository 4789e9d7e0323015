//! Events in readable form: the agent's text, its tool calls, and how it ended. Lines that are not events stay unchanged.

use std::io::{self, Write};

use serde_json::Value;

use super::json::text;
use super::lines::LineBuffer;
use crate::plan::EventFormat;

/// How much of a tool's answer is shown.
const ANSWER: usize = 200;

/// Turns a log into readable text while the log is read.
#[derive(Debug)]
pub struct Readable {
    format: EventFormat,
    lines: LineBuffer,
}

impl Readable {
    /// A converter for output in this format.
    pub fn new(format: EventFormat) -> Self {
        Self {
            format,
            lines: LineBuffer::default(),
        }
    }

    /// Writes the text of more log.
    ///
    /// # Errors
    ///
    /// When the text cannot be written.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        if matches!(self.format, EventFormat::None | EventFormat::Aider) {
            return out.write_all(bytes);
        }
        let mut written = Ok(());
        let format = self.format;
        self.lines.feed(bytes, |line| {
            if written.is_ok() {
                written = show(format, line, out);
            }
        });
        written
    }

    /// Writes the remaining text.
    ///
    /// # Errors
    ///
    /// When the text cannot be written.
    pub fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut written = Ok(());
        let format = self.format;
        self.lines.end(|line| written = show(format, line, out));
        written
    }
}

fn show(format: EventFormat, line: &[u8], out: &mut impl Write) -> io::Result<()> {
    let event = serde_json::from_slice::<Value>(line).ok();
    let event = event.filter(|event| event.get("type").is_some_and(Value::is_string));
    let Some(event) = event else {
        out.write_all(line)?;
        return out.write_all(b"\n");
    };
    let mut said = Vec::new();
    match format {
        EventFormat::Claude => claude(&event, &mut said),
        EventFormat::Codex => codex(&event, &mut said),
        EventFormat::Opencode => opencode(&event, &mut said),
        EventFormat::Gemini => gemini(&event, &mut said),
        EventFormat::Acp => return acp(&event, out),
        EventFormat::None | EventFormat::Aider => {}
    }
    said.iter()
        .filter(|said| !said.is_empty())
        .try_for_each(|said| writeln!(out, "{said}"))
}

fn claude(event: &Value, said: &mut Vec<String>) {
    let content = event.pointer("/message/content").and_then(Value::as_array);
    match text(event, "/type") {
        Some("assistant" | "user") => {
            for part in content.into_iter().flatten() {
                match text(part, "/type") {
                    Some("text") => said.push(text(part, "/text").unwrap_or_default().to_owned()),
                    Some("tool_use") => said.push(call(text(part, "/name"), part.get("input"))),
                    Some("tool_result") => {
                        let answer = part.get("content").map(flat).unwrap_or_default();
                        said.push(result(&answer, part.get("is_error") == Some(&Value::Bool(true))));
                    }
                    _ => {}
                }
            }
        }
        Some("system") if text(event, "/subtype") == Some("api_retry") => {
            let status = event
                .get("error_status")
                .map(ToString::to_string)
                .unwrap_or_default();
            said.push(format!("! the service answers {status}, it tries again"));
        }
        Some("result") => {
            let denied = event
                .pointer("/permission_denials")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            if denied > 0 {
                said.push(format!("! {denied} tool calls were denied"));
            }
            if event.get("is_error") == Some(&Value::Bool(true)) {
                let why = text(event, "/result").map_or_else(
                    || event.get("errors").map(flat).unwrap_or_default(),
                    str::to_owned,
                );
                said.push(format!("! {why}"));
            }
        }
        _ => {}
    }
}

/// Text comes in pieces, which are joined again.
fn acp(event: &Value, out: &mut impl Write) -> io::Result<()> {
    let word = |path: &str| text(event, path).unwrap_or_default();
    match (word("/type"), word("/update/sessionUpdate")) {
        ("update", "agent_message_chunk") => write!(out, "{}", word("/update/content/text")),
        ("update", "tool_call") => writeln!(out, "\n> {}", word("/update/title")),
        ("ask", _) => writeln!(out, "\n! it asks whether it may use {}", word("/tool")),
        ("permission", _) if word("/answer") == "denied" => writeln!(out, "\n! denied: {}", word("/tool")),
        ("error", _) => writeln!(out, "\n! {}", word("/message")),
        ("end", _) => writeln!(out),
        _ => Ok(()),
    }
}

fn codex(event: &Value, said: &mut Vec<String>) {
    match (text(event, "/type"), text(event, "/item/type")) {
        (Some("item.completed"), Some("agent_message")) => {
            said.push(text(event, "/item/text").unwrap_or_default().to_owned())
        }
        (Some("item.completed"), Some("command_execution")) => {
            said.push(format!("> {}", text(event, "/item/command").unwrap_or_default()));
            let failed = event.pointer("/item/exit_code").and_then(Value::as_i64) != Some(0);
            said.push(result(
                text(event, "/item/aggregated_output").unwrap_or_default(),
                failed,
            ));
        }
        (Some("item.completed"), Some("error")) => {
            said.push(format!("! {}", text(event, "/item/message").unwrap_or_default()))
        }
        (Some("item.completed"), Some(other)) => said.push(format!("> {other}")),
        (Some("error"), _) => said.push(format!(
            "! {}",
            super::shortened(text(event, "/message").unwrap_or_default())
        )),
        _ => {}
    }
}

fn opencode(event: &Value, said: &mut Vec<String>) {
    match text(event, "/type") {
        Some("text") => said.push(text(event, "/part/text").unwrap_or_default().to_owned()),
        Some("tool_use") => {
            said.push(call(
                text(event, "/part/tool"),
                event.pointer("/part/state/input"),
            ));
            let error = text(event, "/part/state/error");
            let answer = error.or(text(event, "/part/state/output")).unwrap_or_default();
            said.push(result(answer, error.is_some()));
        }
        Some("error") => said.push(format!(
            "! {}",
            text(event, "/error/data/message").unwrap_or("an error")
        )),
        _ => {}
    }
}

fn gemini(event: &Value, said: &mut Vec<String>) {
    match text(event, "/type") {
        Some("message") if text(event, "/role") == Some("assistant") => {
            said.push(text(event, "/content").unwrap_or_default().to_owned());
        }
        Some("tool_use") => said.push(call(text(event, "/tool_name"), event.get("parameters"))),
        Some("tool_result") => {
            let failed = text(event, "/status") == Some("error");
            said.push(result(text(event, "/output").unwrap_or_default(), failed));
        }
        Some("error") => said.push(format!("! {}", text(event, "/message").unwrap_or("an error"))),
        Some("result") if text(event, "/status") != Some("success") => {
            said.push(format!(
                "! {}",
                super::shortened(text(event, "/error/message").unwrap_or("it failed"))
            ));
        }
        _ => {}
    }
}

/// `> Bash: git commit`.
fn call(name: Option<&str>, input: Option<&Value>) -> String {
    let paths = [
        "/command",
        "/file_path",
        "/filePath",
        "/path",
        "/pattern",
        "/url",
        "/prompt",
    ];
    let what = input.and_then(|input| paths.iter().find_map(|path| text(input, path)));
    let name = name.unwrap_or("a tool");
    what.map_or_else(|| format!("> {name}"), |what| format!("> {name}: {what}"))
}

/// The beginning of a tool's answer, indented. Empty for an empty answer.
fn result(answer: &str, failed: bool) -> String {
    let mark = if failed { "  ! " } else { "  " };
    let answer = answer.trim();
    let shown: String = answer.chars().take(ANSWER).collect();
    let more = if shown.len() < answer.len() { "…" } else { "" };
    if shown.is_empty() {
        return String::new();
    }
    format!("{mark}{}{more}", shown.replace('\n', "\n  "))
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(flat).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => fields.get("text").map(flat).unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: EventFormat, log: &str) -> String {
        let (mut readable, mut out) = (Readable::new(format), Vec::new());
        for part in log.as_bytes().chunks(7) {
            readable.feed(part, &mut out).unwrap();
        }
        readable.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn events_become_text_and_everything_else_stays() {
        let log = r#"{"type":"system","subtype":"init","session_id":"s"}
a word of the program itself
{"type":"assistant","message":{"content":[{"type":"text","text":"I commit."},{"type":"tool_use","name":"Bash","input":{"command":"git commit"}}]}}
{"type":"user","message":{"content":[{"type":"tool_result","content":"nothing\nto commit","is_error":true}]}}
{"no": "event"}
{"type":"result","is_error":true,"result":"API Error"}
"#;
        assert_eq!(
            shown(EventFormat::Claude, log),
            "a word of the program itself\nI commit.\n> Bash: git commit\n  ! nothing\n  to commit\n{\"no\": \"event\"}\n! API Error\n"
        );
        assert_eq!(shown(EventFormat::None, log), log);
        let codex = r#"{"type":"item.completed","item":{"type":"command_execution","command":"ls","exit_code":0,"aggregated_output":"a\n"}}
{"type":"item.completed","item":{"type":"agent_message","text":"done"}}
"#;
        assert_eq!(shown(EventFormat::Codex, codex), "> ls\n  a\ndone\n");
    }
}
