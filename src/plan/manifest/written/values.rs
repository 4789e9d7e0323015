//! Values that are written as text or numbers and checked while they are read.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::{DeInteger, DeValue};

use crate::plan::manifest::written::at::Located;
use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::{
    AgentName, Currency, Dependency, ExecutorName, PermissionPolicy, Priority, ResourceName, SubmitRate,
    parse_duration, parse_size,
};

macro_rules! schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// `"10s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationText(pub Duration);

/// A duration that is longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositiveDuration(pub Duration);

/// A duration, `"at once"` or `"never"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(pub Option<Duration>);

/// A number of at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u32);

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

/// An amount of money above nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Money(pub f64);

/// An amount of money, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount(pub f64);

/// `"auto"` or a number of at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoOrCount {
    /// By size.
    Auto,
    /// That many.
    Count(Count),
}

/// `permissions` of an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Permissions {
    /// Words of a command line.
    Words(Vec<Located<String>>),
    /// What is answered to a program that asks.
    Policy(PermissionPolicy),
}

/// A glob of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(pub String);

/// A text with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

/// A word of the command of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineWord(pub String);

/// An absolute path or a URL: what another machine reads too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarPlace(pub String);

/// A number of bytes, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeText(pub u64);

schema!(DurationText, "Duration", { "type": "string", "examples": ["30m"], "pattern": r"^(\d+d)?\s*(\d+h)?\s*(\d+m)?\s*(\d+s)?\s*(\d+ms)?$" });
schema!(PositiveDuration, "Duration", { "type": "string", "examples": ["1h30m"], "pattern": r"^(\d+d)?\s*(\d+h)?\s*(\d+m)?\s*(\d+s)?\s*(\d+ms)?$" });
schema!(Delay, "After", {
    "type": "string",
    "examples": ["2h", "at once", "never"],
    "pattern": r"^(at once|never|(\d+d)?\s*(\d+h)?\s*(\d+m)?\s*(\d+s)?\s*(\d+ms)?)$"
});
schema!(Count, "Count", { "type": "integer", "minimum": 1, "examples": [4] });
schema!(Share, "Share", { "type": "number", "minimum": 0, "maximum": 1, "examples": [0.6] });
schema!(Money, "Money", { "type": "number", "exclusiveMinimum": 0, "examples": [20] });
schema!(Currency, "Currency", { "type": "string", "examples": ["EUR"], "pattern": "^[A-Z]{3}$" });
schema!(Amount, "Amount", { "type": "number", "minimum": 0, "examples": [3] });
schema!(AutoOrCount, "AutoOrCount", {
    "anyOf": [{ "const": "auto" }, { "type": "integer", "minimum": 1 }],
    "examples": ["auto", 3]
});
schema!(Glob, "Glob", { "type": "string", "minLength": 1, "examples": ["src/auth/**"] });
schema!(Permissions, "Permissions", {
    "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "enum": ["allow", "ask", "deny"] }],
    "examples": ["ask"]
});
schema!(Text, "Text", { "type": "string", "minLength": 1 });
schema!(EngineWord, "EngineWord", { "type": "string", "minLength": 1, "examples": ["./engine", "{payload_file}"] });
schema!(FarPlace, "FarPlace", { "type": "string", "examples": ["/srv/orch/hub.git"], "pattern": "^(/|[^/]+:)" });
schema!(ExecutorName, "ExecutorName", { "type": "string", "examples": ["cluster"], "pattern": "^[a-z0-9][a-z0-9_-]*$" });
schema!(SubmitRate, "Rate", { "type": "string", "examples": ["60/min"], "pattern": r"^\d+\s*/\s*(s|min|h)$" });
schema!(SizeText, "Size", { "type": "string", "examples": ["10 GB"], "pattern": r"^\d+(\.\d+)?\s*([kKMGT]i?)?B?$" });
schema!(Dependency, "Dependency", {
    "type": "string",
    "examples": ["auth.phase1", "auth.2.3", "auth@landed"],
    "pattern": r"^[a-z0-9][a-z0-9_-]*(\.(phase)?\d+(\.\d+)?)?(@landed)?$"
});
schema!(AgentName, "AgentName", { "type": "string", "examples": ["claude"], "pattern": "^[a-z0-9][a-z0-9_-]*$" });
schema!(ResourceName, "ResourceName", { "type": "string", "examples": ["database"], "pattern": "^[a-z0-9][a-z0-9_-]*$" });
schema!(Priority, "Priority", {
    "anyOf": [{ "type": "integer" }, { "enum": ["high", "medium", "low", "P0", "P1", "P2", "P3"] }],
    "examples": ["high", 10]
});

