# Looking again at what was wiped, and accepting it: full, by samples, by another program, by another person (S4, S5, S9).
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

wipe() {
        m olga --json wipe run "$ID" --device "$DEV" --confirm "$ID" "$@"
}

# One bit at byte OFFSET, elsewhere than through mpsi.
spoil() {
        local byte
        byte=$(dd if="$DEV" bs=1 skip="$1" count=1 status=none | od -An -tu1)
        printf '%b' "$(printf '\\x%02x' $((byte ^ 1)))" | dd of="$DEV" bs=1 seek="$1" conv=notrunc status=none
}

state() {
        m olga --json media show "$ID" | jq -r .state
}

@test "S4: sampling is the rule of SP 800-88, says what it may have missed, and is for INTERNO and below only" {
        medium hdd INTERNO 3M
        expect 0 wipe --verify sample
        [ "$(jq -r '[.result, .verification.kind, .verification.sampling.sections, .verification.differing_bytes] | join(" ")' <<<"$output")" = "sanitized sample 1000 0" ]
        [ "$(jq '.verification.bytes == .verification.sampling.bytes and .verification.bytes * 10 >= .device.size and .verification.bytes < .device.size' <<<"$output")" = true ]
        [ "$(jq '.verification.sampling.detection | length >= 3 and (map(.ppm) | . == sort) and .[0].ppm >= 100000' <<<"$output")" = true ]
        [ "$(jq '[.limits[].en | select(startswith("what lies outside of the sample"))] | length' <<<"$output")" = 1 ]
        [ "$(jq -r '.verification.sampling.seed | length' <<<"$output")" = 64 ]
        [ "$(m olga --json wipe status "$ID" | jq -r '.rows[0].verification')" = sample ]
        expect 0 m oto --json wipe verify "$ID" --device "$DEV" --verify sample
        [ "$(jq -r '[.holds, .kind, .other] | join(" ")' <<<"$output")" = "true sample true" ]
        expect 0 m oto --json wipe due
        [ "$(jq '[.wipes, .looked, .wanted, .due]' -c <<<"$output")" = "[1,0,1,1]" ] # a sample is no full look
        expect 0 m sara ledger verify
        medium hdd CONFIDENCIAL 3M secret
        expect 5 m olga --lang en wipe run "$ID" --device "$DEV" --confirm "$ID" --verify sample
        [[ $output == *"[S4.1 · "* ]]
        grep -q HISTORIA "$DEV"
        expect 0 wipe
        expect 5 m oto --lang en wipe verify "$ID" --device "$DEV" --verify sample
        [[ $output == *"[S4.1 · "* ]]
}

@test "S4: a tampered image: full and sampled looks and the other program find it; a sample's gap is no secret" {
        medium hdd PUBLICO 3M
        expect 0 wipe --method dod
        expect 0 m olga wipe show "$ID" --out record.json
        seed=$(printf '7%.0s' $(seq 64))
        expect 0 "$VERIFY" --record record.json --device "$DEV" --json
        [ "$(jq -c '[.holds, .kind, .bytes, .differing_bytes]' <<<"$output")" = '[true,"full",3145728,0]' ]
        expect 0 "$VERIFY" --record record.json --device "$DEV" --sample --seed "$seed" --json
        [ "$(jq '.holds and .bytes * 10 >= .size and .bytes < .size' <<<"$output")" = true ]
        spoil 0 # the first block is in every sample
        spoil 2000000
        expect 6 "$VERIFY" --record record.json --device "$DEV" --sample --lang es
        [[ $output == *"byte 0, 512 bytes"*"NO contiene"* ]]
        expect 6 "$VERIFY" --record record.json --device "$DEV" --json
        [ "$(head -1 <<<"$output" | jq -c '[.holds, .differing_bytes, .areas]')" = '[false,1024,[[0,512],[1999872,512]]]' ]
        expect 6 m oto wipe verify "$ID" --device "$DEV" --verify sample
        [ "$(state)" = unsanitized ]
        expect 7 m oto wipe verify "$ID" --device "$DEV"
        expect 0 m sara ledger verify
}

