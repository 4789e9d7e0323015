//! Adds a plan's table to the manifest, or removes one.

use toml_edit::{Array, Item, RawString, Table, Value};

use super::comments::{above, below, comments_behind, places, set_comments_behind, take_attached};
use super::refusal::EditRefusal;
use super::value::{append, edited, plan_names, table_at, value_of};
use crate::plan::PlanName;

/// The keys of a plan that is to be added.
#[derive(Debug, Clone, Default)]
pub struct NewPlan {
    /// Its document, as the manifest names it.
    pub file: Option<String>,
    /// Its prompt, instead of a document.
    pub prompt: Option<String>,
    /// What it waits for.
    pub depends: Vec<String>,
    /// Its priority, as typed.
    pub priority: Option<String>,
    /// Its agent.
    pub agent: Option<String>,
}

/// Returns the text with one more plan, after the last one.
///
/// # Errors
///
/// Fails when there is already a plan with that name.
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
        if let Some(behind) = document
            .get("plans")
            .and_then(Item::as_table)
            .and_then(|plans| places(plans).into_iter().max())
        {
            let attached = take_attached(document, behind);
            table.decor_mut().set_prefix(format!("{attached}\n"));
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

/// Returns the text without a plan: without its tables and the comment right above them.
///
/// # Errors
///
/// Fails when there is no such plan.
pub fn remove_plan(text: &str, name: &str) -> Result<String, EditRefusal> {
    edited(text, |document| {
        let names = plan_names(document);
        if !names.iter().any(|known| known == name) {
            return Err(EditRefusal::Missing(name.to_owned(), names));
        }
        let plans = table_at(document, &["plans".to_owned()])?;
        let removed = plans.remove(name);
        if let Some(Item::Value(removed)) = &removed
            && let Some(last) = plans.iter_mut().last().and_then(|(_, item)| item.as_value_mut())
        {
            // The blank before the closing brace.
            let blank = removed
                .decor()
                .suffix()
                .and_then(RawString::as_str)
                .unwrap_or_default();
            let own = last
                .decor()
                .suffix()
                .and_then(RawString::as_str)
                .unwrap_or_default();
            if blank.trim().is_empty() && own.is_empty() {
                last.decor_mut().set_suffix(blank);
            }
        }
        let Some(Item::Table(removed)) = removed else {
            return Ok(());
        };
        let places = places(&removed);
        if let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) {
            let above = above(removed.decor().prefix().and_then(RawString::as_str).unwrap_or(""));
            let next = comments_behind(document, *first.max(last));
            set_comments_behind(document, *first.max(last), &format!("{above}{}", below(&next)));
        }
        Ok(())
    })
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
        let attached = "[plans.a]\nfile = \"a.md\"\n# retries = 1\n\n# end\n";
        assert_eq!(
            add_plan(attached, &name("c"), &NewPlan::default()).unwrap(),
            attached.replace("\n\n# end", "\n\n[plans.c]\n\n# end")
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
