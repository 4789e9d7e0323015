//! The real agent programs, run against the project's own model server with a home of their own.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::model_server::ModelServer;
use super::{Running, Said, Sandbox};

/// How long a run of real programs may take: some need ten seconds to begin with, on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(240);

/// Names the folder in which `tests/agents/install` put the programs.
const FOLDER: &str = "ORCH_AGENTS";

/// A sandbox in which real programs work.
pub struct Real {
    sandbox: Sandbox,
    pub server: ModelServer,
    programs: PathBuf,
}

impl Deref for Real {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Real {
    /// None, and a word about it, where one of the programs is not there.
    pub fn with(needed: &[&str]) -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            println!(
                "skipped: {FOLDER} names no folder with agent programs (tests/agents/install makes one)"
            );
            return None;
        };
        let programs = folder.join("bin");
        for name in needed {
            if !programs.join(name).exists() {
                println!("skipped: {name} is not in {}", programs.display());
                return None;
            }
        }
        let (sandbox, server) = (Sandbox::new(), ModelServer::start());
        sandbox.settings("grace = \"4s\"\nretries = 0");
        let this = Self {
            sandbox,
            server,
            programs,
        };
        this.write_homes();
        Some(this)
    }

    fn write_homes(&self) {
        let url = self.server.url();
        let put = |path: &str, text: String| {
            let path = self.beside("home").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        // A person who uses it has answered what it asks at first.
        put(
            "claude/.claude.json",
            r#"{"hasCompletedOnboarding": true, "customApiKeyResponses": {"approved": ["sk-x"], "rejected": []}}"#.to_owned(),
        );
        put(
            "codex/config.toml",
            format!(
                "model = \"script\"\nmodel_provider = \"script\"\n[model_providers.script]\nname = \"script\"\nbase_url = \
                 \"{url}/v1\"\nenv_key = \"OPENAI_API_KEY\"\nwire_api = \"responses\"\n"
            ),
        );
        put(
            ".config/opencode/opencode.json",
            format!(
                r#"{{"model": "script/script", "small_model": "script/script", "provider": {{"script": {{"npm": "@ai-sdk/openai-compatible",
                "options": {{"baseURL": "{url}/v1", "apiKey": "x"}}, "models": {{"script": {{"name": "script", "cost": {{"input": 3, "output": 15}}}}}}}}}}}}"#
            ),
        );
        put(
            ".gemini/settings.json",
            r#"{"security": {"auth": {"selectedType": "gemini-api-key"}}}"#.to_owned(),
        );
    }

    /// Adds a plan of one task with this script for the model.
    pub fn scripted(&self, name: &str, keys: &str, script: &str) -> &Self {
        self.document(
            name,
            keys,
            &format!("# {name}\n\n## Phase 1: All\n\n- [ ] 1.1 Do it [[script: {script}]]\n"),
        )
    }

    /// Adds a plan with this document.
    pub fn document(&self, name: &str, keys: &str, document: &str) -> &Self {
        self.write(format!("plans/{name}.md"), document);
        self.tables(&format!("[plans.{name}]\nfile = \"plans/{name}.md\"\n{keys}\n"));
        self
    }

    /// A command line of this program with the real programs at hand.
    pub fn real_command(&self, line: &str) -> Command {
        let url = self.server.url();
        let home = self.beside("home");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.programs.clone()]
            .into_iter()
            .chain(std::env::split_paths(&path));
        let mut command = self.command(line.split_whitespace());
        command
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", &home)
            .env("CODEX_HOME", home.join("codex"))
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("CLAUDE_CONFIG_DIR", home.join("claude"))
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("OPENCODE_DISABLE_MODELS_FETCH", "1")
            .env("ANTHROPIC_BASE_URL", &url)
            .env("ANTHROPIC_API_KEY", "sk-x")
            .env("OPENAI_API_KEY", "sk-x")
            .env("OPENAI_API_BASE", format!("{url}/v1"))
            .env("GOOGLE_GEMINI_BASE_URL", &url)
            .env("GEMINI_API_KEY", "x");
        command
    }

    /// Runs a command line with the programs at hand.
    #[track_caller]
    pub fn run(&self, line: &str) -> Said {
        let mut running = self.begin(line);
        let deadline = Instant::now() + PATIENCE;
        while running.is_alive() {
            assert!(
                Instant::now() < deadline,
                "does not end:\n{}\n{}",
                running.out(),
                running.err()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        running.end()
    }

    /// The same in the background.
    pub fn begin(&self, line: &str) -> Running {
        Running::spawn(self.real_command(line))
    }

    /// Waits for an event of a plan, for as long as a real program may need to come to it.
    #[track_caller]
    pub fn comes_to(&self, event: &str, plan: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(event, Some(plan)) == 0 {
            assert!(
                Instant::now() < deadline,
                "waited in vain for {event} of {plan}: {}",
                self.why(plan)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the output of a plan's n-th attempt told, from 0.
    #[track_caller]
    pub fn facts(&self, plan: &str, attempt: usize) -> serde_json::Value {
        self.shown(plan)["attempts"][attempt]["facts"].take()
    }
}
