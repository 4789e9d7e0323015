//! Keys that the manifest knows and whose behaviour is not there yet. A row is deleted when its behaviour arrives.

use toml::de::DeValue;

/// One key that is not supported with every value.
pub(in crate::plan::manifest) struct UnsupportedKey {
    /// Sort of table, as the raw types name it.
    table: &'static str,
    key: &'static str,
    /// Values that describe what happens anyway.
    works: &'static [&'static str],
    /// What to do for now.
    pub(in crate::plan::manifest) instead: &'static str,
}

const fn row_of(
    table: &'static str,
    key: &'static str,
    works: &'static [&'static str],
    instead: &'static str,
) -> UnsupportedKey {
    UnsupportedKey {
        table,
        key,
        works,
        instead,
    }
}

/// Every such key.
const ROWS: &[UnsupportedKey] = &[row_of(
    "plans",
    "base",
    &[],
    "all plans start from `base` of [run]: leave the key out",
)];

/// The row that speaks against this value of this key, if any.
pub(in crate::plan::manifest) fn row(
    table: &str,
    key: &str,
    value: &DeValue<'_>,
) -> Option<&'static UnsupportedKey> {
    let row = ROWS.iter().find(|row| row.table == table && row.key == key)?;
    let works = plain(value).is_some_and(|text| row.works.contains(&text.as_str()));
    (!works).then_some(row)
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

impl UnsupportedKey {
    /// The fault's message for this value.
    pub(in crate::plan::manifest) fn message(&self, value: &DeValue<'_>) -> String {
        let key = self.key;
        match (plain(value), value) {
            (Some(text), DeValue::String(_)) => format!("`{key} = {text:?}` is not yet supported"),
            (Some(text), _) => format!("`{key} = {text}` is not yet supported"),
            (None, DeValue::Table(_)) => format!("`[{key}]` is not yet supported"),
            (None, _) => format!("`{key}` is not yet supported"),
        }
    }
}

#[cfg(test)]
pub(in crate::plan::manifest) fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().map(|row| (row.table, row.key))
}
