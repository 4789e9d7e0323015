//! Attempts on other machines.

mod away;
mod slurm;
mod ssh;

use crate::support::{Sandbox, document};

/// Adds a plan whose agent has what the sandbox gives by the environment, which does not go along to another machine.
fn far_plan(sandbox: &Sandbox, name: &str, keys: &str, phases: usize, script: &str) {
    sandbox.write(format!("plans/{name}.md"), document(&vec![1; phases]));
    sandbox.script(name, script);
    let path = |name: &str| sandbox.beside(name);
    sandbox.tables(&format!(
        "[agents.{name}]\ncommand = [\"sh\", {:?}]\nenv = {{ MARKS = {:?}, GATES = {:?}, SANDBOX_TAG = {:?} }}\n\
         [plans.{name}]\nfile = \"plans/{name}.md\"\nagent = \"{name}\"\n{keys}\n",
        path(&format!("agents/{name}.sh")),
        path("marks"),
        path("gates"),
        path(""),
    ));
}
