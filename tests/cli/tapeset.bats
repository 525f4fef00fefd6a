#!/usr/bin/env bats
# Tape sets: a key each, given to the backup system's certificate only, gone when it is destroyed.

bats_require_minimum_version 1.5.0
load helper

setup() {
        make_store
}

tape() { # SERIAL: prints the ID of a tape of category MEDIA
        register_tape "$1"
}

certificate() { # NAME NEWKEY…: a self-signed one in the test's folder
        local name=$1
        shift
        openssl req -x509 -nodes -days 30 -subj "/CN=Backup $name" -keyout "$BATS_TEST_TMPDIR/$name.key" \
                -out "$BATS_TEST_TMPDIR/$name.crt" "$@" 2>/dev/null
}

# In no file of the store, as bytes or as hexadecimal.
nowhere_in_store() { # FILE
        run python3 -c 'import pathlib, sys
key = open(sys.argv[1], "rb").read()
files = [f for f in pathlib.Path(sys.argv[2]).rglob("*") if f.is_file()]
print(len(files) > 5, [f for f in files if any(p in f.read_bytes() for p in (key[:16], key.hex()[:32].encode()))])' \
                "$1" "$STORE"
        [ "$output" = "True []" ]
}

@test "C4: a set has a key of its own, openssl opens what is exported, and the key is in no file" {
        a=$(tape T1) b=$(tape T2) c=$(tape T3)
        expect 0 m oto --json tapeset create daily "$a" "$b"
        [ "$(jq -r '.tapes | length' <<<"$output")" -eq 2 ]
        expect 0 m oto tapeset create weekly "$c"
        certificate ec -newkey ec -pkeyopt ec_paramgen_curve:P-384 -addext keyUsage=critical,keyAgreement
        certificate rsa -newkey rsa:3072 -addext keyUsage=critical,keyEncipherment
        expect 3 m oto tapeset export daily --certificate "$BATS_TEST_TMPDIR/ec.crt" --out "$BATS_TEST_TMPDIR/no"
        for set in daily weekly; do
                for kind in ec rsa; do
                        expect 0 m sara tapeset export "$set" --certificate "$BATS_TEST_TMPDIR/$kind.crt" \
                                --out "$BATS_TEST_TMPDIR/$set-$kind.der"
                        openssl cms -decrypt -inform DER -in "$BATS_TEST_TMPDIR/$set-$kind.der" \
                                -recip "$BATS_TEST_TMPDIR/$kind.crt" -inkey "$BATS_TEST_TMPDIR/$kind.key" \
                                -out "$BATS_TEST_TMPDIR/$set-$kind.bin"
                        [ "$(stat -c %s "$BATS_TEST_TMPDIR/$set-$kind.bin")" -eq 32 ]
                        [ "$(stat -c %a "$BATS_TEST_TMPDIR/$set-$kind.der")" = 600 ]
                done
                cmp "$BATS_TEST_TMPDIR/$set-ec.bin" "$BATS_TEST_TMPDIR/$set-rsa.bin"
                nowhere_in_store "$BATS_TEST_TMPDIR/$set-ec.bin"
        done
        run -1 cmp -s "$BATS_TEST_TMPDIR/daily-ec.bin" "$BATS_TEST_TMPDIR/weekly-ec.bin"
        # Counted, with whom it went to.
        expect 0 m sara --json tapeset show daily
        jq -e '.exports == 2 and (.exported | map(.recipient) == ["Backup ec", "Backup rsa"])' <<<"$output"
        expect 0 m cus media history "$a"
        [[ $output == *"Tape added to a set"* ]]
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "C4: only tapes, each in one live set, and no name twice" {
        a=$(tape T1)
        disk=$(m cus --json media register "$(image disk 32M)" --classification INTERNO --category MEDIA --owner ana \
                --expires 2036-01-01 --retention 3650 | jq -r .id)
        expect 5 m oto tapeset create daily "$a" "$disk"
        [[ $output == *"a set is of tapes"* ]]
        expect 2 m oto tapeset create daily "$a" "$a"
        expect 0 m oto tapeset create daily "$a"
        expect 5 m oto tapeset add daily "$disk"
        expect 7 m oto tapeset create other "$a"
        [[ $output == *"in the set “daily” already"* ]]
        expect 7 m oto tapeset create daily "$(tape T2)"
        expect 0 m oto tapeset add daily "$(tape T3)"
        [ "$(m oto --json tapeset list | jq '.rows[0].tapes_n')" -eq 2 ]
        expect 4 m oto tapeset show nothing
}

@test "C1: tapes of ALTA want an HSM, or the administrator's reason" {
        id=$(m cus --json media register --kind tape --classification SECRETO --category ALTA --owner ana \
                --expires 2040-01-01 --retention 3650 --serial TA | jq -r .id)
        expect 5 m oto tapeset create alta "$id"
        [[ $output == *"mp.si.2"* ]]
        expect 3 m oto tapeset create alta "$id" --waiver 'no HSM yet'
        expect 0 m sara tapeset create alta "$id" --waiver 'no HSM yet'
        expect 0 m oto tapeset create media "$(tape T1)"
        other=$(m cus --json media register --kind tape --classification SECRETO --category ALTA --owner ana \
                --expires 2040-01-01 --retention 3650 --serial TB | jq -r .id)
        expect 5 m oto tapeset add media "$other"
        expect 0 m oto tapeset add alta "$other"
}

@test "C6: no key leaves for a certificate that is weak, of another use or out of force" {
        expect 0 m oto tapeset create daily "$(tape T1)"
        refused() {
                expect 5 m sara tapeset export daily --certificate "$BATS_TEST_TMPDIR/$1.crt" --out "$BATS_TEST_TMPDIR/out"
                [ ! -e "$BATS_TEST_TMPDIR/out" ]
        }
        certificate weak -newkey rsa:2048 -addext keyUsage=critical,keyEncipherment
        refused weak
        [[ $output == *2048* ]]
        certificate curve -newkey ec -pkeyopt ec_paramgen_curve:P-521 -addext keyUsage=critical,keyAgreement
        refused curve
        certificate ed -newkey ed25519
        refused ed
        certificate signs -newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext keyUsage=critical,digitalSignature
        refused signs
        # Its validity ended in the past.
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$BATS_TEST_TMPDIR/old.key" 2>/dev/null
        python3 - "$BATS_TEST_TMPDIR" <<'PY' || skip "SKIPPED: python3-cryptography is needed"
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
key = serialization.load_pem_private_key(open(sys.argv[1] + "/old.key", "rb").read(), None)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
now = datetime.datetime(2020, 1, 1)
crt = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
       .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9)).sign(key, hashes.SHA256()))
