//! Reading events without trusting their form.

use std::borrow::Cow;

use serde_json::Value;

/// The text at this path.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}

/// The number at this path, if it is whole and not negative.
pub(super) fn number(value: &Value, path: &str) -> Option<u64> {
    let found = value.pointer(path)?;
    found.as_u64().or_else(|| {
        found
            .as_f64()
            .filter(|number| *number >= 0.0)
            .map(|number| number as u64)
    })
}

/// The amount of money at this path, in millionths.
pub(super) fn micros(value: &Value, path: &str) -> Option<u64> {
    let money = value.pointer(path)?.as_f64()?;
    (money.is_finite() && money >= 0.0).then(|| (money * 1e6).round() as u64)
}

/// The innermost message of an error that services have wrapped into JSON, any number of times.
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

/// The questions in the input of a tool that asks a person, each with its possible answers: `{"questions": [{"question": …,
/// "options": [{"label": …}]}]}`, or a single `question`.
pub(super) fn questions(input: &Value) -> Option<Box<str>> {
    let many = input.pointer("/questions").and_then(Value::as_array);
    let one = std::slice::from_ref(input);
    let asked = many.map_or(one, Vec::as_slice).iter().filter_map(|asked| {
        let question = text(asked, "/question").filter(|question| !question.trim().is_empty())?;
        let options = asked.pointer("/options").and_then(Value::as_array);
        let labels = options.into_iter().flatten();
        let labels: Vec<&str> = labels
            .filter_map(|option| text(option, "/label").or(option.as_str()))
            .collect();
        Some(match labels.is_empty() {
            true => question.to_owned(),
            false => format!("{question} ({})", labels.join(" / ")),
        })
    });
    let asked: Vec<String> = asked.collect();
    (!asked.is_empty()).then(|| asked.join("\n").into_boxed_str())
}
