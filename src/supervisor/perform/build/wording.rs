//! The commit messages of landings.

use std::path::Path;

use crate::plan::{MERGE_TEMPLATE, MergeContext, Plan, render_merge_message};
use crate::schedule::{MergeTrouble, Prefix};
use crate::status::read_plain;

use super::refusal::refused;
use crate::supervisor::project::repository_plans::Project;

/// The repository's own template for messages, relative to the manifest's folder.
const OWN_TEMPLATE: &str = "templates/orch/merge.txt";

/// The message of the commit with which a plan lands.
pub fn message(
    project: &Project,
    plan: &Plan,
    target: &str,
    strategy: &'static str,
    part: Option<&Prefix>,
) -> Result<String, MergeTrouble> {
    let folder = project.manifest.parent().unwrap_or(Path::new(""));
    let own = folder.join(OWN_TEMPLATE);
    let template =
        match read_plain(&own).and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => MERGE_TEMPLATE.to_owned(),
            Err(error) => return Err(refused(&format!("cannot read {}: {error}", own.display()))),
        };
    let mut context = MergeContext::new(plan, target, strategy);
    if let Some(part) = part {
        context = context.up_to(part.up_to, &part.phases);
    }
    render_merge_message(&template, &context).map_err(|error| refused(&format!("{}: {error}", own.display())))
}
