#!/usr/bin/env bats
# encrypt run, encrypt check, key status and key escrow on loop devices, judged by cryptsetup and openssl.

load helper

mp() {
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en --secret "master=file:$BATS_TEST_TMPDIR/secret" \
                --secret "organisation=file:$BATS_TEST_TMPDIR/secret" --secret "recovery=file:$BATS_TEST_TMPDIR/secret" \
                --secret "pin:sara=file:$BATS_TEST_TMPDIR/secret" "$@"
}

setup() {
        need_loop_devices
        (umask 077 && echo 'correct horse battery' >"$BATS_TEST_TMPDIR/secret")
        mp init --organisation Hospital --site HQ --category ALTA --station desk --language es --admin sara \
                --admin-name 'Sara Gil' >/dev/null
        for person in olga:owner cus:custodian oto:operator; do
                mp --as sara person add "${person%:*}" --full-name "${person%:*}" --roles "${person#*:}" >/dev/null
        done
}

teardown() {
        loop_devices_detach
}

register() { # DEVICE CLASSIFICATION CATEGORY: prints the ID
        mp --as cus --json media register "$1" --classification "$2" --category "$3" --owner olga --expires 2036-01-01 \
                --retention 3650 | jq -r .id
}

@test "C1 C2: cryptsetup sees aes-xts-plain64 with 256 bits for MEDIA and 512 for ALTA, our label and our token" {
        for category in MEDIA:256:oto ALTA:512:sara; do
                IFS=: read -r name bits person <<<"$category"
                device=$(loop_device "$name" 32M)
                id=$(register "$device" SECRETO "$name")
                waiver=()
                [ "$name" = MEDIA ] || waiver=(--waiver 'no HSM yet')
                expect 0 mp --as "$person" encrypt run "$id" "$device" --confirm "$id" "${waiver[@]}"
                run cryptsetup luksDump "$device"
                [ "$status" -eq 0 ]
                [[ $output == *"cipher: aes-xts-plain64"* ]]
                [ "$(grep -c "Key:        $bits bits" <<<"$output")" -eq 2 ]
                [[ $output == *"Label:         	$id"* ]]
                [[ $output == *"Subsystem:     	mpsi:SECRETO"* ]]
                cryptsetup token export --token-id 0 "$device" | jq -e --arg id "$id" \
                        '.type == "mpsi" and .id == $id and .classification == "SECRETO" and .signature != null'
                expect 0 mp --as olga encrypt check "$device"
        done
        expect 0 mp --as sara ledger verify
}

@test "C4: the recovery key, openssl and cryptsetup alone open a medium" {
        device=$(loop_device medium 32M)
        id=$(register "$device" CONFIDENCIAL MEDIA)
        expect 0 mp --as oto encrypt run "$id" "$device" --confirm "$id"
        expect 3 mp --as oto key escrow "$id" --out "$BATS_TEST_TMPDIR/envelope"
        expect 0 mp --as sara key escrow "$id" --out "$BATS_TEST_TMPDIR/envelope"
        recovery=$BATS_TEST_TMPDIR/store/recovery
        openssl cms -decrypt -inform DER -in "$BATS_TEST_TMPDIR/envelope" -recip "$recovery/recovery.crt" \
                -inkey "$recovery/recovery.key" -passin "file:$BATS_TEST_TMPDIR/secret" -out "$BATS_TEST_TMPDIR/key"
        [ "$(stat -c %s "$BATS_TEST_TMPDIR/key")" -eq 64 ]
        run cryptsetup open --test-passphrase --key-slot 1 --key-file "$BATS_TEST_TMPDIR/key" "$device"
        [ "$status" -eq 0 ]
        run cryptsetup open --test-passphrase --key-slot 0 --key-file "$BATS_TEST_TMPDIR/key" "$device"
        [ "$status" -ne 0 ]
        # C10: what was escrowed stands in no file of the store.
        run python3 -c 'import pathlib,sys
key = open(sys.argv[1], "rb").read()
files = [f for f in pathlib.Path(sys.argv[2]).rglob("*") if f.is_file()]
print(len(files) > 5, [f for f in files if any(p in f.read_bytes() for p in (key[:16], key.hex()[:32].encode()))])' \
                "$BATS_TEST_TMPDIR/key" "$BATS_TEST_TMPDIR/store"
        [ "$output" = "True []" ]
}

@test "S6: a mounted or held device, another medium's, or an untyped ID is left alone" {
        device=$(loop_device held 32M)
        other=$(loop_device other 32M)
        id=$(register "$device" INTERNO MEDIA)
        expect 5 mp --as oto encrypt run "$id" "$other" --confirm "$id"
        expect 5 mp --as oto encrypt run "$id" "$device" --confirm "HQ"
        # Another program's claim, as a mount or device-mapper would hold it.
        python3 -c 'import os,sys,time; fd=os.open(sys.argv[1], os.O_RDONLY|os.O_EXCL); print("held", flush=True); time.sleep(20)' \
                "$device" >"$BATS_TEST_TMPDIR/holder" 3>&- &
        holder=$!
        until grep -q held "$BATS_TEST_TMPDIR/holder"; do sleep 0.05; done
        expect 75 mp --as oto encrypt run "$id" "$device" --confirm "$id"
        kill "$holder"
        wait "$holder" || true
        run cmp -n $((32 << 20)) "$device" /dev/zero
        [ "$status" -eq 0 ]
}

@test "S6: a device that is not as large as it was registered is left alone" {
        device=$(loop_device gone 64M)
        id=$(register "$device" INTERNO MEDIA)
        # The backing file shrinks and the loop device with it, as a stick that lies about its size.
        truncate -s 8M "$BATS_TEST_TMPDIR/gone.img"
        losetup --set-capacity "$device"
        expect 5 mp --as oto encrypt run "$id" "$device" --confirm "$id"
        truncate -s 64M "$BATS_TEST_TMPDIR/gone.img"
        losetup --set-capacity "$device"
        expect 0 mp --as oto encrypt run "$id" "$device" --confirm "$id"
}

@test "S7: killed at any moment, encryption can be repeated, and the ledger stays whole" {
        device=$(loop_device killed 32M)
        id=$(register "$device" INTERNO MEDIA)
        for delay in 0.05 0.15 0.25 0.35 0.45 0.6 0.8 1.0; do
                mp --as oto encrypt run "$id" "$device" --confirm "$id" --replace >/dev/null 2>&1 3>&- &
                victim=$!
                sleep "$delay"
                # mp is a shell function: the program is the subshell's child.
                pkill -KILL -P "$victim" || true
                wait "$victim" || true
                expect 0 mp --as sara ledger verify
                expect 0 mp --as sara key status
        done
        expect 0 mp --as oto encrypt run "$id" "$device" --confirm "$id" --replace
        expect 0 mp --as oto encrypt check "$device"
        [ "$(mp --as sara --json key status | jq '[.rows[] | select(.kind == "medium" and .state == "live").count] | add')" -eq 1 ]
        [ "$(mp --as sara --json key status | jq '.vault_keys')" -eq 2 ]
}
