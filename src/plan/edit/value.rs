//! Sets one key of the manifest.

use toml_edit::{DocumentMut, InlineTable, Item, Key, RawString, Table, TableLike, Value};

use super::comments::take_attached;
use super::refusal::EditRefusal;

/// Parses a text, edits it, and returns the new text. A byte order mark and `\r\n` are kept.
pub(super) fn edited(
    text: &str,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), EditRefusal>,
) -> Result<String, EditRefusal> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let breaks = body.matches('\n').count();
    let is_crlf = breaks > 0 && body.matches("\r\n").count() == breaks;
    let plain = if is_crlf {
        body.replace("\r\n", "\n")
    } else {
        body.to_owned()
    };
    let mut document: DocumentMut = plain
        .parse()
        .map_err(|error: toml_edit::TomlError| EditRefusal::NotToml(error.message().to_owned()))?;
    edit(&mut document)?;
    let written = document.to_string();
    let written = if is_crlf {
        written.replace('\n', "\r\n")
    } else {
        written
    };
    Ok(format!("{mark}{written}"))
}

/// The keys of a path such as `plans.auth.priority`.
fn keys(path: &str) -> Result<Vec<String>, EditRefusal> {
    let keys = Key::parse(path).map_err(|_| EditRefusal::NoKey(path.to_owned()))?;
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

/// The table at a path, created when it is missing.
pub(super) fn table_at<'d>(
    document: &'d mut DocumentMut,
    path: &[String],
) -> Result<&'d mut dyn TableLike, EditRefusal> {
    let mut at: &mut dyn TableLike = document.as_table_mut();
    let mut is_inline = false;
    for (place, key) in path.iter().enumerate() {
        if !at.contains_key(key) {
            let made = if is_inline {
                Item::Value(Value::InlineTable(InlineTable::new()))
            } else {
                let mut table = Table::new();
                // Only the innermost table gets a header.
                table.set_implicit(place + 1 < path.len());
                Item::Table(table)
            };
            at.insert(key, made);
        }
        let refused = || EditRefusal::Kind(path[..=place].join("."), "no table");
        let item = at.get_mut(key).ok_or_else(refused)?;
        is_inline = item.is_inline_table();
        at = item.as_table_like_mut().ok_or_else(refused)?;
    }
    Ok(at)
}

/// The position of a table's header among the others; none for a table without its own header.
fn table_position(document: &DocumentMut, path: &[String]) -> Option<isize> {
    let mut table = document.as_table();
    for key in path {
        table = table.get(key)?.as_table()?;
    }
    table.position().filter(|_| !path.is_empty())
}

/// Adds a key after the others. The blank before the closing brace of `{ a = 1 }` stays there.
pub(super) fn append(table: &mut dyn TableLike, key: &str, mut value: Value) {
    let last = table.iter_mut().last().map(|(_, item)| item);
    if let Some(decor) = last.and_then(Item::as_value_mut).map(Value::decor_mut) {
        let blank = decor.suffix().and_then(RawString::as_str).unwrap_or_default();
        if !blank.is_empty() && blank.trim().is_empty() {
            value.decor_mut().set_suffix(blank);
            decor.set_suffix("");
        }
    }
    table.insert(key, Item::Value(value));
}

/// A typed value: TOML when it is valid TOML, else a text.
pub(super) fn value_of(typed: &str) -> Value {
    match typed.trim().parse::<Value>() {
        Ok(mut value) => {
            value.decor_mut().clear();
            value
        }
        Err(_) => Value::from(typed),
    }
}

