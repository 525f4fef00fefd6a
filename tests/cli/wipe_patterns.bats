#!/usr/bin/env bats
# Overwriting by passes of the house's own (S1, S3, S4, S7): approved by name, judged, made, read again by another program.
load helper

setup() {
        make_store
        VERIFY=$MPSI_BUILD/mpsi-verify-wipe
        cd "$BATS_TEST_TMPDIR"
}

# medium KIND CLASSIFICATION SIZE [NAME]: an image file, registered and full of a text; sets DEV and ID.
medium() {
        DEV=$BATS_TEST_TMPDIR/${4:-m}.img
        yes HISTORIA-CLINICA | head -c "$3" >"$DEV"
        ID=$(m cus --json media register "$DEV" --kind "$1" --classification "$2" --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 30 | jq -r .id)
        [ -n "$ID" ]
}

approve() {
        m sara wipe pattern "$1" --passes "$2" --reason 'security committee, minutes 12'
}

wipe() {
        m olga --json wipe run "$ID" --device "$DEV" --confirm "$ID" "$@"
}

@test "S3: a pattern is approved by the security administrator, listed, replaced and retired; its words are judged" {
        expect 3 m olga wipe pattern hmg-is5 --passes '00 ff random' --reason 'because'
        expect 0 approve hmg-is5 '00, FF random'
        [ "$(m olga --json wipe patterns | jq -c '.rows[0] | [.name, .passes, .person]')" = '["hmg-is5","00,ff,random,verify","sara"]' ]
        expect 2 approve other 'zeros'
        [[ $output == *“zeros”* || $output == *«zeros»* ]]
        expect 2 approve other ''
        expect 5 approve other 'random 00'
        [[ $output == *S4* ]]
        expect 2 m sara wipe pattern hmg-is5 --reason 'because'
        expect 2 m sara wipe pattern hmg-is5 --passes aa --retire --reason 'because'
        expect 2 m sara wipe pattern 'Con espacios' --passes aa --reason 'because'
        expect 0 approve hmg-is5 '00 ff random verify'
        [ "$(m olga --json wipe patterns | jq '.rows | length')" -eq 1 ]
        expect 4 m sara wipe pattern none --retire --reason 'because'
        expect 0 m sara wipe pattern hmg-is5 --retire --reason 'the committee withdrew it'
        [ "$(m olga --json wipe patterns | jq '.rows | length')" -eq 0 ]
        expect 0 m sara ledger verify
}

@test "S1 S3: the plan judges each pattern for this medium; a weaker one is refused and writes nothing" {
        medium hdd INTERNO 1M
        expect 0 approve strong '00 aa ff random'
        expect 0 approve weak 'ff aa'
        [ "$(m olga --json wipe plan "$ID" --device "$DEV" |
                jq -c '[.rows[] | select(.pattern) | [.method, .accepted, .level // .rule]]')" = \
                '[["custom --pattern strong",true,"clear"],["custom --pattern weak",false,"S1"]]' ]
        before=$(sha256sum <"$DEV")
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID" --pattern weak
        [[ $output == *S1* && $output == *custom:ff,aa,verify* ]]
        expect 4 wipe --pattern none
        expect 2 wipe --method custom
        expect 2 wipe --method dod --pattern strong
        expect 0 m olga --json --dry-run wipe run "$ID" --device "$DEV" --pattern strong
        [ "$(jq -r '[.pattern, .scheme, .steps[0].technique] | join(" ")' <<<"$output")" = 'strong custom custom:00,aa,ff,random,verify' ]
        [ "$(sha256sum <"$DEV")" = "$before" ]
}

@test "S4 S7: what a pattern left is on the medium, also for the other program, whatever its name means by then" {
        local n=0 passes
        for passes in '55 aa' 'random' 'aa random complement' '00 ff random verify 11 random'; do
                medium hdd PUBLICO 1234567 "m$((n++))"
                expect 0 approve house "$passes"
                expect 0 wipe --method custom --pattern house
                [ "$(jq -r '[.scheme, .result, .reached_level, .verification.bytes] | join(" ")' <<<"$output")" = \
                        'custom sanitized clear 1234567' ]
                expect 0 m sara wipe pattern house --retire --reason 'used once'
                expect 0 m oto --json wipe verify "$ID" --device "$DEV"
                [ "$(jq .holds <<<"$output")" = true ]
                expect 0 m olga wipe show "$ID" --out house.json
                expect 0 "$VERIFY" --record house.json --device "$DEV" --lang en
                [[ $output == *HOLDS* ]]
                printf x | dd of="$DEV" bs=1 seek=1234566 conv=notrunc status=none
                expect 6 "$VERIFY" --record house.json --device "$DEV"
                expect 6 m oto wipe verify "$ID" --device "$DEV"
        done
        [ "$(head -c 4 m0.img | od -An -tx1)" = ' aa aa aa aa' ]
        jq '.finished.techniques = ["custom:00,nonsense"]' house.json >forged.json
        expect 7 "$VERIFY" --record forged.json --device "$DEV"
}

@test "S7 S9: killed in the middle it goes on with the passes that it began with; record and certificate name them all" {
        medium hdd INTERNO 64M
        expect 0 approve house '00 ff random 3c random'
        "$MPSI" --store "$STORE" --as olga "${SECRETS[@]}" wipe run "$ID" --device "$DEV" --confirm "$ID" --pattern house >/dev/null 2>&1 3>&- &
        pid=$!
        for _ in {1..100}; do
                [ -z "$(find "$STORE" -name "wipe-$ID.json" -size +0)" ] || break
                sleep 0.02
        done
        kill -9 $pid
        wait $pid || true
        expect 0 approve house '77'
        expect 0 m olga --json wipe resume "$ID" --device "$DEV" --confirm "$ID"
        [ "$(jq -r '[.result, (.techniques | join("+"))] | join(" ")' <<<"$output")" = 'sanitized custom:00,ff,random,3c,random,verify' ]
        grep -q custom:00,ff,random,3c,random,verify <<<"$(m olga --json wipe show "$ID")"
        number=$(m olga --json certificate issue "$ID" --supervisor oto | jq -r .number)
        m olga certificate export "$number" --out c.pdf
        pdftotext -layout c.pdf text
        grep -q 'sobrescritura de la casa «house»' text
        grep -q '4 *escritura de 0x3C' text
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "S6: a batch takes a pattern too" {
        medium hdd PUBLICO 1M one
        first=$ID
        medium hdd PUBLICO 1M two
        expect 0 approve house 'aa random'
        expect 0 m olga --json wipe batch "$first=$BATS_TEST_TMPDIR/one.img" "$ID=$DEV" --pattern house --confirm "$first" --confirm "$ID"
        [ "$(m olga --json wipe status | jq -c '[.rows[] | [.state, .scheme]] | unique')" = '[["sanitized","custom"]]' ]
}
