//! Drawing a stranger's picture, within limits, and a small picture of it.

use domain::platform::attachment::content::Media;
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};
use std::io::Cursor;

/// Longest side of a small picture.
pub const SIDE: u32 = 320;
/// The same of papers of persons: what stands on them cannot be read.
pub const SIDE_OF_PAPERS: u32 = 72;
/// The largest telephones and scanners stay below.
const PIXELS_MAX: u64 = 60_000_000;
/// A picture that needs more to be drawn is not drawn: a few bytes can be a billion points.
pub const MEMORY_MAX: u64 = 256 << 20;
/// Longest side of any picture.
const SIDE_MAX: u32 = 30_000;
const QUALITY: u8 = 80;

/// Why a picture was not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    TooLarge,
    Broken,
}

/// Draws the whole picture and makes a small one of it: upright, on white, and with nothing in it but its points.
///
/// # Errors
/// When it is too large or cannot be drawn to its end.
pub fn thumbnail(content: &[u8], media: Media, side: u32) -> Result<Vec<u8>, Unreadable> {
    let format = match media {
        Media::Jpeg => ImageFormat::Jpeg,
        Media::Png => ImageFormat::Png,
        Media::Pdf => return Err(Unreadable::Broken),
    };
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > MEMORY_MAX {
        return Err(Unreadable::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    // Nothing is made larger.
    let small = if width.max(height) > side { whole.thumbnail(side, side) } else { whole };
    let mut small = DynamicImage::ImageRgb8(on_white(&small));
    small.apply_orientation(orientation);
    let mut encoded = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut encoded, QUALITY)).map_err(|_| Unreadable::Broken)?;
    Ok(encoded)
}

fn unreadable(error: &image::ImageError) -> Unreadable {
    match error {
        image::ImageError::Limits(_) => Unreadable::TooLarge,
        _ => Unreadable::Broken,
    }
}

/// What one sees through is paper.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u16::from);
        let over = |part: u16| u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageEncoder as _, Rgba, RgbaImage, codecs::png::PngEncoder};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut encoded = Vec::new();
        // Red above, clear below.
        let picture = RgbaImage::from_fn(width, height, |_, y| {
            if y < height / 2 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 0]) }
        });
        picture.write_with_encoder(PngEncoder::new(&mut encoded)).expect("a picture");
        encoded
    }

    fn jpeg(exif: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut encoded, 95);
        encoder.set_exif_metadata(exif.to_vec()).expect("metadata");
        let picture = RgbImage::from_fn(400, 200, |x, _| if x < 200 { Rgb([255, 0, 0]) } else { Rgb([0, 255, 0]) });
        picture.write_with_encoder(encoder).expect("a picture");
        encoded
    }

    /// One entry: turn right, and the text that a telephone would write its place as.
    const TURNED: &[u8] =
        b"II\x2A\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x0E\x01\x02\0\x08\0\0\0\x26\0\0\0\0\0\0\0N34.75E1";

    fn drawn(content: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(content, ImageFormat::Jpeg).expect("a picture").to_rgb8()
    }

    #[test]
    fn a_small_picture_is_small_and_on_white() {
        let small = drawn(&thumbnail(&png(1000, 500), Media::Png, SIDE).expect("drawn"));
        assert_eq!(small.dimensions(), (320, 160));
        let [red, green, _] = small.get_pixel(160, 10).0;
        assert!(red > 200 && green < 60, "{:?}", small.get_pixel(160, 10));
        assert!(small.get_pixel(160, 150).0.iter().all(|part| *part > 240), "{:?}", small.get_pixel(160, 150));
        let tiny = drawn(&thumbnail(&png(10, 20), Media::Png, SIDE).expect("drawn"));
        assert_eq!(tiny.dimensions(), (10, 20), "nothing is made larger");
    }

    #[test]
    fn it_stands_upright_and_says_nothing_of_its_place() {
        let turned = jpeg(TURNED);
        assert!(turned.windows(6).any(|part| part == b"N34.75"), "the test's own picture has a place");
        let small = thumbnail(&turned, Media::Jpeg, SIDE).expect("drawn");
        assert!(!small.windows(4).any(|part| part == b"N34." || part == b"Exif"));
        let small = drawn(&small);
        assert_eq!(small.dimensions(), (160, 320));
        let [red, green, _] = small.get_pixel(80, 20).0;
        assert!(red > 200 && green < 60, "what was left is above: {red} {green}");
    }

    #[test]
    fn what_is_too_large_or_broken_is_not_drawn() {
        // A picture of 900 million points in a few hundred bytes.
        let mut bomb = png(8, 8);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(thumbnail(&bomb, Media::Png, SIDE), Err(Unreadable::TooLarge));
        let mut broken = png(100, 100);
        let middle = broken.len() / 2;
        broken[middle..middle + 8].fill(0);
        assert_eq!(thumbnail(&broken, Media::Png, SIDE), Err(Unreadable::Broken));
        let whole = jpeg(TURNED);
        assert_eq!(thumbnail(&whole[..300], Media::Jpeg, SIDE), Err(Unreadable::Broken));
        assert_eq!(thumbnail(b"%PDF-1.4", Media::Pdf, SIDE), Err(Unreadable::Broken));
    }

    /// As PNG closes its parts.
    fn crc32(content: &[u8]) -> u32 {
        !content.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
        })
    }
}
