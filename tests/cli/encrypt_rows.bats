#!/usr/bin/env bats
# encrypt check on headers that cryptsetup itself made, with exact rows (C1, C2, C6): what two programs, one of them not
# ours, agree on. Image files only: nothing here needs devices or the kernel's dm-crypt.

load helper

mp() {
        "$MPSI" --store "$BATS_TEST_TMPDIR/store" --lang en --secret "master=file:$BATS_TEST_TMPDIR/secret" \
                --secret "organisation=file:$BATS_TEST_TMPDIR/secret" --secret "recovery=file:$BATS_TEST_TMPDIR/secret" \
                --secret "pin:sara=file:$BATS_TEST_TMPDIR/secret" "$@"
}

# [PROFILE]: a store with an administrator, an owner, a custodian and an operator.
store() {
        (umask 077 && echo 'correct horse battery' >"$BATS_TEST_TMPDIR/secret")
        mp init --organisation Hospital --site HQ --category ALTA --station desk --language es --admin sara \
                --admin-name 'Sara Gil' "$@" >/dev/null
        for person in olga:owner cus:custodian oto:operator; do
                mp --as sara person add "${person%:*}" --full-name "${person%:*}" --roles "${person#*:}" >/dev/null
        done
}

# What cryptsetup makes of these options, on an image of its own, at costs that pass.
format() {
        IMAGE=$(image header 24M)
        rm -f "$IMAGE"
        truncate -s 24M "$IMAGE"
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 600000 "$@" "$IMAGE" <<<'a passphrase'
}

argon() { # TYPE MEMORY (KiB) PASSES [options…]
        local type=$1 memory=$2 passes=$3
        shift 3
        IMAGE=$(image header 24M)
        rm -f "$IMAGE"
        truncate -s 24M "$IMAGE"
        cryptsetup luksFormat -q --type luks2 --pbkdf "$type" --pbkdf-memory "$memory" --pbkdf-parallel 4 \
                --pbkdf-force-iterations "$passes" "$@" "$IMAGE" <<<'a passphrase'
}

# judged CATEGORY DECISION [ROW…]: the decision, all rows that are found, and the exit status that goes with them.
judged() {
        local category=$1 decision=$2 want=0 answer
        shift 2
        case $decision in read-only | refuse) want=5 ;; esac
        expect "$want" mp --as oto --json encrypt check "$IMAGE" --category "$category"
        answer=$(jq -r '[.decision] + ([.findings[].row] | unique | map(tostring)) | join(" ")' <<<"$output")
        [ "$answer" = "$(echo "$decision" "$@")" ] || {
                printf '%s in %s: %s instead of %s\n' "$IMAGE" "$category" "$answer" "$decision $*"
                return 1
        }
}

@test "C2 row 1, 12: LUKS1 is read-only in MEDIA and refused in ALTA; SHA-1 and plain CBC are refused" {
        store
        IMAGE=$(image empty 24M)
        judged MEDIA refuse 1
        judged BASICA accept
        format --type luks1
        judged MEDIA read-only 1
        judged ALTA refuse 1
        format --type luks1 --cipher aes-cbc-essiv:sha256 --key-size 256
        judged MEDIA read-only 1
        format --type luks1 --hash sha1
        judged MEDIA refuse 1 12
        format --type luks1 --cipher aes-cbc-plain --key-size 256
        judged MEDIA refuse 1 12
        format --type luks2
        truncate -s 24K "$IMAGE"
        judged MEDIA refuse 1
}

