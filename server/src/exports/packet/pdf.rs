//! The book as a PDF file: fonts cut down to the letters used, shapes, links, outline, fixed ids.

use std::collections::{BTreeMap, BTreeSet};

use allsorts::{
    binary::read::ReadScope,
    font_data::FontData,
    subset::{CmapTarget, SubsetProfile, subset},
};
use domain::Moment;
use lopdf::{Dictionary, Object, ObjectId, StringFormat, dictionary};
use printpdf::{
    Actions, BorderArray, Color, Destination, FontId, HighlightingMode, Line, LineCapStyle, LineDashPattern,
    LineJoinStyle, LinePoint, LinkAnnotation, Mm, OffsetDateTime, Op, PaintMode, ParsedFont, PdfDocument, PdfFont,
    PdfFontHandle, PdfPage, PdfSaveOptions, Point, Polygon, PolygonRing, Pt, Rect, Rgb, TextItem, TextMatrix,
    WindingOrder,
};
use sha2::{Digest, Sha256};

use super::{
    PacketError,
    face::Face,
    page::{Book, Draw, Page},
    text::{Ink, Style},
};
use crate::exports::content::Content;

const A4: (f32, f32) = (210.0, 297.0);
const HEIGHT_PT: f32 = 841.89;
const PX: f32 = 0.75;

/// What the file says of itself.
pub struct About {
    pub title: String,
    pub author: String,
    pub subject: String,
    pub identifier: String,
    pub made_at: Moment,
    /// What makes its id: the same parts, the same id.
    pub seed: Vec<String>,
}

impl About {
    pub fn bundle(content: &Content) -> Self {
        let (org, id, period) = (content.org.clone(), content.id.clone(), content.period_name.clone());
        Self {
            title: format!("{org}, evidence of recovery, {period}"),
            subject: format!("Evidence bundle {id}, {period}"),
            made_at: content.made_at,
            seed: vec![org.clone(), id.clone(), period, content.made_at.rfc3339(), content.log.head.root.clone()],
            author: org,
            identifier: id,
        }
    }
}

/// Writes the file.
pub fn write(book: &Book, about: &About) -> Result<Vec<u8>, PacketError> {
    let mut pdf = PdfDocument::new(&about.title);
    let at = OffsetDateTime::from_unix_timestamp(about.made_at.millis().div_euclid(1000))
        .map_err(|e| PacketError::Pdf(e.to_owned()))?;
    let info = &mut pdf.metadata.info;
    (info.creation_date, info.modification_date, info.metadata_date) = (at, at, at);
    info.author = about.author.clone();
    info.subject = about.subject.clone();
    info.creator = "Passmuster".to_owned();
    info.producer = "Passmuster, printpdf".to_owned();
    info.identifier = about.identifier.clone();

    for (face, letters) in letters(book) {
        pdf.resources.fonts.map.insert(id(face), PdfFont::new(cut(face, &letters)?));
    }
    pdf.with_pages(book.pages.iter().map(page).collect());

    let mut warnings = Vec::new();
    let mut doc = pdf.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    if let Some(error) = warnings.iter().find(|w| w.severity == printpdf::PdfParseErrorSeverity::Error) {
        return Err(PacketError::Pdf(error.msg.clone()));
    }
    settle(&mut doc, book, about).map_err(|e| PacketError::Pdf(e.to_string()))?;
    doc.compress();
    let mut bytes = Vec::new();
    doc.save_to(&mut bytes).map_err(|e| PacketError::Pdf(e.to_string()))?;
    Ok(bytes)
}

fn id(face: Face) -> FontId {
    FontId(face.name().replace('-', ""))
}

/// The letters drawn in each font.
fn letters(book: &Book) -> BTreeMap<Face, BTreeSet<char>> {
    let mut all: BTreeMap<Face, BTreeSet<char>> = BTreeMap::new();
    for draw in book.pages.iter().flat_map(|p| &p.canvas.drawn) {
        if let Draw::Words { style, text, .. } = draw {
            all.entry(style.face).or_default().extend(style.face.drawn(text).chars());
        }
    }
    all
}

/// A font with only these letters, numbered from 1 in their order.
///
/// printpdf itself embeds whole fonts as it is built here, so the cutting is done before it.
fn cut(face: Face, letters: &BTreeSet<char>) -> Result<ParsedFont, PacketError> {
    let failed = |what: String| PacketError::Font(face.name(), what);
    let whole = face.parsed().ok_or_else(|| failed("not a font".to_owned()))?;
    let mut glyphs: Vec<u16> = letters.iter().filter_map(|c| whole.lookup_glyph_index(*c as u32)).collect();
    glyphs.push(0);
    glyphs.sort_unstable();
    glyphs.dedup();

    let file = ReadScope::new(face.file()).read::<FontData<'_>>().map_err(|e| failed(e.to_string()))?;
    let tables = file.table_provider(0).map_err(|e| failed(e.to_string()))?;
    let bytes =
        subset(&tables, &glyphs, &SubsetProfile::Pdf, CmapTarget::Unicode).map_err(|e| failed(e.to_string()))?;
    let tag: String = Sha256::digest(&bytes).iter().take(6).map(|b| char::from(b'A' + b % 26)).collect();

    let mut small =
        ParsedFont::from_bytes(&bytes, 0, &mut Vec::new()).ok_or_else(|| failed("cut beyond reading".to_owned()))?;
    small.font_name = Some(format!("{tag}+{}", face.name()));
    small.pdf_font_metrics = whole.pdf_font_metrics.clone();
    small.codepoint_to_glyph = letters
        .iter()
        .filter_map(|c| {
            let old = whole.lookup_glyph_index(*c as u32)?;
            let new = glyphs.binary_search(&old).ok().and_then(|i| u16::try_from(i).ok())?;
            Some((*c as u32, new))
        })
        .collect();
    Ok(small)
}

