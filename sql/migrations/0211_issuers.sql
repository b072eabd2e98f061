-- A subject of single sign-on is somebody's at one issuer: another may give it to somebody else.
ALTER TABLE accounts
    ADD COLUMN oidc_issuer text,
    DROP CONSTRAINT accounts_oidc_subject_key,
    ADD CONSTRAINT accounts_oidc_subject_key UNIQUE (oidc_issuer, oidc_subject);
