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

/// Adds a plan `p` of two phases with the gate `p` between them, and a plan `q` that waits for the first.
fn phase_and_dependent(sandbox: &Sandbox) {
    sandbox.gate("p");
    far_plan(sandbox, "p", "", 2, "work 1.1; gate p; work 2.1");
    far_plan(
        sandbox,
        "q",
        "depends = [\"p.1\"]",
        1,
        "test -e p-1.1.txt; work 1.1",
    );
}
