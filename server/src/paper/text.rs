//! Lines of text of any script, as far as one font goes.

use std::sync::LazyLock;

use krilla::geom::Point;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::BidiInfo;

/// DejaVu Sans: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, and many signs. Its licence lets anyone embed it.
static DATA: &[u8] = include_bytes!("../../assets/dejavu/DejaVuSans.ttf");
static FONT: LazyLock<Option<(Font, Face<'static>)>> =
    LazyLock::new(|| Some((Font::new(DATA.into(), 0)?, Face::from_slice(DATA, 0)?)));

/// What stands for a character that the font does not have.
pub const REPLACEMENT: char = '▯';
/// The height of a line, in its font's sizes.
const LEADING: f32 = 1.35;

/// Writes lines below each other.
pub struct Pen<'p, 's> {
    surface: &'p mut Surface<'s>,
    font: &'static Font,
    face: &'static Face<'static>,
    top: f32,
    replaced: bool,
}

impl<'p, 's> Pen<'p, 's> {
    /// Begins at a height.
    pub fn new(surface: &'p mut Surface<'s>, top: f32) -> Option<Self> {
        let (font, face) = FONT.as_ref()?;
        surface.set_fill(Some(Fill::default()));
        Some(Self { surface, font, face, top, replaced: false })
    }

    /// Whether some character was replaced.
    pub const fn replaced(&self) -> bool {
        self.replaced
    }

    /// Leaves room.
    pub const fn skip(&mut self, by: f32) {
        self.top += by;
    }

    /// Goes on no higher than here.
    pub const fn down_to(&mut self, top: f32) {
        self.top = self.top.max(top);
    }

    /// A text in as many lines as it needs, but no more than `most`: what does not fit ends in `…`.
    pub fn line(&mut self, size: f32, text: &str, left: f32, width: f32, most: usize) {
        for line in self.wrapped(size, text, width, most) {
            self.put(size, &line, left);
        }
    }

    /// A name and its value.
    pub fn fact(&mut self, name: &str, value: &str, left: f32, values: f32, width: f32) {
        let top = self.top;
        self.line(9.0, name, left, values - left, 1);
        self.top = top;
        self.line(9.0, value, values, width, 2);
        self.skip(2.0);
    }

    /// Lines as they are, down to a height; says when there are more.
    pub fn block(&mut self, size: f32, text: &str, left: f32, width: f32, bottom: f32) {
        let room = ((bottom - self.top) / (size * LEADING)) as usize;
        let mut lines = Vec::new();
        for line in text.lines() {
            lines.extend(self.wrapped(size, line, width, room));
            if lines.len() > room {
                lines.truncate(room.saturating_sub(1));
                lines.push("… the rest is in the attached file.".to_owned());
                break;
            }
        }
        lines.iter().for_each(|line| self.put(size, line, left));
    }

    /// A text in lines, broken at blanks where it can be. Measured a character at a time: what is joined is not wider.
    fn wrapped(&mut self, size: f32, text: &str, width: f32, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        // The line so far, its width, and where its last blank is.
        let (mut line, mut used, mut blank) = (String::new(), 0.0, None);
        for c in text.chars() {
            let Some(c) = self.readable(c) else { continue };
            let advance = self.advance(size, c);
            if used + advance > width && !line.is_empty() && c != ' ' {
                if lines.len() + 1 == most {
                    while used + self.advance(size, '…') > width {
                        used -= line.pop().map_or(used, |last| self.advance(size, last));
                    }
                    line.push('…');
                    break;
                }
                let rest = blank.map_or_else(String::new, |at| line.split_off(at));
                used = rest.chars().map(|c| self.advance(size, c)).sum();
                lines.push(std::mem::replace(&mut line, rest));
                blank = None;
            }
            line.push(c);
            used += advance;
            if c == ' ' {
                blank = Some(line.len());
            }
        }
        lines.push(line);
        lines
    }

    fn advance(&self, size: f32, c: char) -> f32 {
        let units = self.face.glyph_index(c).and_then(|glyph| self.face.glyph_hor_advance(glyph)).unwrap_or_default();
        f32::from(units) * size / self.face.units_per_em() as f32
    }

    /// What stands for a character. Controls and marks of direction say nothing to a reader; other strangers are replaced.
    fn readable(&mut self, c: char) -> Option<char> {
        match c {
            '\t' => Some(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' => None,
            c if c.is_control() => None,
            c if self.face.glyph_index(c).is_some() => Some(c),
            _ => {
                self.replaced = true;
                Some(REPLACEMENT)
            }
        }
    }

    /// Draws one line, each run of a direction on its own (Unicode's bidirectional algorithm).
    fn put(&mut self, size: f32, line: &str, left: f32) {
        self.top += size * LEADING;
        let bidi = BidiInfo::new(line, None);
        let mut x = left;
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let backwards = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
                let direction = if backwards { TextDirection::RightToLeft } else { TextDirection::LeftToRight };
                let text = &line[run];
                let at = Point::from_xy(x, self.top);
                self.surface.draw_text(at, self.font.clone(), size, text, false, direction);
                x += self.run_width(size, text, backwards);
            }
        }
    }

    fn run_width(&self, size: f32, text: &str, backwards: bool) -> f32 {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(if backwards { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(self.face, &[], buffer);
        let units: i32 = shaped.glyph_positions().iter().map(|glyph| glyph.x_advance).sum();
        units as f32 * size / self.face.units_per_em() as f32
    }
}
