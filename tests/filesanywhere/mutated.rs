//! Documented envelopes with mutations: whatever they become, they are read or refused, the same however they are cut.

use proptest::prelude::*;
use proptest::sample::Index;
use sharesync::filesanywhere::fuzzing::read_change_list;

use super::fixtures::{VERSIONS, file, label};
use super::hostile::change_list;

/// What a document may get in some place.
const FRAGMENTS: [&str; 36] = [
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "&amp;",
    "&#13;",
    "&#x1F600;",
    "&#xD800;",
    "&x;",
    "'",
    "\"",
    "=",
    " ",
    "\r",
    "\r\n",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE x>",
    "<a>",
    "</a>",
    "<a xmlns='u'>",
    "<b:a xmlns:b='u'/>",
    " xsi:nil='true'",
    " xmlns=''",
    "ü€😀",
    "\u{feff}",
    "\0",
    "</ChangeFileItem>",
    "<ChangeFileItem>",
    "<soap:Body>",
];

#[derive(Debug, Clone)]
enum Mutation {
    Insert(Index, usize),
    Cut(Index, Index),
    Copy(Index, Index, Index),
    Set(Index, u8),
    Flip(Index, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => (any::<Index>(), 0..FRAGMENTS.len()).prop_map(|(at, fragment)| Mutation::Insert(at, fragment)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Cut(from, to)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(from, to, at)| Mutation::Copy(from, to, at)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        1 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
    ]
}

/// At most so many bytes are cut out or repeated, so that something of the document is left.
const SPAN: usize = 40;

impl Mutation {
    fn apply(&self, document: &mut Vec<u8>) {
        if document.is_empty() {
            return;
        }
        let length = document.len();
        let span = |from: &Index, to: &Index| {
            let from = from.index(length);
            from..(from + to.index(SPAN)).min(length)
        };
        match self {
            Self::Insert(at, fragment) => {
                let at = at.index(length);
                document.splice(at..at, FRAGMENTS[*fragment].bytes());
            }
            Self::Cut(from, to) => {
                document.drain(span(from, to));
            }
            Self::Copy(from, to, at) => {
                let (copy, at) = (document[span(from, to)].to_vec(), at.index(length));
                document.splice(at..at, copy);
            }
            Self::Set(at, byte) => document[at.index(length)] = *byte,
            Self::Flip(at, bit) => document[at.index(length)] ^= 1 << bit,
        }
    }
}

/// The documented answers: a list and a fault, in both versions.
fn documents() -> Vec<Vec<u8>> {
    let lists = VERSIONS.map(change_list);
    let faults = VERSIONS.map(|version| file(&format!("documented/faults/{}.xml", label(version))));
    lists.into_iter().chain(faults).map(String::into_bytes).collect()
}

#[test]
fn the_documents_are_read() {
    let read: Vec<_> = documents().iter().map(|document| read_change_list(document, usize::MAX).unwrap()).collect();
    assert_eq!(read, [(4, false), (4, false), (0, true), (0, true)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mutated_documents_are_read_or_refused(
        which in 0..4_usize,
        mutations in proptest::collection::vec(mutation(), 1..8),
        step in 1..200_usize,
    ) {
        let mut document = documents().swap_remove(which);
        mutations.iter().for_each(|mutation| mutation.apply(&mut document));
        let whole = read_change_list(&document, usize::MAX);
        let cut = read_change_list(&document, step);
        match (whole, cut) {
            // Of several things that are wrong in one place another one may be found first.
            (Err(whole), Err(cut)) => {
                prop_assert!(whole.path == cut.path && whole.path.starts_with('/'), "{} {} {:?}", whole, cut, document);
            }
            (whole, cut) => prop_assert_eq!(whole, cut, "{:?}", String::from_utf8_lossy(&document)),
        }
    }
}
