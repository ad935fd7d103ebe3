//! The parameters of an operation: their names on the wire, and the macro that defines the options of an operation.

use serde_json::Value;
use url::Url;

/// Parameters of a request's query, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    pub(crate) fn optional(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn and(mut self, others: impl Into<Self>) -> Self {
        self.0.extend(others.into().0);
        self
    }

    pub(crate) fn append_to(&self, url: &mut Url) {
        if !self.0.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.0);
        }
    }
}

/// The fields of options, as they go into a query.
impl FromIterator<(&'static str, Value)> for Params {
    fn from_iter<T: IntoIterator<Item = (&'static str, Value)>>(fields: T) -> Self {
        let text = |value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
    }
}

/// Defines the options of an operation. Each has its name on the wire; what is not set is not sent.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident, $setter:ident($argument:ty): $type:ty = $wire:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
            /// The OData options.
            pub query: $crate::Query,
        }

        impl $name {
            /// No options: the service's own choices.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$field_doc])*
                #[must_use]
                pub fn $setter(mut self, value: $argument) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// Sets the OData options.
            #[must_use]
            pub fn with_query(mut self, query: impl Into<$crate::Query>) -> Self {
                self.query = query.into();
                self
            }

            /// What is set, by its name on the wire.
            fn fields(&self) -> impl Iterator<Item = (&'static str, serde_json::Value)> {
                let fields = [$(self.$field.as_ref().map(|value| ($wire, serde_json::json!(value))),)*];
                fields.into_iter().flatten()
            }
        }

        impl From<$name> for $crate::params::Params {
            fn from(options: $name) -> Self {
                options.fields().collect::<Self>().and(&options.query)
            }
        }

        impl From<$crate::Query> for $name {
            fn from(query: $crate::Query) -> Self {
                Self { query, ..Self::default() }
            }
        }

        impl From<&$crate::Query> for $name {
            fn from(query: &$crate::Query) -> Self {
                query.clone().into()
            }
        }

        impl From<&$name> for $name {
            fn from(options: &$name) -> Self {
                options.clone()
            }
        }
    };
}
pub(crate) use options;
