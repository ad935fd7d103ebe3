//! Faults: how the service says in SOAP that it did not do what it was asked.

use std::fmt;

use super::Tree;

/// A SOAP fault, of either version. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Whose fault it is, without a prefix: `Client` or `Server` (SOAP 1.1), `Sender` or `Receiver` (SOAP 1.2), or another.
    pub code: String,
    /// What the service says: its first sentence. What follows `--->` are the causes within the service.
    pub reason: String,
    /// The causes that the service names, each cut to its first line.
    pub causes: Vec<String>,
}

impl Fault {
    /// Whether the request is to blame.
    pub fn is_client(&self) -> bool {
        matches!(self.code.as_str(), "Client" | "Sender" | "MustUnderstand" | "VersionMismatch")
    }

    /// Whether the service says that it has no such operation.
    pub fn is_unknown_operation(&self) -> bool {
        self.reason.contains("did not recognize the value of HTTP Header SOAPAction")
            || self.reason.contains("Unable to handle request without a valid action parameter")
    }

    /// Reads the element `Fault` of either version.
    pub(crate) fn read(tree: &Tree) -> Self {
        let root = tree.root();
        let text = |path: &[&str]| {
            let element = path.iter().try_fold(root?, |element, name| element.child(name))?;
            Some(element.text().trim()).filter(|text| !text.is_empty())
        };
        let code = text(&["faultcode"]).or_else(|| text(&["Code", "Value"])).unwrap_or_default();
        let words = text(&["faultstring"]).or_else(|| text(&["Reason", "Text"])).unwrap_or_default();
        let mut sentences = words.split("--->").map(|part| tidy(part).to_owned());
        Self {
            code: code.rsplit(':').next().unwrap_or_default().to_owned(),
            reason: sentences.next().unwrap_or_default(),
            causes: sentences.filter(|cause| !cause.is_empty()).collect(),
        }
    }
}

/// The first line, without the type of the exception that .NET puts before it and the stack trace behind it.
fn tidy(words: &str) -> &str {
    let line = words.trim().lines().next().unwrap_or_default();
    let line = line.split(" at System.").next().unwrap_or_default();
    match line.split_once(": ") {
        Some((kind, rest)) if kind.ends_with("Exception") && !kind.contains(' ') => rest.trim(),
        _ => line.trim(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() {
            return write!(f, "a fault {}", self.code);
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Fault {}
