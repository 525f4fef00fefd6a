#!/usr/bin/env bats
# Rotations that are cut off: at every write to the medium, before it and in the middle of it, at random moments, on a
# full disk, by a cancel (C5). The data are the same afterwards, the ledger is whole, and repeating the verb finishes it.
# MPSI_ROTATE_KILLS=n: random kills of a re-encryption.
load helper

PLAIN=${MPSI_LUKS_PLAIN:-$MPSI_BUILD/tests/luks_plain}
ID=HQ00000001V
KILLS=${MPSI_ROTATE_KILLS:-3}

setup_file() {
        store_make_once
        disk=$BATS_FILE_TMPDIR/disk.img
        truncate -s 36M "$disk"
        act carlos media register "$disk" --kind hdd --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires 2099-12-31 --retention 400
        act ana encrypt run "$ID" "$disk" --confirm "$ID"
        # What is there already is random; the start is written to be sure that it is not all alike.
        open_key "$disk" "$BATS_FILE_TMPDIR/key"
        "$PLAIN" "$disk" "$BATS_FILE_TMPDIR/key" | sha256sum >"$BATS_FILE_TMPDIR/data"
        cp -a "$STORE" "$BATS_FILE_TMPDIR/encrypted"
        cp --sparse=always "$disk" "$BATS_FILE_TMPDIR/encrypted.img"
}

setup() {
        STORE=$BATS_TEST_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=en
        make_secrets
        disk=$BATS_FILE_TMPDIR/disk.img # its inode is its identity
        bring_back
}

bring_back() {
        rm -rf "$STORE"
        cp -a "$BATS_FILE_TMPDIR/encrypted" "$STORE"
        cat "$BATS_FILE_TMPDIR/encrypted.img" >"$disk"
}

# The recovery secret of the key that is live now, by way of its escrow.
open_key() {
        rm -f "$2.cms" "$2"
        act elena key escrow "$ID" --out "$2.cms" >/dev/null &&
                openssl cms -decrypt -inform DER -in "$2.cms" -recip "$STORE/recovery/recovery.crt" \
                        -inkey "$STORE/recovery/recovery.key" -passin "file:$SECRETS/recovery" -out "$2"
}

data_are_the_same() {
        open_key "$disk" "$BATS_TEST_TMPDIR/key" || { echo 'no key'; return 1; }
        "$PLAIN" "$disk" "$BATS_TEST_TMPDIR/key" | sha256sum | cmp -s - "$BATS_FILE_TMPDIR/data" ||
                { echo 'the data are others'; return 1; }
}

volume_key() {
        cryptsetup luksDump "$1" | sed -n '/^Digests/,$p' | sha256sum
}

# rotated KIND: the verb, repeated until it is done; then all that must hold does.
rotated() {
        local said
        said=$(act ana encrypt rotate "$ID" "$disk" --kind "$1" 2>&1) || { printf 'again: %s\n' "$said"; return 1; }
        said=$(act ana encrypt check "$disk" 2>&1) || { printf 'check: %s\n' "$said"; return 1; }
        data_are_the_same && store_is_whole "$2" &&
                [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM crypto_key WHERE medium = '$ID' AND state = 'live'")" -eq 1 ] ||
                { echo 'more than one live key'; return 1; }
}

# killed HOW AT ARGS…: the act, killed at its AT-th write or sync on the medium. Sets status.
killed() {
        local how=$1 at=$2 report=$BATS_TEST_TMPDIR/calls
        shift 2
        rm -f "$report"
        status=0
        output=$(MPSI_FAULT=write,sync MPSI_FAULT_ON=$disk MPSI_FAULT_AT=$at MPSI_FAULT_KILL=$how \
                MPSI_FAULT_REPORT=$report LD_PRELOAD=$MPSI_FAULTS act "$@" 2>&1 </dev/null) || status=$?
        calls=0
        [ ! -f "$report" ] || read -r calls _ <"$report"
}

# every_cut KIND STEP: kills at each STEP-th write.
every_cut() {
        local kind=$1 step=$2 how at before total cuts=0
        before=$(events)
        killed before 0 ana encrypt rotate "$ID" "$disk" --kind "$kind"
        [ "$status" -eq 0 ] || { printf 'without a kill: %s\n' "$output"; return 1; }
        total=$calls
        [ "$total" -gt 4 ]
        data_are_the_same
        for how in before torn; do
                for ((at = 1; at <= total; at += step)); do
                        bring_back
                        killed "$how" "$at" ana encrypt rotate "$ID" "$disk" --kind "$kind"
                        [ "$status" -eq 137 ] && store_is_whole "$before" && rotated "$kind" "$before" || {
                                printf '%s, %s: cut %s of %s, status %s\n' "$kind" "$how" "$at" "$total" "$status"
                                return 1
                        }
                        cuts=$((cuts + 1))
                done
        done
        printf '# %s: killed at %s of %s writes and syncs, before and torn\n' "$kind" "$cuts" "$total" >&3
}

@test "C5: new slots open, old ones do not, the data stay; cut at every write, repeating finishes" {
        every_cut slot 1
}

@test "C5: a re-encryption cut at its writes goes on and loses nothing" {
        every_cut volume "${MPSI_ROTATE_STEP:-12}"
}

@test "C5: kill -9 at $KILLS random moments of a re-encryption, each resumed" {
        local try before pid took start
        before=$(events)
        start=${EPOCHREALTIME/[.,]/}
        act ana encrypt rotate "$ID" "$disk" --kind volume
        took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
        for ((try = 0; try < KILLS; try++)); do
                bring_back
                for again in 1 2 3; do
                        "$MPSI" --store "$STORE" --as ana "${SECRET_OPTIONS[@]}" encrypt rotate "$ID" "$disk" \
                                --kind volume >/dev/null 2>&1 </dev/null 3>&- &
                        pid=$!
                        sleep "$(printf '%d.%03d' $((took / 1000)) $((RANDOM % (took > 999 ? 999 : took))))" ||:
                        kill -KILL "$pid" 2>/dev/null || true
                        wait "$pid" 2>/dev/null || true
                done
                store_is_whole "$before"
                rotated volume "$before"
        done
}

@test "C5: the disk of the store is full in mid-rotation: told, nothing lost, finished afterwards" {
        local kind before at
        for kind in slot volume; do
                for at in 1 20 60 100 160; do
                        bring_back
                        before=$(events)
                        FAULT_ERRNO=28 faulty write "$at" 1 ana encrypt rotate "$ID" "$disk" --kind "$kind"
                        ended_in_order
                        store_is_whole "$before"
                        rotated "$kind" "$before"
                done
        done
}

@test "C5: what an older copy of the header brings back is not rotated" {
        dd if="$disk" of="$BATS_TEST_TMPDIR/old" bs=1M count=16 status=none
        act ana encrypt rotate "$ID" "$disk" --kind slot
        dd if="$BATS_TEST_TMPDIR/old" of="$disk" bs=1M count=16 conv=notrunc status=none
        run act ana encrypt rotate "$ID" "$disk" --kind slot
        [ "$status" -eq 5 ]
        [[ $output == *C2* ]]
}
