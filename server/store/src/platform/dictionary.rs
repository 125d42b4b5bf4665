//! Dictionaries (E-06, S1-9.4): the program's, as the city has amended them, and the city's own.

use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, begin_platform, connection},
};
use domain::{
    dictionary::{Amended, DICTIONARIES, Dictionary, LabelBook, dictionary_of, label_check},
    failure::{Failure, FieldErrors},
    list::{ListQuery, Page, Position},
    platform::{
        dictionary::{
            DICTIONARY_LIST, DictionaryForm, DictionaryItem, DictionaryPage, DictionaryRow, ItemFields, ItemForm,
        },
        permission::Permission,
    },
    value::natural_key,
};

/// The constraints of dictionaries, as complaints.
const COMPLAINTS: &[(&str, &str, &str)] = &[
    ("dictionary_type_code_key", "code", "类型编码已存在"),
    ("dictionary_type_name_key", "name", "类型名称已存在"),
    ("dictionary_item_code_key", "code", "字典项编码已存在"),
    ("dictionary_item_label_key", "label", "标签与另一个字典项重复"),
];

/// A stored value: all of one of the city's, and what differs of one of the program's.
#[derive(Clone, sqlx::FromRow)]
struct Record {
    type_code: String,
    code: String,
    label: Option<String>,
    sort: Option<i32>,
    color: Option<String>,
    standard_code: Option<String>,
    is_default: bool,
    off: bool,
    version: i32,
}

/// What the city calls values of the program's dictionaries: for every page, and for imports and exports.
///
/// # Errors
/// When the database fails.
pub async fn labels_get(database: &Database) -> Result<LabelBook> {
    let mut tx = begin_platform(database).await?;
    labels_load(&mut tx).await
}

pub(crate) async fn labels_load(tx: &mut Tx) -> Result<LabelBook> {
    let records = records(tx, None).await?;
    Ok(book(&records))
}

fn book(records: &[Record]) -> LabelBook {
    let amended = records.iter().filter(|record| dictionary_of(&record.type_code).is_some()).map(|record| Amended {
        dictionary: record.type_code.clone(),
        code: record.code.clone(),
        label: record.label.clone(),
        color: record.color.clone(),
        sort: record.sort,
        is_default: record.is_default,
        off: record.off,
    });
    amended.collect::<Vec<_>>().into()
}

async fn records(tx: &mut Tx, of: Option<&str>) -> Result<Vec<Record>> {
    let rows = sqlx::query_as!(
        Record,
        "select type_code, code, label, sort, color, standard_code, is_default, off, version from dictionary_item
         where $1::text is null or type_code = $1 order by type_code, sort nulls last, id",
        of
    );
    Ok(rows.fetch_all(connection(tx)).await?)
}

async fn own_types(tx: &mut Tx) -> Result<Vec<DictionaryRow>> {
    let rows = sqlx::query!(
        r#"select t.code, t.name, t.off, t.version,
                  (select count(*) from dictionary_item i where i.type_code = t.code) as "items!"
           from dictionary_type t order by t.id"#
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| DictionaryRow {
            code: row.code,
            name: row.name,
            items: row.items,
            system: false,
            off: row.off,
            version: row.version,
        })
        .collect())
}

fn system_row(dictionary: &Dictionary) -> DictionaryRow {
    DictionaryRow {
        code: dictionary.id.to_owned(),
        name: dictionary.name.to_owned(),
        items: dictionary.entries.len() as i64,
        system: true,
        off: false,
        version: 0,
    }
}

