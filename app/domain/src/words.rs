//! How figures are said to people: durations, sizes, counts, dates. UTC.

use crate::Moment;

/// "0 min", "38 ms", "1.2 s", "47 s", "11 min", "1 h 03 m", "7 days", "1 day". For milliseconds; never negative.
pub fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    let (second, minute, hour, day) = (1000, 60_000, 3_600_000, 86_400_000);
    match ms {
        0 => "0 min".to_owned(),
        _ if ms < second => format!("{ms} ms"),
        _ if ms < 10 * second => format!("{}.{} s", ms / second, ms % second / 100),
        _ if ms < 2 * minute => format!("{} s", ms / second),
        _ if ms < 2 * hour && ms % hour != 0 => {
            if ms < hour {
                format!("{} min", ms / minute)
            } else {
                format!("1 h {:02} m", ms % hour / minute)
            }
        }
        _ if ms < 2 * day && (ms < day || ms % day != 0) => {
            let (h, m) = (ms / hour, ms % hour / minute);
            if m == 0 { format!("{h} h") } else { format!("{h} h {m:02} m") }
        }
        _ => {
            let (d, h) = (ms / day, ms % day / hour);
            let days = if d == 1 { "1 day".to_owned() } else { format!("{d} days") };
            if h == 0 { days } else { format!("{days} {h} h") }
        }
    }
}

/// A text with no line break inside a duration: "5 h 30 m" stays whole.
pub fn unbroken(text: &str) -> String {
    const UNITS: [&str; 7] = ["ms", "s", "min", "h", "m", "day", "days"];
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    for (i, word) in text.split(' ').enumerate() {
        let figure = |word: &str| word.ends_with(|c: char| c.is_ascii_digit());
        let unit = |word: &str| UNITS.contains(&word.trim_end_matches([',', '.', ';', ':', ')']));
        let stays = (figure(before) && unit(word)) || (before == "h" && word.starts_with(|c: char| c.is_ascii_digit()));
        if i > 0 {
            out.push(if stays { '\u{a0}' } else { ' ' });
        }
        out.push_str(word);
        before = word;
    }
    out
}

/// "0:31", "62:08": minutes and seconds of a step; "38 ms" under a second.
pub fn clock(ms: i64) -> String {
    let ms = ms.max(0);
    if ms < 1000 {
        return format!("{ms} ms");
    }
    format!("{}:{:02}", ms / 60_000, ms % 60_000 / 1000)
}

/// "36:16", "9:59:59" from ten hours on: a clock that runs, to the second.
pub fn running(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (minutes, second) = (seconds / 60, seconds % 60);
    if minutes < 600 {
        format!("{minutes}:{second:02}")
    } else {
        format!("{}:{:02}:{second:02}", minutes / 60, minutes % 60)
    }
}

/// A duration short enough for a chart: "0.4 s", "47 s", "71 min", "24 h".
pub fn brief(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        _ if ms % 1000 == 0 && ms < 120_000 => format!("{} s", ms / 1000),
        _ if ms < 10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ if ms < 120_000 => format!("{} s", ms / 1000),
        _ if ms < 600 * 60_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

/// "358 653", with no-break spaces between groups of three.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(c);
    }
    if n < 0 { format!("−{out}") } else { out }
}

/// "31.6 GB", decimal units.
pub fn bytes(n: i64) -> String {
    let mut value = n.max(0) as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 || unit == "GB" {
            return if unit == "B" || value >= 100.0 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    unreachable!("the last unit returns")
}

/// "2026-11-16"
pub fn date(at: Moment) -> String {
    at.utc().format("%Y-%m-%d").to_string()
}

/// "16 November 2026"
pub fn long_date(at: Moment) -> String {
    at.utc().format("%-d %B %Y").to_string()
}

/// "2026-11-16 14:04"
pub fn date_time(at: Moment) -> String {
    at.utc().format("%Y-%m-%d %H:%M").to_string()
}

/// "14:04:18"
pub fn time(at: Moment) -> String {
    at.utc().format("%H:%M:%S").to_string()
}

/// "a8d0 e011": the first eight hex digits of a digest, in fours.
pub fn short_digest(hex: &str) -> String {
    groups(hex.get(..8).unwrap_or(hex))
}

/// A digest in groups of four.
pub fn groups(hex: &str) -> String {
    hex.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ")
}

/// "none", "one", "two" … "ten", then digits.
pub fn number(n: usize) -> String {
    const WORDS: [&str; 11] = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(n).map_or_else(|| n.to_string(), |w| (*w).to_owned())
}

/// "every day", "every 6 h"
pub fn every(ms: i64) -> String {
    match duration(ms).as_str() {
        "1 day" => "every day".to_owned(),
        "1 h" => "every hour".to_owned(),
        said => format!("every {said}"),
    }
}

/// The same with its first letter in upper case.
pub fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// "in 4 days", "tomorrow", "today", "17 days ago".
pub fn from_now(at: Moment, now: Moment) -> String {
    let days = (at.utc().date_naive() - now.utc().date_naive()).num_days();
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        d if d > 0 => format!("in {d} days"),
        d => format!("{} days ago", -d),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (ms, said) in [
            (0, "0 min"),
            (38, "38 ms"),
            (1_240, "1.2 s"),
            (47_900, "47 s"),
            (119_000, "119 s"),
            (11 * 60_000, "11 min"),
            (63 * 60_000, "1 h 03 m"),
            (3_600_000, "1 h"),
            (7_200_000, "2 h"),
            (6 * 3_600_000, "6 h"),
            (86_400_000, "1 day"),
            (7 * 86_400_000, "7 days"),
            (-5, "0 min"),
        ] {
            assert_eq!(duration(ms), said, "{ms}");
        }
    }

    #[test]
    fn a_duration_stays_on_one_line() {
        let said = "restored 5 h 30 m later, write 3.2 s, not 4 min, before 2026-11-22 at noon";
        assert_eq!(
            unbroken(said),
            "restored 5\u{a0}h\u{a0}30\u{a0}m later, write 3.2\u{a0}s, not 4\u{a0}min, before 2026-11-22 at noon"
        );
    }

    #[test]
    fn a_chart_says_a_time_in_one_unit() {
        for (ms, said) in [
            (0, "0 s"),
            (2_000, "2 s"),
            (412, "0.4 s"),
            (47_900, "47 s"),
            (62 * 60_000, "62 min"),
            (86_400_000, "24 h"),
        ] {
            assert_eq!(brief(ms), said);
        }
    }

    #[test]
    fn counts_are_grouped_and_sizes_decimal() {
        assert_eq!(count(358_653), "358\u{a0}653");
        assert_eq!(count(7), "7");
        assert_eq!(bytes(31_600_000_000), "31.6 GB");
        assert_eq!(bytes(212_000), "212 kB");
        assert_eq!(bytes(40), "40 B");
    }
}
