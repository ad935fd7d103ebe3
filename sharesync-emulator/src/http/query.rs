//! Query strings and forms: names without regard to case, `+` and `%20` both a space.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What may stand unescaped in a query value or a path segment.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameters of a query string or a form, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_form(name).to_ascii_lowercase(), decode_form(value))
        });
        Self { pairs: pairs.collect() }
    }

    /// The value of a parameter, its name given in lower case; an empty value counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value under the first of several names that has one.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// Whether a parameter says yes: `true` or `1`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// A parameter that says yes or no; `None` if it is absent or says neither.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        truth(self.get(name)?)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.trim().parse().ok()
    }

    /// All parameters, names in lower case.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// What a text says, if it is a yes or a no.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn decode_form(text: &str) -> String {
    decode(&text.replace('+', " "))
}

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-encodes everything but letters, digits and `-_.~`.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_spaces_come_in_two_spellings() {
        let query = Query::parse("Path=%2Fa+b%20c%2B&%24SELECT=Id&empty=&FINISH=1");
        assert_eq!(query.get("path"), Some("/a b c+"));
        assert_eq!(query.get("$select"), Some("Id"));
        assert_eq!(query.get("empty"), None);
        assert!(query.has("empty"));
        assert!(query.is_true("finish"));
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let text = "a b+c%/ü'&=?#";
        assert_eq!(decode(&encode(text)), text);
        assert_eq!(Query::parse(&format!("x={}", encode(text))).get("x"), Some(text));
    }
}
