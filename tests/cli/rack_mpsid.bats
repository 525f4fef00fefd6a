#!/usr/bin/env bats
# Many media at once at a station: a worker of mpsid's for each, which a crash of everything and a client that is gone
# leave to the station (S7). By hand, as root:  tests/cli/with-udev bats tests/cli/rack_mpsid.bats
load helper

OWNER=nobody ADMIN=root OPERATOR=games
DISKS=3

setup() {
        local i
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
        chmod a+x "$(dirname "$BATS_RUN_TMPDIR")" 2>/dev/null || true
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        NODES=() WATCHED=() IDS=() ITEMS=()
        for i in $(seq $DISKS); do
                own_device "disk$i" 64M
                chown "$OWNER" "$own" # as udev's rules do on an installed station
                NODES+=("$own") WATCHED+=(--devices "${own#/dev/}")
        done
        start
        as "$ADMIN" init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es \
                --admin sara --admin-name 'Sara Gil' --admin-os-user "$ADMIN" >/dev/null
        as "$ADMIN" person add olga --full-name 'Olga Peña' --roles operator,custodian --os-user "$OPERATOR" >/dev/null
        as "$ADMIN" person add nuria --full-name 'Nuria Roca' --roles owner >/dev/null
        for i in $(seq 0 $((DISKS - 1))); do
                wait_for "${NODES[i]} .*read only C3"
                IDS+=("$(as "$OPERATOR" --json media register "${NODES[i]}" --kind hdd --classification INTERNO --category BASICA \
                        --owner nuria --expires 2040-01-01 --retention 400 | jq -r .id)")
                wait_for "${IDS[i]}: accepted"
                ITEMS+=("${IDS[i]}=${NODES[i]}")
        done
}

teardown() {
        [ -z "${client:-}" ] || kill -9 "$client" 2>/dev/null || true
        [ -z "${daemon:-}" ] || crash
        loop_devices_detach
}

start() {
        : >"$LOG"
        "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en "${WATCHED[@]}" 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running
}

# A whole crash: the guard and everything that it started.
crash() {
        local all=("$daemon")
        mapfile -t -O 1 all < <(pgrep -P "$daemon")
        kill -9 "${all[@]}" 2>/dev/null || true
        wait "$daemon" || true
        daemon=
}

as() {
        local account=$1 secret=$BATS_TEST_TMPDIR/secret-$1 who secrets=()
        shift
        install -m 600 -o "$account" "$BATS_TEST_TMPDIR/secret" "$secret"
        for who in master organisation recovery pin:sara pin:olga pin:nuria; do
                secrets+=(--secret "$who=file:$secret")
        done
        setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups \
                "$MPSI" --lang en --socket "$SOCKET" "${secrets[@]}" "$@"
}

in_store() {
        setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" --clear-groups "$MPSI" --lang en --store "$STORE" --as sara "$@"
}

# How many of the media stand so.
standing() {
        in_store --json wipe rack --once | jq --arg state "$1" '[.rows[] | select(.state == $state)] | length'
}

await_standing() {
        local _
        for _ in $(seq 300); do
                [ "$(standing "$1")" -lt "$2" ] || return 0
                sleep 0.1
        done
        in_store wipe rack --once
        cat "$LOG"
        return 1
}

# Each worker is stopped where it stands, when it has told how far it is: they would be done too soon.
freeze_all() {
        local worker frozen=0
        for _ in $(seq 3000); do
                for worker in $(pgrep -P "$daemon" mpsid-worker); do
                        [ -s "$STORE/work/job-$worker.json" ] && ! grep -q '^State:.*stopped' "/proc/$worker/status" || continue
                        kill -STOP "$worker"
                        frozen=$((frozen + 1))
                done
                [ "$frozen" -lt $DISKS ] || return 0
                sleep 0.005
        done
        return 1
}

@test "S7: a batch at the station: without devices named, each by its own worker, seen by another account" {
        expect 0 as "$OPERATOR" --json wipe batch "${IDS[@]}" $(printf -- '--confirm %s ' "${IDS[@]}")
        [ "$(jq -r '[.rows[] | .result] | unique | join(" ")' <<<"$output")" = sanitized ]
        [ "$(jq -r '[.rows[] | .device] | sort | join(" ")' <<<"$output")" = "$(printf '%s\n' "${NODES[@]}" | sort | paste -sd' ')" ]
        expect 0 as "$ADMIN" --json wipe rack --once
        [ "$(jq -r '[.rows[] | .state] | join(" ")' <<<"$output")" = "sanitized sanitized sanitized" ]
        expect 0 in_store ledger verify
}

@test "S7: a crash of everything in the middle of a batch: all are resumed at the next start, in their starter's name" {
        as "$OPERATOR" wipe batch "${ITEMS[@]}" --method dod-ece $(printf -- '--confirm %s ' "${IDS[@]}") >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        client=$!
        freeze_all
        crash
        wait $client || true # the clients have lost their station, and say so
        client=
        grep -q 'NOT SANITIZED' "$BATS_TEST_TMPDIR/said"
        [ "$(standing stopped)" = $DISKS ]
        start
        await_standing sanitized $DISKS
        [ "$(in_store --json wipe status | jq -r '[.rows[] | "\(.operator) \(.resumed)"] | unique | join(",")')" = "olga 1" ]
        expect 0 in_store ledger verify
}
