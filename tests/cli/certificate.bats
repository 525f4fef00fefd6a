# Destruction and its certificate as people type it (S8, S9, S10), and as a court checks it: offline, with other tools.
load helper

more_people() {
        local who
        for who in ana cus olga oto; do
                m sara person enrol "$who" >/dev/null
        done
}

setup() {
        make_store
        cd "$BATS_TEST_TMPDIR"
        # Two pictures that differ.
        convert -size 64x48 xc:gray20 before.png
        convert -size 64x48 plasma:red-black after.png
        echo 'Examinadas las cenizas: nada es recuperable.' >report.txt
        tape=$(register_tape LTO-7781)
}

destroy() {
        m cus destroy request "$tape" --reason "Fin de la retención" --method incinerate --out r020.pdf >/dev/null
        m ana destroy approve "$tape" --note Conforme >/dev/null
        m olga destroy execute "$tape" --supervisor sara --seen lto-7781 --before before.png --after after.png \
                --report report.txt --equipment "Horno H-2" --place "Planta de residuos" --complete --confirm "$tape" >/dev/null
}

certify() {
        number=$(m olga --json certificate issue "$tape" | jq -r .number)
        m olga certificate sign "$number" --role executor >/dev/null
        m sara certificate sign "$number" --role supervisor >/dev/null
        m sara certificate sign "$number" --role seal --out c.pdf >/dev/null
        m sara certificate export "$number" --twin c.json >/dev/null
}

@test "S8: from the request to the destroyed medium, with the exit codes of each refusal" {
        expect 4 m ana destroy approve "$tape"
        expect 3 m ana destroy request "$tape" --reason x --method incinerate
        expect 2 m cus destroy request "$tape" --reason x --method drown
        expect 5 m cus destroy request "$tape" --reason x --method melt
        [[ $output == *S1* ]]
        expect 0 m cus destroy request "$tape" --reason "Fin de la retención" --method incinerate
        expect 3 m cus destroy approve "$tape"
        expect 0 m ana destroy approve "$tape"
        expect 0 m ana destroy refuse "$tape" --reason "Se conserva un mes más" # until it is done it may be taken back
        expect 7 m ana destroy refuse "$tape" --reason "Otra vez"
        expect 7 m olga destroy execute "$tape" --supervisor sara --seen LTO-7781 --before before.png --after after.png \
                --equipment H --place P --complete --confirm "$tape"
        expect 0 m cus destroy request "$tape" --reason "Fin de la retención" --method incinerate
        expect 0 m ana destroy approve "$tape"
        expect 5 m olga destroy execute "$tape" --supervisor sara --seen LTO-7782 --before before.png --after after.png \
                --equipment H --place P --complete --confirm "$tape"
        [[ $output == *LTO-7782* ]]
        expect 5 m olga destroy execute "$tape" --supervisor sara --seen LTO-7781 --before before.png --after after.png \
                --equipment H --place P --complete --confirm HQ00000099Z
        expect 2 m olga destroy execute "$tape" --supervisor sara --seen LTO-7781 --before before.png --after after.png \
                --equipment H --place P --confirm "$tape"
        printf 'wrong\n' >wrong && chmod 600 wrong
        expect 3 "$MPSI" --store "$STORE" --as olga --secret "pin:sara=file:wrong" destroy execute "$tape" --supervisor sara \
                --seen LTO-7781 --before before.png --after after.png --report report.txt --equipment H --place P --complete \
                --confirm "$tape"
        [ "$(m sara --json media show "$tape" | jq -r .state)" = in-custody ]
        expect 5 m olga destroy execute "$tape" --supervisor sara --seen LTO-7781 --before before.png --after after.png \
                --equipment H --place P --complete --confirm "$tape"
        [[ $output == *S4* ]]
        expect 0 m olga destroy execute "$tape" --supervisor sara --seen LTO-7781 --before before.png --after after.png \
                --report report.txt --equipment H --place P --complete --confirm "$tape"
        [ "$(m sara --json media show "$tape" | jq -r .state)" = destroyed ]
        [ "$(m sara --json destroy list --state executed | jq -r '.rows[0].executor')" = olga ]
}

