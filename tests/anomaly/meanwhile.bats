#!/usr/bin/env bats
# While a form is drawn, a pack gathered or a key opened, others write; what is recorded is true of one moment, and a
# death in between leaves nothing (A2, A4, X2).
load helper

setup_file() {
        store_make_once
        register 'box 1'
        register 'box 2'
}

setup() {
        store_copy
        OUT=$BATS_TEST_TMPDIR/out
        mkdir "$OUT"
}

teardown() {
        [ -z "${stopped:-}" ] || kill -KILL "$stopped" 2>/dev/null || true
}

register() {
        act carlos media register --kind paper --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires 2099-12-31 --retention 400 --note "$1"
}

# begin_and_stop AT NAME ARGS…: an act that stops before its AT-th rename. Sets stopped, its process.
begin_and_stop() {
        local at=$1 place=$BATS_TEST_TMPDIR/stop
        shift
        rm -f "$place"
        MPSI_FAULT=rename MPSI_FAULT_AT=$at MPSI_FAULT_LAST=${LAST:-0} MPSI_FAULT_STOP=$place LD_PRELOAD=$MPSI_FAULTS \
                act "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        shell=$!
        await_stop
}

await_stop() {
        local place=$BATS_TEST_TMPDIR/stop tries
        for ((tries = 0; tries < 600; tries++)); do
                stopped=$(cat "$place" 2>/dev/null) || true
                if [ -n "$stopped" ] && grep -q '^State:.*T' "/proc/$stopped/status" 2>/dev/null; then
                        rm -f "$place"
                        return
                fi
                sleep 0.05
        done
        cat "$BATS_TEST_TMPDIR/said"
        return 1
}

go_on() {
        kill -CONT "$stopped"
}

# Its end, and what it said.
end_of_it() {
        status=0
        wait "$shell" || status=$?
        stopped=
        [ "$status" -eq "$1" ] || { cat "$BATS_TEST_TMPDIR/said"; return 1; }
}

# The events from the N-th on, as "type subject".
since() {
        sqlite3 -separator ' ' "$STORE/registry.db" "SELECT type, subject FROM event WHERE seq > $1 ORDER BY seq"
}

number_of() {
        jq -r .number "$1"
}

@test "A2: while the inventory is drawn another act is done; the form is of its own moment and says so" {
        local before
        before=$(events)
        begin_and_stop 1 carlos report R-110-022 --pdf "$OUT/i.pdf" --data "$OUT/i.json"
        [ "$(events)" -eq "$before" ]
        flock -n "$STORE/lock" true
        register 'box 3'
        [ "$(events)" -eq $((before + 1)) ]
        [ ! -e "$OUT/i.pdf" ]

        go_on
        end_of_it 0
        [ "$(jq '.media | length' "$OUT/i.json")" -eq 2 ]
        [[ $(number_of "$OUT/i.json") == *-$(printf %06d $((before + 1))) ]]
        [ "$(since "$before" | cut -d' ' -f1 | paste -sd' ')" = 'medium.registered report.made' ]
        [ "$(find "$OUT" -type f | wc -l)" -eq 2 ]
        [ "$(sqlite3 "$STORE/registry.db" "SELECT data ->> '\$.files[0]' FROM event ORDER BY seq DESC LIMIT 1")" = \
                "$(sha256sum "$OUT/i.pdf" | cut -d' ' -f1)" ]
        store_is_whole $((before + 2))
}

@test "A2: two forms of the same moment never have one number: the second is drawn anew, in the end under the lock" {
        local before a b
        before=$(events)
        LAST=1 begin_and_stop 1 carlos report R-110-022 --data "$OUT/a.json"
        act marta media list >/dev/null
        act elena report R-110-022 --data "$OUT/b.json"
        go_on
        await_stop
        flock -n "$STORE/lock" true
        act elena report R-110-023 --data "$OUT/c.json"
        go_on
        await_stop
        # Twice is enough: nobody comes in between now.
        run flock -n "$STORE/lock" true
        [ "$status" -eq 1 ]
        go_on
        await_stop # the file gets its name
        go_on
        end_of_it 0

        [[ $(number_of "$OUT/b.json") == *-$(printf %06d $((before + 1))) ]]
        [[ $(number_of "$OUT/c.json") == *-$(printf %06d $((before + 2))) ]]
        [[ $(number_of "$OUT/a.json") == *-$(printf %06d $((before + 3))) ]]
        [ "$(since "$before" | sort -u | wc -l)" -eq 3 ]
        store_is_whole $((before + 3))
}

@test "X2: killed while it draws, a form leaves no record, uses no number, and has no file" {
        local before
        before=$(events)
        begin_and_stop 1 carlos report R-110-022 --pdf "$OUT/i.pdf"
        kill -KILL "$stopped"
        end_of_it 137
        [ "$(events)" -eq "$before" ]
        [ ! -e "$OUT/i.pdf" ]
        act carlos report R-110-022 --data "$OUT/i.json"
        [[ $(number_of "$OUT/i.json") == *-$(printf %06d $((before + 1))) ]]
        store_is_whole $((before + 1))
}

