//! The demo directory and the demo notice are what the documentation says they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use qianshou::adapters::tables::read_csv;
use qianshou::domain::address::{Address, AddressStatus};
use qianshou::domain::directory_import::{
    DirectoryPlan, DirectorySheets, ImportReport, PlannedOrganization, plan,
};
use qianshou::domain::organization::{Level, OrganizationKind};

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo")
}

fn demo_plan() -> DirectoryPlan {
    let read = |file: &str| read_csv(&std::fs::read(demo_folder().join(file)).unwrap()).unwrap();
    let (organizations, desks, contacts) =
        (read("organizations.csv"), read("desks.csv"), read("contacts.csv"));
    let sheets =
        DirectorySheets { organizations: &organizations, desks: &desks, contacts: &contacts };
    plan(sheets).unwrap_or_else(|refused| panic!("{refused}"))
}

fn find<'a>(plan: &'a DirectoryPlan, name: &str) -> &'a PlannedOrganization {
    let named = |o: &&PlannedOrganization| o.name == name;
    plan.organizations.iter().find(named).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn the_demo_directory_has_every_committee_and_government_of_hunan() {
    let plan = demo_plan();
    let report = ImportReport::of(&plan);
    let count = |level, kind| report.organizations.get(&(level, kind)).copied().unwrap_or(0);
    for kind in [OrganizationKind::PartyCommittee, OrganizationKind::Government] {
        assert_eq!(count(Level::Province, kind), 1);
        assert_eq!(count(Level::Prefecture, kind), 14);
        assert_eq!(count(Level::County, kind), 122);
    }
    assert_eq!(count(Level::County, OrganizationKind::DevelopmentZone), 12);
    let bodies = plan.organizations.iter().filter(|o| o.level == Level::Province).count() - 2;
    assert_eq!(bodies, 42);
    assert_eq!(plan.organizations.len(), 2 + 2 * (14 + 122) + 12 + bodies);
}

#[test]
fn names_follow_the_usage_of_each_kind_of_region() {
    let plan = demo_plan();
    let cases = [
        ("中共长沙市委", "长沙市委", "长沙市委办公室"),
        ("中共长沙市望城区委", "望城区委", "望城区委办公室"),
        ("长沙市望城区人民政府", "望城区政府", "望城区政府办公室"),
        ("中共浏阳市委", "浏阳市委", "浏阳市委办"),
        ("中共长沙县委", "长沙县委", "长沙县委办"),
        ("中共湘西土家族苗族自治州委", "湘西州委", "湘西州委办公室"),
        ("靖州苗族侗族自治县人民政府", "靖州县政府", "靖州县人民政府"),
    ];
    for (name, short_name, alias) in cases {
        let found = find(&plan, name);
        assert_eq!(found.short_name, short_name);
        assert!(found.aliases.iter().any(|known| known == alias), "{name}: {:?}", found.aliases);
    }
}

#[test]
fn the_tree_of_the_committees_holds_each_county_below_its_city() {
    let plan = demo_plan();
    let party = find(&plan, "中共湖南省委");
    let changsha = find(&plan, "中共长沙市委");
    let wangcheng = find(&plan, "中共长沙市望城区委");
    assert!(changsha.tree_path.starts_with(&party.tree_path));
    assert!(wangcheng.tree_path.starts_with(&changsha.tree_path));
    let below_changsha = |o: &&PlannedOrganization| {
        o.tree_path.starts_with(&changsha.tree_path) && o.code != changsha.code
    };
    assert_eq!(plan.organizations.iter().filter(below_changsha).count(), 9);
    assert!(plan.organizations.is_sorted_by_key(|o| o.tree_path.clone()));
}

