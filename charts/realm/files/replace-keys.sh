#!/bin/bash
# Makes a new pair of keys by which the realm signs tokens: published first, so that everybody who verifies knows it, then signing.
# The pair before stays published until the next time; older ones go, which no token that lives was signed with.
set -euo pipefail

kcadm() {
  "${KCADM:-/opt/keycloak/bin/kcadm.sh}" "$@" --config /tmp/kcadm.config
}

providers() {
  kcadm get components -r "$REALM" -q type=org.keycloak.keys.KeyProvider -q name="${1:-}" --fields id,name,providerId --format csv --noquotes
}

log_in() { # The account's secret is in KC_CLI_CLIENT_SECRET.
  kcadm config credentials --server "$KEYCLOAK_URL" --realm master --client "$ACCOUNT" >&2
}

log_in

number=$(date -u +%Y%m%d%H)
name="signing-$number"
if [ -z "$(providers "$name")" ]; then
  parent=$(kcadm get "realms/$REALM" --fields id --format csv --noquotes)
  # Keys that Keycloak made at first have priority 100.
  kcadm create components -r "$REALM" -s name="$name" -s providerId=rsa-generated -s providerType=org.keycloak.keys.KeyProvider \
    -s parentId="$parent" -s 'config.priority=["0"]' -s 'config.enabled=["true"]' -s 'config.active=["true"]' \
    -s 'config.algorithm=["RS256"]' -s 'config.keySize=["2048"]' >&2
  echo "$name is published, and signs in $PUBLISHED_SECONDS seconds"
  sleep "$PUBLISHED_SECONDS"
  log_in # A session of the account lives a minute.
fi
id=$(providers "$name")
kcadm update "components/${id%%,*}" -r "$REALM" -s "config.priority=[\"$number\"]" >&2
echo "$name signs"

# Newest first; the name of Keycloak's own, rsa-generated, sorts behind ours.
kept=0
while IFS=, read -r _ id; do
  kept=$((kept + 1))
  if [ "$kept" -gt 2 ]; then
    kcadm delete "components/$id" -r "$REALM" >&2
    echo "$id is gone"
  fi
done < <(providers | while IFS=, read -r id name kind; do [ "$kind" = rsa-generated ] && echo "$name,$id" || true; done | LC_ALL=C sort -r)
