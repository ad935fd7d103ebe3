//! Declaring what an element holds: each field with the element it is read from.

/// Defines a struct with public fields, and how it is read. `"A"` is an element, `"A" / "B"` the list of elements `B` in `A`.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident ($element:literal $(/ $entry:literal)?): $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $crate::soap::Record for $name {
            fn read(element: $crate::soap::Element<'_>) -> Result<Self, $crate::soap::DocumentError> {
                Ok(Self { $($field: $crate::soap::read_field!(element, $element $(, $entry)?),)* })
            }
        }
    };
}
pub(crate) use record;

/// Reads one field of a record.
macro_rules! read_field {
    ($element:ident, $name:literal) => {
        $crate::soap::Field::field($element, $name)?
    };
    ($element:ident, $name:literal, $entry:literal) => {
        $crate::soap::list($element, $name, $entry)?
    };
}
pub(crate) use read_field;
