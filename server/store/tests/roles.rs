//! Who may do what: the seeded matrix, as people can read it (architecture §4).

use crate::support::TestDatabase;
use domain::platform::permission::Permission;
use std::{collections::BTreeSet, fmt::Write as _};

/// One column per role, one line per permission.
async fn matrix(test: &TestDatabase) -> String {
    let roles: Vec<String> =
        sqlx::query_scalar("select code from role order by id").fetch_all(&test.admin).await.expect("roles");
    let granted: BTreeSet<(String, String)> =
        sqlx::query_as("select r.code, p.permission from role_permission p join role r on r.id = p.role_id")
            .fetch_all(&test.admin)
            .await
            .expect("grants")
            .into_iter()
            .collect();
    let mut text = format!("{:<28}", "");
    for role in &roles {
        let _ = write!(text, " {role}");
    }
    for permission in Permission::ALL {
        let _ = write!(text, "\n{:<28}", permission.code());
        for role in &roles {
            let mark = if granted.contains(&(role.clone(), permission.code().to_owned())) { "x" } else { "." };
            let _ = write!(text, " {mark:<width$}", width = role.len());
        }
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[tokio::test]
async fn the_seeded_roles_may_exactly_this() {
    let test = TestDatabase::with_city().await;
    insta::assert_snapshot!(matrix(&test).await, @"
                                 CITY_LEADER CITY CITY_CHECK DISTRICT STREET OPERATOR ENTRY PROPERTY_APPROVER FINANCE AUDITOR SYS_ADMIN SEC_ADMIN PROPERTY_MGR CASHIER FIN_HEAD
    platform:organization:read   x           x    x          x        x      x        x     x                 x       x       x         x         x            x       x
    platform:organization:write  .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:division:write      .           x    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:user:read           .           .    .          .        .      .        .     .                 .       x       x         x         .            .       .
    platform:user:write          .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:user:check          .           .    .          .        .      .        .     .                 .       .       .         x         .            .       .
    platform:role:read           .           .    .          .        .      .        .     .                 .       x       x         x         .            .       .
    platform:role:write          .           .    .          .        .      .        .     .                 .       .       .         x         .            .       .
    platform:role:check          .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:parameter:read      .           x    x          .        .      .        .     .                 .       x       x         .         .            .       .
    platform:parameter:write     .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    platform:parameter:check     .           .    x          .        .      .        .     .                 .       .       .         .         .            .       .
    platform:workflow:read       .           .    .          .        .      .        .     .                 .       x       x         x         .            .       .
    platform:workflow:write      .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:workflow:check      .           .    .          .        .      .        .     .                 .       .       .         x         .            .       .
    platform:menu:read           .           .    .          .        .      .        .     .                 .       x       x         x         .            .       .
    platform:menu:write          .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:dictionary:read     .           x    .          .        .      .        .     .                 .       x       x         .         .            .       .
    platform:dictionary:write    .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:numbering:read      .           x    .          .        .      .        .     .                 .       x       x         .         .            .       .
    platform:numbering:write     .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:calendar:read       .           x    x          x        x      .        .     .                 .       x       x         .         .            .       .
    platform:calendar:write      .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:job:read            .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:job:run             .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:message_template:write .           .    .          .        .      .        .     .                 .       .       x         .         .            .       .
    platform:audit:read          .           .    .          .        .      .        .     .                 .       x       .         x         .            .       .
    platform:session:kiosk       x           x    .          x        .      x        .     .                 .       .       .         .         .            .       .
    housing:project:read         x           x    x          x        x      x        x     x                 x       x       .         .         .            .       .
    housing:project:write        .           x    .          x        .      .        .     .                 .       .       .         .         .            .       .
    housing:estate:read          x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    housing:estate:write         .           x    .          x        .      x        x     .                 .       .       .         .         .            .       .
    housing:estate:assign        .           x    .          x        .      .        .     .                 .       .       .         .         .            .       .
    housing:building:read        x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    housing:building:write       .           x    .          x        .      x        x     .                 .       .       .         .         .            .       .
    housing:unit:read            x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    housing:unit:write           .           x    .          x        .      x        x     .                 .       .       .         .         .            .       .
    housing:unit:transition      .           x    .          x        .      x        x     .                 .       .       .         .         .            .       .
    housing:unit_offshelf:write  .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    housing:unit_offshelf:check  .           .    x          .        .      .        .     .                 .       .       .         .         .            .       .
    housing:room:read            x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    housing:room:write           .           x    .          x        .      x        x     .                 .       .       .         .         .            .       .
    housing:rent_standard:read   x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    housing:rent_standard:write  .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    housing:rent_standard:check  .           .    x          .        .      .        .     .                 .       .       .         .         .            .       .
    housing:stock:export         x           x    x          x        .      x        x     .                 .       x       .         .         .            .       .
    housing:asset:read           x           x    x          x        x      x        x     x                 x       x       .         .         .            .       .
    housing:asset:write          .           x    .          x        .      .        .     .                 x       .       .         .         .            .       .
    housing:asset:check          .           x    x          .        .      .        .     .                 .       .       .         .         .            .       .
    housing:asset:depreciate     .           x    .          x        .      .        .     .                 x       .       .         .         .            .       .
    housing:asset:export         x           x    x          x        .      x        .     .                 x       x       .         .         .            .       .
    operator:operator:read       x           x    x          x        x      x        x     x                 x       x       .         .         x            x       x
    person:person:read           .           x    .          x        .      x        x     x                 x       x       .         .         x            x       x
    person:person:write          .           x    .          .        .      x        x     .                 .       .       .         .         .            .       .
    person:person:assign         .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    person:person:export         .           x    .          x        .      x        .     .                 .       .       .         .         .            .       .
    person:person:import         .           x    .          .        .      x        x     .                 .       .       .         .         .            .       .
    person:person:merge          .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    person:person:delete         .           x    .          .        .      x        x     .                 .       .       .         .         .            .       .
    person:household:read        .           x    x          x        .      x        x     .                 .       x       .         .         .            .       .
    person:household:write       .           x    .          .        .      .        x     .                 .       .       .         .         .            .       .
    person:id_number:clear       .           x    .          x        .      .        x     .                 .       .       .         .         .            .       .
    person:contact:clear         .           x    .          x        .      x        .     .                 .       .       .         .         .            .       .
    person:bank:clear            .           x    .          .        .      .        .     .                 x       .       .         .         .            .       .
    person:attachment:clear      .           x    .          x        .      .        x     x                 .       .       .         .         .            .       .
    tenancy:assignment:read      .           x    x          x        .      x        x     .                 .       x       .         .         .            .       .
    tenancy:assignment:write     .           x    .          x        .      .        .     .                 .       .       .         .         .            .       .
    tenancy:assignment:check     .           x    .          x        .      .        .     .                 .       .       .         .         .            .       .
    tenancy:contract:read        x           x    x          x        .      x        x     x                 x       x       .         .         x            x       x
    tenancy:contract:write       .           .    .          .        .      .        x     .                 .       .       .         .         .            .       .
    tenancy:contract:check       .           .    .          .        .      .        .     x                 .       .       .         .         .            .       .
    tenancy:contract:export      .           x    .          x        .      x        .     .                 x       .       .         .         .            .       .
    tenancy:contract:print       .           .    .          .        .      x        x     .                 .       .       .         .         .            .       .
    tenancy:contract:void        .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    tenancy:take_over:write      .           .    .          .        .      .        x     .                 .       .       .         .         .            .       .
    tenancy:take_over:check      .           x    .          .        .      .        .     x                 .       .       .         .         .            .       .
    tenancy:template:read        .           x    x          .        .      x        x     .                 .       .       .         .         x            .       .
    tenancy:template:write       .           x    .          .        .      .        .     .                 .       .       .         .         .            .       .
    tenancy:template:check       .           .    x          .        .      .        .     .                 .       .       .         .         .            .       .
    tenancy:print:read           .           x    x          x        .      x        x     .                 x       x       .         .         x            x       .
    tenancy:print:write          .           .    .          .        .      x        x     .                 x       .       .         .         x            x       .
    tenancy:binding:write        .           .    .          .        .      x        x     .                 .       .       .         .         .            .       .
    tenancy:hand_over:write      .           .    .          .        .      x        .     .                 .       .       .         .         x            .       .
    tenancy:exit:inspect         .           .    .          .        .      x        .     .                 .       .       .         .         x            .       .
    tenancy:exit:revoke          .           x    .          x        .      .        .     .                 .       .       .         .         .            .       .
    billing:bill:read            .           x    x          x        .      x        x     x                 x       x       .         .         .            x       x
    billing:bill:write           .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:bill:export          .           x    .          .        .      .        .     .                 x       .       .         .         .            .       x
    billing:notice:print         .           .    .          .        .      x        .     .                 x       .       .         .         x            x       .
    billing:payment:take         .           .    .          .        .      .        .     .                 .       .       .         .         .            x       .
    billing:payment:verify       .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:refund:write         .           .    .          .        .      .        .     .                 .       .       .         .         .            x       .
    billing:refund:check         .           .    .          .        .      .        .     .                 .       .       .         .         .            .       x
    billing:exit_bill:write      .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:exit_bill:check      .           .    .          .        .      .        .     .                 x       .       .         .         .            .       x
    billing:deduction:write      .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:deduction:check      .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:dunning:write        .           .    .          .        .      x        .     .                 x       .       .         .         .            .       .
    billing:dunning:rule         .           x    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:dunning:check        .           .    x          x        .      .        .     .                 .       .       .         .         .            .       x
    billing:rent:adjust          .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:rent:check           .           x    .          .        .      .        .     x                 .       .       .         .         .            .       .
    billing:waiver:write         .           .    .          .        .      .        .     .                 x       .       .         .         .            .       .
    billing:waiver:check         x           .    .          .        .      .        .     .                 .       .       .         .         .            .       x
    billing:waiver:lead          x           .    .          .        .      .        .     .                 .       .       .         .         .            .       .
    billing:meter:read           .           x    .          x        .      x        x     x                 x       x       .         .         x            .       x
    billing:meter:write          .           .    .          .        .      x        x     .                 .       .       .         .         x            .       .
    billing:meter:check          .           .    .          x        .      .        .     x                 .       .       .         .         .            .       .
    billing:ledger:read          x           x    .          x        .      .        .     .                 x       x       .         .         .            .       x
    billing:period:close         .           .    .          .        .      .        .     .                 .       .       .         .         .            .       x
    insight:home:read            x           x    x          x        .      x        x     .                 .       x       .         .         .            .       .
    insight:map:read             x           x    x          x        .      x        x     .                 .       x       .         .         .            .       .
    insight:report:read          x           x    x          x        x      x        .     .                 x       x       .         .         .            x       x
    insight:report:export        .           x    .          x        .      .        .     .                 x       .       .         .         .            .       x
    ");
}

/// A code that the program does not know is silently not held: a typing mistake would grant nothing.
#[tokio::test]
async fn every_granted_code_is_a_permission() {
    let test = TestDatabase::with_city().await;
    let codes: Vec<String> = sqlx::query_scalar("select distinct permission from role_permission")
        .fetch_all(&test.admin)
        .await
        .expect("codes");
    assert!(!codes.is_empty());
    for code in codes {
        assert!(Permission::from_code(&code).is_some(), "{code} is granted, but no permission");
    }
}
