//! The files that a sentence says are changed, word by word.

use super::shape::path::{FOLDERS, mark, path};

/// Verbs of changing: a file right after one of them is changed.
const CHANGING: [&str; 22] = [
    "add", "append", "bump", "change", "convert", "create", "delete", "edit", "extend", "fix", "merge",
    "modify", "move", "patch", "refactor", "remove", "rename", "replace", "rewrite", "split", "update",
    "write",
];
/// Verbs after which the file behind `to` is changed, but not a file right behind the verb: it may be what a program makes.
const MAKING: [&str; 11] = [
    "copy",
    "extract",
    "generate",
    "implement",
    "insert",
    "integrate",
    "introduce",
    "migrate",
    "register",
    "save",
    "wire",
];
/// Verbs after which the file behind `from` is changed.
const TAKING: [&str; 4] = ["delete", "extract", "move", "remove"];
/// Verbs of sentences about files that are only read.
const READING: [&str; 22] = [
    "analyse",
    "analyze",
    "audit",
    "check",
    "compare",
    "confirm",
    "consult",
    "ensure",
    "examine",
    "explore",
    "inspect",
    "investigate",
    "load",
    "parse",
    "read",
    "review",
    "run",
    "see",
    "study",
    "test",
    "validate",
    "verify",
];
/// Words before a file that is only read, whatever its dress.
const REFERRING: [&str; 16] = [
    "as",
    "by",
    "e.g",
    "follow",
    "following",
    "from",
    "like",
    "match",
    "matching",
    "per",
    "reference",
    "see",
    "than",
    "use",
    "using",
    "via",
];
/// Words before `to` and `in` that make a reference of it: `according to`, `as in`.
const TURNING: [&str; 8] = [
    "according",
    "as",
    "compared",
    "identical",
    "links",
    "refers",
    "relative",
    "similar",
];
/// Words that may stand between a verb and a file.
const FILLING: [&str; 7] = ["a", "an", "existing", "file", "files", "new", "the"];
/// Extensions of file names without a folder. Other words with a dot are calls, domains and versions: `user.save`.
const EXTENSIONS: &str = " adoc astro bash bat bazel bzl c cc cfg cjs clj cmake cmd conf cpp cs csproj css csv cts cxx dart diff ejs \
     elm erb erl ex exs fish gemspec go gql gradle graphql groovy h hbs hcl hh hpp hs htm html ini ipynb j2 java jinja jl js json \
     json5 jsonc jsonl jsx kt kts less lock lua markdown md mdx mjs mk ml mli mts nix patch php pl plist pm png prisma \
     properties proto ps1 pug py pyi pyx r rake rb rs rst sass scala scss sh sln snap sql sty svelte svg swift tex tf tfvars toml \
     tpl ts tsv tsx txt vue wasm xml xsd yaml yml zig zsh ";
/// Libraries and systems that are named like files.
const LIBRARIES: &str = " alpine.js angular.js asp.net backbone.js chart.js d3.js discord.js ember.js express.js nest.js next.js node.js \
     nuxt.js react.js solid.js three.js vue.js ";

/// What a line of prose has said so far.
#[derive(Default)]
pub(super) struct Sentence<'t> {
    /// The last word, and the word before it.
    before: [&'t str; 2],
    /// The word before the link whose text is being read.
    before_link: Option<&'t str>,
    /// A first word has been read.
    begun: bool,
    /// The sentence changes something.
    changes: bool,
    /// The sentence takes something away.
    takes: bool,
    /// The sentence began with a verb of reading, and nothing was changed since.
    reads: bool,
    /// The last word was a path.
    is_path: bool,
    /// A list of paths continues.
    in_list: bool,
}

