//! One line that shows where a campaign stands. Pure: a status in, a line out.

use serde_json::Value;

/// Width of the bar in characters.
const WIDTH: usize = 30;

/// The line for a campaign's `status`. Fields that are not there yet count as 0.
pub(crate) fn line(status: &Value) -> String {
    let count = |name: &str| status.pointer(&format!("/counts/{name}")).and_then(Value::as_u64).unwrap_or_default();
    let total = count("total");
    let ended: u64 = ["completed", "failed", "blocked", "expired"].into_iter().map(count).sum();
    let in_flight = count("claimed") + count("ringing") + count("live") + count("ambiguous");
    let filled = usize::try_from(ended * WIDTH as u64 / total.max(1)).unwrap_or(WIDTH).min(WIDTH);
    let phase = status.get("phase").and_then(Value::as_str).unwrap_or("Pending");
    format!(
        "[{}{}] {ended:>3}/{total} ended  {in_flight:>3} in flight  {:>3} to retry  {phase}",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        count("retryable"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_that_is_not_there_yet_is_an_empty_bar() {
        assert_eq!(line(&json!({})), format!("[{}]   0/0 ended    0 in flight    0 to retry  Pending", ".".repeat(30)));
    }

    #[test]
    fn what_ended_fills_the_bar_whatever_its_end() {
        let status = json!({"phase": "Dialing", "counts": {
            "total": 200, "completed": 80, "failed": 15, "blocked": 3, "expired": 2, "ringing": 20, "live": 30,
            "retryable": 10, "pending": 40
        }});
        let bar = format!("{}{}", "#".repeat(15), ".".repeat(15));
        assert_eq!(line(&status), format!("[{bar}] 100/200 ended   50 in flight   10 to retry  Dialing"));
    }
}
