//! Whatever somebody in between answers in the service's place, at whichever request of whichever operation: it is never taken
//! for the service's word. A table of pages by a table of operations.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{DownloadOptions, TransferOptions, UploadRequest};
use sharesync::{
    Change, ChangeOptions, CreateFolderOptions, Cursor, DeleteOptions, Destination, ErrorKind, Item, ItemRef,
    ListOptions, OnConflict, RemoteStoreExt as _, Result, ShareId, ShareRequest, Since,
};
use sharesync_emulator::FaultKind::{ProxyPage, RedirectToPage};
use sharesync_emulator::{Fault, FaultKind, PageForm};

use super::harness::{Ctx, cases};
use super::support::{COLLEAGUE, content, put_into};

/// What is answered, and the kinds of errors that it may become. Services whose sign-in is a page take one for that, a document in
/// XML that does not begin breaks off, and who answers before the request has been read may break the connection.
const PAGES: &[(FaultKind, &[ErrorKind])] = &[
    (ProxyPage { status: 404, form: PageForm::Text }, &[ErrorKind::Protocol, ErrorKind::Network]),
    (ProxyPage { status: 403, form: PageForm::Html }, &[ErrorKind::Protocol, ErrorKind::Network]),
    (ProxyPage { status: 401, form: PageForm::Html }, &[ErrorKind::Unauthenticated, ErrorKind::Network]),
    (ProxyPage { status: 500, form: PageForm::Html }, &[ErrorKind::Unavailable, ErrorKind::Network]),
    (ProxyPage { status: 502, form: PageForm::Html }, &[ErrorKind::Unavailable, ErrorKind::Network]),
    (ProxyPage { status: 503, form: PageForm::Html }, &[ErrorKind::Unavailable, ErrorKind::Network]),
    (
        ProxyPage { status: 200, form: PageForm::Html },
        &[ErrorKind::Protocol, ErrorKind::Unauthenticated, ErrorKind::Network],
    ),
    (ProxyPage { status: 200, form: PageForm::Empty }, &[ErrorKind::Protocol, ErrorKind::Network]),
    (ProxyPage { status: 200, form: PageForm::Object }, &[ErrorKind::Protocol, ErrorKind::Network]),
    (ProxyPage { status: 200, form: PageForm::Message }, &[ErrorKind::Protocol, ErrorKind::Network]),
    (RedirectToPage { status: 302 }, &[ErrorKind::Protocol, ErrorKind::Unauthenticated, ErrorKind::Network]),
];

/// A case for each operation.
macro_rules! operations {
    ($($case:ident needs $needs:tt $deed:ident,)*) => {
        cases! {
            $("pages" needs $needs { $case, })*
            "pages" needs [Download] { a_page_of_the_users_own, }
        }
        $(async fn $case(ctx: Ctx) {
            each_page(&ctx, Deed::$deed).await;
        })*
    };
}

operations! {
    stat needs [Stat] Stat,
    stat_by_path needs [StatByPath] StatByPath,
    exists needs [Stat] Exists,
    exists_by_path needs [List] ExistsByPath,
    list needs [List] List,
    changes needs [Changes] Changes,
    download needs [Download] Download,
    download_of_a_range needs [Download] DownloadRange,
    create_folder needs [CreateFolder] CreateFolder,
    rename needs [Move] Rename,
    move_to_another_folder needs [Move] Move,
    copy needs [Copy] Copy,
    copy_folder needs [Copy] CopyFolder,
    delete needs [Delete] Delete,
    delete_folder needs [Delete] DeleteFolder,
    delete_permanently needs [DeletePermanently] DeletePermanently,
    share needs [Share] Share,
    request_files needs [RequestFiles] RequestFiles,
    invite needs [Invite] Invite,
    unshare needs [Share, Unshare] Unshare,
    upload needs [UploadSpec] Upload,
    upload_in_parts needs [UploadSpec] UploadInParts,
    upload_of_a_new_version needs [UploadSpec] NewVersion,
    upload_that_is_given_up needs [UploadSpec] GiveUp,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Stat,
    StatByPath,
    Exists,
    ExistsByPath,
    List,
    Changes,
    Download,
    DownloadRange,
    CreateFolder,
    Rename,
    Move,
    Copy,
    CopyFolder,
    Delete,
    DeleteFolder,
    DeletePermanently,
    Share,
    RequestFiles,
    Invite,
    Unshare,
    Upload,
    UploadInParts,
    NewVersion,
    GiveUp,
}

