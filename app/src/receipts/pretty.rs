//! Canonical JSON, for reading.

/// Canonical JSON with line ends and indents; the words are untouched.
pub fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut text) = (String::with_capacity(json.len() * 2), 0, Text::default());
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if text.holds(c) {
            out.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth = usize::saturating_sub(depth, 1);
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

/// Whether we are within quotes.
#[derive(Default)]
struct Text {
    inside: bool,
    escaped: bool,
}

impl Text {
    /// Whether the next character belongs to a text, its quotes included.
    fn holds(&mut self, c: char) -> bool {
        let held = self.inside || c == '"';
        if c == '"' && !self.escaped {
            self.inside = !self.inside;
        }
        self.escaped = self.inside && !self.escaped && c == '\\';
        held
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests;
