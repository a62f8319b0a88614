//! The directory: taken over as a whole, again without a change, and looked up.

use qianshou::domain::address::AddressStatus;
use qianshou::domain::directory_import::{ImportEffect, ImportEffects};
use qianshou::domain::evidence::Actor;
use qianshou::domain::organization::{ContactRole, DeskKind, Level, Superior};
use qianshou::service::directory;
use qianshou::service::import_directory::{DirectoryFiles, check, take_over};
use qianshou::service::{Service, ServiceError};
use qianshou::store::StoreError;
use qianshou::store::contacts::reach_list;
use qianshou::store::organizations::organization_search;

use crate::support::crossing::crossing;
use crate::support::house::House;

pub(crate) const ORGANIZATIONS: &str = "\
code,name,short_name,aliases,kind,level,region_code,parent_code,superior,working_hours
city,中共长沙市委,长沙市委,长沙市委办公室;100%_市委,party_committee,prefecture,430100,party,party,
party,中共湖南省委,湖南省委,省委,party_committee,province,430000,,none,\"08:30-12:00,13:30-17:30\"
gov,湖南省人民政府,,,government,province,430000,,none,
";
pub(crate) const DESKS: &str = "\
code,name,kind,round_the_clock,hours,phone,night_phone,organization_codes
city-duty,长沙市委值班室,duty_desk,yes,,0731-55500011,,city
city-mail,长沙市委机要室,mail_room,no,08:00-17:00,0731-55500010,,city;party
";
pub(crate) const CONTACTS: &str = "\
organization_code,desk_code,role,name,post,phone,email,second_email,mobile,status
city,city-mail,primary,彭某,机要员,0731-55500010,a@cs.hunan.example,b@cs.hunan.example,,verified
city,,office_head,毛某,主任,,h@cs.hunan.example,,15400000001,unverified
party,city-mail,primary,王某,,,p@hunan.example,,,verified
";

fn import(service: &Service, sheets: [&str; 3]) -> ImportEffects {
    let [organizations, desks, contacts] = sheets.map(str::as_bytes);
    let checked = check(DirectoryFiles { organizations, desks, contacts }).unwrap();
    take_over(service, Actor::Operator, checked).unwrap()
}

fn effect(added: usize, changed: usize, unchanged: usize, retired: usize) -> ImportEffect {
    ImportEffect { added, changed, unchanged, retired }
}

#[test]
fn a_directory_is_taken_over_and_the_same_sheets_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    let first = import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    assert_eq!(first.organizations, effect(3, 0, 0, 0));
    assert_eq!(first.desks, effect(2, 0, 0, 0));
    assert_eq!(first.contacts, effect(3, 0, 0, 0));
    assert_eq!(first.addresses, effect(6, 0, 0, 0));
    let again = import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    assert_eq!(again.organizations, effect(0, 0, 3, 0));
    assert_eq!(again.desks, effect(0, 0, 2, 0));
    assert_eq!(again.contacts, effect(0, 0, 3, 0));
    assert_eq!(again.addresses, effect(0, 0, 6, 0));
    assert_eq!(house.count("events where kind = 'directory_imported'"), 2);

    let list = directory::list(service).unwrap();
    let order: Vec<(&str, i32)> = list.iter().map(|o| (o.code.as_str(), o.depth)).collect();
    assert_eq!(order, [("party", 0), ("city", 1), ("gov", 0)]);
    assert_eq!(list[1].parent, Some(list[0].id));
    assert_eq!(list[2].short_name, "湖南省人民政府");

    let city = directory::look(service, list[1].id).unwrap();
    assert_eq!(city.organization.superior, Superior::Declared(list[0].id));
    assert_eq!(city.organization.aliases, ["100%_市委", "长沙市委办公室"]);
    assert_eq!(city.superior.unwrap().name, "中共湖南省委");
    let kinds: Vec<DeskKind> = city.reach.desks.iter().map(|desk| desk.kind).collect();
    assert_eq!(kinds, [DeskKind::MailRoom, DeskKind::DutyDesk]);
    assert_eq!(city.reach.desks[0].organizations.len(), 2);
    assert_eq!(city.names[&list[0].id], "中共湖南省委");
    let roles: Vec<ContactRole> = city.reach.contacts.iter().map(|one| one.role).collect();
    assert_eq!(roles, [ContactRole::Primary, ContactRole::OfficeHead]);
    let addresses: Vec<String> =
        city.reach.contacts[0].addresses.iter().map(|one| one.address.to_text()).collect();
    assert_eq!(addresses, ["a@cs.hunan.example", "b@cs.hunan.example", "0731-55500010"]);

    let ids: Vec<_> = list.iter().rev().map(|one| one.id).collect();
    let reach = service.store.read(|conn| reach_list(conn, &ids)).unwrap();
    let found: Vec<_> = reach.iter().map(|one| one.organization).collect();
    assert_eq!(found, ids, "in the order asked for");
    assert_eq!((reach[0].desks.len(), reach[0].contacts.len()), (0, 0));
    assert_eq!(reach[2].desks[0].code, "city-mail");
    assert!(reach[2].working_hours.is_some());
    let nobody = "org_00000000000000000000000000".parse().unwrap();
    assert!(matches!(directory::look(service, nobody), Err(ServiceError::NotFound)));
}

