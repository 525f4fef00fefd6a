#!/usr/bin/env bats
# A medium that is exchanged, rewritten or pulled out at each step between its plug-in and its verdict: C3, S6, X2. By hand, as
# root:  MPSI_STOPPER=…/libstops.so tests/cli/with-udev bats tests/anomaly/mpsid_devices.bats
load helper
load ../cli/mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
        export MPSI_STOPS=$BATS_TEST_TMPDIR/stops MPSI_HELD=$BATS_TEST_TMPDIR/held
        printf '-' >"$MPSI_STOPS"
        AROUND=(env "LD_PRELOAD=$MPSI_STOPPER")
        stranger=$(image stranger 32M)
}

teardown() {
        [ -n "${MPSI_UDEV:-}" ] || return 0
        rm -f /run/udev/rules.d/*
        printf '-' >"$MPSI_STOPS"
        [ -z "${stopped:-}" ] || kill -CONT "$stopped" 2>/dev/null || true
        [ -z "${judge:-}" ] || kill -CONT "$judge" 2>/dev/null || true
        mpsid_teardown
}

# hold_at BYTE: where the next probe waits. '-': nowhere, and one that waits goes on.
hold_at() {
        rm -f "$MPSI_HELD"
        printf '%s' "$1" >"$MPSI_STOPS"
}

wait_until_held() {
        local i
        for i in {1..300}; do
                [ ! -s "$MPSI_HELD" ] || return 0
                sleep 0.1
        done
        return 1
}

# A registered, encrypted medium that the gate opens, and that is unplugged now.
accepted_medium() {
        start
        register
        wait_for "$ID: read only C3" # and not while it is being put into force
        encrypt
        wait_for "$ID: accepted"
        unplug
        : >"$LOG"
}

# Read-only at every moment from when the gate has closed it until the line comes.
never_open_until() {
        local i
        for i in {1..300}; do
                [ "$(blockdev --getro "$node")" != 1 ] || break
                sleep 0.1
        done
        for i in {1..3000}; do
                # The line first: after it the next look may rightly find, and let in, what is there by then.
                ! grep -q -- "$1" "$LOG" || return 0
                [ "$(blockdev --getro "$node")" = 1 ] || { printf 'it was open:\n'; cat "$LOG"; return 1; }
        done
        cat "$LOG"
        return 1
}

stop_judge() {
        judge=$(pgrep -P "$daemon" mpsid-judge)
        kill -STOP "$judge"
}

@test "C3, S6: a medium that is exchanged while its verdict is out: the old verdict never opens the new one" {
        accepted_medium
        stop_judge
        losetup "$node" "$image"
        sleep 1 # its facts are with the judge
        unplug
        losetup "$node" "$stranger"
        sleep 1
        is_read_only
        kill -CONT "$judge"
        never_open_until "$node .*not registered"
        is_read_only
        write_is_refused
        stop
        act elena ledger verify
}

@test "C3, S6: a medium that is exchanged between the look at the device and the look at its content" {
        accepted_medium
        hold_at o
        losetup "$node" "$image"
        wait_until_held
        unplug
        losetup "$node" "$stranger"
        hold_at -
        never_open_until "$node .*not registered"
        unplug
        : >"$LOG"
        losetup "$node" "$image"
        wait_for "$ID: accepted"
        is_writable
}

@test "C2: a medium that answers differently the second time: one copy is judged, and it must be the medium's that it claims" {
        local good=$BATS_TEST_TMPDIR/good weak=$BATS_TEST_TMPDIR/weak
        accepted_medium
        cp --sparse=always "$image" "$good"
        # First the registered header, then a weak one of its own: written past no cache, or the loop device might not see it.
        cp --sparse=always "$image" "$weak"
        cryptsetup luksFormat --batch-mode --type luks2 --cipher aes-cbc-plain --key-size 256 --pbkdf pbkdf2 \
                --pbkdf-force-iterations 1000 "$weak" <(printf weak)
        hold_at r
        losetup "$node" "$image"
        wait_until_held
        dd if="$weak" of="$image" bs=1M count=32 conv=notrunc status=none
        hold_at -
        never_open_until "$ID: refused C2"
        unplug
        # First nothing, then the registered header: nothing says that it is the registered medium.
        : >"$LOG"
        dd if=/dev/zero of="$image" bs=1M count=32 conv=notrunc status=none
        hold_at r
        losetup "$node" "$image"
        wait_until_held
        dd if="$good" of="$image" bs=1M count=32 conv=notrunc status=none
        hold_at -
        never_open_until "$node .*not registered"
        stop
}

# Nothing of the device is left: neither an entry that is judged again when the registry changes, nor a hold.
is_forgotten() {
        local before
        before=$(judgements | wc -l)
        # Were it known still, it would be this medium from now on, and that is news.
        act carlos media register --kind hdd --serial GONE --classification INTERNO --category BASICA --owner marta \
                --expires 2099-12-31 --retention 400 >/dev/null
        sleep 1
        [ "$(judgements | wc -l)" -eq "$before" ] || return
        ! losetup "$node" 2>/dev/null || return
        nobody_at_work
}

@test "X2: unplugged at every step, the device is forgotten and the next one in its place is judged anew" {
        local where
        accepted_medium
        for where in o r judge accepted refused; do
                : >"$LOG"
                case $where in
                o | r)
                        hold_at "$where"
                        losetup "$node" "$image"
                        wait_until_held
                        ;;
                judge)
                        stop_judge
                        losetup "$node" "$image"
                        sleep 1
                        ;;
                accepted | refused)
                        losetup "$node" "$image"
                        wait_for "$ID: $where"
                        ;;
                esac
                losetup --detach "$node"
                timeout 20 udevadm trigger --action=remove --settle "/sys/block/${node#/dev/}"
                hold_at -
                [ "$where" != judge ] || kill -CONT "$judge"
                for _ in {1..50}; do
                        losetup "$node" >/dev/null 2>&1 || break
                        sleep 0.1
                done
                # What the gate knew, and said, goes with it.
                is_forgotten || { echo "after $where"; cat "$LOG"; return 1; }
                : >"$LOG"
                losetup "$node" "$stranger"
                never_open_until "$node .*not registered"
                unplug
                # The next round's is refused, and held.
                [ "$where" != accepted ] || cryptsetup luksFormat --batch-mode --type luks2 --uuid "$(cryptsetup luksUUID "$image")" \
                        --cipher aes-cbc-plain --key-size 256 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$image" <(printf weak)
        done
        kill -0 "$daemon"
        act elena ledger verify
}

@test "X2: many media come and go while the judge is behind: it forgets each that is gone" {
        local i
        printf 'KERNEL=="%s", ENV{ID_SERIAL_SHORT}="GONE"\n' "${node#/dev/}" >/run/udev/rules.d/50-gone.rules
        udevadm control --reload
        start
        wait_for "$node .*read only C3"
        plug_in_again
        wait_for "$node .*read only C3 .*GONE"
        stop_judge
        for i in {1..15}; do
                unplug
                losetup "$node" "$stranger"
                udevadm settle
        done
        unplug
        kill -CONT "$judge"
        sleep 3
        is_forgotten
        : >"$LOG"
        losetup "$node" "$stranger"
        wait_for "$node .*: accepted"
}

@test "C3: messages of udev that were lost: it says so and looks at everything; what came meanwhile is judged" {
        local other
        own_device other 32M
        other=$own
        losetup --detach "$other"
        unplug
        export MPSI_SMALL_BUFFERS=1
        start --devices "${other#/dev/}"
        kill -STOP "$daemon"
        stopped=$daemon
        losetup "$node" "$image"
        losetup "$other" "$BATS_TEST_TMPDIR/other.img"
        for _ in {1..600}; do
                echo change >"/sys/block/${other#/dev/}/uevent"
        done
        udevadm settle --timeout=60
        losetup --detach "$node"
        kill -CONT "$daemon"
        wait_for 'messages of udev were lost'
        wait_for "$other .*read only C3"
        [ "$(blockdev --getro "$other")" = 1 ]
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        is_read_only
}

@test "X2: the look that waits for its device is killed: the device is looked at all the same" {
        local waiting i
        start
        unplug
        sleep 1 # no look is under way any more
        for i in {1..50}; do
                waiting=$(pgrep -P "$daemon" mpsid-probe) && [ "$(wc -l <<<"$waiting")" -eq 1 ] && break
                sleep 0.1
        done
        [ "$(wc -w <<<"$waiting")" -eq 1 ]
        : >"$LOG"
        kill -STOP "$daemon" # so that it hears of the device before it hears of that end
        stopped=$daemon
        kill -KILL "$waiting"
        losetup "$node" "$stranger"
        sleep 1
        kill -CONT "$daemon"
        wait_for "$node .*not registered"
        is_read_only
}

@test "X2: the process that waits for its verdict is killed: the verdict comes into force all the same" {
        local waiting
        accepted_medium
        sleep 1 # what ends with the device has ended
        nobody_at_work
        waiting=$(pgrep -P "$daemon" mpsid-hand)
        [ "$(wc -w <<<"$waiting")" -eq 1 ]
        : >"$LOG"
        kill -STOP "$daemon" # so that it hears of the medium before it hears of that end
        stopped=$daemon
        kill -KILL "$waiting"
        losetup "$node" "$image"
        sleep 1
        kill -CONT "$daemon"
        wait_for "$node .*: accepted"
        for _ in {1..50}; do
                [ "$(blockdev --getro "$node")" = 1 ] || break
                sleep 0.1
        done
        [ "$(blockdev --getro "$node")" = 0 ]
}
