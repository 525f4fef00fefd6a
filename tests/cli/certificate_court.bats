# Certificates that hold in court (S8, S9, S10, S11): what is inside the PDF, who says what time it was, of many media,
# by a provider, in another's place. Judged with other programs.
load helper

setup_file() {
        # A time-stamping authority of our own: one that answers on its standard output, as openssl does.
        local d=$BATS_FILE_TMPDIR
        cat >"$d/tsa.cnf" <<END
[tsa]
default_tsa = it
[it]
serial = $d/serial
signer_cert = $d/tsa.pem
certs = $d/tsa.pem
signer_key = $d/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
END
        echo 01 >"$d/serial"
        for ca in tsa-ca other-ca; do
                openssl req -x509 -newkey rsa:2048 -nodes -keyout "$d/$ca.key" -out "$d/$ca.pem" -days 3650 \
                        -subj "/CN=$ca" 2>/dev/null
        done
        openssl req -newkey rsa:2048 -nodes -keyout "$d/tsa.key" -out "$d/tsa.csr" -subj "/CN=TSA de Prueba" 2>/dev/null
        openssl x509 -req -in "$d/tsa.csr" -CA "$d/tsa-ca.pem" -CAkey "$d/tsa-ca.key" -CAcreateserial -days 3650 \
                -extfile "$d/tsa.cnf" -extensions ext -out "$d/tsa.pem" 2>/dev/null
        cat >"$d/ask" <<END
#!/bin/bash
q=\$(mktemp) && cat >\$q && openssl ts -reply -config $d/tsa.cnf -queryfile \$q 2>/dev/null; r=\$?; rm -f \$q; exit \$r
END
        chmod 755 "$d/ask"
}

more_people() {
        local who
        for who in ana cus olga; do
                m sara person enrol "$who" >/dev/null
        done
}

setup() {
        make_store
        cd "$BATS_TEST_TMPDIR"
        convert -size 64x48 xc:gray20 before.png
        convert -size 64x48 plasma:red-black after.png
        echo 'Examinadas las cenizas: nada es recuperable.' >report.txt
}

