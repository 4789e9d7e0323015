//! The texts that `orch init` and `orch new` write.

use super::{PlanName, one_line};

/// A commented manifest with one plan, `example`.
pub fn init_manifest() -> &'static str {
    include_str!("../../templates/plans.toml")
}

/// The document of a new plan. Without a title, the plan's name is the title.
pub fn new_plan(name: &PlanName, title: Option<&str>) -> String {
    let title = one_line(title.unwrap_or(name.as_str()));
    include_str!("../../templates/plan.md").replacen("TITLE", &title, 1)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};

    #[test]
    fn a_fresh_manifest_with_its_fresh_plan_is_valid() {
        let name: PlanName = "example".parse().unwrap();
        let parsed = parse_manifest(Path::new("plans.toml"), init_manifest());
        let wanted: Vec<_> = parsed
            .documents()
            .map(|document| document.file.to_path_buf())
            .collect();
        assert_eq!(wanted, [Path::new("plans/example.md")]);
        let source = DocumentSource {
            display: "plans/example.md".into(),
            content: Ok(Content::Bytes(new_plan(&name, Some("An example")).into_bytes())),
        };
        let set = resolve(parsed, [(name, source)].into()).unwrap();
        assert_eq!(set.plans[0].document.title, "An example");
        assert_eq!(set.plans[0].document.tasks().count(), 3);
        assert_eq!(set.plans[0].agent.as_str(), "mine");
    }

    #[test]
    fn every_commented_line_of_the_fresh_manifest_is_valid_too() {
        let written: String = init_manifest()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(code)
                    if code.starts_with('[')
                        || code.split_once(" = ").is_some_and(|(key, _)| is_key(key)) =>
                {
                    format!("{code}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        let parsed = parse_manifest(Path::new("plans.toml"), &written);
        assert_eq!(parsed.diagnostics, [], "{written}");
        let sources = parsed.documents().map(|request| {
            let source = DocumentSource {
                display: request.file.to_path_buf(),
                content: Ok(Content::Bytes(new_plan(&request.plan, None).into_bytes())),
            };
            (request.plan, source)
        });
        let sources = sources.collect();
        let set = resolve(parsed, sources).unwrap();
        assert_eq!(set.plans.len(), 2);
        assert_eq!(set.plans[1].depends[0].to_string(), "example.1");
    }

    fn is_key(text: &str) -> bool {
        !text.trim().contains(char::is_whitespace)
    }
}
