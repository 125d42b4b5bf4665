//! Every table of the database, by what a session without a scope sees of it.

/// Tables that everybody's session may read and write: signing in, and sqlx' own. May only shrink.
pub const OPEN: [&str; 3] = ["_sqlx_migrations", "captcha", "session"];

/// Tables of which nothing is visible without a scope, with a district or estate in every row.
pub const STOCK: [&str; 15] = [
    "project",
    "estate",
    "building",
    "unit",
    "room",
    "unit_history",
    "building_tally",
    "district_tally",
    "change",
    "asset_master",
    "asset_sub",
    "asset_change",
    "asset_depreciation_run",
    "asset_depreciation",
    "asset_count",
];

/// The other tables of which nothing is visible without a scope.
pub const CLOSED: [&str; 28] = [
    "app_user",
    "approval",
    "approval_task",
    "asset_count_line",
    "attachment",
    "audit_block",
    "audit_log",
    "cipher_key",
    "import_row",
    "job",
    "job_file",
    "job_plan",
    "job_plan_run",
    "login_attempt",
    "message",
    "number_serial",
    "object_draft",
    "password_history",
    "person",
    "person_history",
    "person_number",
    "person_search",
    "search_dirty",
    "search_term",
    "user_factor",
    "user_phone",
    "workflow",
    "workflow_node",
];

/// Tables that everybody reads and nobody writes without a scope.
pub const PUBLISHED: [&str; 15] = [
    "dictionary_item",
    "dictionary_type",
    "division",
    "holiday",
    "menu_entry",
    "message_template",
    "number_rule",
    "operator",
    "organization",
    "parameter",
    "rent_standard",
    "role",
    "role_permission",
    "user_estate",
    "user_role",
];
