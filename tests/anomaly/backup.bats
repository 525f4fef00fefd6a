#!/usr/bin/env bats
# A backup that is killed, or whose disk runs full, at any moment: no file looks complete that is not, no fact speaks of a
# file that is not there, and nothing decrypted stays behind (X7, C10). MPSI_BACKUP_KILLS=n, MPSI_SEED=n.
load helper

KILLS=${MPSI_BACKUP_KILLS:-40}

setup_file() {
        store_make_once
}

setup() {
        store_copy
        SEED=${MPSI_SEED:-$EPOCHSECONDS}
        RANDOM=$SEED
        printf '# seed %s\n' "$SEED" >&3
        export TMPDIR=$BATS_TEST_TMPDIR/tmp
        mkdir "$TMPDIR"
        # So much that a backup takes longer than the start of the program.
        head -c 24M /dev/urandom >"$BATS_TEST_TMPDIR/photo"
        cp "$BATS_TEST_TMPDIR/photo" "$STORE/attachments/$(sha256sum "$BATS_TEST_TMPDIR/photo" | cut -d' ' -f1)"
        out=$BATS_TEST_TMPDIR/out
        mkdir "$out"
}

teardown() {
        [ -z "${small:-}" ] || umount "$small"
}

recorded() {
        sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM backup'
}

# kill_after MS NAME ARGS…
kill_after() {
        local delay=$1 who=$2 pid
        shift 2
        "$MPSI" --store "$STORE" --as "$who" "${SECRET_OPTIONS[@]}" "$@" >/dev/null 2>&1 </dev/null 3>&- &
        pid=$!
        sleep "$(printf '0.%03d' "$delay")"
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
}

# Every file with a backup's name verifies, and every recorded backup has its file.
backups_are_sound() {
        local file digest
        for file in "$out"/*.mpsi; do
                [ -e "$file" ] || continue
                act elena backup verify "$file" >/dev/null || { printf 'not whole: %s\n' "$file"; return 1; }
        done
        while read -r digest; do
                sha256sum "$out"/*.mpsi | grep -q "^$digest" || { printf 'no file of %s\n' "$digest"; return 1; }
        done < <(sqlite3 "$STORE/registry.db" 'SELECT sha256 FROM backup')
}

@test "kill -9 at $KILLS random moments of backup create" {
        local try start took complete=0
        start=${EPOCHREALTIME/[.,]/}
        act ana backup create --out "$out/first.mpsi"
        # The disk may be slower the next time.
        took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000 * 2 + 20))
        for ((try = 0; try < KILLS; try++)); do
                kill_after $((RANDOM % (took > 999 ? 999 : took))) ana backup create --out "$out/$try.mpsi"
                [ ! -e "$out/$try.mpsi" ] || complete=$((complete + 1))
        done
        backups_are_sound
        store_is_whole 1
        printf '# %s of %s were complete, %s recorded\n' "$complete" "$KILLS" "$(recorded)" >&3
        [ "$complete" -lt "$KILLS" ]
        rm -f "$out"/*.part
        # What was left half done is cleared away by the next one.
        act ana backup create --out "$out/last.mpsi"
        [ -z "$(find "$STORE/work" -name 'mpsi-backup-*')" ]
        act elena backup verify "$out/last.mpsi"
}

@test "kill -9 of backup verify and restore: what they unpacked goes with the next run" {
        local try
        act ana backup create --out "$out/b.mpsi"
        for ((try = 0; try < 15; try++)); do
                kill_after $((RANDOM % 400)) elena backup verify "$out/b.mpsi"
                kill_after $((RANDOM % 400)) elena backup restore "$out/b.mpsi" --to "$out/restored$try"
                # A folder with the store's name is a whole store.
                [ ! -e "$out/restored$try" ] ||
                        "$MPSI" --store "$out/restored$try" --as elena ledger verify >/dev/null
        done
        store_is_whole 1
        act elena backup verify "$out/b.mpsi"
        [ -z "$(find "$STORE/work" -name 'mpsi-backup-*')" ]
        [ -z "$(ls -A "$TMPDIR")" ]
}

@test "the backup's disk runs full at every size" {
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: root is needed to mount a small file system'
        local size
        small=$BATS_TEST_TMPDIR/small
        mkdir "$small"
        mount -t tmpfs -o size=1m tmpfs "$small"
        for size in 1m 2m 9m 20m 24m; do
                mount -o "remount,size=$size" "$small"
                expect 1 act ana backup create --out "$small/b.mpsi"
                [[ $output == *"can't be written"* || $output == *"can't be created"* || $output == *"No se puede"* ]]
                [ -z "$(ls -A "$small")" ]
                [ "$(recorded)" -eq 0 ]
        done
        mount -o remount,size=32m "$small"
        act ana backup create --out "$small/b.mpsi"
        act elena backup verify "$small/b.mpsi"
        mkdir "$small/full"
        expect 1 act elena backup restore "$small/b.mpsi" --to "$small/full/restored"
        [ -z "$(ls -A "$small/full")" ]
        store_is_whole 1
}

@test "backup create: each write, sync, open and rename fails" {
        fresh_store() {
                rm -rf "$STORE" "$out"/*
                cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        }
        outcome_holds() {
                [ "$status" -eq 0 ] || [ ! -e "$out/b.mpsi" ] || [ "$(recorded)" -eq 1 ] || {
                        printf 'status %s, a file and no fact: %s\n' "$status" "$output"
                        return 1
                }
                [ "$(recorded)" -eq 0 ] || [ -e "$out/b.mpsi" ] || { printf 'a fact and no file\n'; return 1; }
                [ ! -e "$out/b.mpsi" ] || act elena backup verify "$out/b.mpsi" >/dev/null
        }
        every_call write,sync,open,rename 200 ana backup create --out "$out/b.mpsi"
}
