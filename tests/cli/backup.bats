#!/usr/bin/env bats
# backup create, verify, restore and list (X7, C4): made while others write, opened by tar and openssl alone, and checked in
# every way before it is believed.
load helper

setup() {
        make_store
        B=$BATS_TEST_TMPDIR/b1
}

# Somebody at the desk who registers media until told to stop.
write_in_a_loop() {
        local n
        for ((n = 0; n < 100; n++)); do
                register_tape "T$n" || return
                printf '%s\n' "$n" >"$BATS_TEST_TMPDIR/written"
        done
}

verify() {
        m sara --json backup verify "$1" >"$BATS_TEST_TMPDIR/answer"
}

answer() {
        jq -r "$1" "$BATS_TEST_TMPDIR/answer"
}

# The passphrase comes from elsewhere than for init.
m_with() { # FILE ARGS…
        local secret=$1
        shift
        "$MPSI" --store "$STORE" --as sara --secret "recovery=file:$secret" "$@"
}

@test "X7: made while another process writes 100 acts, each backup is whole and a prefix of today's ledger" {
        local n made=0
        write_in_a_loop 3>&- &
        writer=$!
        while kill -0 "$writer" 2>/dev/null; do
                expect 0 m olga backup create --out "$BATS_TEST_TMPDIR/during$made"
                made=$((made + 1))
                [ "$made" -lt 20 ] || break
        done
        wait "$writer"
        [ "$(cat "$BATS_TEST_TMPDIR/written")" -eq 99 ]
        [ "$made" -ge 2 ]
        for ((n = 0; n < made; n++)); do
                verify "$BATS_TEST_TMPDIR/during$n"
                [ "$(answer .prefix)" = proved ]
                [ "$(answer .number)" -eq $((n + 1)) ]
        done
        # Numbers have no gaps, and all of them are checked.
        [ "$(m sara --json backup list | jq -c '[.rows[].number]')" = "$(seq "$made" | jq -sc .)" ]
        [ "$(m sara --json backup list | jq '[.rows[].result == "whole"] | all')" = true ]
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "X7: tar, openssl and sha256sum alone open a backup, with the recovery key" {
        local keys recovery=$STORE/recovery
        register_tape A
        expect 0 m sara backup create --out "$B"
        mkdir "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/in"
        cd "$BATS_TEST_TMPDIR/out"
        tar xf "$B"
        grep -q '^mpsi-backup/1$' mpsi-backup
        openssl cms -decrypt -inform DER -in keys.cms -recip "$recovery/recovery.crt" -inkey "$recovery/recovery.key" \
                -passin "file:$BATS_TEST_TMPDIR/secret" -out keys
        keys=$(od -An -v -tx1 keys | tr -d ' \n')
        [ "$(head -c -2048 "$B" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:${keys:64}" -r | cut -d' ' -f1)" = "$(cat mac)" ]
        openssl enc -d -aes-256-ctr -K "${keys:0:64}" -iv 00000000000000000000000000000000 -in content.enc |
                tar xf - -C "$BATS_TEST_TMPDIR/in"
        cd "$BATS_TEST_TMPDIR/in"
        sha256sum --quiet -c SHA256SUMS
        [ "$(jq -r .files_sha256 manifest.json)" = "$(sha256sum SHA256SUMS | cut -d' ' -f1)" ]
        openssl x509 -in "$STORE/station.crt" -noout -pubkey >station.pub
        openssl dgst -sha256 -verify station.pub -signature manifest.sig manifest.json
        cmp vault.db "$STORE/vault.db"
        [ "$(sqlite3 registry.db 'PRAGMA integrity_check; SELECT count(*) FROM medium')" = $'ok\n1' ]
        # The key that opens it is not in it, and in clear text there is nothing of the store.
        [ ! -e recovery/recovery.key ]
        run grep -c -a -e 'BEGIN PRIVATE KEY' -e 'SQLite format' -e 'Sara Gil' "$B"
        [ "$output" = 0 ]
}

@test "X7: damage, other keys and wrong passphrases end with their own status, and name what is wrong" {
        expect 0 m sara backup create --out "$B"
        cp "$B" "$B.cut"
        truncate -s -512 "$B.cut"
        expect 6 m sara backup verify "$B.cut"
        [[ $output == *"cut short"* ]]
        cp "$B" "$B.changed"
        printf X | dd of="$B.changed" bs=1 seek=100000 conv=notrunc status=none
        expect 6 m sara backup verify "$B.changed"
        [[ $output == *"not as it was written"* ]]
        expect 6 m sara backup verify "$BATS_TEST_TMPDIR/secret"
        expect 4 m sara backup verify "$B.none"
        expect 4 m sara backup verify "$B" --key "$B.none"
        (umask 077 && echo 'another passphrase' >"$BATS_TEST_TMPDIR/other")
        expect 3 m_with "$BATS_TEST_TMPDIR/other" backup verify "$B"
        # A backup that was tried and is not whole is none.
        run m sara --lang en doctor
        [[ $output == *"no verified backup is on record"* ]]
        # The key of another store, whose passphrase is the same.
        mv "$STORE" "$STORE.first"
        make_store_at "$STORE"
        expect 6 m sara backup verify "$B"
        [[ $output == *"does not open with this recovery key"* ]]
        # Another station's backup, with its own key: whole, but not compared.
        expect 6 m sara backup verify "$B" --key "$STORE.first/recovery/recovery.key"
        # Refusals and failures are facts.
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'backup.verified'")" -eq 2 ]
        expect 0 m sara ledger verify
}

