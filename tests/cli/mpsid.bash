# What the tests of mpsid share: a store, a loop device of the test's own, mpsid for that device, and what it said.
# `node` is the device, `image` the file behind it, LOG what mpsid says, `daemon` its process.
mpsid_setup_file() {
        [ -n "${MPSI_UDEV:-}" ] || return 0 # mpsid_setup says why
        store_make_once
}

mpsid_setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        store_copy
        LOG=$BATS_TEST_TMPDIR/log
        own_device disk 32M
        node=$own
        image=$BATS_TEST_TMPDIR/disk.img
}

mpsid_teardown() {
        daemon_end TERM
        loop_devices_detach
}

# It looks at this test's device only: others on the machine are somebody else's.
start() {
        : >"$LOG"
        "${AROUND[@]}" "$MPSI_BUILD/mpsid" --account root --store "$STORE" --lang en --devices "${node#/dev/}" "$@" 2>>"$LOG" 3>&- &
        daemon=$!
        wait_for running
}

# One that does not end is killed after a minute, which is its status then.
stop() {
        local killer r=0
        { sleep 60 && kill -KILL "$daemon"; } >/dev/null 2>&1 3>&- &
        killer=$!
        kill "$daemon"
        wait "$daemon" || r=$?
        pkill -P "$killer" || true
        kill "$killer" 2>/dev/null || true
        daemon=
        return "$r"
}

# Detaching is done when the last reader, udev or mpsid, has closed it. What mpsid holds it lets go of when the device is
# removed, which a loop device is not by itself.
unplug() {
        local i
        losetup --detach "$node"
        # An event that got lost would be waited for without end.
        ! losetup "$node" >/dev/null 2>&1 || timeout 20 udevadm trigger --action=remove --settle "/sys/block/${node#/dev/}" || true
        for i in {1..50}; do
                losetup "$node" >/dev/null 2>&1 || return 0
                sleep 0.1
        done
        return 1
}

plug_in_again() {
        unplug
        : >"$LOG"
        losetup "$node" "$image"
}

# A process of its own puts a verdict into force, a moment after mpsid has said it.
protection_is() {
        local i
        for i in {1..50}; do
                [ "$(blockdev --getro "$node")" != "$1" ] || return 0
                sleep 0.1
        done
        return 1
}

is_read_only() {
        protection_is 1
}

is_writable() {
        protection_is 0
}

write_is_refused() {
        ! dd if=/dev/zero of="$node" bs=4096 count=1 oflag=direct conv=notrunc 2>/dev/null
}

# Sets ID. Further options of `media register` may follow.
register() {
        act carlos media register "$node" --classification CONFIDENCIAL --category MEDIA --health --owner marta \
                --expires "$(in_days 400)" --retention 400 "$@"
        ID=$(act carlos --json media find "$node" | grep -o 'HQ[0-9]\{8\}.' | head -n 1)
        # What nobody registered is held; an act on the store itself, beside mpsid, has to wait until it is not.
        [ -z "${daemon:-}" ] || wait_for "$ID: "
}

encrypt() {
        act ana encrypt run "$ID" "$node" --confirm "$ID"
}

judgements() {
        sqlite3 "$STORE/registry.db" "SELECT subject || ' ' || json_extract(data, '$.verdict') || ' ' ||
                json_extract(data, '$.rule') FROM event WHERE type = 'device.judged' ORDER BY seq"
}

# Within ten seconds no process is at a device any more: one of each kind waits for its next.
nobody_at_work() {
        local kind i
        for kind in mpsid-probe mpsid-hand; do
                for ((i = 0; $(pgrep -c -P "$daemon" $kind) > 1; i++)); do
                        [ $i -lt 100 ] || return
                        sleep 0.1
                done
        done
}
