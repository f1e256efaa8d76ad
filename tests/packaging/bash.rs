//! The completion for bash. Owns bash's quoting.

use std::fmt::Write;

use consul_master_election_tagger::OptionSpec;

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`.
pub const FILE: &str = "completions/consul-master-election-tagger.bash";

/// The file's text.
pub fn text() -> String {
    // Options with the same values share a case.
    let mut cases: Vec<(String, Vec<&str>)> = Vec::new();
    for option in terms::options() {
        let Some(action) = action(&terms::value(option)) else { continue };
        match cases.iter_mut().find(|(known, _)| *known == action) {
            Some((_, names)) => names.push(option.name),
            None => cases.push((action, vec![option.name])),
        }
    }
    let cases = cases.into_iter().fold(String::new(), |mut text, (action, names)| {
        let _ = writeln!(text, "  {}) {action};;", names.join(" | "));
        text
    });
    let names = |separator: &str, wanted: fn(&OptionSpec) -> bool| {
        terms::options().filter(|option| wanted(option)).map(|option| option.name).collect::<Vec<_>>().join(separator)
    };
    format!(
        r#"# Completion of {PROGRAM} for bash. Made from the program's table of options by tests/packaging.

_consul_master_election_tagger() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} name dashes=-- given resign=
  COMPREPLY=()
  # bash takes the equals sign of --option=VALUE for a word of its own.
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
  [[ $given != " resign "* ]] || resign='{of_resign}'
  for name in {options} $resign; do
    # What was given once is not offered again, but for what can be repeated.
    case $name in
    {repeatable}) ;;
    *) [[ ! $given =~ " "--?"$name"" " ]] || continue ;;
    esac
    [[ $dashes$name != "$cur"* ]] || COMPREPLY+=("$dashes$name")
  done
  [[ $COMP_CWORD != 1 || resign != "$cur"* ]] || COMPREPLY+=(resign)
}} && complete -F _consul_master_election_tagger {PROGRAM}
"#,
        options = names(" ", |option| !terms::is_of_resign(option)),
        of_resign = names(" ", terms::is_of_resign),
        repeatable = names(" | ", terms::is_repeatable),
    )
}

/// What fills in the value of an option; `None` for a switch, which has none.
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
