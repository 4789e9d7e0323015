//! How an agent program is called, understood and ended.

use serde::{Deserialize, Serialize};

/// `stdin` of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentStdin {
    /// `/dev/null`.
    None,
    /// The prompt.
    Prompt,
}

/// How an agent's output tells what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFormat {
    /// It does not.
    #[default]
    None,
    /// Lines of Claude Code (`stream-json`).
    Claude,
    /// Lines of Codex (`--json`).
    Codex,
    /// Lines of OpenCode (`--format json`).
    Opencode,
    /// Lines of Gemini CLI (`stream-json`).
    Gemini,
    /// Aider's plain text.
    Aider,
    /// Messages of the Agent Client Protocol, over its standard input and output.
    Acp,
}

impl EventFormat {
    /// True for programs that say how many tokens they use, and not what these cost.
    pub fn counts_tokens_alone(self) -> bool {
        match self {
            Self::Codex | Self::Gemini => true,
            Self::None | Self::Claude | Self::Opencode | Self::Aider | Self::Acp => false,
        }
    }
}

/// What is answered when a program asks for permission by the Agent Client Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionPolicy {
    /// It has it.
    #[default]
    Allow,
    /// A person is asked; the turn ends until the answer is there.
    Ask,
    /// It does not have it.
    Deny,
}

/// A signal that asks an agent to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// Interrupt, to the agent's own process: as a person at its terminal would.
    Int,
    /// Terminate, to everything that it started.
    Term,
}
