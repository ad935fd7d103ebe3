//! Where an endurance run takes place: an emulator that is struck by faults, the stores on it, and the truth about its drive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use sharesync::http::{BearerTokens, HttpConfig, ReqwestTransport, TokenSet, TokenSource};
use sharesync::snapshot::{RedbSnapshots, Snapshots};
use sharesync::{Error, ErrorKind, RemoteStore, Result, acronis, cursor, filesanywhere, sharefile, sharepoint};
use sharesync_emulator::drive::{Entry, ItemId, Role, VersionId};
use sharesync_emulator::{Emulator, Fault, FaultKind, PageForm, RequestRecord};

/// A store of each provider, by its name.
pub(crate) const PROVIDERS: [&str; 5] = ["sharefile", "acronis", "filesanywhere", "cursor", "sharepoint"];

/// Content up to this length is sent in one request, longer content in parts of [`PART`], where a service has the choice.
const SINGLE: u64 = 128 << 10;
const PART: u64 = 64 << 10;

/// What strikes, and how often. All together strike one request in ten.
pub(crate) fn faults() -> Vec<Fault> {
    use FaultKind::{
        Delay, LoseAnswer, ProxyPage, RedirectToPage, Reset, Stall, TooManyRequests, Truncate, Unauthorized,
        Unavailable,
    };
    let page = |status| ProxyPage { status, form: PageForm::Html };
    let faults = [
        (Reset, 10),
        (LoseAnswer, 12),
        (Truncate { after: 0 }, 4),
        (Truncate { after: 30 }, 4),
        (Truncate { after: 3000 }, 3),
        (Stall { after: 20 }, 5),
        (Delay { millis: 30 }, 8),
        (Unauthorized, 8),
        (TooManyRequests { retry_after: None }, 6),
        (TooManyRequests { retry_after: Some(0) }, 2),
        (Unavailable { retry_after: None }, 8),
        (ProxyPage { status: 404, form: PageForm::Text }, 5),
        (page(403), 4),
        (page(200), 4),
        (page(503), 3),
        (RedirectToPage { status: 302 }, 4),
    ];
    let after = [(page(502), 4), (page(503), 3), (ProxyPage { status: 404, form: PageForm::Text }, 1), (page(200), 1)];
    let redirect_after = (RedirectToPage { status: 302 }, 2);
    let rate = |(kind, thousandths): (FaultKind, u32)| Fault::new(kind).rate(f64::from(thousandths) / 1000.0);
    let after = after.into_iter().chain([redirect_after]).map(|fault| rate(fault).carried_out());
    faults.into_iter().map(rate).chain(after).collect()
}

/// Limits as short as a server on this machine allows: whoever waits for what does not come waits for most of the run.
fn limits(agent: &str) -> HttpConfig {
    HttpConfig::new()
        .with_response_timeout(Duration::from_secs(5))
        .with_idle_timeout(Duration::from_millis(500))
        .with_decode_timeout(Duration::from_secs(5))
        .with_backoff_base(Duration::from_millis(4))
        .with_backoff_cap(Duration::from_millis(40))
        .with_user_agent(agent.to_owned())
}

/// Reading the system's certificates for every client would take most of the run.
static TRANSPORT: LazyLock<Arc<ReqwestTransport>> =
    LazyLock::new(|| Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap()));

/// Tokens of SharePoint, as an add-in gets them.
#[derive(Debug)]
struct AddInTokens(Weak<Emulator>);

#[async_trait::async_trait]
impl TokenSource for AddInTokens {
    async fn renew(&self, _: Option<&TokenSet>) -> Result<TokenSet> {
        let emulator = self.0.upgrade().ok_or_else(|| Error::new(ErrorKind::Unavailable, "it was stopped"))?;
        Ok(TokenSet::new(emulator.sharepoint_token()))
    }
}

/// An item of the drive, as far as somebody else can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) item: ItemId,
    /// Of a file, its newest version.
    pub(crate) version: Option<VersionId>,
}