impl Deed {
    /// Content of another length is told as that: nobody knows whether it is a page or a new version.
    fn is_content(self, kind: ErrorKind) -> bool {
        matches!(self, Self::Download | Self::DownloadRange) && kind == ErrorKind::Integrity
    }
}

/// What no client can tell, because no document says what the response is like: that to a link's update has no body, and of that to
/// a chunk nothing is known. The first is believed; after the second the service itself says that chunks are missing.
const UNTOLD: &[(&str, Deed, PageForm)] = &[
    ("acronis", Deed::Unshare, PageForm::Empty),
    ("cursor", Deed::UploadInParts, PageForm::Empty),
    ("cursor", Deed::UploadInParts, PageForm::Object),
    ("cursor", Deed::UploadInParts, PageForm::Message),
    ("cursor", Deed::NewVersion, PageForm::Empty),
    ("cursor", Deed::NewVersion, PageForm::Object),
    ("cursor", Deed::NewVersion, PageForm::Message),
];

/// What there is, by path, and what can be seen of shares. What an operation works in on its way is told by `leftovers`.
type State = (BTreeMap<String, Option<Vec<u8>>>, Vec<String>);

/// What the deeds are done with.
struct Scene {
    ctx: Ctx,
    file: Item,
    folder: Item,
    target: Item,
    share: Option<ShareId>,
    since: Option<Cursor>,
    parts: usize,
}

impl Scene {
    async fn new(ctx: &Ctx, deed: Deed) -> Self {
        let ctx = ctx.alone().await;
        let file = ctx.put("a.txt", "of the user").await;
        let (folder, target) = (ctx.folder("sub").await, ctx.folder("target").await);
        put_into(&*ctx.store, &folder, "one.txt", "one").await;
        let share = match deed {
            Deed::Unshare if ctx.store.capabilities().ends_links => Some((&file, ShareRequest::link())),
            Deed::Unshare => Some((&folder, ShareRequest::invitation([COLLEAGUE]))),
            _ => None,
        };
        let share = match share {
            Some((item, request)) => Some(ctx.store.share(&ItemRef::from(item), request).await.unwrap().id),
            None => None,
        };
        let mut since = None;
        if deed == Deed::Changes {
            let gone = put_into(&*ctx.store, &folder, "gone.txt", "x").await;
            let mut pages = ctx.store.changes(Since::Beginning, ChangeOptions::new());
            while let Some(page) = pages.try_next().await.unwrap() {
                since = page.checkpoint.or(since);
            }
            ctx.store.delete(&ItemRef::from(&gone), DeleteOptions::new()).await.unwrap();
            put_into(&*ctx.store, &folder, "new.txt", "new").await;
        }
        let in_parts = matches!(deed, Deed::UploadInParts | Deed::GiveUp);
        let parts = if in_parts { ctx.several_parts().await.1 } else { 0 };
        Self { ctx, file, folder, target, share, since, parts }
    }

