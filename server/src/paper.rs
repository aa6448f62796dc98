//! A receipt on one page of paper: what happened, where the log holds it, and how to check it. The bundle is attached.

use domain::Problem;
use domain::receipts::{Receipt, Relation, Standing, State};
use krilla::configure::{Archival, Configuration, ConfigurationBuilder};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{PathBuilder, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};
use qrcode::{Color, QrCode};
use time::OffsetDateTime;

mod text;

use text::Pen;

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 54.0;
/// The side of the QR code.
const QR: f32 = 112.0;
/// Where values begin.
const VALUES: f32 = 150.0;
/// Lines of who erased the contents, and why: reasons have an end too.
const ERASED_LINES: usize = 18;
/// Other receipts that are named; a page has an end.
const REFS: usize = 4;
/// Where the contents end, and what is said below them begins.
const CONTENTS_END: f32 = 742.0;

/// Where the QR code leads.
pub struct Link {
    /// The address.
    pub url: String,
    /// It is this receipt's own page, not the one that checks files.
    pub shared: bool,
}

/// The PDF (PDF/A-3b where the text allows it) with the bundle inside.
pub fn receipt(receipt: &Receipt, bundle: &[u8], link: &Link) -> Result<Vec<u8>, Problem> {
    let archival = ConfigurationBuilder::new().with_archival_validator(Archival::A3_B).finish();
    let archival = archival.map_err(|error| Problem::internal(format!("{error:?}")))?;
    // The validator refuses some text that readers show well enough.
    write(receipt, bundle, link, archival)
        .or_else(|_| write(receipt, bundle, link, Configuration::default()))
        .map_err(|error| Problem::internal(format!("{error:?}")))
}

fn write(
    receipt: &Receipt,
    bundle: &[u8],
    link: &Link,
    configuration: Configuration,
) -> Result<Vec<u8>, krilla::error::KrillaError> {
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let at = date(receipt.summary.issued_at);
    let title = format!("Receipt {}", receipt.summary.id);
    document.set_metadata(
        Metadata::new().title(title).language("en".to_owned()).creator("CertNode".to_owned()).creation_date(at),
    );
    let size = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
    let mut page = document.start_page_with(size);
    let mut surface = page.surface();
    draw(&mut surface, receipt, link);
    surface.finish();
    page.finish();
    // Its name is one of a kind, so there is nothing to refuse.
    let _ = document.embed_file(EmbeddedFile {
        path: format!("{}.certnode", receipt.summary.id),
        mime_type: MimeType::new("application/json"),
        description: Some(
            "The receipt with its proof: check it with certnode verify, or at the address on the page.".to_owned(),
        ),
        association_kind: AssociationKind::Source,
        data: bundle.to_vec().into(),
        modification_date: Some(at),
        compress: None,
        location: None,
    });
    document.finish()
}

fn draw(surface: &mut Surface<'_>, receipt: &Receipt, link: &Link) {
    qr(surface, &link.url, PAGE.0 - MARGIN - QR, MARGIN);
    let Some(mut pen) = Pen::new(surface, MARGIN) else { return };
    let summary = &receipt.summary;
    let width = PAGE.0 - 2.0 * MARGIN;
    let beside_qr = width - QR - 18.0;
    pen.line(9.0, "CertNode receipt", MARGIN, beside_qr, 1);
    pen.skip(6.0);
    let title = summary.reference.clone().unwrap_or_else(|| summary.kind.replace('_', " "));
    pen.line(20.0, &title, MARGIN, beside_qr, 2);
    if let Some(money) = &summary.amount {
        pen.skip(4.0);
        pen.line(15.0, &format!("{} {}", money.value(), money.currency), MARGIN, beside_qr, 1);
    }
    let ended = match summary.standing {
        Standing::Active => None,
        Standing::Revoked => Some("REVOKED: it held no longer when this page was made."),
        Standing::Superseded => Some("SUPERSEDED: another receipt held in its place when this page was made."),
    };
    if let Some(ended) = ended {
        pen.skip(4.0);
        pen.line(11.0, ended, MARGIN, beside_qr, 2);
    }
    if receipt.mode == domain::Mode::Test {
        pen.skip(4.0);
        pen.line(11.0, "TEST: made to try things out. It certifies nothing that happened.", MARGIN, beside_qr, 2);
    }
    pen.down_to(MARGIN + QR + 4.0);
    let leads = if link.shared { "This receipt, online: " } else { "Check the attached file at: " };
    pen.line(8.0, &format!("{leads}{}", link.url), MARGIN, width, 2);
    pen.skip(10.0);
    for (name, value) in facts(receipt) {
        pen.fact(name, &value, MARGIN, VALUES, PAGE.0 - MARGIN - VALUES);
    }
    pen.skip(10.0);
    pen.line(11.0, "Contents, exactly as certified", MARGIN, width, 1);
    pen.skip(3.0);
    match &receipt.payload {
        Some(payload) => pen.block(8.0, &app::receipts::pretty(payload), MARGIN, width, CONTENTS_END),
        None => pen.line(9.0, &erased(receipt), MARGIN, width, ERASED_LINES),
    }
    closing(&mut pen, receipt, width);
}

