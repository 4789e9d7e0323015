//! The output of a job while it runs, read through the engine.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

/// A program that prints what a job's log gets. It ends with this value.
#[derive(Debug)]
pub struct LiveTail {
    child: Child,
    output: Receiver<Vec<u8>>,
}

impl LiveTail {
    /// Starts the program; `None` when it cannot be started.
    pub fn start(argv: &[String]) -> Option<Self> {
        let (program, words) = argv.split_first()?;
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (send, output) = mpsc::channel();
        let mut from = child.stdout.take()?;
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, output })
    }

    /// What was printed since the last call.
    pub fn read(&self) -> Vec<u8> {
        self.output.try_iter().flatten().collect()
    }
}

impl Drop for LiveTail {
    fn drop(&mut self) {
        // With TERM, a program like `srun` also ends what it has started on the node.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