/// A page of dictionaries. A few dozen: they are sifted here.
///
/// # Errors
/// Without [`Permission::DictionaryRead`].
pub async fn dictionary_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DictionaryRow>> {
    ctx.require(Permission::DictionaryRead)?;
    let mut tx = ctx.begin_platform().await?;
    let own = own_types(&mut tx).await?;
    let items = items_of(&own, &records(&mut tx, None).await?);
    tx.commit().await?;
    let words: Vec<String> = query.q.split_whitespace().map(str::to_lowercase).collect();
    let named = |row: &DictionaryRow| {
        let labels = items.iter().filter(|item| item.dictionary == row.code).map(|item| item.label.as_str());
        let text =
            [row.code.as_str(), &row.name].into_iter().chain(labels).collect::<Vec<_>>().join(" ").to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut rows: Vec<DictionaryRow> = DICTIONARIES.into_iter().map(system_row).chain(own).collect();
    rows.retain(|row| {
        let source = query.filter("source").is_none_or(|source| (source == "SYSTEM") == row.system);
        let status = query.filter("status").is_none_or(|status| (status == "OFF") == row.off);
        source && status && named(row)
    });
    let (sort, descending) = DICTIONARY_LIST.sort(query);
    match sort {
        "name" => rows.sort_by_key(|row| natural_key(&row.name)),
        "code" => rows.sort_by_key(|row| natural_key(&row.code)),
        "items" => rows.sort_by_key(|row| row.items),
        _ => {}
    }
    if descending {
        rows.reverse();
    }
    Ok(page_of(query, rows))
}

/// The page of a list that is there as a whole.
pub(crate) fn page_of<R>(query: &ListQuery, rows: Vec<R>) -> Page<R> {
    let total = rows.len() as i64;
    let query = match query.at {
        Position::Page(_) => query.clone(),
        _ => query.at(Position::Page(1)),
    };
    let from = usize::try_from(query.offset()).unwrap_or_default();
    let shown = rows.into_iter().skip(from).take(usize::from(query.size) + 1).collect();
    Page::numbered(&query, shown, total)
}

/// A page of the values of all dictionaries, or of the one that the filter `type` names.
///
/// # Errors
/// Without [`Permission::DictionaryRead`].
pub async fn dictionary_item_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DictionaryItem>> {
    ctx.require(Permission::DictionaryRead)?;
    let mut tx = ctx.begin_platform().await?;
    let own = own_types(&mut tx).await?;
    let mut items = items_of(&own, &records(&mut tx, None).await?);
    tx.commit().await?;
    items.retain(|item| {
        let of = query.filter("type").is_none_or(|wanted| wanted == item.dictionary);
        of && query.q.split_whitespace().all(|word| item.code.contains(word) || item.label.contains(word))
    });
    Ok(page_of(query, items))
}

/// Every value, dictionary by dictionary, each in the city's order.
fn items_of(own: &[DictionaryRow], records: &[Record]) -> Vec<DictionaryItem> {
    let mut items = Vec::new();
    for dictionary in DICTIONARIES {
        items.extend(system_items(dictionary, records));
    }
    for row in own {
        let held = records.iter().filter(|record| record.type_code == row.code);
        items.extend(held.map(|record| item(record, &row.name, None, record.sort.unwrap_or_default())));
    }
    items
}

fn system_items(dictionary: &'static Dictionary, records: &[Record]) -> Vec<DictionaryItem> {
    let mut items: Vec<DictionaryItem> = (1..)
        .zip(dictionary.entries)
        .map(|(place, entry)| {
            let found = records.iter().find(|record| record.type_code == dictionary.id && record.code == entry.code);
            let blank = Record {
                type_code: dictionary.id.to_owned(),
                code: entry.code.to_owned(),
                label: None,
                sort: None,
                color: None,
                standard_code: None,
                is_default: false,
                off: false,
                version: 0,
            };
            let record = found.unwrap_or(&blank);
            item(record, dictionary.name, Some(entry.label), record.sort.unwrap_or(place * 10))
        })
        .collect();
    items.sort_by_key(|item| item.sort);
    items
}

/// A value as it is shown; `own` is the program's label.
fn item(record: &Record, dictionary_name: &str, own: Option<&str>, sort: i32) -> DictionaryItem {
    let label = record.label.clone().or_else(|| own.map(ToOwned::to_owned)).unwrap_or_default();
    DictionaryItem {
        dictionary: record.type_code.clone(),
        dictionary_name: dictionary_name.to_owned(),
        code: record.code.clone(),
        own_label: own.filter(|own| *own != label).map(ToOwned::to_owned),
        label,
        sort,
        color: record.color.clone(),
        standard_code: record.standard_code.clone(),
        is_default: record.is_default,
        off: record.off,
        system: own.is_some(),
        version: record.version,
    }
}

/// One dictionary with its values.
///
/// # Errors
/// Without [`Permission::DictionaryRead`]; [`Failure::NotFound`].
pub async fn dictionary_get(ctx: &Ctx, code: &str) -> Result<DictionaryPage> {
    ctx.require(Permission::DictionaryRead)?;
    let mut tx = ctx.begin_platform().await?;
    let page = dictionary_load(&mut tx, code).await?;
    tx.commit().await?;
    Ok(page)
}

async fn dictionary_load(tx: &mut Tx, code: &str) -> Result<DictionaryPage> {
    let records = records(tx, Some(code)).await?;
    if let Some(dictionary) = dictionary_of(code) {
        return Ok(DictionaryPage { row: system_row(dictionary), items: system_items(dictionary, &records) });
    }
    let row = own_types(tx).await?.into_iter().find(|row| row.code == code).ok_or(Failure::NotFound)?;
    let items = records.iter().map(|record| item(record, &row.name, None, record.sort.unwrap_or_default())).collect();
    Ok(DictionaryPage { row, items })
}

/// Makes a dictionary of the city; answers its code.
///
/// # Errors
/// Without [`Permission::DictionaryWrite`]; complaints by field.
pub async fn dictionary_create(ctx: &Ctx, form: &DictionaryForm) -> Result<String> {
    ctx.require(Permission::DictionaryWrite)?;
    let fields = form.check()?;
    if dictionary_of(&fields.code).is_some() {
        return Err(FieldErrors::from(("code", "类型编码已存在")).into());
    }
    let mut tx = ctx.begin_platform().await?;
    sqlx::query!(
        "insert into dictionary_type (code, name, off, updated_at, updated_by) values ($1, $2, $3, $4, $5)",
        fields.code,
        fields.name,
        fields.off,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(COMPLAINTS))?;
    tx.commit().await?;
    Ok(fields.code)
}

/// Changes a dictionary of the city. Its code stays: records may hold it.
///
/// # Errors
/// Without [`Permission::DictionaryWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn dictionary_update(ctx: &Ctx, code: &str, version: i32, form: &DictionaryForm) -> Result<()> {
    ctx.require(Permission::DictionaryWrite)?;
    if dictionary_of(code).is_some() {
        return Err(Failure::refused("系统内置字典不可修改编码和名称，可修改其字典项的标签").into());
    }
    let fields = form.check()?;
    if fields.code != code {
        return Err(FieldErrors::from(("code", "类型编码不可修改")).into());
    }
    let mut tx = ctx.begin_platform().await?;
    let updated = sqlx::query!(
        "update dictionary_type set name = $3, off = $4, version = version + 1, updated_at = $5, updated_by = $6
         where code = $1 and version = $2",
        code,
        version,
        fields.name,
        fields.off,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(COMPLAINTS))?;
    if updated.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes a dictionary of the city, with its values.
///
/// # Errors
/// Without [`Permission::DictionaryWrite`]; a refusal for one of the program; [`Failure::NotFound`].
pub async fn dictionary_delete(ctx: &Ctx, code: &str) -> Result<()> {
    ctx.require(Permission::DictionaryWrite)?;
    if dictionary_of(code).is_some() {
        return Err(Failure::refused("系统内置字典不能删除").into());
    }
    let mut tx = ctx.begin_platform().await?;
    let deleted =
        sqlx::query!("delete from dictionary_type where code = $1", code).execute(connection(&mut tx)).await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::NotFound.into());
    }
    sqlx::query!("delete from dictionary_item where type_code = $1", code).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds a value to a dictionary of the city (`code` is none), or changes one; `version` is the one that was read.