/// What the reader must know of the page itself.
fn closing(pen: &mut Pen<'_, '_>, receipt: &Receipt, width: f32) {
    pen.down_to(CONTENTS_END + 10.0);
    let missing = if pen.replaced() {
        format!(
            " {} stands for a character that the font of this page does not have; the file has it.",
            text::REPLACEMENT
        )
    } else {
        String::new()
    };
    let said = format!(
        "The proof is the file {}.certnode, attached to this PDF: this page only shows what is in it. Take the file out and check \
        it with “certnode verify”, or in a browser at the address above, without asking us. Formats: RFC 6962, RFC 8785, \
        Ed25519, C2SP.{missing}",
        receipt.summary.id
    );
    pen.line(8.0, &said, MARGIN, width, 5);
}

/// Where contents were: since when they are gone, and, as far as that is kept, by whom, why, and which receipt tells of it.
fn erased(receipt: &Receipt) -> String {
    let Some(erasure) = &receipt.life.erasure else {
        return "The contents are not there. What was signed about them still holds.".to_owned();
    };
    let mut said = format!("The contents were erased on {}", written(erasure.erased_at));
    if !erasure.erased_by.is_empty() {
        said.push_str(&format!(" by {}", erasure.erased_by));
    }
    if !erasure.reason.is_empty() {
        said.push_str(&format!(", because: “{}”", erasure.reason));
    }
    said.push_str(". What was signed about them still holds.");
    if let Some(record) = erasure.record {
        said.push_str(&format!(" The record of it is the receipt {record}."));
    }
    said
}

/// The receipts that this one refers to, and the one that ended it, each with how.
fn others(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let how = |relation| match relation {
        Relation::Revokes => "Revokes",
        Relation::Supersedes => "Takes the place of",
        Relation::RelatesTo if receipt.summary.kind == "payload_erased" => "Erasure of",
        Relation::RelatesTo => "Has to do with",
    };
    let mut facts = Vec::new();
    if let Some(by) = receipt.life.ended_by() {
        let ended = if by.relation == Relation::Supersedes { "Superseded by" } else { "Revoked by" };
        facts.push((ended, by.id.to_string()));
    }
    let refs = &receipt.life.refs;
    // What it puts an end to comes first.
    let (ends, others) = (refs.iter().filter(|r| r.relation.ends()), refs.iter().filter(|r| !r.relation.ends()));
    facts.extend(ends.chain(others).take(REFS).map(|other| (how(other.relation), other.id.to_string())));
    if refs.len() > REFS {
        facts.push(("And", format!("{} more, which the attached file names", refs.len() - REFS)));
    }
    facts
}

fn facts(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let (summary, proof, status) = (&receipt.summary, &receipt.proof, &receipt.status);
    let mut state = match summary.state {
        State::Issued => "issued".to_owned(),
        State::Included => "included in the log".to_owned(),
        State::Anchored | State::Witnessed => "included in the log, which the root log has".to_owned(),
    };
    if let Some(anchored) = status.anchored {
        state.push_str(&format!(" as entry {}", anchored.root_index));
    }
    if !status.witnesses.is_empty() {
        let (count, names) = (status.witnesses.len(), status.witnesses.join(", "));
        state.push_str(&format!("; seen by {count} of {} witnesses: {names}", status.asked));
    }
    let mut facts = vec![
        ("Kind", summary.kind.clone()),
        ("Reference", summary.reference.clone().unwrap_or_else(|| "–".to_owned())),
    ];
    facts.extend(others(receipt));
    // Erasing takes the time of happening away, as it is one of the contents.
    if receipt.life.erasure.is_none() {
        facts.push(("Happened", written(summary.occurred_at)));
    }
    facts.extend([
        ("Certified", written(summary.issued_at)),
        ("State", state),
        ("Receipt", summary.id.to_string()),
        ("Log", proof.origin.clone()),
        ("Entry", format!("{} of {}", proof.log_index, proof.tree_size)),
        ("Leaf hash", proof.leaf_hash.clone()),
        ("Log key", proof.keys.log.clone()),
        ("Issuing key", proof.keys.issuing.clone()),
    ]);
    facts
}

fn written(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())
}

fn date(at: OffsetDateTime) -> DateTime {
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(at.month().into())
        .day(at.day())
        .hour(at.hour())
        .minute(at.minute())
        .second(at.second())
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// The address as squares; a quiet zone of four modules is around them.
fn qr(surface: &mut Surface<'_>, url: &str, left: f32, top: f32) {
    let Ok(code) = QrCode::new(url) else { return };
    let module = QR / (code.width() + 8) as f32;
    let mut squares = PathBuilder::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = ((at % code.width() + 4) as f32, (at / code.width() + 4) as f32);
        if let Some(square) = Rect::from_xywh(left + x * module, top + y * module, module, module) {
            squares.push_rect(square);
        }
    }
    if let Some(path) = squares.finish() {
        surface.set_fill(Some(Fill::default()));
        surface.draw_path(&path);
    }
}

#[cfg(test)]
mod tests;