#[test]
fn a_search_finds_names_and_aliases_and_takes_signs_for_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    let found = |text: &str| -> Vec<(String, Option<String>)> {
        let hits = service.store.read(|conn| organization_search(conn, text)).unwrap();
        hits.into_iter().map(|hit| (hit.organization.code, hit.matched_alias)).collect()
    };
    assert_eq!(found("长沙市委"), [("city".to_owned(), None)]);
    assert_eq!(found("市委办"), [("city".to_owned(), Some("长沙市委办公室".to_owned()))]);
    assert_eq!(found("0%_"), [("city".to_owned(), Some("100%_市委".to_owned()))]);
    for nothing in ["%", "_", "\\", "株洲"].iter().filter(|sign| !"100%_市委".contains(**sign))
    {
        assert_eq!(found(nothing), [], "{nothing}");
    }
    assert_eq!(found("湖南_委"), [], "_ is no wildcard");
    let page = directory::search(service, " 委 ", Some(Level::Province), 0, 10).unwrap();
    assert_eq!((page.found, page.hits.len(), page.reach.len()), (1, 1, 1));
    assert_eq!(page.by_level[&Level::Prefecture], 1);
    let all = directory::search(service, "", None, 1, 2).unwrap();
    assert_eq!((all.found, all.hits[0].organization.code.as_str()), (3, "gov"));
}

#[test]
fn what_was_learned_stays_and_what_is_gone_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    let statuses = || -> Vec<(String, AddressStatus)> {
        let list = directory::list(service).unwrap();
        let contacts = directory::look(service, list[1].id).unwrap().reach.contacts;
        let all = contacts.into_iter().flat_map(|one| one.addresses);
        all.map(|one| (one.address.to_text(), one.status)).collect()
    };
    let learned = "update contact_addresses set status = 'failing', status_at = 7 \
                   where address = 'a@cs.hunan.example'";
    assert_eq!(house.execute(learned), 1);
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    assert_eq!(statuses()[0], ("a@cs.hunan.example".to_owned(), AddressStatus::Failing));
    assert_eq!(house.count("contact_addresses where status_at = 7"), 1);

    // One address leaves its row, one contact leaves the sheet; the city moves and is renamed.
    let fewer = CONTACTS
        .replace(",b@cs.hunan.example", ",")
        .replace("city,,office_head,毛某,主任,,h@cs.hunan.example,,15400000001,unverified\n", "");
    let renamed = ORGANIZATIONS
        .replace("中共长沙市委", "中共长沙市委员会")
        .replace("430100,party,party,", "430100,gov,none,");
    let effects = import(service, [&renamed, DESKS, &fewer]);
    assert_eq!(effects.organizations, effect(0, 1, 2, 0));
    assert_eq!(effects.contacts, effect(0, 0, 2, 1));
    assert_eq!(effects.addresses.retired, 3);
    let list = directory::list(service).unwrap();
    let order: Vec<&str> = list.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(order, ["party", "gov", "city"]);
    assert_eq!(list[2].name, "中共长沙市委员会");
    assert_eq!(house.count("contacts where retired_at is not null"), 1);

    // Back on the sheet is as good as new: the sheet's word, not the old one.
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    let back = statuses();
    assert!(back.contains(&("h@cs.hunan.example".to_owned(), AddressStatus::Unverified)));
    assert!(back.contains(&("b@cs.hunan.example".to_owned(), AddressStatus::Verified)));
    assert_eq!(house.count("contact_addresses"), 6, "nothing was made twice");
}

