//! 家庭人口与户型 (PRM-21): which layouts a household of a size may be given (S1-5.2, R-01).

use crate::dictionary::LayoutType;

/// Which layouts households of a size may have. A place in a dormitory is open to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutRule(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// from so many people on, up to the next line
    from: u32,
    layouts: Vec<LayoutType>,
}

impl Default for LayoutRule {
    /// 1 → STUDIO/ONE, 2–3 → ONE/TWO, ≥ 4 → TWO/THREE.
    fn default() -> Self {
        use LayoutType::{One, Studio, Three, Two};
        let line = |from, layouts: [LayoutType; 2]| Line { from, layouts: layouts.to_vec() };
        Self(vec![line(1, [Studio, One]), line(2, [One, Two]), line(4, [Two, Three])])
    }
}

impl LayoutRule {
    /// Reads `1=STUDIO/ONE,2-3=ONE/TWO,4+=TWO/THREE`: every size from 1 on stands in one line, and the last line is open.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines: Vec<Line> = Vec::new();
        let mut next = Some(1);
        for part in text.split(',') {
            let (sizes, layouts) = part.trim().split_once('=')?;
            let (from, to) = match sizes.trim().split_once('-') {
                Some((from, to)) => (from, Some(to)),
                None => sizes.trim().strip_suffix('+').map_or((sizes.trim(), Some(sizes.trim())), |from| (from, None)),
            };
            let (from, to) = (size(from)?, to.map(size));
            if next != Some(from) || to.is_some_and(|to| to.is_none_or(|to| to < from)) {
                return None;
            }
            let layouts: Option<Vec<LayoutType>> =
                layouts.split('/').map(|code| LayoutType::from_code(code.trim())).collect();
            let layouts = layouts.filter(|layouts| !layouts.contains(&LayoutType::Dormitory))?;
            lines.push(Line { from, layouts });
            next = to.flatten().map(|to| to + 1);
        }
        (next.is_none() && !lines.is_empty()).then_some(Self(lines))
    }

    /// Whether a household of so many people may be given a home of this layout.
    #[must_use]
    pub fn allows(&self, people: u32, layout: LayoutType) -> bool {
        let line = self.0.iter().rev().find(|line| line.from <= people.max(1));
        layout == LayoutType::Dormitory || line.is_some_and(|line| line.layouts.contains(&layout))
    }

    /// As [`Self::parse`] reads it.
    #[must_use]
    pub fn code(&self) -> String {
        let lines = self.0.iter().enumerate().map(|(place, line)| {
            let sizes = match self.0.get(place + 1) {
                None => format!("{}+", line.from),
                Some(next) if next.from == line.from + 1 => line.from.to_string(),
                Some(next) => format!("{}-{}", line.from, next.from - 1),
            };
            let layouts: Vec<_> = line.layouts.iter().map(|layout| layout.code()).collect();
            format!("{sizes}={}", layouts.join("/"))
        });
        lines.collect::<Vec<_>>().join(",")
    }
}

/// A household is never as large as this.
fn size(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|size| (1..=50).contains(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use LayoutType as L;
    use proptest::prelude::*;

    #[test]
    fn the_table_of_prm_21() {
        let rule = LayoutRule::default();
        for (people, allowed) in [
            (1, [L::Studio, L::One]),
            (2, [L::One, L::Two]),
            (3, [L::One, L::Two]),
            (4, [L::Two, L::Three]),
            (9, [L::Two, L::Three]),
        ] {
            for layout in L::ALL.iter().copied() {
                let expected = allowed.contains(&layout) || layout == L::Dormitory;
                assert_eq!(rule.allows(people, layout), expected, "{people} {layout}");
            }
        }
        assert_eq!(rule.code(), "1=STUDIO/ONE,2-3=ONE/TWO,4+=TWO/THREE");
    }

    #[test]
    fn what_is_no_rule() {
        for wrong in [
            "",
            "1=STUDIO",
            "2+=ONE",
            "1=STUDIO,3+=TWO",
            "1=STUDIO,1+=TWO",
            "1-0=STUDIO,1+=TWO",
            "1=CASTLE,2+=TWO",
            "1=,2+=TWO",
            "1=DORM,2+=TWO",
            "1+=ONE,2+=TWO",
            "0=ONE,1+=TWO",
            "1-51=ONE,52+=TWO",
            "x=ONE",
        ] {
            assert_eq!(LayoutRule::parse(wrong), None, "{wrong}");
        }
        assert!(LayoutRule::parse(" 1 = STUDIO , 2 - 3 = ONE/TWO , 4+ = THREE ").is_some());
    }

    proptest! {
        /// What a rule is written as is the rule, and every size has one line that speaks for it.
        #[test]
        fn a_rule_is_read_back(steps in prop::collection::vec((1u32..4, prop::sample::subsequence(L::ALL[..4].to_vec(), 1..4)), 1..6), people in 1u32..30) {
            let mut from = 1;
            let lines: Vec<Line> = steps.into_iter().map(|(step, layouts)| {
                let line = Line { from, layouts };
                from += step;
                line
            }).collect();
            let rule = LayoutRule(lines);
            prop_assert_eq!(LayoutRule::parse(&rule.code()), Some(rule.clone()));
            prop_assert!(L::ALL[..4].iter().any(|layout| rule.allows(people, *layout)));
        }
    }
}
