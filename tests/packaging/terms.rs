//! What a completion must know about an option besides its text: which values it takes, and with which commands. Derives it from the table,
//! and compares it with how the program reads a command line.

use consul_master_election_tagger::{
    COMMANDS, Command, CommandKind, CommandSpec, EXIT_CODES, Environment, OptionSpec, options,
};

/// What can follow an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: it is a switch.
    None,
    /// One of these words.
    Words(Vec<&'static str>),
    /// An existing file.
    File,
    /// An existing directory.
    Directory,
    /// A command.
    Command,
    /// A value that only the user knows.
    Free,
}

/// The commands that have a name.
pub fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    COMMANDS.iter().filter(|command| !command.name.is_empty())
}

/// The exit codes of all commands, each with what it means; for all but the check's with the command in front.
pub fn exit_codes() -> impl Iterator<Item = (&'static str, String)> {
    let of_command = |(kind, codes): &'static (CommandKind, &'static [(&str, &str)])| {
        let prefix = kind.name().map(|name| format!("{name}: ")).unwrap_or_default();
        codes.iter().map(move |(code, meaning)| (*code, format!("{prefix}{meaning}")))
    };
    EXIT_CODES.iter().flat_map(of_command)
}

/// Returns whether every command accepts the option.
pub fn is_common(option: &OptionSpec) -> bool {
    COMMANDS.iter().all(|command| option.commands.contains(&command.kind))
}

/// Returns the options that this command accepts and another does not.
pub fn own(command: CommandKind) -> impl Iterator<Item = &'static OptionSpec> {
    options().filter(move |option| !is_common(option) && option.commands.contains(&command))
}

/// Returns what can follow an option, judging by the placeholder in the help.
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

/// Shortens a text to its first sentence, for which a completion has room.
pub fn summary(text: &str) -> &str {
    text.split(". ").next().unwrap_or_default()
}

/// Returns what the program says about a command line. It sends no request.
fn read(arguments: &[&str]) -> Result<(), String> {
    let service: &[&str] = if arguments.first() == Some(&"run") {
        if arguments.contains(&"--name") { &["--", "true"] } else { &["--name", "redis", "--", "true"] }
    } else if arguments.contains(&"--consul-service-name") {
        &[]
    } else {
        &["--consul-service-name", "redis"]
    };
    let arguments = arguments.iter().chain(service).map(Into::into);
    match Command::read(arguments, &Environment::default()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.message),
    }
}

#[test]
fn the_words_offered_for_a_value_are_those_that_the_program_takes() {
    let mut tried = 0;
    for option in options() {
        let Value::Words(words) = value(option) else { continue };
        let command = option.commands[0].name();
        let with = |word| read(&command.into_iter().chain([option.flag, word]).collect::<Vec<_>>());
        let refusal = with("nonsense").unwrap_err();
        for word in words {
            assert_eq!(with(word), Ok(()), "{} {word}", option.flag);
            assert!(refusal.contains(word), "{word} is not what the program itself offers: {refusal}");
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn an_option_is_offered_again_where_it_can_be_given_again() {
    for option in options().filter(|option| !option.is_switch() && option.flag != "--consul-service-name") {
        let twice = [option.flag, "1s", option.flag, "2s"];
        let refused = read(&twice).is_err_and(|error| error.contains("is given twice"));
        assert_ne!(refused, option.repeatable, "{}", option.flag);
    }
}

#[test]
fn an_option_is_offered_to_the_commands_that_take_it() {
    for option in options() {
        for command in COMMANDS {
            // A few options have a row of their own for a command.
            if options().any(|row| {
                row.flag == option.flag && row.commands != option.commands && row.commands.contains(&command.kind)
            }) {
                continue;
            }
            let value = if option.is_switch() { "" } else { "1s" };
            let words = [command.name, option.flag, value].into_iter().filter(|word| !word.is_empty());
            let words: Vec<&str> = words.collect();
            let refused = read(&words).is_err_and(|error| error.starts_with(option.flag) && error.contains(" belong"));
            assert_ne!(refused, option.commands.contains(&command.kind), "{words:?}");
        }
    }
}
