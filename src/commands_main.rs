//! The program with the commands that people and services type: `info`, `watch`, `doctor`, `run`. The one that Consul runs executes it.
//! Everything else belongs to the library.

mod startup;

use std::ffi::OsString;
use std::process::ExitCode;

use consul_master_election_tagger::{
    Command, CommandKind, Environment, GUARD, START, UsageError, become_command, guard_command, help, run,
};

use startup::{begin, exit_on_panic, hide_token, print, this_program};

fn main() -> ExitCode {
    exit_on_panic(None);
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    if name == START {
        let (code, line) = become_command(&arguments);
        eprintln!("{line}");
        return ExitCode::from(code);
    }
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments.iter().cloned(), &Environment::of_process()) {
        Ok(Command::Help) => print(&help()),
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Other(CommandKind::Run, task)) => {
            begin(&task, not_hidden);
            let code = if name == GUARD {
                guard_command(&task, this_program())
            } else {
                run(&task, this_program(), arguments)
            };
            ExitCode::from(code)
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