@test "X1: who makes a backup can't open it, and who only reads makes none" {
        local who
        expect 0 m olga backup create --out "$B"
        expect 3 m olga backup verify "$B"
        expect 3 m olga backup restore "$B" --to "$BATS_TEST_TMPDIR/r"
        for who in ana cus; do
                expect 3 m "$who" backup create --out "$B.$who"
                [ ! -e "$B.$who" ]
        done
        expect 0 m sara backup verify "$B"
        run m sara --lang en doctor
        [[ $output != *"no verified backup is on record"* ]]
}

@test "X7: without a store a backup can be checked and restored, and says that the prefix was not compared" {
        expect 0 m sara backup create --out "$B"
        mv "$STORE/recovery" "$BATS_TEST_TMPDIR/safe"
        expect 4 m sara backup verify "$B"
        mv "$STORE" "$STORE.lost"
        export TMPDIR=$BATS_TEST_TMPDIR/tmp
        mkdir "$TMPDIR"
        expect 0 m_with "$BATS_TEST_TMPDIR/secret" backup verify "$B" --key "$BATS_TEST_TMPDIR/safe/recovery.key"
        [[ $output == *"not compared"* ]]
        [ -z "$(ls -A "$TMPDIR")" ]
        [ ! -e "$STORE" ]
        expect 0 m_with "$BATS_TEST_TMPDIR/secret" backup restore "$B" --to "$STORE" --key "$BATS_TEST_TMPDIR/safe/recovery.key"
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
        expect 0 m sara key status
        register_tape A
        expect 7 m sara backup restore "$B" --to "$STORE" --key "$BATS_TEST_TMPDIR/safe/recovery.key"
        expect 0 m sara ledger verify
}

@test "C4: a medium opens with the restored vault; one erased after the backup does not" {
        local kept erased
        kept=$(image kept 32M) erased=$(image erased 32M)
        register() {
                m cus --json media register "$1" --classification CONFIDENCIAL --category MEDIA --owner ana \
                        --expires 2040-01-01 --retention 3650 | jq -r .id
        }
        K=$(register "$kept") E=$(register "$erased")
        expect 0 m olga encrypt run "$K" "$kept" --confirm "$K"
        expect 0 m olga encrypt run "$E" "$erased" --confirm "$E"
        expect 0 m olga backup create --out "$B"
        expect 0 m olga wipe run "$E" --device "$erased" --confirm "$E"
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'key.destroyed'
                AND data LIKE '%\"numbers\":[1]%'")" -eq 1 ]

        expect 0 m sara --json backup restore "$B" --to "$BATS_TEST_TMPDIR/r"
        jq -e '.keys_dropped == 1 and .newer > 2' <<<"$output"
        live=$STORE STORE=$BATS_TEST_TMPDIR/r
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
        expect 0 m olga encrypt check "$kept"
        expect 0 m sara key escrow "$K" --out "$BATS_TEST_TMPDIR/envelope"
        openssl cms -decrypt -inform DER -in "$BATS_TEST_TMPDIR/envelope" -recip "$live/recovery/recovery.crt" \
                -inkey "$live/recovery/recovery.key" -passin "file:$BATS_TEST_TMPDIR/secret" -out "$BATS_TEST_TMPDIR/key"
        cryptsetup open --test-passphrase --key-slot 1 --key-file "$BATS_TEST_TMPDIR/key" "$kept"
        expect 4 m sara key escrow "$E" --out "$BATS_TEST_TMPDIR/envelope2"
        [ "$(sqlite3 "$STORE/vault.db" "SELECT count(*) FROM wrapped_key WHERE id = '$E'")" -eq 0 ]
        # The restored vault goes on making keys.
        expect 0 m olga encrypt run "$K" "$kept" --confirm "$K" --replace
}

