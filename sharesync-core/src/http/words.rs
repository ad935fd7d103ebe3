//! What a service says in words, apart from what it quotes: names that the caller gave are no part of the message.
//!
//! Words are the last resort: a status or a code says the same in every language, and nothing documents the words.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::{Body, Call};

/// The most texts of one request that are looked for.
const MOST_TEXTS: usize = 256;

/// What a request holds that a service may quote when it refuses it: what it is about, the values of its query, the texts of
/// its JSON body, and what else the [`Call`] names.
#[derive(Debug, Clone, Default)]
pub struct Quoted {
    subject: Option<String>,
    named: Arc<[String]>,
    url: Option<Url>,
    body: Body,
}

impl Quoted {
    /// These texts.
    pub fn new<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self { named: texts.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The texts of a request.
    pub(super) fn of(call: &Call) -> Self {
        let (subject, named) = (call.subject.clone(), call.quotes.clone());
        Self { subject, named, url: Some(call.url.clone()), body: call.body.clone() }
    }

    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<_> = self.subject.iter().chain(self.named.iter()).cloned().collect();
        if let Some(url) = &self.url {
            texts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
            let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy();
            texts.extend(literals(&path));
        }
        if let Some(body) = self.body.as_small_bytes()
            && let Ok(value) = serde_json::from_slice(&body)
        {
            strings(&value, &mut texts);
        }
        texts.truncate(MOST_TEXTS);
        texts
    }
}

/// The texts in quotation marks, as OData has them in paths; a mark within is doubled.
fn literals(path: &str) -> Vec<String> {
    let (mut found, mut text) = (Vec::new(), None::<String>);
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match (&mut text, c) {
            (None, '\'') => text = Some(String::new()),
            (Some(open), '\'') if chars.next_if_eq(&'\'').is_some() => open.push('\''),
            (Some(_), '\'') => found.extend(text.take()),
            (Some(open), c) => open.push(c),
            (None, _) => {}
        }
    }
    found
}

/// The texts in a JSON value; names of fields are the API's own.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if found.len() < MOST_TEXTS => found.push(text.clone()),
        Value::Array(entries) => entries.iter().for_each(|entry| strings(entry, found)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
        _ => {}
    }
}

/// The words of a service, in lower case, and which of them are quoted.
#[derive(Debug, Clone)]
pub struct Words {
    text: String,
    /// Where texts of the request and quoted parts stand.
    wholes: Vec<Range<usize>>,
    /// Where names of folders stand that are in paths of the request.
    parts: Vec<Range<usize>>,
}

impl Words {
    /// Reads what a service says about a request that holds these texts.
    pub fn new(text: &str, quoted: &Quoted) -> Self {
        let text = folded(text);
        let (mut wholes, mut parts) = (quotations(&text), Vec::new());
        for whole in quoted.texts() {
            let whole = folded(&whole);
            let mut segments = whole.split('/').filter(|segment| !segment.is_empty());
            if let Some(leaf) = segments.next_back() {
                wholes.extend(names(&text, leaf));
            }
            parts.extend(segments.flat_map(|segment| names(&text, segment)));
            wholes.extend(names(&text, &whole));
        }
        Self { text, wholes, parts }
    }

    /// Whether one of these phrases stands in the words, and not in a name. A name that is only part of a phrase, such as
    /// `found`, does not hide the phrase.
    pub fn say(&self, phrases: &[&str]) -> bool {
        self.any(phrases, |at| self.hide(at))
    }

    /// As [`say`](Self::say), where being wrong has consequences: nothing of the phrase stands in a name.
    pub fn surely_say(&self, phrases: &[&str]) -> bool {
        self.any(phrases, |at| self.hide(at) || self.wholes.iter().any(|name| overlap(name, at)))
    }

    /// Whether what stands here belongs to a name.
    fn hide(&self, at: &Range<usize>) -> bool {
        let hides = |name: &Range<usize>| overlap(name, at) && (name == at || !inside(name, at));
        self.wholes.iter().chain(&self.parts).any(hides)
    }

    /// Whether a phrase stands somewhere where it is not hidden.
    fn any(&self, phrases: &[&str], hidden: impl Fn(&Range<usize>) -> bool) -> bool {
        phrases
            .iter()
            .any(|phrase| occurrences(&self.text, phrase).any(|at| begins_word(&self.text, at.start) && !hidden(&at)))
    }
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn inside(one: &Range<usize>, other: &Range<usize>) -> bool {
    other.start <= one.start && one.end <= other.end
}

/// Text as it is compared: in lower case, with one kind of slash.
fn folded(text: &str) -> String {
    text.to_lowercase().replace('\\', "/")
}

/// Where a text stands in another one.
fn occurrences<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    text.match_indices(part).map(|(start, part)| start..start + part.len())
}

/// Where a name stands, and not as a part of other words.
fn names<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_name = !name.trim().is_empty();
    let whole = |at: &Range<usize>| begins_word(text, at.start) && ends_word(text, at.end);
    occurrences(text, if is_name { name } else { "\0" }).filter(whole)
}

