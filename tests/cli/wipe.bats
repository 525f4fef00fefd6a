# Sanitization through the command line, on real loop devices: plans, locks, passes, crash, cancel, faults (S1-S7).
load helper

setup() {
        need_loop_devices
        make_store
        MARK=HISTORIA-CLINICA
}

teardown() {
        [ -z "$JOB_PID" ] || kill -9 "$JOB_PID" 2>/dev/null || true
        mountpoint -q "$BATS_TEST_TMPDIR/mnt" && umount "$BATS_TEST_TMPDIR/mnt"
        loop_devices_detach
        mountpoint -q "$BATS_TEST_TMPDIR/small" && umount "$BATS_TEST_TMPDIR/small"
        true
}

# medium KIND CLASSIFICATION SIZE: a loop device full of the marker, registered; sets DEV and ID.
medium() {
        DEV=$(loop_device "m$RANDOM" "$3")
        blockdev --setrw "$DEV" # the flag outlives whoever had this number before
        yes "$MARK" | dd of="$DEV" bs=1M iflag=fullblock count="${3%M}" status=none conv=fsync 2>/dev/null
        ID=$(m cus --json media register "$DEV" --kind "$1" --classification "$2" --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 30 | jq -r .id)
        [ -n "$ID" ]
}

state() {
        m olga --json media show "$ID" | jq -r .state
}

job() {
        m olga --json wipe status "$ID" | jq -r "[.rows[-1] | $1] | join(\" \")"
}

survives() {
        blockdev --flushbufs "$DEV"
        grep -q -a "$MARK" "$DEV"
}

# As a command of its own, since a line that starts with `!` never fails a test.
gone() {
        ! survives
}

@test "S1 S4: an encrypted confidential stick: crypto erase, purge, full verification, by another person too" {
        medium ssd CONFIDENCIAL 48M
        m olga encrypt run "$ID" "$DEV" --confirm "$ID"
        luks_before=$(m olga --json media show "$ID" | jq -r .luks_uuid)
        [ -n "$luks_before" ]
        expect 0 m olga --json wipe plan "$ID" --device "$DEV"
        [ "$(jq -r '[.rows[] | select(.accepted) | .method] | join(" ")' <<<"$output")" = crypto-erase-purge ]
        expect 0 m olga --json wipe run "$ID" --device "$DEV" --confirm "$ID"
        [ "$(jq -r '[.result, .reached_level, .verification.kind, .bytes_not_reached] | join(" ")' <<<"$output")" = "sanitized purge full 0" ]
        [ "$(jq -r '[.evidence.counts, .forensic.passed, .markers_differ] | join(" ")' <<<"$output")" = "true true true" ]
        [ "$(jq .verification.bytes <<<"$output")" = $((48 << 20)) ]
        seed=$(jq -r .seed <<<"$output")
        [ "$(printf '%b' "$(sed 's/../\\x&/g' <<<"$seed")" | sha256sum | cut -d' ' -f1)" = "$(jq -r .seed_commitment <<<"$output")" ]
        gone
        [ -z "$(blkid -p -o value -s TYPE "$DEV")" ]
        [ "$(state)" = sanitized ]
        [ -z "$(m olga --json media show "$ID" | jq -r .luks_uuid)" ]
        expect 0 m oto --json wipe verify "$ID" --device "$DEV"
        [ "$(jq -r '[.holds, .same_person] | join(" ")' <<<"$output")" = "true no" ]
        expect 0 m sara ledger verify
}

# Of an answer in `output`: the end of each of N passes, in their order.
passes_are_timed() {
        [ "$(jq --argjson n "$1" '.passes_ended | length == $n and all(type == "string") and . == sort' <<<"$output")" = true ]
}

@test "S3: a confidential disk gets seven passes in the order of the source document" {
        medium hdd CONFIDENCIAL 16M
        expect 0 m olga --json --dry-run wipe run "$ID" --device "$DEV"
        [ "$(jq -r '[.steps[].passes[].en] | join("; ")' <<<"$output")" = "write 0x00; write 0xFF; write a random pattern; full verification read from the device; write 0x00; write 0xFF; write a random pattern; full verification read from the device" ]
        survives # a dry run wrote nothing
        expect 0 m olga --json wipe run "$ID" --device "$DEV" --confirm "$ID"
        [ "$(jq -r '[.scheme, .result, .reached_level] | join(" ")' <<<"$output")" = "dod-ece sanitized clear" ]
        passes_are_timed 8
        gone
}

@test "S1: weaker is refused, secret media go to destruction, nothing was written" {
        medium hdd INTERNO 8M
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --method single --confirm "$ID"
        [[ $output == *"[S1 · ENS mp.si.5]"* ]]
        survives
        medium ssd SECRETO 8M
        expect 0 m olga --json wipe plan "$ID" --device "$DEV"
        [ "$(jq -r .destroy_only <<<"$output")" = true ]
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"[S1 · ENS mp.si.5]"*"destroy request"* ]]
        survives
        [ "$(state)" = in-custody ]
}

