//! A real browser without a window, told what to do over a pipe (the DevTools protocol).

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::wait_for;

/// A page in a browser of its own.
pub struct Browser {
    child: Child,
    orders: ChildStdin,
    said: Receiver<Value>,
    next: u64,
    session: Option<String>,
    faults: Vec<String>,
    _profile: tempfile::TempDir,
}

/// Colours that a person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts one; none, and a word about it, where this machine has none.
    pub fn start() -> Option<Self> {
        let found = Command::new("chromium")
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        if !found.is_ok_and(|found| found.status.success()) {
            println!("skipped: there is no chromium here");
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        // It reads orders from descriptor 3 and writes to 4.
        let line = "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
                    --no-first-run --disable-extensions --disable-background-networking --remote-debugging-pipe \
                    --user-data-dir=\"$1\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", line, "sh"])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(out).split(0) {
                let Ok(message) = message else { return };
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            orders,
            said,
            next: 0,
            session: None,
            faults: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Gives an order and waits for the answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut order = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        write!(self.orders, "{order}\0").unwrap();
        loop {
            let said = self.said.recv_timeout(Duration::from_secs(60));
            let mut said = said.unwrap_or_else(|error| panic!("{method}: {error}"));
            if said["id"] == self.next {
                assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                return said["result"].take();
            }
            self.note(&said);
        }
    }

    /// Keeps what went wrong in the page.
    fn note(&mut self, said: &Value) {
        let params = &said["params"];
        let fault = match said["method"].as_str() {
            Some("Log.entryAdded") => params["entry"]["level"] == "error",
            Some("Runtime.consoleAPICalled") => params["type"] == "error",
            Some("Runtime.exceptionThrown") => true,
            _ => false,
        };
        if fault {
            self.faults.push(params.to_string());
        }
    }

    /// What went wrong in pages since this was asked last.
    pub fn faults(&mut self) -> Vec<String> {
        self.eval("0");
        std::mem::take(&mut self.faults)
    }

    /// What an expression gives.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut said = self.call("Runtime.evaluate", params);
        assert!(
            said["exceptionDetails"].is_null(),
            "{expression}: {}",
            said["exceptionDetails"]
        );
        said["result"]["value"].take()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        wait_for(expression, || self.eval(expression) == true);
    }

    /// Opens a page.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url}));
        self.until("document.readyState == 'complete'");
    }

    /// Clicks on what is found, and waits until another page is there.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.eval("window.old = true");
        self.eval(&format!("document.querySelector({selector:?}).click()"));
        self.until("!window.old && document.readyState == 'complete'");
    }

    /// A window of this size and kind.
    pub fn look(&mut self, width: u32, height: u32, scheme: Scheme) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Writes a picture of the whole page into the folder that `ORCH_SHOTS` names, if it names one.
    pub fn shot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("ORCH_SHOTS").map(PathBuf::from) else {
            return;
        };
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let wanted = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let shot = self.call("Page.captureScreenshot", wanted);
        let data = shot["data"].as_str().unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), of_base64(data)).unwrap();
    }
}

fn of_base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |byte: u8| digits.iter().position(|digit| *digit == byte).unwrap_or(0) as u32;
    let whole = text.trim_end_matches('=').len() * 3 / 4;
    let groups = text.as_bytes().chunks(4);
    let mut bytes: Vec<u8> = groups
        .flat_map(|group| {
            let all = group.iter().fold(0, |all, byte| all << 6 | value(*byte));
            all.to_be_bytes()[1..].to_vec()
        })
        .collect();
    bytes.truncate(whole);
    bytes
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
