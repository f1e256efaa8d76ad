//! The picture of the rooms in ARCHITECTURE.md: owns its notation, and knows no files.
//!
//! A fenced block `rooms` has lines like `election → consul, port`: what is on the left may import what is on the right. `all` is every room
//! that is not on the right of its line. A line of a part, `election::decide → consul`, takes the place of its room's for that part.

use std::collections::BTreeMap;

use crate::tree::{Arrow, room};

/// What may be imported, by what imports it.
pub struct Picture(BTreeMap<String, Vec<String>>);

impl Picture {
    /// Reads the picture in a text.
    pub fn read(text: &str) -> Result<Picture, String> {
        let (_, block) = text.split_once("\n```rooms\n").ok_or("there is no block ```rooms")?;
        let (block, _) = block.split_once("\n```").ok_or("the block ```rooms has no end")?;
        let words = |text: &str| -> Vec<String> {
            text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
        };
        let mut allowed = BTreeMap::new();
        for line in block.lines().filter(|line| !line.trim().is_empty()) {
            let (left, right) = line.split_once('→').ok_or(format!("no arrow in: {line}"))?;
            for name in words(left) {
                allowed.entry(name).or_insert_with(Vec::new).extend(words(right));
            }
        }
        let everybodys = allowed.remove("all").unwrap_or_default();
        for name in everybodys.iter().chain(allowed.values().flatten().collect::<Vec<_>>()) {
            if !allowed.contains_key(name) && !everybodys.contains(name) {
                return Err(format!("{name} has no line"));
            }
        }
        for (name, allowed) in &mut allowed {
            if !everybodys.contains(name) {
                allowed.extend(everybodys.iter().cloned());
            }
        }
        for name in everybodys {
            allowed.entry(name).or_default();
        }
        Ok(Picture(allowed))
    }

    /// What is wrong with the rooms that there are and the imports between them.
    pub fn objections(&self, rooms: &[String], arrows: &[Arrow]) -> Vec<String> {
        let drawn = self.0.keys().map(|name| room(name)).filter(|name| !rooms.iter().any(|room| room == name));
        let mut objections: Vec<String> =
            drawn.map(|name| format!("{name} is in the picture and not in src/")).collect();
        let missing = rooms.iter().filter(|room| !self.0.contains_key(*room));
        objections.extend(missing.map(|room| format!("{room} is in src/ and not in the picture")));
        for Arrow { from, to, place } in arrows {
            if self.0.contains_key(room(from)) && !self.allowed(from).iter().any(|name| name == room(to)) {
                objections.push(format!("{place}: {from} may not import {}", room(to)));
            }
        }
        objections
    }

    /// What a module may import: the line of the smallest part that it belongs to.
    fn allowed(&self, module: &str) -> &[String] {
        let is_in = |part: &str| module == part || module.starts_with(&format!("{part}::"));
        let lines = self.0.iter().filter(|(part, _)| is_in(part));
        lines.max_by_key(|(part, _)| part.len()).map_or(&[], |(_, allowed)| allowed)
    }
}
