//! Where the operator's program is.

use std::env;
use std::path::{Path, PathBuf};

/// Names the program, for whoever has built it elsewhere.
const PROGRAM: &str = "TELNYX_OPERATOR_PROGRAM";

/// The operator's program is not where it should be.
#[derive(Debug, thiserror::Error)]
#[error("no telnyx-operator at {}: build it with `cargo build --package telnyx-operator`, or name it in {PROGRAM}", path.display())]
pub struct MissingProgram {
    path: PathBuf,
}

/// `$TELNYX_OPERATOR_PROGRAM`, else the one of the same build as the running program (a test, a benchmark, the demo).
pub(crate) fn operator() -> Result<PathBuf, MissingProgram> {
    let path = match env::var_os(PROGRAM) {
        Some(path) => PathBuf::from(path),
        None => beside(&env::current_exe().unwrap_or_default()),
    };
    if path.is_file() { Ok(path) } else { Err(MissingProgram { path }) }
}

/// Cargo puts programs into `target/PROFILE`, tests and benchmarks into `target/PROFILE/deps`.
fn beside(program: &Path) -> PathBuf {
    let folder = program.parent().unwrap_or(Path::new("."));
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    folder.join("telnyx-operator")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_programs_find_the_operator_of_their_build() {
        for program in ["target/debug/deps/story-0123456789abcdef", "target/debug/testbed"] {
            assert_eq!(beside(Path::new(program)), Path::new("target/debug/telnyx-operator"), "{program}");
        }
    }
}
