# X5, X1, X2, C4, C10: `doctor` and the baseline as a user runs them. What is on this machine is what it is: each test
# breaks only its own store.
load helper

setup() {
        make_store
        m sara person add sam --full-name "Sam Vidal" --roles security >/dev/null
        m sara person add aud --full-name "Aud Vela" --roles auditor --expires "$(date -d '+20 days' +%F)" >/dev/null
}

# doctor: its exit status is 0 or 6, whatever this machine is like.
doctor() {
        run m "$1" --lang "${2:-en}" doctor
        [ "$status" -eq 0 ] || [ "$status" -eq 6 ]
}

# tamper SQL: behind the program's back, triggers dropped.
tamper() {
        sqlite3 "$STORE/registry.db" "DROP TRIGGER event_keep; DROP TRIGGER event_stay; DROP TRIGGER checkpoint_stay;
                DROP TRIGGER checkpoint_keep; $1"
}

@test "X1: the station's weaknesses are told to those who mend or audit it" {
        for who in sara oto aud; do
                doctor "$who"
        done
        expect 3 m cus doctor
        expect 3 m ana doctor
}

@test "C4: a recovery key that was left on the station is named, in both languages, with the remedy" {
        doctor sara en
        [[ $output == *"! the recovery key is still in"*"[C4]"*"→ Take folder recovery/"* ]]
        doctor sara es
        [[ $output == *"! la clave de recuperación sigue en"*"[C4]"*"→ Lleve la carpeta recovery/"* ]]
        rm "$STORE/recovery/recovery.key"
        doctor sara en
        [[ $output != *"recovery key is still"* ]]
}

@test "C10: a store that others can read is a failure" {
        chmod o+r "$STORE/station.key"
        expect 6 m sara --lang en doctor
        [[ $output == *"✗ 1 files of the store are open to anybody, such as"*"station.key"*"[C10]"* ]]
        chmod 640 "$STORE/vault.db"
        expect 6 m sara --lang en doctor
        [[ $output == *"✗ others can read the vault (0640)"* ]]
}

@test "X2: a cut ledger and a clock set back are failures" {
        last=$(sqlite3 "$STORE/registry.db" "SELECT max(seq) FROM event")
        tamper "UPDATE event SET time = time + 172800000000 WHERE seq = $last" # to the clock, events of the future
        expect 6 m sara --lang en doctor
        [[ $output == *"✗ the clock was set back: the newest event is of"*"[X2]"* ]]
        sqlite3 "$STORE/registry.db" "DELETE FROM event WHERE seq = $last; DELETE FROM checkpoint WHERE size = $last"
        expect 6 m sara --lang en doctor
        [[ $output == *"✗ The ledger is not the one this station signed"*"[X2]"* ]]
}

@test "doctor changes nothing" {
        before=$(cd "$STORE" && find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort)
        doctor sara
        [ "$before" = "$(cd "$STORE" && find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort)" ]
}

@test "X5: a baseline is recorded, shown, listed and checked" {
        expect 4 m sara baseline check
        expect 2 m sara baseline record
        expect 3 m oto baseline record --reason x
        expect 0 m sara --lang en baseline record --reason "first set-up"
        [[ $output == *"Baseline B000001"*"is in force"* ]]
        expect 7 m sara baseline record --reason again
        expect 0 m aud --json baseline show
        [ "$(jq -r '.state, .recorded_by, .approved_by' <<<"$output" | paste -sd' ')" = "in-force sara " ]
        jq -e '.rows | map(.key) | index("kernel:release")' <<<"$output" >/dev/null
        digest=$(jq -r .digest <<<"$output")
        [ "$(sha256sum "$STORE/attachments/$digest" | cut -d' ' -f1)" = "$digest" ]
        expect 0 m oto --lang en baseline check
        [[ $output == *"The configuration is that of baseline B000001"* ]]
        expect 0 m aud --json baseline list --checks
        [ "$(jq -r '.rows[0] | [.level, .drift_rate, .coverage, .key_coverage] | join(" ")' <<<"$output")" = "none 0 100 10000" ]
        expect 0 m sara ledger verify
}

@test "X5, X2: a baseline that was altered on disk is not believed" {
        m sara baseline record --reason "first set-up"
        digest=$(m sara --json baseline show | jq -r .digest)
        sed -i 's/kernel:release/kernel:releasE/' "$STORE/attachments/$digest"
        expect 6 m sara --lang en baseline check
        [[ $output == *"not what was recorded"*"[X5"* ]]
        expect 6 m sara --lang en doctor
        [[ $output == *"✗ The content of baseline B000001"* ]]
}

@test "X1: a changed baseline waits for another person, and the old one stays in force" {
        m sara baseline record --reason "first set-up"
        digest=$(m sara --json baseline show | jq -r .digest)
        rm "$STORE/attachments/$digest" # lost: only so may the same configuration be recorded again
        expect 0 m sara --lang en baseline record --reason "map was lost"
        [[ $output == *"Baseline B000002 waits for another person's approval"* ]]
        [ "$(m sara --json baseline list | jq -r '[.rows[].state] | join(" ")')" = "pending in-force" ]
        expect 3 m sara baseline approve B000002
        expect 3 m oto baseline approve B000002
        expect 4 m sam baseline approve B000007
        expect 2 m sam baseline approve nonsense
        expect 0 m sam --lang en baseline approve "b 2"
        [ "$(m sara --json baseline list | jq -r '[.rows[].state] | join(" ")')" = "in-force superseded" ]
        expect 7 m ana baseline approve B000002
        expect 0 m sara ledger verify
}

@test "X2: a refused approval is on record" {
        m sara baseline record --reason "first set-up"
        rm "$STORE/attachments/$(m sara --json baseline show | jq -r .digest)"
        m sara baseline record --reason "map was lost"
        expect 3 m sara baseline approve B000002
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'act.refused' AND data LIKE '%baseline approve%'")" -eq 1 ]
}

@test "X5: what fails is in the answer too, beside the error" {
        chmod o+r "$STORE/station.key"
        expect 6 m sara --json --lang en doctor
        [ "$(jq -r '.error.status, .verdict' <<<"$output" | paste -sd' ')" = "6 fail" ]
        [ "$(jq -r '.rows[] | select(.check == "store" and .severity == "fail") | .rule' <<<"$output")" = C10 ]
        [ "$(jq '.ok + .info + .warn + .fail == (.rows | length)' <<<"$output")" = true ]
        expect 6 m sara --lang en doctor
        [[ $output == *"CHECK"*"STATUS"*"RULE"*"WHAT"* ]]
}
