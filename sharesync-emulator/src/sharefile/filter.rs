//! `$filter`: a small parser and evaluator over the fields of items. Text is compared without regard to case, as names are.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::errors::ApiError;
use super::fields::{When, parse_date};
use super::shape::Field;
use super::wire::{Place, Value, View, type_name};
use crate::drive::{Entry, fold};

/// A condition on items.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// A comparison and the orderings that satisfy it.
    Compare(Field, &'static [Ordering], Literal),
    /// As a comparison, on the id.
    IsId(bool, String),
    Text(TextTest, Field, String),
    IsOf(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Moment(Timestamp),
}

/// No honest condition nests deeper.
const DEEPEST: usize = 64;

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let refused = |reason: String| ApiError::bad_request(format!("$filter: {reason}."));
        let tokens = tokens(text).map_err(refused)?;
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        let filter = parser.any().map_err(refused)?;
        match parser.tokens.first() {
            None => Ok(filter),
            Some(token) => Err(refused(format!("{token:?} was not expected"))),
        }
    }

    pub(super) fn accepts(&self, view: &View, entry: &Entry, place: &Place) -> bool {
        match self {
            Self::And(one, other) => one.accepts(view, entry, place) && other.accepts(view, entry, place),
            Self::Or(one, other) => one.accepts(view, entry, place) || other.accepts(view, entry, place),
            Self::Not(inner) => !inner.accepts(view, entry, place),
            Self::IsId(wanted, id) => super::ids::item_id(entry).eq_ignore_ascii_case(id) == *wanted,
            Self::IsOf(kind) => is_of(type_name(&entry.item), kind),
            Self::Text(test, field, wanted) => match view.value(entry, *field, place) {
                Value::Text(text) => test.holds(&fold(&text), wanted),
                _ => false,
            },
            Self::Compare(field, wanted, literal) => {
                let equal = Ordering::Equal;
                match compare_literal(&view.value(entry, *field, place), literal) {
                    Some(ordering) => wanted.contains(&ordering),
                    // What cannot be compared is different.
                    None => !wanted.contains(&equal) && wanted.len() == 2,
                }
            }
        }
    }
}

impl TextTest {
    fn holds(self, text: &str, wanted: &str) -> bool {
        match self {
            Self::StartsWith => text.starts_with(wanted),
            Self::EndsWith => text.ends_with(wanted),
            Self::Contains => text.contains(wanted),
        }
    }
}

/// Symbolic links are folders too.
fn is_of(actual: &str, wanted: &str) -> bool {
    let is = |name: &str| wanted.eq_ignore_ascii_case(name) || wanted.eq_ignore_ascii_case("Item");
    is(actual) || (actual == "SymbolicLink" && is("Folder"))
}

fn compare_literal(value: &Value<'_>, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Absent, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(one), Literal::Bool(other)) => Some(one.cmp(other)),
        (Value::Number(one), Literal::Number(other)) => (*one as f64).partial_cmp(other),
        (Value::Text(one), Literal::Text(other)) => Some(fold(one).cmp(&fold(other))),
        (Value::Moment(one), Literal::Moment(other)) => Some(one.cmp(other)),
        (Value::Moment(one), Literal::Text(other)) => {
            parse_date(other).and_then(When::moment).map(|other| one.cmp(&other))
        }
        _ => None,
    }
}

