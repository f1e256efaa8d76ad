//! The program with the commands that people and services type: `info`, `watch`, `doctor`, `run`. The one that Consul runs executes it.
//! Everything else belongs to the library.

mod startup;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use consul_master_election_tagger::{
    Command, CommandKind, Environment, GUARD, Interrupt, Report, START, Style, UsageError, become_command, doctor,
    elsewhere, follow, guard_command, help, run, show_info,
};

use signal_hook::consts::{SIGINT, SIGTERM};

use startup::{begin, complain, exit_on_panic, hide_token, interrupt_on_signals, print, this_program};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let code = Some(elsewhere(&arguments).map_or(CommandKind::Run.spec().misuse, |command| command.misuse));
    exit_on_panic(None, code);
    if name == START {
        let (code, line) = become_command(&arguments);
        complain(&line);
        return ExitCode::from(code);
    }
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments.iter().cloned(), &Environment::of_process()) {
        Ok(Command::Help(command)) => print(&help(command)),
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Other(CommandKind::Doctor, run)) => {
            begin(&run, not_hidden, code);
            let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
            let report = doctor(&run, &names);
            end(&report)
        }
        Ok(Command::Other(CommandKind::Info, run)) => {
            begin(&run, not_hidden, code);
            let no_colour = std::env::var_os("NO_COLOR");
            let style = Style::of(run.show.format, std::io::stdout().is_terminal(), no_colour.as_deref());
            end(&show_info(&run, style))
        }
        Ok(Command::Other(CommandKind::Watch, run)) => {
            begin(&run, not_hidden, code);
            let (interrupt, signal) = (Interrupt::new(), Arc::new(AtomicI32::new(0)));
            let noted = Arc::clone(&signal);
            interrupt_on_signals(&[SIGINT, SIGTERM], interrupt.clone(), move |number| {
                noted.store(number, Ordering::SeqCst);
            });
            let style = Style::of(run.show.format, std::io::stdout().is_terminal(), None);
            let report = follow(&run, style, &interrupt, |text| {
                let mut out = std::io::stdout();
                out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
            });
            match u8::try_from(signal.load(Ordering::SeqCst)) {
                Ok(signal) if signal > 0 => ExitCode::from(128 + signal),
                _ => end(&report),
            }
        }
        Ok(Command::Other(CommandKind::Run, task)) => {
            begin(&task, not_hidden, code);
            let code = if name == GUARD {
                guard_command(&task, this_program())
            } else {
                run(&task, this_program(), arguments)
            };
            ExitCode::from(code)
        }
        Ok(Command::Check(_) | Command::Other(CommandKind::Check, _)) => {
            refuse(CommandKind::Check, "a check runs consul-master-election-tagger itself")
        }
        Ok(Command::Resign(_) | Command::Other(CommandKind::Resign, _)) => {
            refuse(CommandKind::Resign, "type consul-master-election-tagger resign")
        }
        Err(UsageError { command, message, .. }) => refuse(command, &message),
    }
}

/// Prints a report.
fn end(report: &Report) -> ExitCode {
    let _ = std::io::stderr().write_all(report.error.as_bytes());
    print(&report.text);
    ExitCode::from(report.code)
}

/// Says why a command does not run.
fn refuse(command: CommandKind, message: &str) -> ExitCode {
    let spec = command.spec();
    let space = if spec.name.is_empty() { "" } else { " " };
    complain(&format!("consul-master-election-tagger{space}{}: error: {message}", spec.name));
    ExitCode::from(spec.misuse)
}
