#!/usr/bin/env bats
# mpsi-gate and udev's rules against a real systemd-udevd, on loop devices of the test's own: C3, S6. By hand:
#   tests/cli/with-udev bats tests/cli/gate_udev.bats
bats_require_minimum_version 1.5.0
load helper

GATE=$MPSI_BUILD/mpsi-gate

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        CONFIG=$BATS_TEST_TMPDIR/mpsi.conf
        configure 'buses = loop'
        image disk 32M >/dev/null
        own_node
        rules "$GATE --config $CONFIG"
}

teardown() {
        [ -n "${node:-}" ] || return 0
        rm -f /run/udev/rules.d/*
        reload
        [ -z "${mounted:-}" ] || umount "$mounted"
        [ ! -e "/sys/block/${node#/dev/}/${node#/dev/}p1" ] || delpart "$node" 1
        loop_devices_detach
        udevadm settle --timeout=20
        blockdev --setrw "$node" # or its next user finds it closed
        ! mountpoint -q "${node:-/nonexistent}" || umount "$node"
        ! mountpoint -q "$BATS_TEST_TMPDIR/dev" || umount "$BATS_TEST_TMPDIR/dev"
}

configure() {
        printf '[gate]\n' >"$CONFIG"
        printf '%s\n' "$@" >>"$CONFIG"
}

# A loop device that `losetup --find` gives to nobody else, and a node of the test's own over the machine's: the udev
# of another test sets owner and mode of that one.
own_node() {
        local number=$((200 + $(cksum <<<"$MPSI_BUILD" | cut -d ' ' -f 1) % 100))
        mkdir "$BATS_TEST_TMPDIR/dev"
        mount -t tmpfs -o mode=0755 tmpfs "$BATS_TEST_TMPDIR/dev"
        mknod -m 0600 "$BATS_TEST_TMPDIR/dev/node" b 7 "$number"
        blockdev --getsz "$BATS_TEST_TMPDIR/dev/node" >/dev/null # makes it
        [ -b "/dev/loop$number" ] || skip "SKIPPED: no /dev/loop$number"
        node=/dev/loop$number
        mount --bind "$BATS_TEST_TMPDIR/dev/node" "$node"
        printf '%s\n' "$node" >"$BATS_TEST_TMPDIR/loops"
}

# The product's rules with this program, for this test's device only: the others are somebody else's.
rules() {
        local file name=${node#/dev/}
        for file in "$MPSI_SOURCE"/udev-rules/*; do
                sed -e "s|@MPSI_GATE@|$1|" -e 's|@MPSI_GROUP@|daemon|' \
                        -e "s|^SUBSYSTEM!=\"block\", \(GOTO=.*\)|&\nKERNEL!=\"$name\|${name}p*\", \1|" "$file" \
                        >"/run/udev/rules.d/$(basename "${file%.in}")"
        done
        # udevadm takes DISKSEQ from the kernel; this one is written when the rules have run for it.
        printf 'KERNEL=="%s", ENV{RULES_RAN}="$env{DISKSEQ}"\n' "$name" >/run/udev/rules.d/99-ran.rules
        reload
}

# udevd may be busy and hang up.
reload() {
        local i
        for i in {1..5}; do
                ! udevadm control --reload 2>/dev/null || break
                sleep 0.2
        done
        udevadm settle --timeout=20
}

plug_in() {
        local before
        before=$(sequence)
        losetup "$node" "$BATS_TEST_TMPDIR/disk.img"
        handled "$before"
}

unplug() {
        local i
        losetup --detach "$node"
        for i in {1..50}; do
                losetup "$node" >/dev/null 2>&1 || break
                sleep 0.1
        done
        udevadm settle --timeout=20
}

change() {
        timeout 20 udevadm trigger --action=change --settle "/sys/block/${node#/dev/}"
}

# The insertion that udev's database speaks of; it has caught up when that is the kernel's.
sequence() {
        cat "/sys/block/${node#/dev/}/diskseq"
}

handled() {
        local i
        for i in {1..100}; do
                udevadm settle --timeout=20
                [ "$(sequence)" = "$1" ] || [ "$(property RULES_RAN)" != "$(sequence)" ] || return 0
                sleep 0.1
        done
        udevadm info "$node"
        return 1
}

property() {
        udevadm info --query=property "${2:-$node}" | sed -n "s/^$1=//p"
}

is_read_only() {
        [ "$(blockdev --getro "$node")" = 1 ]
}

is_writable() {
        [ "$(blockdev --getro "$node")" = 0 ]
}

write_is_refused() {
        ! dd if=/dev/zero of="$node" bs=4096 count=1 oflag=direct conv=notrunc 2>/dev/null
}

is_hidden() {
        [ "$(property UDISKS_IGNORE "${1:-}")$(property UDISKS_AUTO "${1:-}")$(property SYSTEMD_READY "${1:-}")" = 100 ]
}

node_is() {
        [ "$(stat -c '%U:%G %a' "$node")" = "$1" ]
}

@test "C3: a disk is read-only and hidden when udev's rules have run" {
        plug_in
        [ "$(property MPSI_GATE)" = closed ]
        [ "$(property MPSI_DISKSEQ)" = "$(sequence)" ]
        is_read_only
        write_is_refused
        is_hidden
        node_is 'root:daemon 660'
}

@test "C3: what was decided about an insertion stays on change; the next insertion is closed" {
        plug_in
        blockdev --setrw "$node" # as mpsid does
        change
        is_writable
        [ "$(property MPSI_GATE)" = closed ]
        is_hidden
        node_is 'root:daemon 660'
        change # also the second time: the memory is handed on
        is_writable
        [ "$(property MPSI_DISKSEQ)" = "$(sequence)" ]
        unplug
        plug_in
        [ "$(property MPSI_GATE)" = closed ]
        is_read_only
}

@test "C3: another medium in the same reader is closed, also while the first is still mounted" {
        plug_in
        blockdev --setrw "$node"
        mkfs.ext4 -q "$node"
        mounted=$BATS_TEST_TMPDIR/mounted
        mkdir "$mounted"
        mount "$node" "$mounted"
        MPSI_DISKSEQ=$(sequence) DISKSEQ=$(sequence) run "$GATE" --config "$CONFIG" "$node"
        [ "$output" = kept ]
        MPSI_DISKSEQ=$(sequence) DISKSEQ=$(($(sequence) + 1)) run "$GATE" --config "$CONFIG" "$node"
        [ "$output" = closed ]
        is_read_only
        umount "$mounted"
        mounted=
}

@test "C3: partitions inherit" {
        plug_in
        addpart "$node" 1 2048 16384
        udevadm settle
        [ "$(property MPSI_GATE "${node}p1")" = "$(property MPSI_GATE)" ]
        [ -z "$(property MPSI_DISKSEQ "${node}p1")" ]
        is_hidden "${node}p1"
        run ! dd if=/dev/zero of="${node}p1" bs=4096 count=1 oflag=direct conv=notrunc
}

@test "audit only: it is named and left as it is" {
        configure 'mode = audit' 'buses = loop'
        plug_in
        [ "$(property MPSI_GATE)" = audit ]
        [ -z "$(property MPSI_DISKSEQ)" ]
        [ -z "$(property UDISKS_IGNORE)" ]
        is_writable
        node_is 'root:daemon 660' # mpsi has to read what it judges
        configure 'buses = loop' # from now on it is enforced
        change
        [ "$(property MPSI_GATE)" = closed ]
        is_read_only
}

@test "a word that is not understood makes the configuration strict" {
        configure 'mode = audit' 'buses = loop nonsense'
        plug_in
        [ "$(property MPSI_GATE)" = closed ]
        configure 'mode = adit' 'buses = loop'
        unplug
        plug_in
        [ "$(property MPSI_GATE)" = closed ]
}

@test "S6: a disk that is in use when the gate comes, and a bus that is not watched, are left alone" {
        rm -f /run/udev/rules.d/*mpsi*
        reload
        plug_in
        mkfs.ext4 -q "$node"
        mounted=$BATS_TEST_TMPDIR/mounted
        mkdir "$mounted"
        mount "$node" "$mounted"
        rules "$GATE --config $CONFIG"
        change
        [ "$(property MPSI_GATE)" = out ]
        touch "$mounted/still-writable"
        [ -z "$(property UDISKS_IGNORE)" ]
        umount "$mounted"
        mounted=
        configure 'buses = usb mmc'
        change
        [ "$(property MPSI_GATE)" = out ]
        is_writable
}

@test "S6: a place in [gate] never is left alone" {
        configure 'buses = loop' 'never = S5GXNF0R123456 pci-0000:00:17.0-ata-3'
        losetup "$node" "$BATS_TEST_TMPDIR/disk.img"
        udevadm settle
        blockdev --setrw "$node"
        ID_PATH=pci-0000:00:17.0-ata-3 run "$GATE" --config "$CONFIG" "$node"
        [ "$output" = out ]
        is_writable
        ID_PATH=pci-0000:00:17.0-ata-30 run "$GATE" --config "$CONFIG" "$node"
        [ "$output" = closed ]
        is_read_only
}

@test "C3: what should be closed and can't be is nobody's" {
        # The node is another device's than the one that udev speaks of.
        losetup "$node" "$BATS_TEST_TMPDIR/disk.img"
        mknod "$BATS_TEST_TMPDIR/dev/other" b 1 3
        MAJOR=7 MINOR=${node#/dev/loop} run --separate-stderr "$GATE" --config "$CONFIG" "$BATS_TEST_TMPDIR/dev/other"
        [ "$status$output" = 0failed ]
        [[ $stderr == *mpsi-gate* ]]
        losetup --detach "$node"
        printf '#!/bin/sh\necho failed\n' >"$BATS_TEST_TMPDIR/dev/gate"
        chmod 755 "$BATS_TEST_TMPDIR/dev/gate"
        rules "$BATS_TEST_TMPDIR/dev/gate"
        plug_in
        [ "$(property MPSI_GATE)" = failed ]
        node_is 'root:root 0'
        is_hidden
}

@test "C3: what is unplugged before its event is handled leaves the next disk's node to nobody" {
        MAJOR=7 MINOR=99999 run "$GATE" --config "$CONFIG" "$node"
        [ "$status$output" = 0gone ]
        printf '#!/bin/sh\necho gone\n' >"$BATS_TEST_TMPDIR/dev/gate"
        chmod 755 "$BATS_TEST_TMPDIR/dev/gate"
        rules "$BATS_TEST_TMPDIR/dev/gate"
        plug_in
        [ "$(property MPSI_GATE)" = gone ]
        node_is 'root:root 0'
        is_hidden
        # The next disk's own event.
        rules "$GATE --config $CONFIG"
        change
        [ "$(property MPSI_GATE)" = closed ]
        node_is 'root:daemon 660'
}

@test "C3: a gate that gave no word is asked once more" {
        printf '#!/bin/sh\n[ -e "$0.asked" ] || { : >"$0.asked"; kill -ALRM $$; }\nexec "%s" --config "%s" "$1"\n' "$GATE" "$CONFIG" \
                >"$BATS_TEST_TMPDIR/dev/gate"
        chmod 755 "$BATS_TEST_TMPDIR/dev/gate"
        rules "$BATS_TEST_TMPDIR/dev/gate"
        plug_in
        [ -e "$BATS_TEST_TMPDIR/dev/gate.asked" ]
        [ "$(property MPSI_GATE)" = closed ]
        is_read_only
}

@test "a gate that gives no word leaves what is inside the machine alone" {
        rules /nonexistent/mpsi-gate
        plug_in
        [ -z "$(property MPSI_GATE)" ]
        [ -z "$(property UDISKS_IGNORE)" ]
}

@test "the gate looks at block devices only" {
        local device
        for device in /sys/devices/virtual/mem/null /sys/class/input/event*; do
                [ -e "$device" ] || continue
                run udevadm test "$device"
                [[ $output != *MPSI_* && $output != *mpsi-gate:* ]]
        done
}

@test "udev understands every line of the rules" {
        run udevadm test "/sys/block/${node#/dev/}"
        [[ $output == *10-mpsi-gate.rules* && $output == *72-mpsi-seat.rules* && $output == *90-mpsi-hide.rules* ]]
        # Only ours: the machine's other rules may know groups that it has not.
        run ! grep -E 'mpsi-[a-z]+\.rules:[0-9]+ .*(Invalid|Unknown|ignoring)' <<<"$output"
}

@test "it starts without cryptography, database or drawing, and lists without touching" {
        run ldd "$GATE"
        [[ $output == *libmount* && $output != *libcrypto* && $output != *sqlite* && $output != *cairo* ]]
        losetup "$node" "$BATS_TEST_TMPDIR/disk.img"
        udevadm settle
        blockdev --setrw "$node"
        run "$GATE" --config "$CONFIG" --list
        [ "$status" -eq 0 ]
        [[ $output =~ ${node#/dev/}\ .*\ closed ]]
        is_writable
        expect 2 "$GATE"
        expect 2 "$GATE" --list "$node"
}
