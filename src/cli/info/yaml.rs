//! YAML in block style, made from JSON: each scalar is written as JSON writes it, which YAML 1.2 reads as the same value.

use serde_json::Value;

use crate::info::Info;

/// One document.
pub fn document(info: &Info) -> String {
    let mut text = "---\n".to_owned();
    add(&mut text, &serde_json::to_value(info).unwrap_or_default(), 0);
    text
}

/// Adds a mapping or a list, whose lines begin with this many spaces.
fn add(text: &mut String, value: &Value, indent: usize) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                text.extend([margin.as_str(), name, ":"]);
                below(text, value, indent + 2);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut lines = String::new();
                below(&mut lines, item, indent + 2);
                // An item's first line begins with the dash, in place of the line break and the indent.
                text.extend([margin.as_str(), "- ", lines.trim_start()]);
            }
        }
        scalar => text.extend([margin.as_str(), &scalar.to_string(), "\n"]),
    }
}

/// Adds a value below its name or dash: a scalar on the same line.
fn below(text: &mut String, value: &Value, indent: usize) {
    let is_block = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        text.push('\n');
        add(text, value, indent);
    } else {
        text.extend([" ", &value.to_string(), "\n"]);
    }
}
