//! Announcing the tools of `orch mcp` to an agent's program: by arguments, by its environment or by a file in the attempt's folder.
//! So nothing is written into the worktree, and the person's own configuration stays.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The configuration for a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct McpConfig {
    /// Arguments, and the number of words of the command line to put before them.
    pub arguments: (usize, Vec<String>),
    /// An environment variable.
    pub variable: Option<(&'static str, String)>,
    /// A file and its contents.
    pub file: Option<(std::path::PathBuf, String)>,
}

impl McpConfig {
    /// The configuration for a known program; `None` for a program that cannot be configured. `variables` are the agent's: a
    /// program need not pass on its own environment.
    pub fn of(
        known: &str,
        program: &Path,
        variables: &BTreeMap<String, String>,
        folder: &Path,
    ) -> Option<Self> {
        let program = program.to_string_lossy().into_owned();
        let own = variables.iter();
        let own = own.filter(|(name, _)| name.starts_with("ORCH_") || *name == "PATH");
        let env: Map<String, Value> = own.map(|(name, value)| (name.clone(), json!(value))).collect();
        let file = folder.join("mcp.json");
        let server = json!({ "command": program, "args": ["mcp"], "env": env });
        match known {
            "claude" => Some(Self {
                arguments: (
                    1,
                    vec!["--mcp-config".to_owned(), file.to_string_lossy().into_owned()],
                ),
                file: Some((file, json!({ "mcpServers": { "orch": server } }).to_string())),
                ..Self::default()
            }),
            "codex" => {
                // A JSON string is also a TOML string.
                let pairs = env.iter().map(|(name, value)| format!("{name} = {value}"));
                let table = pairs.collect::<Vec<_>>().join(", ");
                let settings = [
                    format!("mcp_servers.orch.command={}", json!(program)),
                    "mcp_servers.orch.args=[\"mcp\"]".to_owned(),
                    format!("mcp_servers.orch.env={{ {table} }}"),
                    "mcp_servers.orch.default_tools_approval_mode=\"approve\"".to_owned(),
                ];
                let words = settings
                    .into_iter()
                    .flat_map(|setting| ["-c".to_owned(), setting]);
                Some(Self {
                    arguments: (2, words.collect()),
                    ..Self::default()
                })
            }
            "opencode" => {
                const VARIABLE: &str = "OPENCODE_CONFIG_CONTENT";
                let given = variables.get(VARIABLE).cloned();
                let given = given.or_else(|| std::env::var(VARIABLE).ok()).unwrap_or_default();
                let mut config: Map<String, Value> = serde_json::from_str(&given).unwrap_or_default();
                let server = json!({
                    "type": "local", "command": [program, "mcp"], "environment": env, "enabled": true,
                });
                if let Value::Object(servers) = config.entry("mcp").or_insert_with(|| json!({})) {
                    servers.insert("orch".to_owned(), server);
                }
                Some(Self {
                    variable: Some((VARIABLE, Value::Object(config).to_string())),
                    ..Self::default()
                })
            }
            "gemini" => {
                let mut server = server;
                server["trust"] = json!(true);
                Some(Self {
                    variable: Some((
                        "GEMINI_CLI_SYSTEM_SETTINGS_PATH",
                        file.to_string_lossy().into_owned(),
                    )),
                    file: Some((file, json!({ "mcpServers": { "orch": server } }).to_string())),
                    ..Self::default()
                })
            }
            _ => None,
        }
    }

    /// Inserts the arguments into a command line, and writes the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn apply(self, line: &mut Vec<String>) -> io::Result<()> {
        let (behind, words) = self.arguments;
        let behind = behind.min(line.len());
        line.splice(behind..behind, words);
        self.file
            .map_or(Ok(()), |(path, content)| fs::write(path, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::MCP_PROGRAMS;

    fn of(known: &str) -> McpConfig {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = [
            pair("ORCH_PLAN", "p \"q\""),
            pair("SECRET", "x"),
            pair("PATH", "/bin"),
        ];
        let variables = variables.into_iter().collect();
        McpConfig::of(known, "/opt/orch".as_ref(), &variables, "/attempt".as_ref()).unwrap()
    }

    #[test]
    fn each_program_is_told_in_its_own_way_and_of_nothing_else() {
        let mut line: Vec<String> = ["codex", "exec", "--json"].map(str::to_owned).to_vec();
        of("codex").apply(&mut line).unwrap();
        assert_eq!(line[2..4], ["-c", "mcp_servers.orch.command=\"/opt/orch\""]);
        assert!(
            line.contains(
                &"mcp_servers.orch.env={ ORCH_PLAN = \"p \\\"q\\\"\", PATH = \"/bin\" }".to_owned()
            )
        );
        assert_eq!(line.last().unwrap(), "--json");
        let told = |known: &str| {
            let config = of(known);
            let file = config.file.map(|(_, content)| content);
            file.or(config.variable.map(|(_, value)| value)).unwrap()
        };
        for known in ["claude", "opencode", "gemini"] {
            let told: Value = serde_json::from_str(&told(known)).unwrap();
            assert!(
                told.to_string().contains("/opt/orch") && !told.to_string().contains("SECRET"),
                "{told}"
            );
        }
        for known in MCP_PROGRAMS {
            of(known);
        }
    }
}
