# Stub of rpk for the job: it prints rpk's tables, and exits with 0 also when a broker refuses a
# row. It is a function, because the job calls it a hundred times. Files below $STATE:
#   calls         each call
#   rights        a line for each right
#   refused       names that brokers refuse; "settings NAME" refuses to describe a topic
#   deaf          number of tries until the brokers answer
#   brokers       number of brokers; each call that lists them adds one, up to three
#   topics/NAME   partitions, replicas, cleanup.policy, retention.ms

rpk() {
  local verb=$1-$2
  [[ $verb == security-acl ]] && verb=acl-$3 && shift
  [[ $verb == topic-list ]] || echo "$*" >>"$STATE/calls"
  shift 2
  "rpk-$verb" "$@"
}

option() { # NAME WORDS...: the value after --NAME
  local name=--$1
  shift
  while (($#)); do
    if [[ $1 == "$name" ]]; then echo "$2" && return; fi
    shift
  done
}

change() { # FILE KEY VALUE
  local lines
  lines=$(grep -v "^$2 " "$1" 2>/dev/null || true)
  printf '%s\n' "$lines" "$2 $3" | grep . >"$1"
}

read_key() { while read -r key value; do [[ $key == "$2" ]] && echo "$value"; done <"$1" || true; }

rpk-topic-list() {
  local deaf
  deaf=$(<"$STATE/deaf")
  if ((deaf > 0)); then
    echo $((deaf - 1)) >"$STATE/deaf"
    echo "unable to dial" >&2
    return 1
  fi
}

rpk-cluster-info() {
  local number broker
  number=$(<"$STATE/brokers")
  printf 'BROKERS\n=======\nID    HOST        PORT  RACK\n'
  for ((broker = 0; broker < number; broker++)); do
    printf '%-4s  redpanda-%s  9093  sa-east-1a\n' "$broker$( ((broker)) || echo '*')" "$broker"
  done
  if ((number < 3)); then echo $((number + 1)) >"$STATE/brokers"; fi
}

rpk-topic-describe() {
  local file=$STATE/topics/$1
  printf 'SUMMARY\n=======\nNAME        %s\n' "$1"
  if [[ ! -e $file ]]; then
    printf 'PARTITIONS  0\nERROR       UNKNOWN_TOPIC_OR_PARTITION\n\n'
    return 1
  fi
  if grep -qxF "settings $1" "$STATE/refused"; then
    printf 'PARTITIONS  %s\nREPLICAS    %s\n\n' \
      "$(read_key "$file" partitions)" "$(read_key "$file" replicas)"
    echo "config response contained error: NOT_CONTROLLER" >&2
    return 1
  fi
  printf 'PARTITIONS  %s\nREPLICAS    %s\n\nCONFIGS\n=======\n' \
    "$(read_key "$file" partitions)" "$(read_key "$file" replicas)"
  printf '%-16s  %-10s  SOURCE\n' KEY VALUE
  printf '%-16s  %-10s  DYNAMIC_TOPIC_CONFIG\n' \
    cleanup.policy "$(read_key "$file" cleanup.policy)" \
    retention.ms "$(read_key "$file" retention.ms)"
}

rpk-topic-create() {
  local file=$STATE/topics/$1 word
  if [[ -e $file ]]; then echo "$1 TOPIC_ALREADY_EXISTS" && return 1; fi
  change "$file" partitions "$(option partitions "$@")"
  change "$file" replicas "$(option replicas "$@")"
  for word in "$@"; do
    if [[ $word == *=* ]]; then change "$file" "${word%%=*}" "${word#*=}"; fi
  done
  printf 'TOPIC  STATUS\n%s  OK\n' "$1"
}

rpk-topic-add-partitions() {
  local file=$STATE/topics/$1
  change "$file" partitions $(($(read_key "$file" partitions) + $(option num "$@")))
  printf 'TOPIC  STATUS\n%s  OK\n' "$1"
}

rpk-topic-alter-config() {
  local setting
  setting=$(option set "$@")
  if grep -qxF "$1" "$STATE/refused"; then
    printf 'TOPIC  STATUS\n%s  INVALID_CONFIG\n' "$1" && return
  fi
  if [[ $setting == replication.factor=* ]]; then
    change "$STATE/topics/$1" replicas "${setting#*=}"
  else
    change "$STATE/topics/$1" "${setting%%=*}" "${setting#*=}"
  fi
  printf 'TOPIC  STATUS\n%s  OK\n' "$1"
}

rows() { # the rights that the words describe, as the tables show them
  local kind name operation
  for kind in topic group transactional-id cluster; do
    [[ " $* " == *" --$kind "* ]] && break
  done
  name=$(option "$kind" "$@")
  [[ $kind == cluster ]] && name=kafka-cluster
  operation=$(option operation "$@")
  for operation in ${operation//,/ }; do
    printf '%s * %s %s %s %s ALLOW\n' "$(option allow-principal "$@")" "${kind//-/_}" "$name" \
      "$(option resource-pattern-type "$@")" "$operation"
  done | while read -r principal host kind name pattern operation permission; do
    echo "$principal $host ${kind^^} $name ${pattern^^} ${operation^^} $permission"
  done
}

header() {
  echo "PRINCIPAL HOST RESOURCE-TYPE RESOURCE-NAME RESOURCE-PATTERN-TYPE OPERATION PERMISSION ERROR"
}

rpk-acl-list() {
  if grep -qx "lists are refused" "$STATE/refused"; then
    echo "unable to list kafka ACLs" >&2 && return 1
  fi
  header
  grep "^$(option allow-principal "$@") " "$STATE/rights" || true
}

rpk-acl-create() {
  local line name
  header
  while IFS= read -r line; do
    read -r _ _ _ name _ <<<"$line"
    if grep -qxF "$name" "$STATE/refused"; then
      echo "$line CLUSTER_AUTHORIZATION_FAILED" && continue
    fi
    grep -qxF "$line" "$STATE/rights" || echo "$line" >>"$STATE/rights"
    echo "$line"
  done < <(rows "$@")
}

rpk-acl-delete() {
  local kept
  header
  rows "$@" | tee "$STATE/deleted"
  kept=$(grep -vxFf "$STATE/deleted" "$STATE/rights" || true)
  printf '%s\n' "$kept" | grep . >"$STATE/rights" || true
}