@test "S4: every technique is read by the other program from the seed alone; crypto erase leaves nothing to compare" {
        local method n=0
        for method in single dod dod-ece; do
                medium hdd PUBLICO 1M "m$((n++))"
                expect 0 wipe --method $method
                expect 0 m olga wipe show "$ID" --out $method.json
                expect 0 "$VERIFY" --record $method.json --device "$DEV" --lang en
                [[ $output == *HOLDS* ]]
        done
        medium ssd PUBLICO 1234567 odd
        expect 0 wipe
        expect 0 m olga wipe show "$ID" --out odd.json
        expect 0 "$VERIFY" --record odd.json --device "$DEV"
        spoil 1234566
        expect 6 "$VERIFY" --record odd.json --device "$DEV"
        expect 7 "$VERIFY" --record dod.json --device "$DEV" # another medium
        # What can't be trusted is no record.
        jq '.finished.seed = "00" * 32' dod.json >forged.json
        expect 6 "$VERIFY" --record forged.json --device m1.img
        jq '.finished.techniques = ["crypto-erase"]' dod.json >keys.json
        expect 7 "$VERIFY" --record keys.json --device m1.img
        jq '.finished.techniques += ["of-tomorrow"]' dod.json >later.json
        expect 7 "$VERIFY" --record later.json --device m1.img
        expect 2 "$VERIFY" --record m1.img --device m1.img
        expect 4 "$VERIFY" --record none.json --device m1.img
        expect 4 "$VERIFY" --record dod.json --device none.img
        expect 2 "$VERIFY" --record dod.json
}

@test "S4 S9: the other program takes a certificate's twin; its result goes on record once, for this wipe only" {
        for who in olga sara; do m sara person enrol $who >/dev/null; done
        medium hdd INTERNO 2M
        expect 0 wipe
        m olga certificate issue "$ID" --supervisor sara --destination x >/dev/null
        number=$(m olga --json certificate list | jq -r '.rows[0].number')
        expect 0 m olga certificate export "$number" --twin twin.json
        expect 0 "$VERIFY" --record twin.json --device "$DEV" --out result.json --by "Eva Mar"
        [ "$(jq -r .certificate result.json)" = "$number" ]
        expect 1 "$VERIFY" --record twin.json --device "$DEV" --out result.json # evidence is not written over
        [ "$(m olga --json wipe status "$ID" | jq -r '.rows[0].second')" = due ]
        jq '.bytes = 1048576' result.json >short.json
        expect 5 m olga wipe verify "$ID" --import short.json
        jq '.job = "HQ00000099X-W1"' result.json >elsewhere.json
        expect 5 m olga wipe verify "$ID" --import elsewhere.json
        jq '.started = "2001-01-01T00:00:00Z"' result.json >early.json
        expect 5 m olga wipe verify "$ID" --import early.json
        jq '.differing_bytes = 512' result.json >odd.json
        expect 2 m olga wipe verify "$ID" --import odd.json
        expect 2 m olga wipe verify "$ID" --import twin.json
        expect 2 m olga wipe verify "$ID"
        expect 0 m olga --json wipe verify "$ID" --import result.json
        [ "$(jq -c '[.tool, .other, .same_person, .ran_by]' <<<"$output")" = '["mpsi-verify-wipe",true,"yes","Eva Mar"]' ]
        expect 7 m olga wipe verify "$ID" --import result.json
        expect 0 m olga --json wipe due --all
        [ "$(jq -c '[.wipes, .looked, .due, .permille, (.rows | length)]' <<<"$output")" = "[1,1,0,1000,1]" ]
        [ "$(m olga --json wipe status "$ID" | jq -r '.rows[0].second')" = olga ]
        spoil 1000000
        expect 6 "$VERIFY" --record twin.json --device "$DEV" --out bad.json
        expect 6 m oto wipe verify "$ID" --import bad.json
        [ "$(state)" = unsanitized ]
        expect 0 m sara ledger verify
}

