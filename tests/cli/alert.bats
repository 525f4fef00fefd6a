#!/usr/bin/env bats
# Alerts on the command line and what leaves the house: K2, U4, T7, X1, X2, X8.
load helper
bats_require_minimum_version 1.5.0

setup_file() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR make_store
}

setup() {
        command -v faketime >/dev/null || skip "SKIPPED: no faketime"
        BATS_TEST_NAME_STORE=$BATS_TEST_TMPDIR/store
        cp -a "$BATS_FILE_TMPDIR/store" "$BATS_TEST_NAME_STORE"
        STORE=$BATS_TEST_NAME_STORE
        SECRETS=()
        local who
        for who in master organisation recovery pin:sara; do
                SECRETS+=(--secret "$who=file:$BATS_FILE_TMPDIR/secret")
        done
        CONF=$BATS_TEST_TMPDIR/mpsi.conf
        OUT=$BATS_TEST_TMPDIR/out
}

# later DAYS PERSON verb…: as that person, so many days from now.
later() {
        local days=$1
        shift
        in_days "$days" "$MPSI" --store "$STORE" --as "$1" "${SECRETS[@]}" "${@:2}"
}

tell() {
        in_days "$1" "$MPSI_BUILD/mpsi-alert" --lang en --store "$STORE" --config "$CONF"
}

# A program that keeps what it is told, one line a call.
hook() {
        printf '#!/bin/sh\n%s\n' "${1:-cat >>\"$OUT\"}" >"$BATS_TEST_TMPDIR/hook"
        chmod +x "$BATS_TEST_TMPDIR/hook"
        printf '[alert]\nhook = %s\n%s' "$BATS_TEST_TMPDIR/hook" "${2:-}" >"$CONF"
}

told() {
        jq -r '.news[] | "\(.news) \(.level) \(.key)"' "$OUT"
}