/// Whether no word goes on across a place.
fn begins_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    !(before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric))
}

fn ends_word(text: &str, at: usize) -> bool {
    begins_word(text, at)
}

/// What stands between quotation marks. An apostrophe within a word is none.
fn quotations(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, open)) = next_mark(text, from) {
        let inner = start + open.len_utf8();
        let rest = text.get(inner..).unwrap_or_default();
        let ends = |(at, _): &(usize, &str)| {
            open != '\'' || !rest.get(at + 1..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
        };
        let close = closing(open);
        let end = rest.match_indices(close).find(ends).map(|(at, _)| inner + at);
        from = match end {
            Some(end) => {
                found.push(start..end + close.len_utf8());
                end + close.len_utf8()
            }
            None => inner,
        };
    }
    found
}

/// The next mark that opens a quotation.
fn next_mark(text: &str, from: usize) -> Option<(usize, char)> {
    let opens = |at: usize, mark: char| {
        let before = text.get(..at).unwrap_or_default();
        mark != '\'' || !before.ends_with(char::is_alphanumeric)
    };
    let marks = text.get(from..)?.char_indices().map(|(at, mark)| (from + at, mark));
    marks
        .filter(|(_, mark)| matches!(mark, '\'' | '"' | '`' | '«' | '“' | '„' | '‘'))
        .find(|(at, mark)| opens(*at, *mark))
}

fn closing(open: char) -> char {
    match open {
        '«' => '»',
        '“' => '”',
        '„' => '“',
        '‘' => '’',
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str, names: &[&str]) -> Words {
        Words::new(text, &Quoted::new(names.iter().copied()))
    }

    #[test]
    fn phrases_count_outside_of_names() {
        let cases: &[(&str, &[&str], &str, bool)] = &[
            ("The quota is exceeded", &["a.txt"], "quota", true),
            ("Sales quota.xlsx does not exist", &["Sales quota.xlsx"], "quota", false),
            ("Sales quota.xlsx does not exist", &["Sales quota.xlsx"], "not exist", true),
            ("\\Docs\\Sales quota.xlsx does not exist", &["/docs/Sales quota.xlsx"], "quota", false),
            ("sales quota.xlsx does not exist", &["/a/SALES QUOTA.XLSX"], "quota", false),
            ("'Sales quota.xlsx' does not exist", &[], "quota", false),
            ("The folder \u{ab}quota\u{bb} is full", &[], "quota", false),
            ("The site's quota is used up, not the user's", &[], "quota", true),
            ("'O'Neil quota.txt' is gone", &[], "quota", false),
            ("an unbalanced 'quota", &[], "quota", true),
            ("File not found", &["found"], "not found", true),
            ("File not found", &["/not/found/a.txt"], "not found", true),
            ("the quotation is unlocked", &["o", "n"], "locked", false),
            ("quota", &["quota"], "quota", false),
            ("the quotas", &["quota"], "quota", true),
        ];
        for (text, names, phrase, said) in cases {
            assert_eq!(words(text, names).say(&[phrase]), *said, "{phrase} in {text} of {names:?}");
        }
        assert!(words("File not found", &["found"]).say(&["not found"]));
        assert!(!words("Invalid token", &["token"]).surely_say(&["invalid token"]), "a file of that name");
        assert!(words("Invalid token", &["/token/a.txt"]).surely_say(&["invalid token"]), "a folder of that name");
    }

    #[test]
    fn a_request_names_what_it_holds() {
        let url = "https://a.example/_api/web/GetFolderById('id-1')/Files/Add(url='a%20quota%2Ftoken''s.txt',x=1)?path=%2Fb%20c";
        let call = Call::post("Test", url.parse().unwrap()).subject("subject").quotes(["named"]);
        let call = call.json(&serde_json::json!({"Name": "body", "Deep": [{"Id": "deep"}], "n": 1}));
        let texts = Quoted::of(&call).texts();
        for text in ["subject", "named", "/b c", "id-1", "a quota/token's.txt", "body", "deep"] {
            assert!(texts.iter().any(|found| found == text), "{text} in {texts:?}");
        }
        assert!(!texts.iter().any(|text| text == "Name" || text == "path"));
    }

    proptest! {
        #[test]
        fn no_name_says_anything(name in "(quota|locked|not found|token|[a-z .'\"\u{ab}/é]){1,6}", before in "[a-z ]{0,9}") {
            let text = format!("{before} {name} cannot be had");
            let words = Words::new(&text, &Quoted::new([name]));
            prop_assert!(!words.surely_say(&["quota", "locked", "token"]));
        }

        #[test]
        fn any_words_are_read(text in "\\PC{0,60}", name in "\\PC{0,9}") {
            let words = Words::new(&text, &Quoted::new([name]));
            let _ = words.say(&["a"]);
        }
    }
}
