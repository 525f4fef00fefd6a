# What every command-line test has: the program of the build under test, a folder of its own, and devices that
# only it made. MPSI_BUILD names the build; run by hand it is build/debug.
MPSI_SOURCE=${MPSI_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
MPSI_BUILD=${MPSI_BUILD:-$MPSI_SOURCE/build/debug}
MPSI=$MPSI_BUILD/mpsi
export LSAN_OPTIONS=suppressions=$MPSI_SOURCE/tests/lsan.supp:print_suppressions=0
export LC_ALL=C.UTF-8 LANG=en_US.UTF-8 NO_COLOR=1

# An image file of SIZE (as truncate takes it) in the test's folder; prints its path.
image() {
        truncate -s "${2:-64M}" "$BATS_TEST_TMPDIR/$1.img"
        printf '%s\n' "$BATS_TEST_TMPDIR/$1.img"
}

# loop_device NAME SIZE: a loop device on an image of its own; prints the node. Detached by loop_devices_detach.
loop_device() {
        local node
        node=$(losetup --find --show "$(image "$1" "${2:-64M}")") || return
        printf '%s\n' "$node" >>"$BATS_TEST_TMPDIR/loops"
        printf '%s\n' "$node"
}

# own_device NAME SIZE: a loop device that `losetup --find` gives to nobody else while it is unplugged, on an image of its
# own; sets `own`.
own_device() {
        own=/dev/loop$((300 + $(cksum <<<"$MPSI_BUILD$BATS_TEST_FILENAME$1" | cut -d ' ' -f 1) % 5000))
        losetup "$own" "$(image "$1" "$2")"
        printf '%s\n' "$own" >>"$BATS_TEST_TMPDIR/loops"
}

loop_devices_detach() {
        local node
        [ -f "$BATS_TEST_TMPDIR/loops" ] || return 0
        while read -r node; do
                blockdev --setrw "$node" || true # or the node's next user would find it read-only
                losetup --detach "$node" || true
        done <"$BATS_TEST_TMPDIR/loops"
        rm -f "$BATS_TEST_TMPDIR/loops"
}

# Root with loop devices, or the test says loudly why it did not run.
need_loop_devices() {
        [ "$(id -u)" -eq 0 ] && losetup --find >/dev/null 2>&1 || skip "SKIPPED: no loop devices (root and /dev/loop-control are needed)"
}

# daemon_end [SIGNAL]: ends mpsid with all that it leaves, so that nobody writes any more when the test's folder is deleted. Inside with-udev no
# other mpsid can be seen.
daemon_end() {
        local i
        [ -z "${daemon:-}" ] || kill "-${1:-KILL}" "$daemon" 2>/dev/null || true
        [ -n "${MPSI_UDEV:-}" ] || return 0
        for i in {1..30}; do
                pgrep mpsid >/dev/null || return 0
                sleep 0.1
        done
        pkill -KILL mpsid || true
}

# wait_for PATTERN [SECONDS]: until what LOG names has such a line, which may come at any moment; thirty seconds are ages.
wait_for() {
        local i
        for ((i = 0; i < ${2:-30} * 10; i++)); do
                ! grep -q -- "$1" "$LOG" || return 0
                sleep 0.1
        done
        printf 'no line with “%s”:\n' "$1"
        cat "$LOG"
        return 1
}

# expect STATUS command…: runs it and shows what it said when the status differs.
expect() {
        local want=$1
        shift
        run "$@"
        [ "$status" -eq "$want" ] || {
                printf 'exit %s instead of %s: %s\n%s\n' "$status" "$want" "$*" "$output"
                return 1
        }
}

# A store in the test's folder with people of every role, and `m PERSON noun verb …` to act in it. Its keys cost seconds:
# a file's first test makes it, with what the file's own `more_people` adds, and the others take a copy.
make_store() {
        local who made=$BATS_FILE_TMPDIR/made-store
        STORE=$BATS_TEST_TMPDIR/store
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        chmod 600 "$BATS_TEST_TMPDIR/secret"
        SECRETS=()
        for who in master organisation recovery pin:sara pin:ana pin:cus pin:olga pin:oto; do
                SECRETS+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
        [ -d "$made" ] || make_store_at "$made"
        cp -a "$made" "$STORE"
}

make_store_at() {
        local STORE=$1
        "$MPSI" --store "$STORE" "${SECRETS[@]}" init --organisation "Hospital de Prueba" --site HQ --category ALTA \
                --station desk-1 --language es --admin sara --admin-name "Sara Gil" >/dev/null
        m sara person add ana --full-name "Ana López" --roles owner >/dev/null
        m sara person add cus --full-name "Custodio Ruiz" --roles custodian >/dev/null
        m sara person add olga --full-name "Olga Peña" --roles operator >/dev/null
        m sara person add oto --full-name "Oto Ríos" --roles operator >/dev/null
        ! declare -F more_people >/dev/null || more_people
}

m() {
        local who=$1
        shift
        "$MPSI" --store "$STORE" --as "$who" "${SECRETS[@]}" "$@"
}

register_tape() {
        m cus --json media register --kind tape --classification CONFIDENCIAL --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 3650 --serial "$1" | jq -r .id
}

# in_days DAYS COMMAND…: with a clock that many days ahead. What a killed faketime left behind under the number that this process
# happens to have would stop it. The sanitizers of a debug build want to be loaded first, which faketime is too.
in_days() {
        ASAN_OPTIONS=verify_asan_link_order=0 bash -c 'rm -f /dev/shm/{sem.faketime_sem,faketime_shm}_$$; exec faketime -f "$@"' \
                in_days "+${1}d" "${@:2}"
}