/// Items by their paths, which begin with a slash.
pub(crate) type Nodes = BTreeMap<String, Node>;

pub(crate) struct Stage {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) provider: &'static str,
    /// What everybody is doing, for the case that nothing moves any more.
    doing: Mutex<BTreeMap<String, String>>,
}

impl Stage {
    pub(crate) async fn start(provider: &'static str, seed: u64) -> Self {
        // SharePoint tells changes in three forms: a flat feed, a nested one, the log of the REST service.
        let form = seed % 3;
        let builder = Emulator::builder().flat_feed(form == 0).sync_service(form != 2);
        let emulator = builder.seed(seed).max_page(20).recorded_requests(1 << 20).start().await.unwrap();
        Self { emulator: Arc::new(emulator), provider, doing: Mutex::default() }
    }

    /// A store of a provider, by a client of this name. What it needs for changes is kept in the directory `state`.
    pub(crate) async fn connect(
        &self,
        provider: &str,
        agent: &str,
        state: Option<&Path>,
    ) -> Result<Arc<dyn RemoteStore>> {
        let (emulator, http) = (&self.emulator, limits(agent));
        let snapshots = match state {
            Some(state) if ["sharefile", "acronis"].contains(&provider) => {
                Some(Snapshots::new(RedbSnapshots::open(state.join("snapshots.redb")).await?))
            }
            _ => None,
        };
        Ok(match provider {
            "sharefile" => {
                let account = emulator.sharefile();
                let builder = sharefile::Client::builder_at(account.endpoint())
                    .client_id(account.client_id())
                    .client_secret(account.client_secret())
                    .password(account.username(), account.password());
                let client = builder.http_config(http).transport(TRANSPORT.clone()).connect().await?;
                let mut options = sharefile::StoreOptions::new().with_single_limit(SINGLE).with_part_size(PART);
                options.snapshots = snapshots;
                Arc::new(client.store_with(options))
            }
            "acronis" => {
                let account = emulator.acronis();
                let builder =
                    acronis::Client::builder_at(account.endpoint()).password(account.username(), account.password());
                let client = builder.http_config(http).transport(TRANSPORT.clone()).connect().await?;
                let mut options = acronis::StoreOptions::new();
                options.snapshots = snapshots;
                Arc::new(client.store_with(options))
            }
            "filesanywhere" => {
                let account = emulator.filesanywhere();
                let builder = filesanywhere::Client::builder(account.api_key(), account.org_id())
                    .server(account.endpoint())
                    .password(account.username(), account.password());
                let client = builder.http_config(http).transport(TRANSPORT.clone()).connect().await?;
                Arc::new(client.store_with(filesanywhere::StoreOptions::new().with_chunk_size(PART)))
            }
            "cursor" => {
                let account = emulator.cursor();
                let builder =
                    cursor::Client::builder(account.endpoint()).tokens(TokenSet::new(account.service_token()));
                let client = builder.http_config(http).transport(TRANSPORT.clone()).connect().await?;
                let options = cursor::StoreOptions::new(account.share_id());
                Arc::new(client.store_with(options.with_single_limit(SINGLE).with_chunk_size(PART)))
            }
            _ => {
                let account = emulator.sharepoint();
                let first = TokenSet::new(account.access_token());
                let tokens = BearerTokens::new(Arc::new(AddInTokens(Arc::downgrade(emulator))), Some(first), None);
                let builder = sharepoint::Client::builder(account.site()).auth(sharepoint::Auth::bearer_tokens(tokens));
                let client = builder.http_config(http).transport(TRANSPORT.clone()).connect().await?;
                let options = sharepoint::StoreOptions::new().with_single_limit(SINGLE).with_chunk_size(PART);
                Arc::new(client.store_with(options).await?)
            }
        })
    }

    /// Lets things go wrong from now on.
    pub(crate) fn strike(&self) {
        faults().into_iter().for_each(|fault| self.emulator.faults().add(fault));
    }

