//! The options that every command of the plugin takes.

use std::path::PathBuf;

use clap::builder::EnumValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};

/// How things are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Columns for people.
    #[default]
    Table,
    /// More columns.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// What the options say.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) namespace: Option<String>,
    pub(super) context: Option<String>,
    pub(super) kubeconfig: Option<PathBuf>,
    pub(super) account: Option<String>,
    pub(super) output: Output,
    pub(super) show_numbers: bool,
}

impl Options {
    pub(super) fn add(command: Command) -> Command {
        let option = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name(value).help(help).global(true).help_heading("Options of every command")
        };
        command.args([
            option("namespace", "NAME", "The namespace; that of the kubeconfig's context where not given").short('n'),
            option("context", "NAME", "The kubeconfig's context; its current one where not given"),
            option("kubeconfig", "FILE", "The kubeconfig; KUBECONFIG or ~/.kube/config where not given")
                .value_parser(value_parser!(PathBuf)),
            option(
                "account",
                "NAME",
                "The TelnyxAccount, NAME or NAMESPACE/NAME; the namespace's only one where not given",
            ),
            option("output", "FORMAT", "How things are printed")
                .short('o')
                .default_value("table")
                .value_parser(EnumValueParser::<Output>::new()),
            option("show-numbers", "", "Prints phone numbers whole; masked but for two digits where not given")
                .action(ArgAction::SetTrue),
        ])
    }

    pub(super) fn read(matches: &ArgMatches) -> Self {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        Self {
            namespace: text("namespace"),
            context: text("context"),
            kubeconfig: matches.get_one("kubeconfig").cloned(),
            account: text("account"),
            // Some commands write files and take formats of their own.
            output: matches.try_get_one("output").ok().flatten().copied().unwrap_or_default(),
            show_numbers: matches.get_flag("show-numbers"),
        }
    }
}
