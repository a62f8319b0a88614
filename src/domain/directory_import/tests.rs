//! Sheets that are right, and one of everything that can be wrong with them.

use super::*;
use crate::domain::table::TableRow;

const ORGANIZATIONS: &str = "\
code|name|short_name|aliases|kind|level|region_code|parent_code|superior|working_hours
cs|中共长沙市委|长沙市委|长沙市委办；长沙市委办公室|party_committee|prefecture|430100||none|08:30-12:00
wc|中共长沙市望城区委|||party_committee|county|430112|cs|cs|
fr|中共长沙市芙蓉区委|芙蓉区委||party_committee|county|430102|cs||";
const DESKS: &str = "\
code|name|kind|round_the_clock|hours|phone|night_phone|organization_codes
cs-mail|中共长沙市委办公室机要室|mail_room|no|08:30-12:00|0731-55500001||cs
duty|总值班室|duty_desk|yes||0731-55500002||wc;fr";
const CONTACTS: &str = "\
organization_code|desk_code|role|name|post|phone|email|second_email|mobile|status
cs|cs-mail|primary|王某|机要员|0731-55500001|a@cs.hunan.example|b@CS.hunan.example||verified
cs|cs-mail|deputy|李某|||c@cs.hunan.example||15400000001|unverified
wc|duty|duty_desk|值班员||||||verified";

/// A table of cells separated by `|`; `\n` in a cell stands for a line break.
fn table(text: &str) -> Table {
    let mut lines = text
        .lines()
        .map(|line| line.split('|').map(|cell| cell.replace("\\n", "\n")).collect::<Vec<String>>());
    let headers = lines.next().unwrap();
    let rows = (2..).zip(lines).map(|(number, cells)| TableRow { number, cells }).collect();
    Table { headers, rows }
}

fn plan_of(
    organizations: &str,
    desks: &str,
    contacts: &str,
) -> Result<DirectoryPlan, ImportRefused> {
    plan(DirectorySheets {
        organizations: &table(organizations),
        desks: &table(desks),
        contacts: &table(contacts),
    })
}

