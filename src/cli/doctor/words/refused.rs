//! The words for what Consul refuses of a file. Judges nothing.

use super::{Words, words};
use crate::doctor::Finding;
use crate::doctor::field_fault::{BadValue, KindFault, Meant, Place};
use crate::doctor::fields::Kind;

pub fn of_refused(finding: &Finding) -> Words {
    match finding {
        Finding::BadSyntax { file, what } => words(format!("{file} is not JSON: {what}"), "correct it there"),
        Finding::Unreadable { what } => words(
            what.clone(),
            "correct or replace the file; Consul may accept HCL that this program cannot read: write each field on its own line, \
             without a comma or semicolon behind it",
        ),
        Finding::UnknownField { place, meant } => words(
            format!("{}: Consul knows no such field", at(place)),
            match meant {
                Meant::Field(field) => format!("write {field} instead"),
                Meant::Given(field) => format!("remove it: {field} is given as well"),
                Meant::Label => format!("a block has no label: write name = \"{}\" inside it", last(place)),
                Meant::Nothing => "remove it, or correct its name".to_owned(),
            },
        ),
        Finding::ScriptField { place } => words(
            format!("{}: Consul refuses the field script", at(place)),
            "write args = [\"/bin/sh\", \"-c\", \"...\"]",
        ),
        Finding::WrongType { place, several: true, .. } => {
            let name = last(place);
            words(
                format!("{}: this is given several times", at(place)),
                format!("write {name}s = [{{ ... }}, {{ ... }}]"),
            )
        }
        Finding::WrongType { place, wanted, .. } => of_type(place, *wanted),
        Finding::BadTime { place, text } => words(
            format!("{}: '{text}' is no duration", at(place)),
            "write a number with a unit: ms, s, m or h, as in \"10s\"",
        ),
        Finding::BadValue { place, why } => of_value(place, *why),
        Finding::NoName { place } => words(format!("{}: there is no name", at(place)), "write name = \"...\" there"),
        Finding::CheckKind { place, fault } => of_kind(place, *fault),
        _ => None,
    }
}

fn at(place: &Place) -> String {
    match place.path.as_str() {
        "" => place.file.clone(),
        path => format!("{}: {path}", place.file),
    }
}

fn last(place: &Place) -> &str {
    place.path.rsplit('.').next().unwrap_or_default()
}

fn of_type(place: &Place, wanted: Kind) -> Words {
    let (what, advice) = match wanted {
        Kind::Text => ("a string", "write it in quotes"),
        Kind::Time => ("a duration in quotes", "write it as in \"10s\""),
        Kind::Number => ("a number", "write it without quotes"),
        Kind::Truth => ("true or false", "write one of these without quotes"),
        Kind::Texts => ("a list of strings", "write it as in [\"a\", \"b\"]"),
        Kind::TextMap => ("a block of strings", "write it as in { key = \"value\" }"),
        Kind::ListMap => ("a block of lists of strings", "write it as in { key = [\"value\"] }"),
        _ if place.path.is_empty() => ("an object with services or checks", "write { \"service\": { ... } }"),
        Kind::Block(_) | Kind::BlockMap(_) | Kind::Open => ("a block", "write its fields in braces"),
        Kind::Blocks(_) => ("a list of blocks", "write it as in [{ ... }, { ... }]"),
    };
    words(format!("{}: this is not {what}", at(place)), advice)
}

fn of_value(place: &Place, why: BadValue) -> Words {
    let at = at(place);
    match why {
        BadValue::Weights => {
            words(format!("{at}: Consul refuses these weights"), "write passing from 1, and warning from 0, to 65535")
        }
        BadValue::ManyMeta(most) => {
            words(format!("{at}: there are more than {most} entries"), "remove some: this program adds some, too")
        }
        BadValue::MetaKey(most) => {
            words(format!("{at}: Consul refuses this key"), format!("write up to {most} letters, digits, - and _"))
        }
        BadValue::ReservedMeta => {
            words(format!("{at}: keys that begin with consul- are Consul's own"), "write another key")
        }
        BadValue::LongMeta(most) => {
            words(format!("{at}: the value is longer than {most} bytes"), "write a shorter one")
        }
        BadValue::Negative => words(format!("{at}: the number is negative"), "write one from 0, or remove it"),
        BadValue::WarningAfterCritical => {
            words(format!("{at}: it is higher than failures_before_critical"), "write a lower number, or remove it")
        }
    }
}

fn of_kind(place: &Place, fault: KindFault) -> Words {
    let at = at(place);
    match fault {
        KindFault::Nothing => words(
            format!("{at}: nothing says what the check does"),
            "write args and interval, another kind of check, or a ttl above 0s",
        ),
        KindFault::NoInterval(does) => {
            words(format!("{at}: the check has {does} and no interval above 0s"), "write interval = \"1s\"")
        }
        KindFault::IntervalAndTtl => {
            words(format!("{at}: the check has an interval and a ttl"), "remove the ttl, if Consul shall run the check")
        }
        KindFault::AliasAnd(does) => {
            words(format!("{at}: the check stands for another one, and has {does}"), "remove one of the two")
        }
    }
}
