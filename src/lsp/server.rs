//! The session on standard input and output.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::{Value, json};

use super::requests::Asked;
use super::session::{Reply, Session};
use super::wire::{self, WireError, answer, failure, notification};
use crate::supervisor::FileWatch;

const PARSE_ERROR: i32 = -32700;
const INTERNAL_ERROR: i32 = -32603;

/// What the loop waits for.
enum Incoming {
    Message(Value),
    /// No message; the next one may be.
    Wrong(String),
    /// The end of the stream, or of what can be read in it.
    End(Option<String>),
    /// A file changed on the disk.
    Disk,
    /// The answer of a command.
    Answer(Vec<Value>),
}

/// Serves an editor until it ends the session; gives the exit code.
///
/// # Errors
///
/// When nobody reads what is sent.
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
        // What is typed while a check is made is checked once.
        if queue.is_empty() {
            publish(&mut session, &mut watch, &mut out)?;
            queue.extend(incoming.recv());
        }
        let Some(next) = queue.pop_front() else {
            return Ok(1);
        };
        let mut reply = Reply::default();
        match next {
            Incoming::Message(message) => reply = guarded(&message, || session.take(&message)),
            Incoming::Wrong(why) => reply.out.push(failure(&Value::Null, PARSE_ERROR, &why)),
            Incoming::End(why) => {
                let said = why.map(|why| failure(&Value::Null, PARSE_ERROR, &why));
                reply.out.extend(said);
                reply.end = Some(1);
            }
            Incoming::Disk => session.workspace.forget(),
            Incoming::Answer(messages) => reply.out = messages,
        }
        for message in &reply.out {
            wire::write(&mut out, message)?;
        }
        if let Some(code) = reply.end {
            return Ok(code);
        }
        if let Some(asked) = reply.run {
            let sender = sender.clone();
            thread::spawn(move || drop(sender.send(Incoming::Answer(run(&asked)))));
        }
    }
}

/// Sends what has changed about faults.
fn publish(session: &mut Session, watch: &mut FileWatch, out: &mut impl Write) -> io::Result<()> {
    loop {
        let reply = guarded(&Value::Null, || Reply {
            out: session.publish(),
            ..Reply::default()
        });
        for message in &reply.out {
            wire::write(out, message)?;
        }
        // A file may have changed before its folder was watched.
        match watch.follow(session.workspace.watched()) {
            true => session.workspace.forget(),
            false => return Ok(()),
        }
    }
}

/// What follows from a message; a bug in one answer is an error and not the end.
fn guarded(message: &Value, take: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(take)).unwrap_or_else(|_| {
        let mut reply = Reply::default();
        let why = "a bug in orch: the message was not handled";
        reply.out.push(match message.get("id") {
            Some(id) => failure(id, INTERNAL_ERROR, why),
            None => notification("window/logMessage", json!({ "type": 1, "message": why })),
        });
        reply
    })
}

/// Reads messages to the end of standard input.
fn read(sender: &Sender<Incoming>) {
    let mut input = BufReader::new(io::stdin());
    loop {
        let next = match wire::read(&mut input) {
            Ok(Some(message)) => Incoming::Message(message),
            Ok(None) => Incoming::End(None),
            Err(WireError::Message(why)) => Incoming::Wrong(why),
            Err(WireError::Stream(why)) => Incoming::End(Some(why)),
            Err(WireError::Io(error)) => Incoming::End(Some(error.to_string())),
        };
        let ends = matches!(next, Incoming::End(_));
        if sender.send(next).is_err() || ends {
            return;
        }
    }
}

/// Runs a command of `orch`; what it prints is shown, and is the answer.
fn run(asked: &Asked) -> Vec<Value> {
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
                answer(&asked.id, json!(said)),
            ]
        }
        Err(error) => vec![failure(&asked.id, INTERNAL_ERROR, &error.to_string())],
    }
}
