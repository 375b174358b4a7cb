#!/bin/bash
# Stub of kcadm.sh: keeps the realm's key providers in a file, as lines of
# id,name,providerId,priority.
state=$STATE/providers; echo "$*" >> "$STATE/log"
for word in "$@"; do
  case $word in name=*) wanted=${word#name=} ;; config.priority=*) priority=${word//[^0-9]/} ;; esac
done
# Exits like a killed process before the call named by $DIES_AT.
if [ -n "$DIES_AT" ] && [[ "$1 $2" == "$DIES_AT"* ]]; then exit 137; fi
case "$1 $2" in
  "config credentials") ;;
  "get components") cat "$state" ;;
  "create components")
    echo "id-$wanted,$wanted,rsa-generated,$priority" >> "$state"
    echo "id-$wanted"
    ;;
  "update components/"*)
    while IFS=, read -r id name kind old; do
      [ "$id" = "${2#components/}" ] && old=$priority
      echo "$id,$name,$kind,$old"
    done < "$state" > "$state.new"
    mv "$state.new" "$state" ;;
  "delete components/"*)
    grep -v "^${2#components/}," "$state" > "$state.new"
    mv "$state.new" "$state"
    ;;
  *) exit 3 ;;
esac