@test "A4: killed once it is on record, a form has not got its name yet: none leaves untold" {
        local before
        before=$(events)
        begin_and_stop 2 carlos report R-110-022 --pdf "$OUT/i.pdf"
        [ "$(since "$before" | cut -d' ' -f1)" = report.made ]
        [ ! -e "$OUT/i.pdf" ]
        kill -KILL "$stopped"
        end_of_it 137
        store_is_whole $((before + 1))
}

@test "A2: while a pack is gathered another act is done; all its forms are of one moment, each with its number" {
        local before
        before=$(events)
        begin_and_stop 1 elena report pack --out "$OUT/pack" --for 'Auditora'
        flock -n "$STORE/lock" true
        register 'box 3'
        act carlos report R-110-022 --data "$OUT/i.json"
        go_on
        end_of_it 0
        [ "$(jq '.media | length' "$OUT/pack/R-110-022/inventory.json")" -eq 2 ]
        [ "$(jq '.media | length' "$OUT/i.json")" -eq 3 ]
        [ "$(since "$before" | cut -d' ' -f1 | paste -sd' ')" = \
                'pack.started medium.registered report.made report.made report.made report.made pack.made' ]
        [[ $(number_of "$OUT/pack/R-110-022/inventory.json") == *-$(printf %06d $((before + 1)))-1 ]]
        [[ $(number_of "$OUT/pack/R-110-023/accesses.json") == *-$(printf %06d $((before + 1)))-2 ]]
        (cd "$OUT/pack" && sh verify.sh "$STORE/org/ca.crt")
        store_is_whole $((before + 7))
}

@test "A4: each write, sync, open and rename of a form fails: what has its name is on record, and nothing else is left" {
        fresh_store() {
                rm -rf "$STORE" "$OUT"
                cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
                mkdir "$OUT"
        }
        outcome_holds() {
                local made
                made=$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'report.made'")
                [ ! -e "$OUT/i.pdf" ] || [ "$made" -eq 1 ] || { printf 'a file and no fact: %s\n' "$output"; return 1; }
                [ "$status" -ne 0 ] || [ -e "$OUT/i.pdf" ] || { printf 'no file and no error\n'; return 1; }
                [ -z "$(find "$OUT" -name '.mpsi-*')" ] || { printf 'left: %s\n' "$(ls -A "$OUT")"; return 1; }
        }
        every_call write,sync,open,rename 60 carlos report R-110-022 --pdf "$OUT/i.pdf"
}

@test "A4: a pack that is killed while it gathers has told that it began, and of no form" {
        local before
        before=$(events)
        begin_and_stop 20 elena report pack --out "$OUT/pack" --for 'Auditora'
        kill -KILL "$stopped"
        end_of_it 137
        [ "$(since "$before" | cut -d' ' -f1)" = pack.started ]
        [ ! -e "$OUT/pack" ]
        store_is_whole $((before + 1))
}

# The PIN comes through a pipe that somebody else holds: for as long as they like.
sign_slowly() {
        local tries
        SLOW=$BATS_TEST_TMPDIR/pin
        mkfifo "$SLOW"
        "$MPSI" --store "$STORE" --as carlos --lang en --secret "pin:carlos=file:$SLOW" stocktake finish R000001 \
                --sign >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        shell=$! stopped=$!
        exec 7<>"$SLOW"
        for ((tries = 0; tries < 600; tries++)); do
                [ -z "$(find "/proc/$stopped/fd" -lname "$SLOW" 2>/dev/null)" ] || return 0
                sleep 0.05
        done
        cat "$BATS_TEST_TMPDIR/said"
        return 1
}

@test "X2: while a signer looks for their PIN another act is done, and what is signed is what is there by then" {
        local before id
        act carlos stocktake start HQ-S03
        before=$(events)
        sign_slowly
        flock -n "$STORE/lock" true
        id=$(id_in "$(register 'box 3')")
        act carlos media move "$id" --location HQ-S03-A12-E04-P023
        cat "$SECRETS/pin-carlos" >&7
        exec 7>&-
        end_of_it 0
        [ "$(since "$before" | cut -d' ' -f1 | head -n 2 | paste -sd' ')" = 'medium.registered medium.moved' ]
        act carlos --json stocktake show R000001 >"$OUT/n.json"
        [ "$(jq -r .expected "$OUT/n.json")" -eq 1 ]
        [ "$(jq -r '.signatures[0].standing' "$OUT/n.json")" = valid ]
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'stocktake.finished'")" -eq 1 ]
        store_is_whole $((before + 3))
}

@test "X2: killed while a signer looks for their PIN, nothing is on record" {
        local before
        act carlos stocktake start HQ-S03
        before=$(events)
        sign_slowly
        kill -KILL "$stopped"
        end_of_it 137
        exec 7>&-
        [ "$(events)" -eq "$before" ]
        store_is_whole "$before"
}
