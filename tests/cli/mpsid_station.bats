#!/usr/bin/env bats
# mpsid as a station: the socket, who acts, what crosses it, and jobs that belong to the station: X1, X2, S7, C8, C10.
# By hand, as root:  tests/cli/with-udev bats tests/cli/mpsid_station.bats
load helper

# Accounts that every Debian has: the store's, two people's, and a stranger's.
OWNER=nobody ADMIN=root OPERATOR=games OTHER=news STRANGER=lp

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" # people run mpsi in here
        chmod a+x "$(dirname "$BATS_RUN_TMPDIR")" 2>/dev/null || true
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        own_device disk 64M
        node=$own
        chown "$OWNER" "$node" # as udev's rules do on an installed station
        start
        as "$ADMIN" init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es \
                --admin sara --admin-name 'Sara Gil' --admin-os-user "$ADMIN" >/dev/null
}

teardown() {
        daemon_end
        loop_devices_detach
}

start() {
        : >"$LOG"
        "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en --devices "${node#/dev/}" 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running
}

stop() {
        kill "${1:--TERM}" "$daemon"
        wait "$daemon" || [ "${1:-}" = -9 ]
        daemon=
}

# A whole crash: the guard and everything that it started.
crash() {
        local all=("$daemon")
        mapfile -t -O 1 all < <(pgrep -P "$daemon")
        kill -9 "${all[@]}"
        wait "$daemon" || true
        daemon=
}

# as ACCOUNT noun verb …: what that account's person types. Secrets come from a file of theirs.
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

people() {
        as "$ADMIN" person add olga --full-name 'Olga Peña' --roles operator,custodian --os-user "$OPERATOR" >/dev/null
        as "$ADMIN" person add nuria --full-name 'Nuria Roca' --roles owner --os-user "$OTHER" >/dev/null
}

# The store as its owner reads it, beside the daemon.
in_store() {
        setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" --clear-groups "$MPSI" --lang en --store "$STORE" --as sara "$@"
}

events() {
        in_store ledger export --out "$BATS_TEST_TMPDIR/var/events" >/dev/null
        cat "$BATS_TEST_TMPDIR/var/events"
}

register() {
        ID=$(as "$OPERATOR" --json media register "$node" --kind hdd --classification INTERNO --category BASICA --owner nuria \
                --expires 2040-01-01 --retention 400 | jq -r .id)
}

@test "X1: who acts is the account at the other end, never what is said" {
        people
        expect 0 as "$OPERATOR" person list
        expect 3 as "$OPERATOR" person block nuria --reason x
        [[ $output == *'X1'* ]]
        expect 3 as "$STRANGER" person list
        expect 2 as "$ADMIN" --as olga person list
        [[ $output == *'account that is logged in'* ]]
        run events
        [[ $output == *'"actor":"olga"'*'"os_user":"'"$OPERATOR"'"'*'act.refused'* ]]
        [[ $output == *'"os_user":"'"$STRANGER"'"'* ]]
}

@test "X1: only root makes the station's store, and once" {
        expect 7 as "$ADMIN" init --organisation Otra --site HX --category ALTA --station d --language es --admin a --admin-name A
        expect 3 as "$OPERATOR" init --organisation Otra --site HX --category ALTA --station d --language es --admin a --admin-name A
}

@test "X1: an ordinary account can neither list nor read nor write the store" {
        local file
        for file in "$STORE" "$STORE/registry.db" "$STORE/vault.db" "$STORE/station.key" "$STORE/work"; do
                run setpriv --reuid="$OPERATOR" --regid=60 --clear-groups cat "$file"
                [ "$status" -ne 0 ]
        done
        run setpriv --reuid="$OPERATOR" --regid=60 --clear-groups "$MPSI" --store "$STORE" person list
        [ "$status" -ne 0 ]
        [ "$(stat -c %U "$STORE/registry.db")" = "$OWNER" ]
}

@test "files are read and written with the person's own rights, and the station never sees their paths" {
        local theirs=$BATS_TEST_TMPDIR/theirs
        people
        register
        install -d -m 700 -o "$OPERATOR" "$theirs"
        expect 0 as "$OPERATOR" report R-110-022 --pdf "$theirs/inventory.pdf" --csv "$theirs/inventory.csv"
        [[ $output == *"$theirs/inventory.pdf"* ]]
        [ "$(stat -c %U "$theirs/inventory.pdf")" = "$OPERATOR" ]
        pdfinfo "$theirs/inventory.pdf" >/dev/null
        grep -q "$ID" "$theirs/inventory.csv"
        # Where they may not write, the station does not write for them.
        expect 1 as "$OPERATOR" report R-110-022 --pdf /root/inventory.pdf
        [ ! -e /root/inventory.pdf ]
        # A file that only they can read is an input all the same; one that they can't read is none.
        printf 'id;kind\n' >"$theirs/bad.csv"
        chown "$OPERATOR" "$theirs/bad.csv"
        chmod 600 "$theirs/bad.csv"
        run as "$OPERATOR" media import "$theirs/bad.csv"
        [[ $output == *'0 rows'* ]]
        expect 1 as "$OPERATOR" media import /etc/shadow
        expect 4 as "$OPERATOR" media import "$theirs/none.csv"
        [ -z "$(ls "$STORE-clients")" ]
        run events
        [[ $output != *"$theirs"* ]]
}

@test "X7: a backup by way of the station is the person's own file, and writes over none; it is checked the same way" {
        local theirs=$BATS_TEST_TMPDIR/theirs
        people
        install -d -m 700 -o "$OPERATOR" "$theirs"
        expect 0 as "$OPERATOR" backup create --out "$theirs/one.backup"
        [ "$(stat -c %U "$theirs/one.backup")" = "$OPERATOR" ]
        expect 7 as "$OPERATOR" backup create --out "$theirs/one.backup"
        expect 3 as "$OPERATOR" backup verify "$theirs/one.backup"
        expect 0 as "$ADMIN" backup verify "$theirs/one.backup"
        expect 2 as "$ADMIN" backup restore "$theirs/one.backup" --to "$theirs/new"
        [ -z "$(ls "$STORE-clients")" ]
}

@test "over the socket a medium is a device of the station, not a file" {
        people
        expect 2 as "$OPERATOR" media register /etc/passwd --kind hdd --classification INTERNO --category BASICA --owner nuria \
                --expires 2040-01-01 --retention 400
        [[ $output == *'no device of this station'* ]]
}

@test "a secret is asked of the client, and nobody's writing waits for the answer" {
        people
        expect 0 as "$ADMIN" person enrol olga
        # One who is asked for a passphrase and does not answer: a terminal that nobody types on.
        tmux -L "mpsi-$$" new-session -d "$MPSI --lang en --socket $SOCKET person enrol nuria; sleep 60"
        for _ in {1..50}; do
                ! tmux -L "mpsi-$$" capture-pane -p | grep -q passphrase || break
                sleep 0.1
        done
        tmux -L "mpsi-$$" capture-pane -p | grep -q passphrase
        expect 0 timeout 3 env bash -c "true" # the next line is timed by the lock's own patience of ten seconds
        local before=$SECONDS
        expect 0 as "$ADMIN" person train olga --course 'mp.si' --until 2040-01-01
        [ $((SECONDS - before)) -lt 5 ]
        tmux -L "mpsi-$$" kill-server
        ! grep -rq a-long-enough-secret "$STORE" "$LOG"
}

@test "garbage, half a message, a gigabyte and nothing cost their own connection only" {
        people
        head -c 100000 /dev/urandom | timeout 5 socat -u - "UNIX-CONNECT:$SOCKET" || true
        printf 'mp\001\001\000\000\001\000{"verb":' | timeout 5 socat -u - "UNIX-CONNECT:$SOCKET" || true
        { printf 'mp\001\001\100\000\000\000'; head -c 10000000 /dev/zero; } | timeout 5 socat - "UNIX-CONNECT:$SOCKET" >"$BATS_TEST_TMPDIR/said" || true
        grep -aq usage "$BATS_TEST_TMPDIR/said"
        printf 'mp\007\001\000\000\000\002{}' | timeout 5 socat -t 2 - "UNIX-CONNECT:$SOCKET" >"$BATS_TEST_TMPDIR/said" || true
        grep -aq 'version 7' "$BATS_TEST_TMPDIR/said"
        # Twenty who say nothing.
        for _ in {1..20}; do
                sleep 8 | socat -u - "UNIX-CONNECT:$SOCKET" 3>&- &
        done
        sleep 0.5
        expect 0 as "$OPERATOR" person list
        kill -0 "$daemon"
}

# A pass over 64 MiB takes too short a time to go away in; a slow device does not exist here. So the job is stopped where
# it stands by stopping its process.
start_wipe() {
        as "$OPERATOR" wipe run "$ID" --device "$node" --method dod-ece --confirm "$ID" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        client=$!
        for _ in {1..1000}; do
                job=$(pgrep -P "$daemon" mpsid-worker) || true
                [ -z "$job" ] || [ ! -s "$STORE/work/job-$job.json" ] || break # it has told how far it is
                sleep 0.005
        done
        kill -STOP "$job"
        [ -s "$STORE/work/job-$job.json" ]
}

state_of_wipe() {
        in_store --json wipe status "$ID" | jq -r '.rows[0].state'
}

wait_for_state() {
        local i
        for i in {1..200}; do
                [ "$(state_of_wipe)" != "$1" ] || return 0
                sleep 0.1
        done
        in_store wipe status "$ID"
        cat "$LOG"
        return 1
}

@test "S7: a wipe goes on when its client is gone, and anybody may ask how it is doing" {
        people
        wait_for 'read only C3'
        register
        wait_for accepted
        start_wipe
        kill -9 "$client"
        expect 0 as "$OTHER" wipe status "$ID"
        [[ $output == *running* ]]
        expect 0 as "$OTHER" --json job list
        [ "$(jq -r '.rows[0] | [.subject, .verb, .person] | join(" ")' <<<"$output")" = "$ID wipe run olga" ]
        kill -CONT $job
        wait_for_state sanitized
        expect 0 in_store ledger verify
}

@test "S7: a wipe that a crash of everything cut off is found and finished at the next start, in its starter's name" {
        people
        wait_for 'read only C3'
        register
        wait_for accepted
        start_wipe
        crash
        [ "$(state_of_wipe)" = running ]
        start
        wait_for 'is resumed'
        wait_for_state sanitized
        run events
        [[ $output == *'"actor":"olga"'*'"os_user":"mpsid"'*sanitization* ]]
        expect 0 in_store ledger verify
}

@test "S7: a wipe stops at a durable point when the station stops, and goes on when it starts" {
        people
        wait_for 'read only C3'
        register
        wait_for accepted
        start_wipe
        kill -TERM "$daemon"
        kill -CONT $job
        wait "$daemon"
        daemon=
        [ "$(state_of_wipe)" = interrupted ]
        start
        wait_for_state sanitized
}

@test "C3: a medium is registered, encrypted, lent and wiped by people who have no right to the device" {
        people
        as "$ADMIN" person add diego --full-name 'Diego Sanz' --roles user --os-user daemon >/dev/null
        wait_for 'read only C3'
        ID=$(as "$OPERATOR" --json media register "$node" --kind ssd --classification CONFIDENCIAL --category MEDIA --owner nuria \
                --expires 2040-01-01 --retention 400 | jq -r .id)
        expect 0 as "$OPERATOR" encrypt run "$ID" "$node" --confirm "$ID"
        wait_for "$ID: accepted"
        [ "$(blockdev --getro "$node")" = 0 ]
        expect 0 as "$OPERATOR" encrypt check "$node"
        expect 0 as "$OPERATOR" device list
        [[ $output == *"$ID"*accept* ]]
        : >"$LOG"
        expect 0 as "$OPERATOR" wipe run "$ID" --device "$node" --confirm "$ID"
        [[ $output == *sanitized* ]]
        wait_for "$ID: read only C3" # without its encryption it is closed again
        [ "$(blockdev --getro "$node")" = 1 ]
        expect 0 in_store ledger verify
}

@test "C10: what holds the privileges does not open the store, and nobody dumps core" {
        local fd pid
        people
        wait_for 'read only C3'
        for fd in /proc/"$daemon"/fd/*; do
                [[ $(readlink "$fd") != "$STORE"* ]]
        done
        pid=$(pgrep -P "$daemon" mpsid-judge)
        [ "$(stat -c %U "/proc/$pid/status")" = "$OWNER" ] || [ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = "$(id -u "$OWNER")" ]
        [ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
        [ "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$pid/status")" = 1 ]
        # Those that wait for a client have given up as much before anybody comes.
        for _ in {1..100}; do
                pid=$(pgrep -P "$daemon" mpsid-fresh | head -n 1)
                [ -z "$pid" ] || [ "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$pid/status")" = 0 ] || break
                sleep 0.1
        done
        [ "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$pid/status" | tr -d '\n')" = "$(id -u "$OWNER") $(id -u "$OWNER") $(id -u "$OWNER") $(id -u "$OWNER")" ]
        [ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
        [ "$(awk '/core file size/ { print $5 }' "/proc/$daemon/limits")" = 0 ]
}

# The same beside the daemon, on images of the store's account.
beside() {
        local who=$1 purpose secrets=()
        shift
        install -m 600 -o "$OWNER" "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/secret-beside"
        for purpose in organisation pin:sara pin:olga; do
                secrets+=(--secret "$purpose=file:$BATS_TEST_TMPDIR/secret-beside")
        done
        setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" --clear-groups \
                "$MPSI" --lang en --store "$STORE" --as "$who" "${secrets[@]}" "$@"
}

@test "S9 X1: many certificates are signed by way of the station, each by the account that is to" {
        local i id number
        people
        as "$ADMIN" person enrol olga >/dev/null
        stop
        for i in {1..5}; do
                truncate -s 1M "$BATS_TEST_TMPDIR/var/$i.img"
                chown "$OWNER" "$BATS_TEST_TMPDIR/var/$i.img"
                id=$(beside olga --json media register "$BATS_TEST_TMPDIR/var/$i.img" --kind hdd --classification PUBLICO \
                        --category BASICA --owner nuria --expires 2040-01-01 --retention 400 | jq -r .id)
                beside olga wipe run "$id" --device "$BATS_TEST_TMPDIR/var/$i.img" --confirm "$id" >/dev/null
                beside olga certificate issue "$id" --supervisor sara >/dev/null
        done
        start
        expect 5 as "$OPERATOR" certificate sign --pending --confirm 4 --role executor
        expect 4 as "$ADMIN" certificate sign --pending --confirm 5 --role executor
        expect 0 as "$OPERATOR" certificate sign --pending --confirm 5 --role executor
        [[ $output == *"5 certificates signed. Next: supervisor."* ]]
        expect 0 as "$ADMIN" certificate sign --pending --confirm 5 --role supervisor
        stop
        [ "$(beside sara --json certificate list | jq -c '[.rows[].signed]')" = "[2,2,2,2,2]" ]
        expect 0 in_store ledger verify
}
