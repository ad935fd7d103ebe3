//! The policy of a site for clients that synchronize.

/// A policy document: rules by name. Its name and that of its rules are observed; that a rule has its name and value as
/// attributes or as elements is not settled, and both are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The rules, in their order, known or not.
    pub rules: Vec<PolicyRule>,
}

/// One rule of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyRule {
    /// Its name.
    pub name: String,
    /// Its value, as it stands.
    pub value: String,
}

impl Policy {
    /// The value of a rule; names are compared in whatever case.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)).map(|rule| rule.value.as_str())
    }

    /// How many items the library has: the rule `ItemCount` (observed).
    pub fn item_count(&self) -> Option<u64> {
        self.value("ItemCount")?.trim().parse().ok()
    }

    /// Where content is downloaded, with a placeholder in braces: the rule `DownloadUrlTemplate` (observed).
    pub fn download_url_template(&self) -> Option<&str> {
        self.value("DownloadUrlTemplate")
    }
}
