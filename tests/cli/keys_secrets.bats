#!/usr/bin/env bats
# C10: the passphrase and the keys are in no argument, environment, file of the store or message; and Argon2id without
# memory ends in order.

bats_require_minimum_version 1.5.0
load helper

PHRASE='correct horse battery'

mp() {
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en "${SECRETS[@]}" "$@"
}

setup() {
        (umask 077 && echo "$PHRASE" >"$BATS_TEST_TMPDIR/secret")
        SECRETS=()
        for purpose in master new-master organisation recovery pin:sara; do
                SECRETS+=(--secret "$purpose=file:$BATS_TEST_TMPDIR/secret")
        done
        INIT=(init --organisation Hospital --site HQ --category ALTA --station desk --language es --admin sara
                --admin-name 'Sara Gil')
}

@test "C10: what is asked for and what is kept shows nowhere outside the process and the kernel" {
        mp "${INIT[@]}" >/dev/null
        trace=$BATS_TEST_TMPDIR/trace
        # Every byte that it writes or sends, and what it was started with; add_key is where the kernel takes the key.
        LSAN_OPTIONS=detect_leaks=0 strace -f -s 65536 -v -o "$trace" \
                -e trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg,add_key \
                "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en "${SECRETS[@]}" --as sara key unlock --minutes 5
        grep -q '^[0-9]* *pwrite64' "$trace"
        # The test can see what it looks for: the kept key is in add_key's payload.
        python3 - "$trace" "$BATS_TEST_TMPDIR/store" "$PHRASE" <<'PY'
import pathlib, re, sys
lines = open(sys.argv[1], errors="surrogateescape").read().splitlines()
def unquote(text):
    return b"".join(m.encode("latin1", "ignore").decode("unicode_escape").encode("latin1")
                    for m in re.findall(r'"((?:[^"\\]|\\.)*)"', text))
kept = [l for l in lines if "add_key(" in l]
assert len(kept) == 1, kept
payload = unquote(kept[0])
key = payload[-32:]
assert len(set(key)) > 8, "no key in add_key"
others = b"\n".join(unquote(l) for l in lines if "add_key(" not in l)
assert b"vault.db" in others or b"SQLite" in others or len(others) > 1000
needles = [sys.argv[3].encode(), key[:16], key[16:], key.hex().encode()]
bad = [n for n in needles if n in others]
for f in pathlib.Path(sys.argv[2]).rglob("*"):
    if f.is_file():
        data = f.read_bytes()
        bad += [(f, n) for n in needles if n in data]
assert not bad, bad
PY
        expect 0 mp --as sara key lock
        [[ "$(cat /proc/keys)" != *mpsi:vault* ]] || [ "$(keyctl search @s user mpsi:vault 2>/dev/null)" = '' ]
}

@test "C10: no core, no tracer, no swap: a process that holds keys" {
        mp "${INIT[@]}" >/dev/null
        mkfifo "$BATS_TEST_TMPDIR/fifo"
        # It waits for its secret, having read nothing yet.
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --as sara --secret "master=fd:9" key unlock 9<>"$BATS_TEST_TMPDIR/fifo" \
                >/dev/null 2>&1 3>&- &
        pid=$!
        for _ in {1..100}; do
                [ "$(awk '/VmLck/ {print $2}' "/proc/$pid/status")" -gt 0 ] && break
                sleep 0.05
        done
        [ "$(awk '/VmLck/ {print $2}' "/proc/$pid/status")" -ge 64 ]
        grep -q '^Max core file size *0 *0' "/proc/$pid/limits"
        run ! grep -aq "$PHRASE" "/proc/$pid/cmdline" "/proc/$pid/environ"
        kill -KILL "$pid" # it goes on waiting for its secret after a first SIGTERM
        wait "$pid" || true
}

@test "C6: Argon2id without the memory it needs ends in order; another derivation is refused" {
        [ -z "$(nm "$MPSI" 2>/dev/null | grep -m1 __asan_init)" ] || skip 'SKIPPED: the sanitizers reserve all addresses'
        expect 5 mp "${INIT[@]}" --kdf bcrypt
        [ ! -e "$BATS_TEST_TMPDIR/store" ]
        run bash -c 'ulimit -v 200000; exec "$@"' - "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en "${SECRETS[@]}" \
                "${INIT[@]}" --kdf argon2id
        [ "$status" -eq 1 ]
        [[ $output == *"Argon2id needs 256 MiB"* ]]
        [ ! -e "$BATS_TEST_TMPDIR/store" ]
        expect 0 mp "${INIT[@]}" --kdf argon2id
        expect 0 mp --as sara key rotate
}
