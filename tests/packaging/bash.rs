//! The completion for bash. Owns bash's quoting.

use std::fmt::Write;

use consul_master_election_tagger::{CommandKind, OptionSpec, options};

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`.
pub const FILE: &str = "packaging/completions/consul-master-election-tagger.bash";

/// The file's text.
pub fn text() -> String {
    // Options with the same values share a case.
    let mut cases: Vec<(String, Vec<&str>)> = Vec::new();
    for option in options() {
        let Some(action) = action(&terms::value(option)) else { continue };
        match cases.iter_mut().find(|(known, _)| *known == action) {
            Some((_, names)) => names.push(option.name()),
            None => cases.push((action, vec![option.name()])),
        }
    }
    let cases = cases.into_iter().fold(String::new(), |mut text, (action, names)| {
        let _ = writeln!(text, "  {}) {action};;", names.join(" | "));
        text
    });
    let own = terms::commands().fold(String::new(), |mut text, command| {
        let _ = writeln!(text, "  \" {} \"*) own='{}' ;;", command.name, names(" ", terms::own(command.kind)));
        text
    });
    let commands: Vec<&str> = terms::commands().map(|command| command.name).collect();
    format!(
        r#"# Completion of {PROGRAM} for bash. Generated from the program's table of options by tests/packaging.

_consul_master_election_tagger() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} name dashes=-- given own
  COMPREPLY=()
  # bash splits --option=VALUE at the equals sign, which becomes a word of its own.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]]; then
    prev=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  # One dash works as two.
  prev=${{prev#-}}
  case ${{prev#-}} in
{cases}  *) false ;;
  esac && return

  [[ $cur != -[!-]* ]] || dashes=-
  given=" ${{COMP_WORDS[*]:1:COMP_CWORD-1}} "
  case $given in
{own}  *) own='{of_check}' ;;
  esac
  for name in {common} $own; do
    # An option that was given is offered again only if it can be repeated.
    case $name in
    {repeatable}) ;;
    *) [[ ! $given =~ " "--?"$name"" " ]] || continue ;;
    esac
    [[ $dashes$name != "$cur"* ]] || COMPREPLY+=("$dashes$name")
  done
  for name in {commands}; do
    [[ $COMP_CWORD != 1 || $name != "$cur"* ]] || COMPREPLY+=("$name")
  done
}} && complete -F _consul_master_election_tagger {PROGRAM}
"#,
        of_check = names(" ", terms::own(CommandKind::Check)),
        common = names(" ", options().filter(|option| terms::is_common(option))),
        repeatable = names(" | ", options().filter(|option| option.repeatable)),
        commands = commands.join(" "),
    )
}

fn names(separator: &str, options: impl Iterator<Item = &'static OptionSpec>) -> String {
    options.map(OptionSpec::name).collect::<Vec<_>>().join(separator)
}

/// Returns the code that completes the value of an option. `None`: a switch, which has no value.
fn action(value: &Value) -> Option<String> {
    let matching = |what: &str| format!("mapfile -t COMPREPLY < <(compgen {what} -- \"$cur\") ");
    Some(match value {
        Value::None => return None,
        Value::Words(words) => matching(&format!("-W '{}'", words.join(" "))),
        Value::File => format!("compopt -o filenames && {}", matching("-f")),
        Value::Directory => format!("compopt -o filenames && {}", matching("-d")),
        Value::Command => matching("-c"),
        Value::Free => String::new(),
    })
}
