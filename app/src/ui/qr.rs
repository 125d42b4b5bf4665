//! QR codes: drawn by the server, shown as an SVG of one path.

use leptos::prelude::*;

/// A code as a path in so many modules across.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QrCode {
    modules: u32,
    path: String,
}

impl QrCode {
    /// The picture; `label` says to whom cannot see it what it is.
    pub fn view(self, label: String) -> impl IntoView {
        // Four modules of quiet around it, as the standard wants.
        let frame = format!("-4 -4 {0} {0}", self.modules + 8);
        view! {
            <svg class="unit-code" viewBox=frame role="img" aria-label=label shape-rendering="crispEdges">
                <rect x="-4" y="-4" width="100%" height="100%" fill="#fff"></rect>
                <path d=self.path fill="#000"></path>
            </svg>
        }
    }

    /// The code of a text, of which so much may be scratched; none when the text is too long. One path: a stroke of one
    /// module's height for every run of dark modules in a row.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn draw(text: &str, level: qrcode::EcLevel) -> Option<Self> {
        use qrcode::Color;
        use std::fmt::Write as _;
        let code = qrcode::QrCode::with_error_correction_level(text, level).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
                if run > 0 {
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        Some(Self { modules: u32::try_from(width).ok()?, path })
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::QrCode;
    use qrcode::EcLevel::Q;

    /// The three corners that every code has are where a reader looks for them.
    #[test]
    fn a_code_has_its_corners() {
        let QrCode { modules, path } = QrCode::draw("http://127.0.0.1/housing/units/1", Q).expect("a code");
        assert!((21..=57).contains(&modules));
        assert!(path.starts_with("M0 0h7v1h-7z"), "{path}");
        assert!(path.contains(&format!("M{} 0h7v1h-7z", modules - 7)));
        assert!(path.contains(&format!("M0 {}h7v1h-7z", modules - 1)));
        assert_ne!(QrCode::draw("http://127.0.0.1/housing/units/2", Q).expect("a code").path, path);
        assert!(QrCode::draw(&"x".repeat(5_000), Q).is_none());
    }
}
