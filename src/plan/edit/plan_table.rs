//! A plan's table added to the manifest, or taken out of it.

use toml_edit::{Array, DocumentMut, Item, RawString, Table, Value};

use super::refusal::EditRefusal;
use super::value::{append, edited, plan_names, table_at, value_of};
use crate::plan::PlanName;

/// The keys of a plan that is added.
#[derive(Debug, Clone, Default)]
pub struct NewPlan {
    /// Its document, as the manifest names it.
    pub file: Option<String>,
    /// Instead of a document.
    pub prompt: Option<String>,
    /// What it waits for.
    pub depends: Vec<String>,
    /// Its priority, as typed.
    pub priority: Option<String>,
    /// Its agent.
    pub agent: Option<String>,
}

/// The text with a plan more, behind the last one.
///
/// # Errors
///
/// When there is a plan of that name.
pub fn add_plan(text: &str, name: &PlanName, plan: &NewPlan) -> Result<String, EditRefusal> {
    edited(text, |document| {
        if plan_names(document).iter().any(|known| known == name.as_str()) {
            return Err(EditRefusal::Exists(name.to_string()));
        }
        let plans = document.get("plans");
        let is_inline = plans.is_some_and(Item::is_inline_table);
        let mut table = Table::new();
        let mut put = |key: &str, value: Value| drop(table.insert(key, Item::Value(value)));
        for (key, text) in [("file", &plan.file), ("prompt", &plan.prompt)] {
            if let Some(text) = text {
                put(key, Value::from(text.as_str()));
            }
        }
        if let Some(priority) = &plan.priority {
            put("priority", value_of(priority));
        }
        if let Some(agent) = &plan.agent {
            put("agent", Value::from(agent.as_str()));
        }
        if !plan.depends.is_empty() {
            put("depends", Value::Array(plan.depends.iter().collect::<Array>()));
        }
        let plans = table_at(document, &["plans".to_owned()])?;
        if let (0, Some(plans)) = (
            plans.len(),
            document.get_mut("plans").and_then(Item::as_table_mut),
        ) {
            plans.set_implicit(true);
        }
        let plans = table_at(document, &["plans".to_owned()])?;
        match is_inline {
            true => append(
                plans,
                name.as_str(),
                Value::InlineTable(table.into_inline_table()),
            ),
            false => drop(plans.insert(name.as_str(), Item::Table(table))),
        }
        Ok(())
    })
}

/// The text without a plan: its tables, and the comment right above its own.
///
/// # Errors
///
/// When there is no such plan.
pub fn remove_plan(text: &str, name: &str) -> Result<String, EditRefusal> {
    edited(text, |document| {
        let names = plan_names(document);
        if !names.iter().any(|known| known == name) {
            return Err(EditRefusal::Missing(name.to_owned(), names));
        }
        let removed = table_at(document, &["plans".to_owned()])?.remove(name);
        let Some(Item::Table(removed)) = removed else {
            return Ok(());
        };
        let places = places(&removed);
        if let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) {
            let above = above(removed.decor().prefix().and_then(RawString::as_str).unwrap_or(""));
            join_comments(document, *first.max(last), above);
        }
        Ok(())
    })
}

/// The positions of a table and those in it.
fn places(table: &Table) -> Vec<isize> {
    let mut found: Vec<isize> = table.position().into_iter().collect();
    for (_, item) in table.iter() {
        if let Item::Table(inner) = item {
            found.extend(places(inner));
        }
    }
    found
}

/// What stands above a header and is not about its table: all but the last paragraph.
fn above(prefix: &str) -> &str {
    match prefix.rfind("\n\n") {
        Some(at) if prefix[..at].contains('#') => &prefix[..=at],
        _ => "",
    }
}

/// What stands behind a table's last key and is not about it any more: all but the first paragraph, when there are several.
fn below(prefix: &str) -> &str {
    match prefix.find("\n\n") {
        Some(at) if prefix[..at].trim_start_matches('\n').starts_with('#') && !prefix.starts_with('\n') => {
            &prefix[at + 1..]
        }
        _ => prefix,
    }
}

