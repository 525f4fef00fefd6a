#!/usr/bin/env bats
# encrypt rotate, due and waive on image files (C5). Cuts in mid-rotation: tests/anomaly/rotate.bats.

load helper

setup() {
        make_store
        disk=$(image disk 36M)
        id=$(m cus --json media register "$disk" --kind hdd --classification CONFIDENCIAL --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 3650 | jq -r .id)
        m olga encrypt run "$id" "$disk" --confirm "$id" >/dev/null
}

# later DAYS ARGS…: the act as the station sees it so many days from now.
later() {
        local days=$1
        shift
        in_days "$days" "$MPSI" --store "$STORE" --as "$1" "${SECRETS[@]}" "${@:2}"
}

@test "C5: B keeps the volume key, C changes it; the digest, seqid, token and MAC on record are the new ones" {
        before=$(cryptsetup luksDump "$disk" | sed -n '/^Digests/,$p')
        expect 0 m olga encrypt rotate "$id" "$disk" --kind slot
        [[ $output == *"does not revoke an old copy"* || $output == *"no revoca una copia antigua"* ]]
        [ "$(cryptsetup luksDump "$disk" | sed -n '/^Digests/,$p')" = "$before" ]
        expect 0 m olga encrypt check "$disk"
        expect 0 m olga --json encrypt rotate "$id" "$disk" --kind volume
        [ "$(cryptsetup luksDump "$disk" | sed -n '/^Digests/,$p')" != "$before" ]
        expect 0 m olga encrypt check "$disk"
        [ "$(cryptsetup luksDump "$disk" | grep -c '^  [0-9]: luks2')" -eq 2 ]
        [ "$(sqlite3 "$STORE/registry.db" "SELECT group_concat(state) FROM (SELECT state FROM crypto_key WHERE medium = '$id' ORDER BY version)")" = destroyed,destroyed,live ]
        expect 0 m sara ledger verify
}

@test "C5 S6: another medium, an unencrypted one and a stranger are refused; a dry run changes nothing" {
        cp --sparse=always "$disk" "$BATS_TEST_TMPDIR/before"
        other=$(image other 36M)
        expect 5 m olga encrypt rotate "$id" "$other" --kind slot
        expect 3 m cus encrypt rotate "$id" "$disk" --kind slot
        expect 0 m olga --dry-run encrypt rotate "$id" "$disk" --kind volume
        cmp "$disk" "$BATS_TEST_TMPDIR/before"
}

@test "C5: due after 76 days, overdue and read-only after 90, a signed waiver holds for its time and no more" {
        command -v faketime >/dev/null || skip "SKIPPED: no faketime"
        expect 0 m ana --json encrypt due
        [ "$(jq '.rows | length' <<<"$output")" -eq 0 ]
        expect 0 later 80 ana --json encrypt due
        [ "$(jq -r '.rows[0].standing' <<<"$output")" = due-soon ]
        expect 0 later 80 olga encrypt check "$disk"
        expect 0 later 91 ana --json encrypt due
        [ "$(jq -r '.rows[0].standing' <<<"$output")" = overdue ]
        expect 5 later 91 olga encrypt check "$disk"
        [[ $output == *C5* ]]
        expect 3 later 91 olga encrypt waive "$id" --until "$(date -u -d '+100 days' +%F)" --reason trip
        expect 5 later 91 sara encrypt waive "$id" --until "$(date -u -d '+130 days' +%F)" --reason trip
        m sara person add noa --full-name "Noa Gil" --roles security >/dev/null # without a signing key
        expect 5 later 91 noa encrypt waive "$id" --until "$(date -u -d '+100 days' +%F)" --reason trip
        expect 0 later 91 sara encrypt waive "$id" --until "$(date -u -d '+100 days' +%F)" --reason trip
        expect 0 later 92 olga encrypt check "$disk"
        expect 5 later 101 olga encrypt check "$disk"
        # A forged waiver is none.
        sqlite3 "$STORE/registry.db" "UPDATE rotation_waiver SET until = until + 86400000000 * 20"
        expect 5 later 101 olga encrypt check "$disk"
        sqlite3 "$STORE/registry.db" "UPDATE rotation_waiver SET until = until - 86400000000 * 20"
        expect 5 later 101 olga encrypt rotate "$id" "$disk" --kind volume # olga's own thirty days are over too
        [[ $output == *A3* ]]
        expect 0 later 101 sara person train olga --course cifrado --training it
        expect 0 later 101 olga encrypt rotate "$id" "$disk" --kind volume
        expect 0 later 102 olga encrypt check "$disk"
        expect 0 m sara ledger verify
}
