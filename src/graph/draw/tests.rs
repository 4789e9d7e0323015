use std::sync::Arc;

use crate::graph::{Durations, Graph, Ranks};
use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
use crate::plan::{Dispatch, PlanSet};

use super::{Picture, View, document, dot, mermaid, svg, text};

const MANIFEST: &str = "[run]\nagent = \"x\"\n[agents.x]\ncommand = [\"true\"]\n[plans.auth]\nfile = \"auth.md\"\nverify = \
                        \"cargo test\"\n[plans.pay]\nfile = \"pay.md\"\ndepends = [\"auth.phase1\"]\n";
const AUTH: &str = "# Sign in & \"tokens\" <b>\n## Phase 1: Ground\n- [x] 1.1 Store\n- [ ] 1.2 Check `a|b`\n## Phase 2: \
                    House\n- [ ] 2.1 Roof (depends: 1.1)\n";
const PAY: &str = "# Pay\n## Phase 1: All\n- [ ] 1.1 A\n- [ ] 1.2 B\n- [ ] 1.3 C\n- [ ] 1.4 D\n- [ ] 1.5 E\n\
                   ## Phase 2: More [PARALLEL]\n- [ ] 2.1 F\n- [ ] 2.2 G\n- [ ] 2.3 H\n";

fn set(dispatch: Dispatch) -> PlanSet {
    let parsed = parse_manifest("plans.toml".as_ref(), MANIFEST);
    let sources = parsed.documents().map(|request| {
        let content = if request.plan.as_str() == "auth" {
            AUTH
        } else {
            PAY
        };
        let source = DocumentSource {
            display: request.file.to_owned(),
            content: Ok(Content::Bytes(content.as_bytes().to_vec())),
        };
        (request.plan.clone(), source)
    });
    let sources = sources.collect();
    let mut set = resolve(parsed, sources).unwrap();
    for plan in &mut set.plans {
        plan.arrangement.dispatch = dispatch;
    }
    set
}

fn picture(dispatch: Dispatch, view: View) -> Picture {
    let set = set(dispatch);
    let graph = Graph::new(&set, &Durations::default());
    let ranks = Ranks::new(&graph, &set);
    Picture::new(&set, &graph, &ranks, view)
}

const TASKS: View = View {
    tasks: true,
    only: None,
};

#[test]
fn the_text_is_a_tree_a_plan_with_waits() {
    let coarse = text(&picture(Dispatch::Plan, View::default()));
    let expected = "\
auth Sign in & \"tokens\" <b>  (medium · batched, dag · by plan, 20m of work)
* 1     Ground                                                  10m
* 2     House                                                   10m  after phase 1 (depends, one agent)
  finished verified by cargo test
  landed

pay Pay  (medium · pipeline · by plan, 1h 20m of work)
* 1     All                                                     50m  after auth.1 (depends)
* 2     More                                                    30m  after phase 1 (80% of phase 1, one agent)
* finished
* landed                                                             after auth@landed (lands after)
";
    assert_eq!(coarse.lines().count(), expected.lines().count() + 2, "{coarse}");
    for word in [
        "auth Sign in & \"tokens\" <b>  (medium · batched, dag · by plan, 20m of work)",
        "* 1     Ground",
        "after auth.1 (depends)",
        "verified by cargo test",
        "after auth@landed (lands after)",
        "critical path (*), 1h 30m: auth.1 → pay.1 → pay.2 → pay → pay@landed",
    ] {
        assert!(coarse.contains(word), "{word} is not in\n{coarse}");
    }
    let fine = text(&picture(Dispatch::Task, TASKS));
    for word in [
        "1.1   Store done",
        "2.1   Roof",
        "after 1.1 (depends)",
        "verify cargo test",
    ] {
        assert!(fine.contains(word), "{word} is not in\n{fine}");
    }
}

