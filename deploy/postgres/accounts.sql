-- A database and a role for each service. Run at every `up`: a password that was changed in .env is taken over.
-- Nobody connects to a database that is not its own, nor to those that PostgreSQL comes with.
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;

\set service tickets
\getenv password TICKETS_PASSWORD
\ir account.sql

\set service dispatch
\getenv password DISPATCH_PASSWORD
\ir account.sql

\set service notify
\getenv password NOTIFY_PASSWORD
\ir account.sql

\set service ledger
\getenv password LEDGER_PASSWORD
\ir account.sql
