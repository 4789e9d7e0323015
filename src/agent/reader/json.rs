//! Looking into events without trusting them.

use std::borrow::Cow;

use serde_json::Value;

/// The text at this place.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}

/// The number at this place, whole and not negative.
pub(super) fn number(value: &Value, path: &str) -> Option<u64> {
    let found = value.pointer(path)?;
    found.as_u64().or_else(|| {
        found
            .as_f64()
            .filter(|number| *number >= 0.0)
            .map(|number| number as u64)
    })
}

/// An amount of money at this place, in millionths.
pub(super) fn micros(value: &Value, path: &str) -> Option<u64> {
    let money = value.pointer(path)?.as_f64()?;
    (money.is_finite() && money >= 0.0).then(|| (money * 1e6).round() as u64)
}

/// The message inside of an error that services wrap into JSON, as often as it is wrapped.
pub(super) fn inner_message(text: &str) -> Cow<'_, str> {
    let Some(start) = text.find('{') else {
        return Cow::Borrowed(text);
    };
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let Some(Ok(value)) = values.next() else {
        return Cow::Borrowed(text);
    };
    let found = ["/error/message", "/message", "/error"]
        .iter()
        .find_map(|path| self::text(&value, path));
    match found {
        Some(message) => {
            let before = text[..start].trim_end_matches(['[', ' ']);
            let inner = inner_message(message);
            Cow::Owned(if before.is_empty() {
                inner.into_owned()
            } else {
                format!("{before} {inner}")
            })
        }
        None => Cow::Borrowed(text),
    }
}
