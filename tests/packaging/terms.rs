//! What a completion must know of an option beyond its words: which values it takes, and whether and where it can be given. Each is read
//! off the table, and held against the program's own reading of a command line.

use consul_master_election_tagger::{Command, OPTIONS, OptionSpec};

/// What can stand behind an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: it is a switch.
    None,
    /// One of these words.
    Words(Vec<&'static str>),
    /// A file that is there.
    File,
    /// A directory that is there.
    Directory,
    /// A command of the user's.
    Command,
    /// What only the user knows.
    Free,
}

/// The options in the order of the help.
pub fn options() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter()
}

/// What can stand behind an option, told by what stands for it in the help.
pub fn value(option: &OptionSpec) -> Value {
    match option.value {
        "" => Value::None,
        "STATUS" => Value::Words(vec!["passing", "warning", "critical"]),
        "LEVEL" => Value::Words(vec!["off", "error", "warn", "info", "debug", "trace"]),
        "PATH" => Value::File,
        "DIRECTORY" => Value::Directory,
        "COMMAND" => Value::Command,
        words if words.contains('|') => Value::Words(words.split('|').collect()),
        _ => Value::Free,
    }
}

/// Whether it can be given more than once.
pub fn is_repeatable(option: &OptionSpec) -> bool {
    option.help.contains("can be repeated")
}

/// Whether it belongs to `resign`.
pub fn is_of_resign(option: &OptionSpec) -> bool {
    option.help.starts_with("With resign:")
}

/// What it does, in the one sentence that a completion has room for.
pub fn summary(option: &OptionSpec) -> String {
    let text = option.help.replace('\n', " ");
    let text = text.split(" [default").next().unwrap_or_default();
    let sentence = text.split(". ").next().unwrap_or_default();
    sentence.trim_start_matches("With resign: ").to_owned()
}

/// What the program says of a command line; it asks nothing of anyone.
fn read(arguments: &[&str]) -> Result<(), String> {
    let arguments = arguments.iter().map(Into::into);
    match Command::read(["--consul-service-name".into(), "redis".into()].into_iter().chain(arguments), |_| None) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.message),
    }
}

#[test]
fn the_words_offered_for_a_value_are_those_that_the_program_takes() {
    let mut tried = 0;
    for option in options() {
        let Value::Words(words) = value(option) else { continue };
        let name = format!("--{}", option.name);
        let refusal = read(&[&name, "nonsense"]).unwrap_err();
        for word in words {
            assert_eq!(read(&[&name, word]), Ok(()), "{name} {word}");
            assert!(refusal.contains(word), "{word} is not what the program itself offers: {refusal}");
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn an_option_is_offered_again_where_it_can_be_given_again() {
    for option in options().filter(|option| !option.value.is_empty()) {
        let name = format!("--{}", option.name);
        let refused = read(&[&name, "1s", &name, "2s"]).is_err_and(|error| error.contains("is given twice"));
        assert_ne!(refused, is_repeatable(option), "{name}");
    }
}

#[test]
fn an_option_of_resign_is_one_that_needs_it() {
    for option in options() {
        let refused =
            read(&[&format!("--{}", option.name), "1s"]).is_err_and(|error| error.contains("belongs to resign"));
        assert_eq!(refused, is_of_resign(option), "--{}", option.name);
    }
}
