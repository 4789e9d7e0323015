//! A real terminal, which is tmux's.

use std::process::{Command, Stdio};

use crate::support::{Sandbox, wait_for};

/// A terminal with a shell in it. Every test has a server of its own.
pub struct Tmux {
    socket: String,
}

impl Tmux {
    /// None where there is no tmux.
    pub fn begin(sandbox: &Sandbox, columns: u16, rows: u16) -> Option<Self> {
        Self::with(sandbox, &sandbox.command(["--version"]), columns, rows)
    }

    /// A terminal in the surroundings of this command, and with nothing of the person's.
    pub fn with(sandbox: &Sandbox, shell: &Command, columns: u16, rows: u16) -> Option<Self> {
        let socket = sandbox.beside("tmux.sock").display().to_string();
        let mut command = Command::new("tmux");
        for (name, value) in shell.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(sandbox.path()).env_remove("TMUX");
        command.args(["-S", &socket, "-f", "/dev/null", "new-session", "-d", "-s", "t"]);
        command.args([
            "-x",
            &columns.to_string(),
            "-y",
            &rows.to_string(),
            "env PS1='ready> ' sh",
        ]);
        let begun = command.stdin(Stdio::null()).stderr(Stdio::null()).status();
        if !begun.is_ok_and(|status| status.success()) {
            println!("skipped: no terminal can be had, since tmux does not run here");
            return None;
        }
        let tmux = Self { socket };
        tmux.shows("ready>");
        Some(tmux)
    }

    pub fn run(&self, args: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-S", &self.socket])
            .args(args)
            .output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    }

    /// What the terminal shows.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p", "-t", "t"])
    }

    /// Presses keys by their names in tmux.
    pub fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys", "-t", "t"], keys].concat());
    }

    /// Types a text.
    pub fn typed(&self, text: &str) {
        self.run(&["send-keys", "-t", "t", "-l", text]);
    }

    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        let mut screen = String::new();
        wait_for(&format!("`{text}` on the screen"), || {
            screen = self.screen();
            screen.contains(text)
        });
        screen
    }

    /// Starts the program, and waits for the plan.
    pub fn top(&self, options: &str, plan: &str) {
        let line = format!("{} top {options}", env!("CARGO_BIN_EXE_orch"));
        self.typed(&line);
        self.press(&["Enter"]);
        self.shows("STATE");
        self.shows(plan);
    }

    /// How the terminal is set.
    pub fn settings(&self, mark: &str) -> String {
        self.typed(&format!("clear; stty -a; echo {mark}''{mark}"));
        self.press(&["Enter"]);
        let screen = self.shows(&format!("{mark}{mark}"));
        screen
            .lines()
            // What was typed may be seen twice.
            .filter(|line| !line.contains("stty"))
            .filter(|line| line.contains(';') || line.contains("echo"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// True while programs see the alternate screen.
    pub fn is_alternate(&self) -> bool {
        self.run(&["display-message", "-p", "-t", "t", "#{alternate_on}"])
            .trim()
            == "1"
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}
