//! A session on standard input and output.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use lsp_server::{ErrorCode, Message, RequestId, Response};
use serde_json::json;

use super::requests::Asked;
use super::session::{Reply, Session};
use super::wire::{self, WireError, notification};
use crate::supervisor::FileWatch;

/// An event for the loop.
enum Incoming {
    Message(Message),
    /// An invalid message; the next one may be valid.
    Wrong(ErrorCode, String),
    /// The end of the stream, or of its readable part.
    End(Option<String>),
    /// A file changed on disk.
    Disk,
    /// The answer of a command.
    Answer(Vec<Message>),
}

/// Serves an editor until the editor ends the session. Returns the exit code.
///
/// # Errors
///
/// When nobody reads the output.
pub fn serve(dir: PathBuf, manifest: Option<PathBuf>) -> io::Result<u8> {
    let (sender, incoming) = channel();
    let reader = sender.clone();
    thread::spawn(move || read(&reader));
    let on_disk = sender.clone();
    let tell = move || on_disk.send(Incoming::Disk).unwrap_or_default();
    let mut watch = FileWatch::new(BTreeSet::new(), tell);
    let mut session = Session::new(dir, manifest);
    let mut out = io::stdout().lock();
    let mut queue = VecDeque::new();
    loop {
        queue.extend(incoming.try_iter());
        // Edits that arrive during a check are checked once, together.
        if queue.is_empty() {
            publish(&mut session, &mut watch, &mut out)?;
            queue.extend(incoming.recv());
        }
        let Some(next) = queue.pop_front() else {
            return Ok(1);
        };
        let mut reply = Reply::default();
        match next {
            Incoming::Message(message) => reply = guarded(Some(&message), || session.take(&message)),
            Incoming::Wrong(code, why) => wire::refuse(&mut out, code, &why)?,
            Incoming::End(why) => {
                if let Some(why) = why {
                    wire::refuse(&mut out, ErrorCode::ParseError, &why)?;
                }
                return Ok(1);
            }
            Incoming::Disk => session.workspace.forget(),
            Incoming::Answer(messages) => reply.out = messages,
        }
        for message in &reply.out {
            message.write(&mut out)?;
        }
        if let Some(code) = reply.end {
            return Ok(code);
        }
        if let Some(asked) = reply.run {
            let sender = sender.clone();
            thread::spawn(move || drop(sender.send(Incoming::Answer(run(asked)))));
        }
    }
}

/// Sends the changed diagnostics.
fn publish(session: &mut Session, watch: &mut FileWatch, out: &mut impl Write) -> io::Result<()> {
    loop {
        let reply = guarded(None, || Reply {
            out: session.publish(),
            ..Reply::default()
        });
        for message in &reply.out {
            message.write(out)?;
        }
        // A file may have changed before its folder was watched.
        match watch.follow(session.workspace.watched()) {
            true => session.workspace.forget(),
            false => return Ok(()),
        }
    }
}

/// Handles a message. A bug in one answer becomes an error and does not end the session.
fn guarded(message: Option<&Message>, take: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(take)).unwrap_or_else(|_| {
        let mut reply = Reply::default();
        let why = "a bug in orch: the message was not handled";
        reply.out.push(match message {
            Some(Message::Request(request)) => failed(request.id.clone(), why),
            _ => notification("window/logMessage", json!({ "type": 1, "message": why })),
        });
        reply
    })
}

fn failed(id: RequestId, why: &str) -> Message {
    Response::new_err(id, ErrorCode::InternalError as i32, why.to_owned()).into()
}

/// Reads messages until the end of standard input.
fn read(sender: &Sender<Incoming>) {
    let mut input = BufReader::new(io::stdin());
    loop {
        let next = match wire::read(&mut input) {
            Ok(Some(message)) => Incoming::Message(message),
            Ok(None) => Incoming::End(None),
            Err(WireError::Message(code, why)) => Incoming::Wrong(code, why),
            Err(WireError::Stream(why)) => Incoming::End(Some(why)),
            Err(WireError::Io(error)) => Incoming::End(Some(error.to_string())),
        };
        let ends = matches!(next, Incoming::End(_));
        if sender.send(next).is_err() || ends {
            return;
        }
    }
}

/// Runs a command of `orch`. Its output is shown, and is the answer.
fn run(asked: Asked) -> Vec<Message> {
    let program = std::env::current_exe().unwrap_or_else(|_| "orch".into());
    let output = Command::new(program)
        .args(&asked.arguments)
        .current_dir(&asked.dir)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).trim_end().to_owned();
            let kind = if output.status.success() { 3 } else { 1 };
            let shown = json!({ "type": kind, "message": said });
            vec![
                notification("window/showMessage", shown),
                Response::new_ok(asked.id, said).into(),
            ]
        }
        Err(error) => vec![failed(asked.id, &error.to_string())],
    }
}
