#!/usr/bin/env bats
# A re-encryption that a cut left unfinished is mpsid's to finish, once the vault is open: C5, C9, S7. By hand, as root:
#   MPSI_FAULTS=…/libfaults.so MPSI_LUKS_PLAIN=…/luks_plain tests/cli/with-udev bats tests/anomaly/mpsid_rotate.bats
bats_require_minimum_version 1.5.0
load helper
load ../cli/mpsid

PLAIN=${MPSI_LUKS_PLAIN:-$MPSI_BUILD/tests/luks_plain}

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
        SOCKET=$BATS_TEST_TMPDIR/socket
}

teardown() {
        [ -n "${MPSI_UDEV:-}" ] || return 0
        mpsid_teardown
}

# The digest of what is on the medium, by its recovery slot.
data() {
        rm -f "$BATS_TEST_TMPDIR/key"*
        act elena key escrow "$ID" --out "$BATS_TEST_TMPDIR/key.cms" >/dev/null
        openssl cms -decrypt -inform DER -in "$BATS_TEST_TMPDIR/key.cms" -recip "$STORE/recovery/recovery.crt" \
                -inkey "$STORE/recovery/recovery.key" -passin "file:$SECRETS/recovery" -out "$BATS_TEST_TMPDIR/key"
        "$PLAIN" "$node" "$BATS_TEST_TMPDIR/key" | sha256sum
}

live_keys() {
        sqlite3 -cmd '.timeout 5000' "$STORE/registry.db" "SELECT count(*) FROM crypto_key WHERE medium = '$ID' AND state = 'live'"
}

@test "C5 C9: cut off, it waits for key unlock, and then goes on by itself; the data are the same" {
        register
        act ana encrypt run "$ID" "$node" --confirm "$ID"
        before=$(data)
        act elena person add raiz --full-name "Raíz Puesto" --roles security --os-user root
        run -137 env MPSI_FAULT=write,sync MPSI_FAULT_ON="$node" MPSI_FAULT_AT=12 MPSI_FAULT_KILL=before LD_PRELOAD="$MPSI_FAULTS" \
                "$MPSI" --store "$STORE" --as ana "${SECRET_OPTIONS[@]}" encrypt rotate "$ID" "$node" --kind volume
        start --socket "$SOCKET"
        wait_for "$ID waits for"
        # Acts that have nothing to do with it do not set it off.
        run -0 "$MPSI" --socket "$SOCKET" --lang en media show "$ID"
        [ "$(live_keys)" -gt 1 ]
        run -0 "$MPSI" --socket "$SOCKET" --lang en --secret "master=file:$SECRETS/master" key unlock
        wait_for 'has ended (0)'
        [ "$(live_keys)" -eq 1 ]
        run -0 "$MPSI" --socket "$SOCKET" --lang en encrypt check "$node"
        stop
        [ "$(data)" = "$before" ]
        act elena ledger verify
}

# kill -9 at the n-th write to the medium ($2): the change of the header that begins a rotation of this kind ($1).
cut_in_the_header() {
        local before
        register
        act ana encrypt run "$ID" "$node" --confirm "$ID"
        before=$(data)
        act elena person add raiz --full-name "Raíz Puesto" --roles security --os-user root
        run -137 env MPSI_FAULT=write,sync MPSI_FAULT_ON="$node" MPSI_FAULT_AT="$2" MPSI_FAULT_KILL=before LD_PRELOAD="$MPSI_FAULTS" \
                "$MPSI" --store "$STORE" --as ana "${SECRET_OPTIONS[@]}" encrypt rotate "$ID" "$node" --kind "$1"
        [ "$(sqlite3 "$STORE/registry.db" "SELECT state || json_extract(change, '$.reason') FROM encryption")" = "$3" ]
        start --socket "$SOCKET"
        wait_for "read only C5 .*encrypt rotate --kind $1"
        wait_for "$ID waits for"
        run -0 "$MPSI" --socket "$SOCKET" --lang en --secret "master=file:$SECRETS/master" key unlock
        wait_for 'has ended (0)'
        wait_for "$ID: accepted"
        is_writable
        [ "$(live_keys)" -eq 1 ]
        stop
        [ "$(data)" = "$before" ]
        act elena ledger verify
}

@test "C5 C9: cut off before the new volume key has its slots, it goes on by itself" {
        cut_in_the_header volume 1 donerekey
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'encryption.changed' AND
                json_extract(data, '$.reason') = 'rekeyed'")" -eq 1 ]
}

@test "C5 C9: cut off with half of the new header written, it goes on by itself" {
        cut_in_the_header volume 2 donerekey
}

@test "C5 C9: the rotation of slots that was cut off goes on by itself" {
        cut_in_the_header slot 2 doneslot
}
