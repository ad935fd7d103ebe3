//! A feed: one page of entities.

use serde::{Deserialize, Deserializer};

use super::wire::optional;

/// One page of entities, as the service answers a listing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Feed<T> {
    /// What the page holds.
    pub value: Vec<T>,
    /// How many entities there are in all pages, not in this one.
    pub count: Option<u64>,
    /// Where the next page is. Prefer the methods that end in `_pages`: they check it before they follow it.
    pub next_link: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Feed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Raw<T> {
            value: Vec<T>,
            #[serde(rename = "odata.count", default, deserialize_with = "optional")]
            count: Option<i64>,
            // The documentation writes it both ways.
            #[serde(rename = "odata.nextLink", alias = "odata.nextlink", default, deserialize_with = "optional")]
            next_link: Option<String>,
        }
        let raw = Raw::deserialize(deserializer)?;
        Ok(Self {
            value: raw.value,
            count: raw.count.and_then(|count| u64::try_from(count).ok()),
            next_link: raw.next_link.filter(|link| !link.trim().is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_next_link_and_counts_as_text_are_read() {
        for name in ["odata.nextLink", "odata.nextlink"] {
            let json = format!(r#"{{"odata.count":"3","{name}":"https://a/b","value":[1]}}"#);
            let feed: Feed<u8> = serde_json::from_str(&json).unwrap();
            assert_eq!((feed.count, feed.next_link.as_deref()), (Some(3), Some("https://a/b")));
        }
        let feed: Feed<u8> = serde_json::from_str(r#"{"value":[],"odata.nextLink":""}"#).unwrap();
        assert_eq!((feed.count, feed.next_link), (None, None));
        assert!(serde_json::from_str::<Feed<u8>>("{}").is_err(), "a feed without a value is no feed");
    }
}