///
/// # Errors
/// Without [`Permission::DictionaryWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn dictionary_item_save(
    ctx: &Ctx,
    dictionary: &str,
    code: Option<&str>,
    version: i32,
    form: &ItemForm,
) -> Result<()> {
    ctx.require(Permission::DictionaryWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    let page = dictionary_load(&mut tx, dictionary).await?;
    item_check(&page, code, &fields, &book(&records(&mut tx, Some(dictionary)).await?))?;
    if fields.is_default {
        // There is one; the other gives way.
        sqlx::query!(
            "update dictionary_item set is_default = false, version = version + 1, updated_at = $3, updated_by = $4
             where type_code = $1 and is_default and code <> $2",
            dictionary,
            fields.code,
            ctx.now(),
            ctx.actor().id.0
        )
        .execute(connection(&mut tx))
        .await?;
    }
    let own = dictionary_of(dictionary).and_then(|own| own.entries.iter().find(|entry| entry.code == fields.code));
    let label = Some(fields.label.as_str()).filter(|label| own.is_none_or(|own| own.label != *label));
    let last = page.items.iter().map(|item| item.sort).max().unwrap_or_default();
    let sort = fields.sort.unwrap_or(last + 10);
    let saved = sqlx::query!(
        "insert into dictionary_item as i (type_code, code, label, sort, color, standard_code, is_default, off, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (type_code, code) do update set label = excluded.label, sort = excluded.sort, color = excluded.color,
             standard_code = excluded.standard_code, is_default = excluded.is_default, off = excluded.off,
             version = i.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by
         where i.version = $11",
        dictionary,
        fields.code,
        label,
        sort,
        fields.color,
        fields.standard_code,
        fields.is_default,
        fields.off,
        ctx.now(),
        ctx.actor().id.0,
        version
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(COMPLAINTS))?;
    if saved.rows_affected() == 0 {
        return Err(if code.is_none() {
            FieldErrors::from(("code", "字典项编码已存在")).into()
        } else {
            Failure::Conflict.into()
        });
    }
    tx.commit().await?;
    Ok(())
}

/// What a dictionary allows: one of the program keeps its codes and its meaning.
fn item_check(page: &DictionaryPage, code: Option<&str>, fields: &ItemFields, book: &LabelBook) -> Result<()> {
    let told = |field: &str, sentence: &str| Err(FieldErrors::from((field, sentence)).into());
    if code.is_some_and(|code| code != fields.code) {
        return told("code", if page.row.system { "系统内置字典不可修改编码" } else { "字典项编码不可修改" });
    }
    let known = page.items.iter().any(|item| item.code == fields.code);
    match code {
        None if page.row.system => return Err(Failure::refused("系统内置字典不能增加字典项").into()),
        None if known => return told("code", "字典项编码已存在"),
        Some(_) if !known => return Err(Failure::NotFound.into()),
        _ => {}
    }
    let Some(own) = dictionary_of(&page.row.code) else { return Ok(()) };
    if own.id == "D-05" && fields.color.is_some() {
        return told("color", "房源状态的颜色按色觉安全统一设定，不可修改");
    }
    label_check(book, own, &fields.code, &fields.label)
        .map_err(|complaint| FieldErrors::from(("label", complaint.text())).into())
}

/// Deletes a value of a dictionary of the city.
///
/// # Errors
/// Without [`Permission::DictionaryWrite`]; a refusal for one of the program; [`Failure::NotFound`].
pub async fn dictionary_item_delete(ctx: &Ctx, dictionary: &str, code: &str) -> Result<()> {
    ctx.require(Permission::DictionaryWrite)?;
    if dictionary_of(dictionary).is_some() {
        return Err(Failure::refused("系统内置字典的字典项不能删除，可以停用").into());
    }
    let mut tx = ctx.begin_platform().await?;
    let deleted = sqlx::query!("delete from dictionary_item where type_code = $1 and code = $2", dictionary, code)
        .execute(connection(&mut tx))
        .await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::NotFound.into());
    }
    tx.commit().await?;
    Ok(())
}