/// Reads a text and turns it into a value; what goes wrong is the fault's message.
fn text<T>(
    value: &DeValue<'_>,
    spot: &Spot,
    reader: &mut ManifestReader<'_>,
    expected: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let DeValue::String(text) = value else {
        reader.mismatch(value, spot, expected);
        return None;
    };
    // No file's name, argument or variable can hold one.
    let parsed = match text.contains('\0') {
        true => Err("it holds the character NUL".to_owned()),
        false => parse(text),
    };
    match parsed {
        Ok(value) => Some(value),
        Err(message) => {
            reader.diagnostic(spot.place, format!("`{}`: {message}", spot.path), None);
            None
        }
    }
}

/// Implements reading for a type that is parsed from text.
macro_rules! from_text {
    ($($type:ty, $expected:literal, $parse:expr;)+) => { $(
        impl FromToml for $type {
            fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
                text(value, spot, reader, $expected, $parse)
            }
        }
    )+ };
}

from_text! {
    Dependency, "a reference such as \"auth.phase2\"", |text| text.parse().map_err(|e| format!("{e}"));
    AgentName, "an agent's name", |text| text.parse().map_err(|e| format!("{e}"));
    ExecutorName, "an executor's name", |text| text.parse().map_err(|e| format!("{e}"));
    Currency, "a currency such as \"EUR\"", |text| text.parse().map_err(|e| format!("{e}"));
    EngineWord, "a text", |text| Ok(EngineWord(text.to_owned()));
    FarPlace, "an absolute path or a URL", |text| {
        let is_far = text.starts_with('/') || text.split('/').next().is_some_and(|first| first.contains(':'));
        match is_far {
            true => Ok(FarPlace(text.to_owned())),
            false => Err(format!("{text:?} is relative to a folder of this machine: write an absolute path or a URL")),
        }
    };
    SubmitRate, "a rate such as \"60/min\"", str::parse;
    ResourceName, "a resource's name", |text| text.parse().map_err(|e| format!("{e}"));
    DurationText, "a duration such as \"10s\"", |text| {
        parse_duration(text).map(DurationText).map_err(|e| e.to_string())
    };
    Delay, "a duration such as \"2h\", \"at once\" or \"never\"", |text| match text.trim() {
        "at once" => Ok(Delay(Some(Duration::ZERO))),
        "never" => Ok(Delay(None)),
        other => parse_duration(other)
            .map(|duration| Delay(Some(duration)))
            .map_err(|e| format!("{e}, \"at once\" or \"never\"")),
    };
    PositiveDuration, "a duration such as \"30m\"", |text| match parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
        Ok(duration) => Ok(PositiveDuration(duration)),
        Err(error) => Err(error.to_string()),
    };
    SizeText, "a size such as \"10 GB\"", |text| parse_size(text).map(SizeText).map_err(|e| e.to_string());
    Glob, "a glob such as \"src/auth/**\"", |text| match globset::Glob::new(text) {
        Ok(_) if text.is_empty() => Err("the glob is empty".to_owned()),
        Ok(_) if text.starts_with('/') || text.split('/').any(|part| part == "..") => {
            Err(format!("`{text}` leads out of the repository: globs begin at its top"))
        }
        Ok(_) => Ok(Glob(text.to_owned())),
        Err(error) => Err(format!("`{text}` is not a glob: {}", error.kind())),
    };
    Text, "a text", |text| match text.trim() {
        "" => Err("it is empty".to_owned()),
        _ => Ok(Text(text.to_owned())),
    };
    PathBuf, "a path", |text| match text {
        "" => Err("the path is empty".to_owned()),
        _ => Ok(PathBuf::from(text)),
    };
    String, "a text", |text| Ok(text.to_owned());
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// An integer inside a range, or a fault that names the range.
fn bounded(
    value: &DeValue<'_>,
    spot: &Spot,
    reader: &mut ManifestReader<'_>,
    least: i64,
    most: i64,
) -> Option<i64> {
    let DeValue::Integer(number) = value else {
        reader.mismatch(value, spot, "an integer");
        return None;
    };
    let read = integer(number).filter(|number| (least..=most).contains(number));
    if read.is_none() {
        let range = if most == i64::from(u32::MAX) {
            format!("an integer of at least {least}")
        } else {
            format!("an integer from {least} to {most}")
        };
        reader.diagnostic(
            spot.place,
            format!("`{}` is {number}, expected {range}", spot.path),
            None,
        );
    }
    read
}

