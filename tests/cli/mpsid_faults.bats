#!/usr/bin/env bats
# Devices that lie, change, vanish or come in crowds, against a real systemd-udevd: C3, S6, S7, X2. By hand, as root:
#   tests/cli/with-udev bats tests/cli/mpsid_faults.bats
load helper
load store
load mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
}

teardown() {
        [ -n "${MPSI_UDEV:-}" ] || return 0
        rm -f /run/udev/rules.d/*
        mpsid_teardown
}

# says NODE LINE…: what udev's rules say of that device from now on. A line is KEY=VALUE, as a program prints it.
says() {
        local name=${1#/dev/} mark=$RANDOM$RANDOM
        shift
        printf '%b\n' "MPSI_TEST=$mark" "$@" >"$BATS_TEST_TMPDIR/says-$name"
        printf 'KERNEL=="%s", IMPORT{program}="/bin/cat %s"\n' "$name" "$BATS_TEST_TMPDIR/says-$name" >"/run/udev/rules.d/50-$name.rules"
        # udevd takes the new rules when it comes to it, and its workers after that.
        for _ in {1..20}; do
                udevadm control --reload
                timeout 20 udevadm trigger --action=change --settle "/sys/block/$name"
                ! udevadm info --query=property "/sys/block/$name" | grep -q "^MPSI_TEST=$mark" || return 0
                sleep 0.2
        done
        return 1
}

# N times the same character.
many() {
        printf "%0$1d" 0 | tr 0 "$2"
}

# A second device of this test's; sets `other`. mpsid is to be started with --devices for it.
second_device() {
        own_device other "${1:-32M}"
        other=$own
}

# Everything that anybody reads: journal lines and facts, each valid UTF-8 and free of control characters.
nothing_strange() {
        iconv -f UTF-8 -t UTF-8 "$LOG" >/dev/null
        ! LC_ALL=C grep -n '[^[:print:][:space:]]' <(LC_ALL=C tr -d '\200-\377' <"$LOG")
        act elena ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/events" | jq -c . >/dev/null
        ! grep -aE '\\u00(0|1|7f)' "$BATS_TEST_TMPDIR/events"
        act elena --json device list | jq -e '.rows | length > 0' >/dev/null
        act elena ledger verify >/dev/null
}

@test "X2: what udev says of a device may hold any bytes and be of any length: one line, valid UTF-8, and read-only" {
        local serial
        says "$node" 'ID_SERIAL_SHORT=a\0033[31mb\tc\0001\0377\0376\r\0342\0200\0256x' 'ID_MODEL=bad\0377' \
                'ID_VENDOR_ENC=\\\\x0a\\\\xff\\\\x1b[2J' 'ID_FS_LABEL=x\ny' 'ID_BUS=\0001usb' 'MPSI_GATE=clo\0033sed'
        start
        wait_for "$node .*read only C3"
        is_read_only
        [ "$(grep -c "$node" "$LOG")" -eq 1 ]
        nothing_strange
        for serial in 8000 15000; do
                : >"$LOG"
                says "$node" "ID_SERIAL_SHORT=$(many "$serial" A)" "ID_MODEL=$(many 1000 ñ)"
                plug_in_again
                wait_for "$node .*read only C3"
                is_read_only
        done
        nothing_strange
        kill -0 "$daemon"
}

@test "C3: a device of whom udev has more to say than a message holds is judged all the same" {
        local i all=()
        start
        wait_for "$node .*read only C3"
        for i in {1..8}; do
                all+=("ID_X$i=$(many 8000 A)")
        done
        says "$node" "${all[@]}"
        plug_in_again
        wait_for "$node .*read only C3"
        is_read_only
}

@test "S6: serial numbers that differ only where they are cut, or in what is replaced, are different media" {
        local long
        long=$(many 127 A)
        says "$node" "ID_SERIAL_SHORT=${long}1"
        start
        register
        wait_for "$ID: read only C3 it is not encrypted"
        for long in "${long}2" "${long}" "$(many 64000 A)"; do
                says "$node" "ID_SERIAL_SHORT=$long"
                plug_in_again
                wait_for "$node .*read only C3 .*not registered"
                is_read_only
        done
        says "$node" 'ID_SERIAL_SHORT=odd\0001'
        plug_in_again
        wait_for "$node .*read only C3 .*not registered"
        register
        wait_for "$ID: read only C3 it is not encrypted"
        says "$node" 'ID_SERIAL_SHORT=odd\0002'
        plug_in_again
        wait_for "$node .*read only C3 .*not registered"
}

# --- S6: who is who ------------------------------------------------------------------------------------------------

@test "S6: of two media with the same serial number neither is known by it; their LUKS UUIDs tell them apart" {
        local first
        second_device
        says "$node" 'ID_SERIAL_SHORT=TWIN'
        says "$other" 'ID_SERIAL_SHORT=TWIN'
        start --devices "${other#/dev/}"
        register
        first=$ID
        wait_for "$first: read only C3"
        encrypt
        wait_for "$first: accepted"
        # The twin, blank: the serial number says that it is the first, the header that it is not.
        wait_for "$other .*\(read only\|refused\)"
        [ "$(blockdev --getro "$other")" = 1 ]
        ! grep "$other .*accepted" "$LOG"
        run act carlos media register --kind hdd --serial TWIN --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires "$(in_days 400)" --retention 400
        [ "$status" -eq 7 ]
        [[ $output == *--twin* ]]
        ID=$(act carlos --json media register --kind hdd --serial TWIN --twin --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires "$(in_days 400)" --retention 400 | jq -r .id)
        # Now it is of two: nobody knows which, unless the header says it.
        timeout 20 udevadm trigger --action=change --settle "/sys/block/${other#/dev/}"
        wait_for "$other .*refused S6"
        [ "$(blockdev --getro "$other")" = 1 ]
        plug_in_again
        wait_for "$node $first: accepted"
        is_writable
}

@test "S6: a medium whose LUKS UUID is one registered medium's and whose serial number is another's is refused" {
        local uuid
        start
        register
        wait_for "$ID: read only C3" # and not while it is being put into force
        encrypt
        wait_for "$ID: accepted"
        act carlos media register --kind hdd --serial SOMEBODY-ELSE --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires "$(in_days 400)" --retention 400
        says "$node" 'ID_SERIAL_SHORT=SOMEBODY-ELSE'
        wait_for "$node .*refused S6"
        is_read_only
        plug_in_again
        wait_for "$node .*refused S6"
        is_read_only
        run act carlos --json device show "$node"
        [[ $output == *'two media'* ]]
        rm -f /run/udev/rules.d/*
        udevadm control --reload
        plug_in_again
        wait_for "$ID: accepted"
        is_writable
}

# --- what stands on a medium ---------------------------------------------------------------------------------------

# An MBR whose extended partition's chain comes back to itself, N different ways.
looping_mbr() {
        python3 - "$image" <<'PY'
import struct, sys
def entry(kind, start, size): return struct.pack('<B3sB3sII', 0, b'\0\2\0', kind, b'\376\377\377', start, size)
with open(sys.argv[1], 'r+b') as disk:
    def sector(at, *entries):
        disk.seek(at * 512 + 446)
        disk.write(b''.join(entries).ljust(64, b'\0') + b'\x55\xaa')
    sector(0, entry(5, 2048, 60000), entry(0x85, 2048, 60000), entry(0xf, 4096, 1000), entry(5, 1, 0xffffffff))
    sector(2048, entry(0x83, 1, 100), entry(5, 0, 60000))     # the next one is itself
    sector(4096, entry(0x83, 1, 0xffffffff), entry(5, 4096, 1))
    sector(1, entry(5, 0xffffffff, 0xffffffff))
PY
}

# A GPT whose numbers are as large as they go, with checksums that hold.
absurd_gpt() {
        python3 - "$image" "$1" <<'PY'
import struct, sys, zlib
entries, size = {'many': (0xffffffff, 128), 'large': (128, 0xffffffff), 'none': (0, 0), 'here': (4, 4096)}[sys.argv[2]]
table = b''.join(struct.pack('<16s16sQQQ72s', b'\1' * 16, bytes([i]) * 16, 2**64 - 1, 0, 2**64 - 1, b'\xd8\x00' * 36) for i in range(128))
def header(crc): return struct.pack('<8sIIIIQQQQ16sQIII', b'EFI PART', 0x10000, 92, crc, 0, 1, 65535, 2**64 - 1, 0, b'\2' * 16, 2, entries, size, zlib.crc32(table))
with open(sys.argv[1], 'r+b') as disk:
    disk.seek(446); disk.write(struct.pack('<B3sB3sII', 0, b'', 0xee, b'', 1, 0xffffffff).ljust(64, b'\0') + b'\x55\xaa')
    disk.seek(512); disk.write(header(zlib.crc32(header(0))))
    disk.seek(1024); disk.write(table)
PY
}

# A LUKS2 header with a checksum that holds around JSON that is none of a header's: KIND nested, wide or repeated.
json_bomb() {
        python3 - "$image" "$1" <<'PY'
import hashlib, struct, sys
size = 4 << 20
room = size - 4096
json = {'nested': b'{"a":' * (room // 5 - 1), 'wide': b'{"keyslots":[' + b'[],' * ((room - 40) // 3) + b'[]]}',
        'members': b'{' + b','.join(b'"%x":{}' % i for i in range(300000)) + b'}',
        'token': b'{"tokens":{"0":{"type":"mpsi","keyslots":[],"x":"' + b'A' * (room - 100) + b'"}}}'}[sys.argv[2]]
def header(magic, at):
    h = bytearray(struct.pack('>6sHQQ48s32s64s40s48sQ', magic, 2, size, 3, b'x', b'sha256', b's' * 64, b'1b4e28ba-2fa1-11d2-883f-0016d3cca427', b'', at).ljust(4096, b'\0') + json.ljust(room, b'\0'))
    h[448:480] = hashlib.sha256(bytes(h)).digest()
    return h
with open(sys.argv[1], 'r+b') as disk:
    disk.write(header(b'LUKS\xba\xbe', 0) + header(b'SKUL\xba\xbe', size))
PY
}

# judged_again COMMAND…: a medium that COMMAND writes is put in, and judged in time whatever it is. The image is empty afterwards.
judged_again() {
        local began=$SECONDS
        unplug
        : >"$LOG"
        "$@"
        losetup "$node" "$image"
        wait_for "$node .*\(read only\|refused\)" 30
        is_read_only
        [ $((SECONDS - began)) -lt 20 ]
        kill -0 "$daemon"
        truncate -s 0 "$image"
        truncate -s 32M "$image"
}

@test "C3: a partition table that points to itself, absurd numbers, JSON bombs: the look ends and the verdict comes" {
        local what fs
        start
        wait_for "$node .*read only C3"
        judged_again looping_mbr
        for what in many large none here; do
                judged_again absurd_gpt "$what"
        done
        for what in nested wide members token; do
                judged_again json_bomb "$what"
        done
        # The beginning of each file system that is there to be had, and noise behind it.
        for fs in ext4 vfat btrfs xfs ntfs exfat; do
                ! command -v "mkfs.$fs" >/dev/null || judged_again spoilt_file_system "$fs"
        done
        nobody_at_work
        nothing_strange
}

spoilt_file_system() {
        truncate -s 300M "$image"
        "mkfs.$1" -q "$image" >/dev/null 2>&1 || "mkfs.$1" "$image" >/dev/null 2>&1 || true
        RANDOM=7
        for _ in {1..60}; do
                printf "\\xff\\xff\\xff\\x7f" | dd of="$image" bs=1 seek=$((RANDOM * 2 + 8)) conv=notrunc status=none
        done
}

# --- crowds -------------------------------------------------------------------------------------------------------

@test "X2: devices that come and go all the time: no crash, no entry and no process is left" {
        local i
        start --devices 'loop5[4-9][0-9][0-9]'
        wait_for "$node .*read only C3"
        for i in {1..40}; do
                losetup "/dev/loop$((5400 + i))" "$image" 2>/dev/null || continue
                echo change >"/sys/block/loop$((5400 + i))/uevent"
                losetup --detach "/dev/loop$((5400 + i))" || true
                echo remove >"/sys/block/loop$((5400 + i))/uevent"
        done
        udevadm settle --timeout=60
        nobody_at_work
        stop
        act elena ledger verify
}
