//! Comparing what was sent with what the service says it has.

use super::Integrity;
use crate::{Digest, Error, ErrorKind, Item, Result};

/// Compares size and digest of the finished item with those of what was sent.
pub(super) fn verify(item: &Item, size: u64, sent: &[Digest], content_stable: bool) -> Result<Integrity> {
    let pair = sent.iter().find_map(|sent| item.digest(sent.algorithm()).map(|held| (sent, held)));
    let complaint = match (item.size, pair) {
        (Some(held), _) if held != size => format!("{size} bytes were sent and it has {held}"),
        (_, Some((sent, held))) if held != sent => format!("{sent} was sent and it has {held}"),
        (_, Some((sent, _))) => return Ok(Integrity::Verified(sent.clone())),
        (_, None) => return Ok(Integrity::Unverifiable),
    };
    if !content_stable {
        return Ok(Integrity::ServerRewrote);
    }
    let message = format!("the item {} exists, but is not what was sent: {complaint}", item.id);
    Err(Error::new(ErrorKind::Integrity, message).with_maybe_applied(true))
}
