#!/bin/sh
# Writes what nobody should choose or share: passwords, tokens and a secret in .env, and the accounts file that knows the tokens'
# digests. What is there already stays as it is; a key that a newer version wants is added.
#   secrets.sh [ENV-FILE [IDENTITIES-FILE]]
set -eu
env_file=${1:-.env}
identities=${2:-deploy/identities.yaml}

random() { od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c -64; }

value_of() { sed -n "s/^$1=//p" "$env_file"; }

digest_of() { printf %s "$(value_of "$1")" | sha256; }

[ -e "$env_file" ] || (
  umask 077
  cat >"$env_file" <<'END'
# Written by make up, once. Keep it secret, and keep a copy of it with the backups.
# 告警叫谁 · whom alerts call: add ALERT_WEBHOOK_URL, an address that takes Alertmanager's webhook.
END
)
for key in POSTGRES_PASSWORD RABBITMQ_PASSWORD WHISTLE_SECRET \
  TICKETS_DATABASE_PASSWORD DISPATCH_DATABASE_PASSWORD NOTIFY_DATABASE_PASSWORD LEDGER_DATABASE_PASSWORD \
  TICKETS_BROKER_PASSWORD DISPATCH_BROKER_PASSWORD NOTIFY_BROKER_PASSWORD LEDGER_BROKER_PASSWORD HOTLINE_BROKER_PASSWORD \
  HOTLINE_TOKEN FRONT_DESK_TOKEN PROPERTY_APP_TOKEN GRID_APP_TOKEN SMS_GATEWAY_TOKEN; do
  grep -q "^$key=" "$env_file" || echo "$key=$(random)" >>"$env_file"
done

[ -e "$identities" ] || {
  cat >"$identities.new" <<END
# 谁可以下什么指令 · who may command what. Written by make up, once; the tokens are in .env. Edit it: identities.example.yaml
# says how. Then restart the services. units: ["*"] speaks for all, so whoever has the token must check for whom it reports.
accounts:
  - id: hotline
    amqp_user: hotline
    token_sha256: "$(digest_of HOTLINE_TOKEN)"
    roles: [producer]
    sources: [/hotline] # 它在 AMQP 上的 ce-source · its ce-source over AMQP: any other is refused
  - id: front-desk
    token_sha256: "$(digest_of FRONT_DESK_TOKEN)"
    roles: [desk, reader]
  - id: property-app # 办理 · handles
    token_sha256: "$(digest_of PROPERTY_APP_TOKEN)"
    units: ["*"]
    roles: [responder]
  - id: grid-app # 核查，须另有其人 · verifies: never the account that handled
    token_sha256: "$(digest_of GRID_APP_TOKEN)"
    units: ["*"]
    roles: [responder]
  - id: console # 居民不登录上报 · residents report through the web console without signing in
    roles: [producer, reader]
    channels: [mini_program]
  # 一个人 · a person, who signs in at the console; the hash: docker compose run --rm --no-deps migrate password
  # - id: wang
  #   name: 王值班
  #   password_argon2: "…"
  #   roles: [desk, reader, producer]
  - id: sms-gateway
    token_sha256: "$(digest_of SMS_GATEWAY_TOKEN)"
    roles: [gateway]
END
  chmod 644 "$identities.new" # digests alone; the containers' user reads it
  mv "$identities.new" "$identities"
}