fn at(x: f32, y: f32) -> Point {
    Point { x: Pt(round(x * PX)), y: Pt(round(HEIGHT_PT - y * PX)) }
}

fn round(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn colour(ink: Ink) -> Color {
    let part = |byte: u8| (f32::from(byte) / 255.0 * 1000.0).round() / 1000.0;
    Color::Rgb(Rgb::new(part(ink.0), part(ink.1), part(ink.2), None))
}

/// What was set last, so that it is not set again.
#[derive(Default)]
struct Last {
    fill: Option<Ink>,
    stroke: Option<Ink>,
    thickness: Option<f32>,
    dash: Option<[f32; 2]>,
    style: Option<(Face, f32)>,
    tracking: f32,
}

fn page(page: &Page) -> PdfPage {
    let mut ops =
        vec![Op::SetLineCapStyle { cap: LineCapStyle::Butt }, Op::SetLineJoinStyle { join: LineJoinStyle::Miter }];
    let mut last = Last::default();
    for draw in &page.canvas.drawn {
        match draw {
            Draw::Words { x, y, style, text } => set(&mut ops, &mut last, (*x, *y), *style, text),
            Draw::Fill { rings, ink } => {
                fill_with(&mut ops, &mut last, *ink);
                ops.push(Op::DrawPolygon {
                    polygon: area(rings.iter().map(|r| r.iter().map(|p| (*p, false)).collect()).collect()),
                });
            }
            Draw::Curve { points, stroke: None, ink, .. } => {
                fill_with(&mut ops, &mut last, *ink);
                ops.push(Op::DrawPolygon { polygon: area(vec![handles(points)]) });
            }
            Draw::Curve { points, stroke: Some(width), ink, dash } => {
                pen(&mut ops, &mut last, *width, *ink, *dash);
                ops.push(Op::DrawLine { line: Line { points: placed(&handles(points)), is_closed: true } });
            }
            Draw::Line { points, stroke, ink, dash } => {
                pen(&mut ops, &mut last, *stroke, *ink, *dash);
                let points: Vec<_> = points.iter().map(|p| (*p, false)).collect();
                ops.push(Op::DrawLine { line: Line { points: placed(&points), is_closed: false } });
            }
            Draw::Link { x, y, w, h, page } => ops.push(Op::LinkAnnotation { link: link(*x, *y, *w, *h, *page) }),
        }
    }
    PdfPage::new(Mm(A4.0), Mm(A4.1), ops)
}

fn set(ops: &mut Vec<Op>, last: &mut Last, (x, y): (f32, f32), style: Style, text: &str) {
    let text = style.face.drawn(text);
    if text.trim().is_empty() {
        return;
    }
    fill_with(ops, last, style.ink);
    ops.push(Op::StartTextSection);
    if last.style != Some((style.face, style.size)) {
        last.style = Some((style.face, style.size));
        ops.push(Op::SetFont { font: PdfFontHandle::External(id(style.face)), size: Pt(style.size * PX) });
    }
    if last.tracking != style.tracking {
        last.tracking = style.tracking;
        ops.push(Op::SetCharacterSpacing { multiplier: style.tracking * PX });
    }
    let start = at(x, y);
    ops.push(Op::SetTextMatrix { matrix: TextMatrix::Translate(start.x, start.y) });
    ops.push(Op::ShowText { items: vec![TextItem::Text(text)] });
    ops.push(Op::EndTextSection);
}

fn fill_with(ops: &mut Vec<Op>, last: &mut Last, ink: Ink) {
    if last.fill != Some(ink) {
        last.fill = Some(ink);
        ops.push(Op::SetFillColor { col: colour(ink) });
    }
}

fn pen(ops: &mut Vec<Op>, last: &mut Last, width: f32, ink: Ink, dash: Option<[f32; 2]>) {
    if last.stroke != Some(ink) {
        last.stroke = Some(ink);
        ops.push(Op::SetOutlineColor { col: colour(ink) });
    }
    if last.thickness != Some(width) {
        last.thickness = Some(width);
        ops.push(Op::SetOutlineThickness { pt: Pt(round(width * PX)) });
    }
    if last.dash != dash {
        last.dash = dash;
        let dash = dash.map_or_else(LineDashPattern::solid, |d| LineDashPattern::new(0.0, &[d[0] * PX, d[1] * PX]));
        ops.push(Op::SetLineDashPattern { dash });
    }
}

/// The second and third of every three points after the first are ends and handles as printpdf marks them.
fn handles(points: &[(f32, f32)]) -> Vec<((f32, f32), bool)> {
    points.iter().enumerate().map(|(i, p)| (*p, i > 0 && i % 3 != 0)).collect()
}

fn placed(points: &[((f32, f32), bool)]) -> Vec<LinePoint> {
    points.iter().map(|((x, y), bezier)| LinePoint { p: at(*x, *y), bezier: *bezier }).collect()
}

fn area(rings: Vec<Vec<((f32, f32), bool)>>) -> Polygon {
    Polygon {
        rings: rings.iter().map(|points| PolygonRing { points: placed(points) }).collect(),
        mode: PaintMode::Fill,
        winding_order: WindingOrder::NonZero,
    }
}

fn link(x: f32, y: f32, w: f32, h: f32, page: usize) -> LinkAnnotation {
    let corner = at(x, y + h);
    let rect =
        Rect { x: corner.x, y: corner.y, width: Pt(w * PX), height: Pt(h * PX), mode: None, winding_order: None };
    let there = Actions::go_to(Destination::Xyz { page: page + 1, left: None, top: None, zoom: None });
    LinkAnnotation::new(rect, there, Some(BorderArray::Solid([0.0, 0.0, 0.0])), None, Some(HighlightingMode::None))
}

/// What printpdf leaves to be desired: version, language, outline in two levels, ids that repeat.
fn settle(doc: &mut lopdf::Document, book: &Book, about: &About) -> lopdf::Result<()> {
    doc.version = "1.7".to_owned();
    let pages: Vec<ObjectId> = doc.page_iter().collect();
    let outline = (!book.outline.is_empty()).then(|| outline(doc, book, &pages));

    let catalog = doc.catalog_mut()?;
    catalog.set("Lang", Object::string_literal("en-GB"));
    catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    if let Some(outline) = outline {
        catalog.set("PageMode", Object::Name(b"UseOutlines".to_vec()));
        catalog.set("Outlines", Object::Reference(outline));
    }

    let info = doc.trailer.get(b"Info")?.as_reference()?;
    let info = doc.get_dictionary_mut(info)?;
    for unused in [&b"GTS_PDFXVersion"[..], b"Identifier", b"Keywords", b"Trapped"] {
        info.remove(unused);
    }

    let mut hash = Sha256::new();
    for part in &about.seed {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    let id = Object::String(hash.finalize()[..16].to_vec(), StringFormat::Hexadecimal);
    doc.trailer.set("ID", Object::Array(vec![id.clone(), id]));
    Ok(())
}

fn outline(doc: &mut lopdf::Document, book: &Book, pages: &[ObjectId]) -> ObjectId {
    let root = doc.new_object_id();
    let ids: Vec<ObjectId> = book.outline.iter().map(|_| doc.new_object_id()).collect();
    let marks = &book.outline;
    let parent = |i: usize| if marks[i].level == 0 { None } else { (0..i).rev().find(|&j| marks[j].level == 0) };
    let children = |of: Option<usize>| (0..marks.len()).filter(|&i| parent(i) == of).collect::<Vec<_>>();
    for (i, mark) in marks.iter().enumerate() {
        let mut item = Dictionary::new();
        item.set("Title", lopdf::text_string(&mark.title));
        item.set("Parent", Object::Reference(parent(i).map_or(root, |p| ids[p])));
        if let Some(page) = pages.get(mark.page) {
            item.set("Dest", vec![Object::Reference(*page), "XYZ".into(), Object::Null, Object::Null, Object::Null]);
        }
        let siblings = children(parent(i));
        let place = siblings.iter().position(|&s| s == i).unwrap_or(0);
        if place > 0 {
            item.set("Prev", Object::Reference(ids[siblings[place - 1]]));
        }
        if let Some(&next) = siblings.get(place + 1) {
            item.set("Next", Object::Reference(ids[next]));
        }
        let under = if mark.level == 0 { children(Some(i)) } else { Vec::new() };
        if let (Some(&first), Some(&last)) = (under.first(), under.last()) {
            item.set("First", Object::Reference(ids[first]));
            item.set("Last", Object::Reference(ids[last]));
            item.set("Count", -i64::try_from(under.len()).unwrap_or(0));
        }
        doc.set_object(ids[i], item);
    }
    let top = children(None);
    let mut all = dictionary! { "Type" => "Outlines", "Count" => i64::try_from(top.len()).unwrap_or(0) };
    if let (Some(&first), Some(&last)) = (top.first(), top.last()) {
        all.set("First", Object::Reference(ids[first]));
        all.set("Last", Object::Reference(ids[last]));
    }
    doc.set_object(root, all);
    root
}
