//! The form of a person, and the rules between its fields (domain.md, §7.8).

use super::{DOCUMENT_MAX, DOCUMENT_MIN, Person, masked_address, masked_document};
use crate::{
    dictionary::{Education, Gender, HukouType, IdType, IdVerified, Marital, Nation, PersonType},
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    id::OrganizationId,
    value::{BankCard, Check, Complaint, IdNumber, Passbook, Phone, normalize, required, text_max},
};
use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the fields say whose content is not sent back to the browser.
pub const KEEP_HINT: &str = "留空不修改，填“无”清除";

/// What removes a number that is there.
const NONE: &str = "无";

/// What a person types into the form. Hidden fields arrive empty when they are to stay as they are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    pub name: String,
    pub person_type: String,
    /// id of the organisation that keeps the record
    pub organization: String,
    pub id_type: String,
    pub id_number: String,
    pub gender: String,
    pub birth: String,
    pub nation: String,
    pub education: String,
    pub marital: String,
    pub phone: String,
    pub phone2: String,
    pub hukou_type: String,
    pub hukou_address: String,
    pub live_address: String,
    pub employer: String,
    pub job: String,
    pub bank_name: String,
    pub bank_holder: String,
    pub bank_no: String,
    pub emergency_contact: String,
    pub emergency_phone: String,
}

/// What becomes of a hidden field.
#[derive(Clone, PartialEq, Eq)]
pub enum NumberChange {
    Keep,
    Clear,
    Set { plain: String, mask: String },
}

/// Without what was typed, so that logs never carry a number.
impl fmt::Debug for PersonForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonForm").finish_non_exhaustive()
    }
}

/// Masked, for the same reason.
impl fmt::Debug for NumberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Clear => f.write_str("Clear"),
            Self::Set { mask, .. } => write!(f, "Set({mask})"),
        }
    }
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonFields {
    pub name: String,
    pub person_type: PersonType,
    pub organization_id: OrganizationId,
    pub id_type: IdType,
    pub id_number: NumberChange,
    pub id_verified: IdVerified,
    pub gender: Option<Gender>,
    /// none where the number tells it
    pub birth: Option<NaiveDate>,
    pub birth_year: Option<i32>,
    pub nation: Option<Nation>,
    pub education: Option<Education>,
    pub marital: Option<Marital>,
    pub phone: NumberChange,
    pub phone2: NumberChange,
    pub hukou_type: Option<HukouType>,
    pub hukou_address: NumberChange,
    pub live_address: NumberChange,
    pub employer: Option<String>,
    pub job: Option<String>,
    pub bank_name: Option<String>,
    pub bank_holder: Option<String>,
    pub bank_no: NumberChange,
    pub emergency_contact: Option<String>,
    pub emergency_phone: NumberChange,
}

/// A document's number, and what it tells of its holder.
struct Document {
    plain: String,
    mask: String,
    verified: IdVerified,
    told: Option<(Gender, NaiveDate)>,
}

