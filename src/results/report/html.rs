//! The page around the plots.

/// Text that may stand anywhere in HTML, SVG and attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Light and dark as the reader's system has it; no file is fetched and no script is run.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#6b7280;--rule:#d8dee4;--one:#2563a8;--two:#1f883d;--three:#b35900}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9aa4b0;--rule:#30363d;--one:#6cb6ff;--two:#57ab5a;--three:#e0823d}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin-top:2.5rem}.sub{color:var(--soft);margin-top:0}
table{border-collapse:collapse}th,td{text-align:left;padding:.15rem 1.5rem .15rem 0;border-bottom:1px solid var(--rule)}td.n{text-align:right}
svg{width:100%;height:auto}svg text{font-size:12px;fill:var(--soft)}.grid{stroke:var(--rule)}.bar{fill:var(--one)}.part{fill:var(--two)}
.line{fill:none;stroke:var(--one);stroke-width:2}.limit{stroke:var(--three);stroke-dasharray:6 4}summary{color:var(--soft)}";

/// A whole page.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// A table with numbers at the right.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escaped(cell))).collect();
    let cell = |(index, cell): (usize, &String)| {
        let class = if index == 0 { "" } else { " class=\"n\"" };
        format!("<td{class}>{}</td>", escaped(cell))
    };
    let row = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        format!("<tr>{}</tr>", cells.concat())
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>\n", heads.concat(), rows.concat())
}

/// A plot with its numbers, for whoever wants to read them.
pub(super) fn section(title: &str, said: &str, plot: &str, numbers: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n<p>{}</p>\n{plot}\n<details><summary>Numbers</summary>\n{numbers}</details>\n</section>\n",
        escaped(title),
        escaped(said)
    )
}
