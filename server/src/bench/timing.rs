//! Times of many runs, and what can be said about them.

use std::time::Duration;

/// Milliseconds of every run, sorted.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

impl Times {
    /// Sorts what was measured; there must be something.
    #[must_use]
    pub fn new(mut milliseconds: Vec<f64>) -> Self {
        assert!(!milliseconds.is_empty(), "nothing was measured");
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// The time that this many per cent of the runs did not exceed (nearest rank).
    #[must_use]
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }
}

/// A duration as a number with a fraction.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank() {
        let times = Times::new((1..=200).rev().map(f64::from).collect());
        let found = [50, 99, 100].map(|percent| times.percentile(percent));
        assert_eq!(format!("{found:?}"), "[100.0, 198.0, 200.0]");
        assert_eq!(Times::new(vec![7.0]).percentile(50).to_bits(), 7.0_f64.to_bits());
    }
}