    /// What a deed tells, in words that are the same for every scene.
    async fn run(&self, deed: Deed) -> Result<String> {
        let store = &*self.ctx.store;
        let (file, folder) = (ItemRef::from(&self.file), ItemRef::from(&self.folder));
        let there = || Destination::folder(&self.target);
        let told = match deed {
            Deed::Stat => store.stat(&file).await?.name,
            Deed::StatByPath => store.stat(&self.ctx.path("sub/one.txt").into()).await?.name,
            Deed::Exists => store.exists(&self.file).await?.to_string(),
            Deed::ExistsByPath => store.exists(self.ctx.path("sub/one.txt")).await?.to_string(),
            Deed::List => {
                let items: Vec<_> = store.items(self.ctx.here(), ListOptions::new()).try_collect().await?;
                let mut names: Vec<_> = items.into_iter().map(|item| item.name).collect();
                names.sort_unstable();
                names.concat()
            }
            Deed::Changes => return self.changes().await,
            Deed::Download => self.content(DownloadOptions::new()).await?,
            Deed::DownloadRange => self.content(DownloadOptions::new().with_offset(3).with_length(4)).await?,
            Deed::CreateFolder => store.create_folder(&folder, "new", CreateFolderOptions::new()).await?.name,
            Deed::Rename => store.move_item(&file, &Destination::name("b.txt")).await?.name,
            Deed::Move => store.move_item(&file, &there().with_name("b.txt")).await?.name,
            Deed::Copy => store.copy_item(&file, &there()).await?.name,
            Deed::CopyFolder => store.copy_item(&folder, &there()).await?.name,
            Deed::Delete => done(store.delete(&file, DeleteOptions::new()).await)?,
            Deed::DeleteFolder => done(store.delete(&folder, DeleteOptions::new()).await)?,
            Deed::DeletePermanently => done(store.delete(&file, DeleteOptions::new().with_permanent(true)).await)?,
            Deed::Share => done(store.share(&file, ShareRequest::link()).await)?,
            Deed::RequestFiles => done(store.share(&folder, ShareRequest::request_files()).await)?,
            Deed::Invite => done(store.share(&folder, ShareRequest::invitation([COLLEAGUE])).await)?,
            Deed::Unshare => done(store.unshare(self.share.as_ref().unwrap()).await)?,
            Deed::Upload => self.upload(UploadRequest::new(folder, "new.txt"), 1000).await?,
            Deed::UploadInParts => self.upload(UploadRequest::new(folder, "new.txt"), self.parts).await?,
            Deed::NewVersion => {
                let again = UploadRequest::new(self.ctx.here(), "a.txt").with_on_conflict(OnConflict::NewVersion);
                self.upload(again, 1000).await?
            }
            Deed::GiveUp => {
                let spec =
                    store.upload_spec(UploadRequest::new(folder, "new.txt").with_size(self.parts as u64)).await?;
                done(store.upload_abort(&spec).await)?
            }
        };
        Ok(told)
    }

    async fn content(&self, options: DownloadOptions) -> Result<String> {
        let read = self.ctx.store.download(&ItemRef::from(&self.file), options).await?.bytes(1 << 20).await?;
        Ok(String::from_utf8_lossy(&read).into_owned())
    }

    async fn upload(&self, request: UploadRequest, length: usize) -> Result<String> {
        let sent = content(length, 7);
        let outcome = self.ctx.store.upload_bytes(sent, request, TransferOptions::new()).await?;
        Ok(outcome.item.name)
    }

    /// What is told as gone and as there. An item is never told as gone because of a page, also not before an error.
    async fn changes(&self) -> Result<String> {
        let since = Since::Cursor(self.since.clone().unwrap());
        let mut pages = self.ctx.store.changes(since, ChangeOptions::new());
        let (mut gone, mut there, mut failed) = (0, Vec::new(), Ok(()));
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => page.changes.into_iter().for_each(|change| match change {
                    Change::Remove(_) => gone += 1,
                    Change::Upsert(item) => there.push(item.name),
                    _ => {}
                }),
                Err(error) => failed = Err(error),
            }
        }
        assert!(gone <= 1, "{gone} items are told as gone");
        failed.map(|()| format!("{gone} gone, new.txt is there: {}", there.contains(&"new.txt".to_owned())))
    }

    fn state(&self) -> State {
        let tree = self.ctx.drive_tree().into_iter().filter(|(path, _)| !path.contains("/sharesync-"));
        let shares = self.ctx.emulator.drive().shares();
        let shares = shares
            .iter()
            .map(|share| format!("{} {:?} {}", share.expires.is_some(), share.max_downloads, share.only_recipients));
        (tree.collect(), shares.collect())
    }
}

fn done<T>(result: Result<T>) -> Result<String> {
    result.map(|_| "done".to_owned())
}

/// A page of the user's own is content like any other.
async fn a_page_of_the_users_own(ctx: Ctx) {
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body></body></html>\n";
    for name in ["page.html", "page"] {
        let file = ctx.put(name, page).await;
        assert_eq!(ctx.read(&file).await, page);
        let part = DownloadOptions::new().with_offset(2).with_length(7);
        let read = ctx.store.download(&ItemRef::from(&file), part).await.unwrap().bytes(100).await.unwrap();
        assert_eq!(&read[..], b"DOCTYPE");
    }
}

/// What a deed leads to where nobody interferes, and how many requests it takes.
struct Known {
    told: String,
    before: State,
    after: State,
    requests: u64,
    writes: bool,
}

