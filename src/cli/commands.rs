//! The commands of the program. Knows no options.

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// A run of the check, which has no name of its own.
    Check,
    /// Hands the lead over.
    Resign,
}

/// A command as the user meets it.
pub struct CommandSpec {
    /// Which one it is.
    pub kind: CommandKind,
    /// The word that is typed; empty for the check.
    pub name: &'static str,
    /// What follows that word.
    pub usage: &'static str,
    /// What it does; empty for the check.
    pub help: &'static str,
}

/// Every command.
pub static COMMANDS: &[CommandSpec] = &[
    CommandSpec { kind: CommandKind::Check, name: "", usage: "--consul-service-name NAME [OPTIONS]", help: "" },
    CommandSpec {
        kind: CommandKind::Resign,
        name: "resign",
        usage: "--consul-service-name NAME [--for DURATION] [--to NODE] [OPTIONS]",
        help: "Hand the lead over now. Run it on the master's node, with the options of its check",
    },
];

impl CommandKind {
    /// Every command.
    pub const ALL: &[CommandKind] = &[CommandKind::Check, CommandKind::Resign];

    /// The word that is typed, if it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        COMMANDS.iter().find(|command| command.kind == self).map(|command| command.name).filter(|name| !name.is_empty())
    }
}
