//! Lines of a form that come and go: what stands in a home, the rates of a plan, the rules of a set.

use super::{changing::changing, field::coded, form::Edit, icon};
use domain::{dictionary::Item, failure::FieldErrors};
use leptos::prelude::*;

/// A table of lines of `L` in a form `F`.
pub struct Lines<F: 'static, L: 'static> {
    /// the field at which complaints about them stand
    pub field: &'static str,
    pub title: &'static str,
    /// what inputs are named after: `item-1-name`
    pub line: &'static str,
    /// what is counted in people's words: 第1项
    pub unit: &'static str,
    pub most: usize,
    pub read: fn(&F) -> &Vec<L>,
    pub write: fn(&mut F) -> &mut Vec<L>,
    pub blank: fn() -> L,
    pub add: &'static str,
    /// below the table; may be empty
    pub hint: &'static str,
    /// a line in the words in which two editors compare theirs
    pub told: fn(&L) -> String,
    pub cells: &'static [LineCell<L>],
}

/// One input of each line.
pub struct LineCell<L: 'static> {
    pub header: &'static str,
    pub name: &'static str,
    /// behind 第1项 in the name that is read out
    pub says: &'static str,
    pub kind: LineKind,
    /// how wide it is
    pub class: &'static str,
    pub text: fn(&mut L) -> &mut String,
    /// when it asks for nothing
    pub off: fn(&L) -> bool,
}

/// What is entered.
#[derive(Clone, Copy)]
pub enum LineKind {
    /// with its most letters
    Text(u16),
    Count,
    Money,
    Day,
    Choice(fn() -> Vec<Item>),
}

/// For cells that always ask.
pub fn always<L>(_line: &L) -> bool {
    false
}

impl<F, L> Lines<F, L>
where
    F: Clone + PartialEq + Send + Sync + 'static,
    L: Clone + Send + Sync + 'static,
{
    /// The table with its button, and complaints about the lines.
    pub fn view(&'static self, edit: Edit<F>) -> AnyView {
        edit.note(self.title, |form| (self.read)(form).iter().map(self.told).collect::<Vec<_>>().join("、"));
        // Drawn again when a line comes or goes, and not with every key.
        let count = Memo::new(move |_| edit.form.with(|form| (self.read)(form).len()));
        let lines = move || (0..count.get()).map(|place| self.line_view(edit, place)).collect_view().into_any();
        let add = Callback::new(move |()| edit.form.update(|form| (self.write)(form).push((self.blank)())));
        let full = Signal::derive(move || count.get() >= self.most);
        let complaint =
            Signal::derive(move || edit.errors.with(|errors| errors.get(self.field).map(ToOwned::to_owned)));
        let headers = self.cells.iter().map(|cell| cell.header).collect();
        frame((self.title, self.add, self.hint), headers, ViewFn::from(lines), (add, full), complaint)
    }

    fn line_view(&'static self, edit: Edit<F>, place: usize) -> AnyView {
        let number = place + 1;
        let cells = self.cells.iter().map(|cell| self.cell_view(edit, place, cell)).collect();
        let remove = Callback::new(move |()| {
            // What was complained about stood at a place that is another one now.
            edit.errors.set(FieldErrors::default());
            edit.form.update(|form| {
                let lines = (self.write)(form);
                if place < lines.len() {
                    lines.remove(place);
                }
            });
        });
        row(cells, format!("移除第{number}{}", self.unit), remove)
    }

    fn cell_view(&'static self, edit: Edit<F>, place: usize, cell: &'static LineCell<L>) -> AnyView {
        let line = move || edit.form.with(|form| (self.read)(form).get(place).cloned());
        let input = Input {
            kind: cell.kind,
            class: cell.class,
            name: format!("{}-{}-{}", self.line, place + 1, cell.name),
            label: format!("第{}{}{}", place + 1, self.unit, cell.says),
            value: Signal::derive(move || line().map(|mut line| (cell.text)(&mut line).clone()).unwrap_or_default()),
            off: Signal::derive(move || line().is_some_and(|line| (cell.off)(&line))),
        };
        let set = Callback::new(move |value: String| {
            edit.form.update(|form| {
                if let Some(line) = (self.write)(form).get_mut(place) {
                    *(cell.text)(line) = value;
                }
            });
        });
        input.view(set)
    }
}

// Below here nothing knows what the lines are, so it is compiled once.

fn frame(
    (title, add, hint): (&'static str, &'static str, &'static str),
    headers: Vec<&'static str>,
    lines: ViewFn,
    (more, full): (Callback<()>, Signal<bool>),
    complaint: Signal<Option<String>>,
) -> AnyView {
    let headers = headers.into_iter().map(|header| view! { <th scope="col">{header}</th> }).collect_view();
    view! {
        <h2 class="form-section">{title}</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label=title>
            <table class="table table-sm">
                <thead><tr>{headers}<th scope="col">"操作"</th></tr></thead>
                <tbody>{changing(move || lines.run())}</tbody>
            </table>
        </div>
        <div class="form-note">
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=move |_| more.run(())>{icon("add")}{add}</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn row(cells: Vec<AnyView>, says: String, remove: Callback<()>) -> AnyView {
    let cells = cells.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view();
    view! {
        <tr>
            {cells}
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=says on:click=move |_| remove.run(())>"移除"</button></td>
        </tr>
    }
    .into_any()
}

struct Input {
    kind: LineKind,
    class: &'static str,
    name: String,
    label: String,
    value: Signal<String>,
    off: Signal<bool>,
}

impl Input {
    fn view(self, set: Callback<String>) -> AnyView {
        let Self { kind, class, name, label, value, off } = self;
        if let LineKind::Choice(items) = kind {
            let options = coded(items())
                .all()
                .into_iter()
                .map(|(code, label)| {
                    let own = code.clone();
                    view! { <option value=code selected=move || value.with(|held| *held == own)>{label}</option> }
                })
                .collect_view();
            let class = format!("select select-sm {class}");
            return view! {
                <select class=class name=name aria-label=label disabled=off prop:value=value on:change=move |event| set.run(event_target_value(&event))>{options}</select>
            }
            .into_any();
        }
        let (html, mode, most) = match kind {
            LineKind::Text(most) => ("text", None, Some(most)),
            LineKind::Count => ("text", Some("numeric"), None),
            LineKind::Money => ("text", Some("decimal"), None),
            LineKind::Day | LineKind::Choice(_) => ("date", None, None),
        };
        let class = format!("input input-sm {class}");
        view! {
            <input type=html inputmode=mode maxlength=most.map(|most| most.to_string()) class=class name=name aria-label=label disabled=off
                prop:value=value on:input=move |event| set.run(event_target_value(&event)) />
        }
        .into_any()
    }
}
