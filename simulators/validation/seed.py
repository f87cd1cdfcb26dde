"""What the validation service knows at first: no certificate is revoked, and nothing else about people."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS listed (
    issuer TEXT, serial TEXT, status TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL, point TEXT NOT NULL,
    PRIMARY KEY (issuer, serial)
);
CREATE TABLE IF NOT EXISTS checks (at TEXT NOT NULL, source TEXT NOT NULL, status TEXT NOT NULL);
"""
"""`listed` holds what is not plainly good, as a CRL does; `checks` counts what is billed, without saying about whom."""
