-- How far an export saw when it was made: its file is handed out while its starter still sees that much. None: it has not
-- ended, or a server of the version before made it, whose files only the whole city's eyes still get (see README.md).
alter table job add column scope text;
