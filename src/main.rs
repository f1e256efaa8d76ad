//! The program: reads its arguments, makes a pass, prints one line, exits. Everything else is the library's.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use consul_master_election_tagger::{
    Command, Interrupt, Run, Verdict, help, of_panic, of_usage, run, signature, take_token,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

fn main() -> ExitCode {
    exit_on_panic(None);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments, |name| std::env::var_os(name)) {
        Ok(Command::Help) => print(&help()),
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Check(wanted) | Command::Resign(wanted)) => {
            let query = &wanted.config.names.query;
            exit_on_panic(Some(query.clone()));
            start_log(&wanted);
            if let Some(error) = not_hidden {
                log::warn!("the token cannot be hidden from the list of processes: {error}");
            }
            let interrupt = Interrupt::new();
            if !wanted.config.wait.length.is_zero() {
                interrupt_on_signals(interrupt.clone());
            }
            end(&run(&wanted.config, &interrupt))
        }
        Err(error) => end(&of_usage(&error)),
    }
}

/// Begins anew with a token that was typed in the environment, since whoever lists the processes of a machine sees their arguments. It
/// is the same process all the while. Comes back only with the error that kept it from that.
fn hide_token(arguments: &[OsString]) -> Option<std::io::Error> {
    let (left, token) = take_token(arguments)?;
    // The program's file may have been replaced since it was started, as by an update.
    let program = std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into());
    let mut anew = std::process::Command::new(program);
    anew.arg0(std::env::args_os().next().unwrap_or_default()).args(left);
    // As an option it goes before the file that a variable names.
    Some(anew.env("CONSUL_HTTP_TOKEN", token).env_remove("CONSUL_HTTP_TOKEN_FILE").exec())
}

/// Lets the first SIGTERM or SIGINT end a wait in good order, and the second one end the process. A pass that does not wait is over
/// soon, and can be ended at any point as it is.
fn interrupt_on_signals(interrupt: Interrupt) {
    let mut signals = match Signals::new([SIGTERM, SIGINT]) {
        Ok(signals) => signals,
        Err(error) => return log::warn!("signals end this run as they would any other: {error}"),
    };
    std::thread::spawn(move || {
        for (number, signal) in signals.forever().enumerate() {
            interrupt.interrupt();
            if number > 0 {
                // It does not return, or the signal cannot end a process.
                let _ = emulate_default_handler(signal);
            }
        }
    });
}

/// Says the verdict. Whoever does not listen any more still gets the exit status.
fn end(verdict: &Verdict) -> ExitCode {
    print(&format!("{}\n", verdict.line));
    ExitCode::from(verdict.status.code())
}

fn print(text: &str) -> ExitCode {
    // A reader that has gone is no failure of ours, and there is nobody left to tell.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Logs to standard error. Consul keeps both outputs as one text, so that a logged line begins like the verdict does.
fn start_log(run: &Run) {
    let signature = signature(Some(&run.config.names.query));
    let filters = std::env::var("RUST_LOG").unwrap_or_default();
    let readable = env_filter::Builder::new().try_parse(&filters).is_ok();
    let mut builder = env_logger::Builder::new();
    builder.filter_level(log::LevelFilter::Warn);
    match run.log_level {
        // What the HTTP client logs of every request helps nobody here; RUST_LOG can ask for it.
        Some(level) => {
            builder.filter_module("consul_master_election_tagger", level);
        }
        None if readable => {
            builder.parse_filters(&filters);
        }
        None => {}
    }
    builder
        .format(move |out, record| {
            // The HTTP client logs every byte that it sends, the token too.
            let is_own = record.target().starts_with("consul_master_election_tagger");
            if record.level() == log::Level::Trace && !is_own {
                return Ok(());
            }
            writeln!(out, "{signature} {}: {}", record.level().as_str().to_ascii_lowercase(), record.args())
        })
        .init();
    if !readable {
        log::warn!("RUST_LOG cannot be read and is not used: {}", filters.escape_debug());
    }
}

/// Ends a run that failed by itself with a line and a status of our choice, in place of a trace and 101.
fn exit_on_panic(query: Option<String>) {
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("no message");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let verdict = of_panic(query.as_deref(), &format!("{message}{place}"));
        print(&format!("{}\n", verdict.line));
        std::process::exit(verdict.status.code().into());
    }));
}