/// Puts comments that outlive a table above the next one, or at the end.
fn join_comments(document: &mut DocumentMut, behind: isize, comments: &str) {
    let joined = |prefix: &str| {
        let rest = below(prefix);
        format!("{comments}{rest}")
    };
    match next_table(document.as_table_mut(), behind) {
        Some(table) => {
            let prefix = table.decor().prefix().and_then(RawString::as_str).unwrap_or("");
            let prefix = joined(prefix);
            table.decor_mut().set_prefix(prefix);
        }
        None => {
            let trailing = joined(document.trailing().as_str().unwrap_or(""));
            document.set_trailing(trailing);
        }
    }
}

/// The table that is written next behind a position.
fn next_table(table: &mut Table, behind: isize) -> Option<&mut Table> {
    let mut best: Option<&mut Table> = None;
    let mut open = vec![table];
    while let Some(table) = open.pop() {
        let (own, mut inner) = (table.position(), Vec::new());
        let is_next = own.is_some_and(|own| own > behind);
        let is_nearer = best
            .as_ref()
            .is_none_or(|best| own.is_some_and(|own| best.position().is_some_and(|known| own < known)));
        if is_next && is_nearer {
            best = Some(table);
            continue;
        }
        inner.extend(table.iter_mut().filter_map(|(_, item)| item.as_table_mut()));
        open.append(&mut inner);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\n[run]\nretries = 1\n\n# Accounts\n\n# who you are\n[plans.a]\nfile = \"a.md\" # here\n\
                        # prompt = \"x\"\n\n# its end\n[plans.a.phases.2]\nuses = [\"x\"]\n# agent = \"y\"\n\n\
                        # Money\n\n# bills\n[plans.b]\nfile = \"b.md\"\n\n# landing\n[merge]\nearly = true\n# end\n";

    fn name(text: &str) -> PlanName {
        text.parse().unwrap()
    }

    #[test]
    fn a_plan_is_added_behind_the_last_one() {
        let plan = NewPlan {
            file: Some("plans/c.md".to_owned()),
            depends: vec!["a.1".to_owned(), "b".to_owned()],
            ..NewPlan::default()
        };
        let added = add_plan(TEXT, &name("c"), &plan).unwrap();
        let lines = "\n[plans.c]\nfile = \"plans/c.md\"\ndepends = [\"a.1\", \"b\"]\n";
        assert_eq!(
            added,
            TEXT.replace("file = \"b.md\"\n", &format!("file = \"b.md\"\n{lines}"))
        );
        let empty = add_plan("[run]\nretries = 1\n", &name("c"), &NewPlan::default()).unwrap();
        assert_eq!(empty, "[run]\nretries = 1\n\n[plans.c]\n");
        assert!(matches!(
            add_plan(TEXT, &name("a"), &plan),
            Err(EditRefusal::Exists(_))
        ));
    }

    #[test]
    fn a_plan_goes_with_its_tables_and_its_own_comments() {
        let kept = "# top\n[run]\nretries = 1\n\n# Accounts\n\n# Money\n\n# bills\n[plans.b]\nfile = \"b.md\"\n\n\
                    # landing\n[merge]\nearly = true\n# end\n";
        assert_eq!(remove_plan(TEXT, "a").unwrap(), kept);
        let last = "[plans.a]\nfile = \"a.md\"\n\n[plans.b]\nfile = \"b.md\"\n# off = 1\n\n# end\n";
        assert_eq!(
            remove_plan(last, "b").unwrap(),
            "[plans.a]\nfile = \"a.md\"\n\n# end\n"
        );
        assert!(matches!(
            remove_plan(TEXT, "c"),
            Err(EditRefusal::Missing(_, names)) if names == ["a", "b"]
        ));
    }

    #[test]
    fn what_was_added_can_be_removed_again() {
        for text in [
            TEXT,
            "[plans.a]\nfile = \"a.md\"\n",
            "plans = { a = { file = \"a.md\" } }\n",
        ] {
            let added = add_plan(text, &name("c"), &NewPlan::default()).unwrap();
            assert_eq!(remove_plan(&added, "c").unwrap(), text);
        }
    }
}