@test "X7 C5: a backup of before the KEK was rotated opens its media still" {
        local kept
        kept=$(image kept 32M)
        K=$(m cus --json media register "$kept" --classification CONFIDENCIAL --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 3650 | jq -r .id)
        expect 0 m olga encrypt run "$K" "$kept" --confirm "$K" --no-fill
        expect 0 m olga backup create --out "$B"
        expect 0 m sara key rotate
        expect 0 m sara --json backup restore "$B" --to "$BATS_TEST_TMPDIR/r"
        jq -e '.keys_dropped == 0' <<<"$output"
        STORE=$BATS_TEST_TMPDIR/r
        expect 0 m sara ledger verify
        # Its own KEK opens its own keys: the medium's secret is unwrapped, and the vault goes on.
        expect 0 m olga encrypt rotate "$K" "$kept" --kind slot
        expect 0 m sara key rotate
        expect 0 m olga encrypt check "$kept"
        expect 0 m sara ledger verify
}

@test "X7: --ledger names the later store where none is open, and its writer's lock is respected" {
        expect 0 m sara backup create --out "$B"
        register_tape A
        later=$STORE STORE=$BATS_TEST_TMPDIR/none
        restore=(m_with "$BATS_TEST_TMPDIR/secret" --json backup restore "$B" --to "$BATS_TEST_TMPDIR/r"
                --key "$later/recovery/recovery.key" --ledger "$later")
        flock "$later/lock" -c "expr 1 && sleep 3" >/dev/null 3>&- &
        sleep 0.5
        expect 75 "${restore[@]}"
        wait
        expect 0 "${restore[@]}"
        jq -e '.newer == 2 and .prefix == "proved"' <<<"$output"
        STORE=$BATS_TEST_TMPDIR/r
        [ "$(sqlite3 "$STORE/registry.db" 'SELECT number, missing FROM restoration')" = '1|2' ]
        # A ledger that was tampered with is no witness of anything.
        sqlite3 "$later/registry.db" "DROP TRIGGER event_keep; UPDATE event SET actor = 'olga' WHERE seq = 3"
        STORE=$BATS_TEST_TMPDIR/none
        expect 6 m_with "$BATS_TEST_TMPDIR/secret" backup restore "$B" --to "$BATS_TEST_TMPDIR/r2" \
                --key "$later/recovery/recovery.key" --ledger "$later"
        [ ! -e "$BATS_TEST_TMPDIR/r2" ]
        [ -z "$(find "$BATS_TEST_TMPDIR" -name 'r2.new.*')" ]
}

@test "X7: a dry run makes nothing, and a second one waits its turn" {
        expect 0 m sara --dry-run backup create --out "$B"
        [ ! -e "$B" ]
        [ ! -e "$B.part" ]
        [ "$(m sara --json backup list | jq '.rows | length')" -eq 0 ]
        expect 0 m sara backup create --out "$B"
        flock "$STORE/work/backup.lock" -c 'sleep 2' 3>&- &
        sleep 0.5
        expect 75 m sara backup create --out "$B.2"
        wait
        expect 0 m sara backup create --out "$B.2"
        expect 0 m sara --dry-run backup restore "$B" --to "$BATS_TEST_TMPDIR/r"
        [ ! -e "$BATS_TEST_TMPDIR/r" ]
}
