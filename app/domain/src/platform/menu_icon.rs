//! The icons that entries of the menu can have.

/// Icons that an entry can have (`ui::icon`), with what they show.
pub const ICONS: [(&str, &str); 20] = [
    ("home", "房屋"),
    ("map", "地图"),
    ("project", "项目"),
    ("estate", "小区"),
    ("building", "楼栋"),
    ("unit", "房间门"),
    ("room", "床位"),
    ("rent", "人民币"),
    ("person", "人员"),
    ("operator", "公文包"),
    ("organization", "机构"),
    ("asset", "资产"),
    ("audit", "记录"),
    ("approve", "审批"),
    ("import", "导入"),
    ("search", "查找"),
    ("edit", "编辑"),
    ("label", "标签"),
    ("tree", "目录"),
    ("calendar", "日历"),
];
