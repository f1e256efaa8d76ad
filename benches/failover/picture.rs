//! The measurement as a picture: an SVG, drawn from figures alone. Reads no clock and writes no file.

use std::fmt::{Display, Write};
use std::time::Duration;

use crate::summary::{Results, Summary, median, short};

/// The lines above the rows.
pub struct Caption {
    pub rounds: usize,
    pub consul: String,
    pub program: String,
    pub day: String,
    /// The machine's load average.
    pub load: String,
}

/// One mode, as it is drawn.
pub struct Row {
    title: &'static str,
    /// The event at which its times start.
    from: &'static str,
    /// The time of each failover, sorted.
    times: Vec<Duration>,
    wrong: Duration,
    two_tagged: Duration,
    is_complete: bool,
}

impl Row {
    pub fn of(results: &Results) -> Row {
        let summary = Summary::of_mode(&results.rounds);
        Row {
            title: results.mode.title,
            from: if results.mode.grace.is_some() { "from the fault" } else { "from detection" },
            times: summary.dns,
            wrong: summary.wrong.time,
            two_tagged: summary.two_tagged,
            is_complete: results.broken_off.is_none(),
        }
    }
}

const WIDTH: u32 = 940;
const MARGIN: u32 = 24;
/// Where the strip with the dots ends. The columns of figures follow, each given by its right edge.
const STRIP_END: u32 = 500;
const COLUMNS: [(u32, &str); 5] =
    [(574, "failovers"), (660, "median"), (740, "worst"), (826, "DNS wrong"), (WIDTH - MARGIN, "two tagged")];
const ROWS_BEGIN: u32 = 100;
const ROW: u32 = 56;

