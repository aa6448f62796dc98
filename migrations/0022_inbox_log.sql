-- Whose an entry of the inbox is, so that the rows of a log without room at its owner can be passed over while others are
-- read: the organisation's id and the mode. None in rows of a node of an older version.
alter table inbox add column log text;