@test "S4: who wiped does not validate; what is not accepted bars the medium and its certificate" {
        for who in olga oto cus sara ana; do m sara person enrol $who >/dev/null; done
        medium hdd CONFIDENCIAL 2M
        expect 4 m cus wipe validate "$ID" --decision accept --reason x
        expect 0 wipe
        expect 3 m olga wipe validate "$ID" --decision accept --reason x # no such role
        m sara person grant olga --roles custodian --reason x >/dev/null
        expect 3 m olga --lang en wipe validate "$ID" --decision accept --reason x
        [[ $output == *"[S4.3 · "* ]]
        expect 0 m cus --json wipe validate "$ID" --decision accept --reason "Informe y registro conformes"
        [ "$(m olga --json wipe status "$ID" | jq -r '.rows[0].validation')" = accept ]
        expect 7 m ana wipe validate "$ID" --decision accept --reason again
        expect 0 m olga --json wipe show "$ID"
        [ "$(jq -r '[.validation.person, .validation.statement.decision, .validation.statement.algorithm] | join(" ")' <<<"$output")" = "cus accept ecdsa" ]
        # The signature holds without mpsi.
        jq -r .validation.certificate <<<"$output" >cus.crt
        jq -r .validation.signature <<<"$output" | base64 -d >signature
        jq -cSj .validation.statement <<<"$output" >statement
        openssl x509 -in cus.crt -pubkey -noout >cus.pub
        openssl dgst -sha384 -verify cus.pub -signature signature statement
        [ "$(jq -cSj .finished <<<"$output" | sha256sum | cut -d' ' -f1)" = "$(jq -r .finished_sha256 statement)" ]
        expect 0 m olga certificate issue "$ID" --supervisor sara --destination x
        number=$(m olga --json certificate list | jq -r '.rows[0].number')
        m olga certificate export "$number" --twin twin.json >/dev/null
        [ "$(jq -r .validation.decision twin.json)" = accept ]
        expect 7 m sara --lang en certificate sign "$number" --role seal # its turn has not come
        expect 0 m ana wipe validate "$ID" --decision escalate --reason "El disco hace ruido"
        [ "$(state)" = unsanitized ]
        # S9: what it certified is in doubt: it is under review until the administrator revokes it.
        [ "$(m olga --json certificate show "$number" | jq -r '.state, (.review != null)' | paste -sd' ')" = "unsigned true" ]
        expect 7 m olga --lang es certificate sign "$number" --role executor
        [[ $output == *"está en revisión"*"[S9 · "* ]]
        [ "$(m sara --json alert list | jq -r '[.rows[] | select(.source == "certificate-review") | .object] | join(" ")')" = "$number" ]
        expect 0 m sara certificate revoke "$number" --reason "El borrado no se aceptó"
        [ "$(m sara --json alert list | jq '[.rows[] | select(.source == "certificate-review")] | length')" = 0 ]
        medium hdd CONFIDENCIAL 2M second
        expect 0 wipe
        expect 0 m sara wipe validate "$ID" --decision repeat --reason "Falta una foto"
        expect 5 m olga --lang en certificate issue "$ID" --supervisor sara --destination x
        [[ $output == *"[S4.3 · "* ]]
        expect 7 m sara wipe validate "$ID" --decision accept --reason "Cambio de idea"
        expect 0 wipe
        expect 0 m olga certificate issue "$ID" --supervisor sara --destination x # their signature is the validation
        expect 0 m sara ledger verify
}