impl PersonForm {
    /// Checks every field; the browser calls it for speed and the store for truth. `present` is the record that the
    /// form changes, none when it makes a new one.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate, present: Option<&Person>) -> Result<PersonFields, FieldErrors> {
        self.check_with(today, present, false)
    }

    /// The check of an import's row. `tolerant` (PRM-05): a number of an old file that breaks the rules is taken and
    /// marked as not verified, and one of 15 digits gets the form of today (domain.md R-90).
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_import(&self, today: NaiveDate, tolerant: bool) -> Result<PersonFields, FieldErrors> {
        self.check_with(today, None, tolerant)
    }

    fn check_with(
        &self,
        today: NaiveDate,
        present: Option<&Person>,
        tolerant: bool,
    ) -> Result<PersonFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let known = present.is_some();
        let name = errors.take("name", required(&self.name).and_then(|name| text_max(&name, 50)));
        let person_type =
            errors.take("person_type", chosen(&self.person_type, "请选择人员类型", PersonType::from_code));
        let organization_id =
            errors.take("organization", pick(&self.organization, "请选择所属机构").map(OrganizationId));
        let id_type = errors.take("id_type", chosen(&self.id_type, "请选择证件类型", IdType::from_code));
        let same_type = present.is_some_and(|person| Some(person.id_type) == id_type);
        let document = id_type.and_then(|id_type| {
            let number = normalize(&self.id_number);
            match number.as_str() {
                "" if same_type => Some(None),
                "" if known => {
                    errors.add("id_number", "更改证件类型须重新填写证件号码");
                    None
                }
                _ => errors.take("id_number", document(id_type, &number, today, tolerant)).map(Some),
            }
        });
        let mut gender = errors.take("gender", optional_code(&self.gender, Gender::from_code)).flatten();
        let mut birth = errors.take("birth", optional(&self.birth, |text| day(text, today))).flatten();
        let mut birth_year = birth.map(|birth| birth.year());
        if let Some(Some(Document { told: Some((told_gender, told_birth)), .. })) = &document {
            let stated = gender.filter(|gender| matches!(gender, Gender::Male | Gender::Female));
            if stated.is_some_and(|gender| gender != *told_gender) {
                errors.add("gender", "性别与身份证不一致");
            }
            if birth.is_some_and(|birth| birth != *told_birth) {
                errors.add("birth", "出生日期与身份证不一致");
            }
            (gender, birth, birth_year) = (Some(*told_gender), None, Some(told_birth.year()));
        }
        // The number that stays was compared when it was entered, and is not here to be compared with again.
        if let (Some(None), Some(person)) = (&document, present)
            && tells_birth(person.id_type)
        {
            if gender != person.gender {
                errors.add("gender", "性别与身份证不一致");
            }
            if birth.is_some() {
                errors.add("birth", "出生日期由证件号码得出，不必填写");
            }
            birth_year = person.birth_year;
        }
        let nation = errors.take("nation", optional_code(&self.nation, Nation::from_code)).flatten();
        let education = errors.take("education", optional_code(&self.education, Education::from_code)).flatten();
        let marital = errors.take("marital", optional_code(&self.marital, Marital::from_code)).flatten();
        let hukou_type = errors.take("hukou_type", optional_code(&self.hukou_type, HukouType::from_code)).flatten();
        let phone = match errors.take("phone", hidden(&self.phone, known, telephone)) {
            Some(NumberChange::Clear) => {
                errors.add("phone", "不能为空");
                None
            }
            phone => phone,
        };
        let phone2 = errors.take("phone2", hidden(&self.phone2, known, telephone));
        let hukou_address = errors.take("hukou_address", hidden(&self.hukou_address, known, address));
        let live_address = errors.take("live_address", hidden(&self.live_address, known, address));
        let bank_no = errors.take("bank_no", hidden(&self.bank_no, known, bank_account));
        let emergency_phone = errors.take("emergency_phone", hidden(&self.emergency_phone, known, telephone));
        let mut text = |field: &str, value: &str, most: usize| errors.take(field, optional_text(value, most)).flatten();
        let employer = text("employer", &self.employer, 200);
        let job = text("job", &self.job, 50);
        let bank_name = text("bank_name", &self.bank_name, 100);
        let bank_holder = text("bank_holder", &self.bank_holder, 50);
        let emergency_contact = text("emergency_contact", &self.emergency_contact, 30);
        let numbers = (phone, phone2, hukou_address, live_address, bank_no, emergency_phone);
        match (name, person_type, organization_id, id_type, document, numbers) {
            (
                Some(name),
                Some(person_type),
                Some(organization_id),
                Some(id_type),
                Some(document),
                (
                    Some(phone),
                    Some(phone2),
                    Some(hukou_address),
                    Some(live_address),
                    Some(bank_no),
                    Some(emergency_phone),
                ),
            ) if errors.is_empty() => {
                let (id_number, id_verified) = match document {
                    Some(document) => {
                        (NumberChange::Set { plain: document.plain, mask: document.mask }, document.verified)
                    }
                    None => (NumberChange::Keep, present.map_or(IdVerified::Unverified, |person| person.id_verified)),
                };
                Ok(PersonFields {
                    name,
                    person_type,
                    organization_id,
                    id_type,
                    id_number,
                    id_verified,
                    gender,
                    birth,
                    birth_year,
                    nation,
                    education,
                    marital,
                    phone,
                    phone2,
                    hukou_type,
                    hukou_address,
                    live_address,
                    employer,
                    job,
                    bank_name,
                    bank_holder,
                    bank_no,
                    emergency_contact,
                    emergency_phone,
                })
            }
            _ => Err(errors),
        }
    }
}

