//! Single texts of small XML documents, by the local names of their elements.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// The texts of the first elements of these names; `None` when it is no XML. Document types are refused.
pub(super) fn texts<const N: usize>(document: &[u8], names: [&str; N]) -> Option<[Option<String>; N]> {
    let document = std::str::from_utf8(document).ok()?.trim_start_matches('\u{feff}');
    let mut found = [const { None::<String> }; N];
    let mut reading: Option<usize> = None;
    let mut reader = Reader::from_str(document);
    loop {
        let mut add = |text: &str| {
            let slot = reading.and_then(|index| found.get_mut(index));
            if let Some(slot) = slot {
                slot.get_or_insert_default().push_str(text);
            }
        };
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                let index = names.iter().position(|name| tag.local_name().into_inner() == *name);
                reading = index.filter(|&index| found.get(index).is_some_and(Option::is_none));
            }
            Event::Text(text) => add(&text.xml10_content()),
            Event::CData(text) => add(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(character) => add(character.encode_utf8(&mut [0; 4])),
                None => add(resolve_predefined_entity(&reference)?),
            },
            Event::End(_) => reading = None,
            Event::DocType(_) => return None,
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn texts_are_found_by_local_names() {
        let document =
            br#"<?xml version="1.0"?><d:a xmlns:d="x"><d:b>1 &lt; &#50;<![CDATA[ & ]]></d:b><b>later</b><c/></d:a>"#;
        let [b, c, d] = texts(document, ["b", "c", "d"]).unwrap();
        assert_eq!((b.as_deref(), c, d), (Some("1 < 2 & "), None, None));
        assert_eq!(texts(b"<!DOCTYPE html><html><b>x</b></html>", ["b"]), None);
        assert_eq!(texts(b"<a>&unknown;</a>", ["a"]), None);
        assert_eq!(texts(b"{}", ["a"]), Some([None]));
    }
}
