//! YAML front matter. Only its list `dependencies` matters. The list is read by its shape, not as YAML: plans are the words
//! after `plan:`, or bare list entries.

use crate::plan::Upstream;

/// Length in bytes of the front matter, including both fences; 0 when there is none.
pub(in crate::plan::markdown) fn length(text: &str) -> usize {
    let is_open = |line: &str| line.trim_end() == "---";
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        let bare = line.trim_end();
        match number {
            0 if !is_open(line) => return 0,
            0 => {}
            _ if bare == "---" || bare == "..." => return at,
            // This is a rule at the top of an ordinary document: no mapping follows.
            1 if bare.is_empty() || bare.starts_with('#') => return 0,
            _ => {}
        }
    }
    0
}

/// The plans that the front matter depends on.
pub(in crate::plan::markdown) fn dependencies(front: &str) -> Vec<Upstream> {
    let mut upstream = Vec::new();
    let mut inside = false;
    for (number, line) in front.lines().enumerate() {
        let bare = line.trim();
        let mut value = bare;
        if let Some(rest) = line.strip_prefix("dependencies:") {
            inside = true;
            value = rest.trim();
        } else if inside && !line.starts_with([' ', '\t', '-', ']']) && !bare.is_empty() {
            inside = false;
        }
        if inside {
            upstream.extend(names(value).into_iter().map(|name| Upstream {
                name,
                line: number + 1,
            }));
        }
    }
    upstream
}

/// The plan names on one line: `- x`, `- plan: x`, `[{plan: x, status: completed}, y]`.
fn names(value: &str) -> Vec<String> {
    let is_list = value.starts_with(['[', '-', '{']) || value.starts_with("plan:");
    if !is_list {
        return Vec::new();
    }
    let flow = value.trim_start_matches('-').trim();
    flow.split(['[', ']', '{', '}', ','])
        .filter_map(|entry| {
            let entry = entry.split(" #").next().unwrap_or(entry).trim();
            let name = match entry.split_once(':') {
                Some((key, name)) if key.trim() == "plan" => name.trim(),
                Some(_) => return None,
                None => entry,
            };
            let name = name.trim_matches(['"', '\'']).trim();
            let name = name.rsplit('/').next().unwrap_or(name);
            let name = name.strip_suffix(".md").unwrap_or(name);
            (!name.is_empty() && !name.starts_with('#')).then(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(front: &str) -> Vec<(String, usize)> {
        let upstream = dependencies(front);
        upstream
            .into_iter()
            .map(|upstream| (upstream.name, upstream.line))
            .collect()
    }

    #[test]
    fn lists_are_read_in_all_their_shapes() {
        let expected = |names: &[(&str, usize)]| -> Vec<(String, usize)> {
            names
                .iter()
                .map(|(name, line)| ((*name).to_owned(), *line))
                .collect()
        };
        let block = "---\ntitle: a: b\ndependencies:\n  - plan: x\n    status: completed\n  - plan: \"y.md\"\nother:\n  - plan: z\n---\n";
        assert_eq!(read(block), expected(&[("x", 4), ("y", 6)]));
        assert_eq!(
            read("---\ndependencies: [{plan: x, status: completed}, y]\n---\n"),
            expected(&[("x", 2), ("y", 2)])
        );
        assert_eq!(
            read("---\ndependencies:\n- plans/x.md\n- y # why\n---\n"),
            expected(&[("x", 3), ("y", 4)])
        );
        assert_eq!(read("---\ndependencies: none\n---\n"), expected(&[]));
    }

    #[test]
    fn a_rule_at_the_top_is_no_front_matter() {
        assert_eq!(length("---\n\n# Title\n\n---\n"), 0);
        assert_eq!(length("---\na: b\n---\n# T"), 13);
        assert_eq!(length("# T\n---\n"), 0);
        assert_eq!(length("---\na: b\n"), 0);
    }
}
