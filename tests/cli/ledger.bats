# X2: every act and refusal is in the ledger; edits, deletions, truncation and an old copy are found and named.
load helper

setup() {
        make_store
        register_tape T-1
        register_tape T-2
        m ana media classify T-1 --expires 2041-01-01 --reason renewed
}

# tamper SQL: behind the program's back, triggers dropped.
tamper() {
        sqlite3 "$STORE/registry.db" "DROP TRIGGER event_keep; DROP TRIGGER event_stay; DROP TRIGGER checkpoint_stay;
                DROP TRIGGER checkpoint_keep; $1"
}

@test "X2: an honest ledger verifies, and replays to the same bytes" {
        expect 0 m sara ledger verify
        [[ $output == *"íntegro"* || $output == *whole* ]]
        expect 0 m sara --json ledger replay
        [ "$(jq -r .live <<<"$output")" = "$(jq -r .replayed <<<"$output")" ]
}

@test "X2: an edited event is named" {
        tamper "UPDATE event SET data = replace(data, 'T-1', 'T-9') WHERE type = 'medium.registered' AND data LIKE '%T-1%'"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"Event "*"was altered"* ]]
}

@test "X2: a deleted event is named" {
        tamper "DELETE FROM event WHERE seq = 7"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"Events 7 to 7 are missing"* ]]
}

@test "X2: the last events deleted with their checkpoints are missed" {
        n=$(sqlite3 "$STORE/registry.db" "SELECT max(seq) FROM event")
        tamper "DELETE FROM event WHERE seq > $((n - 2)); DELETE FROM checkpoint WHERE size > $((n - 2))"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"an old copy was restored or the last ones were deleted"* ]]
}

@test "X2: yesterday's database under today's checkpoint is found, and nothing more is recorded on it" {
        sqlite3 "$STORE/registry.db" "PRAGMA wal_checkpoint(TRUNCATE)"
        cp "$STORE/registry.db" "$BATS_TEST_TMPDIR/yesterday.db"
        register_tape T-3
        m sara ledger checkpoint --out "$BATS_TEST_TMPDIR/published"
        rm -f "$STORE"/registry.db-wal "$STORE"/registry.db-shm
        cp "$BATS_TEST_TMPDIR/yesterday.db" "$STORE/registry.db"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"old copy"* ]]
        expect 6 m sara person add eva --full-name Eva --roles user
        # Even where the witness in the store is taken away too, a checkpoint kept elsewhere tells.
        rm "$STORE/checkpoint"
        expect 6 m sara --lang en ledger verify --checkpoint "$BATS_TEST_TMPDIR/published"
        [[ $output == *"old copy"* ]]
}

@test "X2: an edited, an added and a removed state row are named" {
        sqlite3 "$STORE/registry.db" "UPDATE medium SET classification = 'PUBLICO' WHERE serial = 'T-1'"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"Table medium, row HQ00000001V: not what the events explain"* ]]
        expect 6 m sara ledger replay
        sqlite3 "$STORE/registry.db" "UPDATE medium SET classification = 'CONFIDENCIAL' WHERE serial = 'T-1'"
        expect 0 m sara ledger verify
        sqlite3 "$STORE/registry.db" "UPDATE person SET roles = 'owner,security' WHERE name = 'ana'"
        expect 6 m sara --lang en ledger verify
        [[ $output == *"Table person, row ana"* ]]
}

@test "X2: triggers refuse to change or delete an event" {
        run sqlite3 "$STORE/registry.db" "DELETE FROM event WHERE seq = 1"
        [ "$status" -ne 0 ]
        [[ $output == *"never deleted"* ]]
        run sqlite3 "$STORE/registry.db" "UPDATE event SET actor = 'x' WHERE seq = 1"
        [ "$status" -ne 0 ]
}

@test "X2: a checkpoint's signature is what openssl takes, and an event has a proof" {
        m sara ledger checkpoint --out "$BATS_TEST_TMPDIR/c"
        sed '/^$/,$d' "$BATS_TEST_TMPDIR/c" >"$BATS_TEST_TMPDIR/body"
        tail -n 1 "$BATS_TEST_TMPDIR/c" | base64 -d >"$BATS_TEST_TMPDIR/signature"
        openssl x509 -in "$STORE/station.crt" -pubkey -noout >"$BATS_TEST_TMPDIR/public"
        openssl dgst -sha256 -verify "$BATS_TEST_TMPDIR/public" -signature "$BATS_TEST_TMPDIR/signature" "$BATS_TEST_TMPDIR/body"
        expect 0 m sara --json ledger prove 3
        [ "$(jq -r '.event | fromjson | .seq' <<<"$output")" = 3 ]
}

@test "X1, X2: a refusal is an event with its rule" {
        expect 3 m olga person block ana --reason x
        run sqlite3 "$STORE/registry.db" "SELECT actor, subject, data FROM event WHERE type = 'act.refused'"
        [[ $output == "olga|olga|"* && $output == *'"rule":"X1"'* && $output == *'"verb":"person block"'* ]]
}