#[test]
fn json_writes_gates_out_as_edges() {
    let set = set(Dispatch::Task);
    let graph = Graph::new(&set, &Durations::default());
    let ranks = Ranks::new(&graph, &set);
    let json = serde_json::to_value(document(1, &set, &graph, &ranks, None)).unwrap();
    assert_eq!(json["schema"], 1);
    let node = |id: &str| {
        let nodes = json["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["id"] == id).cloned()
    };
    let edge = |from: &str, to: &str| {
        let edges = json["edges"].as_array().unwrap();
        let found = edges.iter().find(|edge| edge["from"] == from && edge["to"] == to);
        found.map(|edge| edge["why"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        node("auth.1.2").unwrap(),
        serde_json::json!({"id": "auth.1.2", "kind": "task", "plan": "auth", "title": "Check `a|b`", "expected_s": 600.0,
            "critical": true})
    );
    for (id, kind) in [
        ("auth", "plan"),
        ("auth.2", "phase"),
        ("auth.verify", "verify"),
        ("auth@landed", "merge"),
    ] {
        assert_eq!(node(id).unwrap()["kind"], kind);
    }
    assert_eq!(edge("auth.1.1", "auth.2.1").unwrap(), "depends");
    assert_eq!(edge("auth.1.1", "auth.1").unwrap(), "part of");
    assert_eq!(edge("auth.1", "pay.1.1").unwrap(), "depends");
    assert_eq!(edge("auth@landed", "pay@landed").unwrap(), "lands after");
    let one = serde_json::to_value(document(1, &set, &graph, &ranks, Some(1))).unwrap();
    let ids: Vec<&str> = one["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"auth.1") && ids.contains(&"pay.2.3") && !ids.contains(&"auth.1.1"),
        "{ids:?}"
    );
    let ends = json["edges"].as_array().unwrap().iter();
    for end in ends.flat_map(|edge| [&edge["from"], &edge["to"]]) {
        assert!(node(end.as_str().unwrap()).is_some(), "{end} is no node");
    }
}

#[test]
fn gates_over_many_for_many_do_not_multiply() {
    let mut long = String::from("# Long\n");
    for phase in 1..=4 {
        long += &format!("## Phase {phase}: p\n");
        for task in 1..=40 {
            long += &format!("- [ ] {phase}.{task} t\n");
        }
    }
    for strategy in crate::plan::Strategy::DRAWN {
        let mut set = set(Dispatch::Task);
        let plan = &mut set.plans[1];
        plan.document = Arc::new(crate::plan::markdown::read_document(&long).0);
        plan.arrangement.strategy = strategy;
        let graph = Graph::new(&set, &Durations::default());
        let ranks = Ranks::new(&graph, &set);
        let picture = Picture::new(&set, &graph, &ranks, TASKS);
        assert!(
            picture.links.len() < 1200,
            "{strategy}: {} links",
            picture.links.len()
        );
    }
}

/// Every statement is valid DOT, braces match, and edges end at declared nodes.
#[test]
fn dot_keeps_to_its_grammar() {
    for view in [View::default(), TASKS] {
        let text = dot(&picture(Dispatch::Task, view));
        let mut depth = 0;
        let mut known = Vec::new();
        for line in text.lines().map(str::trim) {
            assert_eq!(line.replace("\\\"", "").matches('"').count() % 2, 0, "{line}");
            let plain = without_strings(line);
            depth += plain.matches('{').count();
            depth -= plain.matches('}').count();
            if let Some((from, to)) = plain.split_once(" -> ") {
                assert!(known.contains(&from.to_owned()), "{line}");
                assert!(
                    known.contains(&to.split(' ').next().unwrap().to_owned()),
                    "{line}"
                );
            } else if let Some((name, _)) = plain.split_once(" [") {
                known.push(name.to_owned());
            }
            assert!(plain.ends_with([';', '{', '}']), "{line}");
        }
        assert_eq!(depth, 0);
        assert!(
            text.contains(r#"label="auth: Sign in & \"tokens\" <b>""#),
            "{text}"
        );
    }
}

fn without_strings(line: &str) -> String {
    let line = line.replace("\\\"", "");
    line.split('"').step_by(2).collect()
}

#[test]
fn mermaid_keeps_to_its_grammar() {
    for view in [View::default(), TASKS] {
        let text = mermaid(&picture(Dispatch::Task, view));
        assert!(text.starts_with("flowchart LR\n"));
        let count = |word: &str| {
            text.lines()
                .filter(|line| line.trim_start().starts_with(word))
                .count()
        };
        assert_eq!(count("subgraph "), count("end"));
        for line in text.lines() {
            assert_eq!(line.matches('"').count() % 2, 0, "{line}");
            let strings: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
            assert!(
                strings.iter().all(|text| !text.contains(['<', '>', '`'])),
                "{line}"
            );
        }
        assert!(
            text.contains("auth: Sign in #38; #34;tokens#34; #60;b#62;"),
            "{text}"
        );
        assert!(text.contains("linkStyle "), "{text}");
    }
}

#[test]
fn svg_is_well_formed_escaped_and_keeps_shapes_apart() {
    for (dispatch, view) in [
        (Dispatch::Plan, View::default()),
        (Dispatch::Task, TASKS),
        (
            Dispatch::Task,
            View {
                tasks: true,
                only: Some(1),
            },
        ),
    ] {
        let picture = picture(dispatch, view);
        let text = svg(&picture);
        let mut open: Vec<&str> = Vec::new();
        for tag in text.split('<').skip(1) {
            let (inside, after) = tag.split_once('>').unwrap();
            assert!(!after.contains('>'), "{after}");
            let name = inside.split([' ', '\n']).next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if inside.ends_with('/') => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(text.contains("Sign in &amp; &quot;tokens&quot; &lt;b&gt;") || view.only.is_some());
        assert!(text.contains("critical path") && text.contains("plan landed"));
        let grid = super::layout::grid(&picture);
        let mut cells: Vec<_> = (0..picture.shapes.len())
            .filter(|shape| grid.hosts[*shape].is_none())
            .map(|shape| grid.cells[shape])
            .collect();
        let all = cells.len();
        cells.sort_unstable();
        cells.dedup();
        assert_eq!(cells.len(), all, "two shapes in one cell");
        for link in &picture.links {
            let (from, to) = (grid.cells[link.from].1, grid.cells[link.to].1);
            assert!(from < to || grid.hosts[link.to] == Some(link.from), "{link:?}");
        }
    }
}
