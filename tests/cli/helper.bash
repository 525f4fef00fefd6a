# What every command-line test has: the program of the build under test, a folder of its own, and devices that
# only it made. MPSI_BUILD names the build; run by hand it is build/debug.
MPSI_SOURCE=${MPSI_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
MPSI_BUILD=${MPSI_BUILD:-$MPSI_SOURCE/build/debug}
MPSI=$MPSI_BUILD/mpsi
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
