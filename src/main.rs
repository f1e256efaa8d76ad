//! The program that Consul runs: the check and `resign`. Executes the other program for every other command. Everything else belongs to
//! the library.

mod startup;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use consul_master_election_tagger::{
    Command, CommandSpec, Environment, Interrupt, PROGRAMS, Verdict, check, elsewhere, help, help_in_a_check, of_usage,
    resign,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use startup::{begin, complain, exit_on_panic, hide_token, interrupt_on_signals, print, this_program};

fn main() -> ExitCode {
    exit_on_panic(None, None);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(command) = elsewhere(&arguments) {
        return execute(command, &arguments);
    }
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments.iter().cloned(), &Environment::of_process()) {
        Ok(Command::Help(command)) => match help_in_a_check(&arguments) {
            Some(error) if !std::io::stdout().is_terminal() => end(&of_usage(&error)),
            _ => print(&help(command)),
        },
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Check(run)) => {
            begin(&run, not_hidden, None);
            let interrupt = Interrupt::new();
            // A pass that does not wait ends soon, and can be killed at any point.
            if !run.config.wait.length.is_zero() {
                // `pkill -HUP consul`, meant to reload the agent, reaches this program too.
                interrupt_on_signals(&[SIGTERM, SIGINT, SIGHUP], interrupt.clone(), |_| ());
            }
            end(&check(&run, &interrupt))
        }
        Ok(Command::Resign(run)) => {
            begin(&run, not_hidden, None);
            end(&resign(&run))
        }
        Ok(Command::Other(command, _)) => execute(command.spec(), &arguments),
        Err(error) => end(&of_usage(&error)),
    }
}

/// Prints the verdict. A closed stdout does not change the exit code.
fn end(verdict: &Verdict) -> ExitCode {
    print(&format!("{}\n", verdict.line));
    ExitCode::from(verdict.exit_code())
}

/// Executes the other program, which lies beside this one or in the PATH. The process ID stays. Returns only if that fails.
fn execute(command: &CommandSpec, arguments: &[OsString]) -> ExitCode {
    let [_, name] = PROGRAMS;
    let beside = this_program().with_file_name(name);
    let program = if beside.exists() { beside } else { name.into() };
    let error = std::process::Command::new(&program).args(arguments).exec();
    complain(&format!(
        "consul-master-election-tagger {}: error: cannot execute {}: {error}; install it beside this program",
        command.name,
        program.display()
    ));
    ExitCode::from(command.misuse)
}
