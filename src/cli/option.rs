//! One option, as a row of the table holds it. Knows no option by name.

use super::commands::CommandKind;
use super::draft::Draft;
use super::own_variable::{OF_A_CHILD, OwnVariable};
use super::wording;

/// Writes a value into a draft. An error says what to write instead, in the form `use …` or `write …`.
pub(super) type Setter = fn(&mut Draft, &str) -> Result<(), String>;

/// An option: everything that parsing, help, man page, completions and documentation know of it.
pub struct OptionSpec {
    /// The name with its 2 dashes.
    pub flag: &'static str,
    /// The placeholder for its value in the help; empty for a switch.
    pub value: &'static str,
    /// Whether it can be given more than once.
    pub repeatable: bool,
    /// The commands that take it.
    pub commands: &'static [CommandKind],
    /// The environment variable that stands in for it.
    pub variable: Option<&'static str>,
    /// The option without which it does nothing.
    pub needs: Option<&'static str>,
    help: &'static str,
    default: Option<DefaultSpec>,
    set: Setter,
    own_variable: OwnVariable,
}

/// What holds without the option.
#[derive(Clone, Copy)]
enum DefaultSpec {
    /// A value that the setter takes as well.
    Value(fn(&Draft) -> String),
    /// A description.
    Words(&'static str),
}

/// A row of the table, for the commands about a service's election.
pub(super) const fn option(flag: &'static str, value: &'static str, set: Setter) -> OptionSpec {
    OptionSpec {
        flag,
        value,
        repeatable: false,
        commands: CommandKind::OF_A_SERVICE,
        variable: None,
        needs: None,
        help: "",
        default: None,
        set,
        own_variable: OwnVariable::of(flag),
    }
}

/// A row for an option without a value.
pub(super) const fn switch(flag: &'static str, set: Setter) -> OptionSpec {
    option(flag, "", set)
}

/// The columns of a row that only some options have.
impl OptionSpec {
    pub(super) const fn help(self, help: &'static str) -> OptionSpec {
        OptionSpec { help, ..self }
    }

    /// Names the value that a draft has without the option.
    pub(super) const fn default(self, value: fn(&Draft) -> String) -> OptionSpec {
        OptionSpec { default: Some(DefaultSpec::Value(value)), ..self }
    }

    /// Describes what holds without the option.
    pub(super) const fn default_words(self, words: &'static str) -> OptionSpec {
        OptionSpec { default: Some(DefaultSpec::Words(words)), ..self }
    }

    pub(super) const fn repeatable(self) -> OptionSpec {
        OptionSpec { repeatable: true, ..self }
    }

    pub(super) const fn only_of(self, commands: &'static [CommandKind]) -> OptionSpec {
        OptionSpec { commands, ..self }
    }

    pub(super) const fn variable(self, name: &'static str) -> OptionSpec {
        OptionSpec { variable: Some(name), ..self }
    }

    pub(super) const fn needs(self, flag: &'static str) -> OptionSpec {
        OptionSpec { needs: Some(flag), ..self }
    }
}

impl OptionSpec {
    /// The name without dashes.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.flag.trim_start_matches('-')
    }

    /// The variable `ELECTION_…` that is named for it. Those that a variable of Consul's stands in for have none, nor have `--help` and
    /// `--version`.
    pub(super) fn own_variable(&self) -> Option<&str> {
        let has_another = self.variable.is_some() || ["--help", "--version"].contains(&self.flag);
        if has_another { None } else { self.own_variable.name() }.filter(|name| !OF_A_CHILD.contains(name))
    }

    /// Whether it has no value.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// What it does: sentences without the last full stop.
    #[must_use]
    pub fn description(&self) -> String {
        let needs = self.needs.map(|flag| format!("; needs {flag}")).unwrap_or_default();
        let again = if self.repeatable { "; can be repeated" } else { "" };
        format!("{}{needs}{again}", self.help)
    }

    /// Its default, if that is a value that can be typed.
    #[must_use]
    pub fn default_value(&self) -> Option<String> {
        match self.default? {
            DefaultSpec::Value(value) => Some(value(&Draft::default())),
            DefaultSpec::Words(_) => None,
        }
    }

    /// Its default for a reader: the value, or a description.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        match self.default? {
            DefaultSpec::Value(_) => self.default_value(),
            DefaultSpec::Words(words) => Some(words.to_owned()),
        }
    }

    /// Writes a value, or an empty one for a switch, into a draft.
    ///
    /// # Errors
    /// Names the option, the value, and what to write instead.
    pub(super) fn apply(&self, draft: &mut Draft, text: &str) -> Result<(), String> {
        (self.set)(draft, text).map_err(|hint| wording::invalid_value(self.flag, text, &hint))
    }
}
