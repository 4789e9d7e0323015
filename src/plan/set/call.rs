//! How an agent program is called, understood and stopped.

use serde::{Deserialize, Serialize};

/// `stdin` of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentStdin {
    /// `/dev/null`.
    None,
    /// The prompt.
    Prompt,
}

/// The format in which an agent's output reports events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFormat {
    /// No events.
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
    /// True for programs that report how many tokens they use, but not the cost.
    pub fn counts_tokens_alone(self) -> bool {
        match self {
            Self::Codex | Self::Gemini => true,
            Self::None | Self::Claude | Self::Opencode | Self::Aider | Self::Acp => false,
        }
    }
}

/// The answer to a program that asks for permission through the Agent Client Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionPolicy {
    /// Permission is granted.
    #[default]
    Allow,
    /// A person is asked. The turn ends until the answer arrives.
    Ask,
    /// Permission is denied.
    Deny,
}

/// A signal that asks an agent to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// Interrupt, sent to the agent's own process, as a person at its terminal would send it.
    Int,
    /// Terminate, sent to everything that the agent started.
    Term,
}
