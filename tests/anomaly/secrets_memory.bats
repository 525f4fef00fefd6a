#!/usr/bin/env bats
# Keys never lie in memory that swap could get (C10): a process is stopped again and again while it works, and what is
# not locked of it is searched for the secrets that are known afterwards. Root, who alone may look. By hand:
#   bats tests/anomaly/secrets_memory.bats
bats_require_minimum_version 1.5.0
load helper

ID=HQ00000001V
SAMPLES=${MPSI_MEMORY_SAMPLES:-12}

setup_file() {
        store_make_once
}

setup() {
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: only root may read the memory of others'
        STORE=$BATS_TEST_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=en
        make_secrets
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        disk=$BATS_TEST_TMPDIR/disk.img
        truncate -s 48M "$disk"
        act carlos media register "$disk" --kind hdd --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires 2099-12-31 --retention 400
}

# sampled NAME ARGS…: the act, its memory taken at SAMPLES moments of its life, into memory-*.
sampled() {
        local i pid took
        SECONDS=0
        "$MPSI" --store "$STORE" --as "$1" "${SECRET_OPTIONS[@]}" "${@:2}" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        pid=$!
        for ((i = 0; i < SAMPLES; i++)); do
                sleep "0.$((RANDOM % 2))$((RANDOM % 10))"
                kill -STOP $pid 2>/dev/null || break
                for took in $pid $(pgrep -P $pid); do
                        python3 "$MPSI_SOURCE/tests/anomaly/unlocked_memory.py" "$took" >>"$BATS_TEST_TMPDIR/memory"
                done
                kill -CONT $pid
        done
        wait $pid || { cat "$BATS_TEST_TMPDIR/said"; return 1; }
        printf '# %s samples of %s bytes\n' $i "$(stat -c %s "$BATS_TEST_TMPDIR/memory")" >&3
        [ "$i" -ge 2 ]
}

# The recovery secret of the live key, and the volume key that it opens, as files.
learn() {
        act elena key escrow "$ID" --out "$1.cms" >/dev/null
        openssl cms -decrypt -inform DER -in "$1.cms" -recip "$STORE/recovery/recovery.crt" \
                -inkey "$STORE/recovery/recovery.key" -passin "file:$SECRETS/recovery" -out "$1.recovery"
        cryptsetup luksDump --batch-mode --dump-volume-key --key-slot 1 --key-file "$1.recovery" --volume-key-file "$1.volume" "$disk"
        [ "$(stat -c %s "$1.volume")" -ge 32 ]
}

# is_in_memory FILE: whether 16 bytes from its middle are there; a whole key need not lie in one piece.
is_in_memory() {
        python3 - "$1" "$BATS_TEST_TMPDIR/memory" <<'PYTHON'
import sys
key, memory = (open(path, 'rb').read() for path in sys.argv[1:])
key = key.rstrip(b'\n')
pieces = [key[i:i + 16] for i in range(0, max(len(key) - 15, 1), 16)]
found = [i for i, piece in enumerate(pieces) if len(piece) >= 12 and piece in memory]
print(f'{sys.argv[1]}: pieces {found} of {len(pieces)}')
sys.exit(not found)
PYTHON
}

@test "what is looked for would be found" {
        # Of a process that takes no care: the same search finds its secret.
        python3 -c 'import sys, time; secret = open(sys.argv[1]).read(); time.sleep(20)' "$SECRETS/master" 3>&- &
        pid=$!
        sleep 0.5
        python3 "$MPSI_SOURCE/tests/anomaly/unlocked_memory.py" $pid >"$BATS_TEST_TMPDIR/memory"
        kill $pid
        is_in_memory "$SECRETS/master"
}

@test "C10: encryption and re-encryption keep every key in locked memory" {
        sampled ana encrypt run "$ID" "$disk" --confirm "$ID"
        learn "$BATS_TEST_TMPDIR/old"
        sampled ana encrypt rotate "$ID" "$disk" --kind volume
        learn "$BATS_TEST_TMPDIR/new"
        ! cmp -s "$BATS_TEST_TMPDIR/old.volume" "$BATS_TEST_TMPDIR/new.volume"
        local key found=0
        for key in "$BATS_TEST_TMPDIR"/{old,new}.{recovery,volume} "$SECRETS"/*; do
                [ ! -f "$key" ] || ! is_in_memory "$key" || found=$((found + 1))
        done
        [ $found -eq 0 ]
}