@test "K2: nothing at first; then an alert, then critical, then over; the critical first, in both languages" {
        expect 0 m sara alert list --json
        [ "$(jq '.rows | length' <<<"$output")" = 0 ]
        m ana incident open --kind seal --what 'precinto de Juan Pérez' >/dev/null
        [ "$(later 9 sara alert list --json | jq -r '.rows[] | "\(.level) \(.key)"')" = 'critical incident-open/N000001
alert backup-age/store' ]
        [ "$(later 9 sara alert list --json --level critical | jq '.rows | length')" = 1 ]
        [ "$(later 9 sara alert list --json --for custodian | jq '.rows | length')" = 0 ]
        [ "$(later 9 sara alert list --json --for security | jq '.rows | length')" = 2 ]
        [[ $(later 9 sara --lang es alert list) == *'seal differs'* ]] && false
        [[ $(later 9 sara --lang es alert list) == *'precinto distinto'* ]]
        [[ $(later 9 sara --lang en alert list) == *'seal differs'* ]]
        # What people wrote is not in it.
        [[ $(later 9 sara alert list --json) != *Juan* ]]
        later 9 sara incident close N000001 --resolution hecho >/dev/null
        [ "$(later 9 sara alert list --json | jq -r '.rows[].key')" = backup-age/store ]
}

@test "T7: the 72 hours of a breach, critical in the last of them" {
        m ana incident open --kind breach --what x >/dev/null
        [ "$(m sara alert list --json | jq -r '.rows[] | "\(.level) \(.key)"')" = 'alert breach/N000001' ]
        [ "$(later 2 sara alert list --json | jq -r '.rows[] | "\(.level) \(.key)"')" = 'critical breach/N000001' ]
}

@test "U4: a loan that is three days late, then seven" {
        local medium loan
        medium=$(register_tape T1)
        loan=$(m cus --json loan request "$medium" --to oto --due "$(date -u -d '+20 days' +%F)" --reason x --location despacho |
                jq -r .loan)
        m ana loan approve "$loan" >/dev/null
        expect 0 m cus loan out "$loan" --supervisor olga --seal AB123
        [ "$(later 22 sara alert list --json | jq -r '[.rows[] | select(.source == "loan-overdue")] | length')" = 0 ]
        [ "$(later 23 sara alert list --json | jq -r '.rows[] | select(.source == "loan-overdue").level')" = alert ]
        [ "$(later 27 sara alert list --json | jq -r '.rows[] | select(.source == "loan-overdue").level')" = critical ]
}

@test "X1, X2: who acknowledges, for how long, and when it is back" {
        m ana incident open --kind seal --what x >/dev/null
        expect 3 m cus alert acknowledge incident-open/N000001 --reason 'ya se sabe'
        [[ $output == *X1* ]]
        expect 4 m sara alert acknowledge incident-open/N000009 --reason x
        expect 2 m sara alert acknowledge incident-open/N000001 --reason x --days 15
        expect 2 m sara alert acknowledge incident-open/N000001
        expect 6 m sara alert list --check
        expect 0 m sara alert acknowledge incident-open/N000001 --reason 'se investiga'
        expect 0 m sara alert list --check
        expect 0 m sara --json alert list
        [ "$(jq -r '.rows[0] | "\(.acknowledged_by) \(.reason)"' <<<"$output")" = 'sara se investiga' ]
        [ "$(m sara alert list --open --json | jq '.rows | length')" = 0 ]
        [[ $(m sara ledger export 2>/dev/null || true; sqlite3 "$STORE/registry.db" "SELECT type || subject FROM event") == *alert.acknowledgedincident-open/N000001* ]]
        # It rose: the acknowledgement of the lower level is over.
        [ "$(later 8 sara alert list --open --level critical --json | jq -r '.rows[].key')" = incident-open/N000001 ]
        # Its time is over.
        later 8 sara alert acknowledge incident-open/N000001 --reason x >/dev/null
        [ "$(later 9 sara alert list --open --level critical --json | jq '.rows | length')" = 0 ]
        [ "$(later 11 sara alert list --open --level critical --json | jq '.rows | length')" = 1 ]
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}

@test "K2: a program hears of each news once, and of its end" {
        hook
        m ana incident open --kind seal --what 'de Juan Pérez' >/dev/null
        expect 0 tell 0
        expect 0 tell 0
        [ "$(told)" = 'new alert incident-open/N000001' ]
        expect 0 tell 7
        expect 0 tell 7
        [ "$(told | tail -n 1)" = 'risen critical incident-open/N000001' ]
        later 7 sara incident close N000001 --resolution hecho >/dev/null
        expect 0 tell 7
        expect 0 tell 7
        [ "$(told | tail -n +2)" = 'risen critical incident-open/N000001
ended critical incident-open/N000001' ]
        run ! grep -c Juan "$OUT"
}

@test "K2: below the level nobody is told; without hook and mail there is nothing to do" {
        hook '' 'level = critical
'
        printf '#!/bin/sh\ncat >>"%s"\n' "$OUT" >"$BATS_TEST_TMPDIR/hook"
        m ana incident open --kind seal --what x >/dev/null
        expect 0 tell 0
        [ ! -e "$OUT" ]
        expect 0 tell 7
        [ "$(told)" = 'new critical incident-open/N000001' ]
        printf '[alert]\n' >"$CONF"
        rm -r "$STORE-alert"
        expect 0 tell 7
        [ ! -e "$STORE-alert" ]
        printf '[alert]\nhoook = /x\n' >"$CONF"
        expect 2 tell 7
}

@test "K2: what can't be told waits and is told later: a failing program, one that is not there" {
        hook 'exit 3'
        m ana incident open --kind seal --what x >/dev/null
        expect 1 tell 0
        [[ $output == *'ended with 3'* ]]
        hook 'cat >>"$OUT_FILE"'
        printf '#!/bin/sh\ncat >>"%s"\n' "$OUT" >"$BATS_TEST_TMPDIR/hook"
        # Too early to try again.
        expect 0 tell 0
        [ ! -e "$OUT" ]
        expect 0 tell 1
        [ "$(told)" = 'new alert incident-open/N000001' ]
        rm "$OUT"
        m ana incident open --kind seal --what x >/dev/null
        rm "$BATS_TEST_TMPDIR/hook"
        expect 1 tell 1
        printf '#!/bin/sh\ncat >>"%s"\n' "$OUT" >"$BATS_TEST_TMPDIR/hook"
        chmod +x "$BATS_TEST_TMPDIR/hook"
        expect 0 tell 2
        [ "$(told)" = 'new alert incident-open/N000002' ]
}

@test "K2: killed while it tells, it tells again under the same ID; a state that is broken loses nothing" {
        local first
        hook
        printf '#!/bin/sh\ncat >>"%s"\nkill -9 $PPID\n' "$OUT" >"$BATS_TEST_TMPDIR/hook"
        m ana incident open --kind seal --what x >/dev/null
        run tell 0
        [ "$status" -ne 0 ]
        first=$(jq -r '.news[].id' "$OUT")
        printf '#!/bin/sh\ncat >>"%s"\n' "$OUT" >"$BATS_TEST_TMPDIR/hook"
        expect 0 tell 0
        expect 0 tell 0
        [ "$(jq -r '.news[].id' "$OUT")" = "$first
$first" ]
        printf 'x' >"$STORE-alert/state.json"
        expect 0 tell 0
        [ -e "$STORE-alert/state.json.bad" ]
        [ "$(jq -r '.news[].id' "$OUT" | wc -l)" = 3 ]
        [ "$(stat -c %a "$STORE-alert" "$STORE-alert/state.json" | xargs)" = '700 600' ]
}

@test "K2, X8: mail through the sendmail interface, to the addresses and with no header but ours" {
        printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s.args"\ncat >"%s"\n' "$OUT" "$OUT" >"$BATS_TEST_TMPDIR/sendmail"
        chmod +x "$BATS_TEST_TMPDIR/sendmail"
        printf '[alert]\nmail = seguridad@h.example custodia@h.example\nfrom = mpsi@h.example\nsendmail = %s\n' \
                "$BATS_TEST_TMPDIR/sendmail" >"$CONF"
        m ana incident open --kind seal --what 'de Juan Pérez' >/dev/null
        expect 0 tell 0
        [ "$(xargs <"$OUT.args")" = '-i -f mpsi@h.example -- seguridad@h.example custodia@h.example' ]
        python3 - "$OUT" <<'END'
import email, email.policy, sys
m = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
assert not m.defects, m.defects
assert m['To'] == 'seguridad@h.example, custodia@h.example', m['To']
assert m['Subject'] == 'mpsi: 1 alertas, 0 fin (desk-1)', m['Subject']
text = m.get_content()
assert 'incident-open/N000001' in text and 'precinto distinto' in text and 'Juan' not in text, text
END
}

@test "K2: a program that hangs is stopped and the other channel is served all the same" {
        printf '#!/bin/sh\ncat >"%s"\n' "$OUT" >"$BATS_TEST_TMPDIR/sendmail"
        hook 'sleep 1000' "mail = a@h.example
from = mpsi@h.example
sendmail = $BATS_TEST_TMPDIR/sendmail
"
        chmod +x "$BATS_TEST_TMPDIR/sendmail"
        m ana incident open --kind seal --what x >/dev/null
        "$MPSI_BUILD/mpsi-alert" --lang en --store "$STORE" --config "$CONF" 2>"$BATS_TEST_TMPDIR/log" &
        local pid=$!
        # A second one does not tell at the same time.
        for _ in $(seq 50); do [ -e "$STORE-alert/lock" ] && break; sleep 0.1; done
        sleep 0.5
        run "$MPSI_BUILD/mpsi-alert" --store "$STORE" --config "$CONF"
        [ "$status" -eq 75 ]
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 1 ]
        grep -q 'was stopped' "$BATS_TEST_TMPDIR/log"
        grep -q '^Subject:' "$OUT"
}