impl<'t> Sentence<'t> {
    /// Reads the next word. Returns the path when the word is a file that the sentence changes.
    pub(super) fn word(&mut self, word: &'t str) -> Option<&'t str> {
        if matches!(word, "and" | "or" | "&") && (self.is_path || self.in_list) {
            (self.is_path, self.in_list) = (false, true);
            self.before = [word, self.before[0]];
            return None;
        }
        if word == "," && self.is_path {
            self.in_list = true;
            return None;
        }
        if word.starts_with('[') && !word.contains("](") {
            self.before_link = Some(self.before[0]);
        }
        let file = mark(word).and_then(|_| self.file(word));
        self.is_path = file.is_some();
        self.in_list = file.is_some() && word.ends_with(',');
        self.go_on(word);
        file
    }

    /// Takes code between backticks as a word. `is_path` says whether the code was a path.
    pub(super) fn code(&mut self, is_path: bool) {
        self.is_path = is_path;
        self.in_list = false;
        self.begun = true;
        self.before = ["", self.before[0]];
    }

    fn file(&mut self, word: &'t str) -> Option<&'t str> {
        if let Some((_, target)) = word.split_once("](") {
            let before = self.before_link.take().unwrap_or(self.before[0]);
            let target = target.split([')', '#']).next().unwrap_or_default();
            return named(target).filter(|_| !self.reads && !is_one_of(before, &REFERRING));
        }
        let (bare, is_bold) = unbold(word);
        let [before, earlier] = self.before;
        let is_in_brackets = word.starts_with('(') && word.ends_with([')', ',']);
        let is_head = !self.begun && word.ends_with(':');
        let is_dressed = is_bold || is_in_brackets || is_head;
        let is_changed = self.in_list
            || is_usual(bare)
            || is_form_of(before, &CHANGING)
            || is_label(before)
            || (self.is_into(letters(before)) && !is_one_of(earlier, &TURNING));
        // A pattern in brackets says what kind of files is meant.
        let is_dressed = is_dressed && !bare.contains('*') && !self.reads && !is_one_of(before, &REFERRING);
        named(bare).filter(|_| is_changed || is_dressed)
    }

    /// True when a file behind this word is changed.
    fn is_into(&self, word: &str) -> bool {
        match word.to_ascii_lowercase().as_str() {
            "in" | "inside" | "within" => true,
            "to" | "into" | "onto" | "at" => self.changes,
            "from" => self.takes,
            _ => false,
        }
    }

    fn go_on(&mut self, word: &'t str) {
        if !FILLING.iter().any(|filling| word.eq_ignore_ascii_case(filling)) {
            self.before = [word, self.before[0]];
        }
        let is_changing = is_form_of(word, &CHANGING) || is_form_of(word, &MAKING);
        let is_word = word.chars().filter(|c| c.is_alphabetic()).count() > 1;
        if is_changing {
            self.reads = false;
        } else if is_word && !self.begun {
            self.reads = is_form_of(word, &READING);
        }
        self.begun |= is_word;
        self.changes |= is_changing;
        self.takes |= is_form_of(word, &TAKING);
        if word.ends_with(['.', ';']) && !is_one_of(word, &["e.g", "i.e", "etc"]) {
            *self = Self {
                before: self.before,
                ..Self::default()
            };
        }
    }
}

/// The path in a word of prose, when the word is no version, library, call, domain or abbreviation.
fn named(word: &str) -> Option<&str> {
    let file = path(word)?;
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let among = |list: &str, word: &str| list.contains(&format!(" {} ", word.to_ascii_lowercase()));
    if among(LIBRARIES, name) {
        return None;
    }
    if !folder.is_empty() {
        return Some(file);
    }
    let (stem, extension) = file.rsplit_once('.')?;
    let is_version = stem
        .trim_start_matches('v')
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_file = match stem {
        "" => extension == "env",
        _ => among(EXTENSIONS, extension) && !is_version,
    };
    is_file.then_some(file)
}

/// True when a word begins with one of the usual folders, perhaps after a bracket.
fn is_usual(word: &str) -> bool {
    let bare = word.trim_start_matches(['(', '[', '"', '/']);
    FOLDERS.iter().any(|folder| bare.starts_with(folder))
}

/// The word without bold marks, and whether it is bold by itself. The stars of a glob stay.
fn unbold(word: &str) -> (&str, bool) {
    let end = word.trim_end_matches([',', '.', ':', ';']);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
    let front = word.strip_prefix("**").filter(|rest| rest.starts_with(is_name));
    let back = end
        .strip_suffix("**")
        .filter(|rest| rest.ends_with(|c| is_name(c) || c == ':'));
    let from = if front.is_some() { 2 } else { 0 };
    let to = back.map_or(word.len(), str::len);
    (
        word.get(from..to).unwrap_or(word),
        front.is_some() && back.is_some(),
    )
}

/// `File:`, `**Files:**`, `Location:`.
fn is_label(word: &str) -> bool {
    let bare = word.trim_matches('*');
    bare.ends_with(':') && is_one_of(bare, &["file", "files", "location"])
}

fn letters(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphabetic())
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| letters(word).eq_ignore_ascii_case(known))
}

/// True when a word is one of these verbs, or a form of one: `creates`, `modified`, `writing`.
fn is_form_of(word: &str, verbs: &[&str]) -> bool {
    let word = letters(word);
    verbs.iter().any(|verb| {
        let stem = verb.trim_end_matches(['e', 'y']);
        let (front, end) = word.split_at_checked(stem.len()).unwrap_or(("", ""));
        let is_end =
            ["s", "es", "ed", "ing", "ies", "ied", "ying", "ten"].contains(&end) && !front.is_empty();
        word.eq_ignore_ascii_case(verb) || (front.eq_ignore_ascii_case(stem) && is_end)
    })
}
