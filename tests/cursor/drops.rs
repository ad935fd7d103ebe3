//! Following the emulator over a socket that breaks all the time, and over one that speaks nonsense: no change is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt as _;
use sharesync::cursor::{Client, CursorStore, LiveOptions, StoreOptions};
use sharesync::http::TokenSet;
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    Change, ChangeOptions, DeleteOptions, Destination, Item, ItemId, ItemRef, RemoteStore, RemoteStoreExt as _, Since,
    WatchOptions,
};
use sharesync_emulator::Emulator;
use tokio::sync::oneshot;

use super::stage::builder;

const CHANGES: usize = 1000;
const DROPS: usize = 100;
const BASE: Duration = Duration::from_millis(2);

/// Never looks by itself: what is seen is seen because of the socket.
fn pushed_alone() -> WatchOptions {
    WatchOptions::new().with_poll_interval(Duration::from_secs(3600)).with_push_interval(Duration::from_secs(3600))
}

/// A client that renews its tokens.
async fn connect(emulator: &Emulator) -> Client {
    let account = emulator.cursor();
    let tokens = TokenSet::new(account.access_token()).with_refresh(Some(account.refresh_token().into()));
    builder(account.endpoint().to_owned()).tokens(tokens).connect().await.unwrap()
}

/// The store of one that does not need to.
async fn writer(emulator: &Emulator) -> CursorStore {
    let account = emulator.cursor();
    let builder = builder(account.endpoint().to_owned()).access_token(account.service_token());
    builder.connect().await.unwrap().store(account.share_id())
}

async fn watcher(emulator: &Emulator) -> CursorStore {
    let live = LiveOptions::new().with_backoff(BASE, Duration::from_millis(50));
    let options = StoreOptions::new(emulator.cursor().share_id()).with_device("watcher").with_live(live);
    connect(emulator).await.store_with(options)
}

/// The name under which an item was seen, or that it is gone.
type Seen = BTreeMap<ItemId, Vec<Option<String>>>;

/// Follows the store until it sees the file `end`.
async fn follow(store: CursorStore, ready: oneshot::Sender<()>) -> Seen {
    let mut ready = Some(ready);
    let mut seen = Seen::new();
    let mut pages = store.follow(Since::Now, ChangeOptions::new(), pushed_alone());
    while let Some(page) = pages.next().await {
        let Ok(page) = page else { continue };
        if let Some(ready) = ready.take() {
            let _ = ready.send(());
        }
        for change in page.changes {
            match change {
                Change::Upsert(item) if item.name == "end" => return seen,
                Change::Upsert(item) => seen.entry(item.id).or_default().push(Some(item.name)),
                Change::Remove(id) => seen.entry(id).or_default().push(None),
                other => panic!("{other:?} is not due"),
            }
        }
    }
    panic!("the stream ended")
}

async fn put(store: &CursorStore, name: &str) -> Item {
    let request = UploadRequest::new(ItemRef::Root, name);
    store.upload_bytes(name.to_owned(), request, TransferOptions::new()).await.unwrap().item
}

/// Creates, renames and deletes; what became of each item, in order.
async fn change(store: &CursorStore, number: usize, alive: &mut Vec<Item>, made: &mut Seen, dice: &mut fastrand::Rng) {
    let name = format!("{number}.txt");
    match dice.u32(..10) {
        0..4 if alive.len() > 3 => {
            let slot = dice.usize(..alive.len());
            let item = ItemRef::from(&alive[slot]);
            alive[slot] = store.move_item(&item, &Destination::name(&name)).await.unwrap();
            made.get_mut(&alive[slot].id).unwrap().push(Some(name));
        }
        4 | 5 if alive.len() > 3 => {
            let item = alive.swap_remove(dice.usize(..alive.len()));
            store.delete(&ItemRef::from(&item), DeleteOptions::new()).await.unwrap();
            made.get_mut(&item.id).unwrap().push(None);
        }
        _ => {
            let item = put(store, &name).await;
            made.insert(item.id.clone(), vec![Some(name)]);
            alive.push(item);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_drops_lose_none_of_a_thousand_changes() {
    let emulator = Emulator::start().await.unwrap();
    let writer = writer(&emulator).await;
    let (ready, is_ready) = oneshot::channel();
    let watcher = watcher(&emulator).await;
    let following = tokio::spawn(follow(watcher, ready));
    is_ready.await.unwrap();
    let mut dice = fastrand::Rng::with_seed(7);
    let mut numbers: Vec<_> = (0..CHANGES).collect();
    dice.shuffle(&mut numbers);
    let drops: BTreeSet<_> = numbers.into_iter().take(DROPS).collect();
    let (mut alive, mut made) = (Vec::new(), Seen::new());
    let begun = std::time::Instant::now();
    for number in 0..CHANGES {
        if drops.contains(&number) {
            emulator.cursor_sockets().drop_all();
        }
        change(&writer, number, &mut alive, &mut made, &mut dice).await;
    }
    put(&writer, "end").await;
    let seen = tokio::time::timeout(Duration::from_secs(60), following).await.unwrap().unwrap();

    assert_eq!(made.values().map(Vec::len).sum::<usize>(), CHANGES);
    for (id, steps) in &made {
        let events = seen.get(id).unwrap_or_else(|| panic!("{steps:?} was not seen"));
        assert!(events.len() >= steps.len(), "{steps:?}: each change is an event, and it was {events:?}");
        assert_eq!(events.last(), steps.last(), "{steps:?} was seen as {events:?}");
        // An event shows the item as it is when it is read: a step may be skipped, but none is seen after a later one.
        let places = events.iter().map(|event| steps.iter().position(|step| step == event).expect("a step"));
        assert!(places.is_sorted(), "{steps:?} was seen as {events:?}");
    }
    assert!(seen.keys().all(|id| made.contains_key(id)));
    let opened = emulator.cursor_sockets().opened();
    println!("{DROPS} drops, {CHANGES} changes: {opened} connections in {:?}", begun.elapsed());
    assert!(opened > 10, "the socket was opened again: {opened}");
    assert!(opened <= DROPS as u64 + 1, "no more than one for each drop: {opened}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_on_the_socket_hides_no_change() {
    let emulator = Emulator::start().await.unwrap();
    let writer = writer(&emulator).await;
    let (ready, is_ready) = oneshot::channel();
    let following = tokio::spawn(follow(watcher(&emulator).await, ready));
    is_ready.await.unwrap();
    let sockets = emulator.cursor_sockets();
    let mut hundred_mebibytes = vec![0x81, 127];
    hundred_mebibytes.extend_from_slice(&(100_u64 << 20).to_be_bytes());
    let nonsense: [&dyn Fn(); 7] = [
        &|| sockets.push_text("no JSON"),
        &|| sockets.push_text(r#"{"type":"party"}"#),
        &|| sockets.push_text(r#"{"event_type":"change","share_id":"shr_unknown","data":{}}"#),
        &|| sockets.push_binary(vec![0xff, 0xfe]),
        &|| sockets.push_bytes(vec![0xff; 64]),
        &|| sockets.push_bytes(hundred_mebibytes.clone()),
        &|| sockets.close(4401, "token expired"),
    ];
    let mut made = BTreeSet::new();
    for (number, nonsense) in nonsense.iter().enumerate() {
        nonsense();
        made.insert(put(&writer, &format!("{number}.txt")).await.id);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    put(&writer, "end").await;
    let seen = tokio::time::timeout(Duration::from_secs(60), following).await.unwrap().unwrap();
    assert_eq!(seen.into_keys().collect::<BTreeSet<_>>(), made);
}
