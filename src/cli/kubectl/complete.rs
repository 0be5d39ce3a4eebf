//! Completion of the command line, for shells and for kubectl.
//!
//! A shell completes `kubectl-telnyx` by a script of its own. For `kubectl telnyx`, kubectl runs `kubectl_complete-telnyx`
//! with the words so far, and takes one suggestion a line, closed by a line that says what else to offer.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use super::error::PluginError;
use super::print;

/// Its name on the command line.
pub(super) const COMMAND: &str = "completion";

/// Offer nothing besides, no file names either (cobra: `ShellCompDirectiveNoFileComp`).
const NOTHING_ELSE: &str = ":4";

pub(super) fn command() -> Command {
    Command::new(COMMAND)
        .about("Prints the completion script of a shell for kubectl-telnyx")
        .after_help(
            "For `kubectl telnyx` itself, put a link named kubectl_complete-telnyx to this program on the PATH: \
             kubectl's own completion asks it.",
        )
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell)))
}

pub(super) fn script(matches: &ArgMatches) -> Result<ExitCode, PluginError> {
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        let mut script = vec![];
        clap_complete::generate(*shell, &mut super::command().bin_name(super::NAME), super::NAME, &mut script);
        print::text(&String::from_utf8_lossy(&script))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What may stand in place of the last of these words, as kubectl reads it: `word<tab>what it is`.
pub(super) fn suggestions(command: Command, words: &[OsString]) -> String {
    let mut command = command;
    // Global options are known to subcommands only once it is built.
    command.build();
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (typed, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut here = &command;
    for word in before {
        if let Some(inner) = here.find_subcommand(word) {
            here = inner;
        }
    }
    let mut lines = candidates(here, before.last().map(String::as_str), typed);
    lines.push(NOTHING_ELSE.to_owned());
    lines.join("\n") + "\n"
}

fn candidates(here: &Command, last: Option<&str>, typed: &str) -> Vec<String> {
    let option = last.and_then(|last| here.get_arguments().find(|arg| is(arg, last)));
    if let Some(option) = option.filter(|option| option.get_action().takes_values() && !option.is_require_equals_set())
    {
        let values = option.get_possible_values();
        return line_up(values.iter().map(|value| (value.get_name().to_owned(), String::new())), typed);
    }
    if typed.starts_with('-') {
        let options = here.get_arguments().filter_map(|arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            Some((format!("--{}", arg.get_long()?), help))
        });
        return line_up(options, typed);
    }
    let commands = here.get_subcommands().filter(|inner| !inner.is_hide_set());
    let commands = commands
        .map(|inner| (inner.get_name().to_owned(), inner.get_about().map(ToString::to_string).unwrap_or_default()));
    let words = here.get_positionals().flat_map(|arg| {
        arg.get_possible_values().into_iter().map(|value| (value.get_name().to_owned(), String::new()))
    });
    line_up(commands.chain(words), typed)
}

fn is(arg: &Arg, word: &str) -> bool {
    arg.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long))
        || arg.get_short().is_some_and(|short| word.strip_prefix('-') == Some(short.to_string().as_str()))
}

fn line_up(all: impl Iterator<Item = (String, String)>, typed: &str) -> Vec<String> {
    let fitting = all.filter(|(word, _)| word.starts_with(typed));
    fitting.map(|(word, help)| if help.is_empty() { word } else { format!("{word}\t{help}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(words: &str) -> Vec<String> {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let lines = suggestions(super::super::command(), &words);
        lines.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn commands_options_and_values_are_suggested() {
        assert_eq!(after("que"), ["queue", ":4"]);
        assert_eq!(after("queue ke"), ["keep", ":4"]);
        assert_eq!(after("queue list --show"), ["--show-numbers", ":4"]);
        assert_eq!(after("queue list -o j"), ["json", ":4"]);
        assert_eq!(after("completion fi"), ["fish", ":4"]);
        assert_eq!(after("res"), ["resync", "resume", ":4"]);
        assert_eq!(after("resync pro"), ["profile", ":4"]);
        assert_eq!(after("sus"), ["suspend", ":4"]);
        assert_eq!(after("suspend app"), ["application", ":4"]);
        assert_eq!(after("resume c"), ["conference", "campaign", ":4"]);
        assert_eq!(after("plan --without"), ["--without-cluster", ":4"]);
        assert_eq!(after("import --out"), ["--output-dir", "--output", ":4"]);
        assert_eq!(after("adopt "), ["application", "profile", "queue", ":4"]);
        assert_eq!(after("adopt queue waiting --dry"), ["--dry-run", ":4"]);
        assert_eq!(after("status --all"), ["--all-namespaces", ":4"]);
        assert_eq!(after("doctor --service"), ["--service-account", ":4"]);
        assert_eq!(after("calls record "), ["start", "stop", "pause", "resume", "help", ":4"]);
    }
}
