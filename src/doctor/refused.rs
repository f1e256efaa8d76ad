//! Finds what Consul refuses of a definition: fields, types, times and values, as its decoder and its own checks of them do. Must never know
//! an election.

use serde_json::{Map, Value};

use super::field_fault::{BadValue, KindFault, Meant, Place};
use super::fields::{self, Field, Kind, TOP, Table};
use super::finding::Finding;
use crate::bounds;
use crate::duration;
use crate::text::capped;

/// The most entries of a service's Meta, and the most characters of a key and of a value.
const META: (usize, usize, usize) = (64, 128, 512);

/// The highest weight.
const HEAVIEST: i64 = 65_535;

/// The fields that say what a check does, without those of an alias and a TTL.
const DOES: &[&str] = &["args", "http", "tcp", "udp", "grpc", "h2ping", "os_service"];

/// Everything that Consul refuses of a file with this content.
pub fn judge(content: &Value, file: &str, is_json: bool) -> Vec<Finding> {
    let mut judge = Judge { file, is_json, found: Vec::new() };
    let Value::Object(all) = content else {
        judge.wrong_type("", Kind::Open, content);
        return judge.found;
    };
    for (name, value) in all {
        match fields::find(TOP, name) {
            Some(field) => judge.value(value, field.kind, name),
            // Everything else is a setting of the agent, unless it is misspelt.
            None if value.is_object() || value.is_array() => {
                if let Some(meant) = fields::meant(TOP, name) {
                    judge.unknown(name, Meant::Field(meant));
                }
            }
            None => {}
        }
    }
    judge.found
}

struct Judge<'a> {
    file: &'a str,
    is_json: bool,
    found: Vec<Finding>,
}

/// A value, where Consul takes a list of one for its element.
fn single(value: &Value) -> &Value {
    match value {
        Value::Array(list) if list.is_empty() => &Value::Null,
        Value::Array(list) if list.len() == 1 => single(&list[0]),
        value => value,
    }
}

/// A field of a block, by the names that Consul takes for it.
fn of<'a>(block: &'a Map<String, Value>, table: Table, name: &str) -> &'a Value {
    let is_it = |key: &str| fields::find(table.fields(), key).is_some_and(|field| field.name == name);
    block.iter().find(|(key, _)| is_it(key)).map_or(&Value::Null, |(_, value)| value)
}

fn text<'a>(block: &'a Map<String, Value>, table: Table, name: &str) -> &'a str {
    single(of(block, table, name)).as_str().unwrap_or_default()
}

