//! `telnyx-operator flow run`: the flow on a simulated call, told as it happens.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use call_flow::position::Ending;

use super::trial::{Callee, Trial, TrialError};
use super::{FlowError, Which, print};

/// Arguments of `flow run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Keys that the caller presses when asked: the first at the first question, and so on. `-` for no answer.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', allow_hyphen_values = true)]
    digits: Vec<String>,
    /// Reads keys from the terminal: type them and press Enter. `h` hangs up.
    #[arg(long, short, conflicts_with = "digits")]
    interactive: bool,
    /// Who answers a call of an outbound flow.
    #[arg(long, value_enum, default_value_t)]
    callee: Callee,
    /// How much faster than real the simulated telephone network runs, 0.1 to 100. `wait` steps keep real time.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// A behaviour file of the simulator, for everything else: faults, answer times, results of AI gathers.
    #[arg(long, value_name = "FILE")]
    behaviour: Option<PathBuf>,
    /// Prints each happening as a line of JSON instead.
    #[arg(long)]
    json: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=100.0).contains(&speed) { Ok(speed) } else { Err("not in 0.1 to 100".to_owned()) }
}

impl Args {
    /// Runs the trial. Exit code 0: the flow came to its end or the caller hung up; 2: it ended in an error.
    pub(super) fn execute(self) -> Result<ExitCode, FlowError> {
        let (name, flow, webhooks) = self.which.compiled()?;
        let steps = flow.spec().steps.iter().map(|step| step.name.clone()).collect();
        let mut printer = print::Printer::new(steps, self.json, io::stdout().is_terminal());
        let trial = Trial {
            name,
            flow,
            webhooks,
            digits: self.digits,
            callee: self.callee,
            speed: self.speed,
            behaviour: self.behaviour,
            interactive: self.interactive,
        };
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Runtime::new().map_err(TrialError::Runtime)?;
        let ending = runtime.block_on(trial.run(&mut printer))?;
        Ok(match ending {
            Ending::Completed | Ending::HungUp => ExitCode::SUCCESS,
            Ending::Failed | Ending::TimeLimit | Ending::TooManySteps => ExitCode::from(2),
        })
    }
}
