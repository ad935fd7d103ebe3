//! The policy for clients that synchronize.

use http::header::ACCEPT;
use http::{HeaderValue, Method};
use sharesync_core::Result;
use sharesync_core::xml::DocumentError;

use super::Sync;
use crate::client::xml_body;
use crate::model::{Policy, PolicyRule};
use crate::xml::Element;

/// Which policy is asked for: two addresses that differ in how the library is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyScope {
    /// That of all sites: the library is written with hyphens.
    Global,
    /// That of the site: the library is written without.
    Site,
}

impl Sync {
    /// The policy: `GET _api/SPFileSync/sync/{library}/policy/` (section 3.1). All rules are kept, known or not.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) where the service has no sync service.
    pub async fn policy(&self, scope: PolicyScope) -> Result<Policy> {
        let library = match scope {
            PolicyScope::Global => self.library.to_string(),
            PolicyScope::Site => self.library.simple(),
        };
        let path = format!("_api/SPFileSync/sync/{library}/policy/");
        let request = self.client.request("Policy", Method::GET, &path)?;
        let request = request.header(ACCEPT, HeaderValue::from_static("application/xml"));
        let limit = self.client.http_config().max_answer;
        let read = move |response: sharesync_core::http::Response| async move {
            let mut document = Vec::new();
            let mut body = xml_body(response, limit).await?;
            while let Some(piece) = futures::TryStreamExt::try_next(&mut body).await? {
                document.extend_from_slice(&piece);
            }
            Ok(policy(&Element::read(&document).map_err(DocumentError::into_error)?))
        };
        request.run(read).await
    }
}

/// Reads rules with `name` and `value` as attributes, as elements, or with the value as text.
fn policy(root: &Element) -> Policy {
    let mut rules = Vec::new();
    let mut pending = vec![root];
    while let Some(element) = pending.pop() {
        if !element.name.eq_ignore_ascii_case("Rule") {
            pending.extend(element.children.iter().rev());
            continue;
        }
        let part = |name: &str| {
            let child = element.children.iter().find(|child| child.name.eq_ignore_ascii_case(name));
            element.attribute(name).map(str::to_owned).or_else(|| child.map(|child| child.text.clone()))
        };
        if let Some(name) = part("name") {
            let value = part("value").unwrap_or_else(|| element.text.clone());
            rules.push(PolicyRule { name, value });
        }
    }
    Policy { rules }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_in_every_form_and_all_are_kept() {
        let read = |xml: &str| policy(&Element::read(xml.as_bytes()).unwrap());
        let forms = [
            r#"<PolicyDocument><Rule name="ItemCount" value="7"/><Rule name="New" value="x&amp;y"/></PolicyDocument>"#,
            "<PolicyDocument><Rule><Name>ItemCount</Name><Value>7</Value></Rule><Rule><name>New</name><value>x&amp;y</value></Rule></PolicyDocument>",
            r#"<PolicyDocument><Rules><Rule name="ItemCount">7</Rule><Rule name="New">x&amp;y</Rule></Rules></PolicyDocument>"#,
        ];
        for form in forms {
            let policy = read(form);
            assert_eq!(
                (policy.item_count(), policy.value("new"), policy.rules.len()),
                (Some(7), Some("x&y"), 2),
                "{form}"
            );
        }
    }
}
