//! Faults that can be asked for: what goes wrong, with which requests, how often. How each is done to a request is in `server`.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The connection is dropped instead of an answer.
    Reset,
    /// The request is carried out, and the connection dropped instead of an answer: [`FaultKind::Reset`] with
    /// [`Fault::carried_out`].
    LoseAnswer,
    /// The body of the answer ends short of its announced length, with the connection.
    Truncate {
        /// How many bytes still come.
        #[serde(default)]
        after: u64,
    },
    /// The body of the answer stops, and the connection stays.
    Stall {
        /// How many bytes still come.
        #[serde(default)]
        after: u64,
    },
    /// The request waits, and is then answered as usual.
    Delay {
        /// How long.
        millis: u64,
    },
    /// 401, as for an expired token.
    Unauthorized,
    /// 429.
    TooManyRequests {
        /// The `Retry-After` header in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// 503.
    Unavailable {
        /// The `Retry-After` header in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A response of a proxy or gateway in front of the service, in no protocol's words, whatever the request asked for.
    ProxyPage {
        /// The status of a final answer: 404, 403, 503, also 200.
        #[serde(deserialize_with = "final_status")]
        status: u16,
        /// What it looks like.
        #[serde(default)]
        form: PageForm,
    },
    /// A redirect to a page for signing in, on the emulator's own origin, that answers every request by 200 and HTML.
    RedirectToPage {
        /// The status of the redirect; 302 if not said in a list of faults.
        #[serde(default = "found", deserialize_with = "redirect_status")]
        status: u16,
    },
    /// One byte of the answer's body is another one.
    Corrupt {
        /// Which, counted from 0.
        #[serde(default)]
        at: u64,
    },
    /// The link to the next page leads to the same page again.
    RepeatPage,
}

/// What the response of a proxy or gateway looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PageForm {
    /// A page of `text/html`.
    #[default]
    Html,
    /// A line of `text/plain`, such as `404 page not found`.
    Text,
    /// No body.
    Empty,
    /// An empty JSON object.
    Object,
    /// JSON that says that there is no such route.
    Message,
}

/// A fault and the requests that it strikes: all that match, unless `rate` or `times` say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests whose path and query contain this, in whatever case: `/Children`, `Upload2`, `index=3`, `/storage/`. The
    /// action of a SOAP request counts as part of them: `ChangeList`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The share of matching requests, from 0 to 1. The choice follows from the emulator's seed and the number of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How many matching requests pass before the first is struck.
    #[serde(default)]
    pub skip: u64,
    /// How many are struck in all; `None` is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The request is carried out first, and the fault strikes in place of the service's answer. Means nothing to the faults that
    /// strike the service's answer itself: truncate, stall, corrupt, repeat-page.
    #[serde(default)]
    pub carried_out: bool,
}

impl Fault {
    /// A fault that strikes every request.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path: None, rate: None, skip: 0, times: None, carried_out: false }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only requests whose path and query contain this.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Only this share of the matching requests.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Only after that many matching requests.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Only that many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after the request was carried out: what is lost is the answer.
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// Reads `kind:key=value,key=value;kind…`, the form of the program's `--faults`, for example
    /// `reset:path=/Children,rate=0.05;too-many-requests:retry_after=2,times=3;proxy-page:status=503,carried_out=true`.
    ///
    /// # Errors
    /// With a sentence that says which part is not understood.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(Self::parse).collect()
    }

    fn parse(list: &str) -> Result<Self, String> {
        let (kind, settings) = list.split_once(':').unwrap_or((list, ""));
        let mut object = serde_json::Map::new();
        object.insert("kind".into(), kind.trim().into());
        for setting in settings.split(',').map(str::trim).filter(|setting| !setting.is_empty()) {
            let (name, text) = setting.split_once('=').ok_or_else(|| format!("`{setting}` in `{list}` has no `=`"))?;
            let value = serde_json::from_str(text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
            object.insert(name.into(), value.unwrap_or_else(|| text.into()));
        }
        serde_json::from_value(object.into()).map_err(|error| format!("`{list}`: {error}"))
    }

    fn matches(&self, method: &str, target: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        let path_fits = |wanted: &String| target.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase());
        method_fits && self.path.as_ref().is_none_or(path_fits)
    }
}

fn found() -> u16 {
    302
}

fn final_status<'de, D: Deserializer<'de>>(text: D) -> Result<u16, D::Error> {
    status_in(200..600, text)
}

fn redirect_status<'de, D: Deserializer<'de>>(text: D) -> Result<u16, D::Error> {
    status_in(300..400, text)
}

