//! The OData options of a request: which fields, which entities beside, which page, in which order, which of them.
//!
//! Walking through the pages of a feed is in `paging`.

use std::fmt;

use crate::model::ShareFileDate;
use crate::params::Params;

/// The OData options of a request. What is not set is not sent.
///
/// ```
/// # use sharesync_sharefile::{Filter, Query};
/// let newest = Query::new().select(["Id", "Name"]).order_by("CreationDate desc").top(10);
/// let drafts = Query::new().filter(Filter::starts_with("Name", "Draft").and(Filter::gt("FileSizeBytes", 0)));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// `$select`: the fields wanted, those of expanded entities with a slash, such as `Children/Id`.
    pub select: Vec<String>,
    /// `$expand`: the entities wanted beside, such as `Children`, `Info`, `Parent` or `Children/Children`.
    pub expand: Vec<String>,
    /// `$top`: how many entities a page holds at most.
    pub top: Option<u32>,
    /// `$skip`: how many entities are left out at the beginning.
    pub skip: Option<u64>,
    /// `$orderby`: fields with `asc` or `desc`; documented are `Name`, `CreatorNameShort`, `CreationDate` and
    /// `FileSizeBytes`.
    pub order_by: Vec<String>,
    /// `$filter`: the condition that entities meet.
    pub filter: Option<Filter>,
}

impl Query {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds fields to `$select`.
    #[must_use]
    pub fn select<T: Into<String>>(mut self, fields: impl IntoIterator<Item = T>) -> Self {
        self.select.extend(fields.into_iter().map(Into::into));
        self
    }

    /// Adds entities to `$expand`.
    #[must_use]
    pub fn expand<T: Into<String>>(mut self, entities: impl IntoIterator<Item = T>) -> Self {
        self.expand.extend(entities.into_iter().map(Into::into));
        self
    }

    /// Sets `$top`.
    #[must_use]
    pub fn top(mut self, entities: u32) -> Self {
        self.top = Some(entities);
        self
    }

    /// Sets `$skip`.
    #[must_use]
    pub fn skip(mut self, entities: u64) -> Self {
        self.skip = Some(entities);
        self
    }

    /// Adds to `$orderby` a field, with `desc` behind it for the other direction.
    #[must_use]
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.order_by.push(field.into());
        self
    }

    /// Sets `$filter`.
    #[must_use]
    pub fn filter(mut self, condition: Filter) -> Self {
        self.filter = Some(condition);
        self
    }
}

impl From<&Query> for Query {
    fn from(query: &Query) -> Self {
        query.clone()
    }
}

impl From<&Query> for Params {
    fn from(query: &Query) -> Self {
        let list = |values: &[String]| (!values.is_empty()).then(|| values.join(","));
        Self::new()
            .optional("$select", list(&query.select))
            .optional("$expand", list(&query.expand))
            .optional("$filter", query.filter.as_ref())
            .optional("$orderby", list(&query.order_by))
            .optional("$skip", query.skip)
            .optional("$top", query.top)
    }
}

/// A condition of `$filter`. Texts are quoted as OData wants it, so any text is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// A condition in the service's own words, sent as it is.
    pub fn raw(condition: impl Into<String>) -> Self {
        Self(condition.into())
    }

    fn compare(field: &str, operator: &str, value: impl Into<FilterValue>) -> Self {
        Self(format!("{field} {operator} {}", value.into().0))
    }

    /// The field is equal to the value.
    pub fn eq(field: &str, value: impl Into<FilterValue>) -> Self {
        Self::compare(field, "eq", value)
    }

    /// The field is other than the value.
    pub fn ne(field: &str, value: impl Into<FilterValue>) -> Self {
        Self::compare(field, "ne", value)
    }

    /// The field is greater than the value.
    pub fn gt(field: &str, value: impl Into<FilterValue>) -> Self {
        Self::compare(field, "gt", value)
    }

    /// The field is less than the value.
    pub fn lt(field: &str, value: impl Into<FilterValue>) -> Self {
        Self::compare(field, "lt", value)
    }

    /// The field begins with the text.
    pub fn starts_with(field: &str, text: &str) -> Self {
        Self(format!("startswith({field},{}) eq true", quoted(text)))
    }

    /// The field ends with the text.
    pub fn ends_with(field: &str, text: &str) -> Self {
        Self(format!("endswith({field},{}) eq true", quoted(text)))
    }

    /// The field holds the text.
    pub fn contains(field: &str, text: &str) -> Self {
        Self(format!("substringof({},{field}) eq true", quoted(text)))
    }

    /// The entity is of this type, such as `File`.
    pub fn is_of(kind: &str) -> Self {
        Self(format!("isof({})", quoted(&format!("ShareFile.Api.Models.{kind}"))))
    }

    /// Both conditions hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(format!("({}) and ({})", self.0, other.0))
    }

    /// One of the conditions holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(format!("({}) or ({})", self.0, other.0))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value in a condition, as it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterValue(String);

impl From<&str> for FilterValue {
    fn from(text: &str) -> Self {
        Self(quoted(text))
    }
}

impl From<i64> for FilterValue {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<ShareFileDate> for FilterValue {
    fn from(date: ShareFileDate) -> Self {
        // The documented form has a space where RFC 3339 has a T.
        Self(format!("date({})", date.to_string().replacen('T', " ", 1)))
    }
}

/// An OData text: in single quotes, those inside doubled.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(query: &Query) -> Vec<(String, String)> {
        let mut url = url::Url::parse("https://a.example/x").unwrap();
        Params::from(query).append_to(&mut url);
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn options_have_their_documented_names() {
        let query = Query::new()
            .select(["Id", "Children/Id"])
            .expand(["Children"])
            .top(5)
            .skip(10)
            .order_by("Name asc")
            .filter(Filter::eq("Name", "x"));
        let found = pairs(&query);
        let expected = [
            ("$select", "Id,Children/Id"),
            ("$expand", "Children"),
            ("$filter", "Name eq 'x'"),
            ("$orderby", "Name asc"),
            ("$skip", "10"),
            ("$top", "5"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(pairs(&Query::new()).is_empty());
    }

    #[test]
    fn conditions_are_written_as_documented() {
        let date: ShareFileDate = "2018-01-01T00:00:00Z".parse().unwrap();
        let cases = [
            (Filter::starts_with("Name", "x"), "startswith(Name,'x') eq true"),
            (Filter::contains("Name", "x"), "substringof('x',Name) eq true"),
            (Filter::is_of("File"), "isof('ShareFile.Api.Models.File')"),
            (Filter::lt("CreationDate", date), "CreationDate lt date(2018-01-01 00:00:00Z)"),
            (Filter::eq("A", 1).and(Filter::ne("B", true)), "(A eq 1) and (B ne true)"),
        ];
        for (filter, expected) in cases {
            assert_eq!(filter.to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_inside_its_quotes_and_survives_the_url(text in "\\PC{0,30}") {
            let query = Query::new().filter(Filter::eq("Name", text.as_str()));
            let found = pairs(&query);
            let literal = found[0].1.strip_prefix("Name eq '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
            prop_assert_eq!(literal.replace("''", "\u{0}").matches('\'').count(), 0);
            prop_assert_eq!(literal.replace("''", "'"), text);
        }
    }
}
