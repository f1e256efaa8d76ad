//! The program with the commands that people and services type: `info`, `watch`, `doctor`, `run`. The one that Consul runs executes it.
//! Everything else belongs to the library.

mod startup;

use std::ffi::OsString;
use std::process::ExitCode;

use consul_master_election_tagger::{Command, CommandKind, Environment, UsageError, doctor, help};

use startup::{begin, exit_on_panic, hide_token, print};

fn main() -> ExitCode {
    exit_on_panic(None);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments.iter().cloned(), &Environment::of_process()) {
        Ok(Command::Help) => print(&help()),
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Other(CommandKind::Doctor, run)) => {
            begin(&run, not_hidden);
            let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
            let report = doctor(&run, &names);
            eprint!("{}", report.error);
            print(&report.text);
            ExitCode::from(report.code)
        }
        Ok(Command::Other(command, run)) => {
            begin(&run, not_hidden);
            refuse(command, "this command is not built yet")
        }
        Ok(Command::Check(_)) => refuse(CommandKind::Check, "a check runs consul-master-election-tagger itself"),
        Ok(Command::Resign(_)) => refuse(CommandKind::Resign, "type consul-master-election-tagger resign"),
        Err(UsageError { command, message, .. }) => refuse(command, &message),
    }
}

/// Says why a command does not run.
fn refuse(command: CommandKind, message: &str) -> ExitCode {
    let spec = command.spec();
    let space = if spec.name.is_empty() { "" } else { " " };
    eprintln!("consul-master-election-tagger{space}{}: error: {message}", spec.name);
    ExitCode::from(spec.misuse)
}
