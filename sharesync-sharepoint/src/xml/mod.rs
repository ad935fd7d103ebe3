//! Reading XML: a document on its way, or a small one as a whole.
//!
//! Elements are known by their local names, because the Web3S dialect has no namespaces and OData puts them under prefixes of
//! its own choice. How long a document may be is the business of whoever opens it.

mod names;
mod tree;

pub(crate) use names::{ByName, Names, read_stream};
pub(crate) use tree::{Builder, Element};

use sharesync_core::xml::Limits;

/// Folders nest within answers of the sync service as they do within libraries.
const LIMITS: Limits = Limits { depth: 1200, ..Limits::USUAL };
/// Bytes of memory that what is kept of a document may take.
const MOST_MEMORY: usize = 24 << 20;
