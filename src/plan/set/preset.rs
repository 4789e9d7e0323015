//! The table of agent programs that are known by name. Their options change every few weeks, so each row names the version that
//! it was tried with, and `[agents.NAME]` can replace every part of a row.

use crate::plan::{AgentStdin, EventFormat, Login, Report, StopSignal};

/// One known program.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// The name of the preset, and of the program.
    pub name: &'static str,
    /// The version that this row was tried with; empty for a program that every system has.
    pub tried: &'static str,
    /// Where it is installed from, for people.
    pub install: &'static str,
    /// Program and arguments of every call.
    pub command: &'static [&'static str],
    /// Options that let the program work without asking.
    pub permissions: &'static [&'static str],
    /// Options that name the model.
    pub model: &'static [&'static str],
    /// Arguments that continue a conversation; empty when the program cannot.
    pub resume: &'static [&'static str],
    /// The command with which a person continues a conversation; empty when the program cannot.
    pub attach: &'static [&'static str],
    /// Arguments that end the program when it has spent this much (`{budget}`); empty when the program cannot.
    pub budget: &'static [&'static str],
    /// Arguments that come last.
    pub last: &'static [&'static str],
    /// What its standard input contains.
    pub stdin: AgentStdin,
    /// The format in which its output reports events.
    pub events: EventFormat,
    /// What the program has to report about its work, unless the manifest says otherwise.
    pub report: Report,
    /// How the program is stopped.
    pub stop: &'static [StopSignal],
    /// Environment that keeps the program from doing what nobody asked for.
    pub env: &'static [(&'static str, &'static str)],
    /// Environment without which the program refuses to work as root.
    pub root_env: &'static [(&'static str, &'static str)],
    /// Variables that say where the program keeps its conversations. Another value means other conversations.
    pub homes: &'static [&'static str],
    /// Files that the program leaves in a worktree and that nobody wants committed, as ignore patterns.
    pub litter: &'static [&'static str],
    /// True when the program runs its commands in a login shell. The profile of a login shell may set `PATH` again.
    pub login_shell: bool,
    /// True when the program hides the user's and the system's git configuration from git in its commands.
    pub hides_git_config: bool,
    /// Signs that somebody is logged in: variables, and files below the home folder.
    pub login: Login,
}

impl Preset {
    /// The row with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The row of the program that a command starts with; none for a shell, because a shell runs any script.
    pub fn of_program(program: &str) -> Option<&'static Self> {
        let name = program.rsplit('/').next().unwrap_or(program);
        Self::named(name).filter(|preset| preset.events != EventFormat::None)
    }

    /// The command line for a new conversation, or for continuing an old one (`{session}`); none when the program cannot
    /// continue one. `permissions` replaces the row's own.
    pub fn command_line(
        &self,
        permissions: Option<&[String]>,
        args: &[String],
        has_model: bool,
        goes_on: bool,
    ) -> Option<Vec<String>> {
        if goes_on && self.resume.is_empty() {
            return None;
        }
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut line = own(self.command);
        line.extend(permissions.map_or_else(|| own(self.permissions), <[String]>::to_vec));
        if has_model {
            line.extend(own(self.model));
        }
        line.extend(args.iter().cloned());
        if goes_on {
            line.extend(own(self.resume));
        }
        line.extend(own(self.last));
        Some(line)
    }
}

/// Tools of known programs that the rows deny. Nobody is there to answer a question, and work in a worktree that the agent
/// makes for itself gets lost. An agent that tries such a tool has done nothing wrong.
pub const UNWANTED_TOOLS: &[&str] = &["AskUserQuestion", "EnterWorktree"];

/// Programs that can be given MCP servers for a single call, by the names of their presets.
pub const MCP_PROGRAMS: &[&str] = &["claude", "codex", "opencode", "gemini"];

const TERM: &[StopSignal] = &[StopSignal::Term];

