#!/usr/bin/env bats
# A master key sealed by a TPM 2.0 (swtpm): C1, C4, C7, and that a change of the machine loses no medium.

load helper

mp() {
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en --secret "organisation=file:$BATS_TEST_TMPDIR/secret" \
                --secret "recovery=file:$BATS_TEST_TMPDIR/secret" --secret "pin:sara=file:$BATS_TEST_TMPDIR/secret" "$@"
}

with_phrase() {
        mp --secret "master=file:$BATS_TEST_TMPDIR/secret" "$@"
}

start_tpm() {
        mkdir -p "$BATS_TEST_TMPDIR/tpm"
        swtpm socket --tpm2 --tpmstate "dir=$BATS_TEST_TMPDIR/tpm" --server "type=unixio,path=$BATS_TEST_TMPDIR/sock" \
                --ctrl "type=unixio,path=$BATS_TEST_TMPDIR/sock.ctrl" --flags not-need-init,startup-clear \
                >"$BATS_TEST_TMPDIR/swtpm.log" 2>&1 3>&- &
        TPM=$!
        for _ in {1..100}; do
                [ -S "$BATS_TEST_TMPDIR/sock" ] && return
                sleep 0.05
        done
        cat "$BATS_TEST_TMPDIR/swtpm.log"
        return 1
}

stop_tpm() {
        kill "$TPM" 2>/dev/null || true
        wait "$TPM" || true
        rm -f "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/sock.ctrl"
}

setup() {
        command -v swtpm tpm2_pcrextend >/dev/null || skip 'SKIPPED: no swtpm or tpm2-tools'
        export TCTI=swtpm:path=$BATS_TEST_TMPDIR/sock
        export TPM2TOOLS_TCTI=$TCTI
        (umask 077 && echo 'correct horse battery' >"$BATS_TEST_TMPDIR/secret")
        start_tpm
        with_phrase init --organisation Hospital --site HQ --category ALTA --station desk --language es --admin sara \
                --admin-name 'Sara Gil' --provider tpm2 --tcti "$TCTI" >/dev/null
        for person in olga:owner cus:custodian oto:operator; do
                mp --as sara person add "${person%:*}" --full-name "${person%:*}" --roles "${person#*:}" >/dev/null
        done
}

teardown() {
        stop_tpm
}

register() { # DEVICE CATEGORY: prints the ID
        mp --as cus --json media register "$1" --classification SECRETO --category "$2" --owner olga --expires 2036-01-01 \
                --retention 3650 | jq -r .id
}

@test "C7: the TPM opens the vault without a question; for ALTA it is no HSM (C1)" {
        disk=$(image disk 32M)
        id=$(register "$disk" MEDIA)
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        expect 0 mp --as sara key rotate
        disk=$(image other 32M)
        id=$(register "$disk" ALTA)
        expect 5 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        [[ $output == *C1* ]]
        expect 0 mp --as sara ledger verify
}

@test "C4: a changed boot, a cleared TPM and none at all lose no medium: the passphrase opens, and reseal mends" {
        disk=$(image disk 32M)
        id=$(register "$disk" MEDIA)
        expect 0 mp --as oto encrypt run "$id" "$disk" --confirm "$id"
        tpm2_pcrextend 7:sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        expect 7 mp --as sara key rotate
        [[ $output == *"boot has changed"*"key unlock"* ]]
        expect 0 with_phrase --as sara key unlock --minutes 5
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara key lock
        expect 0 with_phrase --as sara key reseal
        expect 0 mp --as sara key rotate

        # Another TPM in its place.
        stop_tpm
        rm -rf "$BATS_TEST_TMPDIR/tpm"
        start_tpm
        expect 7 mp --as sara key rotate
        [[ $output == *"was cleared or is another one"* ]]
        expect 0 with_phrase --as sara key reseal
        expect 0 mp --as sara key rotate

        stop_tpm
        expect 1 mp --as sara key rotate
        [[ $output == *"There is no TPM"* ]]
        expect 0 with_phrase --as sara key unlock --minutes 5
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara key lock
        # The wrong phrase opens nothing.
        echo 'wrong horse battery' >"$BATS_TEST_TMPDIR/secret"
        expect 3 with_phrase --as sara key unlock
        expect 0 mp --as sara ledger verify
        start_tpm
}

@test "C7: a TPM that others locked out by failed attempts still opens the vault: ours is no object that counts" {
        cd "$BATS_TEST_TMPDIR"
        tpm2_dictionarylockout --setup-parameters --max-tries=1 --recovery-time=9999 --lockout-recovery-time=9999
        tpm2_createprimary --quiet -C o -c primary.ctx
        echo theirs | tpm2_create --quiet -C primary.ctx -p right -i - -u seal.pub -r seal.priv
        tpm2_flushcontext --transient-object
        tpm2_load --quiet -C primary.ctx -u seal.pub -r seal.priv -c seal.ctx
        tpm2_flushcontext --transient-object
        run tpm2_unseal -c seal.ctx -p wrong
        [ "$status" -ne 0 ]
        run tpm2_unseal -c seal.ctx -p right
        [ "$status" -ne 0 ]
        [[ $output == *"lockout"* ]]
        tpm2_flushcontext --transient-object
        expect 0 mp --as sara key rotate
        expect 0 mp --as sara ledger verify
}

@test "a TPM that hangs is given up" {
        kill -STOP "$TPM"
        expect 1 mp --as sara key rotate
        kill -CONT "$TPM"
        [[ $output == *"has not answered"* ]]
        expect 0 mp --as sara key rotate
}
