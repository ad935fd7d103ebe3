//! What the client has read, as text: one for each value that is there.

use sharesync::filesanywhere::DateTime;
use sharesync::filesanywhere::model::{ActionCode, MaybeKind, Permission, ZipStatus};
use sharesync::{Secret, SecretUrl};

pub(crate) trait Show {
    fn show(&self, shown: &mut Vec<String>);
}

macro_rules! as_displayed {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self, shown: &mut Vec<String>) {
                shown.push(self.to_string());
            }
        })*
    };
}

as_displayed!(String, i16, i32, i64, u64, bool, DateTime, ActionCode);

impl Show for f64 {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(if self.is_infinite() { "-INF".to_owned() } else { self.to_string() });
    }
}

impl Show for Secret {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(self.expose().to_owned());
    }
}

impl Show for SecretUrl {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(self.expose().to_string());
    }
}

impl Show for Permission {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(self.letter().to_owned());
    }
}

impl Show for MaybeKind {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(self.0.clone());
    }
}

impl Show for ZipStatus {
    fn show(&self, shown: &mut Vec<String>) {
        shown.push(format!("{self:?}"));
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, shown: &mut Vec<String>) {
        if let Some(value) = self {
            value.show(shown);
        }
    }
}

/// The texts of values, appended.
macro_rules! show {
    ($shown:ident: $($value:expr),* $(,)?) => {{
        $($crate::filesanywhere::show::Show::show(&$value, &mut $shown);)*
    }};
}
pub(crate) use show;

/// The texts of values.
macro_rules! shown {
    () => {
        Ok(Vec::new())
    };
    ($($value:expr),+ $(,)?) => {{
        let mut shown = Vec::new();
        $($crate::filesanywhere::show::Show::show(&$value, &mut shown);)+
        Ok(shown)
    }};
}
pub(crate) use shown;
