//! Answers as JSON: verbose, with minimal metadata, or without any.

use serde_json::{Map, Value, json};

use super::{Answer, Data, Entity, Expanded, Fields, Flavour};

pub(super) fn write(answer: &Answer, flavour: Flavour) -> String {
    let body = if flavour == Flavour::Verbose { json!({"d": verbose(answer)}) } else { light(answer, flavour) };
    body.to_string()
}

fn verbose(answer: &Answer) -> Value {
    match answer {
        Answer::Entity(entity) => entity_json(entity, Flavour::Verbose),
        Answer::Feed { entities, next } => {
            let results: Value = entities.iter().map(|entity| entity_json(entity, Flavour::Verbose)).collect();
            let mut feed = json!({"results": results});
            if let (Some(members), Some(next)) = (feed.as_object_mut(), next) {
                members.insert("__next".to_owned(), next.as_str().into());
            }
            feed
        }
        Answer::Value(name, data) => json!({(*name): data_json(data, Flavour::Verbose)}),
        Answer::Nothing => json!({}),
    }
}

fn light(answer: &Answer, flavour: Flavour) -> Value {
    match answer {
        Answer::Entity(entity) => entity_json(entity, flavour),
        Answer::Feed { entities, next } => {
            let value: Value = entities.iter().map(|entity| entity_json(entity, flavour)).collect();
            let mut feed = json!({"value": value});
            if let (Some(members), Some(next)) = (feed.as_object_mut(), next) {
                members.insert("odata.nextLink".to_owned(), next.as_str().into());
            }
            feed
        }
        Answer::Value(_, data @ Data::Complex(..)) => data_json(data, flavour),
        Answer::Value(_, data) => json!({"value": data_json(data, flavour)}),
        Answer::Nothing => json!({"odata.null": true}),
    }
}

fn entity_json(entity: &Entity, flavour: Flavour) -> Value {
    let mut object = Map::new();
    match flavour {
        Flavour::Verbose => {
            let mut metadata = json!({"id": entity.uri, "uri": entity.uri, "type": entity.type_name});
            if let (Some(members), Some(etag)) = (metadata.as_object_mut(), &entity.etag) {
                members.insert("etag".to_owned(), etag.as_str().into());
            }
            object.insert("__metadata".to_owned(), metadata);
            let open = entity.links.iter().filter(|link| entity.expanded.iter().all(|(name, _)| name != *link));
            for link in open {
                object.insert((*link).to_owned(), json!({"__deferred": {"uri": format!("{}/{link}", entity.uri)}}));
            }
        }
        Flavour::Minimal => {
            object.insert("odata.type".to_owned(), entity.type_name.into());
            object.insert("odata.id".to_owned(), entity.uri.as_str().into());
            object.insert("odata.editLink".to_owned(), entity.uri.as_str().into());
            if let Some(etag) = &entity.etag {
                object.insert("odata.etag".to_owned(), etag.as_str().into());
            }
        }
        _ => {}
    }
    for (name, expanded) in &entity.expanded {
        let value = match expanded {
            Expanded::One(entity) => entity_json(entity, flavour),
            Expanded::Many(entities) => {
                let all: Value = entities.iter().map(|entity| entity_json(entity, flavour)).collect();
                if flavour == Flavour::Verbose { json!({"results": all}) } else { all }
            }
        };
        object.insert((*name).to_owned(), value);
    }
    insert(&mut object, &entity.fields, flavour);
    Value::Object(object)
}

fn insert(object: &mut Map<String, Value>, fields: &Fields, flavour: Flavour) {
    for (name, data) in fields {
        object.insert((*name).to_owned(), data_json(data, flavour));
    }
}

fn data_json(data: &Data, flavour: Flavour) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(value) => (*value).into(),
        Data::Int32(number) => (*number).into(),
        Data::Int64(number) => number.to_string().into(),
        Data::Text(text) | Data::Guid(text) | Data::Date(text) => text.as_str().into(),
        Data::Complex(type_name, fields) => {
            let mut object = Map::new();
            if flavour == Flavour::Verbose {
                object.insert("__metadata".to_owned(), json!({"type": type_name}));
            }
            insert(&mut object, fields, flavour);
            Value::Object(object)
        }
        Data::List(type_name, values) => {
            let all: Value = values.iter().map(|value| data_json(value, flavour)).collect();
            match flavour {
                Flavour::Verbose => json!({"__metadata": {"type": format!("Collection({type_name})")}, "results": all}),
                _ => all,
            }
        }
    }
}