@test "A2: the request is a form with the owner's decision" {
        destroy
        m ana destroy show "$tape" --out r020.pdf >/dev/null
        pdftotext -layout r020.pdf text
        grep -q R-110-020 text
        grep -q "Fin de la retención" text
        grep -q "Ana López" text
        grep -q "Custodio Ruiz" text
        qpdf --check r020.pdf
}

@test "S9: the certificate verifies offline, without a store, with the public certificate only" {
        destroy
        certify
        cp "$STORE/org/ca.crt" ca.pem
        mv "$STORE" gone
        expect 0 env -i HOME=/nonexistent "$MPSI" --json --store "$PWD/none" certificate verify c.pdf --ca ca.pem --twin c.json
        [ "$(jq -r '.number, .result, .twin, .ledger, .registry' <<<"$output" | paste -sd' ')" = \
                "HQ-$(date -u +%Y)-000001 valid valid valid absent" ]
        [ "$(jq -r '[.rows[].name] | join(", ")' <<<"$output")" = "Olga Peña, Sara Gil, Hospital de Prueba" ]
        sed 's/"Horno H-2"/"Horno H-3"/' c.json >false.json
        expect 6 "$MPSI" --store "$PWD/none" certificate verify c.pdf --ca ca.pem --twin false.json
        head -c -1 c.pdf >short.pdf
        expect 6 "$MPSI" --store "$PWD/none" certificate verify short.pdf --ca ca.pem
        expect 2 "$MPSI" --store "$PWD/none" certificate verify c.pdf
}

@test "S9: independent tools verify it" {
        destroy
        certify
        qpdf --check c.pdf
        pdfsig -nocert c.pdf >sig
        [ "$(grep -c 'Signature is Valid' sig)" = 3 ]
        [ "$(grep -c ETSI.CAdES.detached sig)" = 3 ]
        [ "$(grep -c 'Total document signed' sig)" = 1 ]
        # The twin's proof: the event's text is what the ledger has, and its digest is printed on the paper.
        jq -r .ledger.proof.event c.json | tr -d '\n' >event
        leaf=$({ printf '\0'; cat event; } | sha256sum | cut -d' ' -f1)
        pdftotext -layout c.pdf text
        grep -q "$leaf" text
        grep -q "$(sha256sum <c.json | cut -d' ' -f1)" text
        # What the supervisor signed with their own key, by openssl alone.
        jq -r .supervision.statement c.json | tr -d '\n' >statement
        jq -r .supervision.signature c.json | base64 -d >signature
        m sara --json certificate verify c.pdf | jq -r '.rows[1].certificate' >sara.pem
        openssl x509 -in sara.pem -pubkey -noout >sara.pub
        openssl dgst -sha384 -verify sara.pub -signature signature statement
        jq -e --arg m "$tape" '.medium == $m and .complete and (.photos | length == 2)' statement
}

@test "S9: a certificate with an edited row, a revoked one, and numbers without gaps" {
        destroy
        certify
        expect 7 m olga certificate issue "$tape"
        sqlite3 "$STORE/registry.db" "UPDATE certificate SET executor = 'oto'"
        expect 6 m sara ledger verify
        [[ $output == *certificate* ]]
        sqlite3 "$STORE/registry.db" "UPDATE certificate SET executor = 'olga'"
        expect 0 m sara ledger verify
        expect 3 m olga certificate revoke "$number" --reason x
        expect 0 m sara certificate revoke "$number" --reason "Foto equivocada"
        expect 6 m sara certificate verify c.pdf
        [[ $output == *"Foto equivocada"* ]]
        expect 0 m olga certificate issue "$tape"
        [ "$(m sara --json certificate list | jq -r '[.rows[].number[-1:]] | join("")')" = 12 ]
}
