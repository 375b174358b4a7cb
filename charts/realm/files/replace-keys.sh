#!/bin/bash
# Creates a key pair that signs the tokens of the realm. It is published first, so that every
# verifier can read it, and signs later. The previous pair stays published until the next run. Older
# pairs are deleted: no valid token was signed with them. The next run continues an interrupted one,
# with the pair that has not signed yet.
set -euo pipefail

kcadm() {
  "${KCADM:-/opt/keycloak/bin/kcadm.sh}" "$@" --config /tmp/kcadm.config
}

log_in() { # The account's secret is in KC_CLI_CLIENT_SECRET.
  kcadm config credentials --server "$KEYCLOAK_URL" --realm master --client "$ACCOUNT" >&2
}

keys() { # Pairs that sign access tokens, as "priority,name,id"; the signing one is the first.
  local id name kind priority
  kcadm get components -r "$REALM" -q type=org.keycloak.keys.KeyProvider \
    --fields 'id,name,providerId,config(priority)' --format csv --noquotes |
    while IFS=, read -r id name kind priority; do
      if [ "$kind" = rsa-generated ]; then echo "${priority:-0},$name,$id"; fi
    done | LC_ALL=C sort -t, -k1,1nr -k2,2r
}

log_in

number=$(date -u +%Y%m%d%H)
name="signing-$number"
before=$(keys)
IFS=, read -r highest _ signer <<<"$before"
chosen='' signs=''
while IFS=, read -r priority known id; do
  case $known in signing-*) ;; *) continue ;; esac
  if [ "$priority" = 0 ]; then
    chosen=${chosen:-$id,$known} # The newest pair that has not signed: equal priorities, by name.
  elif [ "$known" = "$name" ]; then
    signs=yes # An interrupted run of this hour has only left old pairs to delete.
  fi
done <<<"$before"

if [ -z "$signs" ]; then
  if [ -z "$chosen" ]; then
    # Keys that Keycloak created at its first start have priority 100.
    chosen=$(kcadm create components -i -r "$REALM" -s name="$name" \
      -s providerId=rsa-generated -s providerType=org.keycloak.keys.KeyProvider \
      -s 'config.priority=["0"]' -s 'config.enabled=["true"]' -s 'config.active=["true"]' \
      -s 'config.algorithm=["RS256"]' -s 'config.keySize=["2048"]'),$name
  fi
  IFS=, read -r id name <<<"$chosen"
  echo "$name is published, and signs in $PUBLISHED_SECONDS seconds"
  sleep "$PUBLISHED_SECONDS"
  log_in # A session of the account lasts a minute.
  if [ "$number" -le "$highest" ]; then number=$((highest + 1)); fi
  kcadm update "components/$id" -r "$REALM" -s "config.priority=[\"$number\"]" >&2
  echo "$name signs"
fi

# Keep the two pairs of the highest priority: the signing one and the one before. Never delete the
# pair that signed when the job began.
log_in
after=$(keys)
kept=0
while IFS=, read -r _ _ id; do
  kept=$((kept + 1))
  if [ "$kept" -gt 2 ] && [ "$id" != "$signer" ]; then
    kcadm delete "components/$id" -r "$REALM" </dev/null >&2
    echo "$id is gone"
  fi
done <<<"$after"
