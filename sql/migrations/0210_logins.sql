-- Most issuers of single sign-on name people by an address.
ALTER TABLE accounts
    DROP CONSTRAINT accounts_login_check,
    ADD CONSTRAINT accounts_login_check CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$');
