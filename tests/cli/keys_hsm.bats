#!/usr/bin/env bats
# A master key in an HSM (SoftHSM2): C1, C4, C9, and what goes wrong with one.

load helper

MODULE=/usr/lib/softhsm/libsofthsm2.so

mp() {
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en --secret "master=file:$BATS_TEST_TMPDIR/pin" \
                --secret "new-master=file:$BATS_TEST_TMPDIR/new" \
                --secret "organisation=file:$BATS_TEST_TMPDIR/secret" --secret "recovery=file:$BATS_TEST_TMPDIR/secret" \
                --secret "pin:sara=file:$BATS_TEST_TMPDIR/secret" "$@"
}

setup() {
        [ -e "$MODULE" ] || skip 'SKIPPED: no SoftHSM2'
        mkdir -p "$BATS_TEST_TMPDIR/tokens"
        printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$BATS_TEST_TMPDIR/tokens" \
                >"$BATS_TEST_TMPDIR/softhsm2.conf"
        export SOFTHSM2_CONF=$BATS_TEST_TMPDIR/softhsm2.conf
        softhsm2-util --init-token --free --label station --pin 246813 --so-pin 13572468 >/dev/null
        (umask 077 && echo 'correct horse battery' >"$BATS_TEST_TMPDIR/secret" && echo 246813 >"$BATS_TEST_TMPDIR/pin" && cp "$BATS_TEST_TMPDIR/pin" "$BATS_TEST_TMPDIR/new")
}

teardown() {
        loop_devices_detach
}

make() { # INIT OPTIONS
        mp init --organisation Hospital --site HQ --category ALTA --station desk --language es --admin sara \
                --admin-name 'Sara Gil' "$@" >/dev/null
        for person in olga:owner cus:custodian oto:operator; do
                mp --as sara person add "${person%:*}" --full-name "${person%:*}" --roles "${person#*:}" >/dev/null
        done
}

make_hsm() {
        make --provider pkcs11 --module "$MODULE" --token station
}

register() { # DEVICE: prints the ID
        mp --as cus --json media register "$1" --classification SECRETO --category ALTA --owner olga --expires 2036-01-01 \
                --retention 3650 | jq -r .id
}

@test "C1: ALTA is encrypted under an HSM without a waiver, and refused without one" {
        make_hsm
        disk=$(image disk 32M)
        id=$(register "$disk")
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        expect 0 mp --as oto encrypt check "$disk"
        [ "$(mp --as sara --json key status | jq -r .provider)" = pkcs11 ]
        # The master key never was outside: sensitive, never extractable, made there.
        run python3 - "$BATS_TEST_TMPDIR/store/vault.db" <<<'import sqlite3,sys
print(sqlite3.connect(sys.argv[1]).execute("select parameters from master_key").fetchone()[0])'
        [[ $output != *wrapped* ]]
        expect 0 mp --as sara ledger verify
        rm -rf "$BATS_TEST_TMPDIR/store"
        cp "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/pin"
        make
        disk=$(image other 32M)
        id=$(register "$disk")
        expect 5 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        [[ $output == *C1* ]]
}