@test "S4: one of five is looked at by somebody else, drawn by the seeds; used media are no longer due" {
        local n
        for n in 1 2 3 4 5 6; do
                medium hdd PUBLICO 256K "n$n"
                expect 0 wipe
        done
        expect 0 m oto --json wipe due
        [ "$(jq -c '[.wipes, .looked, .wanted, .due, (.rows | length)]' <<<"$output")" = "[6,0,2,2,2]" ]
        ID=$(jq -r '.rows[0].medium' <<<"$output")
        DEV=n$((10#${ID:2:8})).img
        expect 0 m olga --json wipe verify "$ID" --device "$DEV"
        [ "$(jq .other <<<"$output")" = false ]
        [ "$(m oto --json wipe due | jq .looked)" = 0 ] # the one who wiped
        expect 0 m oto wipe verify "$ID" --device "$DEV"
        expect 0 m oto --lang en --json wipe due
        [ "$(jq -c '[.looked, .wanted, .due, .permille]' <<<"$output")" = "[1,2,1,166]" ]
}

@test "S4: the forensic report of a confidential medium: a map, its picture and its table by digest, no words" {
        medium hdd CONFIDENCIAL 4M
        expect 0 wipe
        result=$output
        [ "$(jq -c '[.forensic.passed, .forensic.map.cells, (.forensic.map.least_millibits | length), .forensic.strings.count, .forensic.map.classes.random]' <<<"$result")" = '[true,1024,1024,0,1024]' ]
        [ "$(jq -c '[.attachments[] | [.name, .media_type]]' <<<"$result")" = "[[\"$ID-W1-forensic.json\",\"application/json\"],[\"$ID-W1-entropy.png\",\"image/png\"]]" ]
        [ "$(jq '.attachments | all(.es != "" and .en != "")' <<<"$result")" = true ]
        for digest in $(jq -r '.attachments[].sha256' <<<"$result"); do
                [ "$(sha256sum <"$STORE/attachments/$digest" | cut -d' ' -f1)" = "$digest" ]
        done
        [ "$(identify -format '%m %w %h' "png:$STORE/attachments/$(jq -r '.attachments[1].sha256' <<<"$result")")" = "PNG 1120 992" ]
        [ "$(jq .passed "$STORE/attachments/$(jq -r '.attachments[0].sha256' <<<"$result")")" = true ]
        [ "$(jq -c .forensic <<<"$result" | wc -c)" -lt 65536 ]
        # Zeros were measured before the passes, and a limit is stated when, and only when, they look elided.
        [ "$(jq -c '[(.calibration.zeros_us, .calibration.constant_us, .calibration.random_us | length)]' <<<"$result")" = '[5,5,5]' ]
        [ "$(jq '([.limits[].en | select(startswith("the constant passes"))] | length) == (if .calibration.zeros_elided or .calibration.constant_elided then 1 else 0 end)' <<<"$result")" = true ]
        expect 0 m sara ledger verify
}

@test "S9 S4: a signed certificate whose wipe is no longer accepted does not verify: under review, then revoked" {
        for who in olga sara ana; do m sara person enrol $who >/dev/null; done
        medium hdd CONFIDENCIAL 2M
        expect 0 wipe
        expect 0 m olga certificate issue "$ID" --supervisor sara --destination x
        number=$(m olga --json certificate list | jq -r '.rows[0].number')
        m olga certificate sign "$number" --role executor >/dev/null
        m sara certificate sign "$number" --role supervisor >/dev/null
        m sara certificate sign "$number" --role seal --out c.pdf >/dev/null
        expect 0 m olga certificate verify c.pdf
        expect 0 m ana wipe validate "$ID" --decision escalate --reason "El disco hace ruido"
        [ "$(m olga --json certificate show "$number" | jq -r '.state, (.review != null)' | paste -sd' ')" = "valid true" ]
        expect 6 m olga --lang es certificate verify c.pdf
        [[ $output == *"El certificado $number está en revisión desde el 20"*"el resultado del borrado no se aceptó"*"[S9 · "* ]]
        expect 6 m olga --lang en certificate verify c.pdf
        [[ $output == *"Certificate $number is under review since 20"* ]]
        # The signatures themselves still hold, for who has no registry to ask.
        expect 0 "$MPSI" --store "$BATS_TEST_TMPDIR/none" certificate verify c.pdf --ca "$STORE/org/ca.crt"
        expect 0 m sara certificate revoke "$number" --reason "El borrado no se aceptó"
        expect 6 m olga --lang en certificate verify c.pdf
        [[ $output == *"is revoked"* ]]
        expect 0 m sara ledger verify
}