open(sys.argv[1] + "/old.crt", "wb").write(crt.public_bytes(serialization.Encoding.PEM))
PY
        refused old
        [ "$(m sara --json tapeset show daily | jq .exports)" -eq 0 ]
}

@test "C4: a destroyed key is gone, and counts only when its exported copies are stated destroyed" {
        a=$(tape T1) b=$(tape T2)
        expect 0 m oto tapeset create plain "$a"
        expect 0 m oto tapeset create given "$b"
        certificate ec -newkey ec -pkeyopt ec_paramgen_curve:P-384 -addext keyUsage=critical,keyAgreement
        expect 0 m sara tapeset export given --certificate "$BATS_TEST_TMPDIR/ec.crt" --out "$BATS_TEST_TMPDIR/given.der"
        expect 3 m oto tapeset destroy plain --reason 'end of life' --confirm plain
        expect 5 m sara tapeset destroy plain --reason 'end of life' --confirm other
        expect 0 m sara --json tapeset destroy plain --reason 'end of life' --confirm plain
        jq -e '.state == "destroyed" and .counts' <<<"$output"
        expect 0 m sara --json tapeset destroy given --reason 'end of life' --confirm given
        jq -e '.state == "destroyed" and (.counts | not)' <<<"$output"
        expect 7 m sara tapeset export plain --certificate "$BATS_TEST_TMPDIR/ec.crt" --out "$BATS_TEST_TMPDIR/again"
        [ "$(m sara --json key status | jq '.vault_keys')" -eq 1 ] # the KEK
        expect 0 m cus --json media history "$a"
        jq -e '[.rows[] | select(.type == "tape.key-destroyed").data.counts] == [true]' <<<"$output"
        # Its tape is free for another set; its name is not.
        expect 0 m oto tapeset create next "$a"
        expect 7 m oto tapeset create plain "$(tape T3)"
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}