@test "C1 C2 rows 3 to 6, 12: ciphers, key sizes, hashes, areas" {
        store
        format --type luks2
        judged MEDIA accept
        judged ALTA accept
        format --type luks2 --key-size 256
        judged MEDIA accept
        judged ALTA refuse 4 5
        format --type luks2 --hash sha512 --sector-size 4096 --luks2-metadata-size 64k
        judged ALTA accept
        format --type luks2 --cipher aes-xts-plain
        judged MEDIA refuse 3 5
        format --type luks2 --cipher aes-cbc-essiv:sha256 --key-size 256
        judged MEDIA refuse 3 5
        format --type luks2 --cipher aes-cbc-plain64 --key-size 256
        judged MEDIA refuse 12
        format --type luks2 --cipher aes-ecb --key-size 256
        judged MEDIA refuse 12
        format --type luks2 --keyslot-cipher aes-cbc-essiv:sha256 --keyslot-key-size 256
        judged MEDIA refuse 5
        format --type luks2 --hash ripemd160
        judged MEDIA refuse 5
        format --type luks2 --hash sha1
        judged MEDIA refuse 12
        # No slot left.
        format --type luks2
        cryptsetup luksErase -q "$IMAGE"
        judged MEDIA refuse 5
        # A header whose data are elsewhere, written onto a medium.
        format --type luks2 --header "$BATS_TEST_TMPDIR/detached"
        judged MEDIA refuse 1
        IMAGE=$BATS_TEST_TMPDIR/detached
        judged MEDIA refuse 6
}

@test "C2 row 2: a re-encryption that this station did not begin is refused" {
        store
        format --type luks2
        cryptsetup reencrypt --init-only -q --pbkdf pbkdf2 --pbkdf-force-iterations 600000 "$IMAGE" <<<'a passphrase'
        judged MEDIA refuse 2
        judged ALTA refuse 2
}

@test "C2 C6 rows 7, 8, 12: what guessing a passphrase has to cost, and that the remedies mend it" {
        store
        argon argon2i 65536 4
        judged MEDIA refuse 12
        argon argon2id 65536 4
        judged MEDIA accept
        judged ALTA refuse 7
        argon argon2id 65535 4
        judged MEDIA refuse 7
        cryptsetup luksConvertKey -q --pbkdf argon2id --pbkdf-memory 262144 --pbkdf-parallel 4 \
                --pbkdf-force-iterations 4 "$IMAGE" <<<'a passphrase'
        judged MEDIA accept
        judged ALTA accept
        format --type luks2 --pbkdf-force-iterations 599999
        judged MEDIA refuse 8
        cryptsetup luksConvertKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 600000 "$IMAGE" <<<'a passphrase'
        judged MEDIA accept
}

@test "C6 row 7: under strict-807 a person's slot is PBKDF2, and the store's profile is on record" {
        store --profile strict-807
        argon argon2id 262144 4
        judged MEDIA refuse 7
        judged ALTA refuse 7
        format --type luks2
        judged ALTA accept
        argon argon2id 65536 4
        expect 3 mp --as oto encrypt profile standard --reason 'too slow'
        expect 0 mp --as sara encrypt profile standard --reason 'no CCN audit here'
        judged MEDIA accept
        expect 7 mp --as sara encrypt profile standard --reason 'again'
        expect 0 mp --as sara encrypt profile strict-807 --reason 'audit'
        judged MEDIA refuse 7
        expect 0 mp --as sara ledger verify
        expect 0 mp --as sara ledger replay
}

