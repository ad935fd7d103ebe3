//! Parts under way at once, within a window that slides with the lowest part not yet acknowledged.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use crate::Result;
use crate::transfer::PartReceipt;

/// A part being sent: its number and its receipt.
pub(super) type Flight<'a> = BoxFuture<'a, Result<(u64, PartReceipt)>>;

/// The parts under way. They only get on while one of the methods here is awaited; dropping this drops them.
pub(super) struct Flights<'a> {
    running: FuturesUnordered<Flight<'a>>,
    receipts: Vec<PartReceipt>,
    width: u64,
    lowest: u64,
    /// Acknowledged parts above the lowest one that is not.
    beyond: BTreeSet<u64>,
}

impl<'a> Flights<'a> {
    /// At most `width` parts at once, none of them `width` or more beyond the lowest that is not acknowledged.
    pub(super) fn new(width: usize) -> Self {
        Self {
            running: FuturesUnordered::new(),
            receipts: Vec::new(),
            width: width.max(1) as u64,
            lowest: 0,
            beyond: BTreeSet::new(),
        }
    }

    /// Notes a part that need not be sent.
    pub(super) fn acknowledge(&mut self, index: u64) {
        self.beyond.insert(index);
        while self.beyond.remove(&self.lowest) {
            self.lowest += 1;
        }
    }

    /// Begins to send a part.
    pub(super) fn start(&mut self, flight: Flight<'a>) {
        self.running.push(flight);
    }

    /// Waits until this part is inside the window.
    pub(super) async fn admit(&mut self, index: u64) -> Result<()> {
        while index >= self.lowest + self.width {
            if !self.land().await? {
                break;
            }
        }
        Ok(())
    }

    /// Does other work while the parts are being sent.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                landed = self.land(), if !self.running.is_empty() => { landed?; }
            }
        }
    }

    /// Waits for all parts; their receipts in order.
    pub(super) async fn finish(mut self) -> Result<Vec<PartReceipt>> {
        while self.land().await? {}
        self.receipts.sort_by_key(|receipt| receipt.index);
        Ok(self.receipts)
    }

    /// Waits for any one part; false when none is under way.
    async fn land(&mut self) -> Result<bool> {
        let Some(landed) = self.running.next().await else {
            return Ok(false);
        };
        let (index, receipt) = landed?;
        self.receipts.push(receipt);
        self.acknowledge(index);
        Ok(true)
    }
}