teardown() {
        [ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
}

# destroyed MEDIA… -- MORE: requested, approved and executed together.
destroyed() {
        local media=() seen=() id
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
                media+=("$1")
                seen+=(--seen "$(m sara --json media show "$1" | jq -r .serial)")
                shift
        done
        shift || true
        id=$(m cus --json destroy request "${media[@]}" --reason "Fin de la retención" --method incinerate | jq -r .destruction)
        m ana destroy approve "$id" >/dev/null
        [ "${#media[@]}" -gt 1 ] || id=${media[0]}
        m olga destroy execute "$id" --supervisor sara "${seen[@]}" --before before.png --after after.png --report report.txt \
                --equipment "Horno H-2" --place Planta --complete --confirm "$id" "$@"
}

sign_all() {
        m olga certificate sign "$1" --role executor
        m sara certificate sign "$1" --role supervisor
        m sara certificate sign "$1" --role seal --out "$2"
}

certificate() {
        tape=$(register_tape LTO-1)
        destroyed "$tape" >/dev/null
        number=$(m olga --json certificate issue "$tape" "$@" | jq -r .number)
        sign_all "$number" c.pdf >said
}

verify() {
        "$MPSI" --store "$PWD/none" --json certificate verify "$1" --ca "$STORE/org/ca.crt" "${@:2}"
}

configure() {
        printf '[tsa]\n%s\n' "$1" >"$STORE/mpsi.conf"
        [ -z "${2:-}" ] || printf 'ca = %s\n' "$2" >>"$STORE/mpsi.conf"
}

# authority ADDRESS…: answers there, as socat names it; `port` is its port.
authority() {
        cat >serve <<END
#!/bin/bash
n=0
while IFS= read -r line; do
        line=\${line%\$'\\r'}
        [ -n "\$line" ] || break
        case \${line,,} in content-length:*) n=\${line##* } ;; "post /away"*) away=1 ;; esac
done
if [ -n "\${away:-}" ]; then
        printf 'HTTP/1.1 307 Elsewhere\\r\\nLocation: http://127.0.0.1:1/\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n'
        exit
fi
head -c "\$n" | $BATS_FILE_TMPDIR/ask >$PWD/reply
printf 'HTTP/1.1 200 OK\\r\\nContent-Type: application/timestamp-reply\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n' "\$(stat -c %s $PWD/reply)"
cat $PWD/reply
END
        chmod 755 serve
        port=$((20000 + RANDOM % 20000))
        socat "$1-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork${2:+,$2}" SYSTEM:./serve 2>/dev/null 3>&- &
        SERVER=$!
        for _ in {1..100}; do
                ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
                sleep 0.1
        done
        return 1
}

@test "S9, X8: a tagged PDF; twin, proof, photos and report are inside, under the signatures; a changed byte is seen" {
        certificate --exception "sin producto en el catálogo"
        qpdf --check c.pdf
        [ "$(pdfsig -nocert c.pdf | grep -c 'Signature is Valid')" = 3 ]
        # X8: tagged, with language and title.
        pdfinfo c.pdf | grep -q '^Tagged: *yes'
        pdfinfo -struct-text c.pdf 2>warnings >tree
        [ ! -s warnings ]
        grep -q 'H1 (block)' tree
        grep -q 'Table' tree
        qpdf --qdf --object-streams=disable c.pdf q.pdf
        grep -a -q '/Lang (es)' q.pdf
        grep -a -q '/DisplayDocTitle true' q.pdf
        pdftotext -layout c.pdf text
        grep -q 'excepción justificada: sin producto en el catálogo' text
        grep -q 'sin autoridad de sellado' text
        run pdfdetach -list c.pdf
        for name in "R-110-021-$number.json" "ledger-proof-$tape.json" forensic-report.txt photo-before-1.png photo-after-1.png; do
                [[ $output == *"$name"* ]]
        done
        mkdir out
        pdfdetach -saveall -o out c.pdf
        cmp out/forensic-report.txt report.txt
        cmp out/photo-after-1.png after.png
        m sara certificate export "$number" --twin c.json >/dev/null
        cmp "out/R-110-021-$number.json" c.json
        # Each digest stands in the twin and on the page.
        pdftotext -raw c.pdf - | tr -d '\n' >text
        for file in out/*; do
                grep -q "$(sha256sum <"$file" | cut -d' ' -f1)" text
        done
        [ "$(jq -r '.attachments[].sha256' c.json | sort)" = "$(sha256sum out/[flp]* | cut -d' ' -f1 | sort)" ]
        # Offline, with nothing but the file: twin and ledger are checked from inside.
        expect 0 verify c.pdf
        [ "$(jq -r '.twin, .ledger, (.attachments | length)' <<<"$output" | paste -sd' ')" = "valid valid 4" ]
        [ "$(jq -r '[.rows[].timestamp] | unique | tostring' <<<"$output")" = "[null]" ]
        for text in cenizas 'Horno H-2' '{"checkpoint"'; do
                python3 - "$text" <<'END'
import sys
data = bytearray(open('c.pdf', 'rb').read())
at = data.find(sys.argv[1].encode())
assert at > 0
data[at] ^= 1
open('bad.pdf', 'wb').write(data)
END
                expect 6 verify bad.pdf
        done
}

@test "S9, X6: time-stamps of an authority over HTTP, checked by openssl too" {
        authority TCP
        configure "url = http://127.0.0.1:$port/tsr" "$BATS_FILE_TMPDIR/tsa-ca.pem"
        certificate
        configure "url = ftp://127.0.0.1/"
        expect 2 m sara certificate timestamp "$number"
        configure "command = $BATS_FILE_TMPDIR/ask" "$BATS_FILE_TMPDIR/tsa-ca.pem"
        expect 0 verify c.pdf --tsa-ca "$BATS_FILE_TMPDIR/tsa-ca.pem"
        [ "$(jq -r '[.rows[].timestamp | "\(.authority) \(.trusted)"] | unique | join(",")' <<<"$output")" = \
                "TSA de Prueba true" ]
        expect 0 verify c.pdf
        [ "$(jq -r '[.rows[].timestamp.trusted] | unique | tostring' <<<"$output")" = "[false]" ]
        expect 6 verify c.pdf --tsa-ca "$BATS_FILE_TMPDIR/other-ca.pem"
        [[ $output == *"not by a trusted authority"* ]]
        expect 0 m sara certificate verify c.pdf
        [[ $output == *"TSA de Prueba"* ]]
        qpdf --check c.pdf
        [ "$(pdfsig -nocert c.pdf | grep -c 'Signature is Valid')" = 3 ]
        # The seal's message out of the file; its token against the value that it stamps.
        python3 - <<'END'
import re
data = open('c.pdf', 'rb').read()
der = bytes.fromhex(data[data.rindex(b'/Contents <') + 11:].split(b'>')[0].decode())
open('seal.der', 'wb').write(der[:4 + int.from_bytes(der[2:4], 'big')])
END
        openssl cms -cmsout -print -inform DER -in seal.der >print
        grep -q 'id-smime-aa-timeStampToken' print
        python3 - <<'END'
import subprocess
lines = subprocess.run(['openssl', 'asn1parse', '-inform', 'DER', '-in', 'seal.der'], capture_output=True, text=True).stdout.splitlines()
data = open('seal.der', 'rb').read()
def span(line):
    head, rest = line.split(':', 1)
    return int(head), int(rest.split('hl=')[1].split()[0]), int(rest.split('l=')[2].split()[0])
at = next(i for i, l in enumerate(lines) if 'id-smime-aa-timeStampToken' in l)
value = max(i for i in range(at) if 'OCTET STRING' in lines[i])
o, h, n = span(lines[value]); open('value', 'wb').write(data[o + h:o + h + n])
o, h, n = span(lines[at + 2]); open('token', 'wb').write(data[o:o + h + n])
END
        openssl ts -verify -token_in -in token -data value -CAfile "$BATS_FILE_TMPDIR/tsa-ca.pem"
        expect 0 m sara ledger verify
}

@test "S9, X6: over HTTPS from a server that the named authority vouches for, and never from there to plain HTTP" {
        local d=$BATS_FILE_TMPDIR tsa=$MPSI_BUILD/mpsi-tsa
        openssl req -newkey rsa:2048 -nodes -keyout web.key -out web.csr -subj "/CN=tsa" 2>/dev/null
        openssl x509 -req -in web.csr -CA "$d/other-ca.pem" -CAkey "$d/other-ca.key" -CAcreateserial -days 30 \
                -extfile <(echo 'subjectAltName = IP:127.0.0.1') -out web.pem 2>/dev/null
        authority OPENSSL cert=web.pem,key=web.key,verify=0
        openssl ts -query -data report.txt -sha384 -cert -out q.tsq 2>/dev/null
        expect 0 bash -c "'$tsa' https://127.0.0.1:$port/tsr '$d/other-ca.pem' <q.tsq >r.tsr"
        openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile "$d/tsa-ca.pem"
        # Vouched for by nobody, by another, under another name, and sent away.
        for asked in "127.0.0.1:$port/tsr" "127.0.0.1:$port/tsr $d/tsa-ca.pem" "localhost:$port/tsr $d/other-ca.pem" \
                "127.0.0.1:$port/away $d/other-ca.pem"; do
                expect 1 bash -c "'$tsa' https://$asked <q.tsq >none"
                [[ $output == *mpsi-tsa:* ]]
                [ ! -s none ]
        done
        [[ $output == *rotocol* ]] # nobody was asked there
        configure "url = https://127.0.0.1:$port/tsr" "$d/tsa-ca.pem"
        echo "tls-ca = $d/other-ca.pem" >>"$STORE/mpsi.conf"
        certificate
        expect 0 verify c.pdf --tsa-ca "$d/tsa-ca.pem"
        [ "$(jq -r '[.rows[].timestamp.trusted] | unique | tostring' <<<"$output")" = "[true]" ]
}

@test "S9: an authority that does not answer costs the stamp, not the act; it is added later, by hand too" {
        configure "command = /bin/false"
        certificate
        grep -q 'Without a time-stamp' said
        m sara --json certificate show "$number" | jq -e '.state == "valid" and (.signatures[2].unstamped | length > 0)'
        expect 1 m sara certificate timestamp "$number"
        rm "$STORE/mpsi.conf"
        expect 2 m sara certificate timestamp "$number"
        expect 0 m sara certificate timestamp "$number" --query q.tsq
        "$BATS_FILE_TMPDIR/ask" <q.tsq >r.tsr
        # An answer to another question is none.
        openssl ts -query -data report.txt -sha384 -cert -no_nonce 2>/dev/null | "$BATS_FILE_TMPDIR/ask" >other.tsr
        expect 6 m sara certificate timestamp "$number" --reply other.tsr
        expect 6 m sara certificate timestamp "$number" --reply report.txt
        expect 0 m sara certificate timestamp "$number" --reply r.tsr --out stamped.pdf
        expect 0 verify stamped.pdf --tsa-ca "$BATS_FILE_TMPDIR/tsa-ca.pem"
        [ "$(jq -r '[.rows[].timestamp != null] | tostring' <<<"$output")" = "[false,false,true]" ]
        expect 0 m sara certificate verify stamped.pdf
        expect 7 m sara certificate timestamp "$number" --reply r.tsr
        expect 0 m sara ledger verify
}

@test "S8, S9: fifty media are destroyed and certified together" {
        local n=50 i media=() id
        {
                echo serial,kind,classification,category,owner,expires,retention
                for ((i = 1; i <= n; i++)); do echo "LTO-$i,tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650"; done
        } >media.csv
        m cus media import media.csv >/dev/null
        mapfile -t media < <(m sara --json media list | jq -r '.rows | sort_by(.id)[].id')
        [ "${#media[@]}" = $n ]
        id=$(m cus --json destroy request "${media[@]}" --reason "Fin de la retención" --method incinerate | jq -r .destruction)
        expect 0 m ana destroy approve "$id"
        local seen=()
        for ((i = 1; i < n; i++)); do seen+=(--seen "LTO-$i"); done
        execute() {
                m olga destroy execute "$id" --supervisor sara "${seen[@]}" "$@" --before before.png --after after.png \
                        --report report.txt --equipment Horno --place Planta --complete --confirm "$id"
        }
        expect 5 execute
        [[ $output == *"was not read"* ]]
        expect 5 execute --seen LTO-1
        expect 5 execute --seen LTO-999
        [ "$(m sara --json media show "${media[0]}" | jq -r .state)" = in-custody ]
        expect 0 execute --seen "LTO-$n"
        [ "$(m sara --json destroy list --state executed | jq '.rows | length')" = $n ]
        number=$(m olga --json certificate issue "${media[7]}" | jq -r .number)
        expect 7 m olga certificate issue "${media[9]}"
        sign_all "$number" c.pdf >/dev/null
        expect 0 verify c.pdf
        [ "$(jq '.attachments | length' <<<"$output")" = $((n + 3)) ]
        [ "$(m sara --json certificate list --medium "${media[49]}" | jq -r '.rows[0].number')" = "$number" ]
        pdftotext -layout c.pdf text
        grep -q "Los $n soportes" text
        [ "$(grep -c 'HQ000000.*LTO-' text)" = $n ]
        [ "$(grep -c 'Nº de bien' text)" -ge 2 ] # the header again on the second page
        m sara media history "${media[49]}" | grep -q 'Covered by a certificate' 
        expect 0 m sara ledger verify
}

@test "S11: a provider destroys with valid papers only" {
        tape=$(register_tape LTO-1)
        printf '%%PDF-1.4\n' >theirs.pdf
        m sara provider add destrucsa --full-name "Destrucciones, S.L." --tax-id B12345678 >/dev/null
        paper() {
                echo "$1" >paper.txt
                m sara provider document destrucsa --kind "$1" --reference "N-$1" --issued 2020-01-01 --expires "$2" --file paper.txt >/dev/null
        }
        for kind in iso27001 en15713 insurance transport; do paper $kind 2099-01-01; done
        expect 5 destroyed "$tape" -- --provider destrucsa
        [[ $output == *S11*certificates* || $output == *certificates*S11* ]]
        paper certificates 2021-01-01
        again() {
                m olga destroy execute "$tape" --supervisor sara --seen LTO-1 --before before.png --after after.png \
                        --report report.txt --equipment H --place P --complete --confirm "$tape" --provider destrucsa \
                        --provider-certificate theirs.pdf
        }
        expect 5 again
        [[ $output == *2021-01-01* ]]
        paper certificates "$(date -u -d '+20 days' +%F)"
        expect 0 m sara provider list
        [[ $output == *soon* && $output == *"less than 60 days"* ]]
        expect 3 m olga provider withdraw destrucsa --reason x
        expect 0 again
        number=$(m olga --json certificate issue "$tape" | jq -r .number)
        sign_all "$number" c.pdf >/dev/null
        pdftotext -layout c.pdf - | grep -q 'Destrucciones, S.L. (NIF B12345678)'
        pdfdetach -save 1 -o x c.pdf
        pdfdetach -list c.pdf | grep -q provider-certificate.pdf
        jq -e '.provider.papers | length == 5 and all(.sha256 | length == 64)' "$(grep -l '"format"' x)"
        expect 0 m sara provider withdraw destrucsa --reason "Fin del contrato"
        expect 7 m sara provider withdraw destrucsa --reason x
        expect 0 m sara ledger verify
}

@test "S9: one certificate takes another's place, and both say so" {
        certificate
        expect 3 m olga certificate supersede "$number" --reason x
        second=$(m sara --json certificate supersede "$number" --reason "Destino equivocado" --destination "Planta B" | jq -r .number)
        [ "$second" = "${number%1}2" ]
        # Until the new one has its three signatures the old one stands, and says what is coming.
        expect 0 m sara --lang en certificate verify c.pdf
        [[ $output == *"superseded by $second, which is not signed yet: until then this one is good"* ]]
        [ "$(m sara --json certificate show "$number" | jq -r '.state, .replacement' | paste -sd' ')" = "valid $second" ]
        expect 7 m sara certificate supersede "$number" --reason x # one at a time
        [[ $output == *"[S9 · "* ]]
        expect 7 m sara certificate supersede "$second" --reason x
        expect 7 m olga certificate issue "$tape"
        # One that is given up leaves the old one as it was.
        m sara certificate revoke "$second" --reason "Otra errata" >/dev/null
        [ "$(m sara --json certificate show "$number" | jq -r '.state, .replacement' | paste -sd' ')" = "valid null" ]
        second=$(m sara --json certificate supersede "$number" --reason "Destino equivocado" --destination "Planta B" | jq -r .number)
        [ "$second" = "${number%1}3" ]
        sign_all "$second" d.pdf >/dev/null
        [ "$(m sara --json certificate show "$number" | jq -r '.state, .superseded_by, .revocation' | paste -sd'|')" = \
                "superseded|$second|Destino equivocado" ]
        expect 6 m sara certificate verify c.pdf
        [[ $output == *"superseded by $second"* ]]
        expect 7 m sara certificate revoke "$number" --reason x
        expect 7 m sara certificate supersede "$number" --reason x
        expect 7 m olga certificate issue "$tape"
        expect 0 m sara certificate verify d.pdf
        pdftotext -layout d.pdf - | grep -q "Sustituye al certificado $number"
        m sara certificate show "$second" | grep -q "$number"
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}
