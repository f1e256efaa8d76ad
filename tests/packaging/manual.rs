//! The man page: the text of `packaging/manual.in`, with lists from the table of options. Owns mdoc's escapes.

use consul_master_election_tagger::{GROUPS, OptionSpec, environment, options, usage};

use crate::terms::exit_codes;
use crate::{PROGRAM, file, shells};

/// The page.
pub const FILE: &str = "packaging/consul-master-election-tagger.1";

/// The page's text.
pub fn text() -> String {
    let groups = GROUPS.iter().map(|group| {
        let items: Vec<String> = group.options.iter().map(option).collect();
        format!(".Ss {}\n.Bl -tag -width Ds\n{}\n.El", group.title, items.join("\n"))
    });
    let environment = environment().into_iter().map(|(name, meaning)| item(&format!("Ev {name}"), &meaning));
    let codes = exit_codes().map(|(code, meaning)| item(&format!("Li {code}"), &meaning));
    let mut page = std::fs::read_to_string(file("packaging/manual.in")).unwrap();
    for (mark, texts) in [
        ("@SYNOPSIS@", usage().iter().map(|form| format!(".Nm\n{}", synopsis(form))).collect::<Vec<_>>()),
        ("@OPTIONS@", groups.collect()),
        ("@ENVIRONMENT@", environment.collect()),
        ("@EXIT_CODES@", codes.collect()),
    ] {
        assert_eq!(page.matches(mark).count(), 1, "manual.in has {mark} once");
        page = page.replace(mark, &texts.join("\n"));
    }
    page
}

fn option(option: &OptionSpec) -> String {
    let term = format!("Fl -{}", option.name());
    match option.value {
        "" => item(&term, &explained(option)),
        value => item(&format!("{term} Ar {}", value.replace('|', " | ")), &explained(option)),
    }
}

/// Describes an option in sentences: what it does, its variable and its default.
fn explained(option: &OptionSpec) -> String {
    let variable = option.variable.map(|name| format!(". Environment variable: {name}")).unwrap_or_default();
    let default = option.default_text().map(|text| format!(". Default: {text}")).unwrap_or_default();
    option.description() + &variable + &default
}

/// Formats one entry of a list: its name, and its description with each sentence on a line.
fn item(term: &str, meaning: &str) -> String {
    let sentences = format!("{meaning}. ");
    let lines: Vec<String> = sentences.split_inclusive(". ").flat_map(wrapped).collect();
    format!(".It {term}\n{}", lines.join("\n"))
}

/// Formats a text in lines of the length that formatters expect. Escapes backslashes, dashes and characters with a meaning at the start of
/// a line.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = word.replace('\\', "\\e").replace("--", "\\-\\-");
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 80 => line.extend([" ", word.as_str()]),
            _ if word.starts_with(['.', '\'']) => lines.push(format!("\\&{word}")),
            _ => lines.push(word),
        }
    }
    lines
}

/// Formats one way to call the program. A word with dashes is an option, a word in capitals is a value, any other is a literal.
fn synopsis(form: &str) -> String {
    let word = |word: &str| {
        let (open, bare) = word.strip_prefix('[').map_or(("", word), |bare| ("Oo ", bare));
        let (bare, close) = bare.strip_suffix(']').map_or((bare, ""), |bare| (bare, " Oc"));
        let marked = match bare.strip_prefix('-') {
            Some(option) => format!("Fl {option}"),
            None if bare.chars().all(char::is_uppercase) => format!("Ar {bare}"),
            None => format!("Cm {bare}"),
        };
        format!("{open}{marked}{close}")
    };
    format!(".{}", form.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

#[test]
fn the_formatters_of_debian_and_of_the_bsds_have_no_complaint() {
    let page = file(FILE);
    let page = page.to_str().unwrap();
    assert_eq!(shells::run("mandoc", &["-T", "lint", page], ""), "");
    assert_eq!(shells::run("groff", &["-mandoc", "-ww", "-z", "-T", "utf8", page], ""), "");
}

#[test]
fn the_page_has_every_option_and_its_default_as_a_reader_sees_them() {
    let page = file(FILE);
    let read = shells::run("mandoc", &["-T", "ascii", "-O", "width=200", page.to_str().unwrap()], "");
    // Bold and underlined characters are overstruck.
    let mut plain = String::new();
    for character in read.chars() {
        if character == '\u{8}' {
            plain.pop();
        } else {
            plain.push(character);
        }
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for option in options() {
        let shown = format!("{} {} {}.", option.flag, option.value.replace('|', " | "), explained(option));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&shown), "the page lacks: {shown}\n{plain}");
    }
    assert!(
        plain.contains(&format!("{PROGRAM} resign --consul-service-name NAME [--for DURATION] [--to NODE] [OPTIONS]")),
        "{plain}"
    );
    let codes = exit_codes();
    for (term, meaning) in environment().into_iter().chain(codes) {
        assert!(plain.contains(&format!("{term} {meaning}")), "the page lacks {term}: {meaning}");
    }
}