@test "S2: crypto erase of a stick that was never encrypted is refused, not replaced" {
        medium ssd CONFIDENCIAL 8M
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"[S2 · "* ]]
        survives
}

@test "S6: a mounted medium, a held image, another medium, a wrong ID, a wrong role" {
        medium hdd CONFIDENCIAL 16M
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm HQ00000099X
        [[ $output == *"[S6 · "* ]]
        expect 5 m olga wipe run "$ID" --device "$DEV" --confirm yes
        expect 3 m cus wipe run "$ID" --device "$DEV" --confirm "$ID"
        expect 3 m ana wipe run "$ID" --device "$DEV" --confirm "$ID"
        other=$(loop_device other 16M)
        expect 5 m olga --lang en wipe run "$ID" --device "$other" --confirm "$ID"
        [[ $output == *"[S6 · "* ]]
        expect 5 m olga wipe run "$ID" --device "$(losetup -n -O BACK-FILE "$DEV")" --confirm "$ID"
        survives
        mkfs.ext4 -q "$DEV"
        mkdir "$BATS_TEST_TMPDIR/mnt"
        mount "$DEV" "$BATS_TEST_TMPDIR/mnt"
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"[S6 · "* && $output == *"$BATS_TEST_TMPDIR/mnt"* ]]
        expect 5 m olga --lang en wipe run "$ID" --device "$(findmnt -n -v -o SOURCE --target /)" --confirm "$ID"
        [[ $output == *"[S6 · "* ]]
        expect 5 m olga --lang en wipe run "$ID" --device "$STORE/registry.db" --confirm "$ID"
        [ "$(state)" = in-custody ]
        [ "$(m olga --json wipe status "$ID" | jq '.rows | length')" = 0 ]
}

@test "S6: a medium taken out and put back is another insertion: refused" {
        medium hdd CONFIDENCIAL 8M
        back=$(losetup -n -O BACK-FILE "$DEV")
        losetup --detach "$DEV"
        DEV=$(losetup --find --show "$back")
        printf '%s\n' "$DEV" >"$BATS_TEST_TMPDIR/loops"
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"[S6 · "* ]]
        survives
}

# start: the wipe in the background; returns when a durable point of its third pass is on disk.
start() {
        "$MPSI" --store "$STORE" --as olga "${SECRETS[@]}" --progress=json wipe run "$ID" --device "$DEV" --confirm "$ID" \
                >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
        JOB_PID=$!
        for _ in $(seq 300); do
                [ "$(jq -r .pass "$STORE/work/wipe-$ID.json" 2>/dev/null)" -ge 2 ] 2>/dev/null && return 0
                kill -0 $JOB_PID || return 1
                sleep 0.1
        done
        return 1
}

@test "S6 C3: a medium that the gate made read-only can be wiped; one that stays unsanitized is closed again" {
        medium hdd INTERNO 8M
        blockdev --setro "$DEV"
        expect 5 m olga wipe run "$ID" --device "$DEV" --confirm HQ00000099X
        [ "$(blockdev --getro "$DEV")" = 1 ]
        expect 0 m olga wipe run "$ID" --device "$DEV" --confirm "$ID"
        [ "$(blockdev --getro "$DEV")" = 0 ]
        gone
        medium hdd CONFIDENCIAL 512M
        blockdev --setro "$DEV"
        start
        [ "$(blockdev --getro "$DEV")" = 0 ]
        blockdev --setro "$DEV" # somebody closes it in mid-pass: no block is bad, the job waits to be resumed
        code=0
        wait $JOB_PID || code=$?
        JOB_PID=
        [ "$code" -eq 7 ]
        [ "$(job .state)" = interrupted ]
        [ "$(blockdev --getro "$DEV")" = 1 ]
        expect 0 m olga wipe resume "$ID" --device "$DEV" --confirm "$ID"
        [ "$(state)" = sanitized ]
}

@test "S7: kill -9 in mid-pass: the medium is barred, and resume ends it" {
        medium hdd CONFIDENCIAL 512M
        start
        [ "$(job '.state, .alive')" = "running true" ]
        expect 75 m olga wipe resume "$ID" --device "$DEV" --confirm "$ID"
        kill -9 $JOB_PID
        wait $JOB_PID || true
        JOB_PID=
        [ "$(job '.state, .alive')" = "running false" ]
        [ "$(state)" = unsanitized ]
        expect 7 m olga wipe run "$ID" --device "$DEV" --confirm "$ID"
        expect 0 m olga --json wipe resume "$ID" --device "$DEV" --confirm "$ID"
        [ "$(jq -r '[.result, .verification.bytes] | join(" ")' <<<"$output")" = "sanitized $((512 << 20))" ]
        passes_are_timed 8
        [ "$(job '.state, .resumed')" = "sanitized 1" ]
        [ "$(state)" = sanitized ]
        gone
        expect 0 m sara ledger verify
}