#[test]
fn every_demo_address_is_one_that_nobody_has() {
    let plan = demo_plan();
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for contact in &plan.contacts {
        for address in &contact.addresses {
            match address {
                Address::Email(mail) => {
                    assert!(mail.domain().ends_with(".hunan.example"), "{}", mail.as_str());
                    let owner = contact.organization_code.as_str();
                    owners.entry(mail.as_str().to_owned()).or_default().insert(owner);
                }
                Address::Webhook(url) => panic!("the demo calls nobody: {url}"),
                Address::Phone(number) => {
                    let digits = number.digits();
                    // 154 is assigned to no operator; 555 opens no exchange of the province.
                    let is_invented =
                        digits.starts_with("1540000") || digits[4..].starts_with("555");
                    assert!(is_invented, "{number}");
                }
            }
        }
    }
    let shared = owners.values().filter(|owners| owners.len() > 2).count();
    assert_eq!(shared, 0, "a mailbox serves a committee and its office at most");
}

#[test]
fn the_demo_directory_has_gaps_to_be_seen() {
    let plan = demo_plan();
    let report = ImportReport::of(&plan);
    assert!((5..20).contains(&report.organizations_without_verified_email));
    assert!((5..20).contains(&report.organizations_without_night_desk));
    assert!((3..12).contains(&report.organizations_without_stated_superior));
    assert!(report.desks_shared >= 8);
    let without_address = plan
        .organizations
        .iter()
        .filter(|o| {
            let own = plan.contacts.iter().filter(|c| c.organization_code == o.code);
            own.map(|c| c.addresses.len()).sum::<usize>() == 0
        })
        .count();
    assert_eq!(without_address, 3);
    for status in [AddressStatus::Unverified, AddressStatus::Verified, AddressStatus::Failing] {
        assert!(report.addresses.contains_key(&status), "{status:?}");
    }
}

#[test]
fn the_demo_notice_is_ready_to_issue_to_146_and_one_copy() {
    let folder = demo_folder().join("notice");
    let notice: toml::Table =
        std::fs::read_to_string(folder.join("notice.toml")).unwrap().parse().unwrap();
    for field in [
        "dispatching_organ",
        "form",
        "urgency",
        "channel_class",
        "document_number",
        "cipher_office_serial",
        "approver_name",
        "approved_on",
        "title",
        "addressee_line",
        "copy_line",
        "body",
        "issue_date",
        "circulation_scope",
        "contact_person",
        "duty_phone",
        "report_back_to",
        "report_back_by",
        "urgency_reason",
    ] {
        assert!(notice[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    let is_han = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    let han = notice["body"].as_str().unwrap().chars().filter(is_han).count();
    assert!((600..=900).contains(&han), "{han} characters");

    let plan = demo_plan();
    let (mut primary, mut copies) = (BTreeSet::new(), BTreeSet::new());
    for recipients in notice["recipients"].as_array().unwrap() {
        let is_copy = recipients["addressee"].as_str() == Some("copy");
        let into = if is_copy { &mut copies } else { &mut primary };
        into.extend(members(&plan, recipients.as_table().unwrap()));
    }
    assert_eq!((primary.len(), copies.len()), (14 + 122 + 10, 1));
    let leads = notice["signatories"].as_array().unwrap().iter();
    assert_eq!(leads.filter(|one| one["lead"].as_bool() == Some(true)).count(), 1);

    for file in notice["files"].as_array().unwrap() {
        let bytes = std::fs::read(folder.join(file["path"].as_str().unwrap())).unwrap();
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() < 150 * 1024, "{file}");
    }
}

/// Codes of the organisations that one entry of the notice's recipients means.
fn members(plan: &DirectoryPlan, entry: &toml::Table) -> Vec<String> {
    let words = |value: &toml::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let known = |code: &String| plan.organizations.iter().any(|o| o.code == *code);
    if let Some(codes) = entry.get("codes") {
        let codes = words(codes);
        assert!(codes.iter().all(known), "{codes:?}");
        return codes;
    }
    let rule = &entry["rule"];
    let (kinds, levels) = (words(&rule["kinds"]), words(&rule["levels"]));
    let region = rule["region"].as_str().unwrap();
    let meant = |o: &&PlannedOrganization| {
        kinds.iter().any(|kind| kind == o.kind.as_str())
            && levels.iter().any(|level| level == o.level.as_str())
            && o.region_code.starts_with(region)
    };
    plan.organizations.iter().filter(meant).map(|o| o.code.clone()).collect()
}