impl FromToml for i64 {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        bounded(value, spot, reader, i64::MIN, i64::MAX)
    }
}

impl FromToml for u32 {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        bounded(value, spot, reader, 0, i64::from(u32::MAX)).and_then(|number| u32::try_from(number).ok())
    }
}

impl FromToml for Count {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let number = bounded(value, spot, reader, 1, i64::from(u32::MAX))?;
        u32::try_from(number).ok().map(Self)
    }
}

impl FromToml for bool {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let truth = value.as_bool();
        if truth.is_none() {
            reader.mismatch(value, spot, "true or false");
        }
        truth
    }
}

/// A float or integer that `fits`.
fn number(
    value: &DeValue<'_>,
    spot: &Spot,
    reader: &mut ManifestReader<'_>,
    expected: &str,
    fits: impl FnOnce(f64) -> bool,
) -> Option<f64> {
    let (read, shown) = match value {
        DeValue::Float(float) => (float.as_str().parse::<f64>().ok(), float.to_string()),
        DeValue::Integer(number) => (number.as_str().parse::<f64>().ok(), number.to_string()),
        _ => {
            reader.mismatch(value, spot, expected);
            return None;
        }
    };
    let read = read.filter(|number| number.is_finite() && fits(*number));
    if read.is_none() {
        reader.diagnostic(
            spot.place,
            format!("`{}` is {shown}, expected {expected}", spot.path),
            None,
        );
    }
    read
}

impl FromToml for Share {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let fits = |share| (0.0..=1.0).contains(&share);
        number(value, spot, reader, "a number from 0 to 1", fits).map(Self)
    }
}

impl FromToml for Money {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        number(value, spot, reader, "a number above 0", |money| money > 0.0).map(Self)
    }
}

impl FromToml for Amount {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        number(value, spot, reader, "a number of at least 0", |money| {
            money >= 0.0
        })
        .map(Self)
    }
}

impl FromToml for AutoOrCount {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) if text == "auto" => Some(Self::Auto),
            DeValue::Integer(_) => Count::from_toml(value, spot, reader).map(Self::Count),
            _ => {
                let message = format!("`{}`: expected \"auto\" or an integer of at least 1", spot.path);
                reader.diagnostic(spot.place, message, None);
                None
            }
        }
    }
}

impl FromToml for Permissions {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        const POLICIES: [(&str, PermissionPolicy); 3] = [
            ("allow", PermissionPolicy::Allow),
            ("ask", PermissionPolicy::Ask),
            ("deny", PermissionPolicy::Deny),
        ];
        if let DeValue::Array(_) = value {
            return Vec::from_toml(value, spot, reader).map(Self::Words);
        }
        let expected = "a list of options, or \"allow\", \"ask\" or \"deny\"";
        text(value, spot, reader, expected, |text| {
            let known = POLICIES.iter().find(|(word, _)| *word == text);
            let policy = known.map(|(_, policy)| Self::Policy(*policy));
            policy.ok_or_else(|| "expected \"allow\", \"ask\" or \"deny\"".to_owned())
        })
    }
}

impl FromToml for Priority {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        match value {
            DeValue::Integer(_) => i64::from_toml(value, spot, reader).map(Self),
            _ => text(
                value,
                spot,
                reader,
                "a word such as \"high\", or an integer",
                |text| text.parse().map_err(|e| format!("{e}")),
            ),
        }
    }
}
