//! `examples/redis/`: the files as shipped, with real redis servers and the real consul-template.

mod beside;
mod connections;
mod data;
mod handing_over;
mod hostile;
mod lock_value;
mod power;
mod role;
mod rounds;
mod server;
mod stage;
mod template;
mod worth;
mod writers;

use std::fs;
use std::path::{Path, PathBuf};

const NAME: &str = "redis-master.query.consul";
const KEY: &str = "service/redis-master/leader";
const PORT: u16 = 6379;

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/redis").join(file)
}

fn shipped(file: &str) -> String {
    fs::read_to_string(example(file)).unwrap()
}

/// Returns the texts in double quotes, except in comments.
fn words(hcl: &str) -> Vec<String> {
    let lines = hcl.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words: Vec<String> = lines.flat_map(|line| line.split('"').skip(1).step_by(2)).map(str::to_owned).collect();
    words.sort();
    words
}

/// Returns the texts of JSON, without its keys.
fn texts_of(json: &serde_json::Value) -> Vec<String> {
    let mut texts = match json {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    };
    texts.sort();
    texts
}

#[test]
fn hcl_and_json_say_the_same() {
    for name in ["service", "hooks"] {
        let json = serde_json::from_str(&shipped(&format!("{name}.json"))).unwrap();
        assert_eq!(words(&shipped(&format!("{name}.hcl"))), texts_of(&json), "{name}");
    }
}
