//! The commands, and which of the two programs runs each. Knows no options.
//!
//! The check runs every few seconds on every node, so its program holds nothing else but `resign`. All other commands are in a second
//! program, which the first one executes: the user types the name of the first.

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// A run of the check, which has no name of its own.
    Check,
    /// Hands the lead over.
    Resign,
    /// Shows an election.
    Info,
    /// Prints each change of an election.
    Watch,
    /// Examines a set-up.
    Doctor,
    /// Runs a command while it leads.
    Run,
}

/// A program of this package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The one that Consul runs.
    Check,
    /// The one with all other commands.
    Commands,
}

/// The programs' names, in the order of [`Program`].
pub const PROGRAMS: [&str; 2] = ["consul-master-election-tagger", "consul-master-election-tagger-commands"];

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
    /// The program that runs it.
    pub program: Program,
    /// Its exit code when its options are invalid, or it cannot be started.
    pub misuse: u8,
}

/// Every command.
pub static COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        kind: CommandKind::Check,
        name: "",
        usage: "--consul-service-name NAME [OPTIONS]",
        help: "",
        program: Program::Check,
        misuse: 1,
    },
    CommandSpec {
        kind: CommandKind::Resign,
        name: "resign",
        usage: "--consul-service-name NAME [--for DURATION] [--to NODE] [OPTIONS]",
        help: "Hand the lead over now. Run it on the master's node, with the options of its check",
        program: Program::Check,
        misuse: 2,
    },
    CommandSpec {
        kind: CommandKind::Info,
        name: "info",
        usage: "[--consul-service-name NAME|--name NAME] [OPTIONS]",
        help: "Show who leads, since when and why, who is next, and what is wrong",
        program: Program::Commands,
        misuse: 3,
    },
    CommandSpec {
        kind: CommandKind::Watch,
        name: "watch",
        usage: "[--consul-service-name NAME] [--until leader|change] [OPTIONS]",
        help: "Print a line for each change of leader",
        program: Program::Commands,
        misuse: 3,
    },
    CommandSpec {
        kind: CommandKind::Doctor,
        name: "doctor",
        usage: "[--consul-service-name NAME] [--file PATH] [OPTIONS]",
        help: "Find what is wrong with a set-up before it goes live, and say what to type",
        program: Program::Commands,
        misuse: 3,
    },
    CommandSpec {
        kind: CommandKind::Run,
        name: "run",
        usage: "--name NAME [OPTIONS] -- COMMAND [ARGUMENT...]",
        help: "Run a command on the leader only",
        program: Program::Commands,
        misuse: 125,
    },
];

impl CommandKind {
    /// Every command.
    pub const ALL: &[CommandKind] = &[
        CommandKind::Check,
        CommandKind::Resign,
        CommandKind::Info,
        CommandKind::Watch,
        CommandKind::Doctor,
        CommandKind::Run,
    ];

    /// The commands about an election among the instances of a service, which take the options of its check.
    pub const OF_A_SERVICE: &[CommandKind] =
        &[CommandKind::Check, CommandKind::Resign, CommandKind::Info, CommandKind::Watch, CommandKind::Doctor];

    /// Whether it can find the elections that the agent's instances take part in.
    #[must_use]
    pub fn finds_elections(self) -> bool {
        matches!(self, CommandKind::Info | CommandKind::Watch | CommandKind::Doctor)
    }

    /// The command as the user meets it.
    #[must_use]
    pub fn spec(self) -> &'static CommandSpec {
        // Every command has its row, as a test shows; the check's row is the first.
        COMMANDS.iter().find(|command| command.kind == self).unwrap_or(&COMMANDS[0])
    }

    /// The word that is typed, if it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(self.spec().name).filter(|name| !name.is_empty())
    }
}
