//! The picture of a captcha (S1-1.1).

use captcha::{
    Captcha,
    filters::{Noise, Wave},
};

/// Letters and digits that nobody confuses.
const LETTERS: [char; 28] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', '3', '4',
    '5', '6', '7', '8', '9',
];

/// A captcha of five characters: its answer and a PNG picture.
#[must_use]
pub fn draw() -> (String, Vec<u8>) {
    // A picture that cannot be encoded would lock everybody out; it has not been seen to happen.
    loop {
        let mut captcha = Captcha::new();
        captcha
            .set_chars(&LETTERS)
            .add_chars(5)
            .apply_filter(Noise::new(0.15))
            .apply_filter(Wave::new(1.6, 14.0).horizontal());
        captcha.view(200, 70);
        if let Some(picture) = captcha.as_png() {
            return (captcha.chars_as_string(), picture);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_captcha_has_five_letters_and_a_picture() {
        let (answer, picture) = super::draw();
        assert_eq!(answer.chars().count(), 5);
        assert!(picture.starts_with(b"\x89PNG"));
    }
}
