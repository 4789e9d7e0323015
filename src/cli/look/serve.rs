//! `orch serve`

use anyhow::Context as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::journal::OrchDir;
use crate::serve::{Address, Listener, ServedProgram, Server, Token, serve};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Show plans as web pages, live, with actions
///
/// Prints the address to open, with the key. Whoever has it may do what you may do with `orch`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Address and port, or unix:PATH; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7171")]
    listen: Address,
    /// Only show: refuse every action
    #[arg(long)]
    readonly: bool,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Allow an address that other machines can reach, without encryption
    #[arg(long)]
    public: bool,
}

impl ServeArgs {
    /// Listens on this machine at a free port, and opens a browser if there is a display.
    pub fn on_a_free_port() -> Self {
        Self {
            listen: Address::Tcp(([127, 0, 0, 1], 0).into()),
            readonly: false,
            open: std::env::var_os("DISPLAY")
                .or(std::env::var_os("WAYLAND_DISPLAY"))
                .is_some(),
            public: false,
        }
    }
}

/// Runs the command until it is interrupted.
///
/// # Errors
///
/// Returns an error when this is not a repository, or the address cannot be used.
pub fn run(context: &Context, args: &ServeArgs) -> Result<ProgramExit, CliError> {
    if args.listen.is_public() && !args.public {
        return Err(
            CliError::refused("other machines could reach this address, and read all that is sent")
                .with_hint("leave it on this machine and come through ssh: ssh -L 7171:127.0.0.1:7171 HOST")
                .with_hint("or add --public, where the network is yours alone"),
        );
    }
    let repo = context.repository()?;
    let dir = OrchDir::new(repo.common_dir());
    let token = Token::of(&dir).context("cannot keep the key")?;
    let mut server = Server::new(name_of(context), dir, token, program(context)?);
    server.readonly = args.readonly;
    server.public = args.public;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot begin to serve")?;
    runtime.block_on(answer(context, args, Arc::new(server)))
}

async fn answer(context: &Context, args: &ServeArgs, server: Arc<Server>) -> Result<ProgramExit, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt()).context("cannot hear signals")?;
    let mut ended = signal(SignalKind::terminate()).context("cannot hear signals")?;
    let listener = Listener::bind(&args.listen)
        .await
        .map_err(|error| refused(&args.listen, &error))?;
    let host = listener.host().context("cannot tell the address")?;
    let url = format!("http://{host}/?token={}", server.token.text());
    if context.json {
        let schema = crate::journal::SCHEMA;
        output::json(&serde_json::json!({ "schema": schema, "url": url, "token": server.token.text() }))?;
    } else {
        output::text(&format!("{url}\n"))?;
    }
    if let Address::Unix(path) = &args.listen {
        anstream::eprintln!("at the socket {}", path.display());
    }
    if args.open {
        open(&url);
    }
    tokio::select! {
        () = serve(server, listener) => Ok(ProgramExit::Done),
        _ = interrupted.recv() => Ok(ProgramExit::Interrupted),
        _ = ended.recv() => Ok(ProgramExit::Done),
    }
}

fn refused(address: &Address, error: &std::io::Error) -> CliError {
    let place = match address {
        Address::Tcp(address) => address.to_string(),
        Address::Unix(path) => path.display().to_string(),
    };
    let refused = CliError::refused(format!("cannot listen on {place}: {error}"));
    match (error.kind(), address) {
        (std::io::ErrorKind::AddrInUse, Address::Tcp(_)) => {
            refused.with_hint("--listen 127.0.0.1:0 takes a free port")
        }
        _ => refused,
    }
}

/// Returns this program with options for the same repository and manifest.
fn program(context: &Context) -> Result<ServedProgram, CliError> {
    let path = std::env::current_exe().context("cannot find this program")?;
    let mut options = vec!["-C".into(), context.dir.clone().into()];
    if let Some(manifest) = &context.manifest {
        options.extend(["--manifest".into(), manifest.clone().into()]);
    }
    Ok(ServedProgram { path, options })
}

/// Returns the name of the repository on the pages: its folder's name.
fn name_of(context: &Context) -> String {
    let top = context.repository().ok().and_then(|repo| {
        let dir = repo.common_dir().to_owned();
        let folder = if dir.ends_with(".git") {
            dir.parent()
        } else {
            Some(dir.as_path())
        };
        folder.and_then(|folder| folder.file_name().map(|name| name.to_string_lossy().into_owned()))
    });
    top.unwrap_or_else(|| "orch".to_owned())
}

/// Opens a browser. Serving continues if that fails.
fn open(url: &str) {
    let started = Command::new("xdg-open")
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        anstream::eprintln!("warning: cannot open a browser (xdg-open): {error}");
    }
}
