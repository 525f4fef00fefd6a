#!/usr/bin/env bats
# key rotate while calls fail, the disk is full, or the program is killed: no key is lost, the ledger verifies, and
# repeating it finishes (C4, C5). MPSI_KEY_KILLS=n changes the number of kills.
load helper

setup_file() {
        store_make_once
        truncate -s 20M "$BATS_FILE_TMPDIR/disk"
        act carlos media register "$BATS_FILE_TMPDIR/disk" --classification CONFIDENCIAL --category MEDIA --health \
                --owner marta --expires 2099-12-31 --retention 400
        act ana encrypt run HQ00000001V "$BATS_FILE_TMPDIR/disk" --confirm HQ00000001V
        # Orphans beside it, so that there is something to wrap: a rotation does not ask whose they are.
        sqlite3 "$STORE/vault.db" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                INSERT INTO wrapped_key SELECT printf('HQ%08d', i + 100), 1, algorithm, wrapped_by, wrapped, created
                FROM n, (SELECT * FROM wrapped_key WHERE id = 'HQ00000001V')"
}

setup() {
        store_copy
}

keys_are_whole() {
        local rows
        rows=$(sqlite3 "$STORE/vault.db" "SELECT count(*) FROM wrapped_key WHERE id <> 'kek'")
        [ "$rows" -eq 3001 ] || { printf '%s keys are left\n' "$rows"; return 1; }
        # It unwraps every one of them, finishes what was cut off, and leaves one KEK behind.
        act elena key rotate >/dev/null || return 1
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM crypto_key WHERE id = 'kek' AND state = 'live'")" -eq 1 ]
        [ "$(sqlite3 "$STORE/vault.db" "SELECT count(*) FROM wrapped_key WHERE id = 'kek'")" -eq 1 ]
        [ "$(sqlite3 "$STORE/vault.db" "SELECT count(DISTINCT wrapped_by) FROM wrapped_key WHERE id <> 'kek'")" -eq 1 ]
}

outcome_holds() {
        keys_are_whole
}

@test "C5: the disk fills up at any write of a rotation" {
        FAULT_ERRNO=28 LAST=1 every_call write 24 elena key rotate
}

@test "C5: any sync of a rotation fails" {
        every_call sync 24 elena key rotate
}

@test "C5: kill -9 at random moments of a rotation" {
        local kills=${MPSI_KEY_KILLS:-25} try pid start took before killed=0
        fresh_store
        start=${EPOCHREALTIME/[.,]/}
        act elena key rotate >/dev/null
        took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
        for ((try = 0; try < kills; try++)); do
                fresh_store
                before=$(events)
                "$MPSI" --store "$STORE" --as elena "${SECRET_OPTIONS[@]}" key rotate >/dev/null 2>&1 </dev/null 3>&- &
                pid=$!
                sleep "$(printf '0.%03d' $((RANDOM % (took < 900 ? took : 900))))"
                kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
                wait "$pid" 2>/dev/null || true
                store_is_whole "$before"
                keys_are_whole
        done
        printf '# %s of %s rotations killed, each takes %s ms\n' "$killed" "$kills" "$took" >&3
        [ "$killed" -gt 0 ]
}
