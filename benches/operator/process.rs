//! What the kernel says a process has used: CPU seconds and resident memory, from `/proc`. Linux only.

use std::fs;

/// CPU seconds (user and system) that process `pid` has used so far, or `None` when it is gone.
///
/// The kernel counts in ticks of 10 ms (`proc_pid_stat(5)`, fields utime and stime; `USER_HZ` is 100 on Linux).
pub(crate) fn cpu_seconds(pid: u32) -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name is in parentheses and may hold spaces; the fields follow the last one.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// Resident memory of process `pid` in MB (10⁶ bytes), or `None` when it is gone.
pub(crate) fn resident_mb(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1_000_000.0)
}
