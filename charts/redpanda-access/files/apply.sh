# Applies topics and rights. It deletes no topic, event, partition or replica: a change that needs
# this ends the job at once, with a line that names the reason. After every other failure a new pod
# tries again.
set -euo pipefail

impossible() {
  echo "$*" >&2
  exit 65
}

# rpk exits with 0 even if the broker refused a row of its table.
every_row_ends_with() {
  local last=$1 output line
  local -a words
  shift
  output=$("$@" </dev/null)
  echo "$output"
  while IFS= read -r line; do
    read -ra words <<<"$line"
    case "${words[0]:-}" in '' | TOPIC | PRINCIPAL) continue ;; esac
    if [[ ${words[-1]} != "$last" ]]; then
      echo "refused by Redpanda: $*" >&2
      return 1
    fi
  done <<<"$output"
}

wait_for_brokers() {
  local try
  for ((try = 1; try < ${TRIES:-60}; try++)); do
    if rpk topic list >/dev/null 2>&1; then return; fi
    echo "the brokers do not answer yet"
    sleep "${PAUSE:-5}"
  done
  rpk topic list
}

# New brokers join minutes after the release that adds them, because their nodes start first. The
# retries of the job would end before.
wait_for_room() { # REPLICAS
  local try
  for ((try = 1; try < ${TRIES:-60}; try++)); do
    if (($(rpk cluster info --print-brokers </dev/null | grep -cE '^[0-9]+\*? ') >= $1)); then
      return
    fi
    echo "fewer than $1 brokers answer"
    sleep "${PAUSE:-5}"
  done
}

# topic NAME PARTITIONS REPLICAS CLEANUP-POLICY RETENTION-MILLISECONDS
topic() {
  local name=$1 partitions=$2 replicas=$3 policy=$4 retention=$5
  local has=0 copies=0 kept='' described status=0 key value rest
  local -a configs=(
    --topic-config "cleanup.policy=$policy" --topic-config "retention.ms=$retention"
  )
  described=$(rpk topic describe "$name" --print-summary --print-configs </dev/null) || status=$?
  while read -r key value rest; do
    case $key in
      PARTITIONS) has=$value ;;
      REPLICAS) copies=$value ;;
      cleanup.policy) kept=$value ;;
    esac
  done <<<"$described"

  # A missing topic has no partitions. Redpanda refuses to create one that exists but was not read.
  if ((has == 0)); then
    # Tiered storage does not compact what it uploaded: erased events would stay there.
    if [[ $policy == compact ]]; then
      configs+=(
        --topic-config redpanda.remote.read=false --topic-config redpanda.remote.write=false
      )
    fi
    wait_for_room "$replicas"
    rpk topic create "$name" --partitions "$partitions" --replicas "$replicas" "${configs[@]}"
    return
  fi
  # rpk prints the summary before it fails to read the settings. Compare nothing with missing
  # values: a new pod tries again.
  if ((status != 0 || copies == 0)) || [[ -z $kept ]]; then
    echo "$name could not be described whole: rpk ended with $status" >&2
    return 1
  fi
  if ((has > partitions)); then
    impossible "$name has $has partitions and $partitions are asked for." \
      "None can be taken away: ask for $has, or for another topic."
  fi
  if ((copies > replicas)); then
    impossible "$name has $copies replicas and $replicas are asked for." \
      "Fewer would survive less: ask for $copies, or for another topic."
  fi
  if [[ $kept != "$policy" ]]; then
    impossible "$name has the cleanup policy $kept and $policy is asked for." \
      "That deletes events: ask for $kept, or for another topic."
  fi
  if ((has < partitions)); then
    rpk topic add-partitions "$name" --num $((partitions - has))
  fi
  if ((copies < replicas)); then
    wait_for_room "$replicas"
    every_row_ends_with OK rpk topic alter-config "$name" --set "replication.factor=$replicas"
  fi
  every_row_ends_with OK rpk topic alter-config "$name" --set "retention.ms=$retention"
}

# rights USER. Standard input has a line for each right: RESOURCE PATTERN NAME
# OPERATIONS-WITH-COMMAS
rights() {
  local user=$1 wanted=' ' listed row right
  local operation principal host kind name pattern permission operations
  local -a rows present
  mapfile -t rows
  for row in "${rows[@]}"; do
    read -r kind pattern name operations <<<"$row"
    for operation in ${operations//,/ }; do wanted+="$kind/$pattern/$name/$operation "; done
  done

  # Remove obsolete rights first, then grant all current ones.
  listed=$(rpk security acl list --subsystem kafka --allow-principal "User:$user" </dev/null)
  mapfile -t present <<<"$listed"
  for row in "${present[@]}"; do
    read -r principal host kind name pattern operation permission _ <<<"${row,,}"
    kind=${kind//_/-}
    right="$kind/$pattern/$name/$operation"
    if [[ $principal != "user:$user" || $permission != allow || $wanted == *" $right "* ]]; then
      continue
    fi
    echo "taken from $user: $operation on $kind $name"
    every_row_ends_with ALLOW rpk security acl delete --no-confirm \
      --allow-principal "User:$user" --allow-host "$host" --operation "$operation" \
      $(resource "$kind" "$name") --resource-pattern-type "$pattern"
  done

  for row in "${rows[@]}"; do
    read -r kind pattern name operations <<<"$row"
    every_row_ends_with ALLOW rpk security acl create \
      --allow-principal "User:$user" --operation "$operations" \
      $(resource "$kind" "$name") --resource-pattern-type "$pattern"
  done
}

resource() {
  if [[ $1 == cluster ]]; then echo --cluster; else echo "--$1 $2"; fi
}
