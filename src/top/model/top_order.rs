//! Orders to the loop.

use super::page::PagePurpose;

/// Where the output of a command is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputPlace {
    /// In the last line after success, on a page after a failure.
    Note,
    /// On a page.
    Page(PagePurpose),
}

/// An order to the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopOrder {
    /// Quit the program.
    Quit,
    /// Suspend the program, as a shell suspends a foreground job.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Run a command of this program in the background.
    Run {
        /// Its arguments.
        argv: Vec<String>,
        /// Where its output is shown.
        shown: OutputPlace,
    },
    /// Give the terminal to a command of this program.
    Terminal(Vec<String>),
    /// Read this in addition to the fleet: a log (true for the attempt before the last), and whether the
    /// train.
    Watch(Option<(String, bool)>, bool),
}
