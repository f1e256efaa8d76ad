//! The tags of a role among an instance's other tags. Pure; compares as prepared queries do, without regard to case.

use crate::options::Options;

/// `tags` as the role wants them, all others untouched and in their order: `wanted` in place of `unwanted`, or at the end.
fn with_role(tags: &[String], wanted: &str, unwanted: &str) -> Vec<String> {
    let is = |tag: &str, role: &str| tag.eq_ignore_ascii_case(role);
    let mut result: Vec<String> = Vec::with_capacity(tags.len() + 1);
    let mut placed = false;
    for tag in tags {
        if !is(tag, wanted) && !is(tag, unwanted) {
            result.push(tag.clone());
        } else if !placed {
            result.push(wanted.to_owned());
            placed = true;
        }
    }
    if !placed {
        result.push(wanted.to_owned());
    }
    result
}

/// The tags of a master.
pub fn of_master(tags: &[String], options: &Options) -> Vec<String> {
    with_role(tags, &options.master_tag, &options.slave_tag)
}

/// The tags of a slave.
pub fn of_slave(tags: &[String], options: &Options) -> Vec<String> {
    with_role(tags, &options.slave_tag, &options.master_tag)
}

/// Whether the tags call an instance master.
pub fn say_master(tags: &[String], options: &Options) -> bool {
    tags.iter().any(|tag| tag.eq_ignore_ascii_case(&options.master_tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_replaces_the_other_and_leaves_the_rest_in_order() {
        let options = Options::for_tests();
        for (before, master, slave) in [
            ("", "master", "slave"),
            ("a b", "a b master", "a b slave"),
            ("a slave b", "a master b", "a slave b"),
            ("a master b", "a master b", "a slave b"),
            ("slave a master", "master a", "slave a"),
            ("MASTER a", "master a", "slave a"),
            ("master master", "master", "slave"),
            ("mastery slaves", "mastery slaves master", "mastery slaves slave"),
        ] {
            let tags: Vec<String> = before.split_whitespace().map(str::to_owned).collect();
            assert_eq!(of_master(&tags, &options).join(" "), master, "{before}");
            assert_eq!(of_slave(&tags, &options).join(" "), slave, "{before}");
        }
    }
}
