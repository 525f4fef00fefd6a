#!/usr/bin/env bats
# The custody desk by way of mpsid: files and PINs cross the socket, and two people scan one stocktake: U3, U5, U6, U7, A2. By
# hand, as root:
#   tests/cli/with-udev bats tests/cli/mpsid_custody.bats
load helper

OWNER=nobody CUSTODIAN=games

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        install -d -m 777 "$BATS_TEST_TMPDIR/out"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        install -m 600 "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/out/secret"
        chmod 600 "$BATS_TEST_TMPDIR/secret"
        chown "$CUSTODIAN" "$BATS_TEST_TMPDIR/out/secret"
        "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running
        mpsi init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es --admin sara \
                --admin-name 'Sara Gil' --admin-os-user root >/dev/null
        mpsi person add olga --full-name 'Olga Peña' --roles owner,custodian --os-user "$CUSTODIAN" >/dev/null
        mpsi person add uli --full-name 'Uli Usuaria' --roles user >/dev/null
        mpsi person enrol uli >/dev/null
        mpsi location add HQ-S03-A12-E04-P001 --kind fire-cabinet --level MEDIA --section INTERNO --capacity 9 >/dev/null
        A=$(mpsi --json media register --kind tape --classification INTERNO --category MEDIA --owner olga \
                --expires 2040-01-01 --retention 3650 --serial T1 | jq -r .id)
        at_desk media move "$A" --location HQ-S03-A12-E04-P001 >/dev/null
}

teardown() {
        daemon_end
}

mpsi() {
        local who secrets=()
        for who in master organisation recovery pin:sara pin:uli; do
                secrets+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
        timeout 60 "$MPSI" --lang en --socket "$SOCKET" "${secrets[@]}" "$@"
}

# The custodian, who is another account.
at_desk() {
        setpriv --reuid="$CUSTODIAN" --regid="$(id -g "$CUSTODIAN")" --clear-groups \
                timeout 60 "$MPSI" --lang en --socket "$SOCKET" --secret "pin:uli=file:$BATS_TEST_TMPDIR/out/secret" "$@"
}

@test "U3 U5 U6 U7 A2: access, readings and a stocktake by way of mpsid" {
        expect 0 mpsi access request HQ-S03 --reason "Climatización" --for uli
        expect 0 at_desk access approve A000001
        # The visitor types their PIN at the custodian's terminal.
        expect 0 at_desk --json access enter A000001 --credential electronic-lock --sign
        [ "$(jq -r '.signatures[0] | [.person, .standing] | join(" ")' <<<"$output")" = "uli valid" ]
        expect 0 at_desk access leave A000001 --paper H-1
        expect 0 at_desk report R-110-023 --pdf "$BATS_TEST_TMPDIR/out/r.pdf" --csv "$BATS_TEST_TMPDIR/out/r.csv"
        grep -q A000001 "$BATS_TEST_TMPDIR/out/r.csv"
        pdftotext "$BATS_TEST_TMPDIR/out/r.pdf" - | grep -q "Uli Usuaria"

        printf 'time,temperature\n2026-01-01T10:00:00Z,20.1\n2026-01-01T11:00:00Z,26.4\n' >"$BATS_TEST_TMPDIR/out/sensor.csv"
        expect 0 at_desk --json env import "$BATS_TEST_TMPDIR/out/sensor.csv" --location HQ-S03 --follow
        [ "$(jq -r .new <<<"$output")" = 2 ]
        expect 0 at_desk env show HQ-S03 --png "$BATS_TEST_TMPDIR/out/chart.png"
        file "$BATS_TEST_TMPDIR/out/chart.png" | grep -q PNG

        expect 0 mpsi stocktake start HQ
        expect 0 mpsi stocktake scan HQ-S03-A12-E04-P001
        expect 7 at_desk stocktake scan T1 # the other clerk has no place yet
        expect 0 at_desk stocktake scan HQ-S03-A12-E04-P001 T1
        expect 0 mpsi stocktake scan "$A"
        [[ $output == *"scanned already"* ]]
        expect 0 at_desk --json stocktake finish
        [ "$(jq -r '[.found, .missing] | join(" ")' <<<"$output")" = "1 0" ]
        expect 0 at_desk media locate T1
        expect 0 at_desk media scan T1
        expect 6 at_desk custody check # 26.4 °C, a year ago
        [[ $output == *U5* ]]
        expect 0 mpsi ledger verify
        expect 0 mpsi ledger replay
}

@test "A2 A4: a pack for an auditor crosses the socket as one file, and verifies" {
        expect 2 mpsi report pack --out "$BATS_TEST_TMPDIR/out/pack" --for 'Auditora de Prueba'
        [[ $output == *".tar"* ]]
        expect 3 at_desk report pack --out "$BATS_TEST_TMPDIR/out/pack.tar" --for x
        expect 0 mpsi report pack --out "$BATS_TEST_TMPDIR/out/pack.tar" --for 'Auditora de Prueba'
        expect 7 mpsi report pack --out "$BATS_TEST_TMPDIR/out/pack.tar" --for 'Auditora de Prueba'
        tar -xf "$BATS_TEST_TMPDIR/out/pack.tar" -C "$BATS_TEST_TMPDIR"
        expect 0 sh "$BATS_TEST_TMPDIR/mpsi-pack/verify.sh" "$STORE/org/ca.crt"
        printf x >>"$BATS_TEST_TMPDIR/mpsi-pack/index.csv"
        expect 1 sh "$BATS_TEST_TMPDIR/mpsi-pack/verify.sh" "$STORE/org/ca.crt"
}