impl From<&Person> for PersonForm {
    /// Everything but the hidden fields, which the browser has never seen.
    fn from(person: &Person) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            name: person.name.clone(),
            person_type: person.person_type.code().to_owned(),
            organization: person.organization_id.to_string(),
            id_type: person.id_type.code().to_owned(),
            gender: person.gender.map(|value| value.code().to_owned()).unwrap_or_default(),
            birth: person.birth.map(|value| value.to_string()).unwrap_or_default(),
            nation: person.nation.map(|value| value.code().to_owned()).unwrap_or_default(),
            education: person.education.map(|value| value.code().to_owned()).unwrap_or_default(),
            marital: person.marital.map(|value| value.code().to_owned()).unwrap_or_default(),
            hukou_type: person.hukou_type.map(|value| value.code().to_owned()).unwrap_or_default(),
            employer: text(&person.employer),
            job: text(&person.job),
            bank_name: text(&person.bank_name),
            bank_holder: text(&person.bank_holder),
            emergency_contact: text(&person.emergency_contact),
            ..Self::default()
        }
    }
}

/// A document's number by the rules of its type: a citizen's or a resident's is checked to the last character
/// (domain.md R-90), of the others only the length is known.
fn document(id_type: IdType, text: &str, today: NaiveDate, tolerant: bool) -> Check<Document> {
    let is_permit = |number: &IdNumber| ["81", "82", "83"].contains(&&number.as_str()[..2]);
    match id_type {
        IdType::IdCard | IdType::ResidencePermit => {
            let parse = if tolerant { IdNumber::parse_legacy } else { IdNumber::parse };
            let number = match parse(&required(text)?, today) {
                Err(_) if tolerant => return document(IdType::Other, text, today, false),
                number => number?,
            };
            match (id_type, is_permit(&number)) {
                (IdType::ResidencePermit, false) => {
                    return Err(Complaint::says("港澳台居民居住证号码应以81、82或83开头"));
                }
                // Else one document could be two persons.
                (IdType::IdCard, true) => return Err(Complaint::says("该号码属于港澳台居民居住证，请更改证件类型")),
                _ => {}
            }
            Ok(Document {
                plain: number.as_str().to_owned(),
                mask: number.masked(),
                verified: IdVerified::FormatOk,
                told: Some((number.gender(), number.birth())),
            })
        }
        IdType::ForeignPermanent | IdType::Officer | IdType::Passport | IdType::Other => {
            let plain = text_max(&required(text)?, DOCUMENT_MAX)?.to_uppercase();
            if plain.chars().count() < DOCUMENT_MIN {
                return Err(Complaint::about("长度不能少于5"));
            }
            Ok(Document { mask: masked_document(&plain), plain, verified: IdVerified::Unverified, told: None })
        }
    }
}

/// Whether a document's number tells its holder's birth and gender.
fn tells_birth(id_type: IdType) -> bool {
    matches!(id_type, IdType::IdCard | IdType::ResidencePermit)
}

fn chosen<T>(code: &str, sentence: &'static str, from_code: fn(&str) -> Option<T>) -> Check<T> {
    from_code(code).ok_or(Complaint::Says(sentence.into()))
}

fn optional_code<T>(code: &str, from_code: fn(&str) -> Option<T>) -> Check<Option<T>> {
    if code.is_empty() { Ok(None) } else { chosen(code, "请从列表中选择", from_code).map(Some) }
}

