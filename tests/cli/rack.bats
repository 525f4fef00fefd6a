# Many media at once, on real loop devices: a process each, trouble that stays one's own, resume, the live screen, heat (S7).
load helper
load terminal

setup() {
        need_loop_devices
        make_store
        IDS=() ITEMS=()
}

# By their numbers: those of this test's own jobs.
teardown() {
        local pid
        terminal_end
        for pid in $(jobs -p) $(job_pids); do
                kill -9 "$pid" 2>/dev/null || true
        done
        wait 2>/dev/null || true
        loop_devices_detach
        for under in small hot; do
                mountpoint -q "$BATS_TEST_TMPDIR/$under" && umount "$BATS_TEST_TMPDIR/$under"
        done
        true
}

# The processes of a batch's jobs: they work in this test's store, and no others do.
job_pids() {
        local id
        for id in "${IDS[@]}"; do
                pgrep -f -- "--store $STORE .*wipe (run|resume) $id " || true
        done
}

# medium NODE [KIND] [CLASSIFICATION]: registers it; adds to IDS and ITEMS.
medium() {
        local id
        blockdev --setrw "$1"
        id=$(m cus --json media register "$1" --kind "${2:-hdd}" --classification "${3:-INTERNO}" --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 30 | jq -r .id)
        IDS+=("$id") ITEMS+=("$id=$1")
}

# media N SIZE: loop devices of that size.
media() {
        local i
        for i in $(seq "$1"); do
                medium "$(loop_device "m$i-$RANDOM" "$2")"
        done
}

confirmed() {
        printf -- '--confirm %s ' "$@"
}

state() {
        m olga --json media show "$1" | jq -r .state
}

# What the rack says of one medium.
standing() {
        m olga --json wipe rack --once | jq -r --arg id "$1" '.rows[] | select(.medium == $id) | .state'
}

# await_standing MEDIUM STATE
await_standing() {
        local _
        for _ in $(seq 200); do
                [ "$(standing "$1")" != "$2" ] || return 0
                sleep 0.1
        done
        printf '%s is %s\n' "$1" "$(standing "$1")"
        return 1
}

# A batch in the background.
start_batch() {
        "$MPSI" --store "$STORE" --as olga "${SECRETS[@]}" --json wipe batch "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
        BATCH=$!
}

# freeze MEDIUM: a pass over a loop device takes too short a time to do anything in; so the job is stopped where it stands,
# when it has told how far it is, by stopping its process. Sets FROZEN.
freeze() {
        for _ in $(seq 2000); do
                FROZEN=$(pgrep -f -- "--store $STORE .*wipe run $1 ") || true
                [ -z "$FROZEN" ] || [ ! -s "$STORE/work/job-$FROZEN.json" ] || break
                sleep 0.005
        done
        kill -STOP "$FROZEN"
        [ -s "$STORE/work/job-$FROZEN.json" ]
}

# Bytes that a job is known to have behind it; all of it when it has ended.
job_done() {
        m olga --json wipe rack --once | jq --arg id "$1" '.rows[] | select(.medium == $id) | .done // 1e15'
}

@test "S7 S5: six disks at once, one of which fails: that one is not sanitized, the others are, each with its own record" {
        media 5 24M
        mkdir "$BATS_TEST_TMPDIR/small"
        mount -t tmpfs -o size=6m tmpfs "$BATS_TEST_TMPDIR/small"
        truncate -s 8M "$BATS_TEST_TMPDIR/small/i"
        node=$(losetup --find --show "$BATS_TEST_TMPDIR/small/i")
        printf '%s\n' "$node" >>"$BATS_TEST_TMPDIR/loops"
        medium "$node"
        bad=${IDS[5]}
        run m olga --json --progress=json wipe batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        [ "$status" -eq 6 ]
        # Progress lines are whole, whichever job they are of.
        grep '^{"subject"' <<<"$output" | jq -e -s 'length >= 6 and all(.[]; .total > 0 and .done <= .total and .parts == 4)' >/dev/null
        grep -v '^{"subject"' <<<"$output" >"$BATS_TEST_TMPDIR/answer"
        [ "$(jq -r '[.rows[] | .result] | join(" ")' "$BATS_TEST_TMPDIR/answer")" = "sanitized sanitized sanitized sanitized sanitized not-sanitized" ]
        [ "$(jq -r '.rows[5].rule' "$BATS_TEST_TMPDIR/answer")" = S5 ]
        for id in "${IDS[@]:0:5}"; do
                [ "$(state "$id")" = sanitized ]
        done
        [ "$(state "$bad")" = unsanitized ]
        # Trouble first.
        [ "$(m olga --json wipe rack --once | jq -r '.rows | "\(length) \(.[0].medium) \(.[0].state) \(.[0].not_reached > 1000000)"')" = "6 $bad not-sanitized true" ]
        [ "$(m olga --json wipe status | jq '[.rows[].job] | unique | length')" = 6 ]
        m sara ledger verify
}