@test "S7: others write to the store while a wipe runs; ^C stops it at a durable point; the ledger stays whole" {
        medium hdd CONFIDENCIAL 512M
        start
        expect 0 m sara person add eva --full-name "Eva Mar" --roles user
        expect 0 m sara person add iker --full-name "Iker Sol" --roles user
        kill -INT $JOB_PID
        code=0
        wait $JOB_PID || code=$?
        JOB_PID=
        [ "$code" -eq 75 ]
        jq -e -s '.[-1] | .subject == "'"$ID"'" and .total > 0 and .done <= .total' <"$BATS_TEST_TMPDIR/err" >/dev/null ||
                grep -q '"rate"' "$BATS_TEST_TMPDIR/err"
        [ "$(job .state)" = interrupted ]
        [ "$(state)" = unsanitized ]
        expect 0 m sara ledger verify
        rm "$STORE/work/wipe-$ID.json" # work state may be lost: it starts from the first pass, under a new seed
        expect 0 m olga --lang en wipe resume "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"starting from the first pass"* ]]
        [ "$(state)" = sanitized ]
        expect 0 m sara ledger verify
}

@test "S7: cancelled from another process; the medium stays unsanitized and can be wiped anew" {
        medium hdd CONFIDENCIAL 512M
        start
        expect 0 m oto wipe cancel "$ID" --reason "wrong bay"
        code=0
        wait $JOB_PID || code=$?
        JOB_PID=
        [ "$code" -eq 7 ]
        [ "$(job .state)" = cancelled ]
        [ "$(state)" = unsanitized ]
        expect 7 m olga wipe resume "$ID" --device "$DEV" --confirm "$ID"
        expect 7 m olga wipe verify "$ID" --device "$DEV"
        expect 7 m oto wipe cancel "$ID" --reason again
        expect 0 m olga wipe run "$ID" --device "$DEV" --confirm "$ID"
        [ "$(state)" = sanitized ]
        gone
}

@test "S5: areas that fail are named, and the medium is not sanitized" {
        mkdir "$BATS_TEST_TMPDIR/small"
        mount -t tmpfs -o size=6m tmpfs "$BATS_TEST_TMPDIR/small"
        truncate -s 8M "$BATS_TEST_TMPDIR/small/i"
        DEV=$(losetup --find --show "$BATS_TEST_TMPDIR/small/i")
        printf '%s\n' "$DEV" >"$BATS_TEST_TMPDIR/loops"
        blockdev --setrw "$DEV"
        ID=$(m cus --json media register "$DEV" --kind hdd --classification INTERNO --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 30 | jq -r .id)
        expect 6 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID"
        [[ $output == *"NOT sanitized"* && $output == *"[S5 · "* ]]
        [ "$(job .state)" = not-sanitized ]
        [ "$(state)" = unsanitized ]
        expect 0 m sara --json ledger export --out "$BATS_TEST_TMPDIR/events"
        [ "$(jq -r 'select(.type == "sanitization.finished") | .data | .bytes_not_reached > 1000000 and .areas_count > 0' "$BATS_TEST_TMPDIR/events")" = true ]
}

@test "S4: a byte that changes after the wipe is found by wipe verify, and the medium is barred" {
        medium hdd INTERNO 16M
        expect 0 m olga wipe run "$ID" --device "$DEV" --confirm "$ID"
        [ "$(state)" = sanitized ]
        printf 'X' | dd of="$DEV" bs=1 seek=9000000 conv=notrunc,fsync status=none
        expect 6 m oto --lang en wipe verify "$ID" --device "$DEV"
        [[ $output == *"512 bytes differ"* && $output == *"[S4 · "* ]]
        [ "$(state)" = unsanitized ]
        expect 0 m sara ledger verify
}

@test "S7 S9 X1: what one began another ends: neither may supervise, and the certificate names both" {
        medium hdd CONFIDENCIAL 512M
        for who in cus olga oto; do
                m sara person enrol "$who" >/dev/null
        done
        start
        kill -9 $JOB_PID
        wait $JOB_PID || true
        JOB_PID=
        expect 0 m oto wipe resume "$ID" --device "$DEV" --confirm "$ID"
        expect 0 m cus wipe validate "$ID" --decision accept --reason Conforme
        expect 3 m olga certificate issue "$ID" --supervisor olga
        expect 3 m olga --lang en certificate issue "$ID" --supervisor oto
        [[ $output == *"oto executed"*"[X1 · "* ]]
        expect 0 m olga certificate issue "$ID" --supervisor cus --out "$BATS_TEST_TMPDIR/c.pdf"
        pdftotext -layout "$BATS_TEST_TMPDIR/c.pdf" - | tr -s ' \n' '  ' >"$BATS_TEST_TMPDIR/c.txt"
        grep -q 'Oto Ríos' "$BATS_TEST_TMPDIR/c.txt"
        grep -q 'que terminó lo que' "$BATS_TEST_TMPDIR/c.txt"
}
