//! The schema of `plans.toml`, as editors use it: what the pages show fits, what the program refuses does not, and `orch init`
//! puts it where the manifest's first line says.

use std::fs;
use std::path::{Path, PathBuf};

use orch::plan::manifest::manifest_schema;
use regex_automata::meta::Regex;
use serde_json::Value;

use crate::support::{Sandbox, Scratch};

/// What is wrong with a value, by the words of JSON Schema that the schema of the manifest uses; any other is a fault of the test.
fn check(root: &Value, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
    let fits = |schema: &Value| {
        let mut wrong = Vec::new();
        check(root, schema, value, path, &mut wrong);
        wrong.is_empty()
    };
    let mut refuse = |why: String| wrong.push(format!("{path}: {why}"));
    for (word, says) in schema.as_object().unwrap() {
        let number = || value.as_f64().zip(says.as_f64());
        let is_fine = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" | "format" => true,
            "$ref" => {
                let target = root
                    .pointer(says.as_str().unwrap().trim_start_matches('#'))
                    .unwrap();
                let mut inside = Vec::new();
                check(root, target, value, path, &mut inside);
                inside.into_iter().for_each(&mut refuse);
                true
            }
            "type" => match says.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                other => panic!("no type {other}"),
            },
            "const" => value == says,
            "enum" => says.as_array().unwrap().contains(value),
            "anyOf" => says.as_array().unwrap().iter().any(fits),
            "oneOf" => says.as_array().unwrap().iter().filter(|one| fits(one)).count() == 1,
            "minimum" => number().is_none_or(|(value, least)| value >= least),
            "maximum" => number().is_none_or(|(value, most)| value <= most),
            "exclusiveMinimum" => number().is_none_or(|(value, least)| value > least),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.len() as u64 >= says.as_u64().unwrap()),
            "pattern" => {
                let pattern = Regex::new(says.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    let mut inside = Vec::new();
                    check(root, says, item, &format!("{path}[{at}]"), &mut inside);
                    inside.into_iter().for_each(&mut refuse);
                }
                true
            }
            "properties" | "additionalProperties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    let own = schema.pointer(&format!("/properties/{key}"));
                    let says = match (word.as_str(), own) {
                        ("properties", Some(own)) => own,
                        ("additionalProperties", None) => says,
                        _ => continue,
                    };
                    match says {
                        Value::Bool(allowed) if *allowed => {}
                        Value::Bool(_) => refuse(format!("unknown key `{key}`")),
                        says => {
                            let mut inside = Vec::new();
                            check(root, says, inner, &format!("{path}.{key}"), &mut inside);
                            inside.into_iter().for_each(&mut refuse);
                        }
                    }
                }
                true
            }
            other => panic!("the test knows nothing of `{other}`"),
        };
        if !is_fine {
            refuse(format!("{value} is against {word} {says}"));
        }
    }
}

fn faults(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    let (schema, mut wrong) = (manifest_schema(), Vec::new());
    check(
        &schema,
        &schema,
        &serde_json::to_value(table).unwrap(),
        "",
        &mut wrong,
    );
    wrong
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of some ending below a folder.
fn below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_manifest_in_the_pages_and_templates_fits_the_schema() {
    let mut pages = vec![root().join("README.md")];
    below(&root().join("docs"), "md", &mut pages);
    let mut pieces = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let parts = text.split("```toml\n").skip(1);
        for piece in parts.filter_map(|rest| rest.split("```").next()) {
            pieces += 1;
            assert_eq!(faults(piece), [""; 0], "{} in\n{piece}", page.display());
        }
    }
    assert!(pieces > 12, "{pieces}");
    let mut manifests = Vec::new();
    below(&root().join("templates"), "toml", &mut manifests);
    manifests.push(root().join("plans.toml"));
    for manifest in manifests {
        assert_eq!(
            faults(&fs::read_to_string(&manifest).unwrap()),
            [""; 0],
            "{}",
            manifest.display()
        );
    }
}

#[test]
fn every_example_and_default_fits_its_own_key() {
    fn walk(root: &Value, schema: &Value, path: &str, count: &mut usize) {
        for (name, inner) in schema.as_object().into_iter().flatten() {
            walk(root, inner, &format!("{path}/{name}"), count);
        }
        let examples = schema["examples"].as_array().into_iter().flatten();
        for shown in examples.chain(schema.get("default")) {
            let mut wrong = Vec::new();
            check(root, schema, shown, path, &mut wrong);
            assert!(wrong.is_empty(), "{wrong:?}");
            *count += 1;
        }
    }
    let (schema, mut count) = (manifest_schema(), 0);
    walk(&schema, &schema, "", &mut count);
    assert!(count > 80, "{count}");
}

#[test]
fn what_the_program_refuses_does_not_fit() {
    for wrong in [
        "[run]\nmax_agent = 1\n",
        "[run]\nmax_agents = 0\n",
        "[run]\ntimeout = \"soon\"\n",
        "[run]\nmerge = \"always\"\n",
        "[plans.a]\ndepends = \"b\"\n",
        "[plans.a]\ndepends = [\"b.x\"]\n",
        "[plans.a]\ncarry = \"no\"\n",
        "[merge]\nregenerate = [{ path = \"x\", comand = \"y\" }]\n",
        "[escalate]\ngate = \"later\"\n",
    ] {
        assert_eq!(faults(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn init_puts_the_schema_where_the_first_line_says_and_git_does_not_see_it() {
    let repo = Scratch::empty("fresh");
    let sandbox = Sandbox::around(repo);
    sandbox.remove("plans.toml");
    sandbox.orch("init").code(0).ok();
    let manifest = sandbox.read("plans.toml");
    let file = manifest
        .lines()
        .next()
        .unwrap()
        .strip_prefix("#:schema ")
        .unwrap();
    let written: Value = serde_json::from_str(&sandbox.read(file)).unwrap();
    let printed = sandbox.orch("schema manifest").code(0).json();
    assert_eq!(written, printed);
    assert!(
        !sandbox
            .git("status --porcelain --untracked-files=all")
            .contains(".orch")
    );
}
