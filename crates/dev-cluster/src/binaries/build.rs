//! Compiles a [`Recipe`] into the cache, once per machine: `$XDG_CACHE_HOME/telnyx-operator/NAME-VERSION/DIGEST/`, or
//! below `~/.cache`.
//!
//! A folder appears complete or not at all, and one process builds while others wait for it.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Recipe;

/// Hears one line at a time of what is going on; lines are sparse enough to be shown.
pub type Progress<'a> = &'a dyn Fn(&str);

/// Time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// How many lines of compiler output an error carries.
const ERROR_LINES: usize = 20;

/// Why the programs could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Neither `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no place for the cache: set XDG_CACHE_HOME or HOME")]
    NoCache,
    /// The cache could not be read or written.
    #[error("cannot use the cache at {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no Go toolchain.
    #[error("cannot run `go`: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory with the programs")]
    NoGo(#[source] io::Error),
    /// The compiler, or the download of a module, failed.
    #[error("`go build` of {what} failed:\n{output}")]
    Failed {
        /// Name and version of what was compiled.
        what: String,
        /// The end of what Go said.
        output: String,
    },
}

/// The folder with the programs of `recipe`, compiled when it is not there yet (minutes on two cores).
pub fn build(recipe: &Recipe, progress: Progress<'_>) -> Result<PathBuf, BuildError> {
    let home = cache_home(env::var_os("XDG_CACHE_HOME").map(PathBuf::from), env::var_os("HOME").map(PathBuf::from))?;
    build_below(&home, recipe, progress)
}

fn build_below(home: &Path, recipe: &Recipe, progress: Progress<'_>) -> Result<PathBuf, BuildError> {
    let what = format!("{}-{}", recipe.name, recipe.version());
    let folder = home.join("telnyx-operator").join(&what);
    let built = folder.join(recipe.digest());
    if built.is_dir() {
        return Ok(built);
    }
    fs::create_dir_all(&folder).map_err(cache_error(&folder))?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(cache_error(&lock_path))?;
    if lock.try_lock().is_err() {
        progress(&format!("another process builds {what}: waiting for it"));
        lock.lock().map_err(cache_error(&lock_path))?;
    }
    // The lock is released when its file is closed, at the end of this function or of the process.
    if built.is_dir() {
        return Ok(built);
    }
    let workshop = tempfile::Builder::new().prefix("building-").tempdir_in(&folder).map_err(cache_error(&folder))?;
    let products = workshop.path().join("bin");
    compile(recipe, &what, workshop.path(), &products, progress)?;
    fs::rename(&products, &built).map_err(cache_error(&built))?;
    progress(&format!("{what} is in {}", built.display()));
    Ok(built)
}

/// The XDG base directory specification ignores a relative `XDG_CACHE_HOME`.
fn cache_home(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf, BuildError> {
    xdg.filter(|path| path.is_absolute()).or_else(|| home.map(|home| home.join(".cache"))).ok_or(BuildError::NoCache)
}

fn compile(
    recipe: &Recipe,
    what: &str,
    workshop: &Path,
    products: &Path,
    progress: Progress<'_>,
) -> Result<(), BuildError> {
    for (name, content) in [("go.mod", recipe.go_mod), ("go.sum", recipe.go_sum)] {
        let path = workshop.join(name);
        fs::write(&path, content).map_err(cache_error(&path))?;
    }
    fs::create_dir(products).map_err(cache_error(products))?;
    progress(&format!("compiling {what}, minutes the first time"));
    for (package, name) in recipe.packages {
        let product = products.join(name);
        // One package a time, because `go build` names a product after the last part of its path: etcd would be `v3`.
        go_build(recipe, package, workshop, &product, &|packages| {
            progress(&format!("compiling {name} of {what}: {packages} packages"));
        })
        .map_err(|failure| match failure {
            GoFailure::NotRun(source) => BuildError::NoGo(source),
            GoFailure::Refused(output) => BuildError::Failed { what: format!("{package} ({what})"), output },
        })?;
    }
    Ok(())
}

enum GoFailure {
    NotRun(io::Error),
    Refused(String),
}

/// Runs `go build -v`, which names each package as it is compiled, and reports their number now and then.
fn go_build(
    recipe: &Recipe,
    package: &str,
    workshop: &Path,
    product: &Path,
    compiled: &dyn Fn(usize),
) -> Result<(), GoFailure> {
    let mut go = Command::new("go")
        .args([
            "build",
            "-v",
            "-trimpath",
            "-buildvcs=false",
            "-mod=readonly",
            "-tags",
            recipe.tags,
            "-ldflags",
            &recipe.linker_flags(),
            "-o",
        ])
        .arg(product)
        .arg(package)
        .current_dir(workshop)
        // Static binaries; no C compiler needed.
        .env("CGO_ENABLED", "0")
        // A workspace file above the cache must not join in.
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(GoFailure::NotRun)?;
    let mut lines = Vec::new();
    let mut reported = Instant::now();
    if let Some(stderr) = go.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            lines.push(line.map_err(GoFailure::NotRun)?);
            if reported.elapsed() >= PROGRESS_INTERVAL {
                compiled(lines.len());
                reported = Instant::now();
            }
        }
    }
    let status = go.wait().map_err(GoFailure::NotRun)?;
    if status.success() {
        return Ok(());
    }
    let end = lines.len().saturating_sub(ERROR_LINES);
    Err(GoFailure::Refused(lines.split_off(end).join("\n")))
}

