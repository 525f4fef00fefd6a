# People who sign with a card (S8, S9): the key stays on it, the PIN is tried once and never the last time.
load helper

MODULE=/usr/lib/softhsm/libsofthsm2.so

setup() {
        [ -e "$MODULE" ] || skip 'SKIPPED: no SoftHSM2'
        make_store
        cd "$BATS_TEST_TMPDIR"
        mkdir tokens
        printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens" >softhsm2.conf
        export SOFTHSM2_CONF=$PWD/softhsm2.conf
        softhsm2-util --init-token --free --label olga --pin 246813 --so-pin 13572468 >/dev/null
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
        softhsm2-util --import key.pem --token olga --label firma --id 0a01 --pin 246813 >/dev/null
        (umask 077 && echo 246813 >pin && echo 999999 >wrong)
}

card() {
        "$MPSI" --store "$STORE" --as "$1" --secret "organisation=file:$BATS_TEST_TMPDIR/secret" \
                --secret "pin:olga=file:${PIN:-pin}" --secret pin:oto=file:pin --secret "pin:sara=file:$BATS_TEST_TMPDIR/secret" "${@:2}"
}

@test "S9, C6: a certificate is signed with a card whose key never left it" {
        expect 2 card sara person enrol olga --card-module softhsm --card olga
        expect 2 card sara person enrol olga --card-module "$MODULE"
        expect 1 card sara person enrol olga --card-module "$MODULE" --card nobody
        PIN=wrong expect 3 card sara person enrol olga --card-module "$MODULE" --card olga
        expect 0 card sara person enrol olga --card-module "$MODULE" --card olga
        ls "$STORE"/people/olga-*.card
        [ -z "$(find "$STORE/people" -name "olga-*.key")" ]
        # Another kind of key is none (C6).
        softhsm2-util --init-token --free --label rsa --pin 246813 --so-pin 13572468 >/dev/null
        openssl genpkey -algorithm RSA -out rsa.pem 2>/dev/null
        softhsm2-util --import rsa.pem --token rsa --label firma --id 01 --pin 246813 >/dev/null
        expect 4 card sara person enrol oto --card-module "$MODULE" --card rsa

        convert -size 64x48 xc:gray20 before.png
        convert -size 64x48 plasma:red-black after.png
        echo nada >report.txt
        tape=$(register_tape LTO-1)
        m cus destroy request "$tape" --reason x --method incinerate >/dev/null
        m ana destroy approve "$tape" >/dev/null
        m olga destroy execute "$tape" --supervisor sara --seen LTO-1 --before before.png --after after.png --report report.txt \
                --equipment H --place P --complete --confirm "$tape" >/dev/null
        number=$(card olga --json certificate issue "$tape" | jq -r .number)
        PIN=wrong expect 3 card olga certificate sign "$number" --role executor
        expect 0 card olga certificate sign "$number" --role executor
        expect 0 m sara certificate sign "$number" --role supervisor
        expect 0 m sara certificate sign "$number" --role seal --out c.pdf
        expect 0 m sara --json certificate verify c.pdf
        [ "$(jq -r '.rows[0] | "\(.account) \(.algorithm)"' <<<"$output")" = "olga ECDSA P-256 SHA-256" ]
        jq -r '.rows[0].certificate' <<<"$output" | openssl x509 -pubkey -noout >from-certificate
        openssl pkey -in key.pem -pubout | cmp - from-certificate
        [ "$(pdfsig -nocert c.pdf | grep -c 'Signature is Valid')" = 3 ]
        mv tokens elsewhere && mkdir tokens
        expect 1 card sara person enrol olga --card-module "$MODULE" --card olga
}