/// A mail comes back refused while the sheets are being taken over.
#[test]
fn what_is_learned_during_an_import_stays() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    let learned = "update contact_addresses set status = 'failing', status_at = 7 \
                   where address = 'a@cs.hunan.example'";
    let moved = CONTACTS
        .replace("a@cs.hunan.example,b@cs.hunan.example", "b@cs.hunan.example,a@cs.hunan.example");
    let taken = crossing(&house.url, learned, || import(service, [ORGANIZATIONS, DESKS, &moved]));
    let Some(effects) = taken else { return };
    assert_eq!(effects.addresses.changed, 2);
    let stays = "contact_addresses where status = 'failing' and status_at = 7";
    assert_eq!(house.count(stays), 1);
}

#[test]
fn sheets_of_a_part_leave_the_others_alone_but_for_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    import(service, [ORGANIZATIONS, DESKS, CONTACTS]);
    let header = ORGANIZATIONS.lines().next().unwrap();
    let other =
        format!("{header}\nalpha,中共湖南省委甲,,,party_committee,province,420000,,none,\n");
    let empty = |sheet: &str| format!("{}\n", sheet.lines().next().unwrap());
    let effects = import(service, [&other, &empty(DESKS), &empty(CONTACTS)]);
    assert_eq!(effects.organizations, effect(1, 0, 0, 0));
    assert_eq!((effects.contacts, effects.desks), (effect(0, 0, 0, 0), effect(0, 0, 0, 0)));
    let list = directory::list(service).unwrap();
    let order: Vec<(&str, &str)> =
        list.iter().map(|one| (one.code.as_str(), one.tree_path.as_str())).collect();
    let wanted = [("alpha", "0001"), ("party", "0002"), ("city", "00020001"), ("gov", "0003")];
    assert_eq!(order, wanted);
    assert_eq!(house.count("contacts where retired_at is not null"), 0);
    let desks = service
        .store
        .read(|conn| Ok::<_, StoreError>(reach_list(conn, &[list[2].id])?[0].desks.len()));
    assert_eq!(desks.unwrap(), 2);
}

#[test]
fn the_demo_directory_is_taken_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    let demo = qianshou::service::demo::fill(service).unwrap();
    assert_eq!((demo.organizations, demo.recipients), (328, (146, 1)));
    assert_eq!(house.count("notice_picks where addressee = 'primary'"), 146);
    assert_eq!(house.count("notice_files"), 2);
    assert_eq!(house.count("accounts"), 7);
    let list = directory::list(service).unwrap();
    let ids: Vec<_> = list.iter().map(|one| one.id).collect();
    let reach = service.store.read(|conn| reach_list(conn, &ids)).unwrap();
    let addresses = reach.iter().flat_map(|one| &one.contacts).map(|one| one.addresses.len());
    let stored = house.count("contact_addresses");
    assert_eq!(i64::try_from(addresses.sum::<usize>()).unwrap(), stored);
}
