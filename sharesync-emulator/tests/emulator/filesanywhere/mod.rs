//! The FilesAnywhere face.

mod account;
mod changes;
mod downloads;
mod envelopes;
mod items;
mod sharing;
pub(crate) mod soap;
mod uploads;
mod wsdl;
