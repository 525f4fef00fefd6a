#!/usr/bin/env bats
# Many certificates are signed in one act, by several threads: whatever fails, all of them are on record or none, and each that
# is verifies (S9, X2).
load helper

MANY=5

setup_file() {
        local i id
        store_make_once
        for ((i = 0; i < MANY; i++)); do
                truncate -s 1M "$BATS_FILE_TMPDIR/$i.img"
                id=$(id_in "$(act carlos media register "$BATS_FILE_TMPDIR/$i.img" --kind hdd --classification PUBLICO --category BASICA \
                        --owner marta --expires 2099-12-31 --retention 400)")
                act ana wipe run "$id" --device "$BATS_FILE_TMPDIR/$i.img" --confirm "$id"
                act ana certificate issue "$id" --supervisor carlos
        done
}

setup() {
        store_copy
        sign=(ana certificate sign --pending --confirm $MANY --role executor)
}

signed() {
        sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'certificate.signed'"
}

outcome_holds() {
        local n number
        n=$(signed)
        [ "$n" -eq $MANY ] || { [ "$n" -eq 0 ] && [ "$status" -ne 0 ]; } || {
                printf 'status %s and %s signatures: %s\n' "$status" "$n" "$output"
                return 1
        }
        [ "$n" -eq $MANY ] || act "${sign[@]}" >/dev/null || return 1
        # The next signature verifies what is there as a whole, and files by their digests.
        act carlos certificate sign --pending --confirm $MANY --role supervisor >/dev/null || return 1
        act elena certificate sign --pending --confirm $MANY --role seal >/dev/null || return 1
        [ "$(signed)" -eq $((3 * MANY)) ]
}

@test "S9: each write, sync, open and rename fails" {
        every_call write,sync,open,rename 24 "${sign[@]}"
}

@test "S9: no space is left from the n-th write on" {
        FAULT_ERRNO=28 LAST=1
        every_call write 16 "${sign[@]}"
}

@test "S9: memory runs out" {
        every_call memory 16 "${sign[@]}"
}

@test "S9: killed before any of its writes" {
        local at total before
        fresh_store
        faulty write 0 0 "${sign[@]}"
        total=$calls
        [ "$total" -gt $MANY ]
        for ((at = 1; at <= total; at += total / 10 + 1)); do
                fresh_store
                before=$(events)
                status=0
                output=
                MPSI_FAULT=write MPSI_FAULT_AT=$at MPSI_FAULT_KILL=before LD_PRELOAD=$MPSI_FAULTS act "${sign[@]}" \
                        >/dev/null 2>&1 </dev/null || status=$?
                [ "$status" -eq 137 ]
                store_is_whole "$before" && outcome_holds
        done
}