fn day(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    let day: NaiveDate = text.parse().map_err(|_| Complaint::about("格式应为YYYY-MM-DD"))?;
    if day > today { Err(Complaint::about("不能晚于今天")) } else { Ok(day) }
}

/// A field whose content the browser does not have: of a new record it must be entered (or left out), of a known one
/// it stays unless it is written anew.
fn hidden(text: &str, known: bool, parse: fn(&str) -> Check<(String, String)>) -> Check<NumberChange> {
    match normalize(text).as_str() {
        "" if known => Ok(NumberChange::Keep),
        "" | NONE => Ok(NumberChange::Clear),
        text => parse(text).map(|(plain, mask)| NumberChange::Set { plain, mask }),
    }
}

fn telephone(text: &str) -> Check<(String, String)> {
    Phone::parse(text).map(|phone| (phone.as_str().to_owned(), phone.masked()))
}

fn address(text: &str) -> Check<(String, String)> {
    text_max(text, 200).map(|address| (address.clone(), masked_address(&address)))
}

/// A card by its check digit, or else a passbook: of 16 digits and more, a number that is no card's is a slip
/// (domain.md R-92).
fn bank_account(text: &str) -> Check<(String, String)> {
    match BankCard::parse(text) {
        Ok(card) => Ok((card.as_str().to_owned(), card.masked())),
        Err(complaint) => match Passbook::parse(text) {
            Ok(book) if !(16..=19).contains(&book.as_str().len()) => Ok((book.as_str().to_owned(), book.masked())),
            _ => Err(complaint),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        "2026-11-24".parse().unwrap()
    }

    fn form() -> PersonForm {
        PersonForm {
            name: "测试人".into(),
            person_type: "TENANT".into(),
            organization: "7".into(),
            id_type: "IDCARD".into(),
            id_number: "11010519491231002x".into(),
            phone: "13800000000".into(),
            ..PersonForm::default()
        }
    }

    #[test]
    fn a_citizen_s_number_tells_gender_and_birth() {
        let fields = form().check(today(), None).expect("all is well");
        assert_eq!((fields.gender, fields.birth, fields.birth_year), (Some(Gender::Female), None, Some(1949)));
        assert_eq!(fields.id_verified, IdVerified::FormatOk);
        let NumberChange::Set { plain, mask } = fields.id_number else { panic!("a new number") };
        assert_eq!((plain.as_str(), mask.as_str()), ("11010519491231002X", "110105********002X"));
        assert_eq!(fields.bank_no, NumberChange::Clear);
        let logged = format!("{:?} {:?}", form(), form().check(today(), None).expect("all is well"));
        assert!(logged.contains("110105********002X") && !logged.contains("19491231"), "{logged}");
        assert!(!logged.contains("13800000000"), "{logged}");
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = PersonForm {
            gender: "1".into(),
            birth: "1950-01-01".into(),
            bank_no: "6217000010000000012".into(),
            emergency_phone: "12".into(),
            phone: "无".into(),
            nation: "99".into(),
            ..form()
        };
        let errors = wrong.check(today(), None).unwrap_err();
        for (field, message) in [
            ("gender", "性别与身份证不一致"),
            ("birth", "出生日期与身份证不一致"),
            ("bank_no", "银行卡号校验不通过，请核对"),
            ("emergency_phone", "格式不正确"),
            ("phone", "不能为空"),
            ("nation", "请从列表中选择"),
        ] {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
        let errors = PersonForm::default().check(today(), None).unwrap_err();
        for field in ["name", "person_type", "organization", "id_type", "phone"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
        let permit = PersonForm { id_type: "HKMT".into(), ..form() };
        let errors = permit.check(today(), None).unwrap_err();
        assert_eq!(errors.get("id_number"), Some("港澳台居民居住证号码应以81、82或83开头"));
    }

    #[test]
    fn a_passbook_needs_no_check_digit() {
        let PersonFields { bank_no, .. } =
            PersonForm { bank_no: "1234 5678 90".into(), ..form() }.check(today(), None).expect("a passbook");
        assert!(matches!(bank_no, NumberChange::Set { plain, .. } if plain == "1234567890"));
    }
}
