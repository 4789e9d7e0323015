//! `orch serve` in the background, and a client that says exactly what it is told to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Running, Sandbox, wait_for};

/// A server.
pub struct Serving {
    pub running: Running,
    /// Address and port.
    pub address: String,
    pub token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    /// The value of a hidden field of a form.
    pub fn field(&self, name: &str) -> &str {
        let (_, rest) = self
            .body
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap()
    }
}

impl Serving {
    /// Begins to serve, on a free port unless options say otherwise.
    #[track_caller]
    pub fn of(sandbox: &Sandbox, options: &str) -> Self {
        let listen = if options.contains("--listen") {
            ""
        } else {
            "--listen 127.0.0.1:0"
        };
        Self::by(sandbox.start(&format!("serve {listen} {options}")))
    }

    /// The server in a program that was started, and prints its address before anything else.
    #[track_caller]
    pub fn by(mut running: Running) -> Self {
        wait_for("the address", || {
            running.out().contains('\n') || !running.is_alive()
        });
        let said = running.out();
        let url = said.lines().next().unwrap_or_default().strip_prefix("http://");
        let (address, token) = url
            .and_then(|url| url.split_once("/?token="))
            .unwrap_or_else(|| panic!("{said}{}", running.err()));
        Self {
            address: address.to_owned(),
            token: token.to_owned(),
            running,
        }
    }

    /// Sends a request as it stands and takes the whole answer.
    #[track_caller]
    pub fn say(&self, request: &str) -> Answer {
        let mut stream = self.connect(request);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends a request and leaves the answer to be read.
    #[track_caller]
    pub fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // An answer may come before a long request is at its end.
        let _ = stream.write_all(request.as_bytes());
        stream
    }

    /// A request with the token, and these lines in its head.
    pub fn request(&self, line: &str, head: &str, body: &str) -> String {
        let own = if head.contains("Host:") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        format!("{line} HTTP/1.1\r\n{own}{head}{length}Connection: close\r\n\r\n{body}")
    }

    /// The line that shows the token.
    pub fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// The cookie of a browser that entered.
    #[track_caller]
    pub fn cookie(&self) -> String {
        let entered = self.say(&self.request(&format!("GET /?token={}", self.token), "", ""));
        let cookie = entered.header("set-cookie").unwrap();
        format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
    }

    /// Gets a page as a script.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.say(&self.request(&format!("GET {path}"), &self.bearer(), ""))
    }

    /// Posts JSON as a script.
    #[track_caller]
    pub fn act(&self, verb: &str, body: &Value) -> Answer {
        let head = format!("{}Content-Type: application/json\r\n", self.bearer());
        self.say(&self.request(&format!("POST /api/v1/actions/{verb}"), &head, &body.to_string()))
    }
}
