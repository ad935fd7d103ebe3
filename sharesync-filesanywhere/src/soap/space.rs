//! The namespaces of an envelope.

use super::{ENVELOPE_11, ENVELOPE_12, INSTANCE, NAMESPACE, XOP};

/// A namespace, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    None,
    Envelope11,
    Envelope12,
    Service,
    Instance,
    Xop,
    Other,
}

impl Space {
    pub(super) fn of(uri: &str) -> Self {
        match uri {
            "" => Self::None,
            ENVELOPE_11 => Self::Envelope11,
            ENVELOPE_12 => Self::Envelope12,
            NAMESPACE => Self::Service,
            INSTANCE => Self::Instance,
            XOP => Self::Xop,
            _ => Self::Other,
        }
    }

    pub(super) fn is_envelope(self) -> bool {
        matches!(self, Self::Envelope11 | Self::Envelope12)
    }
}
