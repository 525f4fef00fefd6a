#!/usr/bin/env bats
# kill -9 at 200 random moments of the main job: nothing acknowledged is lost, the ledger verifies, and the next start
# finishes the act or says how it stands (X2, S7). MPSI_KILLS=n changes the number, MPSI_SEED=n the moments.
load helper

KILLS=${MPSI_KILLS:-200}

setup_file() {
        store_make_once
}

setup() {
        store_copy
        disk=$(image disk 20M)
        SEED=${MPSI_SEED:-$EPOCHSECONDS}
        RANDOM=$SEED
        printf '# seed %s\n' "$SEED" >&3
        ID=HQ00000001V
}

# The acts of the job in order. Each is tried many times from the same state, then done.
acts=(
        'carlos media register DISK --classification CONFIDENCIAL --category MEDIA --health --owner marta --expires 2099-12-31 --retention 400'
        'carlos media move ID --location HQ-S03-A12-E04-P023'
        'ana encrypt run ID DISK --confirm ID'
        'carlos label print ID --out OUT/label.pdf'
        'ana loan request ID --to ana --reason restore --due 2099-01-01 --location here'
        'marta loan approve ID'
        'carlos loan out ID --seal S-0091 --device DISK --supervisor luis --receipt OUT/receipt.pdf'
        'carlos loan in ID --seal S-0091 --condition good --device DISK'
        'carlos ship create --from here --to there --recipient luis --media ID --method certified-courier --route A --limit 48 --reason copy'
        'carlos ship pack E000001 --level encrypted-medium --level antistatic-bag --level foam --level rigid-container --level security-seal --level outer-pack --seal S-0092 --label-checked --device ID=DISK'
        'marta ship authorise E000001'
        'carlos ship dispatch E000001 --seal S-0092'
        'carlos ship pickup E000001 --seal S-0092 --company C --courier M1'
        'carlos ship track E000001 --event en-route --position 40.1,-3.9 --sign'
        'luis ship deliver E000001 --seal S-0092'
        'luis ship confirm E000001 --media ID --device ID=DISK --location HQ-S03-A12-E04-P023'
        'ana wipe run ID --device DISK --confirm ID'
)

words_of() {
        local word
        words=()
        for word in $1; do
                word=${word/#DISK/$disk}
                word=${word/=DISK/=$disk}
                word=${word/#OUT/$BATS_TEST_TMPDIR}
                words+=("${word/#ID/$ID}")
        done
}

keep_state() {
        rm -rf "$BATS_TEST_TMPDIR/kept"
        cp -a "$STORE" "$BATS_TEST_TMPDIR/kept"
        cp --sparse=always "$disk" "$BATS_TEST_TMPDIR/kept.img"
}

# The image keeps its inode: that is its identity.
bring_back() {
        rm -rf "$STORE"
        cp -a "$BATS_TEST_TMPDIR/kept" "$STORE"
        cat "$BATS_TEST_TMPDIR/kept.img" >"$disk"
}

milliseconds() {
        local now=${EPOCHREALTIME/[.,]/}
        printf '%s\n' "$((now / 1000))"
}

# Kills the act after $1 ms. Sets acknowledged=1 when it had answered 0 before.
kill_after() {
        local pid status=0
        # Not act: the process to kill is the program itself, not a shell around it.
        "$MPSI" --store "$STORE" --as "${words[0]}" "${SECRET_OPTIONS[@]}" "${words[@]:1}" \
                >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- &
        pid=$!
        sleep "$(printf '0.%03d' "$1")"
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || status=$?
        acknowledged=$((status == 0))
}

# Done again after the kill: it succeeds, or says that it is done (7), refused (5) or asks for another order, with a word
# of what to do; never damage.
goes_on() {
        local status=0 said
        said=$(act "${words[@]}" 2>&1 </dev/null) || status=$?
        case "$status" in
        0 | 5 | 7) ;;
        *) printf 'after the kill: %s %s\n' "$status" "$said"; return 1 ;;
        esac
        [ "$status" -eq 0 ] || [ -n "$said" ]
}

@test "kill -9 at $KILLS random moments of the main job" {
        local line took before killed=0 finished=0 each=$(((KILLS + ${#acts[@]} - 1) / ${#acts[@]})) try start
        for line in "${acts[@]}"; do
                words_of "$line"
                before=$(events)
                keep_state
                start=$(milliseconds)
                act "${words[@]}"
                took=$(($(milliseconds) - start + 1))
                for ((try = 0; try < each; try++)); do
                        bring_back
                        kill_after $((RANDOM % (took > 999 ? 999 : took)))
                        killed=$((killed + 1))
                        store_is_whole "$((before + acknowledged))" || { printf 'after: %s\n' "$line"; return 1; }
                        finished=$((finished + acknowledged))
                        goes_on || { printf 'after: %s\n' "$line"; return 1; }
                        store_is_whole "$((before + acknowledged))" || { printf 'again: %s\n' "$line"; return 1; }
                done
                bring_back
                act "${words[@]}"
        done
        printf '# %s kills, %s of them after the answer\n' "$killed" "$finished" >&3
        [ "$killed" -ge "$KILLS" ]
}
