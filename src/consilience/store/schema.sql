-- Workspace schema, version 1. Statements are kept as their JSON; the columns beside it are for look-up only.
-- A reading is one pass over a document with one set of rules; only the newest of a document is current.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE document (
  sha256 TEXT PRIMARY KEY,
  reading INTEGER NOT NULL,
  json BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE reading (
  id INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  rules TEXT NOT NULL,
  context TEXT NOT NULL,
  observations INTEGER NOT NULL
);

CREATE TABLE source (id TEXT PRIMARY KEY, json BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE statement (
  row INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE, -- the SHA-256 in the statement's id
  predicate TEXT NOT NULL,
  subject TEXT NOT NULL,
  object TEXT NOT NULL,
  source TEXT NOT NULL,
  json BLOB NOT NULL
);

CREATE TABLE reading_statement (
  reading INTEGER NOT NULL,
  statement INTEGER NOT NULL,
  PRIMARY KEY (reading, statement)
) WITHOUT ROWID;

CREATE TABLE passage (
  row INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  pointer TEXT NOT NULL,
  lang TEXT NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (document, pointer)
);

CREATE TABLE stix_object (
  document TEXT NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (document, start)
) WITHOUT ROWID;

CREATE TABLE issue (
  reading INTEGER NOT NULL,
  place TEXT NOT NULL,
  reason TEXT NOT NULL,
  lost INTEGER NOT NULL
);

CREATE TABLE observation_part (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE judgement (row INTEGER PRIMARY KEY, statement TEXT NOT NULL, json BLOB NOT NULL);

-- Full text is indexed when somebody searches, from where the last search stopped: adding stays fast.
CREATE VIRTUAL TABLE statement_words USING fts5(
  quote, subject, object, content='', tokenize='unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE passage_words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