/// The picture has its own background, so it is readable on any page. Its colours follow the reader's colour scheme.
const STYLE: &str = "
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
.title { font-size: 19px; font-weight: 600 }
.mode { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace }
.muted { fill: #59636e; font-size: 12px }
.good { fill: #1a7f37 } .bad { fill: #cf222e; font-weight: 600 }
.panel { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #d0d7de }
.dot { fill: #0969da; fill-opacity: .4 } .median { stroke: #0969da; stroke-width: 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .muted { fill: #9198a1 } .good { fill: #3fb950 } .bad { fill: #ff7b72 }
.panel { fill: #0d1117; stroke: #3d444d } .grid { stroke: #3d444d }
.dot { fill: #58a6ff; fill-opacity: .6 } .median { stroke: #58a6ff }
}
";

/// Draws all rows below one caption.
pub fn picture(caption: &Caption, rows: &[Row]) -> String {
    let count = u32::try_from(rows.len()).unwrap_or_default();
    let rows_end = ROWS_BEGIN + ROW * count;
    let height = rows_end + 102;
    let axis = Axis::over(rows);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\">\n\
         <title>How long until the DNS name answers with the new master</title>\n<style>{STYLE}</style>\n\
         <rect class=\"panel\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
        WIDTH - 1,
        height - 1
    );
    svg += &text(MARGIN, 36, "title", "start", "How long until the DNS name answers with the new master");
    let Caption { rounds, consul, program, day, load } = caption;
    let said = format!(
        "{program}, {rounds} rounds per mode, real faults on Consul {consul}, {day}, load average {load}. A dot is one failover."
    );
    svg += &text(MARGIN, 58, "muted", "start", &said);
    for (x, name) in COLUMNS {
        svg += &text(x, ROWS_BEGIN - 10, "muted", "end", name);
    }
    svg += &axis.labels(rows_end);
    for (row, y) in rows.iter().zip((ROWS_BEGIN..).step_by(ROW as usize)) {
        svg += &strip(row, y, &axis);
        svg += &figures(row, y);
    }
    for (line, y) in NOTES.iter().zip((rows_end + 52..).step_by(18)) {
        svg += &text(MARGIN, y, "muted", "start", line);
    }
    svg + "</svg>\n"
}

const NOTES: [&str; 3] = [
    "From detection: since the servers ended the old master's session. From the fault: since redis died. The bar is the median.",
    "DNS wrong: time in which DNS named two instances, or one without the lock. Two tagged: time in which two passing instances",
    "were tagged master. Both over all rounds of the mode, including faults that end no leadership.",
];

/// Draws the title of a mode and a dot for each of its failovers.
fn strip(row: &Row, y: u32, axis: &Axis) -> String {
    let middle = y + 36;
    let broken = if row.is_complete { "" } else { " (broken off)" };
    let mut svg = text(MARGIN, y + 16, "mode", "start", &format!("{}{broken}", row.title));
    svg += &axis.grid(y + 24);
    for time in &row.times {
        let _ = writeln!(svg, "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{middle}\" r=\"4.5\"/>", axis.place(*time));
    }
    if let Some(time) = median(&row.times) {
        let x = axis.place(time);
        let (top, bottom) = (middle - 9, middle + 9);
        let _ = writeln!(svg, "<path class=\"median\" d=\"M{x:.1} {top}V{bottom}\"/>");
    }
    svg
}

/// Draws the columns on the right of a row.
fn figures(row: &Row, y: u32) -> String {
    let time = |time: Option<Duration>| time.map_or("-".to_owned(), short);
    let verdict = |time: Duration| if time.is_zero() { "good" } else { "bad" };
    let cells = [
        ("", row.times.len().to_string()),
        ("", time(median(&row.times))),
        ("", time(row.times.last().copied())),
        (verdict(row.wrong), short(row.wrong)),
        (verdict(row.two_tagged), short(row.two_tagged)),
    ];
    let mut svg: String =
        COLUMNS.iter().zip(cells).map(|((x, _), (class, cell))| text(*x, y + 40, class, "end", &cell)).collect();
    svg += &text(WIDTH - MARGIN, y + 16, "muted", "end", row.from);
    svg
}

/// A logarithmic axis of whole decades, in milliseconds.
struct Axis {
    first: i32,
    last: i32,
}

impl Axis {
    /// Covers all times, and at least 10 to 100 ms.
    fn over(rows: &[Row]) -> Axis {
        let exponents = || rows.iter().flat_map(|row| &row.times).map(|time| exponent(*time));
        let first = exponents().fold(1.0, f64::min).floor();
        let last = exponents().fold(first + 1.0, f64::max).ceil();
        #[allow(clippy::cast_possible_truncation)] // Small whole numbers.
        Axis { first: first as i32, last: last as i32 }
    }

    fn decades(&self) -> impl Iterator<Item = Duration> {
        (self.first..=self.last).map(|exponent| Duration::from_secs_f64(10_f64.powi(exponent) / 1000.0))
    }

    fn place(&self, time: Duration) -> f64 {
        let part = (exponent(time) - f64::from(self.first)) / f64::from(self.last - self.first);
        f64::from(MARGIN + 8) + part * f64::from(STRIP_END - MARGIN - 16)
    }

    fn grid(&self, top: u32) -> String {
        let lines = self.decades().map(|time| format!("M{:.1} {top}v24", self.place(time)));
        format!("<path class=\"grid\" d=\"{}\"/>\n", lines.collect::<String>())
    }

    fn labels(&self, bottom: u32) -> String {
        let mut svg = String::new();
        for time in self.decades() {
            let x = self.place(time);
            let name = if time < Duration::from_secs(1) {
                format!("{} ms", time.as_millis())
            } else {
                format!("{} s", time.as_secs())
            };
            svg += &text(format!("{x:.1}"), bottom + 18, "muted", "middle", &name);
        }
        svg
    }
}

/// Returns the decimal logarithm of the milliseconds; less than 1 ms counts as 1 ms.
fn exponent(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).max(1.0).log10()
}

fn text(x: impl Display, y: u32, class: &str, anchor: &str, content: &str) -> String {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"{anchor}\">{content}</text>\n")
}
