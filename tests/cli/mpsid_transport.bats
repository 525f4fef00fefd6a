#!/usr/bin/env bats
# Shipments by way of mpsid: tracks and documents cross the socket as files, and so do forms and maps: T4, T6, T7. By hand,
# as root:
#   tests/cli/with-udev bats tests/cli/mpsid_transport.bats
load helper
load transport

OWNER=nobody CUSTODIAN=games

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store OUT=$BATS_TEST_TMPDIR/out
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        install -d -m 777 "$OUT"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        install -m 600 "$BATS_TEST_TMPDIR/secret" "$OUT/secret"
        chmod 600 "$BATS_TEST_TMPDIR/secret"
        chown "$CUSTODIAN" "$OUT/secret"
        "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running
        sara init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es --admin sara \
                --admin-name 'Sara Gil' --admin-os-user root >/dev/null
        sara person add cus --full-name 'Custodio Ruiz' --roles custodian,owner --os-user "$CUSTODIAN" >/dev/null
        sara person enrol cus >/dev/null
        sara route add norte-sur --from Norte --to Sur --usual 1 --limit 4 --via Norte@40.5,-3.65 --via Sur@40.3,-3.75 >/dev/null
}

teardown() {
        daemon_end
}

sara() {
        local who secrets=()
        for who in master organisation recovery pin:sara pin:cus; do
                secrets+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
        timeout 60 "$MPSI" --lang en --socket "$SOCKET" "${secrets[@]}" "$@"
}

# The custodian, who is another account and whose files mpsid's own accounts can't open.
cus() {
        setpriv --reuid="$CUSTODIAN" --regid="$(id -g "$CUSTODIAN")" --clear-groups \
                timeout 60 "$MPSI" --lang en --socket "$SOCKET" --secret "pin:cus=file:$OUT/secret" "$@"
}

@test "T4 T6 T7: documents and a GPS track go in, the form, the map and the draft come out" {
        local id shipment
        id=$(cus --json media register --kind tape --classification INTERNO --category BASICA --owner cus --expires 2040-01-01 \
                --retention 3650 --serial T1 | jq -r .id)
        cus label print "$id" --out "$OUT/label.pdf" >/dev/null
        shipment=$(cus --json ship create --media "$id" --recipient cus --method standard-courier \
                --route norte-sur --country CH --reason r --emergency 'Trasplante' | jq -r .shipment)
        expect 0 cus ship pack "$shipment" "${levels[@]}" --seal S-101 --label-checked
        expect 0 sara ship authorise "$shipment"
        printf 'DUA\n' | install -m 600 -o "$CUSTODIAN" /dev/stdin "$OUT/dua.pdf"
        expect 0 cus ship document "$shipment" --kind customs --reference DUA-1 --file "$OUT/dua.pdf"
        expect 0 cus ship document "$shipment" --kind adequacy --reference 2000/518/CE --file "$OUT/dua.pdf"
        expect 0 cus ship notice "$shipment" --by correo --out "$OUT/notice.txt"
        grep -q Norte "$OUT/notice.txt"
        expect 0 cus ship dispatch "$shipment" --seal S-101
        gpx "$OUT/t.gpx" $(($(date +%s) - 120)) 25 $(way 40.48 -3.66 40.42 -3.69 5)
        chown "$CUSTODIAN" "$OUT/t.gpx"
        chmod 600 "$OUT/t.gpx"
        expect 0 cus --json ship gps "$shipment" "$OUT/t.gpx"
        [ "$(jq -r '.gps[0].summary.points' <<<"$output")" = 5 ]
        expect 7 cus ship gps "$shipment" "$OUT/t.gpx"
        expect 0 cus ship map "$shipment" --pdf "$OUT/map.pdf"
        pdftotext "$OUT/map.pdf" - | grep -q norte-sur
        expect 0 cus ship lost "$shipment" --circumstances 'No llegó'
        expect 0 cus ship breach "$shipment" --out "$OUT/b.pdf" --out "$OUT/b.txt"
        grep -q UNKNOWN "$OUT/b.txt"
        pdftotext "$OUT/b.pdf" - | grep -q UNKNOWN
        expect 0 cus report R-110-019 "$shipment" --pdf "$OUT/f.pdf"
        pdftotext "$OUT/f.pdf" - | grep -q 'DUA-1'
        expect 0 sara ledger verify
        expect 0 sara ledger replay
}
