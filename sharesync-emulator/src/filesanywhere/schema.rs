//! What an operation takes and gives, as a table. Reading, writing, the WSDL and the help pages all go by it, so that what is
//! described is what is served.

/// The services that an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// `/api/syncapp/syncapi.asmx`.
    Sync,
    /// `/fawapi.asmx` and `/v2/fawapi.asmx`.
    Files,
}

impl Service {
    /// Its name in the WSDL and on the help page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sync => "SyncAPI",
            Self::Files => "FAWAPI",
        }
    }
}

/// An operation: its message, and the one element of its answer with what that holds.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) services: &'static [Service],
    pub(super) request: &'static [Field],
    /// The result element is not always named after the operation.
    pub(super) result: &'static str,
    pub(super) response: &'static [Field],
}

impl Operation {
    /// Whether a refusal has a place in its answer; otherwise it is a fault.
    pub(super) fn tells_errors(&self) -> bool {
        self.response.iter().any(|field| field.name == "ErrorMessage")
    }
}

/// An element.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) occurs: Occurs,
}

/// What an element holds.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Bool,
    Short,
    Int,
    Long,
    UnsignedLong,
    Double,
    Date,
    Bytes,
    /// One of these names.
    OneOf(&'static [&'static str]),
    Object(&'static [Field]),
}

/// How often it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurs {
    /// Always: value types.
    Once,
    /// Not when it is null: strings and objects.
    Optional,
    /// Always, as `xsi:nil` when it is null.
    Nillable,
    /// Any number of times.
    Many,
}

const fn field(name: &'static str, kind: Kind, occurs: Occurs) -> Field {
    Field { name, kind, occurs }
}

pub(super) const fn text(name: &'static str) -> Field {
    field(name, Kind::Text, Occurs::Optional)
}

pub(super) const fn nil_text(name: &'static str) -> Field {
    field(name, Kind::Text, Occurs::Nillable)
}

pub(super) const fn flag(name: &'static str) -> Field {
    field(name, Kind::Bool, Occurs::Once)
}

pub(super) const fn short(name: &'static str) -> Field {
    field(name, Kind::Short, Occurs::Once)
}

pub(super) const fn int(name: &'static str) -> Field {
    field(name, Kind::Int, Occurs::Once)
}

pub(super) const fn long(name: &'static str) -> Field {
    field(name, Kind::Long, Occurs::Once)
}

pub(super) const fn nil_long(name: &'static str) -> Field {
    field(name, Kind::Long, Occurs::Nillable)
}

pub(super) const fn unsigned_long(name: &'static str) -> Field {
    field(name, Kind::UnsignedLong, Occurs::Once)
}

pub(super) const fn double(name: &'static str) -> Field {
    field(name, Kind::Double, Occurs::Once)
}

pub(super) const fn date(name: &'static str) -> Field {
    field(name, Kind::Date, Occurs::Once)
}

pub(super) const fn nil_date(name: &'static str) -> Field {
    field(name, Kind::Date, Occurs::Nillable)
}

pub(super) const fn bytes(name: &'static str) -> Field {
    field(name, Kind::Bytes, Occurs::Optional)
}

pub(super) const fn one_of(name: &'static str, names: &'static [&'static str]) -> Field {
    field(name, Kind::OneOf(names), Occurs::Once)
}

pub(super) const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Object(fields), Occurs::Optional)
}

pub(super) const fn many(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Object(fields), Occurs::Many)
}

pub(super) const fn many_texts(name: &'static str) -> Field {
    field(name, Kind::Text, Occurs::Many)
}

pub(super) const fn many_longs(name: &'static str) -> Field {
    field(name, Kind::Long, Occurs::Many)
}
