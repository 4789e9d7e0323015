//! `orch top`

use std::io::IsTerminal;

use crate::report::is_drawable;
use crate::top::{TopOptions, run as show};

use crate::cli::call::{CliError, Context, ProgramExit};

/// Show all plans full screen, and steer them by keys
///
/// Leaving it changes nothing. `?` shows the keys.
#[derive(Debug, clap::Args)]
pub struct TopArgs {
    /// Only look: no key steers
    #[arg(long)]
    readonly: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns the errors of [`require_terminal`] and [`full_screen`].
pub fn run(context: &Context, args: &TopArgs) -> Result<ProgramExit, CliError> {
    require_terminal(context)?;
    full_screen(context, args.readonly)
}

/// Checks that there is a terminal to draw on.
///
/// # Errors
///
/// Returns an error when there is none.
pub fn require_terminal(context: &Context) -> Result<(), CliError> {
    // Keys can only be read from a terminal.
    if context.json || !is_drawable() || !std::io::stdin().is_terminal() {
        return Err(
            CliError::refused("`orch top` needs a terminal that moves its cursor, and this is none")
                .with_hint("orch status --watch"),
        );
    }
    Ok(())
}

/// Shows the plans until a person leaves.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the terminal cannot be drawn on.
pub fn full_screen(context: &Context, readonly: bool) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let plan = context
        .plan
        .as_ref()
        .map(|name| context.named(&project, name))
        .transpose()?;
    let colour = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let options = TopOptions {
        program: project.program.clone(),
        dir: context.dir.clone(),
        manifest: context.manifest.clone(),
        plan: plan.map(|plan| plan.to_string()),
        readonly,
        colour,
    };
    drop(project);
    let left = show(options)
        .map_err(|error| CliError::from(anyhow::Error::from(error).context("cannot draw on the terminal")))?;
    Ok(if left {
        ProgramExit::Done
    } else {
        ProgramExit::Interrupted
    })
}
