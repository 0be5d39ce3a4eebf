//! The model is pure: no clock, no entropy, no I/O, checked by reading its source.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

const FORBIDDEN: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "hyper",
    "std::net",
    "std::fs",
    "std::thread",
    "SystemTime",
    "Instant",
    "rand::rng()",
    "crate::server",
];

fn read(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, check);
        } else {
            check(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_model_uses_no_clock_no_entropy_and_no_sockets() {
    let mut files = 0;
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model"), &mut |path, source| {
        files += 1;
        for word in FORBIDDEN {
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    });
    assert!(files > 20, "the model was read");
}
