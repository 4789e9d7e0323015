//! A tool of `orch mcp`: a command of `orch`, and the arguments a model can give it.

use serde_json::{Map, Value, json};

/// One tool.
pub struct McpTool {
    /// The tool's name.
    pub name: &'static str,
    /// The tool's description, for the model that chooses it.
    pub about: &'static str,
    /// The words of the command.
    words: &'static [&'static str],
    /// The tool's arguments, in the order of the command line.
    arguments: &'static [Argument],
    /// True when the tool changes something.
    pub changes: bool,
}

/// One argument of a tool.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    /// The option that passes the argument, or an empty string for a positional argument.
    pub(super) option: &'static str,
    pub(super) needed: bool,
}

/// The type of an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    List,
}

pub(super) const fn word(name: &'static str, about: &'static str, kind: Kind, needed: bool) -> Argument {
    Argument {
        name,
        about,
        kind,
        option: "",
        needed,
    }
}

pub(super) const fn option(
    name: &'static str,
    about: &'static str,
    kind: Kind,
    option: &'static str,
) -> Argument {
    Argument {
        name,
        about,
        kind,
        option,
        needed: false,
    }
}

pub(super) const fn tool(
    name: &'static str,
    about: &'static str,
    words: &'static [&'static str],
    arguments: &'static [Argument],
    changes: bool,
) -> McpTool {
    McpTool {
        name,
        about,
        words,
        arguments,
        changes,
    }
}

impl McpTool {
    /// Returns the JSON Schema of the arguments.
    pub fn schema(&self) -> Map<String, Value> {
        let property = |argument: &Argument| {
            let about = argument.about;
            let schema = match argument.kind {
                Kind::Text => json!({ "type": "string", "description": about }),
                Kind::Number => json!({ "type": "integer", "minimum": 1, "description": about }),
                Kind::Flag => json!({ "type": "boolean", "description": about }),
                Kind::List => json!({
                    "type": "array", "items": { "type": "string" }, "minItems": usize::from(argument.needed), "description": about,
                }),
            };
            (argument.name.to_owned(), schema)
        };
        let needed = self.arguments.iter().filter(|argument| argument.needed);
        let needed: Vec<&str> = needed.map(|argument| argument.name).collect();
        let properties: Map<String, Value> = self.arguments.iter().map(property).collect();
        let schema = json!({
            "type": "object", "properties": properties, "required": needed, "additionalProperties": false,
        });
        let Value::Object(schema) = schema else {
            return Map::new();
        };
        schema
    }

    /// Returns the command line of a call. No text from the call can be taken for an option.
    ///
    /// # Errors
    ///
    /// Returns an error when an argument is missing, unknown or of the wrong type.
    pub fn command_line(&self, given: &Map<String, Value>) -> Result<Vec<String>, String> {
        if let Some(unknown) = given
            .keys()
            .find(|name| !self.arguments.iter().any(|known| known.name == **name))
        {
            let known: Vec<&str> = self.arguments.iter().map(|argument| argument.name).collect();
            return Err(format!(
                "`{}` has no argument `{unknown}`; it has: {}",
                self.name,
                known.join(", ")
            ));
        }
        let mut line: Vec<String> = self.words.iter().map(|word| (*word).to_owned()).collect();
        let mut words = Vec::new();
        for argument in self.arguments {
            let values = argument.values(given.get(argument.name).filter(|value| !value.is_null()))?;
            match argument.option {
                "" => words.extend(values),
                option if argument.kind == Kind::Flag => {
                    line.extend(values.iter().map(|_| option.to_owned()))
                }
                option => line.extend(values.iter().map(|value| format!("{option}={value}"))),
            }
        }
        if !words.is_empty() {
            line.push("--".to_owned());
        }
        line.extend(words);
        Ok(line)
    }
}

impl Argument {
    /// Returns the words that represent a value on the command line.
    fn values(&self, value: Option<&Value>) -> Result<Vec<String>, String> {
        let Some(value) = value else {
            return match self.needed {
                true => Err(format!("`{}` is missing: {}", self.name, self.about)),
                false => Ok(Vec::new()),
            };
        };
        let words = match (self.kind, value) {
            (Kind::Text, Value::String(text)) => Some(vec![text.clone()]),
            (Kind::Number, Value::Number(number)) => number.as_u64().map(|number| vec![number.to_string()]),
            (Kind::Flag, Value::Bool(flag)) => Some(vec![String::new(); usize::from(*flag)]),
            (Kind::List, Value::Array(list)) => {
                let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
                texts.collect::<Option<Vec<String>>>()
            }
            _ => None,
        };
        let words = words.filter(|words| !(self.needed && words.is_empty()));
        let words = words.ok_or_else(|| format!("`{}` cannot be {value}: {}", self.name, self.about))?;
        match words.iter().any(|word| word.contains('\0')) {
            true => Err(format!("`{}` has a NUL in it", self.name)),
            false => Ok(words),
        }
    }
}