fn status_in<'de, D: Deserializer<'de>>(range: Range<u16>, text: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(text)?;
    let error =
        || serde::de::Error::custom(format!("status {status} is not from {} to {}", range.start, range.end - 1));
    range.contains(&status).then_some(status).ok_or_else(error)
}

/// What a fault does to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: FaultKind,
    /// The request is carried out before.
    pub(crate) carried_out: bool,
}

impl Strike {
    /// As the record of requests has it.
    pub(crate) fn text(self) -> String {
        format!("{:?}{}", self.kind, if self.carried_out { ", carried out" } else { "" })
    }
}

/// The faults that are asked for: a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    seed: u64,
    added: u64,
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    number: u64,
    seen: u64,
    struck: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let new = Self { state: Arc::new(Mutex::new(State { seed, added: 0, armed: Vec::new() })) };
        faults.into_iter().for_each(|fault| new.add(fault));
        new
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a fault from now on.
    pub fn add(&self, fault: Fault) {
        let mut state = self.state();
        state.added += 1;
        let number = state.added;
        state.armed.push(Armed { fault, number, seen: 0, struck: 0 });
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.state().armed.clear();
    }

    /// The faults that are asked for, each with the number of requests it has struck.
    pub fn all(&self) -> Vec<(Fault, u64)> {
        self.state().armed.iter().map(|armed| (armed.fault.clone(), armed.struck)).collect()
    }

    /// How many requests were struck by the faults that are asked for.
    pub fn struck(&self) -> u64 {
        self.state().armed.iter().map(|armed| armed.struck).sum()
    }

    /// What is to happen to a request: the first fault that strikes it.
    pub(crate) fn choose(&self, method: &str, target: &str) -> Option<Strike> {
        let mut state = self.state();
        let seed = state.seed;
        state.armed.iter_mut().find_map(|armed| armed.choose(seed, method, target))
    }
}

impl Armed {
    fn choose(&mut self, seed: u64, method: &str, target: &str) -> Option<Strike> {
        if self.fault.times.is_some_and(|most| self.struck >= most) || !self.fault.matches(method, target) {
            return None;
        }
        self.seen += 1;
        if self.seen <= self.fault.skip {
            return None;
        }
        if let Some(rate) = self.fault.rate {
            let mut dice = fastrand::Rng::with_seed(seed ^ (self.number << 48) ^ self.seen);
            if dice.f64() >= rate {
                return None;
            }
        }
        self.struck += 1;
        let Fault { kind, carried_out, .. } = self.fault;
        Some(Strike { kind, carried_out: carried_out || kind == FaultKind::LoseAnswer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_is_read() {
        let faults =
            Fault::parse_list("reset:path=/Children,rate=0.5; too-many-requests:retry_after=2,times=3;stall:after=10")
                .expect("a valid list");
        assert_eq!(faults[0], Fault::new(FaultKind::Reset).path("/Children").rate(0.5));
        assert_eq!(faults[1], Fault::new(FaultKind::TooManyRequests { retry_after: Some(2) }).times(3));
        assert_eq!(faults[2], Fault::new(FaultKind::Stall { after: 10 }));
        let faults = Fault::parse_list(
            "proxy-page:status=503,form=text,carried_out=true;redirect-to-page:path=/Items;redirect-to-page:status=308",
        )
        .expect("a valid list");
        assert_eq!(faults[0], Fault::new(FaultKind::ProxyPage { status: 503, form: PageForm::Text }).carried_out());
        assert_eq!(faults[1], Fault::new(FaultKind::RedirectToPage { status: 302 }).path("/Items"));
        assert_eq!(faults[2], Fault::new(FaultKind::RedirectToPage { status: 308 }));
        for bad in [
            "nonsense",
            "reset:rate",
            "delay",
            "stall:after=x",
            "proxy-page",
            "proxy-page:status=100",
            "proxy-page:status=600",
            "proxy-page:status=200,form=poem",
            "redirect-to-page:status=200",
            "reset:carried_out=maybe",
        ] {
            assert!(Fault::parse_list(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn count_and_skip_limit_a_fault() {
        let faults = Faults::new(1, vec![Fault::new(FaultKind::Reset).method("get").path("items").skip(1).times(2)]);
        let hits: Vec<_> = (0..5).map(|_| faults.choose("GET", "/sf/v3/Items").is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert_eq!(faults.choose("POST", "/sf/v3/Items"), None);
        assert_eq!(faults.struck(), 2);
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run = |seed| -> Vec<bool> {
            let faults = Faults::new(seed, vec![Fault::new(FaultKind::Reset).rate(0.3)]);
            (0..200).map(|_| faults.choose("GET", "/").is_some()).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).iter().filter(|hit| **hit).count();
        assert!((30..=90).contains(&struck), "{struck} of 200 at a rate of 0.3");
    }
}
