//! The operations that are served: those of which the documents know request and response. Three are known in part: of
//! `GetAllItemsForSync` and `SyncUploadResume` the help pages show the beginning of the answer, and that beginning is served; the
//! names of the activities in `ListLogActivities` are known in part, so they are strings here. Of `SyncLocalItem` and
//! `ProcessHeaderChange` no answer is known: they are not served.

mod account;
mod items;
mod links;
mod sync;
mod transfer;

pub(super) use items::SIZE_UNITS;

use super::schema::{Field, Operation, Service, many, object, text};

const SYNC: &[Service] = &[Service::Sync];
const FILES: &[Service] = &[Service::Files];
const BOTH: &[Service] = &[Service::Sync, Service::Files];

/// The first element of nearly every answer.
const ERROR: Field = text("ErrorMessage");
const TOKEN: Field = text("Token");
/// `Type` and `Path` of an item.
const ITEM: &[Field] = &[many("Item", &[text("Type"), text("Path")])];

const fn items(name: &'static str) -> Field {
    object(name, ITEM)
}

/// All operations of a service, in no certain order.
pub(super) fn of(service: Service) -> impl Iterator<Item = &'static Operation> {
    let all = [sync::ALL, items::ALL, transfer::ALL, links::ALL, account::ALL];
    all.into_iter().flatten().filter(move |operation| operation.services.contains(&service))
}

/// An operation by its name, which is case-sensitive.
pub(super) fn find(service: Service, name: &str) -> Option<&'static Operation> {
    of(service).find(|operation| operation.name == name)
}
