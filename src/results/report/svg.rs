//! Two kinds of plots as inline SVG: bars, and lines over time.
//!
//! Promises text that is escaped, a title and a description for who cannot see it, and colours that the page's style
//! chooses (`currentColor` and classes), so that light and dark are no matter of this file.

use super::html::escaped;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
/// Room for the words beside and below the axes.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 10.0;

/// What a plot is called, and what it says in words.
pub(super) struct Words<'a> {
    /// Unique in the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
}

/// Upright bars, one for each name. `parts`: how much of each is filled in the second colour.
pub(super) fn bars(words: &Words<'_>, values: &[(String, f64, f64)]) -> String {
    let most = values.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    let top = ceiling(most);
    let room = WIDTH - LEFT - RIGHT;
    let step = room / count(values.len()).max(1.0);
    let mut body = vec![axis(top)];
    // Names that would run into each other are left out.
    let every = (values.len() / 16).max(1);
    for (index, (name, value, part)) in values.iter().enumerate() {
        let x = LEFT + step * count(index);
        for (class, value) in [("bar", *value), ("part", *part)] {
            let (y, height) = (at(value, top), HEIGHT - BOTTOM - at(value, top));
            let width = step * 0.8;
            body.push(format!(
                r#"<rect class="{class}" x="{:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#,
                x + step * 0.1
            ));
        }
        if index % every == 0 {
            let (x, y) = (x + step / 2.0, HEIGHT - BOTTOM + 16.0);
            body.push(format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#, escaped(name)));
        }
    }
    plot(words, &body.concat())
}

/// A line over time. `limit`: a level that is drawn across.
pub(super) fn line(words: &Words<'_>, points: &[(f64, f64)], ends: (&str, &str), limit: Option<f64>) -> String {
    let most = points.iter().map(|(_, value)| *value).chain(limit).fold(0.0, f64::max);
    let top = ceiling(most);
    let (from, to) = (points.first().map_or(0.0, |point| point.0), points.last().map_or(1.0, |point| point.0));
    let span = (to - from).max(1.0);
    let x = |time: f64| LEFT + (time - from) / span * (WIDTH - LEFT - RIGHT);
    let mut body = vec![axis(top)];
    if let Some(limit) = limit {
        let (y, right) = (at(limit, top), WIDTH - RIGHT);
        body.push(format!(r#"<line class="limit" x1="{LEFT}" x2="{right}" y1="{y:.1}" y2="{y:.1}"/>"#));
    }
    let path: Vec<String> =
        points.iter().map(|(time, value)| format!("{:.1},{:.1}", x(*time), at(*value, top))).collect();
    body.push(format!(r#"<polyline class="line" points="{}"/>"#, path.join(" ")));
    let (y, right) = (HEIGHT - BOTTOM + 16.0, WIDTH - RIGHT);
    body.push(format!(r#"<text x="{LEFT}" y="{y}">{}</text>"#, escaped(ends.0)));
    body.push(format!(r#"<text x="{right}" y="{y}" text-anchor="end">{}</text>"#, escaped(ends.1)));
    plot(words, &body.concat())
}

fn plot(words: &Words<'_>, body: &str) -> String {
    let Words { id, title, description } = words;
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{id}-title {id}-text"><title id="{id}-title">{}</title><desc id="{id}-text">{}</desc>{body}</svg>"#,
        escaped(title),
        escaped(description)
    )
}

/// Lines across, with their values.
fn axis(top: f64) -> String {
    let line = |share: f64| {
        let (value, y, right) = (top * share, at(top * share, top), WIDTH - RIGHT);
        let text = if top < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        format!(
            r#"<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{text}</text>"#,
            LEFT - 6.0,
            y + 4.0
        )
    };
    [0.0, 0.5, 1.0].map(line).concat()
}

/// Where a value lies.
fn at(value: f64, top: f64) -> f64 {
    HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)
}

/// The least of 1, 2, 5, 10, 20, … that is not below.
fn ceiling(value: f64) -> f64 {
    let mut top = 1.0;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if top >= value || top >= 1e12 {
            return top;
        }
        top *= factor;
    }
    top
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words { id: "a", title: "A <title>", description: "what & why" };

    #[test]
    fn words_are_escaped_and_tell_what_is_seen() {
        let svg = bars(&WORDS, &[("<x>".to_owned(), 3.0, 1.0)]);
        assert!(
            svg.contains("<title id=\"a-title\">A &lt;title&gt;</title>") && svg.contains("what &amp; why"),
            "{svg}"
        );
        assert!(
            svg.contains(">&lt;x&gt;</text>") && svg.contains(r#"role="img" aria-labelledby="a-title a-text""#),
            "{svg}"
        );
    }

    #[test]
    fn a_bar_of_half_the_axis_is_half_as_high() {
        let svg = bars(&WORDS, &[("x".to_owned(), 5.0, 0.0), ("y".to_owned(), 2.5, 0.0)]);
        assert!(svg.contains(r#"height="182.0""#) && svg.contains(r#"height="91.0""#), "{svg}");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let tops = [0.0, 1.0, 1.1, 3.0, 7.0, 11.0, 499.0].map(|value| format!("{:.1}", ceiling(value)));
        assert_eq!(tops, ["1.0", "1.0", "2.0", "5.0", "10.0", "20.0", "500.0"]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let svg = line(&WORDS, &[], ("", ""), None);
        assert!(svg.contains(r#"points="""#) && !svg.contains("NaN"), "{svg}");
        assert!(!bars(&WORDS, &[]).contains("NaN"));
    }
}
