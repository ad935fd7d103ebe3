//! The values of an answer, and how they are written by the table of its operation: in the table's order, value types always,
//! strings only when there are any.

use super::schema::{Field, Kind, Occurs, Operation};
use super::soap::{API, escape_into};

/// The values of an answer, or of an object in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Object(Record),
    Many(Vec<Record>),
    /// Stands for so many entries that are made while the answer is sent.
    Hole(u64),
}

impl Record {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }

    /// A string, number or date, as it is written.
    pub(super) fn set(self, name: &'static str, text: impl ToString) -> Self {
        self.with(name, Value::Text(text.to_string()))
    }

    pub(super) fn set_some(self, name: &'static str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.set(name, text),
            None => self,
        }
    }

    /// An object with one list in it, as nearly all lists are.
    pub(super) fn list(self, name: &'static str, item: &'static str, items: Vec<Self>) -> Self {
        self.with(name, Value::Object(Self::new().with(item, Value::Many(items))))
    }

    /// As [`Record::list`], but the entries are not there yet: [`Written`] says where they belong.
    pub(super) fn list_to_come(self, name: &'static str, item: &'static str, entries: u64) -> Self {
        self.with(name, Value::Object(Self::new().with(item, Value::Hole(entries))))
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// An answer as XML.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Where the entries belong that are still to be made, and how many they are.
    pub(super) hole: Option<(usize, u64)>,
}

/// The element of an answer.
pub(super) fn write(operation: &Operation, record: &Record) -> Written {
    let mut out = Written::default();
    let (name, result) = (operation.name, operation.result);
    out.text.push_str(&format!("<{name}Response xmlns=\"{API}\">"));
    out.element(result, |out| out.fields(operation.response, record));
    out.text.push_str(&format!("</{name}Response>"));
    out
}

impl Written {
    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        let open = self.text.len();
        self.text.push('>');
        content(self);
        if self.text.len() == open + 1 && self.hole.is_none_or(|(hole, _)| hole != open + 1) {
            self.text.truncate(open);
            self.text.push_str(" />");
        } else {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
    }

    pub(super) fn fields(&mut self, fields: &[Field], record: &Record) {
        debug_assert!(
            record.values.iter().all(|(name, _)| fields.iter().any(|field| field.name == *name)),
            "{record:?}"
        );
        for field in fields {
            self.field(field, record.get(field.name));
        }
    }

    fn field(&mut self, field: &Field, value: Option<&Value>) {
        match (value, &field.kind) {
            (Some(Value::Text(text)), _) => self.element(field.name, |out| escape_into(&mut out.text, text)),
            (Some(Value::Object(object)), Kind::Object(fields)) => {
                self.element(field.name, |out| out.fields(fields, object));
            }
            (Some(Value::Many(all)), Kind::Object(fields)) => {
                all.iter().for_each(|object| self.element(field.name, |out| out.fields(fields, object)));
            }
            (Some(Value::Hole(entries)), _) => self.hole = Some((self.text.len(), *entries)),
            _ => self.absent(field),
        }
    }

    fn absent(&mut self, field: &Field) {
        let zero = match field.kind {
            _ if field.occurs == Occurs::Nillable => {
                self.text.push_str(&format!("<{} xsi:nil=\"true\" />", field.name));
                return;
            }
            _ if field.occurs != Occurs::Once => return,
            Kind::Bool => "false",
            Kind::Date => "0001-01-01T00:00:00",
            Kind::OneOf(names) => names.first().copied().unwrap_or_default(),
            _ => "0",
        };
        self.text.push_str(&format!("<{0}>{zero}</{0}>", field.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filesanywhere::operations;
    use crate::filesanywhere::schema::Service;

    fn operation(name: &str) -> &'static Operation {
        operations::find(Service::Files, name).expect("an operation")
    }

    #[test]
    fn what_is_missing_is_written_as_dotnet_writes_it() {
        let written = write(operation("ChunkUpload"), &Record::new().set("ErrorMessage", ""));
        assert_eq!(
            written.text,
            "<ChunkUploadResponse xmlns=\"http://api.filesanywhere.com/\"><ChunkUploadResult><ErrorMessage />\
             <ChunkAppended>false</ChunkAppended><LastWriteTimeUtc xsi:nil=\"true\" /><CreationTimeUtc xsi:nil=\"true\" />\
             </ChunkUploadResult></ChunkUploadResponse>"
        );
    }

    #[test]
    fn lists_and_texts_are_written_in_the_order_of_the_table() {
        let item = Record::new().set("Name", "a & <b>\r\u{1}").set("Type", "file");
        let record = Record::new().list("Items", "Item", vec![item]).set("PageNum", 1);
        assert_eq!(
            write(operation("ListItems2"), &record).text,
            "<ListItems2Response xmlns=\"http://api.filesanywhere.com/\"><ListItemsResult><Items><Item><Type>file</Type>\
             <Name>a &amp; &lt;b&gt;&#xD;&#x1;</Name></Item></Items><PageNum>1</PageNum><PageCount>0</PageCount>\
             <ClipboardIsEmpty>false</ClipboardIsEmpty></ListItemsResult></ListItems2Response>"
        );
        let empty = write(operation("ListItems2"), &Record::new().list("Items", "Item", Vec::new()));
        assert!(empty.text.contains("<ListItemsResult><Items /><PageNum>0</PageNum>"), "{}", empty.text);
    }

    #[test]
    fn entries_to_come_leave_a_hole() {
        let change_list = operations::find(Service::Sync, "ChangeList").expect("an operation");
        let written = write(change_list, &Record::new().list_to_come("ChangedFileList", "ChangeFileItem", 7));
        let (hole, entries) = written.hole.expect("a hole");
        let (before, after) = written.text.split_at(hole);
        assert_eq!(entries, 7);
        assert!(before.ends_with("<ChangedFileList>") && after.starts_with("</ChangedFileList>"), "{}", written.text);
    }
}