/// Every known program.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "claude",
        tried: "2.1.197",
        install: "npm install -g @anthropic-ai/claude-code",
        // The settings contain a hook that asks the agent to continue when it is about to end with work undone. The other
        // programs do not offer the tools in `UNWANTED_TOOLS`, or refuse to use them when nobody is there: codex says that
        // `request_user_input` is not supported in exec mode.
        command: &[
            "claude",
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--disallowedTools",
            "AskUserQuestion,EnterWorktree",
            "--settings",
            "{settings_file}",
        ],
        permissions: &["--dangerously-skip-permissions"],
        model: &["--model", "{model}"],
        resume: &["--resume", "{session}"],
        attach: &["claude", "--resume", "{session}"],
        budget: &["--max-budget-usd", "{budget}"],
        last: &[],
        stdin: AgentStdin::Prompt,
        events: EventFormat::Claude,
        report: Report::Required,
        // TERM alone leaves the program's shell tools running.
        stop: &[StopSignal::Int, StopSignal::Term],
        env: &[("DISABLE_AUTOUPDATER", "1")],
        root_env: &[("IS_SANDBOX", "1")],
        homes: &["CLAUDE_CONFIG_DIR", "HOME"],
        litter: &[],
        login_shell: false,
        hides_git_config: false,
        login: Login {
            variables: &[
                "ANTHROPIC_API_KEY",
                "ANTHROPIC_AUTH_TOKEN",
                "CLAUDE_CODE_OAUTH_TOKEN",
                "CLAUDE_CODE_USE_BEDROCK",
                "CLAUDE_CODE_USE_VERTEX",
            ],
            files: &[("CLAUDE_CONFIG_DIR", ".claude", ".credentials.json")],
            how: "start `claude` and say /login, or set ANTHROPIC_API_KEY",
        },
    },
    Preset {
        name: "codex",
        tried: "0.169.0",
        install: "npm install -g @openai/codex",
        // A commit in a linked worktree writes into both of these folders, and both lie outside the worktree. A login shell
        // reads the machine's profile, and some profiles set PATH again: `orch` would no longer be found.
        command: &[
            "codex",
            "exec",
            "--json",
            "-c",
            "allow_login_shell=false",
            "--add-dir",
            "{git_dir}",
            "--add-dir",
            "{git_common_dir}",
        ],
        permissions: &["--sandbox", "workspace-write"],
        model: &["--model", "{model}"],
        resume: &["resume", "{session}"],
        #[rustfmt::skip]
        attach: &[
            // Without this sandbox the program refuses the folders, and ends.
            "codex", "resume", "{session}", "-c", "allow_login_shell=false", "--sandbox", "workspace-write",
            "--add-dir", "{git_dir}", "--add-dir", "{git_common_dir}",
        ],
        budget: &[],
        last: &["-"],
        stdin: AgentStdin::Prompt,
        events: EventFormat::Codex,
        report: Report::Required,
        stop: TERM,
        env: &[],
        root_env: &[],
        homes: &["CODEX_HOME", "HOME"],
        litter: &[],
        login_shell: true,
        hides_git_config: false,
        login: Login {
            variables: &["OPENAI_API_KEY", "CODEX_API_KEY"],
            files: &[
                ("CODEX_HOME", ".codex", "auth.json"),
                ("CODEX_HOME", ".codex", "config.toml"),
            ],
            how: "run `codex login`",
        },
    },
    Preset {
        name: "opencode",
        tried: "1.18.33",
        install: "npm install -g opencode-ai",
        // Without its own log, the program prints nothing while its requests are refused and retried.
        command: &[
            "opencode",
            "run",
            "--format",
            "json",
            "--print-logs",
            "--log-level",
            "ERROR",
        ],
        permissions: &["--auto"],
        model: &["--model", "{model}"],
        resume: &["--session", "{session}"],
        attach: &["opencode", "--session", "{session}"],
        budget: &[],
        last: &[],
        stdin: AgentStdin::Prompt,
        events: EventFormat::Opencode,
        report: Report::Required,
        stop: TERM,
        env: &[("OPENCODE_DISABLE_AUTOUPDATE", "1")],
        root_env: &[],
        homes: &["XDG_DATA_HOME", "HOME"],
        litter: &[],
        login_shell: false,
        hides_git_config: false,
        login: Login {
            variables: &[
                "ANTHROPIC_API_KEY",
                "OPENAI_API_KEY",
                "GEMINI_API_KEY",
                "OPENROUTER_API_KEY",
                "OPENCODE_API_KEY",
            ],
            files: &[
                ("XDG_DATA_HOME", ".local/share", "opencode/auth.json"),
                ("XDG_CONFIG_HOME", ".config", "opencode/opencode.json"),
                ("XDG_CONFIG_HOME", ".config", "opencode/opencode.jsonc"),
            ],
            how: "run `opencode auth login`",
        },
    },
    Preset {
        name: "gemini",
        tried: "0.61.0",
        install: "npm install -g @google/gemini-cli",
        command: &["gemini", "--skip-trust", "--output-format", "stream-json"],
        permissions: &["--yolo"],
        model: &["--model", "{model}"],
        resume: &["--resume", "{session}"],
        attach: &["gemini", "--skip-trust", "--resume", "{session}"],
        budget: &[],
        last: &[],
        stdin: AgentStdin::Prompt,
        events: EventFormat::Gemini,
        report: Report::Required,
        stop: TERM,
        env: &[],
        root_env: &[],
        homes: &["GEMINI_CLI_HOME", "HOME"],
        litter: &[],
        login_shell: false,
        hides_git_config: true,
        login: Login {
            variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"],
            files: &[("GEMINI_CLI_HOME", "", ".gemini/oauth_creds.json")],
            how: "start `gemini` and log in, or set GEMINI_API_KEY",
        },
    },
    Preset {
        name: "aider",
        tried: "0.86.2",
        install: "pip install aider-chat",
        command: &[
            "aider",
            "--message-file",
            "{prompt_file}",
            "--no-gitignore",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-pretty",
            "--no-stream",
            "--no-analytics",
            "--no-show-model-warnings",
        ],
        permissions: &["--yes-always"],
        model: &["--model", "{model}"],
        resume: &[],
        attach: &[],
        budget: &[],
        last: &[],
        stdin: AgentStdin::None,
        events: EventFormat::Aider,
        report: Report::Auto,
        stop: TERM,
        env: &[],
        root_env: &[],
        homes: &[],
        litter: &[".aider*"],
        login_shell: false,
        hides_git_config: false,
        login: Login {
            variables: &[
                "OPENAI_API_KEY",
                "ANTHROPIC_API_KEY",
                "GEMINI_API_KEY",
                "OPENROUTER_API_KEY",
                "DEEPSEEK_API_KEY",
                "AIDER_API_KEY",
            ],
            files: &[("", "", ".aider.conf.yml"), ("", "", ".env")],
            how: "set the key of its provider, such as OPENAI_API_KEY",
        },
    },
    Preset {
        name: "shell",
        tried: "",
        install: "",
        command: &["sh", "{prompt_file}"],
        permissions: &[],
        model: &[],
        resume: &[],
        attach: &[],
        budget: &[],
        last: &[],
        stdin: AgentStdin::None,
        events: EventFormat::None,
        report: Report::Auto,
        stop: TERM,
        env: &[],
        root_env: &[],
        homes: &[],
        litter: &[],
        login_shell: false,
        hides_git_config: false,
        login: Login {
            variables: &[],
            files: &[],
            how: "",
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{COMMAND_PLACEHOLDERS, RESUME_PLACEHOLDERS, Template};

    #[test]
    fn every_row_makes_command_lines_that_can_be_expanded() {
        for preset in PRESETS {
            let line = preset.command_line(None, &[], true, false).unwrap();
            for part in &line {
                Template::parse(part, COMMAND_PLACEHOLDERS).unwrap();
            }
            if let Some(line) = preset.command_line(None, &[], true, true) {
                for part in &line {
                    Template::parse(part, RESUME_PLACEHOLDERS).unwrap();
                }
                assert!(line.contains(&"{session}".to_owned()), "{}", preset.name);
            }
            let told = preset.stdin == AgentStdin::Prompt || line.contains(&"{prompt_file}".to_owned());
            assert!(told, "{} never hears its prompt", preset.name);
            assert!(!preset.stop.is_empty(), "{} cannot be stopped", preset.name);
        }
    }

    #[test]
    fn permissions_are_replaced_and_arguments_stand_before_what_comes_last() {
        let codex = Preset::named("codex").unwrap();
        let own = ["--sandbox".to_owned(), "read-only".to_owned()];
        let line = codex.command_line(Some(&own), &["-c".to_owned(), "x=1".to_owned()], false, true);
        let line = line.unwrap().join(" ");
        assert!(
            line.ends_with("--sandbox read-only -c x=1 resume {session} -"),
            "{line}"
        );
        assert!(!line.contains("{model}"));
        // Its commands keep the PATH that codex is given.
        assert!(line.contains(" -c allow_login_shell=false "), "{line}");
    }

    #[test]
    fn claude_is_denied_what_no_agent_has_use_for() {
        let line = Preset::named("claude").unwrap();
        for goes_on in [false, true] {
            let line = line.command_line(None, &[], false, goes_on).unwrap();
            let at = line.iter().position(|word| word == "--disallowedTools").unwrap();
            assert_eq!(line[at + 1], UNWANTED_TOOLS.join(","));
            // The option takes all words up to the next option.
            assert!(line[at + 2].starts_with("--"));
        }
    }

    #[test]
    fn a_program_is_known_wherever_it_lies_and_a_shell_is_not() {
        assert_eq!(
            Preset::of_program("/opt/x/claude").map(|preset| preset.name),
            Some("claude")
        );
        assert_eq!(Preset::of_program("sh"), None);
        assert_eq!(Preset::of_program("claude-wrapper"), None);
    }
}
