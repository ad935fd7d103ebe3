//! The paths of the REST API: `web/GetFolderByServerRelativeUrl('/a b')/Files/add(url='x',overwrite=true)`.

use crate::http::{Query, decode};

/// A step of a path: a name, and what is in its parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// In lower case.
    pub(crate) name: String,
    /// Names in lower case; empty for a value without one.
    arguments: Vec<(String, String)>,
}

impl Segment {
    /// An argument by its name; the one without a name counts for every name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let named = self.arguments.iter().find(|(key, _)| key == name);
        let nameless = || self.arguments.iter().find(|(key, _)| key.is_empty());
        named.or_else(nameless).map(|(_, value)| value.as_str())
    }

    /// The first argument, whatever its name.
    pub(crate) fn first(&self) -> Option<&str> {
        self.arguments.first().map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.arguments.iter().any(|(key, value)| key == name && value.eq_ignore_ascii_case("true"))
    }
}

/// Takes a path apart, still percent-encoded; `None` if quotes or parentheses do not close. `@name` stands for the parameter of
/// that name in the query.
pub(crate) fn segments(path: &str, query: &Query) -> Option<Vec<Segment>> {
    split(&decode(path), '/')?.into_iter().filter(|step| !step.is_empty()).map(|step| segment(&step, query)).collect()
}

fn segment(step: &str, query: &Query) -> Option<Segment> {
    let Some((name, rest)) = step.split_once('(') else {
        return Some(Segment { name: step.to_ascii_lowercase(), arguments: Vec::new() });
    };
    let inside = rest.strip_suffix(')')?;
    let arguments =
        split(inside, ',')?.into_iter().filter(|part| !part.trim().is_empty()).map(|part| argument(&part, query));
    Some(Segment { name: name.to_ascii_lowercase(), arguments: arguments.collect::<Option<_>>()? })
}

/// `name='value'`, `name=guid'…'`, `name=1`, or the value alone.
fn argument(part: &str, query: &Query) -> Option<(String, String)> {
    let part = part.trim();
    let quote = part.find('\'').unwrap_or(part.len());
    let (name, value) = match part.find('=').filter(|equals| *equals < quote) {
        Some(equals) => (part.get(..equals)?.trim().to_ascii_lowercase(), part.get(equals + 1..)?.trim()),
        None => (String::new(), part),
    };
    if value.starts_with('@') {
        let alias = query.get(&value.to_ascii_lowercase())?;
        return Some((name, literal(alias)?));
    }
    Some((name, literal(value)?))
}

/// The value of a literal; `''` within quotes is one quote.
fn literal(text: &str) -> Option<String> {
    let Some(start) = text.find('\'') else {
        return Some(text.to_owned());
    };
    let inside = text.get(start + 1..)?.strip_suffix('\'')?;
    Some(inside.replace("''", "'"))
}

/// Splits at a separator that stands neither in quotes nor in parentheses.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let (mut parts, mut quoted, mut depth) = (vec![String::new()], false, 0_u32);
    for letter in text.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            _ => {}
        }
        match (letter == separator && !quoted && depth == 0, parts.last_mut()) {
            (false, Some(last)) => last.push(letter),
            _ => parts.push(String::new()),
        }
    }
    (!quoted && depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Vec<Segment> {
        segments(path, &Query::parse("@a='%2Fx%20y'")).expect("a path")
    }

    #[test]
    fn names_and_arguments() {
        let path = read("Web/GetFolderByServerRelativeUrl('/a%20b''s/(c),d')/Files/add(url='x',overwrite=true)");
        assert_eq!(path.len(), 4);
        assert_eq!(path[1].get("serverrelativeurl"), Some("/a b's/(c),d"));
        assert_eq!((path[3].name.as_str(), path[3].get("url")), ("add", Some("x")));
        assert!(path[3].is_true("overwrite"));
        assert_eq!(read("f/StartUpload(uploadId=guid'12-3')")[1].get("uploadid"), Some("12-3"));
        assert_eq!(read("f/ContinueUpload(uploadId=guid'1',fileOffset=10)")[1].get("fileoffset"), Some("10"));
        assert_eq!(read("GetFileByServerRelativePath(decodedurl=@a)/$value")[0].first(), Some("/x y"));
        assert_eq!(read("Recycle()")[0].first(), None);
        assert_eq!(read("Files/add(url='a=b')")[1].get("url"), Some("a=b"));
    }

    #[test]
    fn what_does_not_close() {
        for bad in ["a('x", "a('x')b)", "a(", "a)b("] {
            assert_eq!(segments(bad, &Query::default()), None, "{bad}");
        }
    }
}