/// The faults, each as its text, after `from` has been replaced by `to` wherever it stands.
fn faults_after(from: &str, to: &str) -> Vec<String> {
    let sheets = [ORGANIZATIONS, DESKS, CONTACTS];
    assert!(sheets.iter().any(|sheet| sheet.contains(from)), "nothing to damage: {from:?}");
    let [organizations, desks, contacts] = sheets.map(|sheet| sheet.replace(from, to));
    match plan_of(&organizations, &desks, &contacts) {
        Ok(_) => Vec::new(),
        Err(refused) => refused.faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn right_sheets_become_a_plan_in_tree_order() {
    let plan = plan_of(ORGANIZATIONS, DESKS, CONTACTS).unwrap();
    let places: Vec<_> =
        plan.organizations.iter().map(|o| (o.code.as_str(), o.depth, &*o.tree_path)).collect();
    assert_eq!(places, [("cs", 0, "0001"), ("fr", 1, "00010001"), ("wc", 1, "00010002")]);
    let [changsha, furong, wangcheng] = plan.organizations.as_slice() else { panic!("three") };
    assert_eq!(changsha.aliases, ["长沙市委办", "长沙市委办公室"]);
    assert_eq!(changsha.superior, Superior::None);
    assert_eq!(furong.superior, Superior::Unstated);
    assert_eq!(wangcheng.superior, Superior::Declared("cs".into()));
    assert_eq!(wangcheng.short_name, "中共长沙市望城区委");
    let addresses: Vec<_> = plan.contacts[0].addresses.iter().map(Address::to_text).collect();
    assert_eq!(addresses, ["a@cs.hunan.example", "b@cs.hunan.example", "0731-55500001"]);
}

#[test]
fn the_same_sheets_make_the_same_plan() {
    let columns_turned = CONTACTS
        .lines()
        .map(|line| line.rsplit('|').collect::<Vec<_>>().join("|"))
        .collect::<Vec<_>>()
        .join("\n");
    let first = plan_of(ORGANIZATIONS, DESKS, CONTACTS);
    assert_eq!(plan_of(ORGANIZATIONS, DESKS, &columns_turned), first);
}

#[test]
fn the_report_counts_what_an_operator_would_count() {
    let plan = plan_of(ORGANIZATIONS, DESKS, CONTACTS).unwrap();
    assert_eq!(
        ImportReport::of(&plan).to_string(),
        "organisations: 3\n  prefecture party_committee: 1\n  county party_committee: 2\n\
         desks: 2 (round the clock 1, shared 1)\ncontacts: 3\n  addresses unverified: 2\n  \
         addresses verified: 3\n\
         to mend: no verified mail address 2, no night desk 1, superior not stated 1\n"
    );
}

#[test]
fn each_damage_is_found_named_and_placed() {
    let organizations = "organizations.csv row";
    let cases = [
        ("wc|中共", "cs|中共", format!("{organizations} 3, code: \"cs\" stands already in row 2")),
        (
            "|中共长沙市芙蓉区委|",
            "|中共长沙市委|",
            format!("{organizations} 4, name: \"中共长沙市委\" stands"),
        ),
        ("wc|中共", "w c|中共", format!("{organizations} 3, code: \"w c\" is no code")),
        ("|中共长沙市芙蓉区委|", "||", format!("{organizations} 4, name: is empty")),
        (
            "芙蓉区委||",
            "芙蓉\\n区委||",
            format!("{organizations} 4, short_name: \"芙蓉\\n区委\" contains"),
        ),
        (
            "cs|中共长沙市委|长沙市委|长沙市委办；",
            "cs|中共长沙市委|长沙市委|长沙市委办公室；",
            format!("{organizations} 2, aliases: \"长沙市委办公室\" is given twice"),
        ),
        (
            "party_committee|prefecture",
            "committee|prefecture",
            format!(
                "{organizations} 2, kind: unknown word \"committee\"; use one of: party_committee,"
            ),
        ),
        (
            "|county|430102",
            "|district|430102",
            format!("{organizations} 4, level: unknown word \"district\"; use one of: province,"),
        ),
        ("430102", "4301", format!("{organizations} 4, region_code: \"4301\" is no region code")),
        ("430102|cs", "430102|sc", format!("{organizations} 4, parent_code: \"sc\" is no code in")),
        (
            "430112|cs|cs",
            "430112|cs|sc",
            format!("{organizations} 3, superior: \"sc\" is no code in"),
        ),
        (
            "430100||",
            "430100|wc|",
            format!("{organizations} 2, parent_code: cs → wc → cs leads back"),
        ),
        ("||none|", "||wc|", format!("{organizations} 2, superior: cs → wc → cs leads back")),
        (
            "none|08:30-12:00",
            "none|morning",
            format!("{organizations} 2, working_hours: \"morning\" is not"),
        ),
        (
            "芙蓉区委||",
            "芙蓉区委|",
            format!("{organizations} 4: the row has 9 cells and the header 10"),
        ),
        (
            "|superior|",
            "|boss|",
            format!("{organizations} 1, boss: unknown column; remove it or use"),
        ),
        (
            "|superior|",
            "|level|",
            format!("{organizations} 1, level: the header names this column twice"),
        ),
        (
            "mail_room|no|",
            "mail_room|nein|",
            "desks.csv row 2, round_the_clock: unknown word \"nein\"".into(),
        ),
        (
            "duty_desk|yes||",
            "duty_desk|yes|08:30-12:00|",
            "desks.csv row 3, hours: the desk is manned".into(),
        ),
        ("||wc;fr", "||wc;xx", "desks.csv row 3, organization_codes: \"xx\" is no code in".into()),
        ("||wc;fr", "||", "desks.csv row 3, organization_codes: is empty".into()),
        (
            "0731-55500002",
            "55500002",
            "desks.csv row 3, phone: \"55500002\": the telephone number lacks".into(),
        ),
        (
            "a@cs",
            "a@@cs",
            "contacts.csv row 2, email: \"a@@cs.hunan.example\": a mail address has".into(),
        ),
        (
            "a@cs.",
            "b@cs.",
            "contacts.csv row 2, second_email: \"b@cs.hunan.example\" is given".into(),
        ),
        (
            "|15400000001",
            "|0731-55500009",
            "contacts.csv row 3, mobile: \"0731-55500009\": not a mobile".into(),
        ),
        (
            "|deputy|",
            "|primary|",
            "contacts.csv row 3, role: \"primary\" stands already in row 2".into(),
        ),
        ("|deputy|", "|boss|", "contacts.csv row 3, role: unknown word \"boss\"".into()),
        ("|unverified", "|", "contacts.csv row 3, status: is empty".into()),
        (
            "wc|duty|",
            "wc|night|",
            "contacts.csv row 4, desk_code: \"night\" is no code in desks.csv".into(),
        ),
        (
            "wc|duty|",
            "wc|cs-mail|",
            "contacts.csv row 4, desk_code: desk \"cs-mail\" does not receive".into(),
        ),
        ("wc|duty|", "xx|duty|", "contacts.csv row 4, organization_code: \"xx\" is no code".into()),
    ];
    for (from, to, wanted) in cases {
        let found = faults_after(from, to);
        assert!(found.iter().any(|text| text.starts_with(&wanted)), "{wanted}\nin {found:#?}");
    }
}

#[test]
fn one_pass_names_everything_and_a_lost_column_is_named_once() {
    let contacts = CONTACTS.replace("a@cs", "a@@cs").replace("|verified", "|good");
    let desks = DESKS.replace("|phone|", "|telephone|");
    let refused = plan_of(ORGANIZATIONS, &desks, &contacts).unwrap_err();
    let of_sheet = |sheet| refused.faults.iter().filter(|fault| fault.sheet == sheet).count();
    assert_eq!(of_sheet(Sheet::Desks), 2);
    let rows: Vec<_> = refused.faults.iter().map(|fault| (fault.sheet, fault.row)).collect();
    assert!(rows.is_sorted());
    assert!(refused.to_string().contains("row 2, email"));
    assert!(refused.to_string().contains("row 2, status"));
    assert!(refused.to_string().contains("row 4, status"));
}

#[test]
fn the_longest_name_fits_and_one_more_character_does_not() {
    let fits = "中".repeat(sheet::NAME_CHARS_MAX);
    assert_eq!(faults_after("中共长沙市芙蓉区委", &fits), Vec::<String>::new());
    let found = faults_after("中共长沙市芙蓉区委", &format!("{fits}中"));
    assert!(found[0].contains("row 4, name: has 121 characters and 120 are the most"));
}