async fn known(ctx: &Ctx, deed: Deed) -> Known {
    let scene = Scene::new(ctx, deed).await;
    let before = scene.state();
    scene.ctx.emulator.requests().clear();
    let told = scene.run(deed).await.unwrap_or_else(|error| panic!("{deed:?}: {error}"));
    let requests = scene.ctx.emulator.requests();
    let writes = requests.all().iter().any(|request| request.applied);
    Known { told, before, after: scene.state(), requests: requests.count(), writes }
}

/// How a page strikes: once or from there on, and whether the request is carried out before.
const READS: &[(bool, bool)] = &[(true, false), (false, false)];
const WRITES: &[(bool, bool)] = &[(true, true), (false, true), (false, false)];

/// Of how many requests of one operation a page takes the place, at the most: those of the next page are others.
const POINTS: u64 = 3;

/// Each page in the place of each response, once or from there on, whether the request was carried out before or not.
async fn each_page(ctx: &Ctx, deed: Deed) {
    let known = known(ctx, deed).await;
    let mut scene = Scene::new(ctx, deed).await;
    let mut wrong = Vec::new();
    assert!(known.requests > 0);
    let stride = usize::try_from(known.requests.div_ceil(POINTS)).unwrap();
    for (number, (kind, kinds)) in PAGES.iter().enumerate() {
        for skip in (0..known.requests).skip(number % stride).step_by(stride) {
            for &(once, carried_out) in if known.writes { WRITES } else { READS } {
                let mut fault = Fault::new(*kind).skip(skip);
                fault.carried_out = carried_out;
                fault.times = once.then_some(1);
                let verdict = judge(&scene, deed, &known, fault, kinds).await;
                if let Some(why) = verdict.wrong {
                    wrong.push(format!("{kind:?} at request {skip}, once: {once}, carried out: {carried_out}: {why}"));
                }
                if verdict.used_up {
                    scene = Scene::new(ctx, deed).await;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{deed:?}, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

struct Verdict {
    wrong: Option<String>,
    /// Whether the scene is not as it was: something was done, or the credentials are gone.
    used_up: bool,
}

/// Carries out a deed under a fault, and judges what it says.
async fn judge(scene: &Scene, deed: Deed, known: &Known, fault: Fault, kinds: &[ErrorKind]) -> Verdict {
    let (once, kind, carried_out) = (fault.times.is_some(), fault.kind, fault.carried_out);
    scene.ctx.emulator.faults().add(fault);
    scene.ctx.emulator.requests().clear();
    let done = scene.run(deed).await;
    let struck = scene.ctx.emulator.faults().struck();
    scene.ctx.emulator.faults().clear();
    let (now, requests) = (scene.state(), scene.ctx.emulator.requests().all());
    let applied = requests.iter().any(|request| request.applied);
    // Members of folders, for example, are no part of the state.
    let changed = if known.before == known.after { applied } else { now != known.before };
    let untold = match kind {
        ProxyPage { form, .. } => UNTOLD.contains(&(scene.ctx.store.info().provider, deed, form)),
        _ => false,
    };
    let wrong = match &done {
        _ if struck == 0 => Some("no request was struck".to_owned()),
        Ok(told) if *told != known.told => Some(format!("it tells {told:?} instead of {:?}", known.told)),
        Ok(_) if now != known.after && !untold => Some("it counts as done, and is not".to_owned()),
        Ok(_) if !once && !applied && !untold => Some("it is believed for good".to_owned()),
        Ok(_) => None,
        Err(error) if changed && !error.maybe_applied() => Some(format!("something was done, but {error}")),
        // What the service says to the second attempt, because of what the first one did.
        Err(error) if once && carried_out && error.maybe_applied() => None,
        Err(error) if error.kind() == ErrorKind::Conflict && untold => None,
        Err(error) if !kinds.contains(&error.kind()) && !deed.is_content(error.kind()) => {
            Some(format!("{:?}: {error}", error.kind()))
        }
        Err(_) => None,
    };
    // Where the 401 page took the place of the reply to a token renewal, the refresh token is used up.
    let signed_out = matches!(kind, ProxyPage { status: 401, .. })
        || done.is_err_and(|error| error.kind() == ErrorKind::Unauthenticated);
    let told = requests.iter().map(|request| {
        let status = request.status.unwrap_or_default();
        format!(" {} {status}{}", request.method, if request.applied { "!" } else { "" })
    });
    let wrong = wrong.map(|why| format!("{why} [{}]", told.collect::<String>()));
    Verdict { wrong, used_up: applied || signed_out || now != known.before }
}
