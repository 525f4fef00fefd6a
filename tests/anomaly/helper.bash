# What the anomaly tests share: a store made once, a fresh copy for each try, and the two questions after each:
# is the store whole, and is everything that was acknowledged still there?
load ../cli/helper
load ../cli/store

# One copy for each try.
fresh_store() {
        rm -rf "$STORE"
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
}

events() {
        sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM event'
}

# The ledger verifies, its state tables follow from the events, and no event that was acknowledged before is gone.
# store_is_whole EVENTS
store_is_whole() {
        local now said
        said=$(act elena ledger verify 2>&1) || { printf 'ledger verify: %s\n' "$said"; return 1; }
        now=$(events)
        [ "$now" -ge "$1" ] || { printf '%s events are left of %s\n' "$now" "$1"; return 1; }
}

# faulty KINDS AT LAST NAME ARGS…: one act in which the AT-th call of KINDS fails (LAST=1: and all after it). Sets
# status, output, calls and failed.
faulty() {
        local kinds=$1 at=$2 last=$3 report=$BATS_TEST_TMPDIR/calls
        shift 3
        rm -f "$report"
        status=0
        output=$(MPSI_FAULT=$kinds MPSI_FAULT_AT=$at MPSI_FAULT_LAST=$last MPSI_FAULT_REPORT=$report \
                MPSI_FAULT_ERRNO=${FAULT_ERRNO:-} LD_PRELOAD=$MPSI_FAULTS act "$@" 2>&1 </dev/null) || status=$?
        calls=0 failed=0
        [ ! -f "$report" ] || read -r calls failed <"$report"
}

# An ordinary end: done, or an exit status of ours with a message; never a signal, a sanitizer or a hang.
ended_in_order() {
        [ "$status" -lt 100 ] || { printf 'status %s: %s\n' "$status" "$output"; return 1; }
        [ "$status" -eq 0 ] || [ -n "$output" ] || { printf 'status %s without a word\n' "$status"; return 1; }
}

# every_call KINDS MOST NAME ARGS…: fails each call of KINDS in turn, or, of more than MOST, the first ones and a spread
# over the rest. `check`, when the test defines it, is asked about each outcome.
every_call() {
        local kinds=$1 most=$2 total step at before tries=0
        shift 2
        fresh_store
        before=$(events)
        faulty "$kinds" 0 0 "$@"
        [ "$status" -eq 0 ] || { printf 'without a fault: %s %s\n' "$status" "$output"; return 1; }
        total=$calls
        [ "$total" -gt 0 ]
        step=1
        for ((at = 1; at <= total; at += step)); do
                fresh_store
                faulty "$kinds" "$at" "${LAST:-0}" "$@"
                tries=$((tries + 1))
                ended_in_order && store_is_whole "$before" && outcome_holds || {
                        printf '%s: call %s of %s\n' "$kinds" "$at" "$total"
                        return 1
                }
                [ "$at" -lt $((most / 2)) ] || [ "$total" -le "$most" ] || step=$(((total - most / 2) / (most / 2) + 1))
        done
        printf '# %s: %s of %s calls failed in turn: %s\n' "$kinds" "$tries" "$total" "$*" >&3
}

# Replaced by a test that knows more: what an acknowledged act must have left behind.
outcome_holds() { :; }