/// Returns the text with this key set. A comment after the old value stays.
///
/// # Errors
///
/// Fails when the path is not a key, names a plan that does not exist, or stands for a table.
pub fn set_key(text: &str, path: &str, typed: &str) -> Result<String, EditRefusal> {
    let keys = keys(path)?;
    let Some((last, parents)) = keys.split_last() else {
        return Err(EditRefusal::NoKey(path.to_owned()));
    };
    edited(text, |document| {
        if let [plans, plan, ..] = keys.as_slice()
            && plans == "plans"
        {
            let names = plan_names(document);
            if !names.contains(plan) {
                return Err(EditRefusal::Missing(plan.clone(), names));
            }
        }
        let mut value = value_of(typed);
        let is_new = !table_at(document, parents)?.contains_key(last);
        let behind = table_position(document, parents).filter(|_| is_new);
        let attached = behind
            .map(|behind| take_attached(document, behind))
            .unwrap_or_default();
        let table = table_at(document, parents)?;
        match table.get_mut(last) {
            None => {
                append(table, last, value);
                if let (false, Some(mut key)) = (attached.is_empty(), table.key_mut(last)) {
                    key.leaf_decor_mut().set_prefix(attached);
                }
            }
            Some(Item::Value(old)) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            Some(_) => return Err(EditRefusal::Kind(path.to_owned(), "a table: name a key in it")),
        }
        Ok(())
    })
}

/// The names of the plans in a document.
pub(super) fn plan_names(document: &DocumentMut) -> Vec<String> {
    let plans = document.get("plans").and_then(Item::as_table_like);
    let names = plans
        .into_iter()
        .flat_map(|plans| plans.iter().map(|(name, _)| name.to_owned()));
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\n[run] # the run\nretries = 1 # few\n\n# first\n[plans.a]\nfile = \"a.md\"\n\n\
                        [plans.a.phases.2]\nuses = [\"x\"]\n# end\n";

    #[test]
    fn a_value_is_replaced_and_all_else_stays() {
        let set = set_key(TEXT, "run.retries", "3").unwrap();
        assert_eq!(set, TEXT.replace("retries = 1 #", "retries = 3 #"));
        let set = set_key(TEXT, "plans.a.file", "b.md").unwrap();
        assert_eq!(set, TEXT.replace("\"a.md\"", "\"b.md\""));
    }

    #[test]
    fn a_key_that_is_not_there_is_added_to_its_table() {
        let set = set_key(TEXT, "plans.a.priority", "high").unwrap();
        assert_eq!(set, TEXT.replace("\"a.md\"\n", "\"a.md\"\npriority = \"high\"\n"));
        let text = "[run]\nagent = \"x\" # a,\n            # or b\n# retries = 2\n\n# more\n[plans.a]\nfile = \"a.md\"\n";
        assert_eq!(
            set_key(text, "run.retries", "3").unwrap(),
            text.replace("= 2\n\n", "= 2\nretries = 3\n\n")
        );
        let set = set_key(TEXT, "plans.a.phases.3.timeout", "1h").unwrap();
        assert!(set.contains("[plans.a.phases.3]\ntimeout = \"1h\"\n"), "{set}");
        let set = set_key("plans = { a = { file = \"a.md\" } }\n", "plans.a.retries", "0").unwrap();
        assert_eq!(set, "plans = { a = { file = \"a.md\", retries = 0 } }\n");
    }

    #[test]
    fn what_is_typed_is_toml_or_a_text() {
        for (typed, written) in [
            ("2", "2"),
            ("true", "true"),
            ("\"2\"", "\"2\""),
            ("4h", "\"4h\""),
            ("[\"a.1\", \"b\"]", "[\"a.1\", \"b\"]"),
            ("a \"b\"", "'a \"b\"'"),
        ] {
            assert_eq!(value_of(typed).to_string(), written);
        }
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_stay() {
        let text = "\u{feff}[run]\r\nretries = 1\r\n[plans.a]\r\nfile = \"a.md\"\r\n";
        let set = set_key(text, "run.agent", "x").unwrap();
        assert_eq!(set, text.replace("= 1\r\n", "= 1\r\nagent = \"x\"\r\n"));
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        let refused = |path: &str| set_key(TEXT, path, "1").unwrap_err();
        assert_eq!(refused("plans..a"), EditRefusal::NoKey("plans..a".to_owned()));
        assert_eq!(
            refused("plans.b.retries"),
            EditRefusal::Missing("b".to_owned(), vec!["a".to_owned()])
        );
        assert!(matches!(refused("plans.a.phases"), EditRefusal::Kind(..)));
        assert!(matches!(refused("run.retries.x"), EditRefusal::Kind(..)));
        assert!(matches!(
            set_key("[run", "run.x", "1").unwrap_err(),
            EditRefusal::NotToml(_)
        ));
    }
}