@test "C2 rows 9 to 11: what cryptsetup changes on a medium of ours" {
        store
        IMAGE=$(image ours 24M)
        id=$(mp --as cus --json media register "$IMAGE" --classification CONFIDENCIAL --category MEDIA --owner olga \
                --expires 2036-01-01 --retention 3650 | jq -r .id)
        expect 0 mp --as oto encrypt run "$id" "$IMAGE" --confirm "$id" --no-fill
        judged MEDIA accept
        expect 0 mp --as oto --json encrypt check "$IMAGE"
        jq -e '[.rows[] | [.slot, .use, .kdf, .cost, .cipher, .key_bits, .decision]] ==
                [[0, "machine", "pbkdf2", "sha256, 1000", "aes-xts-plain64", 256, "accept"],
                 [1, "recovery", "pbkdf2", "sha256, 1000", "aes-xts-plain64", 256, "accept"]]' <<<"$output"
        cp "$IMAGE" "$BATS_TEST_TMPDIR/kept"
        mp --as sara key escrow "$id" --out "$BATS_TEST_TMPDIR/envelope" >/dev/null
        openssl cms -decrypt -inform DER -in "$BATS_TEST_TMPDIR/envelope" \
                -recip "$BATS_TEST_TMPDIR/store/recovery/recovery.crt" -inkey "$BATS_TEST_TMPDIR/store/recovery/recovery.key" \
                -passin "file:$BATS_TEST_TMPDIR/secret" -out "$BATS_TEST_TMPDIR/key"

        # A slot that is dear enough, but nobody's: read-only, by the MAC.
        cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 600000 --key-file "$BATS_TEST_TMPDIR/key" \
                "$IMAGE" <(printf 'a passphrase')
        judged MEDIA read-only 0 10 11
        jq -e '.rows[2].use == "unknown" and .rows[2].decision == "warn"' <<<"$output"
        # The same in a slot that the register has as the machine's.
        cp "$BATS_TEST_TMPDIR/kept" "$IMAGE"
        cryptsetup luksKillSlot -q --key-file "$BATS_TEST_TMPDIR/key" "$IMAGE" 0
        cryptsetup luksAddKey -q --key-slot 0 --pbkdf pbkdf2 --pbkdf-force-iterations 600000 \
                --key-file "$BATS_TEST_TMPDIR/key" "$IMAGE" <(printf 'a passphrase')
        judged MEDIA refuse 0 9 11
        # A token.
        cp "$BATS_TEST_TMPDIR/kept" "$IMAGE"
        echo '{"type":"other","keyslots":[]}' | cryptsetup token import --json-file - "$IMAGE"
        judged MEDIA read-only 0 10 11
        # Our MAC taken off.
        cp "$BATS_TEST_TMPDIR/kept" "$IMAGE"
        cryptsetup token remove --token-id 1 "$IMAGE"
        judged MEDIA read-only 0 11
        cp "$BATS_TEST_TMPDIR/kept" "$IMAGE"
        judged MEDIA accept
}

@test "C2: people read each slot, each finding and what to do, in both languages, on 80 columns" {
        store
        argon argon2id 32768 4
        cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000000 "$IMAGE" <(printf 'another one') \
                <<<'a passphrase'
        expect 5 mp --as oto encrypt check "$IMAGE" --category MEDIA
        [[ $output == *" 0 unknown argon2id t=4, 32 MiB     aes-xts-plain64  512 refused"* ]]
        [[ $output == *" 1 unknown pbkdf2   sha256, 1000000 aes-xts-plain64  512 accepted"* ]]
        [[ $output == *"C2, row 7 [0]: Argon2id t=4, 32768 KiB; t=4, 65536 KiB wanted."* ]]
        [[ $output == *"→ Set the passphrase anew at a higher cost"* ]]
        expect 5 mp --lang es --as oto encrypt check "$IMAGE" --category MEDIA
        [[ $output == *"C2, fila 7 [0]: Argon2id t=4, 32768 KiB; se piden t=4, 65536 KiB."* ]]
        [[ $output == *"→ Ponga de nuevo la contraseña con más coste"* ]]
        [ "$(grep -Ec '^ *[0-9]+ .*(aes-xts)' <<<"$output")" -eq 2 ]
        [ -z "$(grep -E '^ *[0-9]+ .{79,}' <<<"$output")" ]
        expect 5 mp --as oto --json encrypt check "$IMAGE" --category MEDIA
        jq -e '.error.rule == "C2" and .findings[0].row == 7 and .findings[0].slot == 0 and
                (.findings[0].remedy.es | length > 0) and (.findings[0].remedy.en | length > 0)' <<<"$output"
}
