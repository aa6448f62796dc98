//! The PDF of a receipt, as programs of others read it.

use axum::body::Body;
use ledger::verify::verify;
use lopdf::content::Operation;
use lopdf::{Document, Object};
use rqrr::PreparedImage;

use super::Served;

/// What is filled first on the page, in its coordinates: for each shape its left, bottom, right and top.
fn first_fill(operations: &[Operation]) -> Vec<[f32; 4]> {
    let (mut at, mut kept) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new());
    let (mut points, mut shapes): (Vec<(f32, f32)>, Vec<[f32; 4]>) = (Vec::new(), Vec::new());
    for Operation { operator, operands } in operations {
        let numbers: Vec<f32> = operands.iter().filter_map(|operand| operand.as_float().ok()).collect();
        let place = |x: f32, y: f32| (at[0] * x + at[2] * y + at[4], at[1] * x + at[3] * y + at[5]);
        match (operator.as_str(), numbers.as_slice()) {
            ("q", _) => kept.push(at),
            ("Q", _) => at = kept.pop().unwrap(),
            ("cm", &[a, b, c, d, e, f]) => {
                let (x, y) = place(e, f);
                let turned = |x: f32, y: f32| (at[0] * x + at[2] * y, at[1] * x + at[3] * y);
                let ((a, b), (c, d)) = (turned(a, b), turned(c, d));
                at = [a, b, c, d, x, y];
            }
            ("re", &[x, y, width, height]) => points.extend([place(x, y), place(x + width, y + height)]),
            ("m" | "l", &[x, y]) => points.push(place(x, y)),
            ("f" | "f*" | "F", _) if !shapes.is_empty() || !points.is_empty() => return shapes,
            _ => {}
        }
        if matches!(operator.as_str(), "re" | "h") {
            let (xs, ys): (Vec<f32>, Vec<f32>) = points.iter().copied().unzip();
            let least = |of: &[f32]| of.iter().copied().fold(f32::MAX, f32::min);
            let most = |of: &[f32]| of.iter().copied().fold(f32::MIN, f32::max);
            shapes.push([least(&xs), least(&ys), most(&xs), most(&ys)]);
            points.clear();
        }
    }
    shapes
}

/// What the squares say to a camera above the page.
fn decode(squares: &[[f32; 4]]) -> String {
    let module = squares[0][2] - squares[0][0];
    let left = squares.iter().map(|square| square[0]).fold(f32::MAX, f32::min);
    let top = squares.iter().map(|square| square[3]).fold(f32::MIN, f32::max);
    let cell = |square: &[f32; 4]| {
        (((square[0] - left) / module).round() as usize, ((top - square[3]) / module).round() as usize)
    };
    let dark: std::collections::HashSet<(usize, usize)> = squares.iter().map(cell).collect();
    let width = dark.iter().map(|(x, _)| x + 1).max().unwrap();
    // Six pixels a module, and a quiet zone of four around.
    let side = 6 * (width + 8);
    let is_dark = |x: usize, y: usize| {
        let (x, y) = ((x / 6).checked_sub(4), (y / 6).checked_sub(4));
        x.zip(y).is_some_and(|place| dark.contains(&place))
    };
    let mut image = PreparedImage::prepare_from_greyscale(side, side, |x, y| if is_dark(x, y) { 0 } else { 255 });
    let found = image.detect_grids();
    assert_eq!(found.len(), 1, "one code");
    found[0].decode().unwrap().1
}

/// The files attached to a PDF, by their names.
fn attached(document: &Document) -> Vec<(String, Vec<u8>)> {
    let dictionaries = document.objects.values().filter_map(|object| object.as_dict().ok());
    let files = dictionaries.filter(|dictionary| dictionary.has(b"EF"));
    let file = files.map(|file| {
        let name = lopdf::decode_text_string(file.get(b"UF").unwrap()).unwrap();
        let id = file.get(b"EF").and_then(Object::as_dict).unwrap().get(b"F").and_then(Object::as_reference).unwrap();
        let stream = document.get_object(id).and_then(Object::as_stream).unwrap();
        (name, stream.decompressed_content().unwrap_or_else(|_| stream.content.clone()))
    });
    file.collect()
}

#[tokio::test]
async fn the_code_on_the_page_leads_to_the_receipt_and_the_file_in_it_verifies() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let made = served.post_receipt(&key, None, r#"{"reference":"order-1001","data":{"who":"Zoë"}}"#).await.json();
    let path = |name: &str| format!("/v1/receipts/{}/{name}", made["id"].as_str().unwrap());
    domain::anchors::anchor(&served.world.domain).await.unwrap();
    let pdf = async || {
        let file = served.api(&key, "GET", &path("pdf"), &[], Body::empty()).await;
        Document::load_mem(&file.body).unwrap()
    };
    let code = |document: &Document| {
        let page = *document.get_pages().get(&1).unwrap();
        decode(&first_fill(&document.get_and_decode_page_content(page).unwrap().operations))
    };
    let document = pdf().await;
    assert!(code(&document).ends_with("/verify"), "{}", code(&document));
    let shared = served.api(&key, "PUT", &path("share"), &[], Body::empty()).await.json();
    let document = pdf().await;
    assert_eq!(code(&document), shared["url"].as_str().unwrap());

    let files = attached(&document);
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].0, format!("{}.certnode", made["id"].as_str().unwrap()));
    let bundle = served.api(&key, "GET", &path("bundle"), &[], Body::empty()).await.body;
    assert!(files[0].1 == bundle, "the same file as is handed out alone");
    let report = verify(&files[0].1, None);
    assert!(report.is_verified(), "{:?}", report.steps);
}
