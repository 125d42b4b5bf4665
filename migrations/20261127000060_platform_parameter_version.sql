-- Two administrators at one parameter: whoever is slower is told. The version of a parameter is the sum over its values,
-- which grows with each that is added or replaced; none is ever taken away.
alter table parameter add column version integer not null default 1;