@test "C5: rotation within the HSM, and from software into it, keeps every medium" {
        make_hsm
        disk=$(image disk 32M)
        id=$(register "$disk")
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        expect 0 mp --as sara key rotate
        [[ $output == *"1 keys were wrapped anew"* ]]
        objects() { find "$BATS_TEST_TMPDIR/tokens" -name '*.object' ! -name token.object | wc -l; }
        object_of_last() {
                sqlite3 "$BATS_TEST_TMPDIR/store/registry.db" "SELECT data ->> '$.copies' FROM event WHERE type = 'key.destroyed'
                        AND data ->> '$.id' = 'master' ORDER BY seq DESC LIMIT 1" |
                        jq -r '.[] | select(.what == "hsm-object") | .state'
        }
        expect 0 mp --as sara key rotate --master --module "$MODULE" --token station
        [[ $output == *"still in the HSM"* ]]
        [ "$(objects)" -eq 2 ]
        [ "$(object_of_last)" = left ]
        # A rehearsal leaves nothing in the HSM; --destroy-old takes the old master key out of it, and says so on record.
        expect 0 mp --as sara --dry-run key rotate --master --module "$MODULE" --token station
        [ "$(objects)" -eq 2 ]
        expect 2 mp --as sara key rotate --destroy-old
        # Nor does a rehearsal, or --destroy-old, take the key away that it was told to use.
        local live
        live=$(sqlite3 "$BATS_TEST_TMPDIR/store/vault.db" "SELECT parameters ->> '$.object' FROM master_key ORDER BY version DESC LIMIT 1")
        [[ $live =~ ^[0-9a-f]+$ ]]
        expect 0 mp --as sara --dry-run key rotate --master --module "$MODULE" --token station --object "$live"
        [ "$(objects)" -eq 2 ]
        expect 0 mp --as sara key rotate --master --destroy-old --module "$MODULE" --token station --object "$live"
        [ "$(objects)" -eq 2 ]
        [ "$(object_of_last)" = left ]
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara key rotate --master --destroy-old --module "$MODULE" --token station
        [[ $output == *"no longer in the HSM"* ]]
        [ "$(objects)" -eq 2 ]
        [ "$(object_of_last)" = destroyed ]
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id" --replace
        expect 0 mp --as sara ledger verify
}

@test "C4: a key that was in the HSM before mpsi is not destroyed by it" {
        make_hsm
        export MPSI_SHIM_MODULE=$MODULE MPSI_SHIM_STATE=$BATS_TEST_TMPDIR/shim
        shim=$MPSI_BUILD/tests/libpkcs11_shim.so
        [ "$(stat -c %u "$shim")" -eq 0 ] || skip 'SKIPPED: the build is not root'"'"'s'
        expect 0 mp --as sara key rotate --master --module "$shim" --token station
        echo foreign >"$MPSI_SHIM_STATE"
        expect 0 mp --as sara key rotate --master --destroy-old --module "$MODULE" --token station
        [[ $output == *"still in the HSM"*"before mpsi"* ]]
        [ "$(find "$BATS_TEST_TMPDIR/tokens" -name '*.object' ! -name token.object | wc -l)" -eq 3 ]
}

@test "C5: a master key moves from software into the HSM" {
        cp "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/pin"
        make
        expect 0 mp --as sara key rotate --master --provider pkcs11 --module "$MODULE" --token station
        cp "$BATS_TEST_TMPDIR/new" "$BATS_TEST_TMPDIR/pin"
        [ "$(mp --as sara --json key status | jq -r '.provider, .master_version' | paste -sd' ')" = 'pkcs11 2' ]
        disk=$(image disk 32M)
        id=$(register "$disk")
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
}

@test "C9: a wrong PIN is tried once, and then only by key unlock" {
        make_hsm
        disk=$(image disk 32M)
        id=$(register "$disk")
        echo 999999 >"$BATS_TEST_TMPDIR/pin"
        expect 3 mp --as sara key rotate
        [[ $output == *"PIN is wrong"* ]]
        expect 7 mp --as sara key rotate
        [[ $output == *"key unlock"* ]]
        # Right by now, but not meant: still refused.
        echo 246813 >"$BATS_TEST_TMPDIR/pin"
        expect 7 mp --as sara key rotate
        expect 0 mp --as sara key unlock --minutes 5
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara key lock
        [ "$(sqlite3 "$BATS_TEST_TMPDIR/store/registry.db" \
                "SELECT count(*) FROM event WHERE type = 'act.refused' AND data LIKE '%PIN%'")" -eq 1 ]
}