    /// Lets nothing go wrong any more; what struck so far, by kind.
    pub(crate) fn spare(&self) -> BTreeMap<String, u64> {
        let mut kinds = BTreeMap::new();
        for (fault, struck) in self.emulator.faults().all() {
            let kind = serde_json::to_value(&fault).unwrap();
            let after = if fault.carried_out { "-after" } else { "" };
            *kinds.entry(format!("{}{after}", kind["kind"].as_str().unwrap())).or_default() += struck;
        }
        self.emulator.faults().clear();
        kinds
    }

    pub(crate) fn requests(&self) -> u64 {
        self.emulator.requests().count()
    }

    /// The requests of a client after the first so many of all, that changed the drive.
    pub(crate) fn applied(&self, agent: &str, after: u64) -> Vec<RequestRecord> {
        let all = self.emulator.requests().all().into_iter();
        let own = all.filter(|record| record.sequence > after && record.user_agent.as_deref() == Some(agent));
        own.filter(|record| record.applied).collect()
    }

    /// Where the log of the drive ends.
    pub(crate) fn log_end(&self) -> u64 {
        self.emulator.drive().last_change()
    }

    /// The items that were changed after that, or carried along by a folder.
    pub(crate) fn changed_after(&self, end: u64) -> BTreeSet<ItemId> {
        self.emulator.drive().changes_after(end, usize::MAX).into_iter().map(|change| change.item).collect()
    }

    /// The one live item of that name.
    pub(crate) fn named(&self, name: &str) -> ItemId {
        let drive = self.emulator.drive();
        let found = drive.find(drive.root(), 2, |item| &*item.name == name);
        assert_eq!(found.len(), 1, "one item is called {name}");
        found[0].item.id
    }

    /// Live items beside these folders, by their paths: what nobody was asked to make.
    pub(crate) fn strangers(&self, known: &[ItemId]) -> Vec<String> {
        let drive = self.emulator.drive();
        let beside = drive.find(drive.root(), usize::MAX, |item| !known.contains(&item.id));
        let inside = |entry: &Entry| entry.ancestors.iter().any(|folder| known.contains(&folder.id));
        let made = beside.into_iter().filter(|entry| entry.item.role() == Role::Plain && !inside(entry));
        made.map(|entry| entry.path()).collect()
    }

    /// What is below a folder of the drive.
    pub(crate) fn below(&self, folder: ItemId) -> Nodes {
        let mut nodes = Nodes::new();
        self.collect(folder, "", &mut nodes);
        nodes
    }

    fn collect(&self, folder: ItemId, path: &str, nodes: &mut Nodes) {
        for entry in self.emulator.drive().children(folder, 0, None).entries {
            let (path, id) = (format!("{path}/{}", entry.item.name), entry.item.id);
            let folder = entry.item.is_folder();
            nodes.insert(path.clone(), Node { item: id, version: entry.version.map(|version| version.id) });
            if folder {
                self.collect(id, &path, nodes);
            }
        }
    }

    pub(crate) fn content(&self, node: &Node) -> Vec<u8> {
        self.emulator.drive().read(node.item).unwrap()
    }

    /// All below a folder with its content; `None` for folders.
    pub(crate) fn contents(&self, folder: ItemId) -> BTreeMap<String, Option<Vec<u8>>> {
        let nodes = self.below(folder).into_iter();
        nodes.map(|(path, node)| (path, node.version.map(|_| self.content(&node)))).collect()
    }

    /// Says what somebody is doing.
    pub(crate) fn doing(&self, who: &str, what: &str) {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).insert(who.to_owned(), what.to_owned());
    }

    pub(crate) fn all_doings(&self) -> BTreeMap<String, String> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Content that is different for each `number`, the same for the same one, and says at its beginning what it is.
pub(crate) fn content(what: &str, number: u64, length: usize) -> Vec<u8> {
    let mut content = format!("{what} {number} {length}\n").into_bytes();
    let mut rest = vec![0; length.saturating_sub(content.len())];
    fastrand::Rng::with_seed(number ^ length as u64).fill(&mut rest);
    content.append(&mut rest);
    content.truncate(length);
    content
}
