-- Tables of the TAXII server, version 1, for SQLite and PostgreSQL. Moments are microseconds since 1970.

CREATE TABLE taxii_meta (key TEXT PRIMARY KEY, value {blob} NOT NULL);

CREATE TABLE taxii_api_root (name TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL);

CREATE TABLE taxii_collection (
  number {serial},
  id TEXT NOT NULL UNIQUE,
  api_root TEXT NOT NULL REFERENCES taxii_api_root (name),
  alias TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  unmarked TEXT NOT NULL, -- the marking of an object that carries none
  last_added BIGINT NOT NULL -- never goes back, also where the newest object is deleted
);

CREATE TABLE taxii_revision ( -- counts changes to what each level holds, for ETag
  collection BIGINT NOT NULL,
  level SMALLINT NOT NULL,
  changes BIGINT NOT NULL,
  PRIMARY KEY (collection, level)
);

CREATE TABLE taxii_object (
  number {serial},
  collection BIGINT NOT NULL,
  level SMALLINT NOT NULL,
  added BIGINT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  spec TEXT NOT NULL,
  version TEXT NOT NULL, -- as the object writes it, empty where it has no timestamp
  version_key TEXT NOT NULL,
  covered SMALLINT NOT NULL, -- this and the next five: the places of visibility.py
  respecified SMALLINT NOT NULL,
  superseded SMALLINT NOT NULL,
  preceded SMALLINT NOT NULL,
  superseded_in_spec SMALLINT NOT NULL,
  preceded_in_spec SMALLINT NOT NULL,
  account TEXT NOT NULL,
  digest {blob} NOT NULL,
  size BIGINT NOT NULL,
  raw {blob} NOT NULL -- the bytes that came, and that go out
);

CREATE UNIQUE INDEX taxii_object_page ON taxii_object (collection, level, added);

CREATE INDEX taxii_object_type ON taxii_object (collection, type, level, added);

CREATE UNIQUE INDEX taxii_object_version ON taxii_object (collection, id, version_key, spec, level);

CREATE TABLE taxii_status (
  id TEXT PRIMARY KEY,
  api_root TEXT NOT NULL,
  account TEXT NOT NULL,
  made BIGINT NOT NULL,
  json {blob} NOT NULL
);

CREATE INDEX taxii_status_made ON taxii_status (made);

CREATE TABLE taxii_account (
  name TEXT PRIMARY KEY,
  password TEXT NOT NULL, -- an Argon2id hash, or empty: tokens only
  ceiling TEXT NOT NULL,
  made BIGINT NOT NULL
);

CREATE TABLE taxii_token (
  digest {blob} PRIMARY KEY, -- SHA-256 of the token
  account TEXT NOT NULL REFERENCES taxii_account (name) ON DELETE CASCADE,
  label TEXT NOT NULL,
  made BIGINT NOT NULL,
  expires BIGINT NOT NULL -- 0 for never
);

CREATE TABLE taxii_right (
  account TEXT NOT NULL REFERENCES taxii_account (name) ON DELETE CASCADE,
  collection TEXT NOT NULL REFERENCES taxii_collection (id) ON DELETE CASCADE,
  can_read SMALLINT NOT NULL,
  can_write SMALLINT NOT NULL,
  PRIMARY KEY (account, collection)
);