@test "S6: nothing of a batch begins before every ID is typed and every medium may be wiped" {
        media 3 8M
        run m olga --lang en wipe batch "${ITEMS[@]}" $(confirmed "${IDS[@]:0:2}") <&-
        [ "$status" -eq 2 ]
        expect 5 m olga --lang en wipe batch "${ITEMS[@]}" $(confirmed "${IDS[@]}" HQ00000099X)
        [[ $output == *"HQ00000099X"*"[S6 · "* ]]
        expect 2 m olga --lang en wipe batch "${ITEMS[@]}" "${ITEMS[0]}" $(confirmed "${IDS[@]}")
        [[ $output == *"twice"* ]]
        medium "$(loop_device secret 8M)" ssd SECRETO
        expect 5 m olga --lang en wipe batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        [[ $output == *"[S1 · "* ]]
        expect 3 m ana wipe batch "${ITEMS[0]}" --confirm "${IDS[0]}"
        expect 4 m olga wipe batch "${IDS[0]}=/dev/nothing" --confirm "${IDS[0]}"
        expect 0 m olga --json --dry-run wipe batch "${ITEMS[@]:0:3}"
        [ "$(jq -r '[.rows[].method] | join(" ")' <<<"$output")" = "dod dod dod" ]
        [ "$(m olga --json wipe status | jq '.rows | length')" = 0 ]
        printf '%s\n' "${IDS[@]:0:3}" >"$BATS_TEST_TMPDIR/ids"
        expect 0 m olga wipe batch "${ITEMS[@]:0:3}" --confirm-file "$BATS_TEST_TMPDIR/ids" --at-once 1
        [ "$(state "${IDS[2]}")" = sanitized ]
}

@test "S7: kill -9 of all jobs and of the batch: each goes on from its last durable point; kill -9 of the batch alone stops none" {
        media 3 64M
        start_batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        freeze "${IDS[0]}"
        first=$FROZEN
        freeze "${IDS[2]}"
        kill -9 $BATCH
        before=$(job_done "${IDS[0]}")
        kill -CONT "$first"
        for _ in $(seq 200); do # nobody told it
                [ "$(job_done "${IDS[0]}")" -le "$before" ] || break
                sleep 0.1
        done
        [ "$(job_done "${IDS[0]}")" -gt "$before" ]
        for pid in $(job_pids); do
                kill -9 "$pid"
        done
        wait $BATCH || true
        left=($(m olga --json wipe rack --once | jq -r '.rows[] | select(.state == "stopped") | .medium'))
        [ "${#left[@]}" -ge 1 ]
        expect 7 m olga wipe batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        items=()
        for item in "${ITEMS[@]}"; do
                [[ " ${left[*]} " != *" ${item%=*} "* ]] || items+=("$item")
        done
        expect 0 m olga --json wipe batch --resume "${items[@]}" $(confirmed "${left[@]}")
        [ "$(jq -r '[.rows[].result] | unique | join(" ")' <<<"$output")" = sanitized ]
        for id in "${IDS[@]}"; do
                [ "$(state "$id")" = sanitized ]
        done
        m sara ledger verify
}

@test "S7: one is cancelled, another is added while the others run" {
        media 3 128M
        start_batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        freeze "${IDS[1]}"
        m oto wipe cancel "${IDS[1]}" --reason "wrong bay"
        kill -CONT "$FROZEN"
        media 1 8M
        expect 0 m olga wipe run "${IDS[3]}" --device "${ITEMS[3]#*=}" --confirm "${IDS[3]}"
        code=0
        wait $BATCH || code=$?
        [ "$code" -eq 7 ]
        [ "$(jq -r '[.rows[].result] | join(" ")' "$BATS_TEST_TMPDIR/out")" = "sanitized stopped sanitized" ]
        [ "$(standing "${IDS[1]}")" = cancelled ]
        [ "$(state "${IDS[3]}")" = sanitized ]
}

