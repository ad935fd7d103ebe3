//! Names: what is legal comes back as it was given; what is not is refused before anything is sent.

use std::fmt::Debug;

use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, ErrorKind, ItemRef, NameRules, Operation, RemoteStoreExt as _,
    Result,
};

use super::harness::{Ctx, cases};
use super::support::{fails, folder_in, put_into, same};

cases! {
    "names" needs [UploadSpec] {
        difficult_names_of_files_come_back_as_given,
        the_longest_name_is_accepted,
        composed_and_decomposed_letters_are_kept,
        forbidden_names_are_refused_for_upload,
    }
    "names" needs [CreateFolder] {
        difficult_names_of_folders_come_back_as_given,
        forbidden_names_are_refused_for_folders,
    }
    "names" needs [UploadSpec, CreateFolder, Move, Delete] {
        words_in_names_say_nothing,
    }
    "names" needs [Move] {
        forbidden_names_are_refused_for_move,
    }
    "names" needs [Copy] {
        forbidden_names_are_refused_for_copy,
    }
}

const DIFFICULT: &[&str] = &[
    "with several  spaces.txt",
    "hash # sign.txt",
    "percent % sign, 100%, %20, %2F, %00.txt",
    "plus + sign + more.txt",
    "it's quoted 'twice'.txt",
    "this & that; and = more.txt",
    "dollar $ at @ tilde ~ caret ^ bang !.txt",
    "[square] {curly} (round) `tick`.txt",
    "comma, semicolon; colonless.txt",
    ".leading dot",
    "..two leading dots",
    "many.dots.in.the.name",
    "no extension",
    "-leading dash",
    "übergrößen-straße.txt",
    "Ελληνικά кириллица עברית العربية.txt",
    "日本語の名前.txt",
    "emoji 🦀📁👩‍👩‍👧.txt",
    "null",
    "0",
    "root",
    "home",
    "(x)",
    "UPPER lower MiXeD.TxT",
];

/// Names that the rules refuse, each for one reason.
fn forbidden(rules: &NameRules) -> Vec<String> {
    let mut names: Vec<String> =
        ["", ".", "..", "/", "a/b", "/a", "a/", "../a", "a\0b", "a\nb", "a\tb", "\u{1}", "a\u{7f}", "a\u{85}b"]
            .map(str::to_owned)
            .to_vec();
    names.extend(rules.forbidden.chars().map(|c| format!("a{c}b")));
    names.extend(rules.forbidden_first.chars().map(|c| format!("{c}a")));
    names.extend(rules.forbidden_last.chars().map(|c| format!("a{c}")));
    names.extend(rules.max_characters.map(|most| "x".repeat(most + 1)));
    names
}

/// Calls with every forbidden name, and shows that each is refused, nothing is sent and nothing changed.
async fn refused<T: Debug>(ctx: &Ctx, call: impl AsyncFn(String) -> Result<T>) {
    let before = ctx.tree().await;
    let sent = ctx.emulator.requests().count();
    let names = forbidden(&ctx.store.capabilities().names);
    for name in &names {
        let shown = format!("{name:?}");
        fails(call(name.clone()).await, ErrorKind::InvalidName, &[&shown]);
    }
    assert_eq!(ctx.emulator.requests().count(), sent, "nothing is sent for any of {names:?}");
    assert_eq!(ctx.tree().await, before);
}

async fn difficult_names_of_files_come_back_as_given(ctx: Ctx) {
    let rules = &ctx.store.capabilities().names;
    let (legal, illegal): (Vec<&str>, Vec<&str>) = DIFFICULT.iter().partition(|name| rules.check(name).is_ok());
    for name in &legal {
        let put = ctx.put(name, name.to_string()).await;
        assert_eq!(put.name, *name);
        same(&ctx.read(&put).await, name.as_bytes());
        if ctx.supports(Operation::StatByPath) {
            let path = ctx.path("").join(name).unwrap();
            assert_eq!(ctx.store.stat(&path.into()).await.unwrap().id, put.id, "{name}");
        }
    }
    let mut expected = legal.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    expected.sort();
    assert_eq!(ctx.names().await, expected);
    for name in illegal {
        let put = ctx.store.upload_bytes("x", UploadRequest::new(ctx.here(), name), TransferOptions::new()).await;
        fails(put, ErrorKind::InvalidName, &[name]);
    }
}

async fn difficult_names_of_folders_come_back_as_given(ctx: Ctx) {
    let rules = &ctx.store.capabilities().names;
    let mut expected = Vec::new();
    for name in DIFFICULT.iter().filter(|name| rules.check(name).is_ok()) {
        let folder = ctx.folder(name).await;
        assert_eq!(folder.name, *name);
        let file = put_into(&*ctx.store, &folder, "inside.txt", name.to_string()).await;
        same(&ctx.read(&file).await, name.as_bytes());
        expected.push(name.to_string());
    }
    expected.sort();
    assert_eq!(ctx.names().await, expected);
}

async fn the_longest_name_is_accepted(ctx: Ctx) {
    let most = ctx.store.capabilities().names.max_characters.unwrap_or(200);
    for letter in ["x", "ü"] {
        let name = letter.repeat(most);
        let put = ctx.put(&name, "long").await;
        assert_eq!(put.name, name);
        assert_eq!(ctx.names().await.last(), Some(&name));
        same(&ctx.read(&put).await, b"long");
    }
    let deep = folder_in(&*ctx.store, ctx.here(), &"d".repeat(most)).await;
    assert_eq!(deep.name.chars().count(), most);
}