/// The order of two values of the same field, for `$orderby`: what is absent comes first.
pub(super) fn compare(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    match (one, other) {
        (Value::Absent, Value::Absent) => Ordering::Equal,
        (Value::Absent, _) => Ordering::Less,
        (_, Value::Absent) => Ordering::Greater,
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => fold(one).cmp(&fold(other)),
        (Value::Moment(one), Value::Moment(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Text(String),
    Word(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '(' | ')' | ',' => {
                tokens.push(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
                1
            }
            '\'' => {
                let (value, taken) = quoted(rest)?;
                tokens.push(Token::Text(value));
                taken
            }
            _ => {
                let end = rest.find(|letter: char| letter.is_whitespace() || "(),'".contains(letter));
                let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                tokens.push(Token::Word(word.to_owned()));
                word.len()
            }
        };
        rest = rest.get(taken..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

/// A literal in single quotes, in which a quote is doubled; and how long it was.
fn quoted(text: &str) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            value.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((value, at + 1));
        }
    }
    Err("a quote is not closed".to_owned())
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    fn next(&mut self) -> Parsed<&'a Token> {
        let (first, rest) = self.tokens.split_first().ok_or("it ends too early")?;
        self.tokens = rest;
        Ok(first)
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = match (self.tokens.first(), wanted) {
            (Some(Token::Word(word)), Token::Word(wanted)) => word.eq_ignore_ascii_case(wanted),
            (first, _) => first == Some(wanted),
        };
        if found {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
        }
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, wanted: &Token) -> Parsed<()> {
        if self.takes(wanted) { Ok(()) } else { Err(format!("{wanted:?} is missing")) }
    }

    fn any(&mut self) -> Parsed<Filter> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let mut left = self.all()?;
        while self.takes_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn all(&mut self) -> Parsed<Filter> {
        let mut left = self.one()?;
        while self.takes_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Parsed<Filter> {
        if self.takes_word("not") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("it is nested too deeply".to_owned());
            }
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.takes(&Token::Open) {
            let inner = self.any()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let Token::Word(name) = self.next()? else {
            return Err("a field or a function is missing".to_owned());
        };
        match name.to_ascii_lowercase().as_str() {
            "startswith" => self.text_test(TextTest::StartsWith),
            "endswith" => self.text_test(TextTest::EndsWith),
            "substringof" => self.text_test(TextTest::Contains),
            "isof" => self.is_of(),
            "id" => self.id(),
            _ => self.comparison(name),
        }
    }

    /// `startswith(Name,'x')`, or `substringof('x',Name)`: the field on either side.
    fn text_test(&mut self, test: TextTest) -> Parsed<Filter> {
        self.expect(&Token::Open)?;
        let first = self.next()?;
        self.expect(&Token::Comma)?;
        let second = self.next()?;
        self.expect(&Token::Close)?;
        let (field, text) = match (first, second) {
            (Token::Word(field), Token::Text(text)) | (Token::Text(text), Token::Word(field)) => (field, text),
            _ => return Err("a field and a quoted text are expected".to_owned()),
        };
        let filter = Filter::Text(test, field_named(field)?, fold(text));
        self.truth_of(filter)
    }

    fn is_of(&mut self) -> Parsed<Filter> {
        self.expect(&Token::Open)?;
        let (Token::Text(kind) | Token::Word(kind)) = self.next()? else {
            return Err("isof takes the name of a type".to_owned());
        };
        self.expect(&Token::Close)?;
        let kind = kind.rsplit('.').next().unwrap_or(kind);
        self.truth_of(Filter::IsOf(kind.to_owned()))
    }

    /// The `eq true` that may follow a function.
    fn truth_of(&mut self, filter: Filter) -> Parsed<Filter> {
        let negated = if self.takes_word("eq") {
            false
        } else if self.takes_word("ne") {
            true
        } else {
            return Ok(filter);
        };
        let wanted = match self.literal()? {
            Literal::Bool(wanted) => wanted,
            _ => return Err("a function is true or false".to_owned()),
        };
        Ok(if wanted == negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn id(&mut self) -> Parsed<Filter> {
        let wanted = if self.takes_word("eq") {
            true
        } else if self.takes_word("ne") {
            false
        } else {
            return Err("an id is compared by eq or ne".to_owned());
        };
        match self.literal()? {
            Literal::Text(id) => Ok(Filter::IsId(wanted, id)),
            _ => Err("an id is a quoted text".to_owned()),
        }
    }

    fn comparison(&mut self, name: &str) -> Parsed<Filter> {
        let field = field_named(name)?;
        let Token::Word(operator) = self.next()? else {
            return Err("a comparison is missing".to_owned());
        };
        let wanted = orderings(operator).ok_or_else(|| format!("{operator} is no comparison"))?;
        Ok(Filter::Compare(field, wanted, self.literal()?))
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let word = match self.next()? {
            Token::Text(text) => return Ok(Literal::Text(text.clone())),
            Token::Word(word) => word,
            other => return Err(format!("{other:?} is no value")),
        };
        match word.to_ascii_lowercase().as_str() {
            "null" => return Ok(Literal::Null),
            "true" => return Ok(Literal::Bool(true)),
            "false" => return Ok(Literal::Bool(false)),
            "date" | "time" => return self.date_function(),
            // datetime'2018-01-01T00:00:00Z'
            "datetime" | "datetimeoffset" => {
                return match self.next()? {
                    Token::Text(text) => moment(text),
                    _ => Err("a date in quotes is expected".to_owned()),
                };
            }
            _ => {}
        }
        if let Ok(number) = word.trim_end_matches(['L', 'l']).parse() {
            return Ok(Literal::Number(number));
        }
        moment(word)
    }

    /// `date(2018-01-01 00:00:00Z)`, the date with or without quotes.
    fn date_function(&mut self) -> Parsed<Literal> {
        self.expect(&Token::Open)?;
        let mut words = Vec::new();
        while !self.takes(&Token::Close) {
            match self.next()? {
                Token::Word(word) | Token::Text(word) => words.push(word.as_str()),
                other => return Err(format!("{other:?} is no part of a date")),
            }
        }
        moment(&words.join("T"))
    }
}

fn moment(text: &str) -> Parsed<Literal> {
    let found = parse_date(text).and_then(When::moment).or_else(|| parse_date(&text.replace(' ', "T"))?.moment());
    found.map(Literal::Moment).ok_or_else(|| format!("{text} is no value"))
}

pub(super) fn field_named(name: &str) -> Parsed<Field> {
    Field::parse(name).ok_or_else(|| format!("{name} is no field that can be compared"))
}

fn orderings(operator: &str) -> Option<&'static [Ordering]> {
    use Ordering::{Equal, Greater, Less};
    Some(match operator.to_ascii_lowercase().as_str() {
        "eq" => &[Equal],
        "ne" => &[Less, Greater],
        "lt" => &[Less],
        "le" => &[Less, Equal],
        "gt" => &[Greater],
        "ge" => &[Greater, Equal],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Drive, NewFolder};

    /// The names, out of three files and a folder, that a filter lets through.
    fn names(filter: &str) -> Vec<String> {
        let drive = Drive::in_memory();
        let user = drive.ensure_user("a@example.com").expect("a user");
        for (name, size) in [("alpha.txt", 1), ("Beta's.TXT", 2000), ("gamma.doc", 30)] {
            drive.put_bytes(user.id, user.home, name, vec![0; size]).expect("a file");
        }
        drive.create_folder(user.id, user.home, "delta", NewFolder::default()).expect("a folder");
        let view = View::new(drive.clone(), "http://x/sf/v3".into(), Some(user.clone()));
        let filter = Filter::parse(filter).expect("a filter");
        let entries = drive.children(user.home, 0, None).entries;
        let passed = entries.iter().filter(|entry| filter.accepts(&view, entry, &view.place(entry)));
        passed.map(|entry| entry.item.name.to_string()).collect()
    }

    #[test]
    fn filters_choose() {
        assert_eq!(names("Name eq 'ALPHA.txt'"), ["alpha.txt"]);
        assert_eq!(names("Name eq 'beta''s.txt'"), ["Beta's.TXT"]);
        assert_eq!(names("FileSizeBytes gt 20 and isof('ShareFile.Api.Models.File')"), ["Beta's.TXT", "gamma.doc"]);
        assert_eq!(names("startswith(Name,'al') eq true or endswith(Name, 'doc')"), ["alpha.txt", "gamma.doc"]);
        assert_eq!(names("substringof('ETA', Name) eq true"), ["Beta's.TXT"]);
        assert_eq!(names("not isof('ShareFile.Api.Models.File')"), ["delta"]);
        assert_eq!(names("isof('ShareFile.Api.Models.Folder') eq false").len(), 3);
        assert_eq!(
            names("Name ne 'delta' and (FileSizeBytes lt 2 or FileSizeBytes eq 30)"),
            ["alpha.txt", "gamma.doc"]
        );
        assert_eq!(names("CreationDate gt date(2018-01-01 00:00:00Z)").len(), 4);
        assert_eq!(names("CreationDate lt datetime'2018-01-01T00:00:00Z'").len(), 0);
        assert_eq!(names("Description eq null").len(), 4);
    }

    #[test]
    fn nonsense_is_refused() {
        let nested = "(".repeat(100_000);
        let negated = "not ".repeat(100_000);
        for bad in [
            "",
            "Name",
            "Name eq",
            "Name is 'x'",
            "Nope eq 1",
            "Name eq 'x",
            "(Name eq 'x'",
            "Name eq 'x' x",
            nested.as_str(),
            negated.as_str(),
        ] {
            assert!(Filter::parse(bad).is_err());
        }
    }
}