@test "HSM absent, object missing, a module that is not root's: said clearly, and nothing is lost" {
        make_hsm
        disk=$(image disk 32M)
        id=$(register "$disk")
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        mv "$BATS_TEST_TMPDIR/tokens" "$BATS_TEST_TMPDIR/away"
        mkdir "$BATS_TEST_TMPDIR/tokens"
        expect 1 mp --as sara key rotate
        [[ $output == *"not connected"* ]]
        rmdir "$BATS_TEST_TMPDIR/tokens"
        mv "$BATS_TEST_TMPDIR/away" "$BATS_TEST_TMPDIR/tokens"
        expect 0 mp --as sara key rotate

        cp -a "$BATS_TEST_TMPDIR/tokens" "$BATS_TEST_TMPDIR/copy"
        find "$BATS_TEST_TMPDIR/tokens" -name '*.object' ! -name token.object -delete
        expect 4 mp --as sara key rotate
        [[ $output == *"is in the HSM not once but 0 times"* ]]
        rm -rf "$BATS_TEST_TMPDIR/tokens"
        mv "$BATS_TEST_TMPDIR/copy" "$BATS_TEST_TMPDIR/tokens"
        expect 0 mp --as sara key rotate

        cp "$MODULE" "$BATS_TEST_TMPDIR/module.so"
        chmod 777 "$BATS_TEST_TMPDIR/module.so"
        expect 5 mp --as sara key rotate --master --module "$BATS_TEST_TMPDIR/module.so" --token station
        expect 2 mp --as sara key rotate --master --module module.so --token station
        expect 0 mp --as sara ledger verify
}

@test "C9: a PIN with one try left or none is not tried at all" {
        make_hsm
        export MPSI_SHIM_MODULE=$MODULE MPSI_SHIM_STATE=$BATS_TEST_TMPDIR/shim MPSI_SHIM_LOGINS=$BATS_TEST_TMPDIR/logins
        shim=$MPSI_BUILD/tests/libpkcs11_shim.so
        [ "$(stat -c %u "$shim")" -eq 0 ] || skip 'SKIPPED: the build is not root'"'"'s'
        expect 0 mp --as sara key rotate --master --module "$shim" --token station
        logins=$(wc -c <"$MPSI_SHIM_LOGINS")
        [ "$logins" -gt 0 ]
        echo final-try >"$MPSI_SHIM_STATE"
        expect 7 mp --as sara key unlock --minutes 5
        [[ $output == *"one try left"* ]]
        echo locked >"$MPSI_SHIM_STATE"
        expect 7 mp --as sara key unlock --minutes 5
        [[ $output == *"PIN is locked"* ]]
        [ "$(wc -c <"$MPSI_SHIM_LOGINS")" -eq "$logins" ]
        # Since the HSM's owner has seen to it, it is as before.
        rm "$MPSI_SHIM_STATE"
        expect 0 mp --as sara key rotate
        [ "$(wc -c <"$MPSI_SHIM_LOGINS")" -gt "$logins" ]
}

@test "a module that hangs is given up, one that crashes is closed, a lost session is opened again" {
        make_hsm
        export MPSI_SHIM_MODULE=$MODULE MPSI_SHIM_STATE=$BATS_TEST_TMPDIR/shim
        shim=$MPSI_BUILD/tests/libpkcs11_shim.so
        [ "$(stat -c %u "$shim")" -eq 0 ] || skip 'SKIPPED: the build is not root'"'"'s'
        expect 0 mp --as sara key rotate --master --module "$shim" --token station
        echo lose-session >"$MPSI_SHIM_STATE"
        expect 0 mp --as sara key rotate
        [ "$(cat "$MPSI_SHIM_STATE")" = lost ]
        echo crash >"$MPSI_SHIM_STATE"
        expect 1 mp --as sara key rotate
        [[ $output == *"failed and was closed"* ]]
        echo hang >"$MPSI_SHIM_STATE"
        expect 1 mp --as sara key rotate
        [[ $output == *"has not answered"* ]]
        rm "$MPSI_SHIM_STATE"
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara ledger verify
}
