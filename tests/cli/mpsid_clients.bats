#!/usr/bin/env bats
# Clients that do what `mpsi` never does: each costs its own connection and nobody else's: X1, X2. By hand, as root:
#   tests/cli/with-udev bats tests/cli/mpsid_clients.bats
load helper

OWNER=nobody OPERATOR=games STRANGER=lp
WIRE=$MPSI_BUILD/tests/wire_client

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        chmod 600 "$BATS_TEST_TMPDIR/secret"
        # The soft limit that systemd gives, of 1024 descriptors, is not what ends the crowd below.
        (ulimit -Sn 1024; exec "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en 2>"$LOG" 3>&-) &
        daemon=$!
        wait_for running
        mpsi init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es --admin sara \
                --admin-name 'Sara Gil' --admin-os-user root >/dev/null
        mpsi person add olga --full-name 'Olga Peña' --roles operator,custodian --os-user "$OPERATOR" >/dev/null
}

teardown() {
        [ -z "${crowd:-}" ] || kill "${crowd[@]}" 2>/dev/null || true
        daemon_end
}

mpsi() {
        local who secrets=()
        for who in master organisation recovery pin:sara; do
                secrets+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
        timeout 60 "$MPSI" --lang en --socket "$SOCKET" "${secrets[@]}" "$@"
}

# as ACCOUNT command…
as() {
        setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "${@:2}"
}

# wire WHAT…: as the operator; sets output.
wire() {
        output=$(as "$OPERATOR" timeout 60 "$WIRE" "$SOCKET" "$@" | tr -d '\0')
}

still_serves() {
        as "$OPERATOR" timeout 60 "$MPSI" --lang en --socket "$SOCKET" person list >/dev/null
        kill -0 "$daemon"
        [ -z "$(ls "$STORE-clients" 2>/dev/null)" ]
}

# When the crowd has gone: until then one who asks may be told that the station is busy.
serves_again() {
        local i
        for i in {1..150}; do
                [ "$(ls /proc/"$daemon"/fd | wc -l)" -ge 40 ] || break
                sleep 0.2
        done
        still_serves
}

# many ACCOUNT N: that many connections that say nothing.
many() {
        mkfifo "$BATS_TEST_TMPDIR/go"
        as "$1" timeout 120 "$WIRE" "$SOCKET" many "$2" <>"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/there" 3>&- &
        crowd=($!)
        for _ in {1..300}; do
                [ ! -s "$BATS_TEST_TMPDIR/there" ] || return 0
                sleep 0.1
        done
        return 1
}

@test "X2: a request byte by byte is answered; one that is nested too deep is refused" {
        wire slowly
        [[ $output == *'"rows"'*olga* ]]
        for levels in 100 10000 100000; do
                wire nested "$levels"
                [[ $output == *'"word":"usage"'* || $output == *'"word": "usage"'* ]]
        done
        still_serves
}

@test "X2: what is no file is not taken for one, and no descriptor stays open" {
        local kind before
        still_serves
        before=$(ls /proc/"$daemon"/fd | wc -l)
        for kind in folder device pipe socket write-only path; do
                wire file "$kind"
                [[ $output == *'"error"'* ]]
        done
        wire crowd
        wire stray
        [[ $output == *usage* ]]
        still_serves
        sleep 0.5
        [ "$(ls /proc/"$daemon"/fd | wc -l)" -le $((before + 2)) ]
}

@test "X1: a file's name leads nowhere else" {
        local name long
        long=$(printf '%0300d' 0)
        touch "$BATS_TEST_TMPDIR/canary"
        for name in '../x' '' 'a/b' '..' '.' "$long" 'a\nb' '/etc/shadow' '../../../../../../tmp/mpsi-canary' 'ñ\u001b[2J' \
                "$(printf '%0199d' 0)ñññññ"; do
                wire named "$name"
                [[ $output == *'"error"'* || $output == *'"answer"'* ]] || { printf '%s: %s\n' "$name" "$output"; return 1; }
        done
        [ ! -e /tmp/mpsi-canary ]
        [ -z "$(find "$STORE" -name x)" ]
        still_serves
}

@test "X2: a client that does not read its answers keeps nobody from writing" {
        local began=$SECONDS
        mkfifo "$BATS_TEST_TMPDIR/go"
        as "$OPERATOR" timeout 60 "$WIRE" "$SOCKET" deaf 'person list' <>"$BATS_TEST_TMPDIR/go" >/dev/null 3>&- &
        crowd=($!)
        sleep 1
        mpsi person add nuria --full-name 'Nuria Roca' --roles owner --os-user news >/dev/null
        [ $((SECONDS - began)) -lt 20 ]
        kill -0 "$daemon"
}

@test "X2: one account's connections end at its share: it is told so (75), and the others are served" {
        many "$OPERATOR" 300
        run as "$OPERATOR" timeout 60 "$MPSI" --lang en --socket "$SOCKET" person list
        [ "$status" -eq 75 ]
        [[ $output == *'too many clients'* ]]
        run mpsi person list
        [ "$status" -eq 0 ]
        run as "$STRANGER" timeout 60 "$MPSI" --lang en --socket "$SOCKET" person list
        [ "$status" -eq 3 ]
        kill "${crowd[@]}"
        serves_again
}

@test "X2: without a free descriptor the guard waits instead of spinning, and serves again when there is one" {
        local before after
        prlimit --pid "$daemon" --nofile=100:1024
        many root 80
        before=$(awk '{ print $14 + $15 }' "/proc/$daemon/stat")
        sleep 3
        after=$(awk '{ print $14 + $15 }' "/proc/$daemon/stat")
        [ $((after - before)) -lt 50 ] # hundredths of a second: half a second in three
        kill "${crowd[@]}"
        serves_again
}