fn cache_error(path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
    let path = path.to_owned();
    move |source| BuildError::Cache { path, source }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    /// A program of Go's own distribution needs no download and compiles in seconds.
    const GOFMT: &[(&str, &str)] = &[("cmd/gofmt", "program")];

    fn recipe(packages: &'static [(&'static str, &'static str)]) -> Recipe {
        Recipe {
            name: "test",
            go_mod: "module example.invalid/test\n\ngo 1.25.0\n",
            go_sum: "",
            module: "example.invalid/program",
            packages,
            stamps: &[],
            tags: "",
        }
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn of_two_builders_one_builds_and_the_other_waits() {
        let home = tempfile::tempdir().unwrap();
        let said = Mutex::new(Vec::new());
        let build = || build_below(home.path(), &recipe(GOFMT), &|line| said.lock().unwrap().push(line.to_owned()));
        let (one, other) = thread::scope(|scope| {
            let (one, other) = (scope.spawn(build), scope.spawn(build));
            (one.join().unwrap().unwrap(), other.join().unwrap().unwrap())
        });
        assert_eq!(one, other);
        assert!(one.join("program").is_file());
        let said = said.into_inner().unwrap();
        let compiled = said.iter().filter(|line| line.starts_with("compiling test-unversioned,")).count();
        assert_eq!(compiled, 1, "{said:?}");
        let digest = recipe(GOFMT).digest();
        assert_eq!(entries(&home.path().join("telnyx-operator/test-unversioned")), [digest.as_str(), "lock"]);
    }

    #[test]
    fn a_failed_build_says_why_and_leaves_nothing_to_be_taken_for_a_program() {
        let home = tempfile::tempdir().unwrap();
        for _attempt in ["first", "again"] {
            let error = build_below(home.path(), &recipe(&[("cmd/no-such", "program")]), &|_| {}).unwrap_err();
            assert!(matches!(&error, BuildError::Failed { output, .. } if output.contains("cmd/no-such")), "{error}");
        }
        assert_eq!(entries(&home.path().join("telnyx-operator/test-unversioned")), ["lock"]);
    }

    #[test]
    fn the_cache_follows_the_xdg_specification() {
        let home = Some(PathBuf::from("/home/ann"));
        let cases = [
            (Some("/var/cache/ann"), home.clone(), Some("/var/cache/ann")),
            (Some("relative"), home.clone(), Some("/home/ann/.cache")),
            (Some(""), home.clone(), Some("/home/ann/.cache")),
            (None, home, Some("/home/ann/.cache")),
            (None, None, None),
        ];
        for (xdg, home, expected) in cases {
            let found = cache_home(xdg.map(PathBuf::from), home);
            assert_eq!(found.ok(), expected.map(PathBuf::from), "XDG_CACHE_HOME={xdg:?}");
        }
    }
}
