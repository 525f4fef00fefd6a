#!/usr/bin/env bats
# A hand-over and its revocation, killed at each of their writes to the medium, before it and in the middle of it: no
# passphrase opens a medium that the register does not know of, the ledger is whole, and repeating the verb finishes it (C8).
# MPSI_HANDOVER_STEP=n: every n-th write.
load helper

ID=HQ00000001V
STEP=${MPSI_HANDOVER_STEP:-3}

setup_file() {
        store_make_once
        disk=$BATS_FILE_TMPDIR/disk.img
        truncate -s 32M "$disk"
        act carlos media register "$disk" --kind hdd --classification CONFIDENCIAL --category MEDIA --owner marta \
                --expires 2099-12-31 --retention 400
        act ana encrypt run "$ID" "$disk" --confirm "$ID" --no-fill
        act carlos encrypt handover "$ID" "$disk" --to marta --letter "$BATS_FILE_TMPDIR/first.pdf"
        keep handed
        act carlos encrypt revoke "$ID" "$disk"
        keep plain
}

# What there is now, to be brought back for each try. The image keeps its inode: that is its identity.
keep() {
        cp -a "$STORE" "$BATS_FILE_TMPDIR/$1"
        cp --sparse=always "$disk" "$BATS_FILE_TMPDIR/$1.img"
}

bring_back() {
        rm -rf "$STORE" "$BATS_TEST_TMPDIR/letter.pdf"
        cp -a "$BATS_FILE_TMPDIR/$1" "$STORE"
        cat "$BATS_FILE_TMPDIR/$1.img" >"$disk"
}

setup() {
        STORE=$BATS_TEST_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=en
        make_secrets
        disk=$BATS_FILE_TMPDIR/disk.img
}

killed() { # HOW AT ARGS…
        local how=$1 at=$2 report=$BATS_TEST_TMPDIR/calls
        shift 2
        rm -f "$report"
        status=0
        output=$(MPSI_FAULT=write,sync MPSI_FAULT_ON=$disk MPSI_FAULT_AT=$at MPSI_FAULT_KILL=$how \
                MPSI_FAULT_REPORT=$report LD_PRELOAD=$MPSI_FAULTS act "$@" 2>&1 </dev/null) || status=$?
        calls=0
        [ ! -f "$report" ] || read -r calls _ <"$report"
}

live() {
        act carlos --json encrypt handovers "$ID" | jq '[.rows[] | select(.state == "live")] | length'
}

checked() {
        act ana --json encrypt check "$disk" 2>/dev/null || true
}

human_slots() {
        checked | jq '[.rows[] | select(.use == "human")] | length'
}

# A revocation that the next look finishes has nothing left to revoke: then it says so.
again() { # VERB
        case $1 in
        handover) act carlos encrypt handover "$ID" "$disk" --to marta --letter "$BATS_TEST_TMPDIR/letter.pdf" ;;
        revoke) act carlos encrypt revoke "$ID" "$disk" ;;
        esac
}

# The medium is writable only with the slots that are on record; what was left unfinished is told with the verb that finishes it.
sound_after_cut() { # VERB
        local said
        said=$(checked)
        case $(jq -r .decision <<<"$said") in
        accept) [ "$(jq '[.rows[] | select(.use == "human")] | length' <<<"$said")" -eq "$(live)" ] ;;
        read-only | refuse) grep -q "repeat “encrypt $1”" <<<"$said" ;;
        *) false ;;
        esac || { printf 'check: %s\n' "$said"; return 1; }
}

cut_everywhere() { # FROM VERB WANTED_SLOTS AGAIN
        local from=$1 verb=$2 wanted=$3 how at before total cuts=0 said
        local -a call=(carlos encrypt "$verb" "$ID" "$disk")
        [ "$verb" = revoke ] || call+=(--to marta --letter "$BATS_TEST_TMPDIR/letter.pdf")
        bring_back "$from"
        before=$(events)
        killed before 0 "${call[@]}"
        [ "$status" -eq 0 ] || { printf 'without a kill: %s\n' "$output"; return 1; }
        total=$calls
        [ "$total" -gt 2 ] || { printf "%s calls\n" "$total"; return 1; }
        for how in before torn; do
                for ((at = 1; at <= total; at += STEP)); do
                        bring_back "$from"
                        killed "$how" "$at" "${call[@]}"
                        rm -f "$BATS_TEST_TMPDIR/letter.pdf"
                        [ "$status" -eq 137 ] && store_is_whole "$before" && sound_after_cut "$verb" &&
                                { said=$(again "$verb" 2>&1) || [ "$verb" = revoke ]; } && store_is_whole "$before" &&
                                [ "$(human_slots)" -eq "$wanted" ] && [ "$(live)" -eq "$wanted" ] || {
                                printf '%s, %s: cut %s of %s, status %s: %s\n' "$verb" "$how" "$at" "$total" "$status" "${said:-}"
                                return 1
                        }
                        cuts=$((cuts + 1))
                done
        done
        printf '# %s: %s kills at its %s writes and syncs, before and torn\n' "$verb" "$cuts" "$total" >&3
}

@test "C8: a hand-over cut at its writes leaves no passphrase that is not on record, and is repeated" {
        cut_everywhere plain handover 1
}

@test "C8: a revocation cut at its writes is told as not done, and is repeated" {
        cut_everywhere handed revoke 0
}
