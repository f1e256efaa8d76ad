//! The manual page: the words of `packaging/manual.in`, and the lists of the table in mdoc. Owns mdoc's escapes.

use consul_master_election_tagger::{ENVIRONMENT, EXIT_STATUSES, OPTIONS, USAGE};

use crate::{PROGRAM, packaging, shells};

/// The page, under `packaging`.
pub const FILE: &str = "consul-master-election-tagger.1";

/// The page's text.
pub fn text() -> String {
    let options = OPTIONS.iter().map(|option| match option.value {
        "" => item(&format!("Fl -{}", option.name), option.help),
        value => item(&format!("Fl -{} Ar {}", option.name, value.replace('|', " | ")), option.help),
    });
    let mut page = std::fs::read_to_string(packaging("manual.in")).unwrap();
    for (mark, text) in [
        ("@SYNOPSIS@", USAGE.iter().map(|form| format!(".Nm\n{}", usage(form))).collect::<Vec<_>>().join("\n")),
        ("@OPTIONS@", options.collect::<Vec<_>>().join("\n")),
        ("@ENVIRONMENT@", list(ENVIRONMENT, "Ev")),
        ("@EXIT_STATUSES@", list(EXIT_STATUSES, "Li")),
    ] {
        assert_eq!(page.matches(mark).count(), 1, "manual.in has {mark} once");
        page = page.replace(mark, &text);
    }
    page
}

fn list(entries: &[(&str, &str)], macro_name: &str) -> String {
    entries.iter().map(|(term, meaning)| item(&format!("{macro_name} {term}"), meaning)).collect::<Vec<_>>().join("\n")
}

/// One entry of a list: what it is called, and what it means, with a line of its own for each sentence.
fn item(term: &str, meaning: &str) -> String {
    let meaning = meaning.replace('\n', " ");
    let (meaning, default) = match meaning.split_once(" [default: ") {
        Some((meaning, default)) => (meaning, format!("Default: {}.", default.trim_end_matches(']'))),
        None => (meaning.as_str(), String::new()),
    };
    let sentences = meaning
        .split_inclusive(". ")
        .map(str::trim_end)
        .map(str::to_owned)
        .map(|sentence| if sentence.ends_with('.') { sentence } else { sentence + "." });
    let lines: Vec<_> = sentences.chain([default]).flat_map(|sentence| wrapped(&sentence)).collect();
    format!(".It {term}\n{}", lines.join("\n"))
}

/// A text as it is, in lines as short as the formatters want them: no backslash or dash, and no first character of a line, is taken for
/// more than itself.
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

/// One way to call the program: a word with dashes is an option, one in capitals what stands for a value, any other is typed as it is.
fn usage(form: &str) -> String {
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
    let page = packaging(FILE);
    let page = page.to_str().unwrap();
    assert_eq!(shells::run("mandoc", &["-T", "lint", page], ""), "");
    assert_eq!(shells::run("groff", &["-mandoc", "-ww", "-z", "-T", "utf8", page], ""), "");
}

#[test]
fn the_page_has_every_option_and_its_default_as_a_reader_sees_them() {
    let page = packaging(FILE);
    let read = shells::run("mandoc", &["-T", "ascii", "-O", "width=200", page.to_str().unwrap()], "");
    // What is bold or underlined is struck twice.
    let mut plain = String::new();
    for character in read.chars() {
        if character == '\u{8}' {
            plain.pop();
        } else {
            plain.push(character);
        }
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for option in OPTIONS {
        let help = option.help.replace('\n', " ").replace(" [default: ", ". Default: ");
        let shown = format!("--{} {} {}", option.name, option.value.replace('|', " | "), help.trim_end_matches(']'));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&shown), "the page lacks: {shown}\n{plain}");
    }
    assert!(
        plain.contains(&format!("{PROGRAM} resign --consul-service-name NAME [--for DURATION] [--to NODE] [OPTIONS]")),
        "{plain}"
    );
    for (term, meaning) in ENVIRONMENT.iter().chain(EXIT_STATUSES) {
        let meaning = meaning.split(" [").next().unwrap().split("\n[").next().unwrap();
        assert!(plain.contains(&format!("{term} {meaning}")), "the page lacks {term}: {meaning}");
    }
}