@test "S7: the live screen: words and not only colours, trouble first, narrow and low terminals, q ends no job" {
        media 2 64M
        start_batch "${ITEMS[@]}" $(confirmed "${IDS[@]}")
        freeze "${IDS[0]}"
        first=$FROZEN
        freeze "${IDS[1]}"
        terminal "$MPSI" --store "$STORE" --as olga --lang es wipe rack
        await "EN MARCHA +${IDS[0]}"
        await 'en marcha: 2 · terminados: 0'
        await '1/4 escritura de 0x00'
        # A job that dies is trouble: it comes to the top.
        kill -9 "$FROZEN"
        await "^! PARADO +${IDS[1]}"
        await 'con problemas: 1 · en marcha: 1'
        [ "$(screen | grep -n "${IDS[1]}" | cut -d: -f1)" -lt "$(screen | grep -n "${IDS[0]}" | cut -d: -f1)" ]
        tmux -S "$TERMINAL" resize-window -x 44 -y 5
        await '1–4 de|^q sale|q sale'
        [ "$(screen | grep -c .)" -le 5 ]
        await "PARADO +${IDS[1]}"
        tmux -S "$TERMINAL" resize-window -x 100 -y 20
        await 'PASO +HECHO'
        tmux -S "$TERMINAL" send-keys q
        await '\[exit 0\]'
        kill -0 "$first"
        # For programs: a line each second.
        timeout 3 "$MPSI" --store "$STORE" --as olga --json wipe rack >"$BATS_TEST_TMPDIR/lines" || true
        [ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -ge 2 ]
        jq -e -s 'all(.[]; (.rows | length) == 2)' "$BATS_TEST_TMPDIR/lines" >/dev/null
        m olga wipe cancel "${IDS[0]}" --reason enough
        kill -CONT "$first"
        wait $BATCH || true
        run m olga --lang en wipe rack --once
        [[ $output == *"STOPPED"*"CANCELLED"* ]]
}

# The sensor is files of this test's in place of the device's sysfs, in a mount namespace of its own.
@test "S7: a disk that is too warm is waited for, and both are on record" {
        unshare --mount true 2>/dev/null || skip 'SKIPPED: needs mount namespaces'
        media 1 64M
        node=${ITEMS[0]#*=} name=${node#/dev/}
        mkdir "$BATS_TEST_TMPDIR/hwmon"
        printf 'drivetemp\n' >"$BATS_TEST_TMPDIR/hwmon/name"
        printf '46000\n' >"$BATS_TEST_TMPDIR/hwmon/temp1_input"
        printf '45000\n' >"$BATS_TEST_TMPDIR/hwmon/temp1_max"
        # shellcheck disable=SC2016
        unshare --mount bash -c '
                sys=/sys/devices/virtual/block/$1
                mkdir "$2/sys"
                cp -a "$sys/." "$2/sys" 2>/dev/null
                mkdir -p "$2/sys/device/hwmon/hwmon0"
                mount --bind "$2/sys" "$sys"
                mount --bind "$2/hwmon" "$sys/device/hwmon/hwmon0"
                shift 2
                exec "$@"' - "$name" "$BATS_TEST_TMPDIR" \
                "$MPSI" --store "$STORE" --as olga "${SECRETS[@]}" --json wipe run "${IDS[0]}" --device "$node" --confirm "${IDS[0]}" \
                >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
        pid=$!
        await_standing "${IDS[0]}" hot
        [ "$(m olga --json wipe rack --once | jq '.rows[0].temperature')" = 46 ]
        sleep 1
        [ "$(standing "${IDS[0]}")" = hot ]
        printf '39000\n' >"$BATS_TEST_TMPDIR/hwmon/temp1_input"
        wait $pid || { cat "$BATS_TEST_TMPDIR/answer"; false; }
        [ "$(jq -c '.temperature | [.sensor, .warmest, .limit, .limit_from, .pauses, .paused_seconds > 0]' "$BATS_TEST_TMPDIR/answer")" = '["drivetemp",46,45,"device",1,true]' ]
        m sara --json ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        [ "$(jq -r 'select(.type == "sanitization.temperature") | .data | "\(.waiting) \(.celsius)"' "$BATS_TEST_TMPDIR/events" | paste -sd,)" = "true 46,false 39" ]
        m sara ledger verify
        m sara ledger replay >/dev/null
}
