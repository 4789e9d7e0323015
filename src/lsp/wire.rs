//! Messages of the language server protocol on a stream: a header with a length, then JSON.
//!
//! The message types are `lsp_server`'s. The stream is read here, because the crate allocates as many bytes as a header claims,
//! and cannot answer a message without a number.

use std::io::{self, BufRead, Read as _, Write};

use lsp_server::{ErrorCode, Message, Notification};
use serde_json::{Value, json};

/// The longest message to read: longer than every text that `orch` reads.
const LONGEST: u64 = 64 << 20;

/// The longest header line.
const LONGEST_HEADER: u64 = 4096;

/// Why the input is not a message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The stream continues after it.
    #[error("{1}")]
    Message(ErrorCode, String),
    /// The start of the next message is unknown.
    #[error("{0}")]
    Stream(String),
    /// The stream cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the next message; `None` at the end.
///
/// # Errors
///
/// When the input is not a message, not JSON, or not part of the protocol.
pub fn read(stream: &mut impl BufRead) -> Result<Option<Message>, WireError> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let read = stream.take(LONGEST_HEADER).read_until(b'\n', &mut line)?;
        if read == 0 {
            return match length {
                None => Ok(None),
                Some(_) => Err(WireError::Stream("the stream ended inside a header".to_owned())),
            };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            if length.is_some() {
                break;
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            let shown: String = line.chars().take(60).collect();
            let why = format!("`{shown}` is no header: expected `Content-Length: NUMBER`");
            return Err(WireError::Stream(why));
        };
        if name.eq_ignore_ascii_case("Content-Length") {
            let number = value.trim().parse::<u64>();
            length = Some(number.map_err(|_| WireError::Stream(format!("`{line}` names no length")))?);
        }
    }
    let length = length.unwrap_or_default();
    if length > LONGEST {
        // The announced bytes are skipped, so that the next message is found.
        let passed = io::copy(&mut stream.take(length), &mut io::sink())?;
        let why = format!(
            "the message has {length} bytes, more than the {} MiB that are read",
            LONGEST >> 20
        );
        return Err(match passed == length {
            true => WireError::Message(ErrorCode::InvalidRequest, why),
            false => WireError::Stream(why),
        });
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(WireError::Stream("the stream ended inside a message".to_owned()));
    }
    let wrong = |code, what, why| WireError::Message(code, format!("the message is {what}: {why}"));
    let value: Value =
        serde_json::from_slice(&body).map_err(|why| wrong(ErrorCode::ParseError, "no JSON", why))?;
    let message = serde_json::from_value(value);
    let none = "neither a request nor an answer";
    message
        .map(Some)
        .map_err(|why| wrong(ErrorCode::InvalidRequest, none, why))
}

/// Answers invalid input with an error.
///
/// # Errors
///
/// When nobody reads the output.
pub fn refuse(stream: &mut impl Write, code: ErrorCode, why: &str) -> io::Result<()> {
    let error = json!({ "code": code as i32, "message": why });
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    write!(stream, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    stream.flush()
}

/// A notification to the editor.
pub fn notification(method: &str, params: Value) -> Message {
    Notification::new(method.to_owned(), params).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> Vec<Result<Option<Value>, String>> {
        let value = |message| serde_json::to_value::<Message>(message).unwrap();
        let mut found = Vec::new();
        loop {
            let next = read(&mut bytes);
            let ends = !matches!(next, Ok(Some(_)) | Err(WireError::Message(..)));
            found.push(
                next.map(|next| next.map(value))
                    .map_err(|error| error.to_string()),
            );
            if ends {
                return found;
            }
        }
    }

    #[test]
    fn messages_follow_each_other_also_behind_one_that_is_no_json() {
        let text = "Content-Length: 14\r\n\r\n{\"method\":\"x\"}content-length: 1\r\nContent-Type: x\r\n\r\n{\
                    Content-Length: 4\r\n\r\nnullContent-Length: 14\r\n\r\n{\"method\":\"y\"}";
        let found = all(text.as_bytes());
        assert_eq!(found.len(), 5);
        assert_eq!(found[0], Ok(Some(json!({ "method": "x" }))));
        assert!(found[1].as_ref().unwrap_err().contains("no JSON"));
        assert!(found[2].as_ref().unwrap_err().contains("neither a request"));
        assert_eq!(found[3], Ok(Some(json!({ "method": "y" }))));
        assert_eq!(found[4], Ok(None));
    }

    #[test]
    fn what_is_no_message_is_an_error_that_says_so() {
        let error = |text: &str| all(text.as_bytes()).pop().unwrap().unwrap_err();
        assert!(error("hello\n").contains("is no header"));
        assert!(error("Content-Length: -1\r\n\r\n").contains("names no length"));
        assert!(error("Content-Length: 5\r\n\r\n{}").contains("ended inside a message"));
        assert!(error("Content-Length: 5\r\n").contains("ended inside a header"));
        assert!(error("Content-Length: 99999999999999\r\n\r\n{}").contains("more than the 64 MiB"));
    }
}