/// A number; Consul drops a fraction.
fn number(block: &Map<String, Value>, table: Table, name: &str) -> Option<i64> {
    let value = single(of(block, table, name));
    #[allow(clippy::cast_possible_truncation, reason = "only its size matters, and the cast saturates")]
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

impl Judge<'_> {
    fn place(&self, path: &str) -> Place {
        Place { file: self.file.to_owned(), path: capped(path, bounds::QUOTE) }
    }

    fn wrong_type(&mut self, path: &str, wanted: Kind, value: &Value) {
        let (place, several) = (self.place(path), matches!(wanted, Kind::Block(_)) && value.is_array());
        self.found.push(Finding::WrongType { place, wanted, several });
    }

    fn bad_value(&mut self, path: &str, why: BadValue) {
        let place = self.place(path);
        self.found.push(Finding::BadValue { place, why });
    }

    fn unknown(&mut self, path: &str, meant: Meant) {
        let place = self.place(path);
        self.found.push(Finding::UnknownField { place, meant });
    }

    fn value(&mut self, value: &Value, kind: Kind, path: &str) {
        let one = single(value);
        match (kind, one) {
            (Kind::Blocks(table), _) => self.blocks(value, table, path),
            (_, Value::Null)
            | (Kind::Text, Value::String(_))
            | (Kind::Number, Value::Number(_))
            | (Kind::Truth, Value::Bool(_))
            | (Kind::Open, Value::Object(_)) => {}
            (Kind::Open, Value::Array(list)) if list.iter().all(Value::is_object) => {}
            (Kind::Time, Value::String(text)) => self.time(text, path),
            (Kind::Texts, _) => self.texts(value, path),
            (Kind::TextMap, Value::Object(map)) => self.each(map, Kind::Text, path),
            (Kind::ListMap, Value::Object(map)) => self.each(map, Kind::Texts, path),
            (Kind::BlockMap(table), Value::Object(map)) => self.each(map, Kind::Block(table), path),
            (Kind::Block(table), Value::Object(block)) => self.block(block, table, path),
            (kind, _) => self.wrong_type(path, kind, one),
        }
    }

    fn each(&mut self, map: &Map<String, Value>, kind: Kind, path: &str) {
        for (name, value) in map {
            self.value(value, kind, &format!("{path}.{name}"));
        }
    }

    fn texts(&mut self, value: &Value, path: &str) {
        let Value::Array(list) = value else { return self.wrong_type(path, Kind::Texts, value) };
        for (at, value) in list.iter().enumerate() {
            self.value(value, Kind::Text, &format!("{path}[{at}]"));
        }
    }

    /// A list of blocks. HCL takes one block for a list.
    fn blocks(&mut self, value: &Value, table: Table, path: &str) {
        let list = match value {
            Value::Null => return,
            Value::Array(list) => list.iter().collect(),
            block if block.is_object() && !self.is_json => vec![block],
            _ => return self.wrong_type(path, Kind::Blocks(table), value),
        };
        let empty = Value::Object(Map::new());
        for (at, one) in list.into_iter().enumerate() {
            // Nothing counts as an element without fields.
            let one = if one.is_null() { &empty } else { one };
            self.value(one, Kind::Block(table), &format!("{path}[{at}]"));
        }
    }

    fn time(&mut self, text: &str, path: &str) {
        if signed(text).is_none() {
            let place = self.place(path);
            self.found.push(Finding::BadTime { place, text: capped(text, bounds::QUOTE) });
        }
    }

    fn block(&mut self, block: &Map<String, Value>, table: Table, path: &str) {
        let before = self.found.len();
        let mut seen: Vec<&'static str> = Vec::new();
        for (name, value) in block {
            let path = format!("{path}.{name}");
            match fields::find(table.fields(), name) {
                // Consul knows one of two spellings.
                Some(Field { name, .. }) if seen.contains(name) => self.unknown(&path, Meant::Given(name)),
                Some(field) => {
                    seen.push(field.name);
                    self.value(value, field.kind, &path);
                }
                None if table == Table::Check && name.eq_ignore_ascii_case("script") => {
                    let place = self.place(&path);
                    self.found.push(Finding::ScriptField { place });
                }
                None => self.unknown(&path, meant(table, name, value)),
            }
        }
        let is_decoded = self.found.len() == before;
        match table {
            Table::Service => self.service(block, path),
            // What a check does is not known where its fields are wrong.
            Table::Check if is_decoded => self.check(block, path),
            _ => {}
        }
    }

    fn service(&mut self, service: &Map<String, Value>, path: &str) {
        const OF: Table = Table::Service;
        let is_sidecar = path.ends_with("sidecar_service");
        if single(of(service, OF, "name")).as_str().is_none_or(str::is_empty) && !is_sidecar {
            let place = self.place(path);
            // A label or a wrong type is a finding already.
            let has_one = |finding: &Finding| match finding {
                Finding::UnknownField { place, meant: Meant::Label } => place.path.starts_with(path),
                Finding::WrongType { place, .. } => place.path == format!("{path}.name"),
                _ => false,
            };
            if !self.found.iter().any(has_one) {
                self.found.push(Finding::NoName { place });
            }
        }
        if let Value::Object(meta) = single(of(service, OF, "meta")) {
            self.meta(meta, &format!("{path}.meta"));
        }
        if let Value::Object(weights) = single(of(service, OF, "weights")) {
            let weight = |name| number(weights, Table::Weights, name);
            let is_wrong = weight("passing").is_some_and(|weight| !(1..=HEAVIEST).contains(&weight))
                || weight("warning").is_some_and(|weight| !(0..=HEAVIEST).contains(&weight));
            if is_wrong {
                self.bad_value(&format!("{path}.weights"), BadValue::Weights);
            }
        }
    }

    fn meta(&mut self, meta: &Map<String, Value>, path: &str) {
        let (most, longest_key, longest_value) = META;
        if meta.len() > most {
            self.bad_value(path, BadValue::ManyMeta(most));
        }
        for (key, value) in meta {
            let value = single(value).as_str().unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let path = format!("{path}.{key}");
            if key.is_empty() || key.len() > longest_key || !key.chars().all(is_plain) {
                self.bad_value(&path, BadValue::MetaKey(longest_key));
            } else if key.starts_with("consul-") {
                self.bad_value(&path, BadValue::ReservedMeta);
            } else if value.len() > longest_value {
                self.bad_value(&path, BadValue::LongMeta(longest_value));
            }
        }
    }

    fn check(&mut self, check: &Map<String, Value>, path: &str) {
        const OF: Table = Table::Check;
        let is_given = |name: &&&str| match single(of(check, OF, name)) {
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => false,
        };
        let is_long =
            |name| signed(text(check, OF, name)).is_some_and(|(is_negative, time)| !is_negative && !time.is_zero());
        let does: Vec<&'static str> = DOES.iter().filter(is_given).copied().collect();
        let is_alias = ["alias_node", "alias_service"].iter().any(|name| is_given(&name));
        let (repeats, has_ttl) = (is_long("interval"), is_long("ttl"));
        let fault = match does.first() {
            _ if repeats && has_ttl => Some(KindFault::IntervalAndTtl),
            Some(does) if is_alias => Some(KindFault::AliasAnd(does)),
            Some(does) if !repeats => Some(KindFault::NoInterval(does)),
            None if is_alias && has_ttl => Some(KindFault::AliasAnd("ttl")),
            None if !is_alias && !has_ttl => Some(KindFault::Nothing),
            _ => None,
        };
        if let Some(fault) = fault {
            let place = self.place(path);
            self.found.push(Finding::CheckKind { place, fault });
        }
        // Only a check of its own needs a name: others have that of their service.
        let is_apart = !path.contains('.');
        if is_apart && text(check, OF, "id").is_empty() && text(check, OF, "name").is_empty() {
            let place = self.place(path);
            self.found.push(Finding::NoName { place });
        }
        if number(check, OF, "output_max_size").is_some_and(|size| size < 0) {
            self.bad_value(&format!("{path}.output_max_size"), BadValue::Negative);
        }
        let failures = |name| number(check, OF, name);
        let until_critical = failures("failures_before_critical").unwrap_or_default();
        if failures("failures_before_warning").is_some_and(|until| until > until_critical) {
            self.bad_value(&format!("{path}.failures_before_warning"), BadValue::WarningAfterCritical);
        }
    }
}

/// What an unknown field of a block was meant to be.
fn meant(table: Table, name: &str, value: &Value) -> Meant {
    match fields::meant(table.fields(), name) {
        Some(field) => Meant::Field(field),
        None if single(value).is_object() && matches!(table, Table::Service | Table::Check) => Meant::Label,
        None => Meant::Nothing,
    }
}

/// A duration with a sign, as Go reads it, and whether that is a minus.
fn signed(text: &str) -> Option<(bool, std::time::Duration)> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    duration::parse(bare).map(|time| (text.starts_with('-'), time))
}

#[cfg(test)]
mod tests;
