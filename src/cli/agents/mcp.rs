//! `orch mcp`: tools for a model over standard input and output.

use std::future::Future;
use std::io;
use std::process::Stdio;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer, ServiceExt};
use rmcp::{ErrorData, ServerHandler};
use tokio::process::Command;

use super::mcp_tool::McpTool;
use super::mcp_tools::ToolUser;
use crate::cli::call::{CliError, Context, ProgramExit};

/// Serve tools to a model (Model Context Protocol)
///
/// The client starts it and speaks over standard input and output. Without options the tools are an agent's: tasks, questions and
/// messages of the plan in whose worktree it runs. Each tool is one command of `orch`, with the same refusals.
#[derive(Debug, clap::Args)]
pub struct McpArgs {
    /// Tools for your own assistant
    #[arg(long)]
    lead: bool,
    /// With --lead: tools that steer, too
    #[arg(long, requires = "lead")]
    steer: bool,
}

/// The longest answer of a tool, in bytes. A longer one would not fit into a conversation.
const LONGEST: usize = 60_000;

/// Runs the command until the client disconnects.
///
/// # Errors
///
/// Returns an error when the path of this program cannot be found, or the client does not speak the protocol.
pub fn run(context: &Context, args: &McpArgs) -> Result<ProgramExit, CliError> {
    let user = match (args.lead, args.steer) {
        (true, true) => ToolUser::Steering,
        (true, false) => ToolUser::Lead,
        (false, _) => ToolUser::Worker,
    };
    let server = McpServer {
        user,
        program: std::env::current_exe().map_err(anyhow::Error::from)?,
        options: options(context),
        folder: context.dir.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(anyhow::Error::from)?;
    let served: anyhow::Result<()> = runtime.block_on(async {
        let service = server.serve(rmcp::transport::stdio()).await?;
        service.waiting().await?;
        Ok(())
    });
    // Do not wait for a blocked read of standard input.
    runtime.shutdown_background();
    served?;
    Ok(ProgramExit::Done)
}

/// Returns the options of this command that every tool call needs too.
fn options(context: &Context) -> Vec<String> {
    let plan = context.plan.iter().map(|plan| format!("--plan={plan}"));
    let manifest = context.manifest.iter();
    let manifest = manifest.map(|file| format!("--manifest={}", file.display()));
    plan.chain(manifest).collect()
}

#[derive(Clone)]
struct McpServer {
    user: ToolUser,
    program: std::path::PathBuf,
    options: Vec<String>,
    folder: std::path::PathBuf,
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let about = match self.user {
            ToolUser::Worker => {
                "Report tasks as you begin and end them, after committing their work. Ask a person with `ask`."
            }
            ToolUser::Lead | ToolUser::Steering => {
                "Plans of coding agents in this repository. `status` lists what needs a person first."
            }
        };
        let mut info =
            ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_instructions(about);
        info.server_info = Implementation::new("orch", env!("CARGO_PKG_VERSION"));
        info
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + Send + '_ {
        let tools = self.user.tools().map(described).collect();
        std::future::ready(Ok(ListToolsResult::with_all_items(tools)))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.user.tools().find(|tool| tool.name == request.name) else {
            let names: Vec<&str> = self.user.tools().map(|tool| tool.name).collect();
            let why = format!(
                "there is no tool `{}`; there are: {}",
                request.name,
                names.join(", ")
            );
            return Err(ErrorData::invalid_params(why, None));
        };
        let line = match tool.command_line(&request.arguments.unwrap_or_default()) {
            Ok(line) => line,
            Err(why) => return Ok(CallToolResult::error(vec![ContentBlock::text(why)]).into()),
        };
        Ok(self.call(&line).await.into())
    }
}

impl McpServer {
    /// Runs a command. The command is killed when this process ends.
    async fn call(&self, line: &[String]) -> CallToolResult {
        let mut command = Command::new(&self.program);
        command.args(&self.options).args(line).kill_on_drop(true);
        command.current_dir(&self.folder).stdin(Stdio::null());
        let output = match command.output().await {
            Ok(output) => output,
            Err(error) => return CallToolResult::error(vec![ContentBlock::text(not_run(&error))]),
        };
        let (said, besides) = (shown(&output.stdout), shown(&output.stderr));
        let texts = [said, besides].into_iter().filter(|text| !text.is_empty());
        let content: Vec<ContentBlock> = texts.map(ContentBlock::text).collect();
        match output.status.success() {
            true => CallToolResult::success(content),
            false => CallToolResult::error(content),
        }
    }
}

/// Why a command was not run.
fn not_run(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::ArgumentListTooLong {
        return "the text is too long; write it to a file, and say where that lies".to_owned();
    }
    error.to_string()
}

fn described(tool: &'static McpTool) -> Tool {
    let mut notes = ToolAnnotations::new();
    notes.read_only_hint = Some(!tool.changes);
    Tool::new(tool.name, tool.about, Arc::new(tool.schema())).with_annotations(notes)
}

/// Returns the end of a long text, and how much was left out before it.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let over = text.len().saturating_sub(LONGEST);
    let from = (over..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    match over {
        0 => text.into_owned(),
        _ => format!("({from} bytes before this are left out)\n{}", &text[from..]),
    }
}
