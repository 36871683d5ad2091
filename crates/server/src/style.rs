//! How commands that explain something look: colours on a terminal, lines of a readable length.

use std::fmt::Display;
use std::io::IsTerminal as _;

use anyhow::Result;

use crate::environment::Environment;

/// Prose is broken before this column.
const WIDTH: usize = 96;

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Coloured,
    Plain,
}

impl Style {
    /// Colours where standard output is a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn of_output(environment: &Environment) -> Result<Self> {
        let is_plain = environment.get("NO_COLOR")?.is_some() || !std::io::stdout().is_terminal();
        Ok(if is_plain { Self::Plain } else { Self::Coloured })
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.painted("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.painted("2", text)
    }

    pub(crate) fn bad(self, text: impl Display) -> String {
        self.painted("31", text)
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.painted("32", text)
    }

    pub(crate) fn careful(self, text: impl Display) -> String {
        self.painted("33", text)
    }

    fn painted(self, code: &str, text: impl Display) -> String {
        match self {
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_string(),
        }
    }
}

/// Prose in lines, each after the first indented by so many columns. What stands in the text as a line
/// of its own stays one; one that begins with a space is no prose, and is not broken.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut wrapped = String::new();
    for (index, paragraph) in text.lines().enumerate() {
        if index > 0 {
            wrapped += &format!("\n{margin}");
        }
        if paragraph.starts_with(' ') {
            wrapped += paragraph;
            continue;
        }
        let mut column = indent;
        for word in paragraph.split(' ') {
            let width = word.chars().count() + 1;
            if column > indent && column + width > WIDTH {
                wrapped += &format!("\n{margin}");
                column = indent;
            } else if column > indent {
                wrapped.push(' ');
            }
            wrapped += word;
            column += width;
        }
    }
    wrapped
}

/// Text of a stranger without what moves a terminal's cursor or changes its colours.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words() {
        let text = "word ".repeat(30);
        let wrapped = wrapped(text.trim_end(), 4);
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().count(), 30);
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("    word")));
    }

    #[test]
    fn a_stranger_moves_no_cursor() {
        assert_eq!(harmless("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