async fn composed_and_decomposed_letters_are_kept(ctx: Ctx) {
    for (folder, name) in [("composed", "\u{e9}t\u{e9}.txt"), ("decomposed", "e\u{301}te\u{301}.txt")] {
        let folder = ctx.folder(folder).await;
        let put = put_into(&*ctx.store, &folder, name, "x").await;
        assert_eq!(put.name, name, "the name is not normalized");
        let items = super::support::listed(&*ctx.store, &folder).await;
        assert_eq!(items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), [name]);
    }
}

async fn forbidden_names_are_refused_for_upload(ctx: Ctx) {
    let ctx = ctx.alone().await;
    ctx.put("there.txt", "x").await;
    refused(&ctx, async |name| {
        let request = UploadRequest::new(ctx.here(), name);
        ctx.store.upload_bytes("new", request, TransferOptions::new()).await
    })
    .await;
    refused(&ctx, async |name| ctx.store.upload_spec(UploadRequest::new(ctx.here(), name).with_size(3)).await).await;
}

async fn forbidden_names_are_refused_for_folders(ctx: Ctx) {
    let ctx = ctx.alone().await;
    for reuse in [false, true] {
        refused(&ctx, async |name| {
            let options = CreateFolderOptions::new().with_reuse_existing(reuse);
            ctx.store.create_folder(&ctx.here(), &name, options).await
        })
        .await;
    }
}

async fn forbidden_names_are_refused_for_move(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let (file, folder) = (ctx.put("a.txt", "x").await, ctx.folder("sub").await);
    for item in [&file, &folder] {
        refused(&ctx, async |name| ctx.store.move_item(&ItemRef::from(item), &Destination::name(name)).await).await;
    }
    refused(&ctx, async |name| {
        ctx.store.move_item(&ItemRef::from(&file), &Destination::folder(&folder).with_name(name)).await
    })
    .await;
}

async fn forbidden_names_are_refused_for_copy(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let (file, folder) = (ctx.put("a.txt", "x").await, ctx.folder("sub").await);
    refused(&ctx, async |name| ctx.store.copy_item(&ItemRef::from(&file), &Destination::name(name)).await).await;
    refused(&ctx, async |name| {
        ctx.store.copy_item(&ItemRef::from(&folder), &Destination::folder(&folder).with_name(name)).await
    })
    .await;
}

/// Names of the words by which services without codes say why they refuse.
const TELLING: &[&str] = &[
    "Invalid tokens",
    "upload token",
    "Your session has expired",
    "Sales quota",
    "is locked by checked out",
    "already exists not found",
    "invalid change token cursor",
    "access denied no permission",
    "Unrecognized Upload ID",
    "unauthorized 401 503",
];

async fn words_in_names_say_nothing(ctx: Ctx) {
    let ctx = ctx.alone().await;
    // What a store finds out once, it finds out here.
    refusals_about(&ctx, "first of all").await;
    let (kinds, writes) = refusals_about(&ctx, "some plain name").await;
    let about_items = [ErrorKind::NotFound, ErrorKind::AlreadyExists];
    assert!(kinds.iter().all(|kind| about_items.contains(kind)), "{kinds:?}");
    for name in TELLING.iter().filter(|name| ctx.store.capabilities().names.check(name).is_ok()) {
        assert_eq!(refusals_about(&ctx, name).await, (kinds.clone(), writes), "{name}");
    }
}

/// Has a folder and a file of this name created, renamed, deleted and refused: the kinds of the errors, and how many requests
/// other than GET it took: repeated writes and renewed sign-ins. A look-up that runs beside a refused write may be dropped.
async fn refusals_about(ctx: &Ctx, name: &str) -> (Vec<ErrorKind>, usize) {
    let before = ctx.emulator.requests().count();
    let (store, file) = (&*ctx.store, format!("{name}.txt"));
    let folder = folder_in(store, ctx.here(), name).await;
    let put = put_into(store, &folder, &file, "x").await;
    let other = put_into(store, &folder, &format!("other {name}.txt"), "y").await;
    let mut errors = Vec::new();
    let again = store.create_folder(&ctx.here(), name, CreateFolderOptions::new()).await;
    errors.push(again.map(drop).unwrap_err());
    let again = store.upload_bytes("z", UploadRequest::new(&folder, &file), TransferOptions::new()).await;
    errors.push(again.map(drop).unwrap_err());
    let taken = store.move_item(&ItemRef::from(&other), &Destination::name(&file)).await;
    errors.push(taken.map(drop).unwrap_err());
    let renamed =
        store.move_item(&ItemRef::from(&put), &Destination::name(format!("{name}, renamed.txt"))).await.unwrap();
    same(&ctx.read(&renamed).await, b"x");
    if ctx.supports(Operation::StatByPath) {
        let gone = ctx.path(&format!("{name}/{file}"));
        errors.push(store.stat(&gone.clone().into()).await.map(drop).unwrap_err());
        assert!(!store.exists(gone).await.unwrap());
    }
    let renamed = ItemRef::from(&renamed);
    store.delete(&renamed, DeleteOptions::new()).await.unwrap();
    errors.push(store.delete(&renamed, DeleteOptions::new()).await.unwrap_err());
    errors.push(store.move_item(&renamed, &Destination::name(&file)).await.map(drop).unwrap_err());
    store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await.unwrap();
    let requests = ctx.emulator.requests().all();
    let writes = requests.iter().filter(|request| request.sequence > before && request.method != "GET").count();
    (errors.iter().map(sharesync::Error::kind).collect(), writes)
}
